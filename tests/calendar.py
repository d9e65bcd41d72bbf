"""What scheduling tests share."""

from datetime import UTC, datetime, time, timedelta

from pacificmind.clock import today
from tests import cast


def weekday_at(hour: int, minute: int = 0, *, weeks: int = 1, weekday: int = 0) -> datetime:
    """A weekday in a coming week at the sites' wall clock, as an instant."""
    base = today(cast.ZONE)
    monday = base - timedelta(days=base.weekday()) + timedelta(weeks=weeks)
    site = cast.site()
    return datetime.combine(monday + timedelta(days=weekday), time(hour, minute), site.tz).astimezone(UTC)
