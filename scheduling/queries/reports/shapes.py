"""The shapes of a report: a table of cells, and what its figures mean."""

import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from pacificmind.clinic.models import Site
from scheduling.domain.figures import FEWEST, Span, percent, sum_may_be_told

TOO_FEW = f"Fewer than {FEWEST}"
WITHHELD = "Withheld"  # of all sites together, where it would give away what is not told of one
ALL_SITES = "All sites"


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole in hundredths; drawn with a bar."""

    value: float

    @property
    def rounded(self) -> int:
        """Whole hundredths."""
        return round(self.value)


Cell = str | int | float | Share | None


@dataclass(frozen=True)
class Table:
    """A report for some sites: `columns` and `rows` as the page shows them; `file_*` where the file tells more."""

    columns: Sequence[str]
    rows: list[list[Cell]]
    file_columns: Sequence[str] = ()
    file_rows: list[list[str | int | float | None]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Report:
    """A report by its name in addresses, its title, what each figure means, and how it is worked out."""

    name: str
    title: str
    means: tuple[str, ...]
    work_out: Callable[[Sequence[Site], Span], Table]


def few_words(parts: Sequence[int], fewest: int = FEWEST) -> str | None:
    """What stands in place of the sum of these parts, each of one site; None where it may be told."""
    if sum_may_be_told(parts, fewest):
        return None
    return WITHHELD if sum(parts) >= fewest else f"Fewer than {fewest}"


def few_people(parts: Sequence[Collection[uuid.UUID]], fewest: int = FEWEST) -> str | None:
    """The same for people, each of whom may be at more sites than one."""
    hidden = {one for part in parts if len(part) < fewest for one in part}
    return few_words([*(len(part) for part in parts if len(part) >= fewest), len(hidden)], fewest)


def share(part: float, whole: float) -> Share | None:
    """How much of the whole, or None of nothing."""
    found = percent(part, whole)
    return None if found is None else Share(found)
