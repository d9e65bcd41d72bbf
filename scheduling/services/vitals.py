"""Readings of a treatment visit: who may enter them, and what they mean for its start (CLINICAL 1.6)."""

import uuid
from collections.abc import Mapping

from intake.domain.vitals import Gate, Step
from intake.queries import measures as reading
from intake.services import measures
from pacificmind.accounts.models import User
from pacificmind.clock import now
from pacificmind.ui.dates import local, time_words
from scheduling.domain import errors
from scheduling.domain.walltime import day_of
from scheduling.models import Appointment, Status
from scheduling.models.appointment import TREATMENTS
from scheduling.services import authority

HERE = (Status.ARRIVED, Status.CHECKED_IN)
SAY: Mapping[Step, str] = {
    Step.MEASURE: "Measure blood pressure and heart rate first.",
    Step.REST: "The blood pressure is above the limit to wait: repeat it at {at}, after a rest.",
    Step.DECIDE: "The readings stayed above the limit to wait: a clinician has to record a decision first.",
    Step.OVERRIDE: (
        "The readings are above the limit not to start. Repeat them at {at}, after a rest; otherwise only a prescriber"
        " can let it start, with a reason."
    ),
    Step.STOPPED: "It was decided not to start with these readings. Measure again, or decide about the visit.",
}


def may_enter(visit: Appointment) -> bool:
    """Whether readings belong to this visit now: a treatment of today, whose patient is here or just went."""
    on_its_way = visit.status in HERE or visit.status == Status.FULFILLED
    return visit.kind in TREATMENTS and on_its_way and visit.day == day_of(now(), visit.site.tz)


def check_start(visit: Appointment) -> None:
    """The gate of the vital signs: raises what stands in the way of starting now."""
    found = reading.gate_of(visit.pk, now=now())
    if not found.may_start:
        raise errors.ReviewNeeded(words(found, visit))


def words(found: Gate, visit: Appointment) -> str:
    """What comes next at the gate, in words for who attends; empty where nothing stands in the way."""
    at = time_words(local(found.again_at, visit.site.tz)) if found.again_at else ""
    return SAY[found.step].format(at=at) if found.step in SAY else ""


def record(
    *, by: User, visit_id: uuid.UUID, phase: str, asked: measures.Measured, request_id: uuid.UUID | None = None
) -> None:
    """Enter readings of a visit. Raises DecisionRefused, Stale, PermissionDenied; BookingRefused for another day's."""
    visit = Appointment.objects.select_related("site").get(pk=visit_id)
    authority.needs_clinician(by, visit.site_id)
    if not may_enter(visit):
        raise errors.BookingRefused("Readings are entered while the patient is here, on the day of the visit.")
    measures.record_vitals(
        by=by,
        patient_id=visit.patient_id,
        site_id=visit.site_id,
        visit_id=visit.pk,
        phase=phase,
        asked=asked,
        request_id=request_id,
    )
