"""A site's calendar as the pure engine sees it, and what is free in it."""

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from pacificmind.clinic.models import ClinicSettings, Site
from pacificmind.clock import now
from scheduling.domain import slots
from scheduling.domain.hours import Hours
from scheduling.domain.intervals import Interval
from scheduling.domain.walltime import day_of
from scheduling.models import ACTIVE, Appointment, Room, VisitType
from scheduling.queries.able import clinicians_for as clinicians_for
from scheduling.queries.able import places_of as places_of
from scheduling.queries.able import rooms_for as rooms_for
from scheduling.queries.able import staff_of as staff_of
from scheduling.queries.supply_rows import ALL_LANES as ALL_LANES
from scheduling.queries.supply_rows import Found, Place, rows
from scheduling.queries.visit_types import WHOLE as WHOLE
from scheduling.queries.visit_types import visit_type as visit_type
from scheduling.queries.visit_types import visit_types as visit_types


def earliest_start(found: VisitType, *, as_patient: bool) -> datetime:
    """Now plus the notice of this kind of visit; for patients the clinic's own where that is longer."""
    hours = max(found.notice_hours, ClinicSettings.current().notice_hours) if as_patient else found.notice_hours
    return now() + timedelta(hours=hours)


def horizon_of(found: VisitType, *, as_patient: bool) -> int:
    """For how many days ahead this kind of visit is booked; for patients the clinic's own where that is less."""
    return min(found.horizon_days, ClinicSettings.current().horizon_days) if as_patient else found.horizon_days


def turnover_of(room: Room | Place, found: VisitType) -> timedelta:
    """How long the room is made ready after this kind of visit: the longer of the two."""
    return timedelta(minutes=max(room.turnover_minutes, found.turnover_minutes))


def shape_of(found: VisitType, *, telehealth: bool = False, grid: int | None = None) -> slots.VisitShape:
    """What a visit of this kind takes, every `grid` minutes (the clinic's unless told); a room says its turnover."""
    return slots.VisitShape(
        length=timedelta(minutes=found.minutes),
        buffer=timedelta(minutes=found.buffer_minutes),
        all_lanes=found.all_lanes,
        needs_room=not telehealth,
        grid_minutes=grid or ClinicSettings.current().grid_minutes,
    )


def calendar_of(
    site: Site,
    kind: str,
    *,
    from_day: date,
    until_day: date,
    without: Iterable[uuid.UUID] = (),
    types: Mapping[str, VisitType] | None = None,
) -> slots.Calendar:
    """The supply for one kind of visit, whoever it is for: see `supply_for`."""
    found, _ = supply_for(site, kind, None, from_day=from_day, until_day=until_day, without=without, types=types)
    return found


def supply_for(
    site: Site,
    kind: str,
    patient_id: uuid.UUID | None,
    *,
    from_day: date,
    until_day: date,
    without: Iterable[uuid.UUID] = (),
    without_offers: Iterable[uuid.UUID] = (),
    clinicians: Collection[uuid.UUID] | None = None,
    rooms: Collection[uuid.UUID] | None = None,
    types: Mapping[str, VisitType] | None = None,
) -> tuple[slots.Calendar, list[Interval]]:
    """The supply for one kind of visit on the days [from_day, until_day), and when the patient has visits anywhere.

    Read in one statement beside the kinds of visit. `without`: visits to be left out because they are being moved;
    `without_offers`: offers that are being claimed. Of these clinicians and rooms alone, where they are told.
    """
    zone, types = site.tz, types or visit_types()
    start, end = _bounds(zone, from_day, until_day)
    found = rows(
        site.pk,
        types[kind],
        patient_id=patient_id,
        start=start,
        end=end,
        first_day=day_of(start, zone) - timedelta(days=1),
        last_day=day_of(end, zone),
        staff=clinicians,
        rooms=rooms,
        without=list(without),
        without_offers=list(without_offers),
    )
    free = slots.Calendar(
        zone=zone,
        hours=Hours(weekly=found.site),
        closures=found.closed.get(None, ()),
        rooms=_rooms(found, types[kind]),
        clinicians=_staff(found, types),
    )
    return free, found.patient_busy


