"""One step of the search over days: the new days of one series week, after those of the week before."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import or_

from scheduling.domain.planner.weeks import ALL_WEEK, TWO_WEEKS, may_follow
from scheduling.domain.policy import WEEK

#: Two new days in another place make a layout another one.
DIFFERENT_DAYS = 2

#: How many days are shared with each layout to differ from: a digit each, counted so that one too many shows as `OVER`.
Shared = int
DIGIT, MOST, OVER = 4, 7, 8
#: A visit changed next to one outside the preferred times, of which there are at most 8 (P1).
CHANGED = 1 << 4
#: The new days of a week as bits, how many they are, what they cost (visits changed, then those outside the preferred
#: times), whether the week is a deviation (P4), and what is shared after them.
Step = tuple[int, int, int, bool, Shared]
#: Steps that share nothing, by the days of the week before and the start of the week: the same for problems that
#: differ only in what to differ from.
Lawful = dict[tuple[int, int], list[Step]]


@dataclass(frozen=True, slots=True)
class DayProblem:
    """Where `missing` new days may lie. All bits count from one base that is 14 days or more before any of them.

    `possible`: days with candidates (P3 against fixed days taken off). `liked`: those where an optimal layout takes a
    preferred one. `kept`: those with a visit planned before; all of them where nothing was. `fixed`: all days that
    stay, `series` those of this series.
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
    differ_from: tuple[int, ...] = ()

    @property
    def anchor(self) -> int | None:
        """The first day of `series`, with which its weeks begin unless a new day comes before it."""
        return (self.series & -self.series).bit_length() - 1 if self.series else None

    @property
    def openers(self) -> int:
        """The days with which the first series week may begin: new ones until the anchor, and the anchor."""
        if self.anchor is None:
            return self.possible
        return self.possible & (1 << self.anchor) - 1 | 1 << self.anchor


class Steps:
    """The lawful steps of one problem, by P2, P3, P5 and what has to differ; each looked up once."""

    def __init__(self, problem: DayProblem, lawful: Lawful) -> None:
        self.problem = problem
        self._anchor, self._openers = problem.anchor, problem.openers
        self._found: dict[tuple[int, Shared, int], list[Step]] = {}
        self._lawful = lawful
        self._counts: dict[int, int] = {}
        self._others = reduce(or_, problem.differ_from, 0)
        self._ones = sum(1 << DIGIT * n for n in range(len(problem.differ_from)))
        self.nothing_shared: Shared = self._ones * (MOST - max(problem.missing - DIFFERENT_DAYS, 0))

    def after(self, before: int, shared: Shared, start: int) -> list[Step]:
        """The steps in the week from `start` after the new days `before` of the week before it."""
        key = before, shared, start
        if key not in self._found:
            self._found[key] = self._differing(shared, start, self._lawful_after(before, start))
        return self._found[key]

    def _lawful_after(self, before: int, start: int) -> list[Step]:
        key = before, start
        if key not in self._lawful:
            problem, had = self.problem, self.had(start)
            possible, fixed = problem.possible >> start & ALL_WEEK, problem.fixed >> start - WEEK & TWO_WEEKS
            changed, outside = ~(problem.kept >> start), ~(problem.liked >> start)
            most, least = problem.per_week - had, problem.min_in_week - had
            self._lawful[key] = [
                (days, size, (days & changed).bit_count() * CHANGED + (days & outside).bit_count(), size < least, 0)
                for days, size in may_follow(before, possible, fixed, problem.apart, problem.most_in_7)
                if not size or size <= most
            ]
        return self._lawful[key]

    def _differing(self, shared: Shared, start: int, lawful: list[Step]) -> list[Step]:
        """Those that share no more than allowed. What can no longer become too much counts as nothing."""
        if not self._ones:
            return lawful
        over, beyond, found = self._ones * OVER, self._count(self._others >> start + WEEK << start + WEEK), list[Step]()
        for days, size, cost, is_thin, _ in lawful:
            now = shared + self._count(days << start & self._others)
            if not now & over:
                open_ = ((now + beyond & over) >> MOST.bit_length()) * (MOST + OVER)
                found.append((days, size, cost, is_thin, now & open_ | self.nothing_shared & ~open_))
        return found

    def _count(self, days: int) -> int:
        """How many of `days` each layout to differ from has, a digit each."""
        if days not in self._counts:
            counts = ((days & other).bit_count() << DIGIT * n for n, other in enumerate(self.problem.differ_from))
            self._counts[days] = sum(counts)
        return self._counts[days]

    def had(self, start: int) -> int:
        """How many kept days of the series lie in the week."""
        return (self.problem.series >> start & ALL_WEEK).bit_count()

    def may_open(self, start: int) -> bool:
        """Whether the series may begin in the week from `start`."""
        return bool(self._openers >> start & 1)

    def opens(self, days: int, start: int) -> bool:
        """Whether `days` may be the first of the series: its weeks begin with an infusion, or with kept days."""
        return bool(days & 1) or start == self._anchor

    def may_end(self, days: int, start: int) -> bool:
        """Whether the series may end in this week: no kept day comes later, and fixed ones leave room (P2)."""
        if self.problem.series >> start + WEEK:
            return False
        fixed = self.problem.fixed >> start & TWO_WEEKS
        return not fixed >> WEEK or bool(may_follow(days, 0, fixed, self.problem.apart, self.problem.most_in_7))
