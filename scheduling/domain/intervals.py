"""Half-open intervals of instants: normalise, subtract, intersect, contains.

Instants are kept in UTC: compared in a local zone, the two autumn readings of one wall time would be equal.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """[start, end) of aware datetimes, kept in UTC; raises ValueError when naive or when end is not after start."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is not UTC:
            object.__setattr__(self, "start", _in_utc(self.start))
        if self.end.tzinfo is not UTC:
            object.__setattr__(self, "end", _in_utc(self.end))
        if self.end <= self.start:
            raise ValueError("an interval ends after it starts")

    @property
    def length(self) -> timedelta:
        return self.end - self.start

    def overlaps(self, other: Interval) -> bool:
        """Whether the two share an instant; touching is not overlapping."""
        return self.start < other.end and other.start < self.end

    def contains(self, other: Interval) -> bool:
        """Whether all of `other` lies inside."""
        return self.start <= other.start and other.end <= self.end

    def holds(self, instant: datetime) -> bool:
        """Whether `instant` lies inside; the end does not."""
        return self.start <= instant < self.end


def _in_utc(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError("an interval is made of aware datetimes")
    return instant.astimezone(UTC)


def normalise(intervals: Iterable[Interval]) -> list[Interval]:
    """The union as sorted intervals that neither overlap nor touch."""
    merged: list[Interval] = []
    for interval in sorted(intervals):
        if merged and interval.start <= merged[-1].end:
            if interval.end > merged[-1].end:
                merged[-1] = Interval(merged[-1].start, interval.end)
        else:
            merged.append(interval)
    return merged


def union(*many: Iterable[Interval]) -> list[Interval]:
    """All instants in any of `many`, normalised."""
    return normalise(interval for intervals in many for interval in intervals)


def subtract(intervals: Iterable[Interval], taken: Iterable[Interval]) -> list[Interval]:
    """The instants of `intervals` outside `taken`, normalised."""
    holes = normalise(taken)
    starts = [hole.start for hole in holes]
    left: list[Interval] = []
    for interval in normalise(intervals):
        first = max(bisect_right(starts, interval.start) - 1, 0)
        left.extend(_without(interval, holes, first))
    return left


def _without(interval: Interval, holes: Sequence[Interval], first: int) -> Iterable[Interval]:
    start = interval.start
    for hole in holes[first:]:
        if hole.start >= interval.end:
            break
        if hole.start > start:
            yield Interval(start, hole.start)
        start = max(start, hole.end)
    if start < interval.end:
        yield Interval(start, interval.end)


def intersect(some: Iterable[Interval], others: Iterable[Interval]) -> list[Interval]:
    """The instants in both, normalised."""
    left, right, common = normalise(some), normalise(others), list[Interval]()
    i = j = 0
    while i < len(left) and j < len(right):
        start, end = max(left[i].start, right[j].start), min(left[i].end, right[j].end)
        if start < end:
            common.append(Interval(start, end))
        if left[i].end < right[j].end:
            i += 1
        else:
            j += 1
    return common


def covers(normalised: Sequence[Interval], wanted: Interval) -> bool:
    """Whether one of `normalised` (as `normalise` returns them) contains all of `wanted`."""
    at = bisect_right(normalised, wanted.start, key=lambda interval: interval.start) - 1
    return at >= 0 and normalised[at].contains(wanted)
