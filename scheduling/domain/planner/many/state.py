"""Where all series lie at one moment, and what that is worth."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from scheduling.domain.planner.many.firstfit import earliest
from scheduling.domain.planner.many.one import Masks, One, Reader, visits_at
from scheduling.domain.planner.many.shared import Shared, SharedDays, Spot
from scheduling.domain.planner.plan import layout_of
from scheduling.domain.planner.problem import Layout, SeriesProblem

#: The places of one series; None while it has none.
Spots = tuple[Spot, ...] | None
#: Series placed whole (negative), then the sums of deviations, visits changed, weeks, visits outside the preferred
#: times, last days, changes of time, of clinician, of room: smaller is better.
Total = tuple[int, ...]
PARTS = 8


class State:
    """All series and the calendars they share."""

    def __init__(self, problems: Sequence[SeriesProblem], shared: Shared, *, may_deviate: bool) -> None:
        reader = Reader(problems, shared)
        self.ones: list[One] = [reader.read(problem) for problem in problems]
        self.days = SharedDays(reader.grid, shared)
        self.spots: list[Spots] = [None] * len(problems)
        self.may_deviate = may_deviate
        #: The fewest deviations of each series if it were alone; None where it can have no place at all.
        self.fewest = [one.fewest(self.days) for one in self.ones]
        if not may_deviate:
            self.fewest = [None if fewest else fewest for fewest in self.fewest]
        self._worth: dict[tuple[int, Spots], Total] = {}

    @property
    def placed(self) -> list[int]:
        """The numbers of the series that have their places."""
        return [number for number, spots in enumerate(self.spots) if spots is not None]

    @property
    def waiting(self) -> list[int]:
        """The numbers of those that have none and could have."""
        return [number for number, spots in enumerate(self.spots) if spots is None and self.fewest[number] is not None]

    def missing(self, number: int) -> int:
        """How many visits a series needs."""
        return self.ones[number].frame.missing

    def insert(self, number: int, *, snug: Masks | None = None, strict: bool = False) -> bool:
        """Gives a series its exact best layout in what is free; False when there is none.

        `strict`: only one without more deviations than it would have alone.
        """
        fewest = self.fewest[number]
        if fewest is None:
            return False
        deviations = fewest if strict or not self.may_deviate else None
        return self._put(number, self.ones[number].best(self.days, deviations=deviations, snug=snug))

    def insert_earliest(self, number: int) -> bool:
        """Gives a series the earliest lawful starts one by one; False when it does not become whole."""
        if not self._put(number, earliest(self.ones[number], self.days)):
            return False
        if not self.may_deviate and self.layout(number).deviations:
            self.remove(number)
            return False
        return True

    def _put(self, number: int, found: Iterable[tuple[int, int]] | None) -> bool:
        if found is None:
            return False
        self.spots[number] = tuple(self.days.put(day, bit) for day, bit in found)
        return True

    def remove(self, number: int) -> Spots:
        """Frees the places of a series, and names them."""
        spots, self.spots[number] = self.spots[number], None
        for spot in spots or ():
            self.days.take_out(spot)
        return spots

    def put_back(self, kept: dict[int, Spots]) -> None:
        """Gives these series the places they had, and nothing else."""
        for number in kept:
            self.remove(number)
        for number, spots in kept.items():
            for spot in spots or ():
                self.days.put_back(spot)
            self.spots[number] = spots

    def snapshot(self) -> dict[int, Spots]:
        """The places of all series."""
        return dict(enumerate(self.spots))

    def layout(self, number: int) -> Layout:
        """The layout of a series that is placed."""
        spots = self.spots[number] or ()
        return layout_of(self.ones[number].problem, visits_at(self.days.grid, spots))

    def worth(self, numbers: Iterable[int]) -> Total:
        """What the layouts of these series are worth together."""
        found = [self._worth_of(number) for number in numbers if self.spots[number] is not None]
        return (-len(found), *(sum(part) for part in zip(*found, strict=True))) if found else (0,) * (PARTS + 1)

    def _worth_of(self, number: int) -> Total:
        key = number, self.spots[number]
        if key not in self._worth:
            goal = self.layout(number).objective
            self._worth[key] = (
                goal.deviations,
                goal.changed,
                goal.series_weeks,
                goal.outside_preferred,
                goal.last_day,
                goal.time_changes,
                goal.clinician_changes,
                goal.room_changes,
            )
        return self._worth[key]

    @property
    def total(self) -> Total:
        """What the whole is worth."""
        return self.worth(range(len(self.spots)))
