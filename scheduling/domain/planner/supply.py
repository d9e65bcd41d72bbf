"""The candidates of a problem by day, and its days as bits for the search."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, time

from scheduling.domain.planner.grid import Choice
from scheduling.domain.planner.problem import NO_WISHES, Candidate, SeriesProblem
from scheduling.domain.planner.steps import DayProblem
from scheduling.domain.policy import WEEK

#: Farther away than this, a fixed day touches no new one.
REACH = 2 * WEEK
#: Stands for "no rule" in P2 and P5: more than any week holds.
NO_LIMIT = WEEK


class Supply:
    """Candidates grouped by day. A day's choices are narrowed to visits planned before, then to preferred ones, where
    it has any: what is kept and what is preferred comes in the objective before all else that a choice decides, so
    that an optimal layout never takes another."""

    def __init__(self, problem: SeriesProblem) -> None:
        self.problem = problem
        by_ordinal = defaultdict[int, list[Candidate]](list)
        for candidate in problem.candidates:
            by_ordinal[candidate.start.toordinal()].append(candidate)
        kept = [day.toordinal() for day in problem.series_days]
        self.base = min([*by_ordinal, *kept], default=REACH) - REACH
        self.by_day = {ordinal - self.base: candidates for ordinal, candidates in by_ordinal.items()}
        self._choices: dict[int, list[Choice]] = {}
        self._kept = self._narrow_to_planned()
        self._liked = self._days_liked()

    def _narrow_to_planned(self) -> set[int]:
        """Leaves the days that have candidates planned before with these alone, and names those days."""
        planned = set(self.problem.planned)
        days = {one.start.toordinal() - self.base for one in planned} & self.by_day.keys()
        kept = {day: found for day in days if (found := [one for one in self.by_day[day] if one in planned])}
        self.by_day |= kept
        return set(kept)

    def _days_liked(self) -> set[int]:
        wishes, by_day = self.problem.preferred, self.by_day
        days = {day for day in by_day if not wishes.weekdays or (self.base + day - 1) % WEEK in wishes.weekdays}
        if wishes.since is None and wishes.until is None:
            return days
        return {day for day in days if any(wishes.likes(one.start) for one in by_day[day])}

    def choices(self, day: int) -> Sequence[Choice]:
        """The distinct choices of a day (as a bit) that an optimal layout may take."""
        if day not in self._choices:
            wishes, found = self.problem.preferred, self.by_day[day]
            if day in self._liked and wishes is not NO_WISHES:
                found = [one for one in found if wishes.likes(one.start)]
            choices = ((seconds_of(one.start), one.clinician, one.room) for one in found)
            self._choices[day] = list(dict.fromkeys(choices))
        return self._choices[day]

    def bits(self, days: Iterable[date]) -> int:
        """Days as bits from the base; those before it are left out."""
        bits = 0
        for day in days:
            if day.toordinal() >= self.base:
                bits |= 1 << day.toordinal() - self.base
        return bits

    def day(self, bit: int) -> date:
        """The date of a bit."""
        return date.fromordinal(self.base + bit)

    def start(self, bit: int, seconds: int) -> datetime:
        """The wall time of a choice on a day."""
        minutes, second = divmod(seconds, 60)
        return datetime.combine(self.day(bit), time(minutes // 60, minutes % 60, second))

    def day_problem(self, without: str = "", differ_from: Sequence[Iterable[date]] = ()) -> DayProblem:
        """The search over days; `without` leaves out P2, P3 or P5."""
        frame = day_problem(self.problem, self.base, self.base + max(self.by_day, default=0) + REACH, without)
        return replace(
            frame,
            possible=frame.possible & _bits(self.by_day),
            liked=_bits(self._liked),
            kept=_bits(self._kept if self.problem.planned else self.by_day),
            differ_from=tuple(self.bits(days) for days in differ_from),
        )


def day_problem(problem: SeriesProblem, base: int, horizon: int, without: str = "") -> DayProblem:
    """The rules of a problem over days as bits from `base` until `horizon` (ordinals), with every day possible that is
    far enough from fixed ones; nobody has two infusions of a layout on one day."""
    policy, days = problem.policy, horizon - base
    apart = 1 if without == "P3" else policy.days_apart(problem.per_week)
    series = _bits(day.toordinal() - base for day in problem.series_days)
    others = (day.toordinal() - base for day in problem.existing)
    fixed = series | _bits(day for day in others if 0 <= day <= days)
    return DayProblem(
        missing=problem.missing,
        possible=(1 << days + 1) - 1 & ~_near(fixed, 0 if without == "P3" else apart),
        liked=0,
        kept=0,
        fixed=fixed,
        series=series,
        apart=apart,
        most_in_7=NO_LIMIT if without == "P2" else policy.max_in_7_days,
        per_week=NO_LIMIT if without == "P5" else problem.per_week,
        min_in_week=policy.min_in_series_week,
    )


def seconds_of(start: datetime | time) -> int:
    """Seconds since midnight at the wall clock."""
    return start.hour * 3600 + start.minute * 60 + start.second


def _bits(days: Iterable[int]) -> int:
    bits = 0
    for day in days:
        bits |= 1 << day
    return bits


def _near(fixed: int, apart: int) -> int:
    """The days less than `apart` from a fixed one; none for 0."""
    near = 0
    for gap in range(apart):
        near |= fixed << gap | fixed >> gap
    return near
