"""The demo's days, counted from today; and its past, which is lived through the same services as the present."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from unittest.mock import patch
from zoneinfo import ZoneInfo

from django.utils import timezone

from pacificmind.clock import now

SATURDAY, SUNDAY = 5, 6
ZONE = ZoneInfo("America/Los_Angeles")


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """The clock stands at `moment`, never later than it really is: what services do then, they did in the past."""
    stands = min(moment, now())
    with patch.object(timezone, "now", lambda: stands):
        yield


def instant(day: date, wall: time) -> datetime:
    """A wall time in Los Angeles as an instant. Between 3:00 and midnight each exists once on every day of the year."""
    return datetime.combine(day, wall, tzinfo=ZONE).astimezone(UTC)


@dataclass(frozen=True)
class Days:
    """Dates of the story around `today`."""

    today: date

    @property
    def visit_day(self) -> date:
        """Today where the clinic treats today, otherwise its next day: Monday after a Sunday."""
        return self.today + timedelta(days=1) if self.today.weekday() == SUNDAY else self.today

    def work(self, count: int) -> date:
        """The weekday `count` weekdays after today (before it, if negative); not 0."""
        day, left = self.today, abs(count)
        while left:
            day += timedelta(days=1 if count > 0 else -1)
            left -= day.weekday() < SATURDAY
        return day

    def monday(self, weeks: int) -> date:
        """Monday of this week, or so many weeks later."""
        return self.today + timedelta(weeks=weeks, days=-self.today.weekday())


def plan(anchor: date, *, before: int, after: int, per_week: int) -> list[date]:
    """Lawful days of a series around the visit on `anchor`: at most `per_week` in 7 days, with their clear days."""
    days = [anchor]
    for _ in range(before):
        days.insert(0, _next(days, days[0], -1, per_week))
    for _ in range(after):
        days.append(_next(days, days[-1], 1, per_week))
    return days


def _next(days: list[date], start: date, step: int, per_week: int) -> date:
    gap = 2 if per_week == 3 else 3  # P3
    day = start + timedelta(days=step * gap)
    while day.weekday() >= SATURDAY or sum(abs((day - one).days) < 7 for one in days) >= per_week:  # P2
        day += timedelta(days=step)
    return day
