"""One step of the search over days: the new days of one series week, after those of the week before."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import or_

from scheduling.domain.planner.weeks import ALL_WEEK, TWO_WEEKS, may_follow
from scheduling.domain.policy import WEEK

#: Two new days in another place make a layout another one.
DIFFERENT_DAYS = 2

#: How many days are shared with each layout to differ from; 0 also where there can no longer be too many.
Shared = tuple[int, ...]
#: The new days of a week as bits, how many they are, and what is shared after them.
Step = tuple[int, int, Shared]


@dataclass(frozen=True, slots=True)
class DayProblem:
    """Where `missing` new days may lie. All bits count from one base that is 14 days or more before any of them.

    `possible`: days with candidates (P3 against fixed days taken off). `liked`: those where an optimal layout takes a
    preferred one. `kept`: those with a visit planned before; all of them where nothing was. `fixed`: all days that
    stay, `series` those of this series. `anchor`: first day of series week 1 where `series` has any.
    """

    missing: int
    possible: int
    liked: int
    kept: int
    fixed: int
    series: int
    apart: int
    most_in_7: int
    per_week: int
    min_in_week: int
    anchor: int | None
    differ_from: tuple[int, ...] = ()


class Steps:
    """The lawful steps of one problem, by P2, P3, P5 and what has to differ; each looked up once."""

    def __init__(self, problem: DayProblem) -> None:
        self.problem = problem
        self._found: dict[tuple[int, Shared, int], list[Step]] = {}
        self._shares: dict[tuple[Shared, int, int], Shared | None] = {}
        self._others = reduce(or_, problem.differ_from, 0)

    @property
    def nothing_shared(self) -> Shared:
        return (0,) * len(self.problem.differ_from)

    def after(self, before: int, shared: Shared, start: int) -> list[Step]:
        """The steps in the week from `start` after the new days `before` of the week before it."""
        key = before, shared, start
        if key not in self._found:
            room = self.problem.per_week - self.had(start)
            choices = ((days, size) for days, size in self._follow(before, start) if not size or size <= room)
            self._found[key] = [
                (days, size, now) for days, size in choices if (now := self._share(shared, days, start)) is not None
            ]
        return self._found[key]

    def _follow(self, before: int, start: int) -> tuple[tuple[int, int], ...]:
        possible = self.problem.possible >> start & ALL_WEEK
        fixed = self.problem.fixed >> start - WEEK & TWO_WEEKS
        return may_follow(before, possible, fixed, self.problem.apart, self.problem.most_in_7)

    def _share(self, shared: Shared, days: int, start: int) -> Shared | None:
        """What is shared after `days`; None when it is too much."""
        if not shared:
            return shared
        key = shared, self._others >> start & days, start
        if key not in self._shares:
            self._shares[key] = self._count_shared(*key)
        return self._shares[key]

    def _count_shared(self, shared: Shared, days: int, start: int) -> Shared | None:
        most, now = self.problem.missing - DIFFERENT_DAYS, list[int]()
        for old, other in zip(shared, self.problem.differ_from, strict=True):
            count = old + (other >> start & days).bit_count()
            if count > most:
                return None
            now.append(count if count + (other >> start + WEEK).bit_count() > most else 0)
        return tuple(now)

    def had(self, start: int) -> int:
        """How many kept days of the series lie in the week."""
        return (self.problem.series >> start & ALL_WEEK).bit_count()

    def thin(self, size: int, start: int) -> bool:
        """Whether `size` new days leave the week a deviation (P4)."""
        return size + self.had(start) < self.problem.min_in_week

    def may_open(self, start: int) -> bool:
        """Whether the series may begin in the week from `start`."""
        if self.problem.anchor is None:
            return bool(self.problem.possible >> start & 1)
        return start <= self.problem.anchor

    def opens(self, days: int, start: int) -> bool:
        """Whether `days` may be the first of the series: its weeks begin with an infusion, or with kept days."""
        if self.problem.anchor is None:
            return bool(days & 1)
        return bool(days) or start == self.problem.anchor

    def may_end(self, days: int, start: int) -> bool:
        """Whether the series may end in this week: no kept day comes later, and fixed ones leave room (P2)."""
        if self.problem.series >> start + WEEK:
            return False
        fixed = self.problem.fixed >> start & TWO_WEEKS
        return not fixed >> WEEK or bool(may_follow(days, 0, fixed, self.problem.apart, self.problem.most_in_7))
