"""What the planner says, where an example says more than an oracle."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest

from scheduling.domain.planner import Candidate, Impossible, Plan, Preferred, SeriesProblem, plan_series

MONDAY = date(2026, 12, 7)


def day(offset: int) -> date:
    return MONDAY + timedelta(days=offset)


def at(offset: int, hour: int = 9, room: str = "A", clinician: str = "cho") -> Candidate:
    return Candidate(datetime.combine(day(offset), time(hour)), room, clinician)


def plan(problem: SeriesProblem) -> Plan:
    found = plan_series(problem)
    assert isinstance(found, Plan)
    return found


def offsets(found: Plan) -> list[int]:
    return [(one - MONDAY).days for one in found.best.days]


def test_eight_on_free_working_days_take_three_weeks() -> None:
    working = [at(offset) for offset in range(28) if day(offset).weekday() < 5]
    found = plan(SeriesProblem(8, 3, working))
    assert offsets(found) == [0, 2, 4, 7, 9, 11, 14, 16]
    assert found.best.objective.series_weeks == 3


def test_the_same_hour_comes_before_an_earlier_one() -> None:
    found = plan(SeriesProblem(2, 2, [at(0, 8), at(0, 10), at(3, 10)]))
    assert [visit.start.hour for visit in found.best.visits] == [10, 10]


def test_rooms_then_clinicians_by_name_break_the_last_tie() -> None:
    same = [at(offset, room=room, clinician=who) for offset in (0, 3) for room in "BA" for who in ("lee", "cho")]
    assert [(one.room, one.clinician) for one in plan(SeriesProblem(2, 2, same)).best.visits] == [("A", "cho")] * 2


def test_preferred_days_are_worth_a_later_end_but_not_another_week() -> None:
    wishes = Preferred(frozenset({4}))
    found = plan(SeriesProblem(2, 3, [at(0), at(2), at(4), at(11)], preferred=wishes))
    assert offsets(found) == [0, 4] or offsets(found) == [2, 4]
    assert found.best.objective.outside_preferred == 1


def test_a_deviation_is_proposed_only_where_nothing_else_is_lawful_and_says_so() -> None:
    found = plan(SeriesProblem(3, 3, [at(0), at(8), at(10)]))
    [deviation] = found.best.deviations
    assert (deviation.week, deviation.infusions) == (1, 1)
    assert plan(SeriesProblem(3, 3, [at(0), at(8), at(10), at(12)])).best.deviations == ()


def test_a_repair_between_kept_days_is_numbered_by_date() -> None:
    kept = frozenset({day(0), day(4)})
    [visit] = plan(SeriesProblem(3, 3, [at(2)], series_days=kept)).best.visits
    assert visit.number == 2


def test_weeks_begin_with_a_new_infusion_before_the_kept_days() -> None:
    kept = frozenset({day(4), day(9)})
    best = plan(SeriesProblem(3, 3, [at(0)], series_days=kept)).best
    assert (best.visits[0].number, best.objective.series_weeks, best.deviations) == (1, 2, ())


def test_a_repair_keeps_what_it_can_before_weeks_wishes_and_steadiness() -> None:
    free = [at(offset, hour) for offset in (0, 2, 4, 7, 9, 11, 14) for hour in (8, 9, 10)]
    planned = [at(0, 10), at(4, 9), at(9, 8), at(11, 15)]  # the last one is no longer free
    found = plan(SeriesProblem(4, 3, free, preferred=Preferred(until=time(9)), planned=planned))
    kept = [(visit.start.day - 7, visit.start.hour) for visit in found.best.visits]
    assert kept == [(0, 10), (4, 9), (7, 8), (9, 8)]
    assert found.best.objective.changed == 1


def test_a_repair_does_not_deviate_to_keep_a_visit() -> None:
    planned = [at(0), at(8), at(10)]
    assert plan(SeriesProblem(3, 3, planned, planned=planned)).best.objective.changed == 0
    found = plan(SeriesProblem(3, 3, [*planned, at(12)], planned=planned))
    assert (offsets(found), found.best.objective.changed) == ([8, 10, 12], 1)


def test_another_room_or_clinician_at_the_same_time_is_a_change() -> None:
    moved = [at(0, room="B"), at(3, clinician="lee")]
    found = plan(SeriesProblem(2, 2, moved, planned=[at(0), at(3)]))
    assert found.best.objective.changed == 2


def test_existing_days_of_the_patient_keep_their_distance() -> None:
    found = plan(SeriesProblem(1, 2, [at(0), at(3)], existing=frozenset({day(-2)})))
    assert offsets(found) == [3]


def test_a_full_series_has_nothing_to_lay_out() -> None:
    found = plan(SeriesProblem(2, 3, [at(9)], series_days=frozenset({day(0), day(2)})))
    assert found.best.visits == ()
    assert found.alternatives == ()


def test_alternatives_differ_in_two_days_from_each_other() -> None:
    found = plan(SeriesProblem(4, 3, [at(offset) for offset in range(21)]))
    layouts = [set(found.best.days), *(set(other.days) for other in found.alternatives)]
    assert len(layouts) == 4
    assert all(len(a - b) >= 2 for a in layouts for b in layouts if a is not b)
    assert found.alternatives[0].objective > found.best.objective


@pytest.mark.parametrize(
    ("candidates", "per_week", "missing", "existing", "rule", "blocking"),
    [
        ([at(0), at(4), at(6), at(8), at(10)], 3, 5, [], "P2", [4, 6, 8, 10]),
        ([at(0), at(2), at(4), at(6)], 3, 4, [], "candidates", [0, 2, 4, 6]),  # P2 and P5 together
        ([at(0), at(1)], 3, 2, [], "P3", [0, 1]),
        ([at(1)], 2, 1, [0], "P3", [0, 1]),
        ([at(0)], 3, 1, [0], "P3", [0]),
        ([at(0), at(3), at(6)], 2, 3, [], "P5", [0, 3, 6]),
        ([at(0), at(0, 13)], 3, 2, [], "candidates", [0]),
        ([], 3, 2, [], "candidates", []),
    ],
)
def test_what_is_impossible_names_the_first_rule_and_its_days(
    candidates: list[Candidate], per_week: int, missing: int, existing: list[int], rule: str, blocking: list[int]
) -> None:
    found = plan_series(SeriesProblem(missing, per_week, candidates, existing=frozenset(map(day, existing))))
    assert isinstance(found, Impossible)
    assert (found.rule, found.days) == (rule, tuple(map(day, blocking)))
    assert "another site" in found.say
    assert "one more week" in found.say


def test_time_and_memory_of_a_year_of_sparse_days_stay_small() -> None:
    sparse = [at(offset) for offset in range(0, 360, 9)]
    found = plan(SeriesProblem(8, 3, sparse))
    assert found.best.objective.deviations == 9
    assert len(found.best.visits) == 8


@pytest.mark.parametrize(("infusions", "per_week", "kept"), [(9, 3, 0), (0, 3, 0), (3, 4, 0), (1, 3, 2)])
def test_an_order_outside_the_law_is_no_problem_at_all(infusions: int, per_week: int, kept: int) -> None:
    with pytest.raises(ValueError, match=r"P1|2 or 3"):
        SeriesProblem(infusions, per_week, [], series_days=frozenset(day(7 * i) for i in range(kept)))
