"""A patient answers C to a reminder: the next visit is confirmed, and it is on record."""

import uuid
from datetime import timedelta

from intake.models import Patient
from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from pacificmind.clock import now
from pacificmind.messaging import registry
from pacificmind.ui.dates import when_words
from scheduling.models import Appointment, Status
from scheduling.models.appointment import Confirmed

NEAR = timedelta(days=7)  # a reminder leaves in the last days before a visit: C cannot mean one further ahead


def confirm(patient_id: uuid.UUID) -> str:
    """Confirm the patient's next booked visit of the coming days; which, in words for the front desk, or ""."""
    present = now()
    coming = Appointment.objects.filter(
        patient_id=patient_id, status=Status.BOOKED, starts_at__gt=present, starts_at__lt=present + NEAR
    )
    visit = coming.select_related("site").order_by("starts_at").first()
    if visit is None or not Patient.objects.filter(pk=patient_id, status=Patient.Status.ACTIVE).exists():
        return ""
    Appointment.objects.filter(pk=visit.pk).update(
        confirmed_at=present, confirmed_for=visit.starts_at, confirmed_how=Confirmed.TEXT
    )
    record(Action.CHANGE, "confirm a visit by text", by=None, subject=visit, patient_id=patient_id)
    return f"They confirmed their visit on {when_words(visit.starts_at, visit.site.tz, present)}."


def register() -> None:
    """Tell messaging; called once, when the app is ready."""
    registry.register_confirm(confirm)
