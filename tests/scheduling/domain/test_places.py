"""Weekly places fit exactly the plans with at most three infusions in any seven days."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import product

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from scheduling.domain.places import places_fit, redeal, weekly_places
from scheduling.domain.protocol import too_many_in_week

FIRST = date(2026, 12, 1)


def day(offset: int) -> date:
    return FIRST + timedelta(days=offset)


plans = st.sets(st.integers(0, 40), min_size=0, max_size=14).map(lambda offsets: sorted(map(day, offsets)))


def placed(days: list[date]) -> dict[date, int]:
    return dict(zip(days, weekly_places(days), strict=True))


def test_eight_on_monday_wednesday_friday_are_dealt_in_turn() -> None:
    assert weekly_places(map(day, [6, 8, 10, 13, 15, 17, 20, 22])) == [0, 1, 2, 0, 1, 2, 0, 1]


@given(plans)
def test_places_fit_exactly_the_lawful_plans(days: list[date]) -> None:
    assert places_fit(placed(days)) == (not too_many_in_week(days))


@given(st.sets(st.integers(0, 9), min_size=4, max_size=6))
@settings(max_examples=60)
def test_an_unlawful_plan_fits_with_no_places_whatever(offsets: set[int]) -> None:
    days = sorted(map(day, offsets))
    fits = any(places_fit(dict(zip(days, deal, strict=True))) for deal in product(range(3), repeat=len(days)))
    assert fits == (not too_many_in_week(days))


@given(plans, st.integers(0, 40), st.sets(st.integers(0, 13), max_size=5))
def test_an_insertion_after_cancellations_keeps_earlier_places_and_fits(
    days: list[date], offset: int, cancelled: set[int]
) -> None:
    before = {day_: place for i, (day_, place) in enumerate(placed(days).items()) if i not in cancelled}
    new = day(offset)
    assume(not too_many_in_week(days) and not too_many_in_week({*before, new}))
    dealt = redeal(before, [new])
    assert set(dealt) == {new} | {day_ for day_ in before if day_ >= new}
    assert places_fit({**before, **dealt})


def test_nothing_new_deals_nothing() -> None:
    assert redeal({FIRST: 1}, []) == {}
