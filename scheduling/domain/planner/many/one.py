"""One series among many: its candidates as bits by day, and its exact best layout in what is free."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from scheduling.domain.planner.days import DayGraph, best_days
from scheduling.domain.planner.grid import DenseGrid
from scheduling.domain.planner.many.shared import DAY_SECONDS, Shared, SharedDays, Spot
from scheduling.domain.planner.problem import Candidate, SeriesProblem
from scheduling.domain.planner.steps import DayProblem
from scheduling.domain.planner.supply import REACH, day_problem, seconds_of
from scheduling.domain.planner.visits import best_bits

#: More choices a day than this are no clinic's.
MOST_BITS = 1 << 20
#: Where a candidate lies: the day (ordinal) and its bit in the grid, as a mask.
Place = tuple[int, int]
#: By day (ordinal), choices as bits.
Masks = dict[int, int]


class DayMasks(NamedTuple):
    """The choices of one day: all of this series, those preferred, those planned before."""

    day: int
    possible: int
    liked: int
    planned: int


class One:
    """A series with its candidates as bits."""

    def __init__(self, problem: SeriesProblem, base: int, days: Sequence[DayMasks]) -> None:
        self.problem, self.base, self.days = problem, base, days
        self.frame = day_problem(problem, base, horizon=max((one.day for one in days), default=base) + REACH)

    def best(
        self, shared: SharedDays, *, deviations: int | None = None, snug: Masks | None = None
    ) -> list[tuple[int, int]] | None:
        """The (day, bit) of each visit of the best layout in what is free; None when there is none.

        `deviations`: only a layout with so many counts. `snug`: choices to be taken for preferred ones instead of the
        patient's own, by day.
        """
        graph, masks = self._graph(shared, deviations, snug)
        if graph is None:
            return None
        return [(self.base + day, bit) for day, bit in best_bits(graph, shared.grid, masks.__getitem__)]

    def fewest(self, shared: SharedDays) -> int | None:
        """The fewest deviations of any layout in what is free; None when there is none."""
        graph, _ = self._graph(shared, None, None)
        return graph.deviations if graph else None

    def _graph(self, shared: SharedDays, deviations: int | None, snug: Masks | None) -> tuple[DayGraph | None, Masks]:
        """The graph of best days, and the choices on each day from the base that an optimal layout may take."""
        masks, possible, liked, kept = Masks(), 0, 0, 0
        for day, choices, wishes, planned in self.days:
            here = choices & shared.free(day)
            if not here:
                continue
            at = 1 << day - self.base
            possible |= at
            if stay := here & planned:
                here, kept = stay, kept | at
            if nice := here & (wishes if snug is None else snug[day]):
                here, liked = nice, liked | at
            masks[day - self.base] = here
        days = self._days(possible, liked, kept)
        return best_days(days, deviations) if days else None, masks

    def _days(self, possible: int, liked: int, kept: int) -> DayProblem | None:
        frame, possible = self.frame, possible & self.frame.possible
        if possible.bit_count() < frame.missing:
            return None
        return DayProblem(
            frame.missing,
            possible,
            liked,
            kept if self.problem.planned else possible,
            frame.fixed,
            frame.series,
            frame.apart,
            frame.most_in_7,
            frame.per_week,
            frame.min_in_week,
        )


def _dense(times: set[int], clinicians: set[str], rooms: set[str]) -> DenseGrid:
    if len(times) * len(clinicians) * len(rooms) > MOST_BITS:
        raise ValueError("there are too many different rooms, clinicians and times to place series together")
    return DenseGrid(times, clinicians, rooms)


class Reader:
    """Reads problems into bits of one grid; candidates that several problems share are read once."""

    def __init__(self, problems: Sequence[SeriesProblem], shared: Shared) -> None:
        self._problems = problems
        self._distinct = {id(one): one for problem in problems for one in problem.candidates}
        self._seconds = {key: seconds_of(one.start) for key, one in self._distinct.items()}
        self.grid = _dense(
            set(self._seconds.values()),
            {one.clinician for one in self._distinct.values()},
            {one.room for one in self._distinct.values()},
        )
        self._end_the_same_day(shared)
        self._places: dict[int, Place] = {
            key: (one.start.toordinal(), 1 << self.grid.bit(self._seconds[key], one.clinician, one.room))
            for key, one in self._distinct.items()
        }
        ordinals = [day for day, _ in self._places.values()]
        ordinals += [day.toordinal() for problem in problems for day in problem.series_days]
        self.base = min(ordinals, default=REACH) - REACH

    def _end_the_same_day(self, shared: Shared) -> None:
        if self.grid.times and self.grid.times[-1] + shared.longest.total_seconds() > DAY_SECONDS:
            raise ValueError("a visit and what follows it should end on the day it begins")

    def read(self, problem: SeriesProblem) -> One:
        """One problem as bits."""
        possible, places = Masks(), self._places
        for one in problem.candidates:
            day, bit = places[id(one)]
            possible[day] = possible.get(day, 0) | bit
        planned = self._planned(problem)
        days = [
            DayMasks(day, mask, mask & self._liked(problem, day), mask & planned.get(day, 0))
            for day, mask in sorted(possible.items())
        ]
        return One(problem, self.base, days)

    def _planned(self, problem: SeriesProblem) -> Masks:
        planned, grid = Masks(), self.grid
        for one in problem.planned:
            seconds, day = seconds_of(one.start), one.start.toordinal()
            if seconds in grid.times and one.clinician in grid.clinicians and one.room in grid.rooms:
                planned[day] = planned.get(day, 0) | 1 << grid.bit(seconds, one.clinician, one.room)
        return planned

    def _liked(self, problem: SeriesProblem, day: int) -> int:
        """All choices at the patient's preferred times, none on other weekdays than preferred."""
        wishes = problem.preferred
        if wishes.weekdays and date.fromordinal(day).weekday() not in wishes.weekdays:
            return 0
        liked = 0
        for time in self.grid.times:
            if (wishes.since is None or time >= seconds_of(wishes.since)) and (
                wishes.until is None or time < seconds_of(wishes.until)
            ):
                liked |= self.grid.with_time(time)
        return liked


def visits_at(grid: DenseGrid, spots: Sequence[Spot]) -> list[Candidate]:
    """The visits at these places, which come by date."""
    found = []
    for day, bit, _ in spots:
        seconds, clinician, room = grid.choice(bit)
        found.append(Candidate(datetime.fromordinal(day) + timedelta(seconds=seconds), room, clinician))
    return found