def _bounds(zone: ZoneInfo, from_day: date, until_day: date) -> tuple[datetime, datetime]:
    start = datetime.combine(from_day, time(), zone).astimezone(UTC)
    return start, datetime.combine(until_day + timedelta(days=1), time(), zone).astimezone(UTC)


def _rooms(found: Found, kind: VisitType) -> list[slots.Room]:
    taken: dict[str | None, list[Interval]] = defaultdict(list)
    for use in found.in_use:
        if use.room_free_at is not None:
            taken[use.room_id].append(Interval(use.starts_at, use.room_free_at))
    return [
        slots.Room(one.id, one.name, [*taken[one.id], *found.closed.get(one.id, ())], turnover_of(one, kind))
        for one in found.rooms
    ]


def _staff(found: Found, types: Mapping[str, VisitType]) -> list[slots.Clinician]:
    taken: dict[str, list[slots.LaneUse]] = defaultdict(list)
    for use in found.in_use:
        until = use.ends_at + timedelta(minutes=types[use.kind].buffer_minutes)
        taken[use.clinician_id].append(slots.LaneUse(Interval(use.starts_at, until), use.lanes))
    return [
        slots.Clinician(
            id=one.id,
            name=one.name,
            hours=Hours(weekly=found.weekly.get(one.id, {}), exceptions=found.dated.get(one.id, {})),
            lanes=one.lanes,
            away=found.leave.get(one.id, ()),
            in_use=taken[one.id],
        )
        for one in found.staff
    ]


def patient_busy(
    patient_id: uuid.UUID, *, from_day: date, until_day: date, zone: ZoneInfo, without: Iterable[uuid.UUID] = ()
) -> list[Interval]:
    """When the patient has visits, at every site."""
    start, end = _bounds(zone, from_day, until_day)
    visits = Appointment.objects.filter(patient_id=patient_id, status__in=ACTIVE, starts_at__lt=end, ends_at__gt=start)
    return [Interval(*one) for one in visits.exclude(pk__in=list(without)).values_list("starts_at", "ends_at")]


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
    without_offers: Iterable[uuid.UUID] = (),
    every_choice: bool = False,
) -> list[slots.FreeStart]:
    """Free starts on the days [from_day, until_day), first free first; with `every_choice` each room and clinician too.

    The notice and the horizon of this kind of visit are heeded. Nobody's visits can be read from it: a start is
    offered or it is not.
    """
    without, types = list(without), visit_types()
    found = types[kind]
    until_day = min(until_day, day_of(now(), site.tz) + timedelta(days=found.horizon_days + 1))
    if found.notice_hours:
        earliest = earliest_start(found, as_patient=False)
        not_before = max(not_before, earliest) if not_before else earliest
    calendar, busy = supply_for(
        site,
        kind,
        patient_id,
        from_day=from_day,
        until_day=until_day,
        without=without,
        without_offers=without_offers,
        types=types,
    )
    wanted = slots.Wanted(
        shape=shape_of(found, telehealth=telehealth),
        from_day=from_day,
        until_day=until_day,
        not_before=not_before,
        patient_busy=busy,
        prefer=str(prefer) if prefer else None,
    )
    return slots.free_choices(calendar, wanted) if every_choice else slots.free_starts(calendar, wanted)


def nearest(starts: Iterable[slots.FreeStart], wanted: datetime, *, most: int = 5) -> list[slots.FreeStart]:
    """The free starts closest to the wanted one, in order of time: what a refusal offers instead."""
    close = sorted(starts, key=lambda one: (abs((one.start - wanted).total_seconds()), one.start))[:most]
    return sorted(close, key=lambda one: one.start)
