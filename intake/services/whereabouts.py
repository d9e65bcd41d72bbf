"""Where a patient is now and whom to call, told outside of the intake's first part."""

from django.db import transaction

from intake.models import Patient, Whereabouts
from intake.services.guards import clinician_at
from intake.services.safety import read_words
from pacificmind.accounts.models import User
from pacificmind.audit import services as audit
from pacificmind.audit.models import Action

WHERE = "whereabouts"


def tell_whereabouts(
    *,
    by: User | None,
    patient: Patient,
    place: str,
    phone: str,
    emergency_name: str = "",
    emergency_phone: str = "",
) -> Whereabouts:
    """Store where the patient is and the number to call back. `by` is the patient, a clinician of the site, or None.

    Words of crisis in it are evaluated as in any free text.
    """
    with transaction.atomic(durable=True):
        if by is None or patient.user_id == by.pk:
            read_words(by=by, patient=patient, texts=[place, emergency_name], source=WHERE)
        return keep_whereabouts(
            by=by,
            patient=patient,
            place=place,
            phone=phone,
            emergency_name=emergency_name,
            emergency_phone=emergency_phone,
        )


def keep_whereabouts(
    *,
    by: User | None,
    patient: Patient,
    place: str,
    phone: str,
    emergency_name: str = "",
    emergency_phone: str = "",
) -> Whereabouts:
    """The same in the caller's transaction."""
    if by is not None and patient.user_id != by.pk:
        clinician_at(by, patient.site_id)
    row = Whereabouts.objects.create(
        patient=patient,
        place=place,
        phone=phone,
        emergency_name=emergency_name,
        emergency_phone=emergency_phone,
        told_by=by,
    )
    audit.record(Action.CREATE, "tell-whereabouts", by=by, subject=row, patient_id=patient.pk)
    return row
