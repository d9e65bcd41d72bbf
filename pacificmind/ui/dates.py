"""Instants in the words people use, in a given time zone. Pure: the present is an argument."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_MINUTE = 60
_HOUR = 60 * _MINUTE


def local(instant: datetime, zone: ZoneInfo) -> datetime:
    """The wall clock of `zone` at an aware `instant`. ValueError for a naive one: its meaning is unknown."""
    if instant.tzinfo is None:
        raise ValueError("a naive datetime has no place on a page")
    return instant.astimezone(zone)


def date_words(day: date, today: date) -> str:
    """Such as "Tuesday, March 9"; with the year when it is another than today's."""
    words = f"{day:%A, %B} {day.day}"
    return words if day.year == today.year else f"{words}, {day.year}"


def time_words(wall: datetime) -> str:
    """Such as "10:30 am", "noon", "midnight". In the hour that the clock goes through twice: "1:30 am PST"."""
    if wall.minute == 0 and wall.hour in (0, 12):
        words = "noon" if wall.hour else "midnight"
    else:
        words = f"{wall.hour % 12 or 12}:{wall.minute:02} {'am' if wall.hour < 12 else 'pm'}"
    # Both readings of an ambiguous wall time differ in their offset; without the zone's name they look the same.
    ambiguous = wall.replace(fold=0).utcoffset() > wall.replace(fold=1).utcoffset()  # type: ignore[operator]
    return f"{words} {wall.tzname()}" if ambiguous else words


def when_words(instant: datetime, zone: ZoneInfo, now: datetime, place: str = "") -> str:
    """Such as "Tuesday, March 9, 10:30 am", and ", Long Beach" when a place is named."""
    wall = local(instant, zone)
    words = f"{date_words(wall.date(), local(now, zone).date())}, {time_words(wall)}"
    return f"{words}, {place}" if place else words


def span_words(start: datetime, end: datetime, zone: ZoneInfo, now: datetime) -> str:
    """Such as "all of Tuesday, March 9", "from Tuesday, March 9 through Friday, March 12", or with times."""
    first, last, today = local(start, zone), local(end, zone), local(now, zone).date()
    if first.time() == last.time() == time():
        last_day = last.date() - timedelta(days=1)
        if last_day == first.date():
            return f"all of {date_words(last_day, today)}"
        return f"from {date_words(first.date(), today)} through {date_words(last_day, today)}"
    if first.date() == last.date():
        return f"{date_words(first.date(), today)}, from {time_words(first)} until {time_words(last)}"
    return f"from {when_words(start, zone, now)} until {when_words(end, zone, now)}"


def ago_words(instant: datetime, zone: ZoneInfo, now: datetime) -> str:
    """How long ago, or until: "just now", "5 minutes ago", "in 2 hours", "yesterday, 9:42 pm", then the date.

    Minutes and hours are elapsed time; yesterday, tomorrow and days are calendar days of `zone`.
    """
    wall, today = local(instant, zone), local(now, zone).date()
    # Aware times of one zone subtract by wall clock, an hour wrong across a change of clocks; so measure in seconds.
    seconds = int(now.timestamp() - instant.timestamp())
    past, size = seconds >= 0, abs(seconds)
    days = (today - wall.date()).days
    if size < _MINUTE:
        return "just now" if past else "in less than a minute"
    if size < _HOUR:
        return _count(size // _MINUTE, "minute", past)
    if days == 0:
        return _count(size // _HOUR, "hour", past)
    if abs(days) == 1:
        return f"{'yesterday' if past else 'tomorrow'}, {time_words(wall)}"
    if abs(days) <= timedelta(days=7).days:
        return _count(abs(days), "day", past)
    return date_words(wall.date(), today)


def _count(number: int, unit: str, past: bool) -> str:
    words = f"{number} {unit}{'' if number == 1 else 's'}"
    return f"{words} ago" if past else f"in {words}"
