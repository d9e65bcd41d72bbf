"""The cells of a day's board: what stands in each half hour of a column, and what may be booked there."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlencode

from scheduling.domain.intervals import Interval, intersect, normalise, subtract
from scheduling.domain.walltime import opening
from scheduling.queries.board_columns import Column
from scheduling.queries.board_supply import Supply
from scheduling.queries.lanes import lanes_of
from scheduling.queries.visits import Shown

ROW = timedelta(minutes=30)
UNSAID = ("Closed", "Off shift", "Turnover")  # on a narrow screen, where an empty hour takes no room


@dataclass(frozen=True)
class Cell:
    """A cell of the board, `span` rows high. `book_at`: the start that it offers; `words`: what else it is."""

    column: Column
    starts_at: datetime
    ends_at: datetime
    span: int = 1
    shown: Sequence[Shown] = ()
    book_at: datetime | None = None
    is_free: bool = False  # to come and open, whether or not the reader may book
    words: str = ""
    spots: Sequence["Spot"] = ()  # where each of `shown` stands within the cell, if they do not all fill it

    @property
    def lanes(self) -> int:
        """How many visits stand side by side."""
        return 1 + max(one.lane for one in self.spots) if self.spots else max(len(self.shown), 1)

    @property
    def book_query(self) -> str:
        """Day, wall time, and room or clinician for the booking form's address."""
        if self.book_at is None:
            return ""
        wall = self.book_at.astimezone(self.column.site.tz)
        named = {"room": self.column.room, "clinician": self.column.clinician}
        asked = {name: str(thing.pk) for name, thing in named.items() if thing is not None}
        return urlencode({"on": f"{wall:%Y-%m-%d}", "at": f"{wall:%H:%M}", **asked})


@dataclass(frozen=True)
class Spot:
    """Where a visit stands in a cell that it shares: its lane, its first row within the cell, how many rows."""

    lane: int
    first: int
    rows: int


