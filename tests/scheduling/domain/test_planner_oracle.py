"""The planner equals brute force: whole objective, layout, alternatives, and the rule that blocks."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scheduling.domain.planner import Candidate, Impossible, Layout, Preferred, SeriesProblem, grid, plan_series
from tests.scheduling.domain import oracle

FIRST = date(2026, 12, 1)
TIMES = (time(8), time(9, 30), time(13))


def day(offset: int) -> date:
    return FIRST + timedelta(days=offset)


@st.composite
def candidates(draw: st.DrawFn, span: int) -> list[Candidate]:
    days = draw(st.lists(st.integers(0, span), min_size=0, max_size=11, unique=True))
    one = st.tuples(st.sampled_from(TIMES), st.sampled_from("AB"), st.sampled_from(["cho", "lee"]))
    return [
        Candidate(datetime.combine(day(offset), at), room, clinician)
        for offset in days
        for at, room, clinician in draw(st.lists(one, min_size=1, max_size=3))
    ]


@st.composite
def problems(draw: st.DrawFn) -> SeriesProblem:
    span = draw(st.sampled_from([9, 13, 17, 24]))
    kept = draw(st.frozensets(st.integers(-10, span), max_size=draw(st.sampled_from([0, 0, 2]))))
    existing = draw(st.frozensets(st.integers(-6, span + 6), max_size=draw(st.sampled_from([0, 0, 4]))))
    times = draw(st.sampled_from([(None, None), (time(9), None), (None, time(9, 30)), (time(8), time(12))]))
    return SeriesProblem(
        infusions=len(kept) + draw(st.integers(0 if kept else 1, 5)),
        per_week=draw(st.sampled_from([2, 3])),
        candidates=draw(candidates(span)),
        existing=frozenset(map(day, existing)),
        series_days=frozenset(map(day, kept)),
        preferred=Preferred(draw(st.frozensets(st.integers(0, 6), max_size=3)), *times),
    )


@st.composite
def repairs(draw: st.DrawFn) -> SeriesProblem:
    """Problems with visits planned before: some can be kept as they are, some not at that time, some not at all."""
    problem = draw(problems())
    can = st.sampled_from(problem.candidates) if problem.candidates else st.nothing()
    cannot = st.builds(
        lambda offset, room: Candidate(datetime.combine(day(offset), TIMES[0]), room, "cho"),
        st.integers(0, 24),
        st.sampled_from("AZ"),
    )
    return replace(problem, planned=draw(st.lists(can | cannot, min_size=1, max_size=6)))


def key(layout: Layout) -> oracle.Key:
    best = layout.objective
    return tuple(getattr(best, name) for name in type(best).__dataclass_fields__)


def visits(layout: Layout) -> tuple[Candidate, ...]:
    return tuple(Candidate(visit.start, visit.room, visit.clinician) for visit in layout.visits)


def crowded(seed: int) -> SeriesProblem:
    """Fuller calendars than hypothesis likes to draw: more infusions, more kept days, every rule in the way."""
    rng = random.Random(seed)
    span = rng.choice([8, 10, 14, 18])
    days = sorted(rng.sample(range(span), rng.randint(span // 3, min(span, 11))))
    per_week, kept, existing = rng.choice([2, 3]), rng.choice([0, 0, 0, 1, 2]), rng.choice([0, 0, 2, 3])
    kept_days = frozenset(day(rng.randint(-9, span)) for _ in range(kept))
    return SeriesProblem(
        infusions=min(len(kept_days) + rng.randint(2, 6), 8),
        per_week=per_week,
        candidates=[
            Candidate(datetime.combine(day(offset), rng.choice(TIMES)), rng.choice("AB"), rng.choice(["cho", "lee"]))
            for offset in days
            for _ in range(rng.randint(1, 3))
        ],
        existing=frozenset(day(rng.randint(-3, span + 3)) for _ in range(existing)),
        series_days=kept_days,
        preferred=Preferred(frozenset(rng.sample(range(7), rng.choice([0, 3]))), until=rng.choice([None, time(13)])),
    )


def crowded_repair(seed: int) -> SeriesProblem:
    """A crowded calendar with some of its starts, and one that is no longer free, planned before."""
    rng, problem = random.Random(seed), crowded(seed)
    free = rng.sample(problem.candidates, min(len(problem.candidates), rng.randint(1, 6)))
    gone = Candidate(datetime.combine(day(rng.randint(0, 9)), time(11)), "A", "cho")
    return replace(problem, planned=[*free, gone])


def check(problem: SeriesProblem) -> None:
    expected, answer = oracle.plan(problem), plan_series(problem)
    if isinstance(answer, Impossible):
        assert not expected
        assert answer.rule == oracle.blocking_rule(problem)
    elif problem.missing:
        layouts = [answer.best, *answer.alternatives]
        assert [key(layout) for layout in layouts] == [best.key for best in expected]
        assert [visits(layout) for layout in layouts] == [best.visits for best in expected]
    else:
        assert answer.best.visits == ()


@given(problems())
@settings(max_examples=700, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_equals_brute_force(problem: SeriesProblem) -> None:
    check(problem)


def test_equals_brute_force_on_crowded_calendars() -> None:
    for seed in range(900):
        check(crowded(seed))


@given(repairs())
@settings(max_examples=700, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_a_repair_equals_brute_force(problem: SeriesProblem) -> None:
    check(problem)


def test_a_repair_equals_brute_force_on_crowded_calendars() -> None:
    for seed in range(900):
        check(crowded_repair(seed))


def test_choices_numbered_one_by_one_give_the_same_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The way for hundreds of rooms and clinicians, where a bit for every combination would be too many."""
    monkeypatch.setattr(grid, "MOST_DENSE_BITS", 0)
    for seed in range(150):
        check(crowded(seed))
        check(crowded_repair(seed))
