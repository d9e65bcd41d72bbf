"""The front desk's board: a site's day as rows of half an hour and a column per room, and its week as days."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from pacificmind.clinic.models import Site
from scheduling.domain.hours import Hours, open_intervals
from scheduling.domain.intervals import Interval
from scheduling.domain.walltime import DAY, opening
from scheduling.models import Closure, Leave, OpeningHours, Room, Status
from scheduling.queries import visits as visit_queries
from scheduling.queries.visits import Shown

ROW = timedelta(minutes=30)


@dataclass(frozen=True)
class Cell:
    """A cell of the board, `span` rows high. `book_at`: the start that it offers; `words`: why it offers none."""

    column: "Column"
    span: int = 1
    shown: Sequence[Shown] = ()
    book_at: datetime | None = None
    words: str = ""
    zone: ZoneInfo | None = None

    @property
    def book_query(self) -> str:
        """Day, wall time and room for the booking form's address."""
        if self.book_at is None:
            return ""
        wall = self.book_at.astimezone(self.zone)
        room = {"room": str(self.column.room.pk)} if self.column.room else {}
        return urlencode({"on": f"{wall:%Y-%m-%d}", "at": f"{wall:%H:%M}", **room})


@dataclass(frozen=True)
class Column:
    """A room, or (without one) the video visits, which may lie side by side."""

    room: Room | None

    @property
    def name(self) -> str:
        """What stands at its head."""
        return self.room.name if self.room else "Video"


@dataclass(frozen=True)
class Line:
    """A row of the board: half an hour, with the cells that begin in it."""

    starts_at: datetime
    ends_at: datetime
    is_now: bool
    on_the_hour: bool
    cells: Sequence[Cell]


@dataclass(frozen=True)
class Supply:
    """When the site is open on a day, and what takes it away."""

    open: Sequence[Interval]
    closures: Sequence[Closure]
    leaves: Sequence[Leave]
    rooms: Sequence[Room]


@dataclass(frozen=True)
class Day:
    """A site's day as the board draws it."""

    on: date
    supply: Supply
    columns: Sequence[Column]
    lines: Sequence[Line]
    shown: Sequence[Shown]

    @property
    def not_coming(self) -> list[Shown]:
        """Cancelled, or did not come: told below the board, where they take no room."""
        return [one for one in self.shown if one.visit.status in visit_queries.NOT_COMING]

    @property
    def active(self) -> list[Shown]:
        """What stands on the board."""
        return [one for one in self.shown if one.visit.is_active]


def supply_of(site: Site, day: date) -> Supply:
    """Hours, closures, leave and rooms of one day: four queries."""
    start, end = opening(day, 0, site.tz), opening(day + DAY, 0, site.tz)
    hours = Hours(weekly={day.weekday(): [(h.opens, h.closes) for h in _hours(site, day)]})
    closures = list(
        Closure.objects.filter(site=site, starts_at__lt=end, ends_at__gt=start)
        .select_related("room")
        .order_by("starts_at")
    )
    leaves = (
        Leave.objects.filter(
            clinician__weeklyshift__site=site,
            clinician__weeklyshift__weekday=day.weekday(),
            starts_at__lt=end,
            ends_at__gt=start,
        )
        .select_related("clinician__user")
        .order_by("starts_at", "pk")
        .distinct()
    )
    return Supply(
        open=open_intervals(hours, site.tz, day, day + DAY),
        closures=closures,
        leaves=list(leaves),
        rooms=list(Room.objects.filter(site=site).order_by("name", "pk")),
    )


def _hours(site: Site, day: date) -> Iterable[OpeningHours]:
    return OpeningHours.objects.filter(site=site, weekday=day.weekday()).order_by("opens")


def day_board(site: Site, day: date, *, at: datetime, may_book: bool) -> Day:
    """The board of a day, as it is at the instant `at`: six queries, whatever there is on it."""
    supply = supply_of(site, day)
    shown = visit_queries.shown(visit_queries.visits_of_days(site, day, day + DAY), at=at)
    active = [one for one in shown if one.visit.is_active]
    used = {one.visit.room_id for one in active}
    columns = [Column(room) for room in supply.rooms if room.in_use or room.pk in used] + [Column(None)]
    lines = _lines(site, day, supply, active)
    grid = _Grid(site, supply, lines, at, may_book)
    cells = [
        list(grid.cells(column, [one for one in active if one.visit.room_id == _id(column)])) for column in columns
    ]
    rows = [
        Line(
            starts_at=start,
            ends_at=end,
            is_now=start <= at < end,
            on_the_hour=start.astimezone(site.tz).minute == 0,
            cells=[cell for column in cells for row, cell in column if row == number],
        )
        for number, (start, end) in enumerate(lines)
    ]
    return Day(on=day, supply=supply, columns=columns, lines=rows, shown=shown)


