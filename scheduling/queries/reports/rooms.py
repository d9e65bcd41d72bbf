"""The use of the rooms, by hour of the site's wall clock."""

import uuid
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time

from pacificmind.clinic.models import Site
from scheduling.domain.figures import Span, minutes_by_hour
from scheduling.domain.hours import Hours, open_intervals
from scheduling.domain.intervals import Interval, intersect, normalise, subtract
from scheduling.models import ACTIVE, Appointment, Closure, OpeningHours, Room
from scheduling.queries.reports.shapes import ALL_SITES, Cell, Table, share


@dataclass(frozen=True)
class RoomUse:
    """Minutes of one room by hour of the wall clock: it could be used, it was."""

    room: Room
    open: Counter[int]
    used: Counter[int]


def room_use(site: Site, span: Span) -> list[RoomUse]:
    """The use of each room of a site that was in use or had visits: four queries."""
    bounds = span.instants(site.tz)
    busy: dict[uuid.UUID | None, list[Interval]] = defaultdict(list)
    visits = Appointment.objects.filter(site=site, room__isnull=False, status__in=ACTIVE)
    near = visits.filter(day__gte=span.first, day__lt=span.until)
    for room_id, starts_at, ends_at in near.values_list("room_id", "starts_at", "ends_at"):
        busy[room_id].append(Interval(starts_at, ends_at))
    closed: dict[uuid.UUID | None, list[Interval]] = defaultdict(list)
    closures = Closure.objects.filter(site=site, starts_at__lt=bounds.end, ends_at__gt=bounds.start)
    for room_id, starts_at, ends_at in closures.values_list("room_id", "starts_at", "ends_at"):
        closed[room_id].append(Interval(starts_at, ends_at))
    opened = open_intervals(_hours(site), site.tz, span.first, span.until, closed[None])
    opened = intersect(opened, [bounds])
    found = []
    for room in Room.objects.filter(site=site).order_by("name"):
        if room.in_use or busy[room.pk]:
            can = subtract(opened, closed[room.pk])
            was = intersect(normalise(busy[room.pk]), can)
            found.append(RoomUse(room, minutes_by_hour(can, site.tz), minutes_by_hour(was, site.tz)))
    return found


def _hours(site: Site) -> Hours:
    weekly: dict[int, list[tuple[time, time]]] = defaultdict(list)
    for weekday, opens, closes in OpeningHours.objects.filter(site=site).values_list("weekday", "opens", "closes"):
        weekly[weekday].append((opens, closes))
    return Hours(weekly=weekly)


def utilisation(sites: Sequence[Site], span: Span) -> Table:
    """Rooms down, hours across; the file has a line for each room and hour."""
    uses = [(site, use) for site in sites for use in room_use(site, span)]
    named = [(site.name, use.room.name, use.open, use.used) for site, use in uses]
    if len(sites) > 1 and uses:
        can, was = Counter[int](), Counter[int]()
        for _, use in uses:
            can.update(use.open)
            was.update(use.used)
        named.append((ALL_SITES, "All rooms", can, was))
    hours = sorted({hour for _, use in uses for hour in use.open})
    rows: list[list[Cell]] = []
    lines: list[list[str | int | float | None]] = []
    for site, room, can, was in named:
        shares = [share(was[hour], can[hour]) for hour in hours]
        whole = share(was.total(), can.total())
        rows.append([f"{room}, {site}", whole, *shares])
        for hour, found in zip(hours, shares, strict=True):
            part = None if found is None else round(found.value, 1)
            lines.append([site, room, f"{hour:02}:00", can[hour], was[hour], part])
    file_columns = ("Site", "Room", "Hour", "Minutes open", "Minutes used", "Percent used")
    return Table(("Room", "All day", *(hour_words(hour) for hour in hours)), rows, file_columns, lines)


def hour_words(hour: int) -> str:
    """Such as "8 am", "noon"."""
    if hour in (0, 12):
        return "noon" if hour else "midnight"
    return f"{hour % 12} {'am' if hour < 12 else 'pm'}"
