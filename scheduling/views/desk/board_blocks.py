"""A visit as a board shows it: every word worked out here, so that a full week is drawn in one pass."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, cached_property
from itertools import zip_longest
from uuid import UUID

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from pacificmind.accounts.models import User
from pacificmind.ui.dates import local, time_words
from pacificmind.ui.status import Status as Tag
from pacificmind.ui.status import status_of
from scheduling.domain.walltime import DAY, wall_of
from scheduling.models import Appointment, Status
from scheduling.queries.board_grid import Spot
from scheduling.queries.board_live import mark_of
from scheduling.queries.board_supply import Supply
from scheduling.queries.overrun import is_over_time
from scheduling.queries.visits import Shown
from scheduling.services.booking import MOVABLE

OVER = (Status.FULFILLED, Status.CANCELLED, Status.NOSHOW, Status.ENTERED_IN_ERROR)
SAMPLE = UUID(int=0)
# Written here and not in a template: a full week has 250 of it, and each would cost as much as a small page.
HTML = (
    '<div class="visit {css}" data-visit="{pk}" data-mark="{mark}" data-version="{version}" data-starts="{starts}"'
    ' data-ends="{ends}" data-column="{column}" data-room="{room}" data-clinician="{clinician}"{drop}>'
    '<a class="visit-who" href="{url}">{who}</a> <span class="visit-what"><span class="visit-when">{when}</span> {what}'
    '</span> <span class="visit-where">{where}</span> <span class="visit-state">{tags}</span>{action}</div>'
)
ACTION = ' <a class="{}" href="{}">{}<span class="visually-hidden"> {}</span></a>'
SHORT = timedelta(hours=1)  # has two rows of the board at most


@cache
def _tag_html(word: str, shape: str, tone: str) -> str:
    return render_to_string("components/status.html", {"status": Tag(word, shape, tone)})


def tags_html(tags: Iterable[Tag]) -> SafeString:
    """The tags one after the other; each drawn once and kept, since a week has hundreds of a few kinds."""
    return mark_safe("".join(_tag_html(one.word, one.shape, one.tone) for one in tags))  # noqa: S308  our components


@cache
def _address(name: str) -> str:
    return reverse(name, args=[SAMPLE])


def address(name: str, visit: Appointment) -> str:
    """The address of a visit's page, without resolving each."""
    return _address(name).replace(str(SAMPLE), str(visit.pk))


LOST = Tag("Needs another time", "triangle", "person")


def missing(one: Shown) -> list[Tag]:
    """What keeps a visit from beginning: a clinician's word, the consent, somebody who takes the patient home."""
    if one.readiness is None or one.visit.status in OVER or one.visit.started_at is not None:
        return []
    found = []
    if one.asks:
        found.append(status_of("ask-clinician"))
    if not one.readiness.consent:
        found.append(Tag("No consent yet", "pencil", "person"))
    if one.needs_escort and not one.visit.escort_name:
        found.append(Tag("No escort yet", "dash", "person"))
    return found


def on_paper(one: Shown, *, lost: bool) -> list[Tag]:
    """The same for the day sheet, with whether its clinician is away or its place is closed."""
    return ([LOST] if lost else []) + missing(one)


