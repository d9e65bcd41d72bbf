"""Starts that waste no room: as many visits fit before and after one as fitted before it was placed.

Only a hint for the search: series put in snugly leave more places for those that come after them.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import pairwise

from scheduling.domain.planner.grid import DenseGrid
from scheduling.domain.planner.many.one import Masks, One
from scheduling.domain.planner.many.shared import Shared, SharedDays


class Snug:
    """The snug choices of each day, in what is free now."""

    def __init__(self, days: SharedDays, shared: Shared, ones: list[One]) -> None:
        self._days, self._grid = days, days.grid
        self._wanted = Masks()  # what anybody could take
        for one in ones:
            for day in one.days:
                self._wanted[day.day] = self._wanted.get(day.day, 0) | day.possible
        self._rooms = [_Room(self._grid, room, shared) for room in self._grid.rooms]
        self._seen: dict[int, tuple[int, int]] = {}

    def on(self, day: int) -> int:
        """The snug choices of a day (ordinal)."""
        free = self._days.free(day) & self._wanted.get(day, 0)
        if self._seen.get(day, (None, 0))[0] != free:
            self._seen[day] = free, sum(room.snug(free) for room in self._rooms)
        return self._seen[day][1]


class _Room:
    """One room: which starts are lossless in which gap."""

    def __init__(self, grid: DenseGrid, room: str, shared: Shared) -> None:
        self._grid, self._mine = grid, grid.with_room(room)
        self._stay = (shared.length + shared.room_turnover.get(room, shared.turnover)).total_seconds()
        self._lossless: dict[tuple[int, int], int] = {}

    def snug(self, free: int) -> int:
        """The choices among `free` that waste nothing of this room."""
        here, snug = free & self._mine, 0
        for gap in self._gaps(here):
            if gap not in self._lossless:
                self._lossless[gap] = self._lossless_in(*gap)
            snug |= self._lossless[gap]
        return snug & here

    def _gaps(self, here: int) -> Iterator[tuple[int, int]]:
        """First and last start (as numbers of the grid's times) of each run without one missing between."""
        block = self._grid.block
        any_of = (1 << block) - 1
        times = [n for n in range(len(self._grid.times)) if here >> n * block & any_of]
        edges = [n for n, (one, following) in enumerate(pairwise(times), start=1) if following > one + 1]
        for first, last in pairwise([0, *edges, len(times)]):
            if first < last:
                yield times[first], times[last - 1]

    def _lossless_in(self, first: int, last: int) -> int:
        times, found = self._grid.times, 0
        most = self._fit(times[first], times[last])
        for time in times[first : last + 1]:
            if self._fit(times[first], time - self._stay) + 1 + self._fit(time + self._stay, times[last]) == most:
                found |= self._grid.with_time(time)
        return found

    def _fit(self, first: float, last: float) -> int:
        """How many visits fit with starts from `first` to `last`, both included."""
        return int((last - first) // self._stay) + 1 if last >= first else 0


class NoisySnug(dict[int, int]):
    """The same, looked up once and left out on some days by chance, so that the search sees more than one way."""

    def __init__(self, snug: Snug, chance: random.Random, noise: float) -> None:
        super().__init__()
        self._snug, self._chance, self._noise = snug, chance, noise

    def __missing__(self, day: int) -> int:
        self[day] = 0 if self._chance.random() < self._noise else self._snug.on(day)
        return self[day]
