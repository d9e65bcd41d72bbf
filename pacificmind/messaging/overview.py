"""The state of messages for managers: counts by purpose and channel, and whether anybody works on them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Min, Q, Sum

from pacificmind.clock import now
from pacificmind.messaging import registry
from pacificmind.messaging.models import Channel, Delivery, Message, Pulse, Status
from pacificmind.messaging.upkeep import CLOCK, DELIVERY, WORKER

DAYS = 30
LATE = timedelta(minutes=10)  # RELIABILITY I3
_DOUBT = timedelta(minutes=2)
_SIGNS = (
    (CLOCK, "The clock that starts all work", timedelta(minutes=1)),
    (WORKER, "Workers take up work", timedelta(minutes=2)),
    (DELIVERY, "Messages are worked off", timedelta(minutes=2)),
)


@dataclass(frozen=True, slots=True)
class Row:
    """Messages of one purpose on one channel. `sent`, `void`, `undelivered` and `parts` are of the last 30 days."""

    label: str
    channel: str
    planned: int
    due: int
    oldest: datetime | None
    late: bool
    doubt: int
    failed: int
    sent: int
    undelivered: int
    void: int
    parts: int


@dataclass(frozen=True, slots=True)
class Sign:
    """A sign of life: when it was last seen (None: never), and whether that is too long ago."""

    label: str
    at: datetime | None
    silent: bool


def rows() -> list[Row]:
    """Every purpose and channel that has messages, by label; one query."""
    present = now()
    recent = Q(done_at__gt=present - timedelta(days=DAYS))
    due = Q(status=Status.OWED, due_at__lte=present)
    found = (
        Message.objects.filter(recent | Q(status__in=(Status.OWED, Status.SENDING, Status.FAILED)))
        .values("purpose", "channel")
        .annotate(
            planned=Count("pk", filter=Q(status=Status.OWED, due_at__gt=present)),
            due=Count("pk", filter=due),
            oldest=Min("due_at", filter=due),
            doubt=Count("pk", filter=Q(status=Status.SENDING, claimed_at__lt=present - _DOUBT)),
            failed=Count("pk", filter=Q(status=Status.FAILED)),
            sent=Count("pk", filter=recent & Q(status=Status.SENT)),
            undelivered=Count("pk", filter=recent & Q(delivery=Delivery.UNDELIVERED)),
            void=Count("pk", filter=recent & Q(status=Status.VOID)),
            parts=Sum("segments", filter=recent, default=0),
        )
        .order_by()
    )
    made = [_row(dict(one), present - LATE) for one in found]
    return sorted(made, key=lambda row: (row.label, row.channel))


def _row(one: dict[str, Any], late: datetime) -> Row:
    label, channel = registry.label_of(one.pop("purpose")), Channel(one.pop("channel")).label
    return Row(label=label, channel=channel, late=one["oldest"] is not None and one["oldest"] < late, **one)


def total(shown: list[Row]) -> Row:
    """All of them together."""
    oldest = min((row.oldest for row in shown if row.oldest), default=None)
    numbers = ("planned", "due", "doubt", "failed", "sent", "undelivered", "void", "parts")
    sums = {name: sum(getattr(row, name) for row in shown) for name in numbers}
    return Row("All messages", "", oldest=oldest, late=any(row.late for row in shown), **sums)


def signs() -> list[Sign]:
    """Who was seen alive, and when."""
    seen = dict(Pulse.objects.values_list("name", "at"))
    present = now()
    found = ((label, seen.get(name), longest) for name, label, longest in _SIGNS)
    return [Sign(label, at, at is None or at < present - longest) for label, at, longest in found]
