"""`place_many`: many series on shared rooms and clinicians, never worse than first-fit. See `search`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from scheduling.domain.planner.many.search import Rounds, Search
from scheduling.domain.planner.many.shared import Shared
from scheduling.domain.planner.many.snug import Snug
from scheduling.domain.planner.many.state import State, Total
from scheduling.domain.planner.problem import Layout, SeriesProblem

SECONDS = 3.0
#: The part of the time kept for giving each series its best layout at the end.
FOR_POLISH = 0.15


@dataclass(frozen=True, slots=True)
class Placed:
    """The layout of one series, and the clinician's lane (from 0) of each visit."""

    layout: Layout
    lanes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Placement:
    """Each series placed whole, or None, in the order asked; what it is worth together; rounds of search."""

    series: tuple[Placed | None, ...]
    total: Total
    rounds: int = 0

    @property
    def whole(self) -> int:
        """How many series are placed whole."""
        return sum(one is not None for one in self.series)


def first_fit(problems: Sequence[SeriesProblem], shared: Shared, *, may_deviate: bool = True) -> Placement:
    """The baseline: in the order given, each series takes the earliest lawful starts (see `firstfit`)."""
    state = State(problems, shared, may_deviate=may_deviate)
    _first_fit(state)
    return _placement(state)


def place_many(
    problems: Sequence[SeriesProblem],
    shared: Shared,
    *,
    monotonic: Callable[[], float],
    seconds: float = SECONDS,
    rounds: int | None = None,
    seed: int = 0,
    may_deviate: bool = True,
) -> Placement:
    """Place or repair series together: most placed whole, then by `state.Total`; never worse than first-fit.

    One problem a patient. `monotonic`: a clock in seconds; the answer comes within `seconds` of it, or after `rounds`.
    The same seed and rounds give the same answer while time does not run out. `may_deviate`: whether a series that
    cannot be whole otherwise may be placed with deviations (P4). Raises ValueError for visits that do not end on the
    day they begin.
    """
    stop = Rounds(monotonic, monotonic() + seconds, rounds)
    state = State(problems, shared, may_deviate=may_deviate)
    search = Search(state, Snug(state.days, shared, state.ones), seed)
    starts: list[Callable[[], None]] = [
        lambda: _first_fit(state),
        lambda: _one_by_one(state, stop),
        lambda: search.snugly(range(len(problems)), stop),
    ]
    found = []
    for start in starts:
        _clear(state)
        start()
        found.append((state.total, state.snapshot()))
    state.put_back(min(found, key=lambda one: one[0])[1])
    search.place_more(stop, spare=seconds * FOR_POLISH)
    search.polish(stop)
    found.append((state.total, state.snapshot()))
    state.put_back(min(found, key=lambda one: one[0])[1])
    return _placement(state, stop.done)


def _clear(state: State) -> None:
    for number in state.placed:
        state.remove(number)


def _first_fit(state: State) -> None:
    for number in range(len(state.spots)):
        state.insert_earliest(number)


def _one_by_one(state: State, stop: Rounds) -> None:
    """Each series in turn its exact best layout in what those before it left."""
    for number in range(len(state.spots)):
        if stop.in_time(0.0):
            state.insert(number)


def _placement(state: State, rounds: int = 0) -> Placement:
    series = tuple(
        None if spots is None else Placed(state.layout(number), tuple(spot.lane for spot in spots))
        for number, spots in enumerate(state.spots)
    )
    return Placement(series, state.total, rounds)
