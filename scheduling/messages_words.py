"""Words about visits that messages share: times, and what is new about a visit. A time that stays is no new one."""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum, auto
from typing import Any
from zoneinfo import ZoneInfo

from scheduling.models import Appointment, Status

NEW_TIME, SAME_TIME = "Your appointment has a new time", "Your appointment stays at its time"
OTHER_CLINICIAN = "Your appointment stays at its time. Another person of our team will be with you:"


def when(instant: datetime, zone: ZoneInfo) -> str:
    """As people say it: Tuesday, March 9, 10:30 am."""
    wall = instant.astimezone(zone)
    return f"{wall:%A, %B} {wall.day}, {clock_words(wall)}"


def clock_words(wall: datetime) -> str:
    """10:30 am."""
    return f"{wall.hour % 12 or 12}:{wall:%M} {'am' if wall.hour < 12 else 'pm'}"


class News(Enum):
    """What is new about one visit for its patient."""

    ADDED = auto()
    MOVED = auto()
    TIME_STAYS = auto()


#: The columns of a visit before a repair (`repair_rows.columns_of`), None for one that the repair made.
Before = dict[str, Any] | None


def start_of(before: dict[str, Any]) -> datetime:
    """When it was to begin."""
    return datetime.fromisoformat(before["starts_at"])


def kind_of(visit: Appointment, before: Before) -> News:
    """What a repair changed about the visit."""
    if before is None:
        return News.ADDED
    return News.TIME_STAYS if start_of(before) == visit.starts_at else News.MOVED


def no_longer(words: str) -> str:
    """The time that must not be kept, said as plainly as the new one."""
    return f"No longer: {words}"


def same_time(visit: Appointment, before: dict[str, Any]) -> str:
    """What changed about a visit whose time stays."""
    if before["status"] == Status.HELD and visit.status == Status.BOOKED:
        return "The time stays. It is booked now."
    if before["clinician"] != str(visit.clinician_id):
        return "The time stays. Another person of our team will be with you."
    return "The time stays."


def was(visit: Appointment, before: Before) -> str:
    """The line below a visit's new place: the time that is no longer so, or that it stays."""
    if before is None:
        return "This one is new."
    if start_of(before) == visit.starts_at:
        return same_time(visit, before)
    return no_longer(when(start_of(before), visit.site.tz))


def heading(news: Sequence[News]) -> tuple[str, str]:
    """The subject, and the line above the dates, for all that changed for one patient."""
    one = len(news) == 1
    if set(news) == {News.TIME_STAYS}:
        subject = SAME_TIME if one else "Your appointments stay at their times"
        return subject, f"{subject}:"
    if set(news) == {News.ADDED}:
        return (
            "You have one more appointment" if one else "You have more appointments"
        ), "It is:" if one else "They are:"
    if one:
        return NEW_TIME, "Your appointment now is:"
    return "Some of your appointments have new times", "These appointments were changed. They now are:"
