"""Free and lawful times for one patient's visit: what a form offers, and what a refusal offers instead."""

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from intake.models import BoosterOrder
from intake.queries.standing_bulk import standings
from pacificmind.accounts.models import Clinician
from pacificmind.clinic.models import Site
from pacificmind.clock import now
from scheduling.domain import errors, slots
from scheduling.domain.walltime import DAY, day_of
from scheduling.forms.desk import Choice
from scheduling.models import Appointment, Kind, Room, Series
from scheduling.models.appointment import TREATMENTS
from scheduling.queries import calendar
from scheduling.services import protocol

DAYS_BEFORE, DAYS_AFTER = 7, 15  # around the wanted day; clinic's setting
HALF_HOUR = 30  # minutes between the times of the move page: a quarter of an hour can be typed


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Whose visit, of what kind, where; `moved` is the visit that is being moved, if one is."""

    site: Site
    kind: str
    patient_id: uuid.UUID
    telehealth: bool = False
    series: Series | None = None
    order: BoosterOrder | None = None
    moved: Appointment | None = None
    clinician_id: uuid.UUID | None = None
    room_id: uuid.UUID | None = None

    @property
    def without(self) -> list[uuid.UUID]:
        """Visits that do not stand in the way."""
        return [self.moved.pk] if self.moved else []


def of_visit(visit: Appointment) -> Asked:
    """What a visit asks for when it is moved."""
    return Asked(
        site=visit.site,
        kind=visit.kind,
        patient_id=visit.patient_id,
        telehealth=visit.telehealth,
        series=visit.series,
        order=visit.booster_order,
        moved=visit,
    )


def nearest(asked: Asked, wanted: datetime | None, *, then_too: bool = False, most: int = 5) -> list[Choice]:
    """The free and lawful starts nearest to the wanted one, by time; with the clinician and room where named.

    `then_too`: the wanted start as well, elsewhere: it was refused because of the room or clinician alone.
    """
    around = max(wanted or now(), now())
    day = day_of(around, asked.site.tz)
    choices = _free(asked, day - DAYS_BEFORE * DAY, day + DAYS_AFTER * DAY)
    allowed = _lawful_days(asked)
    found: list[slots.FreeStart] = []
    for one in sorted(choices, key=lambda one: (abs((one.start - around).total_seconds()), one.start)):
        if (one.start == wanted and not then_too) or _as_it_is(asked.moved, one):
            continue
        if allowed(day_of(one.start, asked.site.tz)):
            found.append(one)
        if len(found) == most:
            break
    offered = [_choice(one) for one in sorted(found, key=lambda one: one.start)]
    return _elsewhere(asked.moved, offered) if asked.moved else offered


def instead(asked: Asked, wanted: datetime | None, *, then_too: bool = False) -> tuple[list[Choice], str]:
    """What a form shows after a refusal: the nearest times, or where there are none what forbids the wanted day."""
    near = nearest(asked, wanted, then_too=then_too)
    return near, "" if near else why_none(asked, wanted)


def _as_it_is(visit: Appointment | None, one: slots.FreeStart) -> bool:
    """Whether this is where the visit stands already."""
    here = visit and (visit.starts_at, str(visit.clinician_id), str(visit.room_id) if visit.room_id else None)
    return here == (one.start, one.clinician, one.room)


def _elsewhere(visit: Appointment, choices: Sequence[Choice], *, rooms_too: bool = True) -> list[Choice]:
    """The choices, each with what would change besides the time: nobody picks another clinician unawares."""
    others = {one.room_id for one in choices if one.room_id not in (None, visit.room_id)} if rooms_too else set()
    rooms = Room.objects.in_bulk(others)
    staff = Clinician.objects.select_related("user").in_bulk(
        {one.clinician_id for one in choices} - {visit.clinician_id}
    )

    def words(one: Choice) -> str:
        new = (rooms.get(one.room_id) if one.room_id else None, staff.get(one.clinician_id))
        return ", ".join(str(each) for each in new if each)

    return [replace(one, elsewhere=words(one)) for one in choices]


@dataclass(frozen=True)
class FreeDay:
    """A day with its free and lawful starts."""

    on: date
    choices: Sequence[Choice]


def by_day(asked: Asked, from_day: date, *, days: int = 7) -> list[FreeDay]:
    """The free and lawful starts of these days, every half hour; days without any are left out.

    For a visit that is moved each says who else would be there.
    """
    zone, lawful = asked.site.tz, _lawful_days(asked)
    offered: list[Choice] = []
    for one in _free(asked, from_day, from_day + days * DAY):
        wall = one.start.astimezone(zone)
        same = asked.moved is not None and one.start == asked.moved.starts_at
        if wall.minute % HALF_HOUR == 0 and not same and lawful(wall.date()):
            offered.append(_choice(one))
    found: dict[date, list[Choice]] = {}
    for choice in _elsewhere(asked.moved, offered, rooms_too=False) if asked.moved else offered:
        found.setdefault(day_of(choice.starts_at, zone), []).append(choice)
    return [FreeDay(on, choices) for on, choices in sorted(found.items())]


def _choice(one: slots.FreeStart) -> Choice:
    return Choice(one.start, uuid.UUID(one.clinician), uuid.UUID(one.room) if one.room else None)


def _free(asked: Asked, from_day: date, until_day: date) -> list[slots.FreeStart]:
    """Free starts, each once: with the named clinician and room where they are free at all, else with any."""
    today = day_of(now(), asked.site.tz)
    named = asked.clinician_id is not None or asked.room_id is not None
    starts = calendar.free_starts(
        asked.site,
        asked.kind,
        from_day=max(from_day, today),
        until_day=until_day,
        patient_id=asked.patient_id,
        telehealth=asked.telehealth,
        not_before=now() + timedelta(minutes=1),
        prefer=asked.clinician_id or (asked.moved.clinician_id if asked.moved else None),
        without=asked.without,
        every_choice=named,
    )
    return _once(_fitting(asked, starts)) or _once(starts)


def _fitting(asked: Asked, starts: Sequence[slots.FreeStart]) -> Iterable[slots.FreeStart]:
    """Those with the named clinician and room."""
    clinician = str(asked.clinician_id) if asked.clinician_id else None
    room = str(asked.room_id) if asked.room_id else None
    return [one for one in starts if clinician in (None, one.clinician) and room in (None, one.room)]


def _once(starts: Iterable[slots.FreeStart]) -> list[slots.FreeStart]:
    return list({one.start: one for one in reversed(list(starts))}.values())[::-1]


def why_none(asked: Asked, wanted: datetime | None) -> str:
    """What forbids a treatment on the wanted day whatever the room and the hour; empty where nothing does.

    Said where no time is found: that a room is taken sends nobody to look for another week in vain.
    """
    if wanted is None:
        return ""
    check, day = _law(asked), day_of(wanted, asked.site.tz)
    refused = _refusal(lambda: check(day))
    return refused.say if refused else ""


def _lawful_days(asked: Asked) -> Callable[[date], bool]:
    """Whether the protocol allows the visit on a day, each day asked once."""
    check = _law(asked)
    known: dict[date, bool] = {}

    def lawful(day: date) -> bool:
        if day not in known:
            known[day] = _refusal(lambda: check(day)) is None
        return known[day]

    return lawful


def _law(asked: Asked) -> Callable[[date], None]:
    """What raises BookingRefused for a day that the protocol forbids: the very checks of the booking."""
    if asked.kind not in TREATMENTS:
        return lambda day: None
    standing = standings([asked.patient_id])[asked.patient_id]
    before = protocol.series_days(asked.series, without=asked.without) if asked.series else None
    was = protocol.series_days(asked.series) if asked.series else None

    def check(day: date) -> None:
        later = asked.moved is not None and day > asked.moved.day  # later stays possible over an open alert (P7)
        if not standing.covers(on=day, site_id=asked.site.pk, kind=asked.kind) or (standing.urgent and not later):
            raise errors.NotCleared
        if asked.kind == Kind.INFUSION and asked.series is not None and before is not None:
            protocol.check_infusions(asked.series, before, [day], by=None, was=was)
        elif asked.order is not None:
            protocol.check_booster(asked.order, day, without=asked.without)

    return check


def _refusal(check: Callable[[], object]) -> errors.BookingRefused | None:
    try:
        check()
    except errors.BookingRefused as refused:
        return refused
    return None
