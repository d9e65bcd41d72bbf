"""Book, move and cancel a visit. Every door leads here: patient pages, front desk, series, imports.

Lock patient, then clinicians, then rooms; read again; ask the domain; write; audit; owe messages; commit.
"""

import secrets
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.core.exceptions import PermissionDenied
from psycopg2.extras import NumericRange

from intake.models import BoosterOrder, Patient
from intake.services.inbox import mark_booked
from pacificmind.accounts.models import Clinician, User
from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from pacificmind.clinic.models import ClinicSettings, Site
from pacificmind.clock import now
from pacificmind.idempotency.services import once
from scheduling.domain import errors, slots
from scheduling.domain.walltime import day_of
from scheduling.models import Appointment, Kind, Room, Series, Status
from scheduling.models.appointment import TREATMENTS
from scheduling.queries import calendar
from scheduling.services import authority, notify, protocol
from scheduling.services.locks import booking, law_checked_at_the_end, lock

MOVABLE = (Status.HELD, Status.BOOKED)


@dataclass(frozen=True, kw_only=True)
class Wish:
    """A visit somebody wants: with a room or clinician named, or whichever is free."""

    patient_id: uuid.UUID
    kind: str
    site_id: str
    starts_at: datetime
    clinician_id: uuid.UUID | None = None
    room_id: uuid.UUID | None = None
    telehealth: bool = False
    series_id: uuid.UUID | None = None
    booster_order_id: uuid.UUID | None = None
    patient_state: str = ""
    fallback_phone: str = ""
    deviation_reason: str = ""


@dataclass(frozen=True)
class Place:
    """Where a visit goes: the clinician, the lanes, the room."""

    clinician: Clinician
    lanes: NumericRange
    room: Room | None


def book(*, by: User | None, wish: Wish, request_id: uuid.UUID | None = None) -> Appointment:
    """Book one visit and return it; the same request again returns the same visit.

    Raises a BookingRefused that says why in words, PermissionDenied for what `by` may not do.
    """
    with booking(), once(request_id, user_id=by.pk if by else None, intent="book", asked=vars(wish)) as request:
        if request.repeated:
            return Appointment.objects.get(pk=request.result["visit"])
        authority.may_book(by, patient_id=wish.patient_id, site_id=wish.site_id, kind=wish.kind)
        site = Site.objects.get(pk=wish.site_id)
        lock_supply([site], wish.kind, patients=[wish.patient_id])
        patient = Patient.objects.get(pk=wish.patient_id)
        _open_record(patient)
        in_time(wish.starts_at, as_patient=authority.as_patient(by, patient.pk, site.pk))
        if wish.telehealth:
            _licensed_there(wish, site)
        visit = write_visit(by=by, patient=patient, site=site, wish=wish)
        request.result = {"visit": str(visit.pk)}
        record(Action.CREATE, "book a visit", by=by, subject=visit, patient_id=patient.pk)
        if visit.kind == Kind.CONSULTATION:
            mark_booked(patient_id=patient.pk, by=by)
        notify.visit_booked(visit)
    return visit


def write_visit(*, by: User | None, patient: Patient, site: Site, wish: Wish) -> Appointment:
    """Check and insert one visit, inside the caller's transaction and under its locks."""
    place = find_place(site, wish, patient_id=patient.pk)
    day = day_of(wish.starts_at, site.tz)
    series, order, ok, number = None, None, True, 0
    if wish.kind in TREATMENTS:
        ok = protocol.needs_standing(patient, on=day, site_id=site.pk, kind=wish.kind)
    if wish.kind == Kind.INFUSION:
        series = _open_series(wish.series_id, patient)
        before = protocol.series_days(series)
        if not before.days:
            protocol.rest_between_series(patient.pk, day)
        protocol.check_infusions(series, before, [day], by=by, deviation_reason=wish.deviation_reason)
        number = 1 + sum(one < day for one in before.days)
    elif wish.kind == Kind.BOOSTER:
        order = BoosterOrder.objects.get(pk=wish.booster_order_id or uuid.UUID(int=0), patient=patient)
        reevaluation = protocol.check_booster(order, day)
    visit = Appointment(
        **columns(site, wish, place),
        patient=patient,
        series=series,
        booster_order=order,
        number=number or None,
        weekly_place=0 if wish.kind in TREATMENTS else None,
        status=protocol.status_for(wish.kind, standing_ok=ok, number=number, series=series),
        made_by=by,
        escort_name=patient.escort_name if wish.kind in TREATMENTS else "",
        escort_phone=str(patient.escort_phone or "") if wish.kind in TREATMENTS else "",
        meeting_token=secrets.token_urlsafe(16) if wish.telehealth else "",
    )
    if wish.kind not in TREATMENTS:
        visit.save(force_insert=True)
        return visit
    with law_checked_at_the_end():
        visit.save(force_insert=True)
        protocol.settle(patient.pk, series)
    if order is not None:
        reevaluation.used_by = visit.pk
        reevaluation.save(update_fields=["used_by"])
    if series is not None:
        _align(series)
    visit.refresh_from_db()
    return visit


