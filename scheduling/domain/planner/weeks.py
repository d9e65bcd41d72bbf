"""Which days of one week may follow which days of the week before, as bits; bit 0 is the first day of a week.

Every window of seven days lies within two series weeks that follow each other, so that P2 and P3 can be decided on
pairs of weeks. The tables are small (33 sets of days a week at 3 a week) and kept for the life of the process.
"""

from __future__ import annotations

from functools import lru_cache

from scheduling.domain.policy import WEEK

ALL_WEEK = (1 << WEEK) - 1
TWO_WEEKS = (1 << 2 * WEEK) - 1

#: New days of one week, as bits, and how many they are.
DaySet = tuple[int, int]


@lru_cache(maxsize=1 << 17)
def may_follow(before: int, days: int, fixed: int, apart: int, most: int) -> tuple[DaySet, ...]:
    """The sets of new days among `days` that are lawful after the new days `before` of the week before.

    `fixed`: 14 bits of days that stay, the week before in the low ones. `apart`: least difference of two new days
    (P3; fixed days are left out of `days` beforehand). `most`: in any 7 days (P2).
    """
    found = []
    for week in _subsets(days):
        new = before | week << WEEK
        if _spaced(new, apart) and _not_crowded(new, fixed, most):
            found.append((week, week.bit_count()))
    return tuple(found)


@lru_cache(maxsize=1 << 10)
def most_in(days: int, apart: int) -> int:
    """The size of the largest set of `days` (one week) that lie `apart` or more."""
    return max(week.bit_count() for week in _subsets(days) if _spaced(week, apart))


def _subsets(days: int) -> list[int]:
    subsets, week = [0], 0
    while week != days:
        week = (week - days) & days
        subsets.append(week)
    return subsets


def _spaced(new: int, apart: int) -> bool:
    return not any(new & new >> gap for gap in range(1, apart))


def _not_crowded(new: int, fixed: int, most: int) -> bool:
    """P2 for every window that holds a new day. A day may be both new and fixed while P3 is left out."""
    windows = (ALL_WEEK << shift for shift in range(WEEK + 1))
    return all(
        not new & window or (new & window).bit_count() + (fixed & window).bit_count() <= most for window in windows
    )
