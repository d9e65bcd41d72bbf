"""Whom an earlier place suits: weekdays, times of day and days off, at the site's wall clock."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time


@dataclass(frozen=True, slots=True)
class Times:
    """When somebody can come. `weekdays` Monday 0, none named means any; starts lie in [from_time, until_time)."""

    weekdays: Collection[int] = ()
    from_time: time | None = None
    until_time: time | None = None
    not_on: Collection[date] = ()

    def suit_day(self, day: date) -> bool:
        """Whether any time of that day may suit."""
        return (not self.weekdays or day.weekday() in self.weekdays) and day not in self.not_on

    def suit(self, wall: datetime) -> bool:
        """Whether a visit that starts at this naive wall time suits."""
        at = wall.time()
        early = self.from_time is not None and at < self.from_time
        late = self.until_time is not None and at >= self.until_time
        return self.suit_day(wall.date()) and not early and not late


def all_suit_day(wishes: Iterable[Times], day: date) -> bool:
    """Whether the day may suit by every one of the wishes."""
    return all(one.suit_day(day) for one in wishes)


def all_suit(wishes: Iterable[Times], wall: datetime) -> bool:
    """Whether the wall time suits by every one of the wishes."""
    return all(one.suit(wall) for one in wishes)
