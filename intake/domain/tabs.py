"""One intake open in several windows: which answers of a page may be stored, and which differ from another window's."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal


class _Nothing:
    """No answer at all: not the same as one that was declined, which is None."""

    def __repr__(self) -> str:
        return "NOTHING"


NOTHING: Final = _Nothing()
Verdict = Literal["store", "late", "differs"]


@dataclass(frozen=True, slots=True)
class Page:
    """An open page: its own mark, its count of sendings, and what it showed (item to value, None where declined)."""

    mark: str
    step: int = 0
    seen: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stored:
    """What stands in the record: the value (None declined, NOTHING absent), and the page and sending it came with."""

    value: Any = NOTHING
    mark: str = ""
    step: int = 0


def judge(item: str, value: Any, stored: Stored, page: Page) -> Verdict:
    """Whether `value` (NOTHING: emptied) is stored, comes too late from its own page, or differs from another window's.

    What another window emptied is no answer that could be lost, so it never stands in the way.
    """
    if page.mark and stored.mark == page.mark:
        return "late" if page.step < stored.step else "store"
    untouched = stored.value == page.seen.get(item, NOTHING)
    if untouched or stored.value is NOTHING or stored.value == value:
        return "store"
    return "differs"
