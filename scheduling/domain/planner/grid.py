"""Choices of a day (time, clinician, room) as bits of one number, so that whole sets of them are compared at once.

`reach(choices, change)` is what may follow without more changes than `change` names: the heart of steadiness.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

#: Seconds since midnight at the wall clock, clinician, room.
Choice = tuple[int, str, str]

#: The three counts of changes as one number: each is at most 7 (P1), so that digits never carry.
TIME, CLINICIAN, ROOM = 1 << 8, 1 << 4, 1
#: All ways to go on, the cheapest first.
CHANGES = tuple(time + clinician + room for time in (0, TIME) for clinician in (0, CLINICIAN) for room in (0, ROOM))
#: With more bits than this, most of them unused, choices are numbered one by one.
MOST_DENSE_BITS = 1 << 14


class Grid(Protocol):
    """Sets of choices as bits. Earlier times have lower bits."""

    def mask(self, choices: Iterable[Choice]) -> int:
        """The set of these choices."""

    def choice(self, bit: int) -> Choice:
        """The choice of a bit."""

    def reach(self, choices: int, change: int) -> int:
        """All choices that differ from some of `choices` in nothing but what `change` names."""

    def with_time(self, seconds: int) -> int:
        """All choices at this time."""

    def with_clinician(self, clinician: str) -> int:
        """All choices with this clinician."""

    def with_room(self, room: str) -> int:
        """All choices in this room."""


def grid_of(choices: Iterable[Choice]) -> Grid:
    """A grid that holds all of `choices`."""
    found = set(choices)
    times, clinicians, rooms = {one[0] for one in found}, {one[1] for one in found}, {one[2] for one in found}
    dense = len(times) * len(clinicians) * len(rooms) <= MOST_DENSE_BITS
    return DenseGrid(times, clinicians, rooms) if dense else SparseGrid(found)


def bits_of(mask: int) -> Iterator[int]:
    """The positions of the bits that are set, lowest first."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest


class DenseGrid:
    """Every combination has a bit: time by time, in each the clinicians, in each the rooms. A few shifts reach all."""

    def __init__(self, times: Iterable[int], clinicians: Iterable[str], rooms: Iterable[str]) -> None:
        self.times, self.clinicians, self.rooms = sorted(times), sorted(clinicians), sorted(rooms)
        self.block = len(self.clinicians) * len(self.rooms)
        self.size = len(self.times) * self.block
        self._time = {time: n * self.block for n, time in enumerate(self.times)}
        self._clinician = {name: n * len(self.rooms) for n, name in enumerate(self.clinicians)}
        self._room = {name: n for n, name in enumerate(self.rooms)}
        any_room = _any(1, len(self.rooms), self.size)
        any_clinician = _any(len(self.rooms), len(self.clinicians), self.size)
        any_time = _any(self.block, len(self.times), self.size)
        along = ((ROOM, any_room), (CLINICIAN, any_clinician), (TIME, any_time))
        self._spread = {change: [spread for part, spread in along if change & part] for change in CHANGES}

    def bit(self, time: int, clinician: str, room: str) -> int:
        """The position of a choice."""
        return self._time[time] + self._clinician[clinician] + self._room[room]

    def mask(self, choices: Iterable[Choice]) -> int:
        mask, times, clinicians, rooms = 0, self._time, self._clinician, self._room
        for time, clinician, room in choices:
            mask |= 1 << times[time] + clinicians[clinician] + rooms[room]
        return mask

    def choice(self, bit: int) -> Choice:
        time, rest = divmod(bit, self.block)
        clinician, room = divmod(rest, len(self.rooms))
        return self.times[time], self.clinicians[clinician], self.rooms[room]

    def reach(self, choices: int, change: int) -> int:
        for spread in self._spread[change]:
            choices = spread(choices)
        return choices

    def with_time(self, seconds: int) -> int:
        return (1 << self.block) - 1 << self._time[seconds]

    def with_clinician(self, clinician: str) -> int:
        return self.reach(1 << self._clinician[clinician], TIME + ROOM)

    def with_room(self, room: str) -> int:
        return self.reach(1 << self._room[room], TIME + CLINICIAN)


def _any(stride: int, count: int, size: int) -> Callable[[int], int]:
    """What frees one part of the choice: bits `stride` apart, in blocks of `count`, become alike."""
    if count < 2:
        return lambda mask: mask
    comb = sum(1 << stride * n for n in range(count))
    first = sum(((1 << stride) - 1) << block for block in range(0, size, stride * count))
    shifts = list(_doubling(stride, count))

    def spread(mask: int) -> int:
        for shift in shifts:
            mask |= mask >> shift
        return (mask & first) * comb

    return spread


def _doubling(stride: int, count: int) -> Iterator[int]:
    """Shifts after which the first of `count` bits has seen all of them and none of another block."""
    seen = 1
    while seen < count:
        more = min(seen, count - seen)
        yield stride * more
        seen += more


class SparseGrid:
    """Only the choices there are have a bit, for supplies with hundreds of rooms and clinicians."""

    def __init__(self, choices: Iterable[Choice]) -> None:
        self.choices: Sequence[Choice] = sorted(choices)
        self._bit = {choice: bit for bit, choice in enumerate(self.choices)}
        self._alike: dict[int, list[int]] = {0: [], TIME + CLINICIAN + ROOM: [(1 << len(self.choices)) - 1]}

    def mask(self, choices: Iterable[Choice]) -> int:
        mask = 0
        for choice in choices:
            mask |= 1 << self._bit[choice]
        return mask

    def choice(self, bit: int) -> Choice:
        return self.choices[bit]

    def reach(self, choices: int, change: int) -> int:
        reached = choices
        for alike in self._groups(change):
            if alike & choices:
                reached |= alike
        return reached

    def _groups(self, change: int) -> list[int]:
        """The sets of choices that are alike but for what `change` names."""
        if change not in self._alike:
            keep = [part for part, free in enumerate((TIME, CLINICIAN, ROOM)) if not change & free]
            groups: dict[tuple[int | str, ...], int] = {}
            for bit, choice in enumerate(self.choices):
                key = tuple(choice[part] for part in keep)
                groups[key] = groups.get(key, 0) | 1 << bit
            self._alike[change] = list(groups.values())
        return self._alike[change]

    def with_time(self, seconds: int) -> int:
        return self.mask(one for one in self.choices if one[0] == seconds)

    def with_clinician(self, clinician: str) -> int:
        return self.mask(one for one in self.choices if one[1] == clinician)

    def with_room(self, room: str) -> int:
        return self.mask(one for one in self.choices if one[2] == room)
