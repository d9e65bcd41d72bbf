"""The planner: one series (time, growth, exactness), and many at once against first-fit."""

import time as clock
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from random import Random
from statistics import median
from typing import Any

from scheduling.domain.planner import Candidate, Plan, Preferred, SeriesProblem, plan_series
from scheduling.domain.planner.problem import MAX_ALTERNATIVES
from tests.bench.lines import Line, Sample, percentile
from tests.scheduling.domain import oracle

MONDAY = date(2027, 1, 4)
ROOMS = CLINICIANS = 4
STARTS = 40  # a day, every quarter of an hour


def problem(seed: int, *, weeks: int, starts: int = STARTS, rooms: int = ROOMS, free: float = 0.7) -> SeriesProblem:
    """A busy calendar: each start of each room with one clinician who is free then, or not offered."""
    rng = Random(seed)
    days = [MONDAY + timedelta(days=n) for n in range(7 * weeks) if n % 7 < 5]
    candidates = [
        Candidate(datetime.combine(day, time(8 + n // 4, n % 4 * 15)), f"R{room}", f"C{rng.randrange(CLINICIANS)}")
        for day in days
        for n in range(starts)
        for room in range(rooms)
        if rng.random() < free
    ]
    wish = Preferred(frozenset(rng.sample(range(5), 3)), time(9), time(15)) if seed % 2 else Preferred()
    return SeriesProblem(rng.choice((6, 7, 8)), rng.choice((2, 3)), candidates, preferred=wish)


def run_one(_bench: Any, *, quick: bool = False, **_: Any) -> Iterator[Line]:
    """8 weeks, 4 rooms, 40 starts a day; then 4, 8, 16 weeks; then small ones against trying everything."""
    asked = [problem(seed, weeks=8) for seed in range(20 if quick else 150)]
    times = Sample()
    for _round in range(1 if quick else 5):
        times.rounds.append([_timed(one) for one in asked[_round::5]])
    count = median(len(one.candidates) for one in asked)
    notes = f"{count:,.0f} candidates in the median problem"
    yield times.line("plan one series, 8 weeks, 4 rooms, 40 starts a day", notes=notes).goal_of("p95", 5)
    yield _with_alternatives(asked)
    yield _growth(quick)
    yield _exact(40 if quick else 300)


def _timed(one: SeriesProblem, alternatives: int = 0) -> float:
    start = clock.process_time()  # nothing but computing: its own time, whatever else the machine does
    plan_series(one, alternatives)
    return clock.process_time() - start


def _with_alternatives(asked: list[SeriesProblem]) -> Line:
    """What the builder's page and the command ask for: the best and three that differ; each of the four is a search."""
    times = Sample(rounds=[[_timed(one, MAX_ALTERNATIVES) for one in asked[turn::5]] for turn in range(5)])
    return times.line("plan one series with three alternatives").goal_of("p95", 5)


def _growth(quick: bool) -> Line:
    took = {
        weeks: median(_timed(problem(seed, weeks=weeks)) for seed in range(5 if quick else 30)) for weeks in (4, 8, 16)
    }
    ratio = took[16] / took[4]
    notes = ", ".join(f"{weeks} weeks {seconds * 1e3:.1f} ms" for weeks, seconds in took.items())
    line = Line("plan one series, growth from 4 to 16 weeks", ratio, "times", ratio, "4 weeks", notes=notes)
    return line.goal_of("ratio", 4.4)


def _exact(count: int) -> Line:
    """How many small problems are answered as trying everything answers them; all of them, or AssertionError."""
    for seed in range(count):
        small = problem(seed, weeks=2, starts=2, rooms=2, free=0.35)
        small = SeriesProblem(min(small.infusions, 4), small.per_week, small.candidates, preferred=small.preferred)
        mine, best = plan_series(small, 0), oracle.plan(small, 0)
        got = [(v.start, v.room, v.clinician) for v in mine.best.visits] if isinstance(mine, Plan) else []
        expected = [(c.start, c.room, c.clinician) for c in best[0].visits] if best else []
        if got != expected:
            raise AssertionError(f"seed {seed}: {got}, but {expected} is best")
    return Line("plan one series, answers that are the optimum", 100.0, "%", n=count).goal_of(
        "value", 100, at_least=True
    )


def run_many(_bench: Any, *, quick: bool = False, **_: Any) -> Iterator[Line]:
    """Crowds of 60 and 100 series in 6 weeks, within 3 and 10 seconds, against placing one after the other."""
    for patients, seconds, goal in ((60, 3, 1.10), (100, 3, 1.15), (100, 10, 1.20)):
        if quick and seconds > 3:
            continue
        yield _placed(patients, seconds, range(1 if quick else 5)).goal_of("ratio", goal, at_least=True)


def _placed(patients: int, seconds: float, seeds: range) -> Line:
    from scheduling.domain.planner.many import first_fit, place_many
    from tests.scheduling.domain.crowd import crowd, unlawful

    ratios, whole, times = list[float](), list[int](), list[float]()
    for seed in seeds:
        made = crowd(patients, seed)
        base = first_fit(made.problems, made.shared)
        start = clock.perf_counter()
        found = place_many(made.problems, made.shared, monotonic=clock.monotonic, seconds=seconds)
        times.append(clock.perf_counter() - start)
        layouts = [
            None if one is None else [Candidate(v.start, v.room, v.clinician) for v in one.layout.visits]
            for one in found.series
        ]
        if wrong := unlawful(made, layouts):
            raise AssertionError(f"seed {seed}: {wrong[:3]}")
        whole.append(sum(one is not None for one in found.series))
        ratios.append(whole[-1] / max(1, sum(one is not None for one in base.series)))
    ordered = sorted(times)
    return Line(
        f"place {patients} series in {seconds} s", median(whole), "placed", median(ratios), "first-fit", n=len(whole),
        p50=percentile(ordered, 50) * 1e3, p95=percentile(ordered, 95) * 1e3, p99=percentile(ordered, 99) * 1e3,
        notes=f"ratios {', '.join(f'{one:.2f}' for one in sorted(ratios))}",
    )  # fmt: skip