def lines_of(supply: Supply, active: Sequence[Shown]) -> list[tuple[datetime, datetime]]:
    """The half hours from opening to closing, and further where a visit lies outside; counted in elapsed time."""
    edges = [*supply.open, *(Interval(one.visit.starts_at, one.visit.ends_at) for one in active)]
    if not edges:
        return []
    midnight = opening(supply.scope.from_day, 0, supply.scope.zone)
    first = (min(one.start for one in edges) - midnight) // ROW
    last = -((midnight - max(one.end for one in edges)) // ROW)
    return [(midnight + n * ROW, midnight + (n + 1) * ROW) for n in range(first, last)]


def merged(cells: Iterable[Cell]) -> list[Cell]:
    """Visits as they are; neighbours that offer or say the same as one; what does neither is left out."""
    found: list[Cell] = []
    for cell in cells:
        last = found[-1] if found else None
        if last is not None and not (last.shown or cell.shown) and _alike(last, cell):
            found[-1] = Cell(
                cell.column, last.starts_at, cell.ends_at, last.span + 1, book_at=last.book_at, words=last.words
            )
        elif cell.shown or cell.book_at or cell.words:
            found.append(cell)
    return [one for one in found if one.shown or one.book_at or one.words not in (*UNSAID, "")]


def _alike(one: Cell, other: Cell) -> bool:
    joined = one.ends_at == other.starts_at and one.words == other.words
    return joined and (one.book_at is None) == (other.book_at is None) and other.book_at in (None, other.starts_at)


@dataclass
class _Group:
    """Visits of one column whose rows touch: they share a cell."""

    first: int
    last: int
    shown: list[Shown] = field(default_factory=list)


@dataclass(frozen=True)
class _Taken:
    """What keeps a column from being booked, in words; `other_words`: words for what lies outside of `open`."""

    open: Sequence[Interval]
    closed: Sequence[tuple[Interval, str]]
    turnover: Sequence[Interval]
    other_words: str


@dataclass(frozen=True)
class Grid:
    supply: Supply
    lines: Sequence[tuple[datetime, datetime]]
    at: datetime
    may_book: bool

    def cells(self, column: Column, shown: Sequence[Shown]) -> Iterator[tuple[int, Cell]]:
        """The cells of a column, each with the number of the row in which it begins."""
        row, groups, taken = 0, self._groups(shown), self._taken(column, shown)
        while row < len(self.lines):
            start = self.lines[row][0]
            if groups and groups[0].first == row:
                group = groups.pop(0)
                end = self.lines[group.last - 1][1]
                book_at = self._lane_left(column, group, taken, start, end)
                spots = self._spots(group)
                yield row, Cell(column, start, end, group.last - group.first, group.shown, book_at, spots=spots)
                row = group.last
            else:
                yield row, self._empty(column, taken, row)
                row += 1

    def _groups(self, shown: Sequence[Shown]) -> list[_Group]:
        groups: list[_Group] = []
        for one in shown:  # by start
            first, last = self._rows(one)
            if groups and first < groups[-1].last:
                groups[-1].last = max(groups[-1].last, last)
                groups[-1].shown.append(one)
            else:
                groups.append(_Group(first, last, [one]))
        return groups

    def _spots(self, group: _Group) -> list[Spot]:
        """Each visit at its own time, in the first lane that is clear; none where all fill the cell."""
        found, ends = [], list[int]()
        for first, last in map(self._rows, group.shown):
            lane = next((n for n, end in enumerate(ends) if end <= first), len(ends))
            ends[lane : lane + 1] = [last]
            found.append(Spot(lane, first - group.first, last - first))
        whole = group.last - group.first
        return [] if all(one.rows == whole for one in found) else found

    def _rows(self, one: Shown) -> tuple[int, int]:
        origin = self.lines[0][0]
        return (one.visit.starts_at - origin) // ROW, -((origin - one.visit.ends_at) // ROW)

    def _taken(self, column: Column, shown: Sequence[Shown]) -> _Taken:
        scope, who = self.supply.scope, column.clinician
        closures = self.supply.closures_of(column.site, column.room.pk if column.room else None)
        closed = [(Interval(one.starts_at, one.ends_at), one.words) for one in closures]
        opened = self.supply.open_on(column.site, scope.from_day)
        if who is None:
            ends = [(one.visit.ends_at, one.visit.room_free_at) for one in shown]
            turnover = [Interval(end, free) for end, free in ends if free is not None and free > end]
            return _Taken(opened, closed, turnover, "Closed")
        shifts = [one for one in self.supply.shifts if one.clinician.pk == who.pk]
        on = normalise(span for one in shifts for site in scope.sites for span in one.on(scope.from_day, site))
        closed = [
            (Interval(one.starts_at, one.ends_at), "Break" if one.is_break else "Away")
            for one in self.supply.leaves_of(who.pk)
        ] + closed
        return _Taken(intersect(self.supply.open, on), closed, [], "Off shift")

    def _empty(self, column: Column, taken: _Taken, row: int) -> Cell:
        start, end = self.lines[row]
        here = Interval(start, end)
        words = next((say for span, say in taken.closed if span.overlaps(here)), "")
        if not any(one.overlaps(here) for one in taken.open):
            return Cell(column, start, end, words=words or taken.other_words)
        free = subtract(intersect([here], taken.open), [*taken.turnover, *(span for span, _ in taken.closed)])
        free = [one for one in free if one.end == end]  # what is over before the next row is too short to offer
        if not free:
            return Cell(column, start, end, words=words or "Turnover")
        to_come = column.in_use and free[0].start >= self.at
        book_at = free[0].start if to_come and self.may_book else None
        return Cell(column, start, end, words=words, book_at=book_at, is_free=to_come)

    def _lane_left(
        self, column: Column, group: _Group, taken: _Taken, start: datetime, end: datetime
    ) -> datetime | None:
        """Where one more infusion may begin beside those of a clinician's cell; None where all lanes are in use."""
        if column.clinician is None or not self.may_book or start < self.at:
            return None
        here = Interval(start, end)
        if any(span.overlaps(here) for span, _ in taken.closed) or subtract([here], taken.open):
            return None
        used = {lane for one in group.shown for lane in lanes_of(one.visit)}
        return start if len(used) < column.clinician.lanes else None
