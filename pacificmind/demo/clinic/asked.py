"""What patients answered before a visit and after one, through the same services as by the link."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from intake.domain import asq as screen
from intake.domain import inquiry as domain
from intake.models import Inquiry, Patient
from intake.services import asq, inquiries
from pacificmind.demo.clinic.steps import owner
from pacificmind.demo.clinic.walk import at
from scheduling.models import Appointment
from scheduling.models.appointment import Confirmed
from scheduling.services import confirming, readiness

WHERE = {"where.place": "At home, 40 Cedar Avenue", "where.phone": "+12135550166"}
READY: Mapping[str, Any] = {
    "ready.escort": "same",
    "ready.fasting": "yes",
    "ready.held": "none",
    "ready.medicines": "no",
    "ready.ill": "no",
    "ready.pregnancy": "none",
    "ready.bladder": "no",
    "ready.systolic": 124,
    "ready.diastolic": 78,
}
EFFECTS = {"effects.noticed": ["headache"], "effects.worry": "no", "effects.high": "no"}


def before_visit(visit: Appointment, *, each: int = 1, ready: Mapping[str, Any]) -> None:
    """The evening before: everything answered, and that they come."""
    row = Inquiry.objects.get(visit_id=visit.pk, kind="before_visit", visit_version=visit.version)
    with at(visit.starts_at - timedelta(hours=16)):
        by = owner(visit.patient)
        confirming.confirm(visit_id=visit.pk, how=Confirmed.PORTAL, by=by)
        _answer(row, visit.patient, domain.READY, {**READY, **ready})
        _answer(row, visit.patient, domain.WHERE, WHERE)
        _mood(row, visit.patient, each)
        for number in screen.FIRST_FOUR:
            saved = asq.save_asq_answer(by=by, patient=visit.patient, number=number, value="N")
            inquiries.note_sitting(inquiry_id=row.pk, sitting_id=saved.sitting.pk)
        inquiries.finish_safety(inquiry_id=row.pk)


def check_in(patient: Patient, day: int, *, each: int) -> None:
    """Some hours after a check-in opened: where they are, effects where they are asked, and how they have been."""
    row = Inquiry.objects.get(patient=patient, kind="check_in", days_after=day, ended_at__isnull=True)
    with at(row.opens_at + timedelta(hours=3)):
        _answer(row, patient, domain.WHERE, WHERE)
        if day <= domain.EFFECTS_UNTIL:
            _answer(row, patient, domain.EFFECTS, EFFECTS)
        _mood(row, patient, each)


def _mood(row: Inquiry, patient: Patient, each: int) -> None:
    row.refresh_from_db()
    if domain.MOOD in row.parts:
        _answer(row, patient, domain.MOOD, {f"phq9.{number}": each for number in range(1, 9)})
    else:
        _answer(row, patient, domain.MOOD_SHORT, {"phq2.1": each, "phq2.2": each})
    _answer(row, patient, domain.THOUGHTS, {domain.ITEM9: 0})


def _answer(row: Inquiry, patient: Patient, part: str, answers: Mapping[str, Any]) -> None:
    readiness.save(by=owner(patient), inquiry_id=row.pk, part=part, answers=answers)
