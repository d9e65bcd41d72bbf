"""Writes the rest of the calendar: people, decisions, orders, series, visits, audit rows, reminders."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from psycopg2.extras import NumericRange

from intake.models import (
    Clearance,
    Patient,
    SeriesOrder,
)
from pacificmind.audit.models import Action
from pacificmind.clinic.models import Site
from pacificmind.clock import now
from pacificmind.demo.clinic.background_people import audit, past, write_intakes, write_patients
from pacificmind.demo.clinic.ledger import Seat
from pacificmind.demo.clinic.steps import Clinic
from pacificmind.demo.clinic.walk import ZONE
from scheduling.domain.places import weekly_places
from scheduling.models import Appointment, Kind, Series, StageRelease, Status
from scheduling.services import door, notify

if TYPE_CHECKING:
    from pacificmind.demo.clinic.background import Course

WHOLE_CLINICIAN = 12
STAGE, REVIEW_AFTER = 3, 2
EVERY_MISSED, EVERY_CANCELLED = 9, 7


def write_courses(clinic: Clinic, site: Site, courses: Sequence["Course"], numbers: Iterator[int]) -> None:
    """A patient for each series, with all that a series stands on."""
    patients = write_patients(site, len(courses), numbers, accounts=True)
    intakes = write_intakes(patients, courses)
    prescriber = clinic.prescriber(site.pk)
    clearances = Clearance.objects.bulk_create(
        Clearance(
            patient=who,
            intake=intake,
            decision=Clearance.Decision.CLEARED,
            visit_kinds=["infusion", "booster"],
            from_on=_day(course.seats[0]) - timedelta(days=5),
            until_on=_day(course.seats[-1]) + timedelta(days=150),
            note="History, examination and records reviewed with the patient.",
            signed_by=prescriber,
            signed_at=past(course.seats[0].start - timedelta(days=5)),
        )
        for who, intake, course in zip(patients, intakes, courses, strict=True)
    )
    place = Clearance.sites.through
    place.objects.bulk_create(place(clearance=one, site=site) for one in clearances)
    orders = SeriesOrder.objects.bulk_create(
        SeriesOrder(
            clearance=one,
            infusions=len(course.seats),
            per_week=course.per_week,
            ordered_by=prescriber,
            ordered_at=one.signed_at,
        )
        for one, course in zip(clearances, courses, strict=True)
    )
    series = Series.objects.bulk_create(
        _series(clinic, site, order, course) for order, course in zip(orders, courses, strict=True)
    )
    StageRelease.objects.bulk_create(
        StageRelease(series=one, released_to=one.released_to, by=prescriber, at=past(one.made_at + timedelta(days=9)))
        for one in series
        if one.released_to > STAGE
    )
    visits = [visit for one, course in zip(series, courses, strict=True) for visit in _infusions(clinic, one, course)]
    _write_visits(clinic, site, visits)
    audit(Action.SIGN, "sign-decision", prescriber, clearances)
    audit(Action.CREATE, "lay out a series", clinic.desk(site.pk), series)


def write_talks(clinic: Clinic, site: Site, seats: Sequence[Seat], numbers: Iterator[int]) -> None:
    """A consultation for each seat, of people who are new; some missed or cancelled."""
    patients = write_patients(site, len(seats), numbers, accounts=False)
    visits = []
    for number, (who, seat) in enumerate(zip(patients, seats, strict=True), 1):
        visit = _visit(clinic, site, who, seat, Kind.CONSULTATION, 60)
        if number % EVERY_CANCELLED == 0:
            visit.status, visit.cancelled_why = Status.CANCELLED, "Asked for another day"
        elif visit.ends_at <= now():
            visit.status = Status.NOSHOW if number % EVERY_MISSED == 0 else Status.FULFILLED
            visit.finished_at = visit.ends_at if visit.status == Status.FULFILLED else None
        visits.append(visit)
    _write_visits(clinic, site, visits)


def _series(clinic: Clinic, site: Site, order: SeriesOrder, course: "Course") -> Series:
    """Released as far as its fulfilled visits allow; completed where all are."""
    done = sum(seat.start + timedelta(hours=2) <= now() for seat in course.seats)
    finished = done == len(course.seats)
    return Series(
        patient=order.clearance.patient,
        site=site,
        clearance=order.clearance,
        order=order,
        released_to=len(course.seats) if done >= REVIEW_AFTER else STAGE,
        status=Series.Status.COMPLETED if finished else Series.Status.OPEN,
        closed_at=course.seats[-1].start if finished else None,
        made_at=past(course.seats[0].start - timedelta(days=4)),
        made_by=clinic.desk(site.pk),
    )


def _infusions(clinic: Clinic, series: Series, course: "Course") -> Iterator[Appointment]:
    places = weekly_places([_day(seat) for seat in course.seats])
    for number, (seat, place) in enumerate(zip(course.seats, places, strict=True), 1):
        visit = _visit(clinic, series.site, series.patient, seat, Kind.INFUSION, 120)
        visit.series, visit.number, visit.weekly_place = series, number, place
        visit.escort_name, visit.escort_phone = series.patient.escort_name, str(series.patient.escort_phone)
        if number > series.released_to:
            visit.status = Status.HELD
        if visit.starts_at <= now():
            visit.arrived_at = visit.checked_in_at = visit.started_at = visit.starts_at
            visit.status = Status.CHECKED_IN
        if visit.ends_at <= now():
            visit.status, visit.finished_at = Status.FULFILLED, visit.ends_at
            visit.discharge = {"points": list(door.DISCHARGE), "by": str(clinic.nurse(series.site_id).pk)}
        yield visit


def _visit(clinic: Clinic, site: Site, who: Patient, seat: Seat, kind: Kind, minutes: int) -> Appointment:
    ends_at = seat.start + timedelta(minutes=minutes)
    whole = kind == Kind.CONSULTATION
    return Appointment(
        kind=kind,
        patient=who,
        site=site,
        zone=site.zone,
        room=seat.room,
        telehealth=seat.room is None,
        patient_state="CA" if seat.room is None else "",
        meeting_token="" if seat.room else f"demo-{who.pk.hex[:22]}",
        clinician=seat.clinician,
        lanes=NumericRange(0, None, "[)") if whole else NumericRange(seat.lane, seat.lane + 1, "[)"),
        starts_at=seat.start,
        ends_at=ends_at,
        room_free_at=ends_at + timedelta(minutes=seat.room.turnover_minutes) if seat.room else None,
        made_at=past(seat.start - timedelta(days=6)),
        made_by=clinic.desk(site.pk),
    )


def _write_visits(clinic: Clinic, site: Site, visits: Sequence[Appointment]) -> None:
    Appointment.objects.bulk_create(visits)
    audit(Action.CREATE, "book a visit", clinic.desk(site.pk), visits)
    done = [visit for visit in visits if visit.status == Status.FULFILLED]
    audit(Action.CHANGE, "complete", clinic.nurse(site.pk), done)
    with transaction.atomic():
        for visit in visits:
            if visit.status == Status.BOOKED:
                notify.reminders_only(visit)


def _day(seat: Seat) -> date:
    return seat.start.astimezone(ZONE).date()
