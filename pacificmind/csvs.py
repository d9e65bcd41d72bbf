"""Tables as CSV that a spreadsheet only shows and never calculates (formula injection; OWASP, CWE-1236)."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

BOM: Final = "\ufeff"  # without it Excel reads UTF-8 as Latin-1
# What a spreadsheet takes for the beginning of a formula, the full-width forms included.
_BEGINS: Final = frozenset("=+-@\t\r\n|%\uff1d\uff0b\uff0d\uff20")
# What is skipped or drops out before a spreadsheet looks at the first sign.
_SKIPPED: Final = " \u00a0\u200b\u200c\u200d\u2060\ufeff\x00\x0b\x0c"

Cell = str | int | float | None


class _Line:
    """Takes the place of a file: each row is handed on as soon as it is written."""

    def write(self, text: str) -> str:
        return text


def harmless(cell: Cell) -> str | int | float:
    """The cell as it is; a text that could be read as a formula with an apostrophe before it. Numbers stay numbers."""
    if cell is None:
        return ""
    if isinstance(cell, int | float):
        return cell
    begins = cell[:1] in _BEGINS or cell.lstrip(_SKIPPED)[:1] in _BEGINS
    return f"'{cell}" if cell and begins else cell


def lines(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """The file line by line, every text in quotation marks, ended by CR LF (RFC 4180), a BOM in front."""
    writer = csv.writer(_Line(), quoting=csv.QUOTE_NONNUMERIC)
    yield BOM + str(writer.writerow([harmless(cell) for cell in header]))
    for row in rows:
        yield str(writer.writerow([harmless(cell) for cell in row]))
