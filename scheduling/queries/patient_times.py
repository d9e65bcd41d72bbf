"""Free times as a patient chooses among them: by day, nearest first, a few days a page."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from pacificmind.clinic.models import ClinicSettings, Site
from pacificmind.clock import now
from scheduling.queries import calendar

DAYS_A_PAGE = 5
APART = timedelta(minutes=30)  # between offered starts of a day: enough to choose from, few enough to read
SEARCH_DAYS = 14  # read at a time
NOON = 12
PARTS = {"": "Any time", "morning": "Mornings", "afternoon": "Afternoons"}
_STAMP = "%Y%m%dT%H%MZ"


@dataclass(frozen=True, slots=True)
class Day:
    """A day that has free times, as instants."""

    on: date
    starts: tuple[datetime, ...]


@dataclass(frozen=True, slots=True)
class Offer:
    """A page of days. `next_from` is where the following page begins; None at the end of what can be booked online."""

    days: tuple[Day, ...]
    next_from: date | None


def stamp(start: datetime) -> str:
    """An instant as it stands in an address: 20270309T1730Z."""
    return start.astimezone(UTC).strftime(_STAMP)


def from_stamp(text: str) -> datetime | None:
    """The instant of a stamp; None where it is none."""
    try:
        return datetime.strptime(text, _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None


@dataclass(frozen=True, kw_only=True)
class Search:
    """What is looked for: free starts of one kind of visit at a site, for one patient.

    `clinician_id`: with this clinician alone. `without`: visits that are being moved. `part`: a key of PARTS.
    `lawful`: whether the patient's plan allows a start; `apart`: at least so long between the offered ones of a day.
    """

    site: Site
    kind: str
    patient_id: uuid.UUID
    telehealth: bool = False
    clinician_id: uuid.UUID | None = None
    without: tuple[uuid.UUID, ...] = ()
    part: str = ""
    lawful: Callable[[datetime], bool] | None = None
    apart: timedelta = APART


def span() -> tuple[date, date]:
    """The days [first, last) of which some part can be booked online, in whichever zone the clinic has a site."""
    today = now().date()
    return today - timedelta(days=1), today + timedelta(days=ClinicSettings.current().horizon_days + 2)


def offer(search: Search, *, from_day: date | None = None) -> Offer:
    """The next days from `from_day` that have such times, within the clinic's notice and horizon.

    The calendar is read once, or twice where the next two weeks are too full: whatever is in it, no more often.
    """
    clinic, zone = ClinicSettings.current(), search.site.tz
    earliest = now() + timedelta(hours=clinic.notice_hours)
    day = max(earliest.astimezone(zone).date(), from_day or date.min)
    end = now().astimezone(zone).date() + timedelta(days=clinic.horizon_days + 1)
    day = min(day, end)
    found: list[Day] = []
    for until in (min(day + timedelta(days=SEARCH_DAYS), end), end):
        if day < until and len(found) <= DAYS_A_PAGE:
            found += _by_day(search, _free(search, day, until, earliest))
            day = until
    more = found[DAYS_A_PAGE].on if len(found) > DAYS_A_PAGE else None
    return Offer(tuple(found[:DAYS_A_PAGE]), more)


def _free(search: Search, day: date, until: date, earliest: datetime) -> list[datetime]:
    free = calendar.free_starts(
        search.site,
        search.kind,
        from_day=day,
        until_day=until,
        patient_id=search.patient_id,
        telehealth=search.telehealth,
        not_before=earliest,
        without=search.without,
        every_choice=search.clinician_id is not None,
    )
    wanted = str(search.clinician_id)
    theirs = free if search.clinician_id is None else [one for one in free if one.clinician == wanted]
    return list(dict.fromkeys(one.start for one in theirs))


def _by_day(search: Search, starts: list[datetime]) -> list[Day]:
    days: dict[date, list[datetime]] = {}
    for start in starts:
        wall = start.astimezone(search.site.tz)
        if search.part and (search.part == "morning") != (wall.hour < NOON):
            continue
        if search.lawful is not None and not search.lawful(start):
            continue
        kept = days.setdefault(wall.date(), [])
        if not kept or start - kept[-1] >= search.apart:
            kept.append(start)
    return [Day(day, tuple(kept)) for day, kept in days.items()]


def nearest(search: Search, wanted: datetime) -> list[datetime]:
    """The free starts closest to one that was refused, in order of time; the first free ones where it has passed."""
    around = max(wanted, now()).astimezone(search.site.tz).date() - timedelta(days=2)
    found = offer(replace(search, part=""), from_day=around)
    starts = [start for day in found.days for start in day.starts]
    return sorted(sorted(starts, key=lambda start: abs(start - wanted))[:5])
