"""How many texts a person may get: one a day and three a week (47 CFR 64.1200(a)(9)(iv)); answers to theirs apart."""

import uuid
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Q

from pacificmind.messaging.models import Channel, Message, Status
from pacificmind.messaging.outcome import NOT_KNOWN
from pacificmind.messaging.registry import unlimited

A_DAY, A_WEEK = 1, 3
_WEEK = timedelta(days=7)
_KEY = 7  # of the advisory lock: texts of one person


def one_at_a_time(recipient_id: uuid.UUID) -> None:
    """Until the end of the transaction, nobody else counts or sends texts of this person."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, %s))", [str(recipient_id), _KEY])


def too_many(row: Message, zone: ZoneInfo, present: datetime) -> str:
    """Why this text would be one too many, in words for the front desk; empty when it is not."""
    went = Q(status__in=(Status.SENDING, Status.SENT)) | Q(status=Status.FAILED, why=NOT_KNOWN)
    rows = Message.objects.filter(went, recipient_id=row.recipient_id, channel=Channel.SMS)
    rows = rows.filter(claimed_at__gt=present - _WEEK).exclude(pk=row.pk).exclude(purpose__in=unlimited())
    times = list(rows.values_list("claimed_at", flat=True))
    today = present.astimezone(zone).date()
    if sum(at is not None and at.astimezone(zone).date() == today for at in times) >= A_DAY:
        return "They had a text today already: no more than one a day."
    if len(times) >= A_WEEK:
        return "They had three texts in seven days: no more than three a week."
    return ""
