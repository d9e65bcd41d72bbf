"""The suicide screen (ASQ): an answer is stored and evaluated in one transaction, inside an intake or outside."""

import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from intake.domain import asq
from intake.domain.library import crisis_words
from intake.domain.library import instrument as wording
from intake.domain.safety import Tier
from intake.models import AsqAnswer, AsqSitting, Intake, Patient, SafetyAlert, SafetyEvent, Screening
from intake.queries.asq import assessed_attempt, given
from intake.services import safety
from intake.services.each import each
from intake.services.guards import one_at_a_time
from intake.services.paging import SUBJECT
from intake.services.screening import rescreen
from pacificmind.accounts.models import Role, User
from pacificmind.audit import services as audit
from pacificmind.audit.models import Action
from pacificmind.clinic.models import ClinicSettings
from pacificmind.clock import now, today

WORDS_LENGTH = 2_000
URGENT = (Tier.URGENT_1, Tier.URGENT_2)
SAME_SITTING = timedelta(hours=12)  # an answer may be changed in a sitting that has ended, for so long


@dataclass(frozen=True, slots=True)
class Saved:
    """What came of an answer: its sitting, the open alert about it, and the question that is next (None at the end)."""

    sitting: AsqSitting
    alert: SafetyAlert | None
    next_number: int | None


