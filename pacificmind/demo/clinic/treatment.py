"""A series as verbs: laid out, attended, released, each through its service at its own moment."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from uuid import UUID

from intake.models import Clearance, Patient
from intake.services.measures import Measured
from intake.services.questionnaires import record_questionnaire
from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from pacificmind.clock import now
from pacificmind.demo.clinic.steps import (
    MORNING,
    Clinic,
    Decided,
    Person,
    come_to_be_cleared,
    mail_leaves,
    nearest_free,
)
from pacificmind.demo.clinic.walk import Days, at, instant
from scheduling.models import Appointment, Kind, Series, Status
from scheduling.services import door, notify, vitals
from scheduling.services import series as series_services

#: What is answered before each infusion (PHQ-9, items 1 to 9): a course as many have it, from 15 in the intake.
BEFORE = {
    2: (2, 2, 2, 2, 1, 1, 2, 1, 0),
    3: (2, 2, 2, 1, 1, 1, 1, 1, 0),
    4: (1, 1, 2, 1, 1, 1, 1, 1, 0),
    5: (1, 1, 1, 1, 1, 1, 1, 0, 0),
    6: (1, 1, 1, 1, 0, 1, 0, 0, 0),
}
AFTER = (1, 1, 1, 1, 0, 0, 0, 0, 0)
WHOLE_LIST = dict.fromkeys(door.DISCHARGE, True)


def lay_out(clinic: Clinic, patient: Patient, days: Sequence[date], wall: time) -> Series:
    """Book a whole series on these days, four weekdays before the first at the latest."""
    order = Clearance.objects.filter(patient=patient).latest("signed_at").series_order
    slots = []
    for day in days:
        found = nearest_free(patient, Kind.INFUSION, day, wall)
        slots.append(
            series_services.Slot(starts_at=found.start, room_id=_id(found.room), clinician_id=_id(found.clinician))
        )
    with at(instant(Days(days[0]).work(-4), MORNING)):
        return series_services.lay_out(
            by=clinic.desk(patient.site_id), order_id=order.pk, site_id=patient.site_id, slots=slots
        )


def _id(text: str | None) -> UUID:
    return UUID(text or "")


def attend(clinic: Clinic, visit: Appointment, *, late: int = 4) -> None:
    """A whole infusion: arrival, check-in with the escort, start, discharge list."""
    visit_id, version, start, site = visit.pk, visit.version, visit.starts_at, visit.site_id
    with at(start - timedelta(minutes=10 - late)):
        version = door.arrive(by=clinic.desk(site), version=version, visit_id=visit_id).version
    with at(start + timedelta(minutes=late)):
        version = door.check_in(by=clinic.desk(site), version=version, visit_id=visit_id).version
    with at(start + timedelta(minutes=late + 7)):
        measure(clinic, visit, "before", 128, 82)
    with at(start + timedelta(minutes=late + 8)):
        version = door.begin(by=clinic.nurse(site), version=version, visit_id=visit_id).version
    for after, phase, systolic in ((20, "during", 139), (40, "during", 146), (80, "after", 131)):
        with at(start + timedelta(minutes=late + 8 + after)):
            measure(clinic, visit, phase, systolic, 84)
    with at(visit.ends_at):
        door.fulfil(by=clinic.nurse(site), version=version, discharge=WHOLE_LIST, visit_id=visit_id)


def measure(clinic: Clinic, visit: Appointment, phase: str, systolic: int, diastolic: int) -> None:
    """Readings of this moment, entered by who attends."""
    asked = Measured(measured_at=now(), systolic=systolic, diastolic=diastolic, heart_rate=72, spo2=97)
    vitals.record(by=clinic.nurse(visit.site_id), visit_id=visit.pk, phase=phase, asked=asked)


def attended(clinic: Clinic, visit: Appointment) -> None:
    """An infusion of longer ago, written as it would have been left: one row instead of four steps."""
    minutes = timedelta(minutes=1)
    visit.status, visit.version = Status.FULFILLED, visit.version + 1
    visit.arrived_at, visit.checked_in_at = visit.starts_at - 6 * minutes, visit.starts_at + 4 * minutes
    visit.started_at, visit.finished_at = visit.starts_at + 12 * minutes, visit.ends_at
    nurse = clinic.nurse(visit.site_id)
    visit.discharge = {"points": list(door.DISCHARGE), "by": str(nurse.pk), "at": visit.ends_at.isoformat()}
    visit.save()
    notify.visit_over(visit)
    record(Action.CHANGE, "complete", by=nurse, subject=visit, patient_id=visit.patient_id)


def attend_next(clinic: Clinic, series: Series, count: int) -> None:
    """The next visits of a series take place; where one is held, a prescriber first releases its stage."""
    for left in reversed(range(count)):
        visits = Appointment.objects.filter(series=series, status__in=(Status.BOOKED, Status.HELD))
        visit = visits.earliest("starts_at")
        mail_leaves(visit.starts_at)
        if visit.number in BEFORE:
            ask(clinic, series.patient, visit.starts_at - timedelta(hours=1), BEFORE[visit.number])
        if visit.status == Status.HELD:
            with at(visit.starts_at - timedelta(hours=20)):
                release(clinic, series)
            visit.refresh_from_db()
        if left:
            attended(clinic, visit)
        else:
            attend(clinic, visit)


def ask(clinic: Clinic, patient: Patient, when: datetime, items: Sequence[int]) -> None:
    """A PHQ-9 that the nurse went through with the patient."""
    with at(when):
        record_questionnaire(by=clinic.nurse(patient.site_id), patient=patient, items=items)


def release(clinic: Clinic, series: Series) -> None:
    """A prescriber looks at the course so far and releases the next stage."""
    series_services.release_stage(
        by=clinic.prescriber(series.site_id), series_id=series.pk, note="Tolerated well. Sleep is better; go on."
    )


def in_treatment(
    clinic: Clinic, person: Person, what: Decided, days: Sequence[date], done: int, *, wall: time
) -> Series:
    """The path up to a running series of which the first `done` infusions took place."""
    patient = come_to_be_cleared(clinic, person, replace(what, infusions=len(days)), days[0])
    series = lay_out(clinic, patient, days, wall)
    attend_next(clinic, series, done)
    return series