def _align(series: Series) -> None:
    """Numbers have shifted: what now lies past the review point is held again."""
    from scheduling.services.series import align_stage

    align_stage(series)


def move(
    *,
    by: User | None,
    visit_id: uuid.UUID,
    version: int,
    starts_at: datetime,
    clinician_id: uuid.UUID | None = None,
    room_id: uuid.UUID | None = None,
    deviation_reason: str = "",
    request_id: uuid.UUID | None = None,
) -> Appointment:
    """Move a visit to another start, clinician or room. Stale unless it still has this `version`."""
    asked = {"visit": visit_id, "version": version, "at": starts_at, "who": clinician_id, "where": room_id}
    with booking(), once(request_id, user_id=by.pk if by else None, intent="move", asked=asked) as request:
        if request.repeated:
            return Appointment.objects.get(pk=visit_id)
        seen = Appointment.objects.select_related("site").get(pk=visit_id)
        authority.may_change(by, seen)
        lock_supply([seen.site], seen.kind, patients=[seen.patient_id], also=[seen])
        visit = _current(visit_id, version)
        as_patient = authority.as_patient(by, visit.patient_id, visit.site_id)
        if as_patient:
            within_notice(visit)
        in_time(starts_at, as_patient=as_patient)
        wish = Wish(
            patient_id=visit.patient_id,
            kind=visit.kind,
            site_id=visit.site_id,
            starts_at=starts_at,
            clinician_id=clinician_id,
            room_id=room_id,
            telehealth=visit.telehealth,
            series_id=visit.series_id,
            booster_order_id=visit.booster_order_id,
            patient_state=visit.patient_state,
            fallback_phone=visit.fallback_phone,
            deviation_reason=deviation_reason,
        )
        _rewrite(by, visit, wish, as_patient=as_patient)
        record(
            Action.CHANGE,
            "move a visit",
            by=by,
            subject=visit,
            patient_id=visit.patient_id,
            changes={"fields": ["starts_at", "clinician", "room"]},
        )
        notify.visit_moved(visit)
    return visit


def _rewrite(by: User | None, visit: Appointment, wish: Wish, *, as_patient: bool) -> None:
    """Check and write the new place of a visit that exists."""
    place = find_place(visit.site, wish, patient_id=visit.patient_id, without=[visit.pk])
    later = wish.starts_at > visit.starts_at
    day = day_of(wish.starts_at, visit.site.tz)
    for name, value in columns(visit.site, wish, place).items():
        setattr(visit, name, value)
    if visit.kind in TREATMENTS:
        ok = protocol.needs_standing(visit.patient, on=day, site_id=visit.site_id, kind=visit.kind, moved_later=later)
        number = visit.number or 0
        if visit.series is not None:
            before = protocol.series_days(visit.series, without=[visit.pk])
            protocol.check_infusions(visit.series, before, [day], by=by, deviation_reason=wish.deviation_reason)
            number = 1 + sum(one < day for one in before.days)
            crosses = (number <= visit.series.released_to) != ((visit.number or 0) <= visit.series.released_to)
            if as_patient and crosses:
                raise errors.ReviewNeeded
        elif visit.booster_order is not None:
            protocol.check_booster(visit.booster_order, day, without=[visit.pk])
        visit.status = protocol.status_for(visit.kind, standing_ok=ok, number=number, series=visit.series)
    visit.version += 1
    written = ["starts_at", "ends_at", "room_free_at", "room", "clinician", "lanes", "status", "version"]
    with law_checked_at_the_end():
        visit.save(update_fields=written)
        if visit.kind in TREATMENTS:
            protocol.settle(visit.patient_id, visit.series)
    if visit.series is not None:
        _align(visit.series)
    visit.refresh_from_db()


