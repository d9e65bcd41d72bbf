"""What a board draws visits on: open hours, closures, leave, rooms and shifts of the shown sites and days."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from django.db.models import Q

from pacificmind.accounts.models import Clinician
from pacificmind.clinic.models import Site
from scheduling.domain.hours import Hours, WallRange, open_intervals
from scheduling.domain.intervals import Interval, intersect, normalise
from scheduling.domain.walltime import DAY, opening
from scheduling.models import Appointment, Closure, Leave, OpeningHours, Room, ShiftException, Status, WeeklyShift


@dataclass(frozen=True)
class Scope:
    """The sites (one or more) and days [from_day, until_day) of a board, by room or by clinician.

    A day is each site's own; where their zones differ, the first site's clock leads the rows.
    """

    sites: Sequence[Site]
    from_day: date
    until_day: date
    by_clinician: bool = False

    @property
    def zone(self) -> ZoneInfo:
        """The zone of the rows."""
        return self.sites[0].tz

    @property
    def slugs(self) -> list[str]:
        """The sites' names in addresses."""
        return [site.pk for site in self.sites]

    @property
    def start(self) -> datetime:
        """The first midnight, an instant."""
        return min(opening(self.from_day, 0, site.tz) for site in self.sites)

    @property
    def end(self) -> datetime:
        """The last midnight, an instant."""
        return max(opening(self.until_day, 0, site.tz) for site in self.sites)

    @property
    def days(self) -> list[date]:
        """Each day."""
        return [self.from_day + n * DAY for n in range((self.until_day - self.from_day).days)]


def _on(hours: Hours, site: Site, day: date) -> list[Interval]:
    """The part of the hours that lies on this day of the site: yesterday's may run into it."""
    whole = Interval(opening(day, 0, site.tz), opening(day + DAY, 0, site.tz))
    return intersect(open_intervals(hours, site.tz, day, day + DAY), [whole])


@dataclass
class Shift:
    """When one clinician works at the shown sites, by site; a day of their own takes the place of the week."""

    clinician: Clinician
    hours: dict[str, Hours]

    def on(self, day: date, site: Site) -> list[Interval]:
        """Their working time at a site on a day."""
        return _on(self.hours.get(site.pk, Hours()), site, day)


@dataclass(frozen=True)
class Supply:
    """The frame of a board, and what takes it away."""

    scope: Scope
    hours: Mapping[str, Hours]
    closures: Sequence[Closure]
    leaves: Sequence[Leave] = ()
    rooms: Sequence[Room] = ()
    shifts: Sequence[Shift] = field(default_factory=list)

    def open_on(self, site: Site, day: date) -> list[Interval]:
        """When a site is open on a day by its hours, closures not taken away."""
        return _on(self.hours.get(site.pk, Hours()), site, day)

    @property
    def open(self) -> list[Interval]:
        """When any of the sites is open on the first day."""
        return normalise(one for site in self.scope.sites for one in self.open_on(site, self.scope.from_day))

    def closures_of(self, site: Site, room_id: uuid.UUID | None) -> list[Closure]:
        """What closes the site, or this room of it."""
        return [one for one in self.closures if one.site_id == site.pk and one.room_id in (None, room_id)]

    def leaves_of(self, clinician_id: uuid.UUID) -> list[Leave]:
        """When this clinician is away or has a break."""
        return [one for one in self.leaves if one.clinician_id == clinician_id]

    def has_lost(self, visit: Appointment) -> bool:
        """Whether a visit to come lies in a leave or break of its clinician or a closure, and waits for another."""
        if visit.status not in (Status.HELD, Status.BOOKED):
            return False
        gone: list[Leave | Closure] = [*self.leaves_of(visit.clinician_id)]
        if not visit.telehealth:
            gone += [
                one for one in self.closures if one.site_id == visit.site_id and one.room_id in (None, visit.room_id)
            ]
        return any(one.starts_at < visit.ends_at and visit.starts_at < one.ends_at for one in gone)

    @property
    def away(self) -> list[Leave]:
        """Leave, breaks apart."""
        return [one for one in self.leaves if not one.is_break]


