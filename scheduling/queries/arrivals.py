"""The arrivals of a day, sorted by what they need: a person now, here, still expected, over."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from scheduling.models import Status
from scheduling.queries.overrun import is_over_time
from scheduling.queries.visits import COMING, HERE, NOT_COMING, Shown

OVER = "over"
#: The filters of the page, by the word in its address.
FILTERS: dict[str, tuple[str, Callable[[Shown], bool]]] = {
    "expected": ("Still expected", lambda one: one.visit.status in COMING),
    "late": ("Late", lambda one: one.late),
    "here": ("Here now", lambda one: one.visit.status in HERE),
    "done": ("Done", lambda one: one.visit.status == Status.FULFILLED),
    "away": ("Not coming", lambda one: one.visit.status in NOT_COMING),
    "ask": ("Ask the clinician", lambda one: one.asks and one.visit.status != Status.FULFILLED),
}
PERSON = ("late", "ask")  # counts of these stand out where there are any


@dataclass(frozen=True)
class Row:
    """A visit of the list. `needs` says in words what a person has to see to now; empty where nothing."""

    shown: Shown
    needs: tuple[str, ...]
    is_over_time: bool


@dataclass(frozen=True)
class Group:
    """Visits that stand together under a title; `key` names the group."""

    key: str
    title: str
    rows: Sequence[Row]


def needs_of(one: Shown, *, at: datetime) -> tuple[str, ...]:
    """What a person has to see to now, most pressing first."""
    visit, found = one.visit, list[str]()
    if visit.status not in (*COMING, *HERE):
        return ()
    if is_over_time(visit, at):
        found.append("Runs over its time")
    if one.late:
        found.append("Late")
    if one.asks:
        found.append("Ask the clinician")
    here = visit.status in HERE
    if here and one.readiness is not None and not one.readiness.consent:
        found.append("Consent is not signed")
    if here and one.needs_escort and not visit.escort_name:
        found.append("Nobody is named to take them home")
    return tuple(found)


def counts(shown: Sequence[Shown]) -> dict[str, int]:
    """How many visits each filter holds."""
    return {key: sum(holds(one) for one in shown) for key, (_, holds) in FILTERS.items()}


def groups(shown: Sequence[Shown], *, at: datetime, only: str = "") -> list[Group]:
    """The visits in groups by what they need, each by time; of one filter all in one group."""
    rows = [Row(one, needs_of(one, at=at), is_over_time(one.visit, at)) for one in shown]
    if only in FILTERS:
        title, holds = FILTERS[only]
        return [Group(only, title, [row for row in rows if holds(row.shown)])]
    rest = [row for row in rows if not row.needs]
    made = [
        Group("needs", "Needs a person now", [row for row in rows if row.needs]),
        Group("here", "Here now", [row for row in rest if row.shown.visit.status in HERE]),
        Group("expected", "Still expected", [row for row in rest if row.shown.visit.status in COMING]),
        Group(OVER, "Done or not coming", [row for row in rest if row.shown.visit.status not in (*COMING, *HERE)]),
    ]
    return [group for group in made if group.rows]
