"""Repair, the pure part: what is planned in the calendar's eyes, who goes where, what is nearest (DESIGN.md 4).

Fewest changes means the fewest visits whose time changes, or whose room or clinician changes although both are still
there. A visit that keeps its time and gets another room or clinician because its own is gone disturbs nobody's week.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TypeVar

from scheduling.domain.intervals import Interval
from scheduling.domain.planner import Candidate
from scheduling.domain.slots import Calendar, FreeStart, Lanes, LaneUse

Key = TypeVar("Key", bound=Hashable)
#: More lanes than any clinician has.
ALL_LANES: Lanes = (0, 10**6)


@dataclass(frozen=True, slots=True)
class Use:
    """A visit as the calendar sees it: its room until that is free again, its lanes until their buffer is over."""

    clinician: str
    lanes: Lanes
    visit: Interval
    room: str | None = None
    room_free_at: datetime | None = None
    buffer: timedelta = timedelta()


def with_uses(calendar: Calendar, uses: Iterable[Use]) -> Calendar:
    """The same calendar with these visits in it as well."""
    rooms: dict[str, list[Interval]] = {}
    staff: dict[str, list[LaneUse]] = {}
    for one in uses:
        if one.room is not None and one.room_free_at is not None:
            rooms.setdefault(one.room, []).append(Interval(one.visit.start, one.room_free_at))
        period = Interval(one.visit.start, one.visit.end + one.buffer)
        staff.setdefault(one.clinician, []).append(LaneUse(period, one.lanes))
    return replace(
        calendar,
        rooms=[replace(r, busy=[*r.busy, *rooms[r.id]]) if r.id in rooms else r for r in calendar.rooms],
        clinicians=[replace(c, in_use=[*c.in_use, *staff[c.id]]) if c.id in staff else c for c in calendar.clinicians],
    )


@dataclass(frozen=True, slots=True)
class Absence:
    """Who or what is not there for a time: a clinician, a room, or a whole site, by the id that calendars use."""

    gone: Interval
    clinician: str = ""
    room: str = ""
    site: str = ""

    def taken_from(self, calendar: Calendar, site: str) -> Calendar:
        """The calendar of a site without it."""
        if self.site == site:
            return replace(calendar, closures=[*calendar.closures, self.gone])
        room, until = (self.room, self.gone.end) if self.room else (None, None)
        return with_uses(calendar, [Use(self.clinician, ALL_LANES, self.gone, room, until)])


def planned_candidates(
    kept: Iterable[Candidate], hit: Iterable[datetime], candidates: Sequence[Candidate]
) -> tuple[list[Candidate], list[Candidate]]:
    """What counts as planned before, and all candidates with it: the visits that stand, and, for those that are hit,
    every candidate at their very time. A visit that stands may stay where it is, whatever the grid or wishes say."""
    standing = list(kept)
    times = set(hit)
    instead = [one for one in candidates if one.start in times]
    have = set(candidates)
    return [*standing, *instead], [*candidates, *(one for one in standing if one not in have)]


def assign(now: Mapping[Key, Candidate], chosen: Sequence[Candidate]) -> list[tuple[Key | None, Candidate]]:
    """Which visit takes which of the chosen places, by time; None is a visit that is to be made.

    A visit whose very place was chosen keeps it, then one whose time was, then one whose day was; the others follow by
    date. Places past the number of visits go to new ones, the latest first.
    """
    left, free = dict(now), list(range(len(chosen)))
    taken: dict[int, Key] = {}
    sames: tuple[Callable[[Candidate, Candidate], bool], ...] = (
        lambda a, b: a == b,
        lambda a, b: a.start == b.start,
        lambda a, b: a.start.date() == b.start.date(),
    )
    for same in sames:
        for index in list(free):
            found = next((key for key, one in left.items() if same(one, chosen[index])), None)
            if found is not None:
                taken[index] = found
                del left[found]
                free.remove(index)
    for index, key in zip(free, sorted(left, key=lambda key: left[key].start), strict=False):
        taken[index] = key
    return [(taken.get(index), one) for index, one in enumerate(chosen)]


def nearest(starts: Iterable[FreeStart], *, to: datetime, clinician: str, room: str | None) -> FreeStart | None:
    """The free start for a visit that has to go: with the same clinician first, then nearest, then in its room."""

    def far(one: FreeStart) -> tuple[bool, timedelta, datetime, bool]:
        return (one.clinician != clinician, abs(one.start - to), one.start, one.room != room)

    return min(starts, key=far, default=None)


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range of days."""

    first: date
    end: date

    def days(self) -> list[date]:
        """Its days."""
        return [self.first + timedelta(days=n) for n in range((self.end - self.first).days)]
