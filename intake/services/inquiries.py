"""Ask on one occasion: make the link, know the patient by their date of birth, store each part as it is answered.

PHQ-9 item 9 is evaluated in the transaction that stores it, whether or not the rest is ever answered.
"""

import hashlib
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.crypto import constant_time_compare, salted_hmac

from intake.domain import inquiry as domain
from intake.domain.decisions import Stale
from intake.models import Inquiry, SafetyAlert, Screening
from intake.queries import inquiries as queries
from intake.services import inquiry_safety
from intake.services.guards import clinician_at, one_at_a_time
from intake.services.inquiry_scoring import score_part
from intake.services.screening import rescreen
from intake.services.whereabouts import keep_whereabouts
from pacificmind.accounts.models import User
from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from pacificmind.clock import now
from pacificmind.prepared import insert
from pacificmind.tasks.models import Kind as TaskKind
from pacificmind.tasks.models import Queue
from pacificmind.tasks.services import close_tasks, open_task

TOKEN_BYTES = 16  # 128 bits (RELIABILITY 5)
LOOK_WITHIN = timedelta(hours=2)
VISIT = "scheduling.appointment"
PLACE, PHONE = "where.place", "where.phone"
MEANWHILE = "The patient has answered more meanwhile. Look at it first."
OPEN_LINK = "open questions by link"
_SALT = "intake.inquiry"


class Over(Exception):
    """Answered, ended or too old: nothing more is stored."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """An inquiry to make. `days_after` 0 is before the visit; `asks` False only asks whether they come."""

    patient_id: uuid.UUID
    site_id: str
    visit_id: uuid.UUID
    visit_version: int
    days_after: int
    opens_at: datetime
    expires_at: datetime
    asks: bool = True
    treatments: int = 0


@dataclass(frozen=True, slots=True)
class Saved:
    """What came of an answer. `alert` where this very answer raised one."""

    inquiry: Inquiry
    alert: SafetyAlert | None = None


def token_hash(token: str) -> str:
    """What the table keeps of a token: its SHA-256, which opens nothing."""
    return hashlib.sha256(token.encode()).hexdigest()


def tokens_of(inquiry_id: uuid.UUID) -> list[str]:
    """The token of a link under the present key and each older one: neither the table nor the ledger holds it."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    digests = [salted_hmac(_SALT, str(inquiry_id), secret=key, algorithm="sha256").digest() for key in keys]
    return [urlsafe_b64encode(digest[:TOKEN_BYTES]).decode().rstrip("=") for digest in digests]


def token_of(inquiry: Inquiry) -> str | None:
    """The token that opens it; None where the server's key was changed since."""
    return next((one for one in tokens_of(inquiry.pk) if token_hash(one) == inquiry.token_hash), None)


def make(wanted: Iterable[Wanted]) -> int:
    """Make inquiries in the caller's transaction; those that are there already stay. How many were wanted."""
    rows = []
    for one in wanted:
        key, before = uuid.uuid4(), not one.days_after
        rows.append(
            Inquiry(
                id=key,
                kind=Inquiry.Kind.BEFORE if before else Inquiry.Kind.AFTER,
                patient_id=one.patient_id,
                site_id=one.site_id,
                visit_id=one.visit_id,
                visit_version=one.visit_version if before else 0,
                days_after=one.days_after,
                treatments=one.treatments,
                opens_at=one.opens_at,
                expires_at=one.expires_at,
                token_hash=token_hash(tokens_of(key)[0]),
                parts=([domain.READY] if before else [domain.MOOD]) if one.asks else [],
            )
        )
    insert(*rows, unless_there=True)
    return len(rows)


def end(patient_id: uuid.UUID, *, why: str) -> list[uuid.UUID]:
    """End the check-ins of a patient that were not answered to the end, in the caller's transaction; which."""
    found = Inquiry.objects.filter(
        patient_id=patient_id, kind=Inquiry.Kind.AFTER, ended_at__isnull=True, sent_at__isnull=True
    )
    ids = list(found.values_list("pk", flat=True))
    Inquiry.objects.filter(pk__in=ids).update(ended_at=now(), ended_why=why)
    return ids


def knows_birth_date(*, inquiry_id: uuid.UUID, birth_on: date) -> bool:
    """Whether whoever holds the link knows the patient's date of birth. After three wrong ones the link is dead.

    Not so the questions: who has proved it before goes on, and in the portal they stand as before.
    """
    with transaction.atomic(durable=True):
        row = _locked(inquiry_id)
        if not queries.link_is_open(row):
            return False
        if row.patient.birth_on is not None and constant_time_compare(str(row.patient.birth_on), str(birth_on)):
            return True
        row.tries += 1
        record(Action.REFUSED, OPEN_LINK, by=None, subject=row, patient_id=row.patient_id)
        row.save(update_fields=["tries"])
    return False


