"""Many series at once: lawful together, never worse than first-fit, the same answer for the same question."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from itertools import combinations, count

import pytest

from scheduling.domain.planner import Candidate, Plan, SeriesProblem, plan_series
from scheduling.domain.planner.many import LaneInUse, Placement, Shared, first_fit, place_many
from tests.scheduling.domain.crowd import Crowd, crowd, unlawful

MONDAY = date(2027, 1, 4)
HOUR = timedelta(hours=1)
ALONE = Shared(2 * HOUR, HOUR / 4)


def at(offset: int, hour: int = 9, room: str = "A", clinician: str = "cho") -> Candidate:
    return Candidate(datetime.combine(MONDAY + timedelta(days=offset), time(hour)), room, clinician)


def standing_still() -> float:
    return 0.0


def ticking(step: float) -> Callable[[], float]:
    ticks = count()
    return lambda: next(ticks) * step


def place(
    problems: Sequence[SeriesProblem], shared: Shared, *, rounds: int = 40, may_deviate: bool = True
) -> Placement:
    return place_many(problems, shared, monotonic=standing_still, rounds=rounds, may_deviate=may_deviate)


def visits(found: Placement) -> list[list[Candidate] | None]:
    return [
        None if one is None else [Candidate(visit.start, visit.room, visit.clinician) for visit in one.layout.visits]
        for one in found.series
    ]


def lanes_collide(found: Placement, stay: timedelta) -> bool:
    taken = [
        (visit.clinician, lane, visit.start)
        for one in found.series
        if one
        for visit, lane in zip(one.layout.visits, one.lanes, strict=True)
    ]
    return any(a[:2] == b[:2] and abs(a[2] - b[2]) < stay for a, b in combinations(taken, 2))


def small(seed: int) -> Crowd:
    return crowd(4 + seed % 7, seed, weeks=3, booked=1.5)


@pytest.mark.parametrize("may_deviate", [True, False])
def test_lawful_and_never_worse_than_first_fit(may_deviate: bool) -> None:
    gained = 0
    for seed in range(25):
        asked = small(seed)
        base = first_fit(asked.problems, asked.shared, may_deviate=may_deviate)
        found = place(asked.problems, asked.shared, may_deviate=may_deviate)
        assert unlawful(asked, visits(base)) == unlawful(asked, visits(found)) == []
        assert not lanes_collide(found, asked.shared.length)
        assert found.total <= base.total
        assert may_deviate or not any(one.layout.deviations for one in found.series if one)
        gained += found.whole - base.whole
    assert gained > 0


def test_a_crowd_gains_a_tenth_over_first_fit_within_few_rounds() -> None:
    asked = crowd(60, 1)
    base, found = first_fit(asked.problems, asked.shared), place(asked.problems, asked.shared, rounds=150)
    assert unlawful(asked, visits(found)) == []
    assert found.whole >= 1.1 * base.whole


def test_the_checker_sees_what_is_unlawful() -> None:
    asked = small(3)
    [one, *_] = [found for found in visits(place(asked.problems, asked.shared)) if found]
    doubled = [one if number < 2 else None for number in range(len(asked.problems))]
    assert any("taken twice" in wrong for wrong in unlawful(asked, doubled))
    assert unlawful(asked, [one[:-1], *[None] * (len(asked.problems) - 1)])


def test_alone_it_is_the_exact_single_answer() -> None:
    for seed in range(12):
        [problem] = crowd(1, seed).problems
        single, [one] = plan_series(problem, alternatives=0), place([problem], small(0).shared, rounds=0).series
        assert isinstance(single, Plan)
        assert one
        assert one.layout == single.best


def test_the_same_seed_and_rounds_give_the_same_answer() -> None:
    asked = crowd(25, 4, weeks=4)
    once, again = (place(asked.problems, asked.shared, rounds=30) for _ in range(2))
    assert once == again


def test_it_stops_in_time() -> None:
    asked = crowd(30, 2, weeks=3)
    tick = ticking(0.01)
    found = place_many(asked.problems, asked.shared, monotonic=tick, seconds=3)
    assert 0 < found.rounds <= 300
    assert tick() <= 3.1
    assert unlawful(asked, visits(found)) == []


def test_without_any_time_it_is_first_fit() -> None:
    asked = crowd(20, 5, weeks=3)
    found = place_many(asked.problems, asked.shared, monotonic=ticking(1), seconds=0)
    assert visits(found) == visits(first_fit(asked.problems, asked.shared))


def test_who_can_have_no_place_at_all_costs_no_rounds() -> None:
    lonely = SeriesProblem(2, 3, [at(0), at(2)])
    found = place_many([SeriesProblem(2, 3, [at(0)]), SeriesProblem(2, 3, []), lonely], ALONE, monotonic=ticking(0.01))
    assert [one is not None for one in found.series] == [False, False, True]
    assert found.rounds == 0


def test_nobody_asks() -> None:
    assert place([], ALONE).series == ()


def test_first_fit_takes_the_earliest_start_then_room_then_clinician_by_name() -> None:
    free = [at(o, h, r, c) for o in (0, 1, 2) for h in (9, 12) for r in "BA" for c in ("lee", "cho")]
    found = visits(first_fit([SeriesProblem(2, 3, free)] * 3, ALONE))
    assert found == [
        [at(0, 9, "A", "cho"), at(2, 9, "A", "cho")],
        [at(0, 9, "B", "lee"), at(2, 9, "B", "lee")],
        [at(0, 12, "A", "cho"), at(2, 12, "A", "cho")],
    ]


def test_one_gives_way_so_that_two_fit() -> None:
    picky, free = SeriesProblem(2, 3, [at(0), at(2)]), SeriesProblem(2, 3, [at(n) for n in range(5)])
    assert first_fit([free, picky], ALONE).whole == 1
    found = place([free, picky], ALONE)
    assert visits(found) == [[at(1), at(3)], [at(0), at(2)]]


def test_turnover_and_buffer_keep_their_distance() -> None:
    two = [SeriesProblem(1, 3, [at(0, 9)]), SeriesProblem(1, 3, [at(0, 11)])]
    assert place(two, Shared(2 * HOUR, lanes={"cho": 2})).whole == 2
    assert place(two, Shared(2 * HOUR, HOUR / 4, lanes={"cho": 2})).whole == 1
    assert place(two, Shared(2 * HOUR, room_turnover={"A": HOUR / 4}, lanes={"cho": 2})).whole == 1
    assert place(two, Shared(2 * HOUR, lanes={"cho": 1}, buffer=HOUR / 4)).whole == 1


def test_a_lane_must_be_free_for_the_whole_visit() -> None:
    """One lane is taken until ten, the other from eleven: never two at once, and yet no lane for nine to noon."""
    taken = [
        LaneInUse("cho", 0, at(0, 8).start, at(0, 10).start),
        LaneInUse("cho", 1, at(0, 11).start, at(0, 12).start),
    ]
    shared = Shared(3 * HOUR, lanes={"cho": 2}, in_use=taken)
    assert place([SeriesProblem(1, 3, [at(0, 9)])], shared).whole == 0
    [one] = place([SeriesProblem(1, 3, [at(0, 10)])], shared).series
    assert one
    assert one.lanes == (0,)


def test_a_repair_of_several_keeps_what_stands() -> None:
    """A room is out of use: who was in it finds other places, nobody else moves."""
    before = [[at(0), at(2)], [at(0, room="B"), at(2, room="B")], [at(1), at(3)]]
    free = [at(o, h, "B", c) for o in range(5) for h in (9, 12) for c in ("cho", "lee")]
    problems = [SeriesProblem(2, 3, free, planned=planned) for planned in before]
    found = place(problems, Shared(2 * HOUR, lanes={"cho": 2, "lee": 2}))
    assert found.whole == 3
    assert found.total[2] == 4
    assert visits(found)[1] == before[1]


def test_a_deviation_that_cannot_be_avoided_does_not_stop_the_search() -> None:
    thin = frozenset({MONDAY - timedelta(days=14)})  # its week has one infusion already
    first = SeriesProblem(3, 3, [at(n) for n in range(5)], series_days=thin)
    found = place([first, SeriesProblem(2, 3, [at(0), at(2)])], ALONE)
    assert found.whole == 2
    assert place([first], ALONE, may_deviate=False).whole == 0


def test_a_visit_that_runs_into_the_next_day_is_refused() -> None:
    with pytest.raises(ValueError, match="on the day it begins"):
        place([SeriesProblem(1, 3, [at(0, 23)])], ALONE)


def test_duplicates_change_nothing() -> None:
    asked = small(1)
    twice = [replace(problem, candidates=[*problem.candidates] * 2) for problem in asked.problems]
    assert visits(place(twice, asked.shared)) == visits(place(asked.problems, asked.shared))
