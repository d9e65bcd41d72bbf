"""Visits that run past their planned end, and whom they make wait; worked out on read, from what the board shows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from scheduling.models import Appointment, Status
from scheduling.queries.lanes import lanes_of
from scheduling.queries.visits import Shown

TO_COME = (Status.HELD, Status.BOOKED, Status.ARRIVED, Status.CHECKED_IN)


@dataclass(frozen=True)
class Overrun:
    """A visit that should be over, by how much, and the visits that cannot begin on time because of it."""

    shown: Shown
    over: timedelta
    waits: Sequence[Shown]
    next: Shown | None

    @property
    def minutes(self) -> int:
        """Whole minutes past the planned end."""
        return int(self.over.total_seconds()) // 60


def is_over_time(visit: Appointment, at: datetime) -> bool:
    """Checked in, perhaps started, not finished, and past its planned end."""
    return visit.status == Status.CHECKED_IN and visit.finished_at is None and visit.ends_at < at


def overruns(shown: Sequence[Shown], *, at: datetime) -> list[Overrun]:
    """The overruns at the instant `at`, longest first. `next`: who follows in the room, where nobody waits yet."""
    found = []
    for one in shown:
        if is_over_time(one.visit, at):
            after = _after(one.visit, shown)
            waits = [other for other in after if _waits(one.visit, other.visit, at)]
            follows = next((other for other in after if other.visit.room_id == one.visit.room_id), None)
            found.append(Overrun(one, at - one.visit.ends_at, waits, None if waits else follows))
    return sorted(found, key=lambda one: -one.over)


def _after(visit: Appointment, shown: Iterable[Shown]) -> list[Shown]:
    """Visits not yet begun that follow in the same room, or in the clinician's same lanes, by time."""
    return sorted(
        (
            other
            for other in shown
            if other.visit.pk != visit.pk
            and other.visit.status in TO_COME
            and other.visit.started_at is None
            and other.visit.starts_at >= visit.ends_at
            and other.visit.day == visit.day
            and (_same_room(visit, other.visit) or _same_lanes(visit, other.visit))
        ),
        key=lambda other: other.visit.starts_at,
    )


def _waits(visit: Appointment, other: Appointment, at: datetime) -> bool:
    """Whether the other, were this one to end now, could not begin on time: a room needs its turnover too."""
    turnover = (visit.room_free_at or visit.ends_at) - visit.ends_at
    ready = at + turnover if _same_room(visit, other) else at
    return other.starts_at < ready


def _same_room(visit: Appointment, other: Appointment) -> bool:
    return visit.room_id is not None and visit.room_id == other.room_id


def _same_lanes(visit: Appointment, other: Appointment) -> bool:
    return visit.clinician_id == other.clinician_id and bool(set(lanes_of(visit)) & set(lanes_of(other)))
