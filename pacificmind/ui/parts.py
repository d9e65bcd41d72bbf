"""Rows that views hand to the components."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from django.db.models import QuerySet

T = TypeVar("T")

STATES = {"done": "check", "now": "dot", "later": "ring", "person": "half", "over": "cross"}


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a summary list; `change_url` adds a link "Change" that a screen reader hears with the label."""

    label: str
    value: object
    change_url: str = ""
    change_label: str = "Change"


@dataclass(frozen=True, slots=True)
class TimelineItem:
    """A step of a time line; `state` is a key of STATES: `person` waits for somebody, `over` was cancelled."""

    title: str
    when: str = ""
    text: str = ""
    state: str = "later"
    url: str = ""
    label: str = ""

    @property
    def shape(self) -> str:
        """The drawing beside the step. KeyError for an unknown state."""
        return STATES[self.state]

    @property
    def state_words(self) -> str:
        """The state for those who do not see the drawing."""
        words = {"done": "Done", "now": "Next", "later": "Later", "person": "Waiting for someone", "over": "Cancelled"}
        return words[self.state]


@dataclass(frozen=True, slots=True)
class Tab:
    """A tab that is a link."""

    label: str
    url: str
    current: bool = False
    count: int | None = None


def as_row(row: Row | Iterable[object]) -> Row:
    """A Row as it is; a pair as a Row."""
    if isinstance(row, Row):
        return row
    label, value = row
    return Row(str(label), value)


class Part(list[T]):
    """The first rows of a list, and whether there are more; `components/more.html` says so and leads to all of them."""

    more: bool = False


def part(rows: Sequence[T] | QuerySet[Any, T], most: int | None) -> Part[T]:
    """At most so many of the rows; all of them without a number."""
    shown = Part(rows if most is None else rows[: most + 1])
    if most is not None and len(shown) > most:
        shown.pop()
        shown.more = True
    return shown
