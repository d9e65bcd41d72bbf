"""A layout as a small calendar: weeks as rows, Monday first."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta


@dataclass(frozen=True, slots=True)
class Cell:
    """A day of the small calendar; `number` and `starts_at` where a visit lies on it."""

    day: date
    number: int | None = None
    starts_at: datetime | None = None
    held: bool = False


def weeks_of(visits: Iterable[Cell]) -> list[list[Cell]]:
    """Whole weeks from that of the first visit to that of the last one, the empty days filled in."""
    found: Mapping[date, Cell] = {cell.day: cell for cell in visits}
    if not found:
        return []
    first = min(found) - timedelta(days=min(found).weekday())
    weeks = (max(found) - first).days // 7 + 1
    days = (first + timedelta(days=n) for n in range(7 * weeks))
    cells = [found.get(day, Cell(day)) for day in days]
    return [cells[n : n + 7] for n in range(0, len(cells), 7)]
