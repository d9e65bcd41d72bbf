"""Free starts: weekly hours + exceptions - closures - busy, at the site's wall clock (DESIGN.md 3).

A start is offered only if the site is open, and a room, a clinician lane and the patient are free, for the whole
visit; the room also for its turnover, which may run past closing time. Starts lie on the wall clock's grid, counted
from midnight: a time that does not exist in spring is not offered, and one that comes twice in autumn is offered once,
the first time.

Each resource's free time becomes sorted windows of possible starts, so that a start costs one bisection a resource.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from scheduling.domain.hours import MINUTES_A_DAY, Hours, open_intervals
from scheduling.domain.intervals import Interval, covers, subtract
from scheduling.domain.walltime import DAY, day_of, exists, opening, to_utc, wall_of
from scheduling.domain.windows import StartWindows, seconds

#: A half-open range of a clinician's lanes, as in the database's int4range.
Lanes = tuple[int, int]


@dataclass(frozen=True, slots=True)
class VisitShape:
    """What a visit needs. `all_lanes`: a consultation takes the clinician whole, an infusion one lane.

    `buffer`: how long its lanes stay free of another visit after it; as turnover, it may run past closing time.
    """

    length: timedelta
    turnover: timedelta = timedelta()
    buffer: timedelta = timedelta()
    all_lanes: bool = False
    needs_room: bool = True
    grid_minutes: int = 30

    def __post_init__(self) -> None:
        if self.length <= timedelta() or min(self.turnover, self.buffer) < timedelta() or self.grid_minutes < 1:
            raise ValueError("a visit has a length, no negative turnover or buffer, and a grid of a minute or more")


@dataclass(frozen=True, slots=True)
class Room:
    """A room with its busy times, each until the room is free again (`room_free_at`). `name` orders the choice.

    `turnover`: what this room needs after a visit, where it is not what the shape says.
    """

    id: str
    name: str
    busy: Sequence[Interval] = ()
    turnover: timedelta | None = None


@dataclass(frozen=True, slots=True)
class LaneUse:
    """Lanes [first, last) of a clinician, in use during `period`, the buffer after it included."""

    period: Interval
    lanes: Lanes


@dataclass(frozen=True, slots=True)
class Clinician:
    """A clinician with hours at this site, leave and visits elsewhere (`away`), and lanes in use."""

    id: str
    name: str
    hours: Hours
    lanes: int = 1
    away: Sequence[Interval] = ()
    in_use: Sequence[LaneUse] = ()


@dataclass(frozen=True, slots=True)
class Calendar:
    """One site's supply as the engine sees it. `closures` are whole-site; `rooms` and `clinicians` fit the visit."""

    zone: ZoneInfo
    hours: Hours
    closures: Sequence[Interval] = ()
    rooms: Sequence[Room] = ()
    clinicians: Sequence[Clinician] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """Starts on the days of [from_day, until_day), not before `not_before` (now + notice), in lists of this order.

    `prefer`, `prefer_room`: ids of a clinician and a room tried first. `patient_busy`: the patient's visits, all sites.
    """

    shape: VisitShape
    from_day: date
    until_day: date
    not_before: datetime | None = None
    patient_busy: Sequence[Interval] = ()
    prefer: str | None = None
    prefer_room: str | None = None


@dataclass(frozen=True, slots=True)
class FreeStart:
    """A start in UTC, with the room (its id; None where none is needed), the clinician (id) and the lanes to take."""

    start: datetime
    room: str | None
    clinician: str
    lanes: Lanes


def free_starts(calendar: Calendar, wanted: Wanted) -> list[FreeStart]:
    """Every free start, ascending, each once, with the first fitting clinician, lane and room by name."""
    return [next(iter(choices)) for choices in _choices(calendar, wanted)]


def free_choices(calendar: Calendar, wanted: Wanted) -> list[FreeStart]:
    """Every free start with every room and clinician that fit, the one of `free_starts` first; for the planner."""
    return [choice for choices in _choices(calendar, wanted) for choice in choices]


