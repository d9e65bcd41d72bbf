"""Working hours at the wall clock: weekly hours, dated exceptions, closures; turned into instants."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

from scheduling.domain.intervals import Interval, normalise, subtract
from scheduling.domain.walltime import DAY, opening

MINUTES_A_DAY = 24 * 60

#: [from, until) at the wall clock. An `until` that is not after `from` is on the next day; 00:00 is midnight.
WallRange = tuple[time, time]


@dataclass(frozen=True, slots=True)
class Hours:
    """`weekly`: ranges by weekday, Monday 0. `exceptions`: ranges that replace the hours of a date; none = closed."""

    weekly: Mapping[int, Sequence[WallRange]] = field(default_factory=dict)
    exceptions: Mapping[date, Sequence[WallRange]] = field(default_factory=dict)

    def of(self, day: date) -> Sequence[WallRange]:
        """The ranges that start on `day`."""
        if day in self.exceptions:
            return self.exceptions[day]
        return self.weekly.get(day.weekday(), ())


def open_intervals(
    hours: Hours, zone: ZoneInfo, from_day: date, until_day: date, away: Iterable[Interval] = ()
) -> list[Interval]:
    """When `hours` are open on the days of [from_day, until_day), without `away` (closures, leave), normalised.

    A range of the day before that runs past midnight counts. Raises ValueError for a range that is empty.
    """
    days = ((until_day - from_day).days + 1) if until_day > from_day else 0
    found = [
        interval
        for offset in range(days)
        for day in (from_day - DAY + timedelta(days=offset),)
        for wall in hours.of(day)
        if (interval := _on(day, wall, zone)) is not None
    ]
    return subtract(normalise(found), away)


def _on(day: date, wall: WallRange, zone: ZoneInfo) -> Interval | None:
    """The instants of one range; None when the spring gap swallows it."""
    start, end = (_minutes(edge) for edge in wall)
    if start == end and start:
        raise ValueError("working hours end after they start")
    if end <= start:
        end += MINUTES_A_DAY
    opens, closes = opening(day, start, zone), opening(day, end, zone)
    return Interval(opens, closes) if opens < closes else None


def _minutes(edge: time) -> int:
    return edge.hour * 60 + edge.minute
