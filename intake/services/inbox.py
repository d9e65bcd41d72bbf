"""What the front desk does about a consultation request: calls, notes what came of it, links, closes.

Words of crisis are a clinician's to read: nothing the front desk does ends that task. Each change compares the version
that was seen, so that two receptionists do not overwrite each other.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from django.db.models import Exists, OuterRef

from intake.domain.people import RecordChanged, RecordRefused
from intake.models import CallAttempt, ConsultationRequest, Patient
from intake.services.guards import clinician_at
from intake.services.patients import desk_at, link
from intake.services.records import changing_records
from pacificmind.accounts.models import User
from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from pacificmind.idempotency.services import once
from pacificmind.prepared import Prepared, Told
from pacificmind.tasks.models import Kind
from pacificmind.tasks.services import close_tasks

Status = ConsultationRequest.Status
OPEN = (Status.NEW, Status.TRYING)
OUTCOMES = {
    "no-longer": "No longer wishes to come",
    "not-reached": "Could not be reached",
    "elsewhere": "Found care elsewhere",
    "not-for-us": "Asked for something we do not offer",
    "twice": "Asked twice: another request stays",
    "not-real": "Not a real request",
    "other": "Something else, see the notes",
}


@contextmanager
def _current(
    by: User, pk: uuid.UUID, version: int, intent: str, request_id: uuid.UUID | None, **asked: object
) -> Iterator[ConsultationRequest | None]:
    """The request under its lock, at the version that was seen; None where this was done already."""
    content = {"request": pk, "version": version, **asked}
    with changing_records(), once(request_id, user_id=by.pk, intent=intent, asked=content) as state:
        if state.repeated:
            yield None
            return
        wish = ConsultationRequest.objects.select_for_update(of=("self",)).get(pk=pk)
        desk_at(by, wish.site_id)
        if wish.version != version:
            raise RecordChanged
        yield wish


def log_attempt(
    *,
    by: User,
    consultation_request_id: uuid.UUID,
    version: int,
    outcome: str,
    note: str = "",
    request_id: uuid.UUID | None = None,
) -> None:
    """Note a try to reach somebody. Having spoken with them ends the wait for a call; anything else does not."""
    asked = {"outcome": outcome, "note": note}
    with _current(by, consultation_request_id, version, "log-attempt", request_id, **asked) as wish:
        if wish is None:
            return
        CallAttempt.objects.create(request=wish, by=by, outcome=outcome, note=note)
        _save(wish, by, "log call attempt", status=Status.TRYING if wish.status == Status.NEW else wish.status)
        if outcome == CallAttempt.Outcome.SPOKE:
            close_tasks(wish.pk, Kind.REQUEST_CALL_BACK, by=by, outcome="spoke")


def close_request(
    *, by: User, consultation_request_id: uuid.UUID, version: int, outcome: str, request_id: uuid.UUID | None = None
) -> None:
    """Close a request with one of OUTCOMES."""
    with _current(by, consultation_request_id, version, "close-request", request_id, outcome=outcome) as wish:
        if wish is None:
            return
        if wish.status == Status.CLOSED:
            raise RecordChanged
        if outcome not in OUTCOMES:
            raise RecordRefused("Say what came of it.")
        _save(wish, by, "close request", status=Status.CLOSED, outcome=outcome)
        close_tasks(wish.pk, Kind.REQUEST_CALL_BACK, by=by, outcome="closed")


def reopen_request(
    *, by: User, consultation_request_id: uuid.UUID, version: int, request_id: uuid.UUID | None = None
) -> None:
    """Take a closed request up again."""
    with _current(by, consultation_request_id, version, "reopen-request", request_id) as wish:
        if wish is not None and wish.status == Status.CLOSED:
            _save(wish, by, "reopen request", status=Status.TRYING, outcome="")


def choose_patient(
    *,
    by: User,
    consultation_request_id: uuid.UUID,
    version: int,
    patient_id: uuid.UUID,
    request_id: uuid.UUID | None = None,
) -> None:
    """Say that a request is from a patient who is known already, at a site of this front desk."""
    with _current(by, consultation_request_id, version, "choose-patient", request_id, patient=patient_id) as wish:
        if wish is None:
            return
        patient = Patient.objects.get(pk=patient_id)
        if patient.site_id not in by.sites() or wish.patient_id is not None:
            raise RecordChanged
        link(wish, patient, by=by)


def read_in_crisis(*, by: User, consultation_request_id: uuid.UUID, request_id: uuid.UUID | None = None) -> None:
    """A clinician of the site read words of crisis and saw to it: the task about them is done."""
    asked = {"request": consultation_request_id}
    with changing_records(), once(request_id, user_id=by.pk, intent="read-in-crisis", asked=asked) as state:
        wish = ConsultationRequest.objects.select_for_update(of=("self",)).get(pk=consultation_request_id)
        clinician_at(by, wish.site_id)
        if not state.repeated and close_tasks(wish.pk, Kind.REQUEST_IN_CRISIS, by=by, outcome="read by a clinician"):
            record(Action.CHANGE, "read words of crisis", by=by, subject=wish, patient_id=wish.patient_id)


_OPEN_OF = Prepared(
    lambda: ConsultationRequest.objects.select_for_update(of=("self",)).filter(patient=Told("patient"), status__in=OPEN)
)


def open_request() -> Exists:
    """Whether a patient, the outer row, waits for an answer to a request: read with them, since it is seldom so."""
    return Exists(ConsultationRequest.objects.filter(patient=OuterRef("pk"), status__in=OPEN))


def mark_booked(*, patient_id: uuid.UUID, by: User | None) -> int:
    """A consultation of this patient was booked: what they asked for is done. Within the booking's transaction.

    How many open requests there were.
    """
    wishes = _OPEN_OF(patient=patient_id)
    for wish in wishes:
        _save(wish, by, "request booked", status=Status.BOOKED)
        close_tasks(wish.pk, Kind.REQUEST_CALL_BACK, by=by, outcome="booked")
    return len(wishes)


def _save(wish: ConsultationRequest, by: User | None, what: str, **values: str) -> None:
    for name, value in values.items():
        setattr(wish, name, value)
    wish.version += 1
    wish.save(update_fields=[*values, "version"])
    changes = {"fields": sorted(values)}
    record(Action.CHANGE, what, by=by, subject=wish, patient_id=wish.patient_id, changes=changes)
