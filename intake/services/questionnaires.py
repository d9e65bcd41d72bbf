"""Record a questionnaire asked on its own: before an infusion, at a re-evaluation, at a check-in."""

import uuid
from collections.abc import Sequence

import structlog

from intake.domain.decisions import DecisionRefused, Problem
from intake.domain.library import instrument as wording
from intake.domain.safety import Tier, tier_of_item9
from intake.domain.scoring import score
from intake.models import Patient, Questionnaire, SafetyAlert, Screening
from intake.services import asq, safety
from intake.services.guards import clinician_at, deciding, one_at_a_time
from intake.services.screening import rescreen
from pacificmind.accounts.models import User
from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from pacificmind.idempotency.services import once

log = structlog.get_logger(__name__)
PHQ9, ITEM_9 = "PHQ-9", 8  # index of the ninth item


def record_questionnaire(
    *,
    by: User,
    patient: Patient,
    items: Sequence[int | None],
    instrument: str = PHQ9,
    request_id: uuid.UUID | None = None,
) -> Questionnaire:
    """Store a patient's answers with the score computed here; None is an item that was not answered.

    PHQ-9 item 9 above 0 raises the safety alert in the same transaction, and the suicide screen begins, to be asked in
    person; left out it is a task the same day. `by` is a clinician of the patient's site. Raises DecisionRefused for
    answers that are none, Stale, PermissionDenied.
    """
    clinician_at(by, patient.site_id)
    asked = {"patient": patient.pk, "instrument": instrument, "items": list(items)}
    with deciding(), once(request_id, user_id=by.pk, intent="record-questionnaire", asked=asked) as state:
        one_at_a_time(patient.pk)
        if state.repeated:
            return Questionnaire.objects.get(pk=state.result["questionnaire"])
        result = score(instrument, list(items))
        if result.status == "invalid":
            raise DecisionRefused(Problem("", "These answers cannot be read. Choose one answer for each question."))
        row = Questionnaire.objects.create(
            patient=patient,
            instrument=instrument,
            version=wording(instrument).version,
            items=list(items),
            status=result.status,
            score=result.score,
            severity=result.severity or "",
            answered_by=by,
        )
        state.result = {"questionnaire": str(row.pk)}
        record(Action.CREATE, "record-questionnaire", by=by, subject=row, patient_id=patient.pk)
        if instrument == PHQ9:
            _alert(by, patient, items[ITEM_9])
        _screen_again(by, patient)
    return row


def _screen_again(by: User, patient: Patient) -> None:
    """Never in the way of the answers and their alert: what breaks here is undone alone, and the sweep repeats it."""
    try:
        rescreen(patient=patient, cause=Screening.Cause.QUESTIONNAIRE, by=by)
    except Exception as problem:
        log.exception("not screened again", problem=type(problem).__name__)


def _alert(by: User, patient: Patient, item9: int | None) -> None:
    tier = tier_of_item9(item9, refused=item9 is None)
    if tier == Tier.REVIEW:
        safety.ask_today(patient)
    if tier == Tier.URGENT_1:
        alert = safety.raise_alert(
            patient=patient,
            tier=Tier.URGENT_1.value,
            trigger=SafetyAlert.Trigger.PHQ9_ITEM_9,
            value=str(item9),
            by=by,
        )
        asq.open_sitting(patient=patient, by=by, alert=alert)
