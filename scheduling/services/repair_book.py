"""The calendars a repair works on: read once for each site and kind, then changed in memory as visits find places."""

import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from pacificmind.clinic.models import ClinicSettings, Site
from pacificmind.clock import now
from scheduling.domain import slots
from scheduling.domain.intervals import Interval
from scheduling.domain.repair import Absence, Span, Use, with_uses
from scheduling.domain.walltime import DAY, day_of
from scheduling.models import Appointment, VisitType
from scheduling.queries import calendar

Key = uuid.UUID
#: Up to so many patients, starts every so many minutes (or the clinic's own grid where that is coarser).
COARSER = ((4, 5), (12, 30), (10**6, 60))
Shelf = tuple[str, str]  # a site and a kind of visit


@dataclass(frozen=True)
class Spot:
    """Where one visit goes: the instant in UTC, the clinician with the lanes to take, the room unless by video."""

    starts_at: datetime
    clinician_id: uuid.UUID
    lanes: slots.Lanes
    room_id: uuid.UUID | None = None

    @classmethod
    def of(cls, one: slots.FreeStart) -> "Spot":
        """From what the engine offers."""
        return cls(one.start, uuid.UUID(one.clinician), one.lanes, uuid.UUID(one.room) if one.room else None)

    def as_free(self) -> slots.FreeStart:
        """As the engine names it."""
        return slots.FreeStart(
            self.starts_at.astimezone(UTC),
            str(self.room_id) if self.room_id else None,
            str(self.clinician_id),
            self.lanes,
        )


