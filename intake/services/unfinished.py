"""Patients who began their questions and did not go on are asked, after some days, twice at most for a version."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max, Q
from django.db.models.functions import Coalesce

from intake.models import Answer, Intake, Patient
from pacificmind.clinic.models import ClinicSettings
from pacificmind.clock import now
from pacificmind.messaging.models import Message, Recipient
from pacificmind.messaging.services import Owed, owe_many

UNFINISHED = "unfinished-answers"  # its subject_version says which of the two it is
MOST, APART = 2, timedelta(days=7)
HOUR = 10  # local wall clock: a decent hour


def owe_unfinished() -> int:
    """Owe what is due; how many messages are new. Safe to run at any time and any number of times."""
    since = now() - timedelta(days=ClinicSettings.current().unfinished_after_days)
    last = Coalesce(Max("answers__answered_at", filter=Q(answers__status=Answer.Status.ANSWERED)), "started_at")
    waiting = (
        Intake.objects.filter(submitted_at__isnull=True, patient__status=Patient.Status.ACTIVE)
        .annotate(last=last)
        .filter(last__lt=since)
        .select_related("patient__site")
    )
    rows = list(waiting)
    told = _told(rows)
    wanted = [owed for row in rows if (owed := _owed(row, told.get(row.pk, []))) is not None]
    with transaction.atomic():
        return owe_many(wanted)


def _told(rows: list[Any]) -> dict[Any, list[datetime]]:
    found: dict[Any, list[datetime]] = {}
    known = Message.objects.filter(purpose=UNFINISHED, subject_id__in=[row.pk for row in rows]).order_by("due_at")
    for subject, due_at in known.values_list("subject_id", "due_at"):
        found.setdefault(subject, []).append(due_at)
    return found


def _owed(row: Intake, told: list[datetime]) -> Owed | None:
    if len(told) >= MOST or (told and told[-1] > now() - APART):
        return None
    patient = row.patient
    wall = now().astimezone(patient.site.tz)
    day = wall.date() if wall.hour < HOUR else wall.date() + timedelta(days=1)
    due = datetime.combine(day, time(HOUR), tzinfo=patient.site.tz).astimezone(UTC)
    return Owed(UNFINISHED, row, len(told) + 1, Recipient.PATIENT, patient.pk, due, site_id=patient.site_id)
