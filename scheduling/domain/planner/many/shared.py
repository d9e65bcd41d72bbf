"""Rooms and clinicians that many series share: what of each day is still free, as bits of one grid.

A visit takes its room until the turnover is over and one lane of its clinician until the buffer is over.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from scheduling.domain.planner.grid import DenseGrid

DAY_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class LaneInUse:
    """A lane (from 0) of a clinician in use over [start, end), wall time, its buffer included."""

    clinician: str
    lane: int
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Shared:
    """What the visits of all series have in common.

    `length`: of a visit, observation included. `turnover`: of a room after it, where `room_turnover` names no other.
    `lanes`: how many a clinician treats at once, 1 where not named. `buffer`: of a lane after a visit. `in_use`: lanes
    taken by visits that stay; rooms are free wherever a candidate says so.
    """

    length: timedelta
    turnover: timedelta = timedelta()
    room_turnover: Mapping[str, timedelta] = field(default_factory=dict)
    lanes: Mapping[str, int] = field(default_factory=dict)
    buffer: timedelta = timedelta()
    in_use: Sequence[LaneInUse] = ()

    @property
    def longest(self) -> timedelta:
        """From a start to when the last of room and lane is free again."""
        return self.length + max(self.turnover, self.buffer, *self.room_turnover.values())


class Spot(NamedTuple):
    """Where a visit lies: a day (ordinal), a bit of the grid, a lane."""

    day: int
    bit: int
    lane: int


class SharedDays:
    """The days of the shared calendars, with visits put in and taken out again."""

    def __init__(self, grid: DenseGrid, shared: Shared) -> None:
        self.grid, self._shared = grid, shared
        self._everything = (1 << grid.size) - 1
        self._rooms = [self._room_blocks(room) for room in grid.rooms]
        self._lanes = [self._lane_blocks(name) for name in grid.clinicians]
        self._count = [max(shared.lanes.get(name, 1), 1) for name in grid.clinicians]
        self._spots: dict[int, set[Spot]] = defaultdict(set)
        self._used = self._in_use()
        self._free: dict[int, int] = {}
        self._blocked: dict[int, dict[int, list[int]]] = {}

    def free(self, day: int) -> int:
        """The choices of a day that no visit is in the way of."""
        found = self._free.get(day)
        return self._look(day) if found is None else found

    def put(self, day: int, bit: int) -> Spot:
        """Takes a free choice, in the first free lane."""
        self.free(day)
        clinician = bit % self.grid.block // len(self.grid.rooms)
        blocked = self._blocked[day].get(clinician) or [0] * self._count[clinician]
        lane = next(lane for lane, mask in enumerate(blocked) if not mask >> bit & 1)
        spot = Spot(day, bit, lane)
        self._spots[day].add(spot)
        self._forget(day)
        return spot

    def put_back(self, spot: Spot) -> None:
        """Takes a choice again that was taken out."""
        self._spots[spot.day].add(spot)
        self._forget(spot.day)

    def take_out(self, spot: Spot) -> None:
        """Frees what a visit took."""
        self._spots[spot.day].remove(spot)
        self._forget(spot.day)

    def _forget(self, day: int) -> None:
        self._free.pop(day, None)

    def _look(self, day: int) -> int:
        taken, rooms = 0, len(self.grid.rooms)
        blocked = {who: list(lanes) for who, lanes in self._used.get(day, {}).items()}
        for _, bit, lane in self._spots[day]:
            time, rest = divmod(bit, self.grid.block)
            clinician, room = divmod(rest, rooms)
            taken |= self._rooms[room][time]
            if clinician not in blocked:
                blocked[clinician] = [0] * self._count[clinician]
            blocked[clinician][lane] |= self._lanes[clinician][time]
        for lanes in blocked.values():
            every = lanes[0]
            for mask in lanes[1:]:
                every &= mask
            taken |= every
        self._blocked[day] = blocked
        free = self._free[day] = self._everything & ~taken
        return free

    def _room_blocks(self, room: str) -> list[int]:
        """For each time, the choices in this room that a visit then leaves no place for."""
        stay = self._shared.length + self._shared.room_turnover.get(room, self._shared.turnover)
        return self._blocks(self.grid.with_room(room), stay)

    def _lane_blocks(self, clinician: str) -> list[int]:
        """For each time, the choices that this clinician's same lane has no place for."""
        return self._blocks(self.grid.with_clinician(clinician), self._shared.length + self._shared.buffer)

    def _blocks(self, concerned: int, stay: timedelta) -> list[int]:
        times, seconds = self.grid.times, stay.total_seconds()
        return [concerned & self._between(time - seconds, time + seconds) for time in times]

    def _between(self, after: float, before: float) -> int:
        """All choices whose start lies strictly between two times of day, in seconds."""
        mask = 0
        for time in self.grid.times:
            if after < time < before:
                mask |= self.grid.with_time(time)
        return mask

    def _in_use(self) -> dict[int, dict[int, list[int]]]:
        """By day and clinician, what is blocked in each lane by visits that stay."""
        used: dict[int, dict[int, list[int]]] = defaultdict(dict)
        number = {name: n for n, name in enumerate(self.grid.clinicians)}
        stay = (self._shared.length + self._shared.buffer).total_seconds()
        for use in self._shared.in_use:
            who = number.get(use.clinician)
            if who is None or use.lane >= self._count[who]:
                continue
            for day in range(use.start.toordinal() - 1, use.end.toordinal() + 1):
                midnight = datetime.fromordinal(day)
                start, end = (use.start - midnight).total_seconds(), (use.end - midnight).total_seconds()
                mask = self.grid.with_clinician(use.clinician) & self._between(start - stay, end)
                if mask:
                    lanes = used[day].setdefault(who, [0] * self._count[who])
                    lanes[use.lane] |= mask
        return used