def cancel(
    *, by: User | None, visit_id: uuid.UUID, version: int, why: str, request_id: uuid.UUID | None = None
) -> Appointment:
    """Cancel a visit: its room, lane and place are free again, its messages void, its series told."""
    asked = {"visit": visit_id, "version": version, "why": why}
    with booking(), once(request_id, user_id=by.pk if by else None, intent="cancel", asked=asked) as request:
        if request.repeated:
            return Appointment.objects.get(pk=visit_id)
        seen = Appointment.objects.get(pk=visit_id)
        authority.may_change(by, seen)
        lock(patients=[seen.patient_id])
        visit = _current(visit_id, version, among=(*MOVABLE, Status.ARRIVED))
        if authority.as_patient(by, visit.patient_id, visit.site_id):
            within_notice(visit)
        free_up(visit, Status.CANCELLED, why=why)
        record(
            Action.CHANGE,
            "cancel a visit",
            by=by,
            subject=visit,
            patient_id=visit.patient_id,
            changes={"status": "cancelled"},
        )
        notify.visit_cancelled(visit)
    return visit


def free_up(visit: Appointment, status: Status, *, why: str = "") -> None:
    """Take a visit out of the active ones, under the caller's lock on the patient."""
    from scheduling.services import deviations, series

    series_before = protocol.series_days(visit.series) if visit.series is not None else None
    visit.status, visit.cancelled_why = status, why.strip()[:200]
    visit.version += 1
    with law_checked_at_the_end():
        visit.save(update_fields=["status", "cancelled_why", "version"])
        if visit.kind in TREATMENTS:
            protocol.settle(visit.patient_id, visit.series)
    if visit.series is not None and series_before is not None:
        deviations.record_unplanned(visit.series, series_before, status=status)
        series.align_stage(visit.series)
    if visit.booster_order is not None:
        visit.booster_order.reevaluations.filter(used_by=visit.pk).update(used_by=None)


def lock_supply(
    sites: Sequence[Site], kind: str, *, patients: Iterable[uuid.UUID], also: Iterable[Appointment] = ()
) -> None:
    """Lock the patients and every clinician and room that could hold this kind of visit at the sites."""
    clinicians = {c.pk for site in sites for c in calendar.clinicians_for(site, kind)}
    rooms = {r.pk for site in sites for r in calendar.rooms_for(site, kind)}
    for visit in also:
        clinicians.add(visit.clinician_id)
        if visit.room_id is not None:
            rooms.add(visit.room_id)
    lock(patients=set(patients), clinicians=clinicians, rooms=rooms)


def find_place(site: Site, wish: Wish, *, patient_id: uuid.UUID, without: Iterable[uuid.UUID] = ()) -> Place:
    """A clinician's lane and a room free for the whole visit, the named ones where named; or say what is not."""
    without = list(without)
    staff = [c for c in calendar.clinicians_for(site, wish.kind) if wish.clinician_id in (None, c.pk)]
    rooms = [r for r in calendar.rooms_for(site, wish.kind) if wish.room_id in (None, r.pk)]
    start = wish.starts_at.astimezone(UTC)
    day = day_of(start, site.tz)
    shape = calendar.shape_of(
        wish.kind, telehealth=wish.telehealth, grid=1, turnover=min((r.turnover_minutes for r in rooms), default=0)
    )
    supply = calendar.calendar_of(
        site, wish.kind, from_day=day, until_day=day + timedelta(days=1), without=without, clinicians=staff, rooms=rooms
    )
    busy = calendar.patient_busy(
        patient_id, from_day=day, until_day=day + timedelta(days=1), zone=site.tz, without=without
    )
    here = slots.Wanted(
        shape=shape, from_day=day, until_day=day + timedelta(days=1), not_before=start, patient_busy=busy
    )
    choice = next((one for one in slots.free_starts(supply, here) if one.start == start), None)
    if choice is None:
        raise _why_not(supply, here, start, shape)
    return Place(
        clinician=next(c for c in staff if str(c.pk) == choice.clinician),
        lanes=NumericRange(*choice.lanes, "[)"),
        room=next((r for r in rooms if str(r.pk) == choice.room), None),
    )


