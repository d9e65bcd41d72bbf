"""What everybody does without a planner: in the order in which patients asked, each takes the earliest lawful starts.

"First-fit in arrival order by earliest start": the earliest start that P2, P3 and P5 allow after those already taken,
in the first free room by name, with the first free clinician by name, until the series is whole. A series that does
not become whole this way takes nothing.
"""

from __future__ import annotations

from scheduling.domain.planner.grid import bits_of
from scheduling.domain.planner.many.one import One
from scheduling.domain.planner.many.shared import SharedDays
from scheduling.domain.policy import WEEK


def earliest(one: One, shared: SharedDays) -> list[tuple[int, int]] | None:
    """The (day, bit) of each visit, the earliest lawful one each time; None when the series does not become whole."""
    taken, missing = list[tuple[int, int]](), one.frame.missing
    for day, choices, _, _ in one.days:
        if len(taken) == missing:
            break
        at = day - one.base
        free = choices & shared.free(day)
        if free and one.frame.possible >> at & 1 and _lawful(one, [d - one.base for d, _ in taken], at):
            taken.append((day, _first(one, shared, free)))
    return taken if len(taken) == missing else None


def _lawful(one: One, taken: list[int], day: int) -> bool:
    """Whether P2, P3 and P5 allow one more visit on `day` after those taken."""
    frame = one.frame
    if taken and day - taken[-1] < frame.apart:
        return False
    every = sum(1 << other for other in (*taken, day)) | frame.fixed
    if any((every >> first & 0x7F).bit_count() > frame.most_in_7 for first in range(max(day - WEEK + 1, 0), day + 1)):
        return False
    mine = (*taken, day, *bits_of(frame.series))
    anchor = min(mine)
    return sum((other - anchor) // WEEK == (day - anchor) // WEEK for other in mine) <= frame.per_week


def _first(one: One, shared: SharedDays, free: int) -> int:
    """The earliest choice; among those the first room, then the first clinician by name."""
    grid, block = shared.grid, shared.grid.block
    time = next(bits_of(free)) // block
    now = free >> time * block & (1 << block) - 1
    rooms = len(grid.rooms)
    return time * block + min(bits_of(now), key=lambda bit: (bit % rooms, bit // rooms))
