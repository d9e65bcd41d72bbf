"""When a patient can come, said by themselves or to the desk: kept once, heeded by every plan, repair and offer."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, time

from django.core.exceptions import PermissionDenied

from intake.models import Patient
from pacificmind.accounts.models import User
from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from pacificmind.clock import now
from pacificmind.idempotency.services import once
from scheduling.domain import errors
from scheduling.models import Kind, PossibleTimes
from scheduling.queries import calendar
from scheduling.queries.visits import patients_seen_by
from scheduling.services.authority import is_own
from scheduling.services.locks import booking, lock
from scheduling.services.settings import seen_of

FIELDS = ("weekdays", "from_time", "until_time", "not_on", "clinician_id")


@dataclass(frozen=True, kw_only=True)
class Times:
    """Weekdays (Monday 0; none named means any), visits that begin in [from, until), whole days off, and with whom."""

    weekdays: Collection[int] = ()
    from_time: time | None = None
    until_time: time | None = None
    not_on: Collection[date] = ()
    clinician_id: uuid.UUID | None = None


def times_of(patient: Patient) -> PossibleTimes:
    """What is kept, or an unsaved row that says any time."""
    return PossibleTimes.objects.filter(patient=patient).first() or PossibleTimes(patient=patient)


def seen(known: PossibleTimes) -> str:
    """What a form carries, to tell later whether the times are still as they were shown."""
    return seen_of(known, FIELDS)


def keep_times(
    *, by: User, patient_id: uuid.UUID, shown: str, times: Times, request_id: uuid.UUID | None = None
) -> PossibleTimes:
    """Keep when the patient can come. Visits that are booked stay: those that no longer fit are shown for repair.

    Stale unless the times are still as `shown`; BookingRefused for a clinician who holds no treatments at the patient's
    site and for hours that end before they begin. PermissionDenied for somebody else's patient.
    """
    asked = {name: getattr(times, name) for name in ("from_time", "until_time", "clinician_id")}
    asked |= {"weekdays": sorted(times.weekdays), "not_on": sorted(times.not_on), "shown": shown, "patient": patient_id}
    with booking(), once(request_id, user_id=by.pk, intent="possible times", asked=asked) as request:
        if not (is_own(by, patient_id) or patients_seen_by(by).filter(pk=patient_id).exists()):
            raise PermissionDenied
        patient = Patient.objects.select_related("site").get(pk=patient_id)
        lock(patients=[patient.pk])
        known = times_of(patient)
        if request.repeated:
            return known
        if seen(known) != shown:
            raise errors.Stale(
                "These times were changed in another window. Save once more to replace them with what you wrote.",
                say_patient="Your times were changed in another window. Save once more to replace them with these.",
            )
        if times.from_time and times.until_time and times.until_time <= times.from_time:
            raise errors.BookingRefused("The time until which the patient can come must lie after the time from.")
        if times.clinician_id is not None and times.clinician_id != known.clinician_id:
            _treats_here(patient, times.clinician_id)
        values = {**vars(times), "weekdays": sorted(set(times.weekdays)), "not_on": sorted(set(times.not_on))}
        known, _ = PossibleTimes.objects.update_or_create(
            patient=patient, defaults={**values, "changed_at": now(), "changed_by": by}
        )
        changes = {"fields": list(FIELDS)}
        record(Action.CHANGE, "say which times suit", by=by, subject=known, patient_id=patient.pk, changes=changes)
    return known


def _treats_here(patient: Patient, clinician_id: uuid.UUID) -> None:
    if not calendar.clinicians_for(patient.site, Kind.INFUSION).filter(pk=clinician_id).exists():
        raise errors.BookingRefused(
            "This clinician holds no treatments at the patient's site.",
            say_patient="This clinician does not work at your clinic now. Please choose another one.",
        )
