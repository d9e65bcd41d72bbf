"""Federal holidays against the lists that the Office of Personnel Management publishes."""

from datetime import date

import pytest

from scheduling.domain.holidays import federal_holidays

#: https://www.opm.gov/policy-data-oversight/pay-leave/federal-holidays/ : the days on which offices are closed.
CLOSED = {
    2022: "01-17 02-21 05-30 06-20 07-04 09-05 10-10 11-11 11-24 12-26",
    2026: "01-01 01-19 02-16 05-25 06-19 07-03 09-07 10-12 11-11 11-26 12-25",
    2027: "01-01 01-18 02-15 05-31 06-18 07-05 09-06 10-11 11-11 11-25 12-24 12-31",
}


@pytest.mark.parametrize("year", CLOSED)
def test_working_days_that_are_holidays_are_those_published(year: int) -> None:
    days = [one.on for one in federal_holidays(year) if one.on.weekday() < 5]
    assert days == [date.fromisoformat(f"{year}-{day}") for day in CLOSED[year].split()]


def test_a_holiday_on_a_weekend_stands_beside_the_day_on_which_it_is_observed() -> None:
    found = {one.on: one.name for one in federal_holidays(2027)}
    assert found[date(2027, 7, 4)] == "Independence Day"
    assert found[date(2027, 7, 5)] == "Independence Day (observed)"
    assert found[date(2027, 12, 31)] == "New Year's Day (observed)"


def test_juneteenth_begins_in_2021() -> None:
    names = [[one.name for one in federal_holidays(year)] for year in (2020, 2021)]
    assert ["Juneteenth" in found for found in names] == [False, True]
