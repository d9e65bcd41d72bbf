"""When a text message may arrive: 8:00 to 21:00 where the person is (47 CFR 64.1200(c)(1)). Pure."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

OPENS = time(8)
CLOSES = time(21)


def is_quiet(instant: datetime, zone: ZoneInfo) -> bool:
    """Whether the wall clock there is outside [8:00, 21:00)."""
    return not OPENS <= instant.astimezone(zone).time() < CLOSES


def moved_earlier(due: datetime, zone: ZoneInfo) -> datetime:
    """The step itself, or, when it falls in quiet hours, half an hour before they began.

    Earlier, never later: a reminder for the morning must not come after the visit.
    """
    if not is_quiet(due, zone):
        return due
    wall = due.astimezone(zone)
    evening = wall.date() if wall.time() >= CLOSES else wall.date() - timedelta(days=1)
    return datetime.combine(evening, time(20, 30), tzinfo=zone).astimezone(due.tzinfo)


def next_opening(instant: datetime, zone: ZoneInfo) -> datetime:
    """When texts may go again: the instant itself outside quiet hours, else the next 8:00 there."""
    if not is_quiet(instant, zone):
        return instant
    wall = instant.astimezone(zone)
    day = wall.date() + timedelta(days=1) if wall.time() >= CLOSES else wall.date()
    return datetime.combine(day, OPENS, tzinfo=zone).astimezone(instant.tzinfo)
