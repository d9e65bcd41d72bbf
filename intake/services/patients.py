"""Patients as the front desk enters and corrects them: who they are and how to reach them, nothing clinical."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date

from django.core.exceptions import PermissionDenied
from django.db import connection

from intake.domain.people import RecordChanged, RecordRefused
from intake.models import ConsultationRequest, Patient
from intake.queries.duplicates import Likeness, likely_the_same
from intake.services.records import changing_records
from pacificmind.accounts.models import Role, User
from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from pacificmind.idempotency.services import once

_ENTERING = 7240  # advisory lock: people are entered one after the other, so that two desks do not enter one person


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What the desk writes down. `phone`, `emergency_phone`, `escort_phone`: E.164 or empty."""

    given_name: str
    family_name: str
    site_id: str
    preferred_name: str = ""
    birth_on: date | None = None
    email: str = ""
    phone: str = ""
    language: str = "en"
    emergency_name: str = ""
    emergency_phone: str = ""
    escort_name: str = ""
    escort_phone: str = ""

    def columns(self) -> dict[str, object]:
        """Columns of the patient."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


class PossiblyKnown(RecordRefused):
    """Somebody like this may be known already: look at `like`, then say that it is somebody else."""

    def __init__(self, like: Sequence[Likeness]) -> None:
        self.like = tuple(like)
        super().__init__("This person may be known already. Look at the list, then choose.")


def enter_patient(
    *, by: User, details: Details, somebody_else: bool = False, request_id: uuid.UUID | None = None
) -> Patient:
    """Enter a patient at the desk, without an account. Raises PossiblyKnown unless `somebody_else` was said."""
    asked = {**details.columns(), "somebody_else": somebody_else}
    with changing_records(), once(request_id, user_id=by.pk, intent="enter-patient", asked=asked) as state:
        if state.repeated:
            return Patient.objects.get(pk=state.result["patient"])
        patient = _enter(by, details, somebody_else)
        state.result = {"patient": str(patient.pk)}
    return patient


def patient_from_request(
    *,
    by: User,
    consultation_request_id: uuid.UUID,
    version: int,
    somebody_else: bool = False,
    request_id: uuid.UUID | None = None,
) -> Patient:
    """Make a patient of what a consultation request says, and link the two. Raises PossiblyKnown, RecordChanged."""
    asked = {"request": consultation_request_id, "version": version, "somebody_else": somebody_else}
    with changing_records(), once(request_id, user_id=by.pk, intent="patient-of-request", asked=asked) as state:
        if state.repeated:
            return Patient.objects.get(pk=state.result["patient"])
        wish = ConsultationRequest.objects.select_for_update(of=("self",)).get(pk=consultation_request_id)
        desk_at(by, wish.site_id)
        if wish.version != version or wish.patient_id is not None:
            raise RecordChanged
        details = Details(
            given_name=wish.given_name,
            family_name=wish.family_name,
            birth_on=wish.birth_on,
            email=wish.email,
            phone=str(wish.phone or ""),
            site_id=wish.site_id,
            language=wish.language,
        )
        patient = _enter(by, details, somebody_else)
        link(wish, patient, by=by)
        state.result = {"patient": str(patient.pk)}
    return patient


def link(wish: ConsultationRequest, patient: Patient, *, by: User) -> None:
    """Say whose request it is, inside the caller's transaction and under its lock on the request."""
    wish.patient = patient
    wish.version += 1
    wish.save(update_fields=["patient", "version"])
    record(Action.CHANGE, "link request", by=by, subject=wish, patient_id=patient.pk, changes={"fields": ["patient"]})


def edit_contact(
    *, by: User, patient_id: uuid.UUID, version: int, details: Details, request_id: uuid.UUID | None = None
) -> Patient:
    """Correct what the desk knows of a patient. Raises RecordChanged unless the record still has this `version`."""
    asked = {"patient": patient_id, "version": version, **details.columns()}
    with changing_records(), once(request_id, user_id=by.pk, intent="edit-contact", asked=asked) as state:
        if state.repeated:
            return Patient.objects.get(pk=patient_id)
        patient = Patient.objects.select_for_update(no_key=True, of=("self",)).get(pk=patient_id)
        desk_at(by, patient.site_id)
        if details.site_id != patient.site_id:
            desk_at(by, details.site_id)
        if patient.version != version:
            raise RecordChanged
        changed = [name for name, value in details.columns().items() if _differs(getattr(patient, name), value)]
        if not changed:
            return patient
        for name in changed:
            setattr(patient, name, details.columns()[name])
        patient.version += 1
        patient.save(update_fields=[*changed, "version"])
        record(
            Action.CHANGE,
            "edit contact",
            by=by,
            subject=patient,
            patient_id=patient.pk,
            changes={"fields": sorted(changed)},
        )
    return patient


def desk_at(by: User, site_id: str) -> None:
    """Raise PermissionDenied unless `by` is front desk of this site."""
    if not by.is_active or site_id not in by.sites(Role.FRONT_DESK):
        raise PermissionDenied


def _enter(by: User, details: Details, somebody_else: bool) -> Patient:
    desk_at(by, details.site_id)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ENTERING])
    like = likely_the_same(
        given_name=details.given_name,
        family_name=details.family_name,
        birth_on=details.birth_on,
        email=details.email,
        phone=details.phone,
        sites=by.sites(),
    )
    if like and not somebody_else:
        raise PossiblyKnown(like)
    patient = Patient.objects.create(**details.columns())
    changes = {"somebody_else": somebody_else} if like else {}
    record(Action.CREATE, "enter patient", by=by, subject=patient, patient_id=patient.pk, changes=changes)
    return patient


def _differs(stored: object, given: object) -> bool:
    return (str(stored) if stored else "") != (str(given) if given else "")
