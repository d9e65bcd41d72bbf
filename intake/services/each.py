"""Sweeps over many patients: one that cannot be worked off never keeps the others from their turn."""

from collections.abc import Callable, Iterable
from typing import TypeVar

import structlog

log = structlog.get_logger(__name__)
T = TypeVar("T")


def each(things: Iterable[T], act: Callable[[T], int], *, sweep: str) -> int:
    """Act on each by itself, in a transaction of its own; the sum. One that breaks is logged, and tried again later."""
    total = 0
    for thing in things:
        try:
            total += act(thing)
        except Exception as problem:
            log.exception("one of a sweep broke", sweep=sweep, problem=type(problem).__name__)
    return total
