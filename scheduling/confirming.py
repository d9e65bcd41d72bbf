"""A patient answers C to a reminder: the next visit is confirmed, and it is on record."""

import uuid
from datetime import datetime, timedelta

from intake.models import Patient
from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from pacificmind.clinic.models import MOST_REMINDER_DAYS
from pacificmind.clock import now
from pacificmind.messaging import registry
from pacificmind.messaging.models import Channel, Message
from pacificmind.messaging.models import Status as MessageStatus
from pacificmind.ui.dates import when_words
from scheduling.models import Appointment, Status
from scheduling.models.appointment import Confirmed
from scheduling.services.notify import REMINDERS

NEAR = timedelta(days=7)  # where no text reminded of one: C cannot mean a visit further ahead


def confirm(patient_id: uuid.UUID) -> str:
    """Confirm the visit that C means; which, in words for the front desk, or ""."""
    present = now()
    visit = _meant(patient_id, present)
    if visit is None or not Patient.objects.filter(pk=patient_id, status=Patient.Status.ACTIVE).exists():
        return ""
    Appointment.objects.filter(pk=visit.pk).update(
        confirmed_at=present, confirmed_for=visit.starts_at, confirmed_how=Confirmed.TEXT
    )
    record(Action.CHANGE, "confirm a visit by text", by=None, subject=visit, patient_id=patient_id)
    return f"They confirmed their visit on {when_words(visit.starts_at, visit.site.tz, present)}."


def _meant(patient_id: uuid.UUID, present: datetime) -> Appointment | None:
    """The visit that the latest text reminded of, however far ahead it is; else the next one of the coming days."""
    coming = Appointment.objects.filter(patient_id=patient_id, status=Status.BOOKED, starts_at__gt=present)
    coming = coming.select_related("site").order_by("starts_at")
    reminded = Message.objects.filter(
        recipient_id=patient_id, channel=Channel.SMS, purpose__in=REMINDERS,
        status__in=(MessageStatus.SENDING, MessageStatus.SENT),
        claimed_at__gt=present - timedelta(days=MOST_REMINDER_DAYS),
    )  # fmt: skip
    for subject_id, version in reminded.order_by("-claimed_at").values_list("subject_id", "subject_version"):
        if (visit := coming.filter(pk=subject_id, version=version).first()) is not None:
            return visit
    return coming.filter(starts_at__lt=present + NEAR).first()


def register() -> None:
    """Tell messaging; called once, when the app is ready."""
    registry.register_confirm(confirm)