def choice_at(calendar: Calendar, wanted: Wanted, start: datetime) -> FreeStart | None:
    """What `free_starts` chooses at this very start on a grid of one minute; None where it is not offered.

    Every booking asks it under its locks: the intervals are looked at themselves, no windows made of a day of starts.
    """
    wall, shape = wall_of(start, calendar.zone).replace(fold=0), wanted.shape
    if wall.second or wall.microsecond or to_utc(wall, calendar.zone) != start:
        return None  # the second of two autumn times is never offered
    visit, days = Interval(start, start + shape.length), (wall.date(), wall.date() + 2 * DAY)
    if (wanted.not_before and start < wanted.not_before) or _meets(visit, wanted.patient_busy):
        return None
    if not covers(open_intervals(calendar.hours, calendar.zone, *days, calendar.closures), visit):
        return None
    rooms = [one.id for one in _rooms_by_choice(calendar, wanted) if not _meets(visit, _taken_of(one, shape))]
    if shape.needs_room and not rooms:
        return None
    for one in _by_choice(calendar.clinicians, wanted):
        if covers(open_intervals(one.hours, calendar.zone, *days, one.away), visit):
            lanes = next((lanes for lanes in _wide(one, shape) if not _meets(visit, _in_use(one, lanes, shape))), None)
            if lanes is not None:
                return FreeStart(start, rooms[0] if shape.needs_room else None, one.id, lanes)
    return None


def _meets(visit: Interval, taken: Iterable[Interval]) -> bool:
    return any(visit.overlaps(one) for one in taken)


def is_free(calendar: Calendar, wanted: Wanted, choice: FreeStart) -> bool:
    """Whether this very start, room, clinician and lanes are free; grid and range of days do not matter."""
    day = day_of(choice.start, calendar.zone)
    supply = _Supply.of(calendar, replace(wanted, from_day=day, until_day=day + DAY))
    at = seconds(choice.start)
    room = any(one.id == choice.room and one.starts.holds(at) for one in supply.rooms)
    lane = any(
        one.id == choice.clinician and lanes == choice.lanes and starts.holds(at)
        for one in supply.clinicians
        for lanes, starts in one.lanes
    )
    return room and lane and supply.site.holds(at) and supply.patient.holds(at)


@dataclass(frozen=True, slots=True)
class _RoomStarts:
    id: str | None
    starts: StartWindows


@dataclass(frozen=True, slots=True)
class _ClinicianStarts:
    id: str
    lanes: Sequence[tuple[Lanes, StartWindows]]


@dataclass(frozen=True, slots=True)
class _Supply:
    """Everything that must be free, as windows of starts; rooms by name, clinicians by preference and name."""

    site: StartWindows
    patient: StartWindows
    rooms: Sequence[_RoomStarts]
    clinicians: Sequence[_ClinicianStarts]

    @staticmethod
    def of(calendar: Calendar, wanted: Wanted) -> _Supply:
        shape, zone = wanted.shape, calendar.zone
        after = wanted.until_day + DAY  # a visit may run past the last midnight
        hours = open_intervals(calendar.hours, zone, wanted.from_day, after, calendar.closures)
        whole = _whole_range(calendar, wanted)
        return _Supply(
            site=StartWindows.of(_not_before(hours, wanted.not_before), shape.length),
            patient=StartWindows.of(subtract(whole, wanted.patient_busy), shape.length),
            rooms=_room_starts(calendar, wanted, whole),
            clinicians=[_clinician_starts(one, calendar, wanted) for one in _by_choice(calendar.clinicians, wanted)],
        )


def _whole_range(calendar: Calendar, wanted: Wanted) -> list[Interval]:
    """The days asked for, and as long after as a visit and its turnover can last."""
    if wanted.until_day <= wanted.from_day:
        return []
    start, end = opening(wanted.from_day, 0, calendar.zone), opening(wanted.until_day, 0, calendar.zone)
    return [Interval(start, end + wanted.shape.length + wanted.shape.turnover)]


def _not_before(free: Iterable[Interval], bound: datetime | None) -> list[Interval]:
    if bound is None:
        return list(free)
    return [Interval(max(one.start, bound), one.end) for one in free if one.end > bound]


def _room_starts(calendar: Calendar, wanted: Wanted, whole: Sequence[Interval]) -> list[_RoomStarts]:
    shape = wanted.shape
    if not shape.needs_room:
        return [_RoomStarts(None, StartWindows.of(whole, shape.length))]
    rooms = _rooms_by_choice(calendar, wanted)
    return [_RoomStarts(one.id, StartWindows.of(subtract(whole, _taken_of(one, shape)), shape.length)) for one in rooms]


