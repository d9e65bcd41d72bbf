"""The front desk's board of a week: a row per room or clinician, a column per day; one site or more."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from scheduling.domain.walltime import DAY, opening
from scheduling.models import Closure, Leave
from scheduling.queries.board_columns import Column, columns_of
from scheduling.queries.board_live import read
from scheduling.queries.board_supply import Scope, Supply, supply_of
from scheduling.queries.overrun import Overrun, overruns
from scheduling.queries.visits import Shown


@dataclass(frozen=True)
class WeekDay:
    """The head of a day's column."""

    on: date
    is_today: bool
    count: int
    is_open: bool


@dataclass(frozen=True)
class WeekCell:
    """One room or clinician on one day. `notes`: what is closed, or who is away."""

    on: date
    shown: Sequence[Shown]
    notes: Sequence[str]
    may_book: bool


@dataclass(frozen=True)
class WeekRow:
    """One room or clinician."""

    column: Column
    cells: Sequence[WeekCell]


@dataclass(frozen=True)
class Week:
    """A week as the board draws it."""

    scope: Scope
    supply: Supply
    days: Sequence[WeekDay]
    rows: Sequence[WeekRow]
    shown: Sequence[Shown]
    overruns: Sequence[Overrun]
    version: str

    @property
    def active(self) -> list[Shown]:
        """Visits that take place."""
        return [one for one in self.shown if one.visit.is_active]


def monday_of(day: date) -> date:
    """The Monday of that week."""
    return day - timedelta(days=day.weekday())


def week_board(scope: Scope, *, at: datetime, may_book: bool) -> Week:
    """The days of `scope`, a fixed number of queries. Days that are closed and empty are left out."""
    seen = read(scope, at=at)
    supply = supply_of(scope)
    active = [one for one in seen.shown if one.visit.is_active]
    today = at.astimezone(scope.zone).date()
    days = [
        WeekDay(
            on=on,
            is_today=on == today,
            count=sum(one.visit.day == on for one in active),
            is_open=any(supply.open_on(site, on) for site in scope.sites),
        )
        for on in scope.days
    ]
    days = [one for one in days if one.is_open or one.count]
    rows = _rows(supply, active, days, today if may_book else None)
    return Week(scope, supply, days, rows, seen.shown, overruns(seen.shown, at=at), seen.version)


def _rows(supply: Supply, active: Sequence[Shown], days: Sequence[WeekDay], book_from: date | None) -> list[WeekRow]:
    found = []
    for column in columns_of(supply, active):
        here: dict[date, list[Shown]] = defaultdict(list)
        for one in active:
            if column.holds(one.visit):
                here[one.visit.day].append(one)
        cells = [
            WeekCell(
                on=day.on,
                shown=here[day.on],
                notes=_notes(supply, column, day.on),
                may_book=book_from is not None and day.on >= book_from and day.is_open and column.in_use,
            )
            for day in days
        ]
        found.append(WeekRow(column, cells))
    return found


def _notes(supply: Supply, column: Column, on: date) -> list[str]:
    start, end = opening(on, 0, column.site.tz), opening(on + DAY, 0, column.site.tz)
    closures: list[Closure] = supply.closures_of(column.site, column.room.pk if column.room else None)
    found = [one.words for one in closures if one.starts_at < end and start < one.ends_at]
    if column.clinician is not None:
        leaves: list[Leave] = supply.leaves_of(column.clinician.pk)
        found += ["Away" for one in leaves if not one.is_break and one.starts_at < end and start < one.ends_at]
    return found