def save_part(
    *,
    by: User | None,
    inquiry_id: uuid.UUID,
    part: str,
    answers: Mapping[str, Any],
    declined: Collection[str] = (),
    back_to: str = "",
) -> Saved:
    """Store a part, raise what it raises, open the task where a clinician has to look, in one transaction.

    A part that is stored already is left as it is, but for item 9, where a higher answer always counts, and words of
    crisis. `by` is None for who proved themselves at the link; `back_to` is where the suicide screen leads back to. The
    rules are run again after the commit. Raises Over, PermissionDenied.
    """
    told = {**answers, **dict.fromkeys(declined)}
    with transaction.atomic(durable=True):
        one_at_a_time(Inquiry.objects.values_list("patient_id", flat=True).get(pk=inquiry_id))
        row = _locked(inquiry_id)
        if by is not None and row.patient.user_id != by.pk:
            raise PermissionDenied
        was_open = queries.is_open(row)
        alert = inquiry_safety.item9(row, told[domain.ITEM9], by, back_to) if domain.ITEM9 in told else None
        alert = inquiry_safety.words(row, told, by) or alert
        if not was_open and alert is None:
            raise Over
        if part == domain.WHERE and {PLACE, PHONE} <= answers.keys():
            keep_whereabouts(
                by=by,
                patient=row.patient,
                place=answers[PLACE],
                phone=answers[PHONE],
                emergency_name=answers.get("where.emergency_name") or "",
                emergency_phone=answers.get("where.emergency_phone") or "",
            )
        _begin(row)
        if part in row.parts and part not in row.done:
            row.answers |= told
            row.done.append(part)
            score_part(row, part, by)
            record(
                Action.CHANGE, "answer questions", by=by, subject=row, patient_id=row.patient_id,
                changes={"part": part, "items": sorted(told)},
            )  # fmt: skip
        row.parts = domain.with_safety(row.parts, row.answers.get(domain.ITEM9))
        _look_again(row)
        _finish(row)
        row.save()
        if part != domain.WHERE:  # after the commit, and never in its way: the answers and the alert stand
            screen_again = partial(rescreen, patient=row.patient, cause=Screening.Cause.QUESTIONNAIRE)
            transaction.on_commit(screen_again, robust=True)
    return Saved(row, alert)


def note_sitting(*, inquiry_id: uuid.UUID, sitting_id: uuid.UUID) -> None:
    """Keep which sitting of the suicide screen belongs to this inquiry."""
    with transaction.atomic(durable=True):
        row = _locked(inquiry_id)
        if row.answers.get(queries.SITTING) != str(sitting_id):
            row.answers[queries.SITTING] = str(sitting_id)
            row.save(update_fields=["answers"])


def finish_safety(*, inquiry_id: uuid.UUID) -> Inquiry:
    """The suicide screen, whose answers are stored on their own, has come to its end."""
    with transaction.atomic():
        row = _locked(inquiry_id)
        if queries.is_open(row) and domain.SAFETY in row.parts and domain.SAFETY not in row.done:
            row.done.append(domain.SAFETY)
            _finish(row)
            row.save(update_fields=["done", "sent_at"])
    return row


def look(*, by: User, inquiry_id: uuid.UUID, seen: Collection[str] | None = None, mark: str | None = None) -> Inquiry:
    """A clinician of the site has looked at the answers: the task closes, the visit may go on.

    `seen`: what their page told them to look at; `mark`: that of the answers it showed (queries.mark_of), where there
    was one. Raises Stale when there is more by now.
    """
    with transaction.atomic(durable=True):
        row = _locked(inquiry_id)
        clinician_at(by, row.site_id)
        if (seen is not None and set(row.red) - set(seen)) or mark not in (None, queries.mark_of(row)):
            raise Stale(MEANWHILE)
        if row.looked_at is None:
            row.looked_at, row.looked_by = now(), by
            row.save(update_fields=["looked_at", "looked_by"])
            record(Action.SIGN, "look at answers", by=by, subject=row, patient_id=row.patient_id)
        close_tasks(_subject(row), _task(row), by=by, outcome="looked at")
    return row


def _locked(inquiry_id: uuid.UUID) -> Inquiry:
    rows = Inquiry.objects.select_for_update(of=("self",)).select_related("patient__site", "site")
    return rows.get(pk=inquiry_id)


def _begin(row: Inquiry) -> None:
    if row.begun_at is None:
        row.begun_at = now()
        row.parts = list(domain.parts_for(queries.occasion_of(row))) if row.parts else []


def _look_again(row: Inquiry) -> None:
    """What is newly red waits for a clinician, also where an earlier part was looked at."""
    red = domain.red_of(row.answers)
    fresh = set(red) - set(row.red)
    row.red = red
    if domain.ESCORT in fresh:
        _ask(row, TaskKind.ESCORT_OPEN, Queue.FRONT_DESK, row.visit_id, VISIT)
    if fresh - {domain.ESCORT}:
        row.looked_at, row.looked_by = None, None
        subject_type = VISIT if row.kind == Inquiry.Kind.BEFORE else "intake.patient"
        _ask(row, _task(row), Queue.CLINICIANS, _subject(row), subject_type)


def _task(row: Inquiry) -> TaskKind:
    return TaskKind.BEFORE_VISIT_LOOK if row.kind == Inquiry.Kind.BEFORE else TaskKind.CHECK_IN_LOOK


def _subject(row: Inquiry) -> uuid.UUID:
    return row.visit_id if row.kind == Inquiry.Kind.BEFORE else row.patient_id


def _ask(row: Inquiry, kind: TaskKind, queue: Queue, subject_id: uuid.UUID, subject_type: str) -> None:
    due_at = now() + LOOK_WITHIN
    open_task(
        kind,
        subject_type=subject_type,
        subject_id=subject_id,
        queue=queue,
        due_at=min(due_at, row.expires_at) if row.kind == Inquiry.Kind.BEFORE else now() + timedelta(days=1),
        site_id=row.site_id,
        patient_id=row.patient_id,
    )


def _finish(row: Inquiry) -> None:
    """Answered to the end. The suicide screen is over once its sitting is."""
    if row.sent_at is None and row.parts and all(part in row.done for part in row.parts):
        row.sent_at = now()