@dataclass(frozen=True)
class Block:
    """One visit on a board, for one reader."""

    shown: Shown
    by: User
    at: datetime
    may_write: bool
    by_clinician: bool
    lost: bool = False  # its clinician is away, or its place closed
    spot: Spot | None = None  # where it stands in a cell that it shares with others of other times

    @property
    def visit(self) -> Appointment:
        """The row."""
        return self.shown.visit

    @property
    def who(self) -> str:
        """The patient's name."""
        return self.visit.patient.full_name

    @cached_property
    def when(self) -> str:
        """The start at the site's wall clock."""
        return time_words(local(self.visit.starts_at, self.visit.site.tz))

    @property
    def where(self) -> str:
        """What the column does not say: the clinician, or the room."""
        if not self.by_clinician:
            return str(self.visit.clinician)
        return str(self.visit.room or "Video")

    @cached_property
    def gaps(self) -> list[Tag]:
        """What is missing. A held visit of a later day is no matter for a person yet: its state says enough."""
        found = missing(self.shown)
        if self.visit.status == Status.HELD and self.visit.starts_at > self.at + DAY:
            return [tag for tag in found if tag != status_of("ask-clinician")]
        return found

    @property
    def over(self) -> int:
        """Minutes past the planned end, where it is not finished; else 0."""
        if not is_over_time(self.visit, self.at):
            return 0
        return max(int((self.at - self.visit.ends_at).total_seconds()) // 60, 1)

    @property
    def tags(self) -> SafeString:
        """State and what is to be seen to, each in a word and a shape."""
        found = [status_of(self.shown.state)]
        if self.over:
            found.append(Tag(f"Over by {self.over} min", "clock", "person"))
        if self.shown.late:
            found.append(status_of("late"))
        if self.lost:
            found.append(LOST)
        if self.gaps:
            found += self.gaps
        elif self.shown.ready and self.visit.status not in OVER and self.visit.started_at is None:
            found.append(status_of("ready"))
        return tags_html(found)

    @property
    def css(self) -> str:
        """Class names: the state, and whether somebody has to see to it."""
        person = " visit-person" if self.gaps or self.shown.late or self.over or self.lost else ""
        short = " visit-short" if self.visit.ends_at - self.visit.starts_at <= SHORT else ""
        on_row = " visit-on-row" if self.starts.endswith((":00", ":30")) else ""
        spot = f" lane-{self.spot.lane} at-{self.spot.first} rows-{self.spot.rows}" if self.spot else ""
        return f"visit-{self.shown.state}{person}{short}{on_row}{spot}"

    @property
    def url(self) -> str:
        """The visit's page."""
        return address("desk-visit", self.visit)

    @property
    def move_url(self) -> str:
        """Where it is moved without a mouse; empty where it cannot be."""
        return address("desk-visit-move", self.visit) if self.may_write and self.visit.status in MOVABLE else ""

    @property
    def hand_over_url(self) -> str:
        """Where an infusion under way is passed on; empty for others."""
        under_way = self.may_write and self.shown.needs_escort and self.visit.status == Status.CHECKED_IN
        return address("desk-visit-hand-over", self.visit) if under_way else ""

    @property
    def mark(self) -> str:
        """What the page sends back, to say that it has this row."""
        return mark_of(self.shown, by=self.by, at=self.at)

    @property
    def starts(self) -> str:
        """The start as a wall time: 2027-03-08T10:00."""
        return f"{wall_of(self.visit.starts_at, self.visit.site.tz):%Y-%m-%dT%H:%M}"

    @property
    def ends(self) -> str:
        """The end as a wall time."""
        return f"{wall_of(self.visit.ends_at, self.visit.site.tz):%Y-%m-%dT%H:%M}"

    @property
    def column(self) -> str:
        """The key of the column it stands in."""
        visit = self.visit
        if self.by_clinician:
            return f"clinician:{visit.clinician_id}"
        return f"room:{visit.room_id}" if visit.room_id else f"video:{visit.site_id}"

    @property
    def action(self) -> SafeString:
        """The one thing that is done with it by keyboard, from here."""
        if self.move_url:
            return format_html(ACTION, "visit-move", self.move_url, "Move", self.who)
        if self.hand_over_url:
            return format_html(ACTION, "visit-move visit-hand", self.hand_over_url, "Hand over", self.who)
        return mark_safe("")

    def __html__(self) -> str:
        """The visit as a page draws it."""
        visit = self.visit
        drop = format_html(' data-drop="{}"', address("desk-visit-drop", visit)) if self.move_url else mark_safe("")
        return format_html(
            HTML, css=self.css, pk=visit.pk, mark=self.mark, version=visit.version, starts=self.starts, ends=self.ends,
            column=self.column, room=visit.room_id or "", clinician=visit.clinician_id, drop=drop, url=self.url,
            who=self.who, when=self.when, what=self.shown.what, where=self.where, tags=self.tags, action=self.action,
        )  # fmt: skip

    __str__ = __html__


@dataclass(frozen=True)
class Maker:
    """Turns the visits of a board into blocks for its reader."""

    by: User
    at: datetime
    by_clinician: bool
    supply: Supply

    def __call__(self, shown: Sequence[Shown], spots: Sequence[Spot] = ()) -> list[Block]:
        """A block for each."""
        sites, lost = self.by.sites(), self.supply.has_lost
        return [
            Block(one, self.by, self.at, one.visit.site_id in sites, self.by_clinician, lost(one.visit), spot)
            for one, spot in zip_longest(shown, spots)
        ]
