"""What the pages of a board share: which sites, days and columns are asked for, and the parts that are drawn."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import HttpRequest, QueryDict
from django.urls import reverse

from pacificmind.accounts.models import User
from pacificmind.audit.services import viewed
from pacificmind.clock import now
from pacificmind.ui.parts import Tab
from scheduling.domain.walltime import DAY
from scheduling.queries import board, board_week
from scheduling.queries.board_columns import Column
from scheduling.queries.board_live import changed
from scheduling.queries.board_supply import Scope
from scheduling.queries.board_week import WeekCell
from scheduling.queries.visits import Shown, patient_ids
from scheduling.views.desk.board_blocks import Block, Maker
from scheduling.views.desk.shared import Place, place_of

ALL, BY_CLINICIAN, WEEK = "all", "clinician", "week"
COLUMNS, MOST_LANES = 18, 6  # twentieths of a board besides the times; lanes that make a column wider


@dataclass(frozen=True)
class Asked:
    """A board as its address asks for it: site and day in the path; `sites=all`, `by=clinician`, `span=week`."""

    place: Place
    day: date
    all_sites: bool
    by_clinician: bool
    week: bool

    @staticmethod
    def of(request: HttpRequest, user: User, slug: str, day: date, *, week: bool | None = None) -> "Asked":
        """What a request asks for; 404 for a site that the user does not see."""
        place, found = place_of(user, slug), request.GET
        return Asked(
            place=place,
            day=day,
            all_sites=found.get("sites") == ALL and len(place.sites) > 1,
            by_clinician=found.get("by") == BY_CLINICIAN,
            week=found.get("span") == WEEK if week is None else week,
        )

    @property
    def scope(self) -> Scope:
        """Sites and days, the site of the address first."""
        others = [site for site in self.place.sites if site != self.place.site]
        sites = [self.place.site, *others] if self.all_sites else [self.place.site]
        first = board_week.monday_of(self.day) if self.week else self.day
        return Scope(sites, first, first + (7 if self.week else 1) * DAY, by_clinician=self.by_clinician)

    def url(
        self,
        name: str = "",
        *,
        day: date | None = None,
        site: str = "",
        all_sites: bool | None = None,
        by_clinician: bool | None = None,
        span: bool = False,
    ) -> str:
        """The address of this board with something changed; `span` for pages that serve day and week alike."""
        query = QueryDict(mutable=True)
        if self.by_clinician if by_clinician is None else by_clinician:
            query["by"] = BY_CLINICIAN
        if self.all_sites if all_sites is None else all_sites:
            query["sites"] = ALL
        if span and self.week:
            query["span"] = WEEK
        name = name or ("desk-calendar-week" if self.week else "desk-calendar")
        path = reverse(name, args=[site or self.place.site.slug, (day or self.day).isoformat()])
        return f"{path}?{query.urlencode()}" if query else path

    def frame(self) -> dict[str, Any]:
        """Site, day, and the ways to other sites, days and columns."""
        place, step = self.place, 7 * DAY if self.week else DAY
        sites = [
            Tab(one.name, self.url(site=one.slug, all_sites=False), current=one == place.site and not self.all_sites)
            for one in place.sites
        ]
        if len(place.sites) > 1:
            sites.append(Tab("All sites", self.url(all_sites=True), current=self.all_sites))
        return {
            "site": place.site,
            "day": self.day,
            "is_today": self.day == place.today,
            "view": "desk-calendar-week" if self.week else "desk-calendar",
            "may_write": place.may_write,
            "asked": self,
            "site_tabs": sites,
            "tabs": [
                Tab("Day", self.url("desk-calendar"), current=not self.week),
                Tab("Week", self.url("desk-calendar-week"), current=self.week),
                Tab("Arrivals", reverse("desk-arrivals", args=[place.site.slug, self.day.isoformat()])),
            ],
            "by_tabs": [
                Tab("Rooms", self.url(by_clinician=False), current=not self.by_clinician),
                Tab("Clinicians", self.url(by_clinician=True), current=self.by_clinician),
            ],
            "previous_url": self.url(day=self.day - step),
            "next_url": self.url(day=self.day + step),
            "today_url": self.url(day=place.today),
            "today": place.today,
            "tomorrow": place.today + DAY,
            "pulse_url": self.url("desk-board-pulse", span=True),
            "live_url": self.url("desk-board-live", span=True),
        }


@dataclass(frozen=True)
class Drawn:
    """A board ready for its template, with the visits on it."""

    asked: Asked
    context: dict[str, Any]
    shown: list[Shown]

    @property
    def what(self) -> str:
        """What the audit calls it."""
        return "calendar, week" if self.asked.week else "calendar, day"

    @property
    def template(self) -> str:
        """The part of the page that is renewed while it stands open."""
        return "desk/board_week.html" if self.asked.week else "desk/board_day.html"

    def record(self, by: User, *, seen: set[str] | None = None) -> None:
        """Audit the look: at every visit shown, or only at those that are not among what the reader has `seen`."""
        rows = self.shown if seen is None else changed(self.shown, seen, by=by, at=self.context["now"])
        viewed(self.what, by=by, patients=patient_ids(one.visit for one in rows))


def draw(asked: Asked, user: User) -> Drawn:
    """Read the board that is asked for and make its blocks."""
    at, scope, may_book = now(), asked.scope, asked.place.may_write
    context: dict[str, Any] = {**asked.frame(), "now": at, "scope": scope}
    if asked.week:
        week = board_week.week_board(scope, at=at, may_book=may_book)
        make = Maker(user, at, asked.by_clinician, week.supply)
        context |= {
            "board": week,
            "rows": [(row, [_week_cell(asked, row.column, cell, make) for cell in row.cells]) for row in week.rows],
            "days": [(one, _day_words(one.on), asked.url("desk-calendar", day=one.on)) for one in week.days],
            "monday": scope.from_day,
            "not_coming": make([one for one in week.shown if not one.visit.is_active]),
        }
        return Drawn(asked, context, list(week.shown))
    found = board.day_board(scope, at=at, may_book=may_book)
    make = Maker(user, at, asked.by_clinician, found.supply)
    lines = [(line, [(cell, make(cell.shown, cell.spots)) for cell in line.cells]) for line in found.lines]
    lists = [(column, [(cell, make(cell.shown)) for cell in cells]) for column, cells in found.lists]
    context |= {"board": found, "lines": lines, "lists": lists, "counts": board.counts_of(found.shown)}
    context["not_coming"] = make(found.not_coming)
    context["widths"] = _widths(found) if asked.by_clinician else []
    return Drawn(asked, context, list(found.shown))


def _widths(found: board.Day) -> list[int]:
    """How wide each clinician's column is, in twentieths of the board: one who attends several at once needs more."""
    most = dict.fromkeys(found.columns, 1)
    for line in found.lines:
        for cell in line.cells:
            most[cell.column] = max(most[cell.column], cell.lanes + bool(cell.shown and cell.book_at))
    shares = [2 + min(lanes, MOST_LANES) for lanes in most.values()]
    return [max(round(COLUMNS * share / sum(shares)), 1) for share in shares]


def _week_cell(asked: Asked, column: Column, cell: WeekCell, make: Maker) -> tuple[WeekCell, list[Block], str, str]:
    """The cell, its visits, its day in words, and where its day is booked."""
    url = f"{reverse('desk-book', args=[column.site.slug])}?on={cell.on.isoformat()}" if cell.may_book else ""
    return cell, make(cell.shown), _day_words(cell.on), url


def _day_words(day: date) -> str:
    """Such as "Tue, March 9"."""
    return f"{day:%a, %B} {day.day}"
