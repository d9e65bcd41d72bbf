"""What was answered to the suicide screen, and what was assessed before."""

import uuid
from dataclasses import dataclass

from intake.domain import asq
from intake.domain.library import instrument
from intake.models import AsqAnswer, AsqSitting, SafetyAlert

ANSWERS = {"Y": "Yes", "N": "No", "R": "Prefer not to answer"}


def given(sitting: AsqSitting) -> dict[int, asq.Given]:
    """The answers of a sitting by the number of the question."""
    rows = AsqAnswer.objects.filter(sitting=sitting)
    return {row.number: asq.Given(row.value, row.said_yes) for row in rows}


def open_sitting_of(patient_id: uuid.UUID) -> AsqSitting | None:
    """The sitting that a patient has not finished."""
    return AsqSitting.objects.filter(patient_id=patient_id, ended_at__isnull=True).first()


def newest_sitting(patient_id: uuid.UUID) -> AsqSitting | None:
    """The sitting that was begun last."""
    return AsqSitting.objects.filter(patient_id=patient_id).order_by("-started_at").first()


def assessed_attempt(sitting: AsqSitting) -> SafetyAlert | None:
    """The documented alert in which a Yes to question 4 was assessed, where nothing about that answer has changed.

    Words given now that differ from those assessed are a change: how and when may be new.
    """
    now = AsqAnswer.objects.filter(sitting=sitting, number=asq.EVER, value="Y").first()
    if now is None:
        return None
    before = (
        AsqAnswer.objects.filter(
            sitting__patient_id=sitting.patient_id,
            sitting__started_at__lt=sitting.started_at,
            sitting__alert__closed_at__isnull=False,
            number=asq.EVER,
            said_yes=True,
        )
        .select_related("sitting__alert")
        .order_by("-sitting__started_at")
        .first()
    )
    if before is None or (now.words and now.words != before.words):
        return None
    return before.sitting.alert


@dataclass(frozen=True, slots=True)
class Line:
    """One question with its answer in words, for a clinician."""

    number: int
    question: str
    answer: str
    words: str
    amended: bool


def lines(sitting: AsqSitting) -> list[Line]:
    """The five questions in their fixed wording, with what was answered. Not asked is not a No."""
    rows = {row.number: row for row in sitting.answers.all()}
    return [
        Line(
            number=item.number,
            question=item.text,
            answer=_words(rows.get(item.number), over=sitting.ended_at is not None),
            words=rows[item.number].words if item.number in rows else "",
            amended=item.number in rows and rows[item.number].amended,
        )
        for item in instrument("ASQ").items
    ]


def _words(row: AsqAnswer | None, *, over: bool) -> str:
    if row is None:
        return "Not asked" if over else "Not answered yet"
    if row.said_yes and row.value != "Y":
        return f"Yes, then changed to {ANSWERS[row.value]}"
    return ANSWERS[row.value]
