"""The rota of who is on call: instants from wall times, and the times that nobody covers. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo


class NoSuchTime(ValueError):
    """The clock jumps over this wall time. The text says what to do."""


@dataclass(frozen=True, slots=True)
class Span:
    """[start, end)."""

    start: datetime
    end: datetime


def instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """The instant of a wall time, in UTC; where it comes twice, the first. NoSuchTime for one that does not come.

    One rule for both ends: where a duty ends and the next begins at the same wall time, there is no gap.
    """
    made = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)  # differences between two of one zone are wall time
    if made.astimezone(zone).replace(tzinfo=None, fold=0) != wall.replace(tzinfo=None, fold=0):
        raise NoSuchTime("The clocks go forward over this time. Choose a time before or after it.")
    return made


def gaps(covered: Iterable[Span], whole: Span) -> tuple[Span, ...]:
    """The parts of `whole` that no span covers, in order."""
    found, at = [], whole.start
    for span in sorted(covered, key=lambda one: one.start):
        if span.start > at:
            found.append(Span(at, min(span.start, whole.end)))
        at = max(at, span.end)
        if at >= whole.end:
            break
    if at < whole.end:
        found.append(Span(at, whole.end))
    return tuple(span for span in found if span.start < span.end)
