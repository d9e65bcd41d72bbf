"""Half-open interval arithmetic, against sets of minutes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.domain.intervals import Interval, covers, intersect, normalise, subtract, union

FIRST = datetime(2026, 11, 1, 7, tzinfo=UTC)


def span(start: int, length: int) -> Interval:
    return Interval(FIRST + timedelta(minutes=start), FIRST + timedelta(minutes=start + length))


many = st.lists(st.builds(span, st.integers(0, 50), st.integers(1, 12)), max_size=8)


def minutes(intervals: list[Interval]) -> set[int]:
    return {minute for one in intervals for minute in range(_minute(one.start), _minute(one.end))}


def _minute(instant: datetime) -> int:
    return int((instant - FIRST).total_seconds()) // 60


def tidy(intervals: list[Interval]) -> bool:
    return all(a.end < b.start for a, b in pairwise(intervals))


@given(many)
def test_normalise_keeps_the_minutes_and_is_tidy(some: list[Interval]) -> None:
    assert minutes(normalise(some)) == minutes(some)
    assert tidy(normalise(some))


@given(many, many)
def test_operations_are_those_of_sets(some: list[Interval], others: list[Interval]) -> None:
    assert minutes(union(some, others)) == minutes(some) | minutes(others)
    assert minutes(subtract(some, others)) == minutes(some) - minutes(others)
    assert minutes(intersect(some, others)) == minutes(some) & minutes(others)
    assert tidy(subtract(some, others))
    assert tidy(intersect(some, others))


@given(many, st.builds(span, st.integers(0, 50), st.integers(1, 12)))
def test_covers_asks_for_every_minute(some: list[Interval], wanted: Interval) -> None:
    assert covers(normalise(some), wanted) == (minutes([wanted]) <= minutes(some))


def test_touching_is_not_overlapping() -> None:
    assert not span(0, 10).overlaps(span(10, 5))
    assert span(0, 11).overlaps(span(10, 5))
    assert span(0, 10).holds(FIRST)
    assert not span(0, 10).holds(FIRST + timedelta(minutes=10))


def test_the_two_autumn_instants_differ() -> None:
    zone = ZoneInfo("America/Los_Angeles")
    wall = datetime(2026, 11, 1, 1, 30, tzinfo=zone)
    assert Interval(wall, wall.replace(fold=1)).length == timedelta(hours=1)


@pytest.mark.parametrize("length", [0, -1])
def test_an_interval_ends_after_it_starts(length: int) -> None:
    with pytest.raises(ValueError, match="ends after it starts"):
        span(0, length)


def test_an_interval_is_made_of_aware_datetimes() -> None:
    with pytest.raises(ValueError, match="aware"):
        Interval(datetime(2026, 1, 1), datetime(2026, 1, 2))
