"""The days of a layout: the objective up to the last day, exactly, with every set of days that attains them.

Days are bits from `base` on. For each possible first day, series weeks follow each other; one step of the dynamic
programme chooses the new days of one week. A state is what the future depends on: how many are placed, the days of
this week, the deviations so far (and, for alternatives, the days shared with earlier layouts). The answer is a graph
of days whose paths are all optimal sets; the rest of the objective is decided on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from scheduling.domain.planner.fewest import Fewest, fewest_weeks
from scheduling.domain.planner.steps import CHANGED, DayProblem, Lawful, Shared, Steps
from scheduling.domain.planner.weeks import ALL_WEEK, most_in
from scheduling.domain.policy import WEEK

#: Placed so far, new days of this week, deviations so far, days shared with each layout to differ from.
State = tuple[int, int, int, Shared]
Layer = dict[State, int]
#: More than any count.
NOT_YET = WEEK**9
#: A day and the nodes that may follow it.
Node = tuple[int, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class DayGraph:
    """All optimal sets of days as a graph, and their deviations."""

    deviations: int
    nodes: tuple[Node, ...]
    roots: tuple[int, ...]

    def first_path(self) -> list[int]:
        """The days of one optimal set."""
        days, follow = list[int](), self.roots
        while follow:
            day, follow = self.nodes[follow[0]]
            days.append(day)
        return days


@dataclass(slots=True)
class _Run:
    """The layers of one start, and its best (cost, last)."""

    start: int
    layers: list[Layer]
    best: tuple[int, int]


def best_days(problem: DayProblem, deviations: int | None = None, lawful: Lawful | None = None) -> DayGraph | None:
    """All sets of days that are best up to the last day; None when there is no lawful set.

    `deviations`: only sets with so many count. `lawful`: the steps that were found for the same problem with other days
    to differ from; those of this one are added.
    """
    steps = Steps(problem, {} if lawful is None else lawful)
    if problem.anchor is None and not deviations and not problem.possible & ~problem.kept:
        for weeks in range(-(-problem.missing // problem.per_week), -(-problem.missing // problem.min_in_week) + 1):
            if graph := _with(steps, Fewest(0, 0, weeks)):
                return graph
        if deviations == 0:
            return None
    fewest = fewest_weeks(steps)
    if fewest is None or deviations not in (None, fewest.deviations):
        return None
    return _with(steps, fewest)


def _with(steps: Steps, fewest: Fewest) -> DayGraph | None:
    """The best with exactly so many weeks and deviations and at least so many changed, and all that are as good."""
    best: tuple[int, int] | None = None
    runs: list[_Run] = []
    for cost, start in _starts(steps, fewest):
        if best and (cost, start + WEEK * (fewest.weeks - 1)) > best:
            break
        run = _run(steps, start, fewest)
        if run and (best is None or run.best <= best):
            runs = [run] if run.best != best else [*runs, run]
            best = run.best
    if best is None:
        return None
    nodes: dict[Node, int] = {}
    roots = {root for run in runs for root in _trace(steps, run, nodes)}
    return DayGraph(fewest.deviations, tuple(nodes), tuple(sorted(roots)))


def _starts(steps: Steps, fewest: Fewest) -> list[tuple[int, int]]:
    """Possible first week starts with a lower bound of the cost, most promising first."""
    problem, changed = steps.problem, fewest.changed * CHANGED
    if problem.anchor is not None:
        return [(0, start) for start in _bits(problem.openers)]
    bounds = ((_least_outside(problem, start, fewest), start) for start in _bits(problem.possible))
    return sorted((changed + outside, start) for outside, start in bounds if outside is not None)


def _bits(bits: int) -> Iterator[int]:
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest


def _least_outside(problem: DayProblem, start: int, fewest: Fewest) -> int | None:
    """A lower bound of what lies outside the preferred times from `start`.

    None when even the roomiest choice places too few.
    """
    possible, liked = (
        [min(most_in(days >> week & ALL_WEEK, problem.apart), problem.per_week) for week in _weeks(start, fewest.weeks)]
        for days in (problem.possible, problem.liked)
    )
    thin = sum(most < problem.min_in_week for most in possible[:-1])
    fits = sum(possible) >= problem.missing and thin <= fewest.deviations
    return max(problem.missing - sum(liked), 0) if fits else None


def _weeks(start: int, weeks: int) -> range:
    return range(start, start + WEEK * weeks, WEEK)


def _run(steps: Steps, start: int, fewest: Fewest) -> _Run | None:
    weeks = fewest.weeks
    layers: list[Layer] = [{(0, 0, 0, steps.nothing_shared): 0}]
    for left, week in zip(range(weeks - 1, -1, -1), _weeks(start, weeks), strict=True):
        after = _next_layer(steps, layers[-1], week, left, fewest.deviations)
        if week == start:
            after = {state: cost for state, cost in after.items() if steps.opens(state[1], week)}
        layers.append(after)
    end = start + WEEK * (weeks - 1)
    layers[-1] = {state: cost for state, cost in layers[-1].items() if _may_end(steps, state[1], end)}
    ends = [(cost, _last(steps, state, end)) for state, cost in layers[-1].items()]
    return _Run(start, layers, min(ends)) if ends else None


def _may_end(steps: Steps, days: int, start: int) -> bool:
    return (bool(days) or steps.had(start) > 0) and steps.may_end(days, start)


def _last(steps: Steps, state: State, start: int) -> int:
    return max((state[1] << start).bit_length(), steps.problem.series.bit_length()) - 1


def _next_layer(steps: Steps, layer: Layer, start: int, left: int, deviations: int) -> Layer:
    """The least cost of each state after the week from `start`, with `left` weeks to go."""
    problem = steps.problem
    least, most = problem.missing - problem.per_week * left, problem.missing
    after: Layer = {}
    for (placed, before, thin, shared), cost in layer.items():
        for days, size, more, is_thin, now in steps.after(before, shared, start):
            if not least <= placed + size <= most:
                continue
            now_thin = thin + (left > 0 and is_thin)
            state, value = (placed + size, days, now_thin, now), cost + more
            if now_thin <= deviations and value < after.get(state, NOT_YET):
                after[state] = value
    return after


def _trace(steps: Steps, run: _Run, nodes: dict[Node, int]) -> tuple[int, ...]:
    """Adds all optimal sets of one run to `nodes`, last day first, and returns where they begin."""
    start = run.start + WEEK * (len(run.layers) - 2)
    final = run.layers[-1]
    begin: dict[State, tuple[int, ...]] = {
        state: _chain(state[1], start, (), nodes)
        for state, cost in final.items()
        if (cost, _last(steps, state, start)) == run.best
    }
    for week in range(len(run.layers) - 3, -1, -1):
        begin = _begin_earlier(steps, run, week, begin, nodes)
    return tuple({node for entry in begin.values() for node in entry})


def _begin_earlier(
    steps: Steps, run: _Run, week: int, begin: dict[State, tuple[int, ...]], nodes: dict[Node, int]
) -> dict[State, tuple[int, ...]]:
    """Where the optimal sets begin that pass through each state of `week`, from those of the week after."""
    earlier: dict[State, tuple[int, ...]] = {}
    start, costs, last = run.start + WEEK * week, run.layers[week + 2], week + 3 == len(run.layers)
    for state, cost in run.layers[week + 1].items():
        entries = [
            entry
            for after, entry in begin.items()
            if _leads(steps, (state, cost), (after, costs[after]), start + WEEK, last)
        ]
        if entries:
            follow = tuple(sorted({node for entry in entries for node in entry}))
            earlier[state] = _chain(state[1], start, follow, nodes)
    return earlier


def _leads(steps: Steps, one: tuple[State, int], following: tuple[State, int], start: int, last: bool) -> bool:
    """Whether a state and its cost, the week of which begins at `start`, follow from the other by one lawful step."""
    (placed, before, thin, shared), cost = one
    return any(
        ((placed + size, days, thin + (is_thin and not last), now), cost + more) == following
        for days, size, more, is_thin, now in steps.after(before, shared, start)
    )


def _chain(days: int, start: int, follow: tuple[int, ...], nodes: dict[Node, int]) -> tuple[int, ...]:
    for day in reversed(list(_bits(days))):
        follow = (nodes.setdefault((start + day, follow), len(nodes)),)
    return follow
