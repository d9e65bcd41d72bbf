"""Ruin and recreate: take a few series out, put them back in another order, keep what is no worse.

While series wait for a place, what counts is how many are placed and, at the same number, how little they take; they
are put in snugly. Then each takes its exact best layout again in what is free, for all eyes but its own unchanged.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

from scheduling.domain.planner.many.snug import NoisySnug, Snug
from scheduling.domain.planner.many.state import State

#: At most so many placed series are taken out in a round, and so many more of those that wait are tried.
MOST_OUT, MOST_TRIED = 3, 2
#: Series with a visit this near (in days) to a day that the one who waits could take are in its way.
NEAR_DAYS = 3
#: The part of the days on which snugness is left out, by chance.
NOISE = 0.3
#: After so many rounds per series without anything better, polishing has come to its end.
PATIENCE = 3


class Rounds:
    """When to stop: at a time of the caller's clock, or after so many rounds."""

    def __init__(self, monotonic: Callable[[], float], until: float, most: int | None) -> None:
        self._monotonic, self._until, self._most, self.done = monotonic, until, most, 0

    def more(self, part: float = 1.0) -> bool:
        """Whether there is time for more; `part` of the rounds where only their number counts."""
        return (self._most is None or self.done < self._most * part) and self.in_time(0.0)

    def in_time(self, spare: float) -> bool:
        """Whether the time has not come, `spare` seconds before it."""
        return self._monotonic() < self._until - spare


class Search:
    """One search over one state."""

    def __init__(self, state: State, snug: Snug, seed: int) -> None:
        self._state, self._snug, self._chance = state, snug, random.Random(seed)  # noqa: S311 (no secret)

    def place_more(self, rounds: Rounds, spare: float) -> None:
        """Rounds until every series is placed, or time is up but for `spare` seconds."""
        while self._state.waiting and rounds.in_time(spare) and rounds.more(part=0.8):
            rounds.done += 1
            self._round()

    def _round(self) -> None:
        state, chance = self._state, self._chance
        wants = chance.choice(waiting := state.waiting)
        out = self._in_the_way(wants)
        others = [number for number in waiting if number != wants]
        tried = [wants, *chance.sample(others, min(len(others), chance.randint(0, MOST_TRIED)))]
        before, kept = self._little(), {number: state.spots[number] for number in (*out, *tried)}
        for number in out:
            state.remove(number)
        for number in self._order([*tried, *out]):
            state.insert(number, snug=self._noisy(), strict=True)
        if self._little() > before:
            state.put_back(kept)

    def _in_the_way(self, wants: int) -> list[int]:
        """A few placed series with visits about the same day, one that the series could take."""
        state, chance = self._state, self._chance
        days = state.ones[wants].days
        if not days:
            return []
        about = chance.choice(days).day
        near = [n for n in state.placed if any(abs(spot.day - about) <= NEAR_DAYS for spot in state.spots[n] or ())]
        return chance.sample(near, min(len(near), chance.randint(1, MOST_OUT)))

    def _order(self, numbers: list[int]) -> list[int]:
        """By chance, or the smallest series first."""
        self._chance.shuffle(numbers)
        return numbers if self._chance.random() < 0.5 else sorted(numbers, key=self._state.missing)

    def _little(self) -> tuple[int, int, int]:
        """Smaller is better: more placed, fewer deviations, fewer visits for it."""
        placed = self._state.placed
        return -len(placed), self._state.worth(placed)[1], sum(map(self._state.missing, placed))

    def _noisy(self) -> NoisySnug:
        return NoisySnug(self._snug, self._chance, NOISE)

    def snugly(self, numbers: Iterable[int], rounds: Rounds) -> None:
        """Puts in what fits, the smallest series first."""
        for number in sorted(numbers, key=self._state.missing):
            if rounds.in_time(0.0):
                self._state.insert(number, snug=NoisySnug(self._snug, self._chance, 0.0), strict=True)

    def polish(self, rounds: Rounds) -> None:
        """Each series in turn its exact best layout, those that wait with deviations; then a few together."""
        state = self._state
        for number in [*state.placed, *state.waiting]:
            if rounds.in_time(0.0):
                self._again([number])
        fruitless, most = 0, PATIENCE * len(state.spots)
        while len(state.placed) > 1 and fruitless < most and rounds.more():
            rounds.done += 1
            few = self._chance.sample(state.placed, min(len(state.placed), self._chance.randint(2, MOST_OUT)))
            fruitless = 0 if self._again(few) else fruitless + 1

    def _again(self, numbers: list[int]) -> bool:
        """Whether these series are better off when put in again, one after the other; else all stays."""
        state = self._state
        before, kept = state.worth(numbers), {number: state.spots[number] for number in numbers}
        for number in numbers:
            state.remove(number)
        for number in numbers:
            state.insert(number)
        if state.worth(numbers) < before:
            return True
        state.put_back(kept)
        return False
