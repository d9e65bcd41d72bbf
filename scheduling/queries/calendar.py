"""A site's calendar as the pure engine sees it, and what is free in it."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, Q, QuerySet

from pacificmind.accounts.models import Clinician
from pacificmind.clinic.models import ClinicSettings, Site
from pacificmind.clock import now
from pacificmind.prepared import Prepared, Told
from scheduling.domain import slots
from scheduling.domain.hours import Hours
from scheduling.domain.intervals import Interval
from scheduling.domain.walltime import day_of
from scheduling.models import (
    Room,
    ShiftException,
    VisitType,
    WeeklyShift,
)
from scheduling.queries.supply_rows import ALL_LANES as ALL_LANES
from scheduling.queries.supply_rows import Found, rows
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


def turnover_of(room: Room, found: VisitType) -> timedelta:
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


def clinicians_for(site: Site, kind: str) -> QuerySet[Clinician]:
    """Clinicians who may hold this kind of visit and work at this site, by id."""
    return _clinicians(site, whole=kind in WHOLE)


def _clinicians(site: Site | Told, *, whole: bool, only: Told | None = None) -> QuerySet[Clinician]:
    able = Q(is_prescriber=True) if whole else Q(attends_infusions=True)
    shifts = WeeklyShift.objects.filter(clinician=OuterRef("pk"), site=site)
    dated = ShiftException.objects.filter(clinician=OuterRef("pk"), site=site, starts__isnull=False)
    works = Q(Exists(shifts)) | Q(Exists(dated))
    found = Clinician.objects.filter(able & works, user__is_active=True).select_related("user").order_by("pk")
    return found if only is None else found.filter(pk=only)


_CLINICIANS = {whole: Prepared(partial(_clinicians, Told("site"), whole=whole)) for whole in (True, False)}
_CLINICIAN = {w: Prepared(partial(_clinicians, Told("site"), whole=w, only=Told("only"))) for w in (True, False)}


def staff_of(site_id: str, kind: str, *, only: uuid.UUID | None = None) -> list[Clinician]:
    """Those of `clinicians_for`, or the one of them who is named: every booking asks."""
    whole = kind in WHOLE
    return _CLINICIANS[whole](site=site_id) if only is None else _CLINICIAN[whole](site=site_id, only=only)


def rooms_for(site: Site, kind: str, *, needs: Iterable[str] | None = None) -> QuerySet[Room]:
    """Rooms of the site in which this kind of visit can be held, with all that it needs, by id."""
    wanted = list(visit_type(kind).needs if needs is None else needs)
    rooms = Room.objects.filter(site=site, in_use=True, features__contains=wanted)
    return (rooms if kind in WHOLE else rooms.filter(for_infusions=True)).order_by("pk")


_ROOMS = Prepared(lambda: Room.objects.filter(site=Told("site"), in_use=True).order_by("pk"))
_ROOM = Prepared(lambda: Room.objects.filter(site=Told("site"), in_use=True, pk=Told("only")))


def places_of(site_id: str, kind: str, *, needs: Iterable[str], only: uuid.UUID | None = None) -> list[Room]:
    """Those of `rooms_for`, or the one of them that is named: every booking asks."""
    wanted, found = set(needs), _ROOMS(site=site_id) if only is None else _ROOM(site=site_id, only=only)
    return [room for room in found if wanted <= {*room.features} and (kind in WHOLE or room.for_infusions)]


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
    clinicians: Iterable[Clinician] | None = None,
    places: Iterable[Room] | None = None,
    types: Mapping[str, VisitType] | None = None,
) -> tuple[slots.Calendar, list[Interval]]:
    """The supply for one kind of visit on the days [from_day, until_day), and when the patient has visits anywhere.

    Read in a fixed number of queries. `without`: visits to be left out because they are being moved; `without_offers`:
    offers that are being claimed.
    """
    zone, types = site.tz, types or visit_types()
    start, end = _bounds(zone, from_day, until_day)
    staff = list(staff_of(site.pk, kind) if clinicians is None else clinicians)
    rooms = list(places_of(site.pk, kind, needs=types[kind].needs) if places is None else places)
    found = rows(
        site.pk,
        rooms=[room.pk for room in rooms],
        staff=[one.pk for one in staff],
        patient_id=patient_id,
        start=start,
        end=end,
        first_day=day_of(start, zone) - timedelta(days=1),
        last_day=day_of(end, zone),
        without=list(without),
        without_offers=list(without_offers),
    )
    free = slots.Calendar(
        zone=zone,
        hours=Hours(weekly=found.site),
        closures=found.closed.get(None, ()),
        rooms=_rooms(rooms, found, types[kind]),
        clinicians=_staff(staff, found, types),
    )
    return free, found.patient_busy


def _bounds(zone: ZoneInfo, from_day: date, until_day: date) -> tuple[datetime, datetime]:
    start = datetime.combine(from_day, time(), zone).astimezone(UTC)
    return start, datetime.combine(until_day + timedelta(days=1), time(), zone).astimezone(UTC)


def _rooms(rooms: list[Room], found: Found, kind: VisitType) -> list[slots.Room]:
    taken: dict[str | None, list[Interval]] = defaultdict(list)
    for use in found.in_use:
        if use.room_free_at is not None:
            taken[use.room_id].append(Interval(use.starts_at, use.room_free_at))
    return [
        slots.Room(key, room.name, [*taken[key], *found.closed.get(key, ())], turnover_of(room, kind))
        for key, room in ((str(room.pk), room) for room in rooms)
    ]


def _staff(staff: list[Clinician], found: Found, types: Mapping[str, VisitType]) -> list[slots.Clinician]:
    taken: dict[str, list[slots.LaneUse]] = defaultdict(list)
    for use in found.in_use:
        until = use.ends_at + timedelta(minutes=types[use.kind].buffer_minutes)
        taken[use.clinician_id].append(slots.LaneUse(Interval(use.starts_at, until), use.lanes))
    return [
        slots.Clinician(
            id=key,
            name=str(one),
            hours=Hours(weekly=found.weekly.get(key, {}), exceptions=found.dated.get(key, {})),
            lanes=one.lanes,
            away=found.leave.get(key, ()),
            in_use=taken[key],
        )
        for key, one in ((str(one.pk), one) for one in staff)
    ]


def patient_busy(
    patient_id: uuid.UUID, *, from_day: date, until_day: date, zone: ZoneInfo, without: Iterable[uuid.UUID] = ()
) -> list[Interval]:
    """When the patient has visits, at every site."""
    start, end = _bounds(zone, from_day, until_day)
    found = rows(
        "", rooms=(), staff=(), patient_id=patient_id, start=start, end=end, first_day=from_day, last_day=from_day,
        without=list(without),
    )  # fmt: skip
    return found.patient_busy


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
