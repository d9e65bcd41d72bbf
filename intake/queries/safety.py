"""What is known about a patient who may need help now."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from intake.models import Answer, SafetyAlert
from intake.queries.intake import latest_intake
from pacificmind.clock import now
from pacificmind.messaging.models import Message, Status
from pacificmind.messaging.registry import SAFETY_PAGE

SHOWN_FOR = timedelta(hours=12)  # how long the crisis page speaks of an alert as of something just done


@dataclass(frozen=True, slots=True)
class Told:
    """What has truly been done about an answer, for the crisis page: stored, being paged, paged."""

    stored: bool = False
    paging: bool = False
    paged: bool = False


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where the patient said they were, and whom to call; empty where they did not say."""

    place: str = ""
    phone: str = ""
    emergency_name: str = ""
    emergency_phone: str = ""
    told_at: datetime | None = None


def told(patient_id: uuid.UUID) -> Told:
    """What was done about the patient's newest open alert; nothing is claimed that no row says."""
    since = now() - SHOWN_FOR
    newest = SafetyAlert.objects.filter(patient_id=patient_id, closed_at__isnull=True, raised_at__gte=since)
    alert = newest.order_by("-raised_at").first()
    if alert is None:
        return Told()
    pages = Message.objects.filter(purpose=SAFETY_PAGE, subject_id=alert.pk).values_list("status", flat=True)
    states = set(pages)
    return Told(
        stored=True,
        paging=bool(states & {Status.OWED, Status.SENDING}),
        paged=Status.SENT in states or alert.acknowledged_at is not None,
    )


def whereabouts(patient_id: uuid.UUID) -> Whereabouts:
    """What the patient told last in the intake's first part, for whoever holds an alert."""
    intake = latest_intake(patient_id)
    if intake is None:
        return Whereabouts()
    rows = {
        row.item: row for row in Answer.objects.filter(intake=intake, section="contact", status=Answer.Status.ANSWERED)
    }
    words = {item: str(row.value) for item, row in rows.items()}
    return Whereabouts(
        place=words.get("contact.place", ""),
        phone=words.get("contact.phone", ""),
        emergency_name=words.get("contact.emergency_name", ""),
        emergency_phone=words.get("contact.emergency_phone", ""),
        told_at=max((row.answered_at for row in rows.values()), default=None),
    )
