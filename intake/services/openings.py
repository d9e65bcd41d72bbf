"""Open the record of a patient of another site: for a reason, for a while, told to the manager and to the patient."""

import uuid
from datetime import date, timedelta

from django.core.exceptions import PermissionDenied
from django.db import transaction

from intake.domain.decisions import DecisionRefused, Problem, Stale
from intake.models import Patient, RecordOpening
from intake.queries.openings import elsewhere
from intake.services.guards import deciding
from pacificmind.accounts.models import Role, User
from pacificmind.audit.models import Action, Entry
from pacificmind.audit.services import record
from pacificmind.clinic.models import ClinicSettings
from pacificmind.clock import now
from pacificmind.idempotency.services import once
from pacificmind.tasks.models import Kind, Queue
from pacificmind.tasks.services import close_tasks, open_task

LOOK_WITHIN = timedelta(days=2)
SHORTEST_REASON = 10  # letters: "needed it" is none
MOST_TRIES, WITHIN = 10, timedelta(hours=1)  # numbers and dates are not guessed
TRIED = "open-record-tried"
NOBODY = "Nobody at another site has this telephone and date of birth. Ask the patient for both as the clinic has them."
TOO_OFTEN = "You have looked too often within the hour. Call the other site."


def open_record(
    *, by: User, phone: str, birth_on: date, why: str, reason: str, request_id: uuid.UUID | None = None
) -> RecordOpening:
    """Open the one record of another site with exactly this telephone and date of birth, to read it for a while.

    A try that finds nobody is recorded, and after ten within an hour the look rests. Raises DecisionRefused, Stale,
    PermissionDenied.
    """
    sites = by.sites(Role.CLINICIAN)
    if not by.is_active or not sites:
        raise PermissionDenied
    words = reason.strip()
    if len(words) < SHORTEST_REASON:
        raise DecisionRefused(Problem("reason", "Say in a few words why you need this record now."))
    _not_too_often(by)
    asked = {"phone": phone, "born": birth_on, "why": why, "reason": words}
    with deciding(), once(request_id, user_id=by.pk, intent="open-record", asked=asked) as state:
        if not state.repeated:
            made = _open(by, elsewhere(sites, phone=phone, birth_on=birth_on), why, words)
            state.result = {"opening": str(made.pk)} if made else {}
        key = state.result.get("opening")
        row = RecordOpening.objects.get(pk=key) if key else None
    if row is None:  # after the commit: the try is on record
        raise DecisionRefused(Problem("", NOBODY))
    return row


def _open(by: User, found: list[Patient], why: str, reason: str) -> RecordOpening | None:
    if len(found) != 1:
        record(Action.REFUSED, TRIED, by=by)
        return None
    patient, moment = found[0], now()
    lasts = timedelta(minutes=ClinicSettings.current().opening_minutes)
    row = RecordOpening.objects.create(
        user=by, patient=patient, why=why, reason=reason[:300], at=moment, until=moment + lasts
    )
    told = f"{row.get_why_display()}: {reason}"
    record(Action.CREATE, "open-record-of-another-site", by=by, subject=row, patient_id=patient.pk, reason=told)
    open_task(
        Kind.RECORD_OPENED,
        subject_type="intake.recordopening",
        subject_id=row.pk,
        queue=Queue.MANAGERS,
        due_at=moment + LOOK_WITHIN,
        patient_id=patient.pk,
    )
    return row


def _not_too_often(by: User) -> None:
    tried = Entry.objects.filter(actor_id=by.pk, what=TRIED, at__gt=now() - WITHIN).count()
    if tried >= MOST_TRIES:
        raise Stale(TOO_OFTEN)


def looked_at(*, by: User, opening: RecordOpening) -> None:
    """A manager has looked at an opening. Twice is once: the first name stays."""
    if Role.MANAGER not in by.roles:
        raise PermissionDenied
    with transaction.atomic(durable=True):
        if RecordOpening.objects.filter(pk=opening.pk, looked_at__isnull=True).update(looked_at=now(), looked_by=by):
            record(Action.CHANGE, "look-at-opening", by=by, subject=opening, patient_id=opening.patient_id,
                   changes={"fields": ["looked_at", "looked_by"]})  # fmt: skip
            close_tasks(opening.pk, Kind.RECORD_OPENED, by=by, outcome="looked at")
