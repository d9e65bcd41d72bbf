"""A site's calendar as the pure engine sees it, and what is free in it."""

import uuid
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet

from pacificmind.accounts.models import Clinician
from pacificmind.clinic.models import ClinicSettings, Site
from scheduling.domain import slots
from scheduling.domain.hours import Hours, WallRange
from scheduling.domain.intervals import Interval
from scheduling.models import (
    ACTIVE,
    Appointment,
    Closure,
    Kind,
    Leave,
    OpeningHours,
    Room,
    ShiftException,
    VisitType,
    WeeklyShift,
)

FALLBACK_MINUTES = {Kind.CONSULTATION: 60, Kind.INFUSION: 120, Kind.BOOSTER: 120, Kind.FOLLOW_UP: 30}
WHOLE = (Kind.CONSULTATION, Kind.FOLLOW_UP)


def visit_type(kind: str) -> VisitType:
    """The visit type, or the usual one where the clinic set none up."""
    found = VisitType.objects.filter(kind=kind).first()
    return found or VisitType(
        kind=kind, name=Kind(kind).label, minutes=FALLBACK_MINUTES[Kind(kind)], all_lanes=kind in WHOLE
    )


def shape_of(kind: str, *, telehealth: bool = False, grid: int | None = None, turnover: int = 15) -> slots.VisitShape:
    """What a visit of this kind takes; `turnover` in minutes, where the room is not known yet."""
    found = visit_type(kind)
    return slots.VisitShape(
        length=timedelta(minutes=found.minutes),
        turnover=timedelta() if telehealth else timedelta(minutes=turnover),
        all_lanes=found.all_lanes,
        needs_room=not telehealth,
        grid_minutes=grid or ClinicSettings.current().grid_minutes,
    )


def clinicians_for(site: Site, kind: str) -> QuerySet[Clinician]:
    """Clinicians who may hold this kind of visit and work at this site, by id."""
    able = Q(is_prescriber=True) if kind in WHOLE else Q(attends_infusions=True)
    works = Q(weeklyshift__site=site) | Q(shiftexception__site=site, shiftexception__starts__isnull=False)
    return Clinician.objects.filter(able & works, user__is_active=True).select_related("user").distinct().order_by("pk")


def rooms_for(site: Site, kind: str) -> QuerySet[Room]:
    """Rooms of the site in which this kind of visit can be held, by id."""
    rooms = Room.objects.filter(site=site, in_use=True)
    return (rooms if kind in WHOLE else rooms.filter(for_infusions=True)).order_by("pk")


def calendar_of(
    site: Site,
    kind: str,
    *,
    from_day: date,
    until_day: date,
    without: Iterable[uuid.UUID] = (),
    clinicians: Iterable[Clinician] | None = None,
    rooms: Iterable[Room] | None = None,
) -> slots.Calendar:
    """The supply for one kind of visit on the days [from_day, until_day), read in a fixed number of queries.

    `without`: visits to be left out because they are being moved.
    """
    zone = site.tz
    start, end = _bounds(zone, from_day, until_day)
    staff = list(clinicians_for(site, kind) if clinicians is None else clinicians)
    places = list(rooms_for(site, kind) if rooms is None else rooms)
    busy = list(
        Appointment.objects.filter(status__in=ACTIVE, starts_at__lt=end, starts_at__gt=start - timedelta(days=1))
        .filter(Q(room__in=places) | Q(clinician__in=staff))
        .exclude(pk__in=list(without))
        .only("room_id", "clinician_id", "lanes", "starts_at", "ends_at", "room_free_at")
    )
    closures = list(Closure.objects.filter(site=site, starts_at__lt=end, ends_at__gt=start))
    return slots.Calendar(
        zone=zone,
        hours=_opening_hours(site),
        closures=[Interval(c.starts_at, c.ends_at) for c in closures if c.room_id is None],
        rooms=_rooms(places, busy, closures),
        clinicians=_staff(site, staff, busy, start, end),
    )


def _bounds(zone: ZoneInfo, from_day: date, until_day: date) -> tuple[datetime, datetime]:
    start = datetime.combine(from_day, time(), zone).astimezone(UTC)
    return start, datetime.combine(until_day + timedelta(days=1), time(), zone).astimezone(UTC)


def _opening_hours(site: Site) -> Hours:
    weekly: dict[int, list[WallRange]] = defaultdict(list)
    for row in OpeningHours.objects.filter(site=site):
        weekly[row.weekday].append((row.opens, row.closes))
    return Hours(weekly=weekly)