def open_sitting(
    *,
    patient: Patient,
    by: User | None,
    intake: Intake | None = None,
    alert: SafetyAlert | None = None,
    back_to: str = "",
) -> AsqSitting:
    """The patient's open sitting, or a new one, in the caller's transaction (that of the answer it follows).

    `back_to` is the page of ours on which the patient goes on at the end; empty: the intake. One that was left in the
    middle is ended, and a new one begins. One that is open is about `alert` from now on where it was about none that is
    still open.
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("a sitting begins in the transaction of its cause")
    known = AsqSitting.objects.select_for_update(of=("self",)).filter(patient=patient, ended_at__isnull=True).first()
    if known is not None and known.left_at is None:
        if alert is not None and (known.alert is None or known.alert.closed_at is not None):
            known.alert = alert
            known.save(update_fields=["alert"])
        return known
    if known is not None:
        _end(known, AsqSitting.Outcome.UNFINISHED)
    try:
        with transaction.atomic():
            made = AsqSitting.objects.create(
                patient=patient,
                intake=intake,
                alert=alert,
                back_to=back_to if back_to.startswith("/") and not back_to.startswith("//") else "",
                instrument=wording("ASQ").version,
            )
    except IntegrityError:  # another tab was first, and has committed
        return open_sitting(patient=patient, by=by, intake=intake, alert=alert, back_to=back_to)
    audit.record(Action.CREATE, "open-asq", by=by, subject=made, patient_id=patient.pk)
    return made


def save_asq_answer(
    *,
    by: User | None,
    patient: Patient,
    number: int,
    value: str,
    words: str = "",
    sitting_id: uuid.UUID | None = None,
    back_to: str = "",
) -> Saved:
    """Store one answer (Y, N, or R for refused) to question 1 to 5, and what it raises, in one transaction.

    Never refused because no sitting is open: one begins. The same answer once more changes nothing. A Yes that is
    taken back stays a Yes for the alert, which is marked as amended. `by` is the patient, a clinician of the site who
    asks on their behalf, or None for the software. Raises ValueError for another value or number, PermissionDenied.
    """
    _authorise(by, patient)
    if value not in asq.VALUES or number not in (*asq.FIRST_FOUR, asq.LAST):
        raise ValueError("ASQ has questions 1 to 5, answered Y, N or R")
    with transaction.atomic(durable=True):
        one_at_a_time(patient.pk)
        sitting = _sitting(patient, by, sitting_id, back_to)
        _put(sitting, number, value, words.strip()[:WORDS_LENGTH], by)
        told = given(sitting)
        following = asq.next_number(told)
        _move_on(sitting, told, following)
        alert = _evaluate(sitting, told, by, left=False)
        audit.record(
            Action.CHANGE, "save-asq-answer", by=by, subject=sitting, patient_id=patient.pk,
            changes={"items": [f"asq.{number}"]},
        )  # fmt: skip
    return Saved(sitting, alert, following)


def left_in_the_middle() -> int:
    """Sittings that nobody goes on with: a Yes without an answer to question 5 becomes URGENT-2; how many were found.

    What was not answered at all is put before the clinicians the same day. The patient can still go on.
    """
    since = now() - timedelta(minutes=ClinicSettings.current().asq_wait_minutes)
    waiting = AsqSitting.objects.filter(ended_at__isnull=True, left_at__isnull=True, last_at__lte=since)
    keys = list(waiting.values_list("pk", flat=True))
    return each(keys, partial(_leave, since=since), sweep="screens left in the middle")


def _leave(pk: uuid.UUID, *, since: datetime) -> int:
    with transaction.atomic(durable=True):
        patient_id = AsqSitting.objects.values_list("patient_id", flat=True).get(pk=pk)
        if not one_at_a_time(patient_id, wait=False):
            return 0  # they are answering at this moment
        rows = AsqSitting.objects.select_for_update(of=("self",), skip_locked=True).select_related("patient__site")
        sitting = rows.filter(pk=pk, ended_at__isnull=True, left_at__isnull=True, last_at__lte=since).first()
        if sitting is None:
            return 0
        sitting.left_at = now()
        sitting.save(update_fields=["left_at"])
        alert = _evaluate(sitting, given(sitting), None, left=True)
        if alert is not None:
            safety.note(alert, SafetyEvent.Kind.LEFT_OPEN)
    return 1


def _authorise(by: User | None, patient: Patient) -> None:
    if by is None or patient.user_id == by.pk:
        return
    if not by.is_active or patient.site_id not in by.sites(Role.CLINICIAN):
        raise PermissionDenied


def _sitting(patient: Patient, by: User | None, sitting_id: uuid.UUID | None, back_to: str) -> AsqSitting:
    """The sitting the page belongs to, locked, also where it has just ended; else the open one, else a new one."""
    if sitting_id is not None:
        rows = AsqSitting.objects.select_for_update(of=("self",)).select_related("patient__site")
        known = rows.filter(pk=sitting_id, patient=patient, last_at__gt=now() - SAME_SITTING).first()
        if known is not None:
            return known
    made = open_sitting(patient=patient, by=by, back_to=back_to)
    return AsqSitting.objects.select_for_update(of=("self",)).select_related("patient__site").get(pk=made.pk)


def _put(sitting: AsqSitting, number: int, value: str, words: str, by: User | None) -> None:
    before = sitting.answers.filter(number=number).first()
    if before is None:
        AsqAnswer.objects.create(
            sitting=sitting, number=number, value=value, words=words, said_yes=value == "Y", answered_by=by
        )
        return
    if before.value == value and (not words or before.words == words):
        return
    if before.value != value:
        before.amended = True
        if sitting.alert is not None and before.value == "Y":
            safety.mark_amended([sitting.alert], by=by)
    before.value, before.said_yes = value, before.said_yes or value == "Y"
    before.words = words or before.words
    before.answered_at, before.answered_by = now(), by
    before.save(update_fields=["value", "said_yes", "words", "amended", "answered_at", "answered_by"])


def _move_on(sitting: AsqSitting, told: dict[int, asq.Given], following: int | None) -> None:
    """Note the time; end the sitting after its last question, and open it again where a change brings another one."""
    sitting.last_at = now()
    if following is None:
        _end(sitting, AsqSitting.Outcome(asq.outcome(told, age_years=_age(sitting.patient))))
        return
    another = AsqSitting.objects.filter(patient_id=sitting.patient_id, ended_at__isnull=True).exclude(pk=sitting.pk)
    if sitting.ended_at is not None and not another.exists():
        sitting.ended_at, sitting.outcome = None, ""
    sitting.left_at = None
    sitting.save(update_fields=["last_at", "left_at", "ended_at", "outcome"])


def _end(sitting: AsqSitting, outcome: AsqSitting.Outcome) -> None:
    sitting.ended_at, sitting.outcome = now(), outcome
    sitting.save(update_fields=["last_at", "ended_at", "outcome"])
    # After the commit, and never in its way: the alert stands whatever becomes of the findings.
    screen_again = partial(rescreen, patient=sitting.patient, cause=Screening.Cause.QUESTIONNAIRE)
    transaction.on_commit(screen_again, robust=True)


def _evaluate(sitting: AsqSitting, told: dict[int, asq.Given], by: User | None, *, left: bool) -> SafetyAlert | None:
    """Raise what the answers so far ask for; the open alert about this sitting, if there is one."""
    patient = sitting.patient
    assessed = assessed_attempt(sitting)
    tier = asq.tier_so_far(told, age_years=_age(patient), known_attempt=assessed is not None, left=left)
    alert = sitting.alert if sitting.alert is not None and sitting.alert.closed_at is None else None
    if tier in URGENT:
        return _raise(sitting, alert, str(tier.value), told, by)
    if _words_of_crisis(sitting) and alert is None:
        return _raise(sitting, alert, Tier.URGENT_1.value, told, by)
    if tier == Tier.REVIEW and alert is None:
        if assessed is not None:
            safety.ask_today(patient, subject_type=SUBJECT, subject_id=assessed.pk)
        else:
            safety.ask_today(patient)
    return alert


def _raise(
    sitting: AsqSitting, alert: SafetyAlert | None, tier: str, told: dict[int, asq.Given], by: User | None
) -> SafetyAlert:
    value = "".join(letter or "-" for letter in asq.letters(told))
    why = SafetyAlert.Trigger.ASQ
    raised = safety.raise_tier(alert, tier, trigger=why, value=value, by=by) if alert is not None else None
    if raised is None:
        raised = safety.raise_alert(patient=sitting.patient, tier=tier, trigger=why, value=value, by=by)
    sitting.alert = raised
    sitting.save(update_fields=["alert"])
    return raised


def _words_of_crisis(sitting: AsqSitting) -> bool:
    return any(crisis_words(row.words) for row in sitting.answers.all() if row.words)


def _age(patient: Patient) -> int | None:
    return age_on(patient.birth_on, today(patient.site.zone))


def age_on(birth_on: date | None, day: date) -> int | None:
    """Whole years on a day; None where the birth date is not known, or cannot be: no answer is refused for it."""
    if birth_on is None or birth_on > day:
        return None
    return day.year - birth_on.year - ((day.month, day.day) < (birth_on.month, birth_on.day))