def _id(column: Column) -> object:
    return column.room.pk if column.room else None


def _lines(site: Site, day: date, supply: Supply, active: Sequence[Shown]) -> list[tuple[datetime, datetime]]:
    """The half hours from opening to closing, and further where a visit lies outside; counted in elapsed time."""
    edges = [*supply.open, *(Interval(one.visit.starts_at, one.visit.ends_at) for one in active)]
    if not edges:
        return []
    midnight = opening(day, 0, site.tz)
    first = (min(one.start for one in edges) - midnight) // ROW
    last = -((midnight - max(one.end for one in edges)) // ROW)
    return [(midnight + n * ROW, midnight + (n + 1) * ROW) for n in range(first, last)]


@dataclass
class _Group:
    """Visits of one column whose rows touch: they share a cell."""

    first: int
    last: int
    shown: list[Shown] = field(default_factory=list)


@dataclass(frozen=True)
class _Grid:
    site: Site
    supply: Supply
    lines: Sequence[tuple[datetime, datetime]]
    at: datetime
    may_book: bool

    def cells(self, column: Column, shown: Sequence[Shown]) -> Iterator[tuple[int, Cell]]:
        """The cells of a column, each with the number of the row in which it begins."""
        row, groups = 0, self._groups(shown)
        while row < len(self.lines):
            if groups and groups[0].first == row:
                group = groups.pop(0)
                yield row, Cell(column, span=group.last - group.first, shown=group.shown)
                row = group.last
            else:
                yield row, self._empty(column, row, shown)
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

    def _rows(self, one: Shown) -> tuple[int, int]:
        origin = self.lines[0][0]
        return (one.visit.starts_at - origin) // ROW, -((origin - one.visit.ends_at) // ROW)

    def _empty(self, column: Column, row: int, shown: Sequence[Shown]) -> Cell:
        start, end = self.lines[row]
        if not any(one.start < end and start < one.end for one in self.supply.open):
            return Cell(column, words="Closed")
        if closure := self._closure(column, start):
            return Cell(column, words=f"Closed: {closure.reason}")
        turnover = [one.visit.room_free_at for one in shown if one.visit.room_free_at and one.visit.starts_at < end]
        free_from = max([start, *turnover])
        if free_from >= end:
            return Cell(column, words="Turnover")
        if end <= self.at or not self.may_book or (column.room is not None and not column.room.in_use):
            return Cell(column)
        return Cell(column, book_at=free_from if free_from >= self.at else None, zone=self.site.tz)

    def _closure(self, column: Column, start: datetime) -> Closure | None:
        """What closes the site, or this room, at that instant."""
        concerned = {None, _id(column)}
        closed = (c for c in self.supply.closures if c.room_id in concerned and c.starts_at <= start < c.ends_at)
        return next(closed, None)


@dataclass(frozen=True)
class WeekDay:
    """One day of the week view."""

    on: date
    is_today: bool
    shown: Sequence[Shown]
    closures: Sequence[Closure]
    is_open: bool

    @property
    def active(self) -> list[Shown]:
        """Visits that take place."""
        return [one for one in self.shown if one.visit.is_active]


def monday_of(day: date) -> date:
    """The Monday of that week."""
    return day - timedelta(days=day.weekday())


def week_board(site: Site, day: date, *, at: datetime) -> list[WeekDay]:
    """The week of `day`, Monday first: four queries. Days that are closed and empty are left out."""
    monday = monday_of(day)
    end = monday + 7 * DAY
    shown = visit_queries.shown(visit_queries.visits_of_days(site, monday, end), at=at)
    weekdays = set(OpeningHours.objects.filter(site=site).values_list("weekday", flat=True))
    closures = list(
        Closure.objects.filter(
            site=site, starts_at__lt=opening(end, 0, site.tz), ends_at__gt=opening(monday, 0, site.tz)
        )
        .select_related("room")
        .order_by("starts_at")
    )
    today = at.astimezone(site.tz).date()
    days = []
    for on in (monday + n * DAY for n in range(7)):
        start, until = opening(on, 0, site.tz), opening(on + DAY, 0, site.tz)
        days.append(
            WeekDay(
                on=on,
                is_today=on == today,
                shown=[one for one in shown if one.visit.day == on],
                closures=[c for c in closures if c.starts_at < until and start < c.ends_at],
                is_open=on.weekday() in weekdays,
            )
        )
    return [one for one in days if one.is_open or one.shown]


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
