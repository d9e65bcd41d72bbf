"""Whether boosters come so often that a prescriber looks at the plan (CLINICAL 1.7). A prompt: it refuses nothing."""

from collections.abc import Iterable
from datetime import date, timedelta

WEEK, MOST_A_WEEK = timedelta(days=7), 1
HALF_YEAR, MOST_IN_HALF_A_YEAR = timedelta(days=183), 8


def often(days: Iterable[date]) -> str:
    """Why a prescriber looks, in words, or nothing. `days` are those of boosters given and booked."""
    known = sorted(days)
    if _most_in(known, WEEK) > MOST_A_WEEK:
        return "More than one booster in 7 days."
    if _most_in(known, HALF_YEAR) > MOST_IN_HALF_A_YEAR:
        return "More than 8 boosters in 6 months."
    return ""


def _most_in(days: list[date], span: timedelta) -> int:
    """The most days that lie in any half-open span that begins with one of them."""
    return max((sum(first <= day < first + span for day in days) for first in days), default=0)
