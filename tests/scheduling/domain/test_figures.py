"""The arithmetic of the reports against hand counts, DST days included, and against brute force where it withholds."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.domain.figures import Span, minutes_by_hour, month_after, percent, percentile, told
from scheduling.domain.intervals import Interval
from scheduling.domain.walltime import opening

LA = ZoneInfo("America/Los_Angeles")


def whole_day(day: date) -> Interval:
    return Interval(opening(day, 0, LA), opening(day + timedelta(days=1), 0, LA))


@pytest.mark.parametrize(
    ("day", "odd", "minutes"),
    [
        (date(2026, 3, 7), None, 60),
        (date(2026, 3, 8), 2, 0),
        (date(2027, 3, 14), 2, 0),
        (date(2026, 11, 1), 1, 120),
        (date(2027, 11, 7), 1, 120),
    ],
)
def test_each_hour_of_the_wall_clock_has_its_minutes(day: date, odd: int | None, minutes: int) -> None:
    found = minutes_by_hour([whole_day(day)], LA)
    assert {hour: found[hour] for hour in range(24)} == {hour: minutes if hour == odd else 60 for hour in range(24)}


def test_minutes_are_split_at_the_hours_and_added_over_days() -> None:
    starts = datetime(2026, 6, 1, 16, 45, tzinfo=UTC)  # 9:45 in Los Angeles
    visits = [
        Interval(starts, starts + timedelta(minutes=90)),
        Interval(starts + timedelta(days=1), starts + timedelta(days=1, minutes=5)),
    ]
    assert minutes_by_hour(visits, LA) == {9: 20, 10: 60, 11: 15}


@given(st.integers(0, 3_000), st.integers(1, 4_000), st.sampled_from([date(2026, 3, 7), date(2026, 10, 31)]))
def test_no_minute_is_lost_or_counted_twice(after: int, length: int, day: date) -> None:
    start = opening(day, 0, LA) + timedelta(minutes=after)
    interval = Interval(start, start + timedelta(minutes=length))
    assert minutes_by_hour([interval], LA).total() == length


def test_a_span_holds_whole_months_at_the_sites_midnight() -> None:
    span = Span(date(2026, 3, 1), date(2026, 4, 1))
    bounds = span.instants(LA)
    assert bounds == Interval(datetime(2026, 3, 1, 8, tzinfo=UTC), datetime(2026, 4, 1, 7, tzinfo=UTC))
    for first, until in (((2026, 3, 2), (2026, 4, 1)), ((2026, 4, 1), (2026, 4, 1)), ((2026, 4, 1), (2026, 3, 1))):
        with pytest.raises(ValueError, match="whole months"):
            Span(date(*first), date(*until))
    assert month_after(date(2026, 12, 1)) == date(2027, 1, 1)
    assert month_after(date(2026, 1, 1), -1) == date(2025, 12, 1)


@pytest.mark.parametrize(
    ("values", "rank", "found"),
    [
        ([], 50, None),
        ([7], 50, 7),
        ([7], 90, 7),
        ([1, 2, 3, 4], 50, 2),
        ([5, 1, 4, 2, 3], 50, 3),
        (list(range(1, 11)), 90, 9),
    ],
)
def test_percentiles_are_nearest_rank(values: list[int], rank: int, found: int | None) -> None:
    assert percentile(values, rank) == found


def test_a_share_of_nothing_is_nothing() -> None:
    assert percent(1, 4) == 25
    assert percent(0, 0) is None


@pytest.mark.parametrize(
    ("counts", "shown"),
    [
        ([0, 0, 0, 0], [0, 0, 0, 0]),
        ([12, 0, 0, 0], [12, 0, 0, 0]),
        ([12, 7, 9, 5], [12, 7, 9, 5]),
        ([12, 7, 3, 9], [12, None, None, 9]),  # the total would tell the 3
        ([12, 3, 2, 9], [12, None, None, 9]),
        ([12, 3, 0, 9], [12, None, None, 9]),
        ([3], [None]),
    ],
)
def test_small_figures_are_withheld(counts: list[int], shown: list[int | None]) -> None:
    assert told(counts) == shown


def test_no_small_figure_can_be_worked_out_from_what_is_told() -> None:
    """Whoever knows the total, what is told and this very rule: every withheld figure may still be another one."""
    most, parts = 9, 4
    alike: dict[tuple[object, ...], list[tuple[int, ...]]] = defaultdict(list)
    for counts in product(range(most + 1), repeat=parts):
        alike[*told(counts), sum(counts)].append(counts)
    for (*shown, total), ways in alike.items():
        if isinstance(total, int) and total > most:  # some of the ways lie beyond what is tried here
            continue
        for place, figure in enumerate(shown):
            assert figure is None or figure == ways[0][place]
            assert figure is not None or len({way[place] for way in ways}) > 1
