"""Wall times on the days that have 23 and 25 hours."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from scheduling.domain.errors import NonexistentTime
from scheduling.domain.walltime import add_days, at, day_of, exists, opening, to_utc, wall_of

LA = ZoneInfo("America/Los_Angeles")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")  # its gap is half an hour
SPRING = [date(2026, 3, 8), date(2027, 3, 14)]
AUTUMN = [date(2026, 11, 1), date(2027, 11, 7)]


@pytest.mark.parametrize("day", SPRING)
@pytest.mark.parametrize("wall", [time(2), time(2, 30), time(2, 59)])
def test_the_spring_gap_is_refused(day: date, wall: time) -> None:
    with pytest.raises(NonexistentTime) as refused:
        at(day, wall, LA)
    assert f"{wall:%H:%M}" in refused.value.say
    assert not exists(datetime.combine(day, wall), LA)


@pytest.mark.parametrize("day", SPRING)
def test_the_edges_of_the_gap_are_the_same_moment_apart_by_no_time(day: date) -> None:
    before, after = at(day, time(1, 59), LA), at(day, time(3), LA)
    assert after - before == timedelta(minutes=1)
    assert opening(day, 2 * 60 + 30, LA) == opening(day, 3 * 60, LA) == after


@pytest.mark.parametrize("day", AUTUMN)
def test_an_ambiguous_time_is_its_first_occurrence(day: date) -> None:
    first = at(day, time(1, 30), LA)
    assert (at(day, time(2, 30), LA) - first) == timedelta(hours=2)
    second = first + timedelta(hours=1)
    assert wall_of(first, LA) == wall_of(second, LA).replace(fold=0)
    assert add_days(second, 0, LA) == first


def test_a_gap_of_half_an_hour_opens_at_its_end() -> None:
    assert opening(date(2026, 10, 4), 2 * 60 + 10, LORD_HOWE) == at(date(2026, 10, 4), time(2, 30), LORD_HOWE)


def test_whole_days_keep_the_wall_time() -> None:
    start = at(date(2026, 3, 6), time(9), LA)
    moved = add_days(start, 3, LA)
    assert wall_of(moved, LA) == datetime(2026, 3, 9, 9)
    assert moved - start == timedelta(hours=71)
    with pytest.raises(NonexistentTime):
        add_days(at(date(2026, 3, 7), time(2, 30), LA), 1, LA)


def test_a_date_is_that_of_the_zone() -> None:
    assert day_of(datetime(2026, 12, 2, 7, 59, tzinfo=UTC), LA) == date(2026, 12, 1)
    assert day_of(datetime(2026, 12, 2, 8, 0, tzinfo=UTC), LA) == date(2026, 12, 2)


def test_every_minute_of_two_years_of_change_days_round_trips_or_is_refused() -> None:
    for day in (*SPRING, *AUTUMN):
        walls = [datetime.combine(day, time()) + timedelta(minutes=m) for m in range(24 * 60)]
        real = [wall for wall in walls if exists(wall, LA)]
        assert [wall_of(to_utc(wall, LA), LA) for wall in real] == real
        assert len(real) == (24 * 60 if day in AUTUMN else 23 * 60)


def test_midnight_ends_the_day() -> None:
    assert opening(date(2026, 11, 1), 24 * 60, LA) == at(date(2026, 11, 2), time(), LA)
    assert opening(date(2026, 11, 1), 24 * 60, LA) - opening(date(2026, 11, 1), 0, LA) == timedelta(hours=25)


def test_naive_and_aware_are_not_mixed_up() -> None:
    with pytest.raises(ValueError, match="no zone"):
        to_utc(datetime(2026, 12, 1, tzinfo=UTC), LA)
    with pytest.raises(ValueError, match="carries a zone"):
        wall_of(datetime(2026, 12, 1), LA)
