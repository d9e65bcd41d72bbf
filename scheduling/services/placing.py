"""Where and when a visit can go: locks, place, notice; and what staff may override with a reason.

An override lets a visit lie outside the hours or closer than its notice. It still needs a room, a lane, and a clinician
who works at the site that day; closures, leave and the law have none.
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from psycopg2.extras import NumericRange

from pacificmind.accounts.models import User
from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from pacificmind.clinic.models import ClinicSettings, Site
from pacificmind.clock import now
from scheduling.domain import errors, slots
from scheduling.domain.hours import Hours
from scheduling.domain.intervals import Interval
from scheduling.domain.walltime import DAY, day_of
from scheduling.models import Appointment, Override, VisitType
from scheduling.queries import calendar
from scheduling.services.locks import lock

ALL_DAY = [(time(), time())]


@dataclass(frozen=True, kw_only=True)
class Wish:
    """A visit somebody wants: with a room or clinician named, or whichever is free.

    `override_reason`: why staff place it outside the hours or at short notice, where they must.
    """

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
    override_reason: str = ""


@dataclass(frozen=True)
class Place:
    """Where a visit goes: the clinician, the lanes, the room and the time it needs after it.

    `outside_hours` where a reason was needed for it.
    """

    clinician_id: uuid.UUID
    lanes: NumericRange
    room_id: uuid.UUID | None
    turnover: timedelta
    outside_hours: bool = False


def lock_supply(
    site_id: str,
    kind: str,
    *,
    patients: Iterable[uuid.UUID],
    also: Iterable[Appointment] = (),
    clinician_id: uuid.UUID | None = None,
    room_id: uuid.UUID | None = None,
) -> None:
    """Lock the patients, and the clinician and room that are named, or else every one that could hold the visit.

    Two bookings that name different places do not wait for one another.
    """
    clinicians = {clinician_id} if clinician_id else {one.pk for one in calendar.staff_of(site_id, kind)}
    rooms = {room_id} if room_id else {one.pk for one in calendar.places_of(site_id, kind)}
    for visit in also:
        clinicians.add(visit.clinician_id)
        if visit.room_id is not None:
            rooms.add(visit.room_id)
    lock(patients=set(patients), clinicians=clinicians, rooms=rooms)


@dataclass(frozen=True)
class Supply:
    """What could hold a kind of visit at a site on some days, as it was read under the locks."""

    site: Site
    kind: VisitType
    free: slots.Calendar
    patient_busy: Sequence[Interval]

    def place(self, wish: Wish, *, stays: Appointment | None = None) -> Place:
        """A clinician's lane and a room free for the whole visit, the named ones where named; or say what is not.

        `stays`: a visit that is moved, whose clinician and room are kept where they are free and no other is named.
        """
        start = wish.starts_at.astimezone(UTC)
        day = day_of(start, self.site.tz)
        named = replace(
            self.free,
            rooms=[one for one in self.free.rooms if wish.room_id is None or one.id == str(wish.room_id)],
            clinicians=[
                one for one in self.free.clinicians if wish.clinician_id is None or one.id == str(wish.clinician_id)
            ],
        )
        here = slots.Wanted(
            shape=calendar.shape_of(self.kind, telehealth=wish.telehealth, grid=1),
            from_day=day,
            until_day=day + DAY,
            patient_busy=self.patient_busy,
            prefer=str(stays.clinician_id) if stays else None,
            prefer_room=str(stays.room_id) if stays else None,
        )
        choice, outside = _choose(named, here, start, reason=wish.override_reason)
        room = next((one for one in named.rooms if one.id == choice.room), None)
        return Place(
            clinician_id=uuid.UUID(choice.clinician),
            lanes=NumericRange(*choice.lanes, "[)"),
            room_id=uuid.UUID(room.id) if room else None,
            turnover=room.turnover or timedelta() if room else timedelta(),
            outside_hours=outside,
        )


def supply_of(
    site: Site,
    kind: str,
    *,
    days: Sequence[date],
    patient_id: uuid.UUID,
    without: Iterable[uuid.UUID] = (),
    without_offers: Iterable[uuid.UUID] = (),
    clinician_id: uuid.UUID | None = None,
    room_id: uuid.UUID | None = None,
) -> Supply:
    """Everything from the first to the last of the days, read once; of the clinician and room alone that are named."""
    types = calendar.visit_types()
    free, busy = calendar.supply_for(
        site,
        kind,
        patient_id,
        from_day=min(days),
        until_day=max(days) + DAY,
        without=without,
        without_offers=without_offers,
        clinicians=[clinician_id] if clinician_id else None,
        rooms=[room_id] if room_id else None,
        types=types,
    )
    return Supply(site, types[kind], free, busy)


def find_place(
    site: Site,
    wish: Wish,
    *,
    patient_id: uuid.UUID,
    without: Iterable[uuid.UUID] = (),
    without_offers: Iterable[uuid.UUID] = (),
    stays: Appointment | None = None,
) -> Place:
    """The place of one visit: see `Supply.place`."""
    found = supply_of(
        site,
        wish.kind,
        days=[day_of(wish.starts_at, site.tz)],
        patient_id=patient_id,
        without=without,
        without_offers=without_offers,
        clinician_id=wish.clinician_id,
        room_id=wish.room_id,
    )
    return found.place(wish, stays=stays)


def _choose(
    supply: slots.Calendar, here: slots.Wanted, start: datetime, *, reason: str
) -> tuple[slots.FreeStart, bool]:
    """What is free at this start, and whether it took the reason to override the hours; or raise what is not."""
    if choice := slots.choice_at(supply, here, start):
        return choice, False
    refusal = _why_not(supply, here, start)
    if not (refusal.overridable and reason):
        raise refusal
    if choice := slots.choice_at(_whatever_the_hours(supply, day_of(start, supply.zone)), here, start):
        return choice, True
    raise errors.SlotTaken


def _why_not(supply: slots.Calendar, here: slots.Wanted, start: datetime) -> errors.BookingRefused:
    """Which of patient, room and clinician, hours, or closure and leave stands in the way, in this order."""
    end = start + here.shape.length
    if any(one.start < end and start < one.end for one in here.patient_busy):
        return errors.PatientBusy()
    if here.shape.needs_room and not supply.rooms:
        return errors.BookingRefused("No room here can hold this visit. Choose another room, or ask a manager.")
    if not supply.clinicians:  # another time would not help
        return errors.BookingRefused("No clinician here can hold this visit. Choose another one, or ask a manager.")
    empty = replace(
        supply,
        rooms=[replace(room, busy=()) for room in supply.rooms],
        clinicians=[replace(one, in_use=()) for one in supply.clinicians],
    )
    if slots.choice_at(empty, here, start):
        return errors.SlotTaken()
    if slots.choice_at(_whatever_the_hours(empty, day_of(start, supply.zone)), here, start):
        return errors.OutsideHours()
    return errors.NobodyThere()


def _whatever_the_hours(supply: slots.Calendar, day: date) -> slots.Calendar:
    """The same day as if the site were open around the clock, and all who work here that day as long."""
    always = Hours(weekly=dict.fromkeys(range(7), ALL_DAY))
    there = [replace(one, hours=always) for one in supply.clinicians if one.hours.of(day)]
    return replace(supply, hours=always, clinicians=there)


def columns(site: Site, wish: Wish, place: Place) -> dict[str, object]:
    """The columns that say where and when."""
    found = calendar.visit_type(wish.kind)
    ends_at = wish.starts_at + timedelta(minutes=found.minutes)
    return {
        "kind": wish.kind,
        "telehealth": wish.telehealth,
        "site": site,
        "zone": site.zone,
        "room_id": place.room_id,
        "clinician_id": place.clinician_id,
        "lanes": place.lanes,
        "starts_at": wish.starts_at,
        "ends_at": ends_at,
        "room_free_at": ends_at + place.turnover if place.room_id else None,
        "patient_state": wish.patient_state[:2],
        "fallback_phone": wish.fallback_phone[:40],
    }


def in_time(starts_at: datetime, *, as_patient: bool, kind: str = "", override_reason: str = "") -> bool:
    """Whether a reason was needed: staff may go below the notice of this kind of visit with one, patients may not.

    Nothing is booked into the past, nor beyond the horizon of its kind; for patients the clinic's own hold as well.
    """
    if starts_at < now():
        raise errors.InThePast
    found = calendar.visit_type(kind) if kind else VisitType()
    if starts_at > now() + timedelta(days=calendar.horizon_of(found, as_patient=as_patient) + 1):
        raise errors.TooFarAhead
    if starts_at >= calendar.earliest_start(found, as_patient=as_patient):
        return False
    if as_patient or not override_reason:
        raise errors.TooShortNotice
    return True


def within_notice(visit: Appointment) -> None:
    """A patient moves or cancels up to the clinic's notice; after it, by calling."""
    notice = timedelta(hours=ClinicSettings.current().notice_hours)
    if visit.starts_at - now() < notice:
        raise errors.TooShortNotice(
            say_patient=f"Your visit is less than {notice // timedelta(hours=1)} hours away. Please call us about it."
        )


def heard(by: User | None, wish: Wish, *, as_patient: bool) -> Wish:
    """The wish without a reason to override, where it does not come from staff."""
    reason = wish.override_reason.strip()
    return replace(wish, override_reason="" if as_patient or by is None else reason)


def keep_override(by: User | None, visit: Appointment, reason: str, *, outside_hours: bool, short_notice: bool) -> None:
    """Keep what was allowed beyond the ordinary, with who and why; nothing where nothing was."""
    rules = [Override.Rule.OUTSIDE_HOURS] * outside_hours + [Override.Rule.SHORT_NOTICE] * short_notice
    if by is None or not rules:
        return
    made = Override.objects.bulk_create(
        Override(visit=visit, rule=rule, starts_at=visit.starts_at, reason=reason[:300], by=by) for rule in rules
    )
    changes = {"rules": [rule.value for rule in rules], "overrides": [one.pk for one in made]}
    record(
        Action.CHANGE, "override hours or notice", by=by, subject=visit, patient_id=visit.patient_id, changes=changes
    )
