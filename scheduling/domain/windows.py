"""Sorted windows of possible starts, in whole seconds since 1970: what makes a list of free starts fast."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from scheduling.domain.intervals import Interval


def seconds(instant: datetime) -> int:
    """Whole seconds since 1970, rounded up: a start never moves to before an edge."""
    return -int(-instant.timestamp() // 1)


@dataclass(frozen=True, slots=True)
class StartWindows:
    """Closed, disjoint, ascending windows: a start is possible from `first[i]` to `last[i]`, both included."""

    first: Sequence[int]
    last: Sequence[int]

    @staticmethod
    def of(free: Iterable[Interval], needs: timedelta) -> StartWindows:
        """Where something of length `needs` may start inside `free` (normalised)."""
        need = seconds_of(needs)
        pairs = [(seconds(one.start), int(one.end.timestamp()) - need) for one in free]
        fitting = [(first, last) for first, last in pairs if first <= last]
        return StartWindows([first for first, _ in fitting], [last for _, last in fitting])

    def holds(self, at: int) -> bool:
        """Whether a start at `at` is possible."""
        i = bisect_right(self.first, at) - 1
        return i >= 0 and at <= self.last[i]

    def pick(self, ascending: Iterable[int]) -> list[int]:
        """The starts among `ascending` that are possible."""
        return [at for at in ascending if self.holds(at)]


def seconds_of(length: timedelta) -> int:
    """A length in whole seconds, rounded up."""
    return -int(-length.total_seconds() // 1)
