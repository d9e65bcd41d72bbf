"""The rules P1 to P5, P8 to P10, each at its edge."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.domain.policy import Policy
from scheduling.domain.protocol import (
    SeriesDays,
    Violation,
    booster_too_close,
    check_booster,
    check_infusion,
    check_series,
    deviations,
    over_frequency,
    pauses,
    review_deadline,
    review_opens_after,
    review_point,
    series_week,
    stage_of,
    too_close,
    too_many_in_week,
    too_many_ordered,
    week_days,
)

MONDAY = date(2026, 12, 7)


def day(offset: int) -> date:
    return MONDAY + timedelta(days=offset)


def days(*offsets: int) -> tuple[date, ...]:
    return tuple(map(day, offsets))


def series(*offsets: int, per_week: int = 3, ordered: int = 6, others: tuple[date, ...] = ()) -> SeriesDays:
    return SeriesDays(days(*offsets), per_week, ordered, others)


def rules(found: tuple[Violation, ...]) -> list[str]:
    return [violation.rule for violation in found]


def test_p1_stops_at_the_order_and_at_eight() -> None:
    assert too_many_ordered(series(0, 2, 4, ordered=3)) == ()
    [over] = too_many_ordered(series(0, 2, 4, 7, ordered=3))
    assert (over.rule, over.days) == ("P1", days(7))
    nine = series(*range(0, 63, 7), ordered=12)
    assert too_many_ordered(nine)[0].days == days(56)


def test_p2_is_broken_on_the_seventh_day_and_kept_on_the_eighth() -> None:
    assert too_many_in_week(days(0, 2, 4, 7)) == ()
    [crowded] = too_many_in_week(days(0, 2, 4, 6))
    assert crowded.days == days(0, 2, 4, 6)
    assert "Monday, December 7" in crowded.say


@given(st.sets(st.integers(0, 30), max_size=12))
def test_p2_is_what_counting_every_window_says(offsets: set[int]) -> None:
    windows = [sum(first <= one < first + 7 for one in offsets) for first in range(-7, 31)]
    assert bool(too_many_in_week(map(day, offsets))) == (max(windows) > 3)


@pytest.mark.parametrize(("per_week", "apart"), [(3, 2), (2, 3)])
def test_p3_wants_clear_days_between(per_week: int, apart: int) -> None:
    assert too_close(days(apart, 0), per_week) == ()
    [close] = too_close(days(apart - 1, 0), per_week)
    assert close.days == days(0, apart - 1)
    assert rules(too_close(days(0, 0), per_week)) == ["P3"]


def test_p3_knows_only_two_and_three_a_week() -> None:
    with pytest.raises(ValueError, match="2 or 3"):
        too_close(days(0), 1)


@given(st.sets(st.integers(0, 30), max_size=8), st.sampled_from([2, 3]))
def test_p3_is_symmetric(offsets: set[int], per_week: int) -> None:
    apart = {2: 3, 3: 2}[per_week]
    assert bool(too_close(map(day, offsets), per_week)) == any(abs(a - b) < apart for a, b in combinations(offsets, 2))


def test_series_weeks_count_from_the_first_infusion() -> None:
    assert [series_week(MONDAY, day(offset)) for offset in (-1, 0, 6, 7, 13, 14)] == [0, 1, 1, 2, 2, 3]
    assert week_days(MONDAY, 2) == days(7, 14)


def test_p4_names_thin_weeks_but_not_the_last() -> None:
    assert deviations(series(0, 2, 7, 9, 14)) == ()
    thin = deviations(series(0, 14, 16, 28))
    assert [(one.week, one.infusions) for one in thin] == [(1, 1), (2, 0), (4, 0)]
    assert (thin[1].starts_on, thin[1].ends_on) == days(7, 14)
    assert "prescriber" in thin[0].say


def test_p4_counts_weeks_from_the_first_fulfilled() -> None:
    kept = SeriesDays(days(7, 9), 3, 6, (), first_on=day(0))
    assert [one.week for one in deviations(kept)] == []
    assert [one.week for one in deviations(SeriesDays(days(0, 7, 9), 3, 6, (), first_on=day(0)))] == [1]


def test_p5_counts_the_series_week_not_the_calendar_week() -> None:
    twice = series(3, 6, 9, 10, per_week=2)
    [over] = over_frequency(twice)
    assert over.days == days(3, 6, 9)
    assert over_frequency(series(3, 6, 10, 13, per_week=2)) == ()


def test_stages_and_reviews() -> None:
    assert [stage_of(number) for number in (1, 3, 4, 6, 7, 8)] == [1, 1, 2, 2, 3, 3]
    assert [review_point(number, 8) for number in (1, 4, 7)] == [3, 6, 8]
    assert review_opens_after(4) == 2
    assert review_deadline(day(7), days(3, 4, 7, 8)) == day(4)
    assert review_deadline(day(0), days(3)) is None
    with pytest.raises(ValueError, match="from 1"):
        stage_of(0)


def test_p9_starts_at_fourteen_days() -> None:
    assert pauses(days(0, 13)) == ()
    [pause] = pauses(days(14, 0))
    assert (pause.rule, pause.days) == ("P9", days(0, 14))


def test_p10_wants_seven_days_on_both_sides() -> None:
    assert booster_too_close(day(7), days(0, 14)) == ()
    assert [one.days for one in booster_too_close(day(7), days(1, 13))] == [days(7, 1), days(7, 13)]
    assert rules(check_booster(day(20), days(0, 14))) == ["P10"]


def test_one_more_infusion_is_checked_in_its_place() -> None:
    booked = series(0, 4, 8, others=days(20))
    assert check_infusion(booked, day(2)) == ()
    assert rules(check_infusion(booked, day(1))) == ["P3"]
    assert rules(check_infusion(booked, day(19))) == ["P3"]
    assert rules(check_infusion(series(0, 2, 4), day(6))) == ["P2", "P5"]
    assert rules(check_infusion(series(0, 2, 4, ordered=3), day(7))) == ["P1"]


def test_what_others_do_among_themselves_is_not_this_series_fault() -> None:
    assert check_series(series(40, others=days(0, 1, 2, 3))) == ()


def test_a_clinic_may_set_its_own_numbers() -> None:
    strict = Policy(clear_days_at_3_a_week=2, pause_days=10)
    assert rules(too_close(days(0, 2), 3, strict)) == ["P3"]
    assert rules(pauses(days(0, 10), strict)) == ["P9"]
