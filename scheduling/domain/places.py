"""Weekly places: how three exclusion ranges forbid a fourth infusion in seven days (DESIGN.md 3).

An infusion takes one of the places 0, 1, 2 for seven days. Whatever the assignment, four infusions in seven days would
need four places. The other way round, taking the place that has been free for longest (dealt in turn, when nothing
was cancelled) fits every lawful plan: the infusions of the last six days are at most two and hold at most two places.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta

PLACES = (0, 1, 2)
HOLDS = timedelta(days=7)


def weekly_places(days: Iterable[date], kept: Mapping[date, int] | None = None) -> list[int]:
    """The place of each of `days` in ascending order, dealt in turn after the earlier infusions in `kept`.

    Never fails: for days that break P2 the places collide, and the database refuses them.
    """
    last: dict[int, date] = {}
    for day, place in sorted((kept or {}).items()):
        last[place] = day
    return [_deal(last, day) for day in sorted(days)]


def _deal(last: dict[int, date], day: date) -> int:
    place = min(PLACES, key=lambda p: (last.get(p, date.min), p))
    last[place] = day
    return place


def redeal(placed: Mapping[date, int], new_days: Iterable[date]) -> dict[date, int]:
    """The places of `new_days` and of all infusions after the first of them; earlier ones keep theirs.

    `placed`: the patient's other active infusions and boosters with their places.
    """
    new = set(new_days)
    if not new:
        return {}
    first = min(new)
    kept = {day: place for day, place in placed.items() if day < first}
    dealt = sorted(new | {day for day in placed if day >= first})
    return dict(zip(dealt, weekly_places(dealt, kept), strict=True))


def places_fit(placed: Mapping[date, int]) -> bool:
    """Whether the database would take these places: no place twice within seven days."""
    last: dict[int, date] = {}
    for day, place in sorted(placed.items()):
        if place in last and day < last[place] + HOLDS:
            return False
        last[place] = day
    return True
