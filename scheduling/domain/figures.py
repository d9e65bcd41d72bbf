"""The arithmetic of the reports: months, minutes by hour of the wall clock, percentiles, figures too small to tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil
from zoneinfo import ZoneInfo

from scheduling.domain.intervals import Interval
from scheduling.domain.walltime import opening, wall_of

FEWEST = 5  # a count below it is not told where it says why, or for how long, somebody was treated


@dataclass(frozen=True, slots=True)
class Span:
    """Whole months: the days [first, until)."""

    first: date
    until: date

    def __post_init__(self) -> None:
        if self.first.day != 1 or self.until.day != 1 or self.until <= self.first:
            raise ValueError("a span holds whole months")

    def instants(self, zone: ZoneInfo) -> Interval:
        """From the first midnight of the span in `zone` to the one after its last day."""
        return Interval(opening(self.first, 0, zone), opening(self.until, 0, zone))


def month_after(month: date, months: int = 1) -> date:
    """The first day of the month that many months later (or earlier)."""
    place = month.year * 12 + month.month - 1 + months
    return date(place // 12, place % 12 + 1, 1)


def minutes_by_hour(intervals: Iterable[Interval], zone: ZoneInfo) -> Counter[int]:
    """Minutes that lie in each hour of the wall clock, 0 to 23, over all days.

    On the autumn day the hour that comes twice has 120 minutes, on the spring day the one that is skipped has none.
    """
    found: Counter[int] = Counter()
    for interval in intervals:
        at = interval.start
        while at < interval.end:
            wall = wall_of(at, zone)
            until = min(opening(wall.date(), (wall.hour + 1) * 60, zone), interval.end)
            found[wall.hour] += (until - at) // timedelta(minutes=1)
            at = until
    return found


def percent(part: float, whole: float) -> float | None:
    """`part` of `whole` in hundredths; None of nothing."""
    return 100 * part / whole if whole else None


def percentile(values: Sequence[int], rank: int) -> int | None:
    """The nearest-rank percentile: the least value that at least `rank` in a hundred do not exceed; None of nothing."""
    if not 0 < rank <= 100:
        raise ValueError("a percentile lies between 1 and 100")
    return sorted(values)[ceil(len(values) * rank / 100) - 1] if values else None


def sum_may_be_told(parts: Sequence[int], fewest: int = FEWEST) -> bool:
    """Whether the sum of parts may be told, of which those from 1 to below `fewest` are not.

    Whoever takes the told ones from the sum is left with those that are not: together they must be as many themselves.
    """
    hidden = sum(part for part in parts if 0 < part < fewest)
    return hidden == 0 or hidden >= fewest


def told(counts: Sequence[int]) -> list[int | None]:
    """The counts of the parts of a total that is told as well; None for each that must not be.

    Every count below FEWEST is withheld, nought included, unless all of these are nought: that tells of nobody. One
    alone could be worked out from the total, so the least of the others is withheld beside it. Of four parts or more
    nothing can then be worked out, not even by somebody who knows this rule.
    """
    hidden = {place for place, count in enumerate(counts) if count < FEWEST}
    if not any(counts[place] for place in hidden):
        return list(counts)
    others = [(count, place) for place, count in enumerate(counts) if place not in hidden]
    if len(hidden) == 1 and others:
        hidden.add(min(others)[1])
    return [None if place in hidden else count for place, count in enumerate(counts)]
