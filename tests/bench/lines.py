"""A measured line, and how it is measured: several things in turn, round after round, so that a ratio is fair."""

import gc
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

ROUNDS = 5


@dataclass(frozen=True)
class Line:
    """What bin/bench prints. `ratio`: value over `against`; percentiles and value are in `unit`. None: means nothing.

    `goal` is for the table: at most this ratio (or value), or at least where `at_least`.
    """

    name: str
    value: float
    unit: str
    ratio: float | None = None
    against: str | None = None
    n: int = 0
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    goal: float | None = None
    at_least: bool = False
    of: str = "value"  # what the goal speaks of: value, ratio, p95, p99
    notes: str = ""

    def public(self) -> dict[str, Any]:
        """The fields of INTERFACES: no more, no less."""
        names = ("name", "value", "unit", "ratio", "against", "n", "p50", "p95", "p99")
        return {name: _rounded(value) for name, value in asdict(self).items() if name in names}

    @property
    def reached(self) -> bool | None:
        """Whether the goal is reached; None where there is none."""
        found = getattr(self, self.of)
        if self.goal is None or found is None:
            return None
        return bool(found >= self.goal if self.at_least else found <= self.goal)

    def goal_of(self, of: str, goal: float, *, at_least: bool = False) -> Self:
        """The same line with a goal."""
        return replace(self, of=of, goal=goal, at_least=at_least)


def _rounded(value: Any) -> Any:
    return float(f"{value:.4g}") if isinstance(value, float) else value


@dataclass
class Sample:
    """The times of one contestant, in seconds, round by round."""

    rounds: list[list[float]] = field(default_factory=list)

    @property
    def all(self) -> list[float]:
        """Every time, ascending."""
        return sorted(one for single in self.rounds for one in single)

    @property
    def median(self) -> float:
        """The median of the rounds' medians."""
        return statistics.median(statistics.median(one) for one in self.rounds)

    def over(self, other: "Sample") -> float:
        """The median of the rounds' ratios to another contestant."""
        pairs = zip(self.rounds, other.rounds, strict=True)
        return statistics.median(statistics.median(mine) / statistics.median(its) for mine, its in pairs)

    def line(self, name: str, **more: Any) -> Line:
        """In milliseconds."""
        times = self.all
        return Line(
            name,
            value=self.median * 1e3,
            unit="ms",
            n=len(times),
            p50=percentile(times, 50) * 1e3,
            p95=percentile(times, 95) * 1e3,
            p99=percentile(times, 99) * 1e3,
            **more,
        )


def percentile(ascending: Sequence[float], percent: float) -> float:
    """By rank: the least value that is not below `percent` of them."""
    return ascending[min(len(ascending) - 1, max(0, -(-len(ascending) * percent // 100).__int__() - 1))]


def in_turn(
    contestants: Mapping[str, Callable[[], object]], *, calls: int, rounds: int = ROUNDS, warm: int = 2
) -> dict[str, Sample]:
    """Each contestant `calls` times, all of them in each round; the garbage collector waits."""
    samples = {name: Sample() for name in contestants}
    for _ in range(rounds):
        for name, call in contestants.items():
            for _ in range(warm):
                call()
            samples[name].rounds.append(_timed(call, calls))
    return samples


def _timed(call: Callable[[], object], calls: int) -> list[float]:
    gc.collect()
    gc.disable()
    try:
        return [_once(call) for _ in range(calls)]
    finally:
        gc.enable()


def _once(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start
