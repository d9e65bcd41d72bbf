"""Local wall time and UTC (RELIABILITY M16).

Python's zoneinfo moves a wall time in the spring gap by an hour without a word, and takes both autumn instants for
equal. Here a time that does not exist is refused, an ambiguous one is its first occurrence, dates are read in the
zone, and steps of whole days keep the wall time. Durations are counted in UTC.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from scheduling.domain.errors import NonexistentTime

DAY = timedelta(days=1)


def to_utc(wall: datetime, zone: ZoneInfo) -> datetime:
    """The instant, in UTC, of the naive wall time `wall` in `zone`; of two in autumn, the first.

    Raises `NonexistentTime` in the spring gap and ValueError for an aware `wall`.
    """
    if wall.tzinfo is not None:
        raise ValueError("a wall time carries no zone")
    instant = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) != wall.replace(fold=0):
        raise NonexistentTime(
            f"{wall:%Y-%m-%d %H:%M} does not exist in {zone.key}: the clocks go forward. "
            "Choose an earlier or a later time."
        )
    return instant


def at(day: date, wall: time, zone: ZoneInfo) -> datetime:
    """The instant of `wall` on `day`; raises as `to_utc`."""
    return to_utc(datetime.combine(day, wall), zone)


def exists(wall: datetime, zone: ZoneInfo) -> bool:
    """Whether the clocks of `zone` ever show `wall`."""
    try:
        to_utc(wall, zone)
    except NonexistentTime:
        return False
    return True


def wall_of(instant: datetime, zone: ZoneInfo) -> datetime:
    """The naive wall time of an aware instant; `fold` tells the two autumn ones apart."""
    if instant.tzinfo is None:
        raise ValueError("an instant carries a zone")
    return instant.astimezone(zone).replace(tzinfo=None)


def day_of(instant: datetime, zone: ZoneInfo) -> date:
    """The calendar date of an aware instant in `zone`."""
    return wall_of(instant, zone).date()


def add_days(instant: datetime, days: int, zone: ZoneInfo) -> datetime:
    """The same wall time `days` whole days later (or earlier), in UTC; raises `NonexistentTime`."""
    return to_utc(wall_of(instant, zone).replace(fold=0) + timedelta(days=days), zone)


@lru_cache(maxsize=4096)
def opening(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    """The instant, in UTC, at which the wall clock of `day` has reached `minutes` after midnight.

    For the edges of opening hours, where nobody is refused: an edge inside the spring gap is the moment of the change,
    and 24 * 60 is the next midnight, so that there is no 23:59.
    """
    wall = datetime.combine(day, time()) + timedelta(minutes=minutes)
    if exists(wall, zone):
        return to_utc(wall, zone)
    return _end_of_gap(wall, zone)


def _end_of_gap(wall: datetime, zone: ZoneInfo) -> datetime:
    """The instant of the change for a wall time inside the gap: the first to read it with the offset before."""
    before = wall.replace(tzinfo=zone, fold=0).utcoffset() or timedelta()
    after = wall.replace(tzinfo=zone, fold=1).utcoffset() or timedelta()
    early, late = (wall - max(before, after)).replace(tzinfo=UTC), (wall - min(before, after)).replace(tzinfo=UTC)
    offset = early.astimezone(zone).utcoffset()
    while late - early > timedelta(seconds=1):
        middle = early + (late - early) // 2
        if middle.astimezone(zone).utcoffset() == offset:
            early = middle
        else:
            late = middle
    return late.replace(microsecond=0)
