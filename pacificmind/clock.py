"""The one clock. Everything that needs the time asks here (ruff bans the others), so that tests can walk it."""

from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone


def now() -> datetime:
    """The present instant, aware, in UTC; in the demo and in journeys moved by what the shift file says."""
    return unmoved() + _shift()


def unmoved() -> datetime:
    """The machine's clock, which no journey moves: for what Django itself times by it, such as the end of a session."""
    return timezone.now()  # noqa: TID251  the one place


def today(zone: str) -> date:
    """The calendar date it is now in the zone of that IANA name."""
    return now().astimezone(ZoneInfo(zone)).date()


def _shift() -> timedelta:
    """Seconds in CLOCK_SHIFT_FILE, so that a journey can go on to next week on real servers. Never in production."""
    if not (settings.DEMO and settings.CLOCK_SHIFT_FILE):
        return timedelta()
    try:
        return timedelta(seconds=int(Path(settings.CLOCK_SHIFT_FILE).read_text()))
    except (OSError, ValueError):
        return timedelta()
