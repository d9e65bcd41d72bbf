"""Free times as a patient chooses among them: by day, nearest first, a few days a page."""

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
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


def offer(
    site: Site,
    kind: str,
    *,
    patient_id: uuid.UUID,
    telehealth: bool = False,
    part: str = "",
    from_day: date | None = None,
    without: Iterable[uuid.UUID] = (),
    lawful: Callable[[date], bool] | None = None,
) -> Offer:
    """The next days from `from_day` that have free times for this patient, within the clinic's notice and horizon.

    `lawful` leaves out days that the patient's plan does not allow; it is asked for days that have times alone.
    """
    clinic = ClinicSettings.current()
    earliest = now() + timedelta(hours=clinic.notice_hours)
    day = max(earliest.astimezone(site.tz).date(), from_day or date.min)
    end = now().astimezone(site.tz).date() + timedelta(days=clinic.horizon_days + 1)
    found: list[Day] = []
    while day < end:
        until = min(day + timedelta(days=SEARCH_DAYS), end)
        free = calendar.free_starts(
            site,
            kind,
            from_day=day,
            until_day=until,
            patient_id=patient_id,
            telehealth=telehealth,
            not_before=earliest,
            without=without,
        )
        for one in _by_day(site, [start.start for start in free], part):
            if len(found) == DAYS_A_PAGE:
                return Offer(tuple(found), one.on)
            if lawful is None or lawful(one.on):
                found.append(one)
        day = until
    return Offer(tuple(found), None)


def _by_day(site: Site, starts: list[datetime], part: str) -> list[Day]:
    days: dict[date, list[datetime]] = {}
    for start in starts:
        wall = start.astimezone(site.tz)
        if part and (part == "morning") != (wall.hour < NOON):
            continue
        kept = days.setdefault(wall.date(), [])
        if not kept or start - kept[-1] >= APART:
            kept.append(start)
    return [Day(day, tuple(kept)) for day, kept in days.items()]


def nearest(
    site: Site,
    kind: str,
    wanted: datetime,
    *,
    patient_id: uuid.UUID,
    telehealth: bool = False,
    without: Iterable[uuid.UUID] = (),
    lawful: Callable[[date], bool] | None = None,
) -> list[datetime]:
    """The free starts closest to one that was refused, in order of time; the first free ones where it has passed."""
    around = max(wanted, now()).astimezone(site.tz).date() - timedelta(days=2)
    found = offer(
        site, kind, patient_id=patient_id, telehealth=telehealth, from_day=around, without=without, lawful=lawful
    )
    starts = [start for day in found.days for start in day.starts]
    return sorted(sorted(starts, key=lambda start: abs(start - wanted))[:5])
