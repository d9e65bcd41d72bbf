"""What messages say is new about a visit. A time that stays is no new one."""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum, auto
from typing import Any
from zoneinfo import ZoneInfo

from pacificmind.messaging.said import About, Moment, Phrase
from scheduling.models import Appointment, Status

OTHER_CLINICIAN, BOOKED_NOW = Phrase("other_person"), Phrase("booked_now")


class News(Enum):
    """What is new about one visit for its patient."""

    ADDED = auto()
    MOVED = auto()
    TIME_STAYS = auto()


#: The columns of a visit before a repair (`repair_rows.columns_of`), None for one that the repair made.
Before = dict[str, Any] | None


def start_of(before: dict[str, Any]) -> datetime | None:
    """When it was to begin, as far as the patient knew; None where its booking was not told yet."""
    told = before.get("told", before["starts_at"])
    return datetime.fromisoformat(told) if told else None


def known_start(visit: Appointment) -> Moment:
    """The time of a cancelled visit that its patient knows: the last one that was told."""
    return Moment(visit.moved_from or visit.starts_at, visit.site.tz)


def kind_of(visit: Appointment, before: Before) -> News:
    """What a repair changed about the visit."""
    known = start_of(before) if before is not None else None
    if known is None:
        return News.ADDED
    return News.TIME_STAYS if known == visit.starts_at else News.MOVED


def pairs(made: Sequence[Appointment], gone: Sequence[Appointment]) -> list[tuple[Appointment, Appointment]]:
    """New visits with the cancelled ones whose place they take: at the same time first, then by time."""
    free, found = list(gone), list[tuple[Appointment, Appointment]]()
    for visit in sorted(made, key=lambda one: all(known_start(old).at != one.starts_at for old in gone)):
        old = next((one for one in free if known_start(one).at == visit.starts_at), free[0] if free else None)
        if old is not None:
            free.remove(old)
            found.append((visit, old))
    return found


def in_place_of(visit: Appointment, old: Appointment) -> tuple[News, Phrase | About]:
    """What is new where a visit takes a cancelled one's place: its patient knows of no difference at the same time."""
    known = known_start(old)
    if known.at != visit.starts_at:
        return News.MOVED, About("no_longer", known)
    return News.TIME_STAYS, Phrase("held_now" if visit.status == Status.HELD else "time_stays")


def is_no_news(visit: Appointment, before: Before) -> bool:
    """Whether it is held at its time as before, and was booked between for so short that nobody was told."""
    if before is None or visit.status != Status.HELD:
        return False
    return start_of(before) is None and datetime.fromisoformat(before["starts_at"]) == visit.starts_at


def no_longer(start: datetime, zone: ZoneInfo) -> About:
    """The time that must not be kept, said as plainly as the new one."""
    return About("no_longer", Moment(start, zone))


def same_time(visit: Appointment, before: dict[str, Any]) -> Phrase:
    """What changed about a visit whose time stays."""
    if before["status"] == Status.BOOKED and visit.status == Status.HELD:
        return Phrase("held_now")
    if before["status"] == Status.HELD and visit.status == Status.BOOKED:
        return BOOKED_NOW
    return OTHER_CLINICIAN if before["clinician"] != str(visit.clinician_id) else Phrase("time_stays")


def was(visit: Appointment, before: Before) -> Phrase | About:
    """The line below a visit's new place: the time that is no longer so, or that it stays."""
    known = start_of(before) if before is not None else None
    if before is None or known is None:
        return Phrase("new_one")
    return same_time(visit, before) if known == visit.starts_at else no_longer(known, visit.site.tz)


def kind_for(news: Sequence[News]) -> str:
    """Which message tells of all that changed for one patient."""
    one = len(news) == 1
    if set(news) == {News.TIME_STAYS}:
        return "visit-stays" if one else "visits-stay"
    if set(news) == {News.ADDED}:
        return "visit-added" if one else "visits-added"
    return "visit-changed" if one else "visits-changed"
