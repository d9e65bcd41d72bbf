"""The front desk's board of a day: a row for each half hour, a column per room or clinician; one site or more."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from scheduling.models import Status
from scheduling.queries import visits as visit_queries
from scheduling.queries.board_columns import Column, columns_of
from scheduling.queries.board_grid import Cell, Grid, lines_of, merged
from scheduling.queries.board_live import Seen, read
from scheduling.queries.board_supply import Scope, Supply, supply_of
from scheduling.queries.overrun import Overrun, overruns
from scheduling.queries.visits import Shown


@dataclass(frozen=True)
class Line:
    """A row of the board: half an hour, with the cells that begin in it."""

    starts_at: datetime
    ends_at: datetime
    is_now: bool
    now_fifth: int  # where in the row the present lies, in fives of minutes
    on_the_hour: bool
    cells: Sequence[Cell]


@dataclass(frozen=True)
class Day:
    """A day as the board draws it. `lists`: the cells of each column by time, for a narrow screen."""

    scope: Scope
    supply: Supply
    columns: Sequence[Column]
    lines: Sequence[Line]
    lists: Sequence[tuple[Column, Sequence[Cell]]]
    shown: Sequence[Shown]
    overruns: Sequence[Overrun]
    version: str

    @property
    def not_coming(self) -> list[Shown]:
        """Cancelled, or did not come: told below the board, where they take no room."""
        return [one for one in self.shown if one.visit.status in visit_queries.NOT_COMING]

    @property
    def active(self) -> list[Shown]:
        """What stands on the board."""
        return [one for one in self.shown if one.visit.is_active]


def day_board(scope: Scope, *, at: datetime, may_book: bool) -> Day:
    """The board of the first day of `scope`, as it is at the instant `at`: a fixed number of queries."""
    seen = read(scope, at=at)
    supply = supply_of(scope)
    active = [one for one in seen.shown if one.visit.is_active]
    columns = columns_of(supply, active)
    lines = lines_of(supply, active)
    grid = Grid(supply, lines, at, may_book)
    cells = [list(grid.cells(column, [one for one in active if column.holds(one.visit)])) for column in columns]
    rows = [
        Line(
            starts_at=start,
            ends_at=end,
            is_now=start <= at < end,
            now_fifth=int((at - start).total_seconds()) // 300 if start <= at < end else 0,
            on_the_hour=start.astimezone(scope.zone).minute == 0,
            cells=[cell for column in cells for row, cell in column if row == number],
        )
        for number, (start, end) in enumerate(lines)
    ]
    lists = [(column, merged(cell for _, cell in found)) for column, found in zip(columns, cells, strict=True)]
    return _day(scope, supply, columns, rows, lists, seen, at)


def _day(
    scope: Scope,
    supply: Supply,
    columns: Sequence[Column],
    rows: Sequence[Line],
    lists: Sequence[tuple[Column, Sequence[Cell]]],
    seen: Seen,
    at: datetime,
) -> Day:
    return Day(scope, supply, columns, rows, lists, seen.shown, overruns(seen.shown, at=at), seen.version)


@dataclass(frozen=True)
class Counts:
    """The numbers on top of the arrivals."""

    expected: int
    late: int
    here: int
    done: int
    not_coming: int
    ask: int


def counts_of(shown: Sequence[Shown]) -> Counts:
    """How the day stands."""
    status = [one.visit.status for one in shown]
    return Counts(
        expected=sum(s in visit_queries.COMING for s in status),
        late=sum(one.late for one in shown),
        here=sum(s in visit_queries.HERE for s in status),
        done=status.count(Status.FULFILLED),
        not_coming=sum(s in visit_queries.NOT_COMING for s in status),
        ask=sum(one.asks and one.visit.status != Status.FULFILLED for one in shown),
    )
