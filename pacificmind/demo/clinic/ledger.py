"""What is taken already: rooms and lanes by time, so that the rest of the calendar is laid around it."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from pacificmind.accounts.models import Clinician
from pacificmind.clinic.models import Site
from scheduling.models import ACTIVE, Appointment, Closure, Leave, Room, WeeklyShift

Span = tuple[datetime, datetime]
Lane = tuple[uuid.UUID, int]


@dataclass(frozen=True)
class Seat:
    """A free room with a lane of a clinician."""

    start: datetime
    room: Room | None
    clinician: Clinician
    lane: int


@dataclass
class Taken:
    """Everything that takes up a site."""

    site: Site
    rooms: dict[uuid.UUID, list[Span]] = field(default_factory=lambda: defaultdict(list))
    lanes: dict[Lane, list[Span]] = field(default_factory=lambda: defaultdict(list))
    patients: dict[uuid.UUID, list[Span]] = field(default_factory=lambda: defaultdict(list))
    closed: list[Span] = field(default_factory=list)
    away: dict[uuid.UUID, list[Span]] = field(default_factory=lambda: defaultdict(list))
    shifts: dict[tuple[uuid.UUID, int], tuple[time, time]] = field(default_factory=dict)
    count: dict[date, int] = field(default_factory=lambda: defaultdict(int))

    @classmethod
    def of(cls, site: Site) -> "Taken":
        """As the database has it."""
        taken = cls(site)
        for visit in Appointment.objects.filter(site=site, status__in=ACTIVE):
            lanes = range(visit.lanes.lower, min(visit.lanes.upper or 12, 12))
            taken.take(visit.starts_at, visit.ends_at, visit.clinician_id, lanes, visit.room_id, visit.room_free_at)
        taken.closed = list(Closure.objects.filter(site=site).values_list("starts_at", "ends_at"))
        for leave in Leave.objects.all():
            taken.away[leave.clinician_id].append((leave.starts_at, leave.ends_at))
        for shift in WeeklyShift.objects.filter(site=site):
            taken.shifts[shift.clinician_id, shift.weekday] = (shift.starts, shift.ends)
        return taken

    def take(
        self,
        start: datetime,
        end: datetime,
        clinician: uuid.UUID,
        lanes: Iterable[int],
        room: uuid.UUID | None,
        room_free_at: datetime | None,
    ) -> None:
        """Take up a room and lanes."""
        for lane in lanes:
            self.lanes[clinician, lane].append((start, end))
        if room is not None and room_free_at is not None:
            self.rooms[room].append((start, room_free_at))
            self.count[start.astimezone(self.site.tz).date()] += 1

    def seat(
        self, day: date, wall: time, minutes: int, rooms: Sequence[Room | None], staff: Sequence[Clinician], lanes: int
    ) -> Seat | None:
        """The first room and lane that are free for the whole visit; `lanes` 1, or 12 for the clinician whole."""
        start = datetime.combine(day, wall, tzinfo=self.site.tz).astimezone(UTC)
        end = start + timedelta(minutes=minutes)
        if _meets(self.closed, start, end):
            return None
        room = next((r for r in rooms if r is None or not _meets(self.rooms[r.pk], start, end + _turnover(r))), False)
        if room is False:
            return None
        for one in staff:
            if not self._on_shift(one, day, wall, minutes) or _meets(self.away[one.pk], start, end):
                continue
            for lane in range(1 if lanes > 1 else one.lanes):
                wanted = range(lanes) if lanes > 1 else [lane]
                if not any(_meets(self.lanes[one.pk, each], start, end) for each in wanted):
                    return Seat(start, room if isinstance(room, Room) else None, one, lane)
        return None

    def _on_shift(self, clinician: Clinician, day: date, wall: time, minutes: int) -> bool:
        starts, ends = self.shifts.get((clinician.pk, day.weekday()), (time.max, time.min))
        end = (datetime.combine(day, wall, tzinfo=UTC) + timedelta(minutes=minutes)).time()
        return starts <= wall and end <= ends


def _turnover(room: Room) -> timedelta:
    return timedelta(minutes=room.turnover_minutes)


def _meets(spans: Iterable[Span], start: datetime, end: datetime) -> bool:
    return any(first < end and start < last for first, last in spans)