def supply_of(scope: Scope) -> Supply:
    """Read the frame: hours, closures, leave, and rooms or shifts: four queries, five by clinician."""
    weekly: dict[str, dict[int, list[WallRange]]] = defaultdict(lambda: defaultdict(list))
    for row in OpeningHours.objects.filter(site__in=scope.slugs):
        weekly[row.site_id][row.weekday].append((row.opens, row.closes))
    closures = Closure.objects.filter(site__in=scope.slugs, starts_at__lt=scope.end, ends_at__gt=scope.start)
    rooms = Room.objects.filter(site__in=scope.slugs).order_by("name", "pk")
    shifts = _shifts(scope) if scope.by_clinician else []
    return Supply(
        scope=scope,
        hours={slug: Hours(weekly=found) for slug, found in weekly.items()},
        closures=list(closures.select_related("room").order_by("starts_at", "pk")),
        leaves=_leaves(scope, shifts),
        rooms=[] if scope.by_clinician else list(rooms),
        shifts=shifts,
    )


def _leaves(scope: Scope, shifts: Sequence[Shift]) -> list[Leave]:
    """Of those on the board; by room, of whoever works at the sites on these weekdays or on a day of their own."""
    found = Leave.objects.filter(starts_at__lt=scope.end, ends_at__gt=scope.start).select_related("clinician__user")
    if scope.by_clinician:
        found = found.filter(clinician__in=[one.clinician.pk for one in shifts])
    else:
        weekdays = {day.weekday() for day in scope.days}
        works = WeeklyShift.objects.filter(site__in=scope.slugs, weekday__in=weekdays).values("clinician")
        own = ShiftException.objects.filter(
            site__in=scope.slugs, on__gte=scope.from_day, on__lt=scope.until_day, starts__isnull=False
        )
        found = found.filter(Q(clinician__in=works) | Q(clinician__in=own.values("clinician")))
    return list(found.order_by("starts_at", "pk"))


def _shifts(scope: Scope) -> list[Shift]:
    """Everybody with a shift at the shown sites on the shown days, by name."""
    weekdays = {day.weekday() for day in scope.days}
    weekly = WeeklyShift.objects.filter(site__in=scope.slugs, weekday__in=weekdays).select_related("clinician__user")
    rows = [(row.clinician, row.site_id, row.weekday, (row.starts, row.ends)) for row in weekly]
    known = {clinician.pk for clinician, *_ in rows}
    dated = list(
        ShiftException.objects.filter(on__gte=scope.from_day, on__lt=scope.until_day)
        .filter(Q(site__in=scope.slugs) | Q(clinician__in=known))
        .select_related("clinician__user")
    )
    people = {clinician.pk: clinician for clinician, *_ in rows} | {one.clinician_id: one.clinician for one in dated}
    made = [
        Shift(clinician, {slug: _hours(pk, slug, rows, dated) for slug in scope.slugs})
        for pk, clinician in people.items()
    ]
    working = [one for one in made if any(one.on(day, site) for day in scope.days for site in scope.sites)]
    return sorted(working, key=lambda one: (str(one.clinician), str(one.clinician.pk)))


def _hours(
    clinician_id: uuid.UUID,
    slug: str,
    rows: Iterable[tuple[Clinician, str, int, tuple[time, time]]],
    dated: Iterable[ShiftException],
) -> Hours:
    weekly: dict[int, list[WallRange]] = defaultdict(list)
    for clinician, site, weekday, hours in rows:
        if (clinician.pk, site) == (clinician_id, slug):
            weekly[weekday].append(hours)
    own: dict[date, list[WallRange]] = defaultdict(list)
    for one in dated:
        if one.clinician_id == clinician_id:
            here = own[one.on]
            if one.site_id == slug and one.starts is not None and one.ends is not None:
                here.append((one.starts, one.ends))
    return Hours(weekly=weekly, exceptions=own)