def _rooms_by_choice(calendar: Calendar, wanted: Wanted) -> list[Room]:
    return sorted(calendar.rooms, key=lambda room: (room.id != wanted.prefer_room, room.name, room.id))


def _taken_of(room: Room, shape: VisitShape) -> Sequence[Interval]:
    """When no visit may fill the room, so that its turnover is over before the next one begins."""
    return _sooner(room.busy, shape.turnover if room.turnover is None else room.turnover)


def _sooner(busy: Sequence[Interval], lead: timedelta) -> Sequence[Interval]:
    """The same, each beginning earlier: what must end with `lead` to spare before them cannot run into them."""
    return [Interval(one.start - lead, one.end) for one in busy] if lead else busy


def _by_choice(clinicians: Iterable[Clinician], wanted: Wanted) -> list[Clinician]:
    return sorted(clinicians, key=lambda one: (one.id != wanted.prefer, one.name, one.id))


def _clinician_starts(clinician: Clinician, calendar: Calendar, wanted: Wanted) -> _ClinicianStarts:
    after = wanted.until_day + DAY
    shift = open_intervals(clinician.hours, calendar.zone, wanted.from_day, after, clinician.away)
    starts = [
        (lanes, StartWindows.of(subtract(shift, _in_use(clinician, lanes, wanted.shape)), wanted.shape.length))
        for lanes in _wide(clinician, wanted.shape)
    ]
    return _ClinicianStarts(clinician.id, starts)


def _wide(clinician: Clinician, shape: VisitShape) -> list[Lanes]:
    """The lanes that the visit may take: all of them, or any one."""
    return [(0, clinician.lanes)] if shape.all_lanes else [(lane, lane + 1) for lane in range(clinician.lanes)]


def _in_use(clinician: Clinician, lanes: Lanes, shape: VisitShape) -> Sequence[Interval]:
    """When these lanes cannot be had, so that the visit's buffer is over before the next one begins."""
    taken = [use.period for use in clinician.in_use if use.lanes[0] < lanes[1] and lanes[0] < use.lanes[1]]
    return _sooner(taken, shape.buffer)


def _choices(calendar: Calendar, wanted: Wanted) -> Iterator[list[FreeStart]]:
    """For each free start, ascending, its possible clinicians (first free lanes) and rooms."""
    supply = _Supply.of(calendar, wanted)
    for at in supply.patient.pick(_grid(calendar.zone, wanted, supply.site)):
        if found := _choices_at(supply, at):
            yield found


def _choices_at(supply: _Supply, at: int) -> list[FreeStart]:
    rooms = [room.id for room in supply.rooms if room.starts.holds(at)]
    if not rooms:
        return []
    start = datetime.fromtimestamp(at, UTC)
    return [FreeStart(start, room, clinician, lanes) for clinician, lanes in _staff_at(supply, at) for room in rooms]


def _staff_at(supply: _Supply, at: int) -> Iterator[tuple[str, Lanes]]:
    for clinician in supply.clinicians:
        lanes = next((lanes for lanes, starts in clinician.lanes if starts.holds(at)), None)
        if lanes is not None:
            yield clinician.id, lanes


def _grid(zone: ZoneInfo, wanted: Wanted, site: StartWindows) -> Iterator[int]:
    """The grid's instants inside the site's windows, ascending."""
    for offset in range(max((wanted.until_day - wanted.from_day).days, 0)):
        yield from site.pick(_grid_of(wanted.from_day + offset * DAY, zone, wanted.shape.grid_minutes))


def _grid_of(day: date, zone: ZoneInfo, minutes: int) -> Iterable[int]:
    """The grid of one day. Without a change of clocks it is a plain range; with one, each wall time is looked up."""
    midnight, next_midnight = opening(day, 0, zone), opening(day + DAY, 0, zone)
    if next_midnight - midnight == DAY and midnight.astimezone(zone).utcoffset() == _offset_at_noon(day, zone):
        return range(seconds(midnight), seconds(next_midnight), minutes * 60)
    walls = (datetime.combine(day, time()) + timedelta(minutes=m) for m in range(0, MINUTES_A_DAY, minutes))
    return sorted(seconds(to_utc(wall, zone)) for wall in walls if exists(wall, zone))


def _offset_at_noon(day: date, zone: ZoneInfo) -> timedelta | None:
    return opening(day, MINUTES_A_DAY // 2, zone).astimezone(zone).utcoffset()
