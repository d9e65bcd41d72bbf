"""A week of working hours as somebody writes it down: ranges on weekdays at the wall clock, several a day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True, order=True)
class Range:
    """From `starts` until `ends` on a weekday (Monday 0), half-open; at a site where that matters."""

    weekday: int
    starts: time
    ends: time
    site_id: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with the range at `index`, to be said beside `field` ("starts" or "ends")."""

    index: int
    field: str
    say: str


def problems(ranges: Sequence[Range]) -> list[Problem]:
    """Ranges that end before they start, or overlap another of the same day, at whichever site; in order of index.

    Of two that overlap, the one that starts later is told.
    """
    found = []
    for index, one in enumerate(ranges):
        day = DAYS[one.weekday]
        if one.ends <= one.starts:
            found.append(Problem(index, "ends", f"{day}: the end must come after the start."))
        elif any(_overlap(one, other) and (other, at) < (one, index) for at, other in enumerate(ranges) if at != index):
            found.append(Problem(index, "starts", f"{day}: this overlaps the hours before it."))
    return found


def _overlap(one: Range, other: Range) -> bool:
    return one.weekday == other.weekday and one.starts < other.ends and other.starts < one.ends


def covers(ranges: Sequence[Range], *, weekday: int, starts: time, ends: time, site_id: str = "") -> bool:
    """Whether one of the ranges holds the whole of [starts, ends); times that touch are joined first."""
    mine = sorted(one for one in ranges if one.weekday == weekday and one.site_id == site_id)
    reached = starts
    for one in mine:
        if one.starts <= reached < one.ends:
            reached = one.ends
    return reached >= ends > starts
