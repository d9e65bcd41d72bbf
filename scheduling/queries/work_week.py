"""A week of work as it is painted: who works where and when, opening hours behind, leave and closures over it.

Everything is in minutes at the wall clock of the site, from midnight on: what people wrote, whatever the clocks do.
"""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from pacificmind.accounts.models import Clinician
from pacificmind.clinic.models import Site
from pacificmind.ui.dates import time_words
from scheduling.domain.hours import MINUTES_A_DAY
from scheduling.domain.walltime import DAY, wall_of
from scheduling.domain.week import end_minutes, minutes
from scheduling.models import Closure, Leave, OpeningHours, ShiftException, WeeklyShift

DAYS_A_WEEK = 7
EARLIEST, LATEST = 8 * 60, 18 * 60  # what is painted at least


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Minutes [start, end) of a day, and what they are."""

    start: int
    end: int
    kind: str  # open, shift, leave, break, closed

    @property
    def width(self) -> int:
        """How wide it is painted."""
        return self.end - self.start

    @property
    def words(self) -> str:
        """Such as "8 am to 6:30 pm", "all day"; short, for it stands in a narrow cell."""
        if self.width >= MINUTES_A_DAY:
            return "all day"
        return f"{_clock(self.start)} to {_clock(self.end)}"


def _clock(minute: int) -> str:
    wall = datetime(2001, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)  # any day without a change of clocks
    return time_words(wall).replace(":00", "")


@dataclass(frozen=True, slots=True)
class Cell:
    """One day of a row: the hours behind, the shifts, what is away; `own` where the date has a shift of its own."""

    on: date
    open: Sequence[Span] = ()
    shifts: Sequence[Span] = ()
    away: Sequence[Span] = ()
    own: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing is to be said about this day."""
        return not self.shifts and not self.away


@dataclass(frozen=True, slots=True)
class Line:
    """A row: somebody at a site, or the site itself (`person` None)."""

    site: Site
    person: Clinician | None
    cells: Sequence[Cell]


@dataclass(frozen=True, slots=True)
class WorkWeek:
    """The lines of a week, and from which minute to which one they are painted."""

    days: Sequence[date]
    lines: Sequence[Line]
    first: int
    last: int

    @property
    def span(self) -> int:
        """How many minutes are painted."""
        return self.last - self.first


def monday_of(day: date) -> date:
    """The Monday of a date's week."""
    return day - timedelta(days=day.weekday())


def week_of_site(site: Site, monday: date) -> WorkWeek:
    """The site's own line first, then everybody who works there in that week, by name."""
    return _week([site], monday, _people(site, monday), with_sites=True)


def week_of_person(clinician: Clinician, monday: date) -> WorkWeek:
    """One person's week, a line for each site at which they work in it."""
    sites = Site.objects.filter(weeklyshift__clinician=clinician) | Site.objects.filter(
        shiftexception__clinician=clinician, shiftexception__on__range=(monday, monday + 6 * DAY)
    )
    return _week(list(sites.distinct()), monday, [clinician], with_sites=False)


def _people(site: Site, monday: date) -> list[Clinician]:
    weekly = Clinician.objects.filter(weeklyshift__site=site)
    dated = Clinician.objects.filter(shiftexception__site=site, shiftexception__on__range=(monday, monday + 6 * DAY))
    found = (weekly | dated).filter(user__is_active=True).select_related("user").distinct()
    return sorted(found, key=lambda one: (one.user.name, str(one.pk)))


