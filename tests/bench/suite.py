"""All that is measured, in order, each on a database of its own that is dropped afterwards."""

import os
from collections.abc import Callable, Iterator, Sequence

from tests import database
from tests.bench import board, booking, clinic, free, messages, one_slot, planner, series
from tests.bench.lines import Line

Measure = Callable[..., Iterator[Line]]
PARTS: dict[str, Measure] = {
    "free": free.run,
    "booking": booking.run,
    "slot": one_slot.run,
    "series": series.run,
    "planner": planner.run_one,
    "many": planner.run_many,
    "board": board.run,
    "messages": messages.run,
}


def run(*, only: Sequence[str] = (), rows: int, quick: bool = False) -> Iterator[Line]:
    """The lines of the parts wanted (all when none is named), as they are measured."""
    if unknown := set(only) - set(PARTS):
        raise SystemExit(f"There is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}.")
    for name, measure in PARTS.items():
        if not only or name in only:
            made = database.make(f"bench_{name}_{os.getpid()}")
            try:
                yield from measure(clinic.build(), rows=rows, quick=quick)
            finally:
                database.drop(made)