@dataclass
class Book:
    """Supply from `span.first` on, in which the `loose` visits take no place but the one that is noted here."""

    span: Span
    loose: Collection[Appointment]
    types: dict[str, VisitType] = field(default_factory=calendar.visit_types)
    grid: int = field(default_factory=lambda: ClinicSettings.current().grid_minutes)
    absence: Absence | None = None  # as if it were entered already
    together: int = 1  # patients whose visits are placed: the more, the coarser the times that are looked at
    _shelves: dict[Shelf, slots.Calendar] = field(default_factory=dict)
    _uses: dict[Key, Use] = field(default_factory=dict)
    _whose: dict[Key, uuid.UUID] = field(default_factory=dict)

    def put_back(self, visits: Iterable[Appointment]) -> None:
        """Note these visits where they are now."""
        for visit in visits:
            buffer = timedelta(minutes=self.types[visit.kind].buffer_minutes)
            self._uses[visit.pk] = Use(
                clinician=str(visit.clinician_id),
                lanes=lanes_of(visit),
                visit=Interval(visit.starts_at, visit.ends_at),
                room=str(visit.room_id) if visit.room_id else None,
                room_free_at=visit.room_free_at,
                buffer=buffer,
            )
            self._whose[visit.pk] = visit.patient_id

    def put(self, key: Key, patient_id: uuid.UUID, site: Site, kind: str, spot: Spot) -> None:
        """Note a visit at its new place."""
        found = self.types[kind]
        end = spot.starts_at + timedelta(minutes=found.minutes)
        rooms = {room.id: room for room in self.shelf(site, kind).rooms}
        room = rooms.get(str(spot.room_id))
        turnover = (room.turnover if room else None) or timedelta()
        self._uses[key] = Use(
            clinician=str(spot.clinician_id),
            lanes=spot.lanes,
            visit=Interval(spot.starts_at, end),
            room=room.id if room else None,
            room_free_at=end + turnover,
            buffer=timedelta(minutes=found.buffer_minutes),
        )
        self._whose[key] = patient_id

    def forget(self, keys: Iterable[Key]) -> None:
        """Take these visits out again."""
        for key in keys:
            self._uses.pop(key, None)
            self._whose.pop(key, None)

    def shelf(self, site: Site, kind: str) -> slots.Calendar:
        """The calendar of a site for a kind of visit, without the loose visits."""
        key = (site.pk, kind)
        if key not in self._shelves:
            found = calendar.calendar_of(
                site,
                kind,
                from_day=self.span.first,
                until_day=self.span.end,
                without=[visit.pk for visit in self.loose],
                types=self.types,
            )
            self._shelves[key] = self.absence.taken_from(found, site.pk) if self.absence else found
        return self._shelves[key]

    def supply(self, site: Site, kind: str, *, without: Collection[Key] = ()) -> slots.Calendar:
        """The same with every visit noted, those of `without` apart."""
        return with_uses(self.shelf(site, kind), (use for key, use in self._uses.items() if key not in without))

    def own(self, patient_id: uuid.UUID, *, without: Collection[Key] = ()) -> list[Interval]:
        """When the patient has visits that are noted here."""
        return [use.visit for key, use in self._uses.items() if key not in without and self._whose[key] == patient_id]

    def free(
        self,
        site: Site,
        kind: str,
        *,
        patient_id: uuid.UUID,
        busy: Sequence[Interval] = (),
        without: Collection[Key] = (),
        telehealth: bool = False,
        same: Iterable[datetime] = (),
    ) -> list[slots.FreeStart]:
        """Every free start, room and clinician for a visit of the patient, who is `busy` elsewhere.

        For several patients on the half hour or the hour, so that the answer stays quick; the `same` times, at which
        visits are now, are looked at whatever the grid.
        """
        supply = self.supply(site, kind, without=without)
        busy = [*busy, *self.own(patient_id, without=without)]
        wanted = self._wanted(kind, busy, telehealth, self.span)
        grid = max(self.grid, next(minutes for most, minutes in COARSER if self.together <= most))
        found = slots.free_choices(supply, replace(wanted, shape=replace(wanted.shape, grid_minutes=grid)))
        have = {one.start for one in found}
        for start in sorted(set(same) - have):
            day = day_of(start, site.tz)
            near = replace(wanted, from_day=day, until_day=day + DAY)
            found += [one for one in slots.free_choices(supply, near) if one.start == start]
        return found

    def is_free(
        self,
        site: Site,
        kind: str,
        spot: Spot,
        *,
        patient_id: uuid.UUID,
        busy: Sequence[Interval] = (),
        without: Collection[Key] = (),
        telehealth: bool = False,
    ) -> bool:
        """Whether this very place is free, whatever the grid and the notice."""
        busy = [*busy, *self.own(patient_id, without=without)]
        wanted = replace(self._wanted(kind, busy, telehealth, self.span), not_before=None)
        return slots.is_free(self.supply(site, kind, without=without), wanted, spot.as_free())

    def _wanted(self, kind: str, busy: Sequence[Interval], telehealth: bool, span: Span) -> slots.Wanted:
        found = self.types[kind]
        last = span.first + timedelta(days=found.horizon_days + 1)
        return slots.Wanted(
            shape=calendar.shape_of(found, telehealth=telehealth, grid=self.grid),
            from_day=span.first,
            until_day=min(span.end, last),
            not_before=max(calendar.earliest_start(found, as_patient=False), now() + timedelta(minutes=1)),
            patient_busy=busy,
        )


def lanes_of(visit: Appointment) -> slots.Lanes:
    """The lanes a visit takes."""
    return (visit.lanes.lower, visit.lanes.upper or calendar.ALL_LANES)


def span_of(
    visits: Iterable[Appointment], *, least: timedelta, after: timedelta, until: datetime | None = None
) -> Span:
    """From today to `least` from now, and to `after` past the last of the visits; and to `until` where told."""
    found = list(visits)
    today = min((day_of(now(), visit.site.tz) for visit in found), default=now().date() - DAY)
    last = max((visit.day for visit in found), default=today)
    ends = [today + least, last + after] + ([until.date() + DAY] if until else [])
    return Span(today, max(ends) + DAY)
