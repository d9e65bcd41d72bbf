"""Each instrument of an inquiry becomes a questionnaire of its own; a changed answer makes another that replaces it."""

from typing import Any

from intake.domain import inquiry as domain
from intake.domain.library import instrument as wording
from intake.domain.scoring import score
from intake.models import Inquiry, Questionnaire
from pacificmind.accounts.models import User
from pacificmind.audit.models import Action
from pacificmind.audit.services import record

PHQ9 = "PHQ-9"


def score_part(row: Inquiry, part: str, by: User | None) -> None:
    """Score what a part has completed, in the caller's transaction."""
    told = row.answers
    if part == domain.THOUGHTS and domain.MOOD in row.done:
        _questionnaire(row, PHQ9, _phq9(row), by)
    elif part == domain.MOOD_SHORT:
        _questionnaire(row, "PHQ-2", [told.get("phq2.1"), told.get("phq2.2")], by)
    elif part == domain.STRESS:
        _questionnaire(row, "PCL-5", [told.get(f"pcl5.{n}") for n in range(1, 21)], by)
    elif part == domain.EFFECTS:
        _unscored(row, "SIDE-EFFECTS", ["effects.noticed", "effects.worry", "effects.high"], by)
    elif part == domain.USE:
        _unscored(row, "URINARY", ["use.bladder"], by)
        _unscored(row, "SUBSTANCE", ["use.substance"], by)
    elif part == domain.READY:
        _unscored(row, "URINARY", ["ready.bladder"], by)


def amend_phq9(row: Inquiry, by: User | None) -> None:
    """Item 9 was answered higher after the PHQ-9 was scored: its total counts anew, and the first one stays to read."""
    newest = row.questionnaires.filter(instrument=PHQ9, amended_by__isnull=True).first()
    if newest is not None and newest.items != _phq9(row):
        _questionnaire(row, PHQ9, _phq9(row), by, amends=newest)


def _phq9(row: Inquiry) -> list[Any]:
    return [row.answers.get(f"phq9.{number}") for number in range(1, 10)]


def _questionnaire(
    row: Inquiry, instrument: str, items: list[Any], by: User | None, amends: Questionnaire | None = None
) -> None:
    result = score(instrument, items)
    made = Questionnaire.objects.create(
        patient=row.patient,
        instrument=instrument,
        version=wording(instrument).version,
        items=items,
        status=result.status,
        score=result.score,
        severity=result.severity or "",
        answered_by=by,
        inquiry=row,
        amends=amends,
    )
    record(Action.CREATE, "record-questionnaire", by=by, subject=made, patient_id=row.patient_id)


def _unscored(row: Inquiry, name: str, items: list[str], by: User | None) -> None:
    values = [row.answers.get(item) for item in items]
    Questionnaire.objects.create(
        patient=row.patient, instrument=name, version="1", items=values, status="unscored", answered_by=by, inquiry=row
    )
