"""Federal holidays of the United States (5 U.S.C. 6103), from a table of rules: a list to choose closures from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

_DAY = timedelta(days=1)
SATURDAY, SUNDAY = 5, 6


@dataclass(frozen=True, slots=True)
class Fixed:
    """A day of a month. One that falls on a weekend is observed on the working day next to it."""

    name: str
    month: int
    day: int
    since: int = 0


@dataclass(frozen=True, slots=True)
class Nth:
    """The `n`th weekday (Monday 0) of a month; -1 for the last one."""

    name: str
    month: int
    weekday: int
    n: int


#: In the order of the year. Juneteenth since Public Law 117-17 (2021).
RULES: tuple[Fixed | Nth, ...] = (
    Fixed("New Year's Day", 1, 1),
    Nth("Martin Luther King Jr. Day", 1, 0, 3),
    Nth("Washington's Birthday", 2, 0, 3),
    Nth("Memorial Day", 5, 0, -1),
    Fixed("Juneteenth", 6, 19, since=2021),
    Fixed("Independence Day", 7, 4),
    Nth("Labor Day", 9, 0, 1),
    Nth("Columbus Day", 10, 0, 2),
    Fixed("Veterans Day", 11, 11),
    Nth("Thanksgiving Day", 11, 3, 4),
    Fixed("Christmas Day", 12, 25),
)


@dataclass(frozen=True, slots=True, order=True)
class Holiday:
    """A day to close on, and why."""

    on: date
    name: str


def federal_holidays(year: int) -> list[Holiday]:
    """The holidays of a year in order; those on a weekend twice, the second time as observed.

    New Year's Day of the year after is observed on December 31 when it falls on a Saturday.
    """
    found = [one for around in (year, year + 1) for rule in RULES for one in _days(rule, around)]
    return sorted(one for one in found if one.on.year == year)


def _days(rule: Fixed | Nth, year: int) -> list[Holiday]:
    if isinstance(rule, Nth):
        return [Holiday(_nth(rule, year), rule.name)]
    if year < rule.since:
        return []
    day = date(year, rule.month, rule.day)
    shift = {SATURDAY: -_DAY, SUNDAY: _DAY}.get(day.weekday())
    observed = [Holiday(day + shift, f"{rule.name} (observed)")] if shift else []
    return [Holiday(day, rule.name), *observed]


def _nth(rule: Nth, year: int) -> date:
    if rule.n < 0:
        last = date(year + rule.month // 12, rule.month % 12 + 1, 1) - _DAY
        return last - (last.weekday() - rule.weekday) % 7 * _DAY
    first = date(year, rule.month, 1)
    return first + ((rule.weekday - first.weekday()) % 7 + 7 * (rule.n - 1)) * _DAY
