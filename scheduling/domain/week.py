"""A week of working hours as somebody writes it down: ranges on weekdays at the wall clock, several a day."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time
from zoneinfo import ZoneInfo

from scheduling.domain.hours import MINUTES_A_DAY, Hours, WallRange, open_intervals
from scheduling.domain.intervals import Interval, covers
from scheduling.domain.walltime import DAY, day_of

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True, order=True)
class Range:
    """From `starts` until `ends` on a weekday (Monday 0), half-open; at a site where that matters."""

    weekday: int
    starts: time
    ends: time
    site_id: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with the range at `index`, to be said beside `field` ("starts" or "ends")."""

    index: int
    field: str
    say: str


def problems(ranges: Sequence[Range]) -> list[Problem]:
    """Ranges that end before they start, or overlap another of the same day, at whichever site; in order of index.

    Of two that overlap, the one that starts later is told. An end of 00:00 is the midnight after the day.
    """
    found = []
    for index, one in enumerate(ranges):
        day = DAYS[one.weekday]
        if end_minutes(one.ends) <= minutes(one.starts):
            found.append(Problem(index, "ends", f"{day}: the end must come after the start."))
        elif any(_overlap(one, other) and (other, at) < (one, index) for at, other in enumerate(ranges) if at != index):
            found.append(Problem(index, "starts", f"{day}: this overlaps the hours before it."))
    return found


def minutes(start: time) -> int:
    """Minutes after midnight."""
    return start.hour * 60 + start.minute


def end_minutes(end: time) -> int:
    """Minutes after midnight at which something ends: 00:00 is the end of the day."""
    return minutes(end) or MINUTES_A_DAY


def _overlap(one: Range, other: Range) -> bool:
    return (
        one.weekday == other.weekday
        and minutes(one.starts) < end_minutes(other.ends)
        and minutes(other.starts) < end_minutes(one.ends)
    )


def holds(ranges: Sequence[Range], period: Interval, zone: ZoneInfo, *, site_id: str = "") -> bool:
    """Whether a week's hours at this site are open for the whole of a period, over midnight too."""
    weekly: dict[int, list[WallRange]] = defaultdict(list)
    for one in ranges:
        if one.site_id == site_id:
            weekly[one.weekday].append((one.starts, one.ends))
    day = day_of(period.start, zone)
    return covers(open_intervals(Hours(weekly), zone, day, day + 2 * DAY), period)
