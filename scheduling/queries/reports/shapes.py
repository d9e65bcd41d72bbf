"""The shapes of a report: a table of cells, and what its figures mean."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pacificmind.clinic.models import Site
from scheduling.domain.figures import FEWEST, Span, percent

TOO_FEW = f"Fewer than {FEWEST}"


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


def share(part: float, whole: float) -> Share | None:
    """How much of the whole, or None of nothing."""
    found = percent(part, whole)
    return None if found is None else Share(found)
