"""Ask a patient for more, and bring the answer back to whoever reviews."""

import uuid

from django.core.exceptions import PermissionDenied
from django.db import transaction

from intake.domain import library
from intake.domain.decisions import DecisionRefused, Problem, Stale
from intake.messages_review import owe_question
from intake.models import Intake, Patient, PatientQuestion, SafetyAlert
from intake.queries.questions import OPEN, UNREAD
from intake.services import safety
from intake.services.duetimes import working_days_later
from intake.services.guards import clinician_at, deciding, lock_patient
from pacificmind.accounts.models import User
from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from pacificmind.clock import now
from pacificmind.idempotency.services import once
from pacificmind.tasks.models import Kind, Queue
from pacificmind.tasks.services import close_tasks, open_task

CALL_AFTER_DAYS = 3  # working days without an answer, then the front desk calls
READ_WITHIN_DAYS = 2  # working days
LONGEST_QUESTION, LONGEST_ANSWER = 1000, 4000
MOST_OPEN = 10  # questions at once: more is a conversation
TAKEN_BACK = "The clinic no longer needs this answer. Nothing was sent."
ANSWERED = "You have answered this already. If something changed, call us."


def ask(*, by: User, intake: Intake, text: str, request_id: uuid.UUID | None = None) -> PatientQuestion:
    """Put a question into the patient's portal: a neutral message at once, and a call if it waits too long.

    Raises DecisionRefused, Stale, PermissionDenied.
    """
    clinician_at(by, intake.patient.site_id)
    words = text.strip()
    asked = {"intake": intake.pk, "text": words}
    with deciding(), once(request_id, user_id=by.pk, intent="ask-patient", asked=asked) as state:
        if state.repeated:
            return PatientQuestion.objects.get(pk=state.result["question"])
        patient = lock_patient(intake.patient_id)
        _check(patient, words)
        question = PatientQuestion.objects.create(
            patient=patient, intake=intake, text=words, asked_by=by, asked_at=now()
        )
        owe_question(question, patient)
        open_task(
            Kind.PATIENT_ASKED,
            subject_type="intake.patient",
            subject_id=patient.pk,
            queue=Queue.FRONT_DESK,
            due_at=working_days_later(now(), CALL_AFTER_DAYS, patient.site.tz),
            site_id=patient.site_id,
            patient_id=patient.pk,
        )
        state.result["question"] = str(question.pk)
        record(Action.CREATE, "ask-patient", by=by, subject=question, patient_id=patient.pk)
    return question


def _check(patient: Patient, words: str) -> None:
    if patient.status != Patient.Status.ACTIVE:
        raise Stale("This record is closed: open it again before you ask.")
    if not words:
        raise DecisionRefused(Problem("text", "Write your question."))
    if len(words) > LONGEST_QUESTION:
        raise DecisionRefused(Problem("text", f"A question has at most {LONGEST_QUESTION} letters."))
    if PatientQuestion.objects.filter(OPEN, patient=patient).count() >= MOST_OPEN:
        raise Stale(f"{MOST_OPEN} questions wait for an answer already. Call the patient, or wait.")


def answer(
    *, by: User, question: PatientQuestion, text: str, request_id: uuid.UUID | None = None
) -> SafetyAlert | None:
    """Store what the patient wrote back, once, and tell the reviewers; the alert that its words raised, if any.

    Words of crisis raise an alert in the same transaction, as in the intake. Raises DecisionRefused, Stale,
    PermissionDenied.
    """
    if question.patient.user_id != by.pk:
        raise PermissionDenied
    words = text.strip()
    if not words or len(words) > LONGEST_ANSWER:
        say = f"Please write at most {LONGEST_ANSWER} letters." if words else "Please write your answer."
        raise DecisionRefused(Problem("answer", say))
    asked = {"question": question.pk, "answer": words}
    with deciding(), once(request_id, user_id=by.pk, intent="answer-question", asked=asked) as state:
        if state.repeated:
            raised = state.result.get("alert")
            return SafetyAlert.objects.get(pk=raised) if raised else None
        row = PatientQuestion.objects.select_for_update(no_key=True).get(pk=question.pk)
        if row.taken_back_at is not None:
            raise Stale(TAKEN_BACK)
        if row.answered_at is not None:
            raise Stale(ANSWERED)
        row.answer, row.answered_at = words, now()
        row.save(update_fields=["answer", "answered_at"])
        record(Action.CHANGE, "answer-question", by=by, subject=row, patient_id=row.patient_id,
               changes={"fields": ["answer", "answered_at"]})  # fmt: skip
        _tell(row, question.patient, by)
        alert = _alert(question.patient, words, by)
        state.result = {"alert": str(alert.pk)} if alert else {}
    return alert


def _tell(row: PatientQuestion, patient: Patient, by: User) -> None:
    open_task(
        Kind.PATIENT_ANSWERED,
        subject_type="intake.intake",
        subject_id=row.intake_id,
        queue=Queue.CLINICIANS,
        due_at=working_days_later(now(), READ_WITHIN_DAYS, patient.site.tz),
        site_id=patient.site_id,
        patient_id=patient.pk,
    )
    if not PatientQuestion.objects.filter(OPEN, patient=patient).exists():
        close_tasks(patient.pk, Kind.PATIENT_ASKED, by=by, outcome="answered")


def _alert(patient: Patient, words: str, by: User) -> SafetyAlert | None:
    if not library.crisis_words(words):
        return None
    return safety.raise_alert(patient=patient, tier=SafetyAlert.Tier.URGENT_1, trigger=SafetyAlert.Trigger.WORDS, by=by)


def mark_read(*, by: User, question: PatientQuestion) -> None:
    """A clinician has read an answer. Twice is once: the first name stays."""
    clinician_at(by, question.patient.site_id)
    with transaction.atomic(durable=True):
        unread = PatientQuestion.objects.filter(UNREAD, pk=question.pk)
        if unread.update(read_at=now(), read_by=by):
            record(Action.CHANGE, "read-answer", by=by, subject=question, patient_id=question.patient_id,
                   changes={"fields": ["read_at", "read_by"]})  # fmt: skip
        if not PatientQuestion.objects.filter(UNREAD, intake_id=question.intake_id).exists():
            close_tasks(question.intake_id, Kind.PATIENT_ANSWERED, by=by, outcome="read")


def take_back(*, by: User, question: PatientQuestion) -> None:
    """No longer ask what was not answered yet. Raises Stale where it was answered meanwhile."""
    clinician_at(by, question.patient.site_id)
    with deciding():
        row = PatientQuestion.objects.select_for_update(no_key=True).get(pk=question.pk)
        if row.answered_at is not None:
            raise Stale("The patient has answered meanwhile: read it first.")
        if row.taken_back_at is None:
            row.taken_back_at = now()
            row.save(update_fields=["taken_back_at"])
            record(Action.CHANGE, "take-question-back", by=by, subject=row, patient_id=row.patient_id,
                   changes={"fields": ["taken_back_at"]})  # fmt: skip
        if not PatientQuestion.objects.filter(OPEN, patient_id=row.patient_id).exists():
            close_tasks(row.patient_id, Kind.PATIENT_ASKED, by=by, outcome="no longer asked")