def _why_not(
    supply: slots.Calendar, here: slots.Wanted, start: datetime, shape: slots.VisitShape
) -> errors.BookingRefused:
    """Which of patient, hours, or room and clinician stands in the way, in this order."""
    end = start + shape.length
    if any(one.start < end and start < one.end for one in here.patient_busy):
        return errors.PatientBusy()
    empty = slots.Calendar(
        zone=supply.zone,
        hours=supply.hours,
        closures=supply.closures,
        rooms=[slots.Room(id=room.id, name=room.name) for room in supply.rooms],
        clinicians=[
            slots.Clinician(id=c.id, name=c.name, hours=c.hours, lanes=c.lanes, away=c.away) for c in supply.clinicians
        ],
    )
    if any(one.start == start for one in slots.free_starts(empty, here)):
        return errors.SlotTaken()
    return errors.OutsideHours()


def columns(site: Site, wish: Wish, place: Place) -> dict[str, object]:
    """The columns that say where and when."""
    ends_at = wish.starts_at + timedelta(minutes=calendar.visit_type(wish.kind).minutes)
    free_at = ends_at + timedelta(minutes=place.room.turnover_minutes) if place.room else None
    return {
        "kind": wish.kind,
        "telehealth": wish.telehealth,
        "site": site,
        "zone": site.zone,
        "room": place.room,
        "clinician": place.clinician,
        "lanes": place.lanes,
        "starts_at": wish.starts_at,
        "ends_at": ends_at,
        "room_free_at": free_at,
        "patient_state": wish.patient_state[:2],
        "fallback_phone": wish.fallback_phone[:40],
    }


def _current(visit_id: uuid.UUID, version: int, *, among: Iterable[str] = MOVABLE) -> Appointment:
    """The visit as it is now, under the lock; Stale when it is not the one that was seen or can no longer change."""
    visit = (
        Appointment.objects.select_related("patient", "site", "series__order", "series__site", "booster_order", "room")
        .select_for_update(of=("self",), no_key=True)
        .get(pk=visit_id)
    )
    if visit.version != version or visit.status not in among:
        raise errors.Stale
    return visit


def within_notice(visit: Appointment) -> None:
    """A patient moves or cancels up to the clinic's notice; after it, by calling."""
    notice = timedelta(hours=ClinicSettings.current().notice_hours)
    if visit.starts_at - now() < notice:
        raise errors.TooShortNotice(
            say_patient=f"Your visit is less than {notice // timedelta(hours=1)} hours away. Please call us about it."
        )


def in_time(starts_at: datetime, *, as_patient: bool) -> None:
    """Nothing is booked into the past; patients book within the clinic's notice and horizon."""
    clinic = ClinicSettings.current()
    notice = timedelta(hours=clinic.notice_hours) if as_patient else timedelta()
    if starts_at < now() and not as_patient:
        raise errors.TooShortNotice("This time lies in the past. Choose a later one.")
    if starts_at < now() + notice:
        raise errors.TooShortNotice
    if as_patient and starts_at > now() + timedelta(days=clinic.horizon_days + 1):
        raise errors.OutsideHours


def _licensed_there(wish: Wish, site: Site) -> None:
    """A video visit needs the state where the patient will be: clinicians treat where they are licensed."""
    if wish.patient_state.upper() != site.state:
        say = f"A video visit is possible only while the patient is in {site.state}."
        raise errors.BookingRefused(say, say_patient=f"For a video visit you need to be in {site.state} at that time.")


def _open_record(patient: Patient) -> None:
    if patient.status != Patient.Status.ACTIVE:
        raise errors.BookingRefused("This patient's record is closed. Open it again before booking.")


def _open_series(series_id: uuid.UUID | None, patient: Patient) -> Series:
    series = (
        Series.objects.select_related("order", "site").filter(pk=series_id or uuid.UUID(int=0), patient=patient).first()
    )
    if series is None:
        raise PermissionDenied
    if series.status != Series.Status.OPEN:
        raise errors.SeriesFull("This series is closed. A new one needs a new order.")
    return series