def _rooms(places: list[Room], busy: list[Appointment], closures: list[Closure]) -> list[slots.Room]:
    taken: dict[uuid.UUID | None, list[Interval]] = defaultdict(list)
    for visit in busy:
        if visit.room_free_at is not None:
            taken[visit.room_id].append(Interval(visit.starts_at, visit.room_free_at))
    for closure in closures:
        if closure.room_id is not None:
            taken[closure.room_id].append(Interval(closure.starts_at, closure.ends_at))
    return [slots.Room(id=str(room.pk), name=room.name, busy=taken[room.pk]) for room in places]


def _staff(
    site: Site, staff: list[Clinician], busy: list[Appointment], start: datetime, end: datetime
) -> list[slots.Clinician]:
    weekly: dict[uuid.UUID, dict[int, list[WallRange]]] = defaultdict(lambda: defaultdict(list))
    for shift in WeeklyShift.objects.filter(clinician__in=staff, site=site):
        weekly[shift.clinician_id][shift.weekday].append((shift.starts, shift.ends))
    dated: dict[uuid.UUID, dict[date, list[WallRange]]] = defaultdict(lambda: defaultdict(list))
    for other in ShiftException.objects.filter(clinician__in=staff):
        ranges = dated[other.clinician_id][other.on]
        if other.site_id == site.pk and other.starts is not None and other.ends is not None:
            ranges.append((other.starts, other.ends))
    away: dict[uuid.UUID, list[Interval]] = defaultdict(list)
    for leave in Leave.objects.filter(clinician__in=staff, starts_at__lt=end, ends_at__gt=start):
        away[leave.clinician_id].append(Interval(leave.starts_at, leave.ends_at))
    use: dict[uuid.UUID, list[slots.LaneUse]] = defaultdict(list)
    for visit in busy:
        lanes = (visit.lanes.lower, visit.lanes.upper or 99)
        use[visit.clinician_id].append(slots.LaneUse(Interval(visit.starts_at, visit.ends_at), lanes))
    return [
        slots.Clinician(
            id=str(one.pk),
            name=str(one),
            hours=Hours(weekly=weekly[one.pk], exceptions=dated[one.pk]),
            lanes=one.lanes,
            away=away[one.pk],
            in_use=use[one.pk],
        )
        for one in staff
    ]


def patient_busy(
    patient_id: uuid.UUID | None, *, from_day: date, until_day: date, zone: ZoneInfo, without: Iterable[uuid.UUID] = ()
) -> list[Interval]:
    """When the patient has visits, at every site."""
    if patient_id is None:
        return []
    start, end = _bounds(zone, from_day, until_day)
    visits = Appointment.objects.filter(
        patient_id=patient_id, status__in=ACTIVE, starts_at__lt=end, ends_at__gt=start
    ).exclude(pk__in=list(without))
    return [Interval(starts, ends) for starts, ends in visits.values_list("starts_at", "ends_at")]


def free_starts(
    site: Site,
    kind: str,
    *,
    from_day: date,
    until_day: date,
    patient_id: uuid.UUID | None = None,
    telehealth: bool = False,
    not_before: datetime | None = None,
    prefer: uuid.UUID | None = None,
    without: Iterable[uuid.UUID] = (),
    every_choice: bool = False,
) -> list[slots.FreeStart]:
    """Free starts on the days [from_day, until_day), first free first; with `every_choice` each room and clinician too.

    Nobody's visits can be read from it: a start is offered or it is not.
    """
    without = list(without)
    calendar = calendar_of(site, kind, from_day=from_day, until_day=until_day, without=without)
    turnover = max((room.turnover_minutes for room in rooms_for(site, kind)), default=0)
    wanted = slots.Wanted(
        shape=shape_of(kind, telehealth=telehealth, turnover=turnover),
        from_day=from_day,
        until_day=until_day,
        not_before=not_before,
        patient_busy=patient_busy(patient_id, from_day=from_day, until_day=until_day, zone=site.tz, without=without),
        prefer=str(prefer) if prefer else None,
    )
    return slots.free_choices(calendar, wanted) if every_choice else slots.free_starts(calendar, wanted)


def nearest(starts: Iterable[slots.FreeStart], wanted: datetime, *, most: int = 5) -> list[slots.FreeStart]:
    """The free starts closest to the wanted one, in order of time: what a refusal offers instead."""
    close = sorted(starts, key=lambda one: (abs((one.start - wanted).total_seconds()), one.start))[:most]
    return sorted(close, key=lambda one: one.start)