def _week(sites: Sequence[Site], monday: date, people: Sequence[Clinician], *, with_sites: bool) -> WorkWeek:
    days = [monday + timedelta(days=n) for n in range(DAYS_A_WEEK)]
    supply = _Supply(sites, people, days)
    lines = []
    for site in sites:
        if with_sites:
            lines.append(Line(site, None, [supply.site_day(site, day) for day in days]))
        lines += [Line(site, one, [supply.day(site, one, day) for day in days]) for one in people]
    spans = [span for line in lines for cell in line.cells for span in (*cell.open, *cell.shifts)]
    first = min([EARLIEST, *(span.start for span in spans)]) // 60 * 60
    last = -(-max([LATEST, *(span.end for span in spans)]) // 60) * 60
    return WorkWeek(days, lines, first, last)


class _Supply:
    """What a week is painted from, read in a fixed number of queries."""

    def __init__(self, sites: Sequence[Site], people: Sequence[Clinician], days: Sequence[date]) -> None:
        start = datetime.combine(days[0] - DAY, time(), UTC)
        end = datetime.combine(days[-1] + 2 * DAY, time(), UTC)
        self.hours: dict[tuple[str, int], list[Span]] = defaultdict(list)
        for row in OpeningHours.objects.filter(site__in=sites):
            self.hours[row.site_id, row.weekday].append(_span(row.opens, row.closes, "open"))
        self.weekly: dict[tuple[uuid.UUID, str, int], list[Span]] = defaultdict(list)
        for shift in WeeklyShift.objects.filter(clinician__in=people, site__in=sites):
            key = (shift.clinician_id, shift.site_id, shift.weekday)
            self.weekly[key].append(_span(shift.starts, shift.ends, "shift"))
        self.dated: dict[tuple[uuid.UUID, date], list[ShiftException]] = defaultdict(list)
        for other in ShiftException.objects.filter(clinician__in=people, on__range=(days[0], days[-1])):
            self.dated[other.clinician_id, other.on].append(other)
        self.leave: dict[uuid.UUID, list[Leave]] = defaultdict(list)
        for leave in Leave.objects.filter(clinician__in=people, starts_at__lt=end, ends_at__gt=start):
            self.leave[leave.clinician_id].append(leave)
        self.closures: dict[str, list[Closure]] = defaultdict(list)
        for closure in Closure.objects.filter(site__in=sites, room=None, starts_at__lt=end, ends_at__gt=start):
            self.closures[closure.site_id].append(closure)

    def site_day(self, site: Site, day: date) -> Cell:
        """The hours of a site on a day, without the closures that lie over them."""
        hours = sorted(self.hours[site.pk, day.weekday()])
        return Cell(day, hours, [Span(one.start, one.end, "shift") for one in hours], self._closed(site, day))

    def day(self, site: Site, person: Clinician, day: date) -> Cell:
        """Somebody's shifts at a site on a day, and what takes time away from them."""
        own = self.dated[person.pk, day]
        if own:
            shifts = [
                _span(one.starts, one.ends, "shift")
                for one in own
                if one.site_id == site.pk and one.starts is not None and one.ends is not None
            ]
        else:
            shifts = self.weekly[person.pk, site.pk, day.weekday()]
        away = [
            span
            for leave in self.leave[person.pk]
            if (span := _on(day, leave.starts_at, leave.ends_at, site, "break" if leave.is_break else "leave"))
        ]
        touched = [one for one in (*away, *self._closed(site, day)) if any(_meet(one, shift) for shift in shifts)]
        return Cell(day, sorted(self.hours[site.pk, day.weekday()]), sorted(shifts), sorted(touched), own=bool(own))

    def _closed(self, site: Site, day: date) -> list[Span]:
        found = (_on(day, one.starts_at, one.ends_at, site, "closed") for one in self.closures[site.pk])
        return [one for one in found if one is not None]


def _span(starts: time, ends: time, kind: str) -> Span:
    return Span(minutes(starts), end_minutes(ends), kind)


def _meet(one: Span, other: Span) -> bool:
    return one.start < other.end and other.start < one.end


def _on(day: date, starts_at: datetime, ends_at: datetime, site: Site, kind: str) -> Span | None:
    """What of a period lies on a day of the site; None where nothing does."""
    starts, ends = wall_of(starts_at, site.tz), wall_of(ends_at, site.tz)
    if starts.date() > day or ends.date() < day:
        return None
    start = minutes(starts.time()) if starts.date() == day else 0
    end = minutes(ends.time()) if ends.date() == day else MINUTES_A_DAY
    return Span(start, end, kind) if start < end else None
