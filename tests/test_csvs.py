"""A file that a spreadsheet only shows: whatever a cell holds, it never begins a formula, and nothing is lost."""

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pacificmind import csvs

DANGEROUS = set("=+-@\t\r\n|%＝＋－＠")
SKIPPED = " \u00a0\u200b\u200c\u200d\u2060\ufeff\x00\x0b\x0c"
# csv's reader in Python 3.11 refuses a NUL and old Mac line ends outside quotation marks are read as they stand.
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
CELLS = st.one_of(TEXTS, st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.none())


def read(parts: list[str]) -> list[list[str]]:
    text = "".join(parts)
    assert text.startswith(csvs.BOM)
    return list(csv.reader(io.StringIO(text[1:], newline="")))


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "  =1",
        "\u200b=1",
        "\ufeff=cmd|' /C calc'!A0",
        "＝1",
        "|x",
        "%0A",
        '=HYPERLINK("http://x","y")',
    ],
)
def test_what_could_be_a_formula_is_led_by_an_apostrophe(cell: str) -> None:
    assert csvs.harmless(cell) == f"'{cell}"


@pytest.mark.parametrize(
    ("cell", "kept"), [("Room A", "Room A"), ("", ""), (None, ""), (-5, -5), (-0.5, -0.5), ("a=b", "a=b")]
)
def test_what_is_harmless_stays_as_it_is(cell: csvs.Cell, kept: object) -> None:
    assert csvs.harmless(cell) == kept


@given(st.lists(st.lists(CELLS, min_size=3, max_size=3), max_size=4))
@example([["=1", "\r=1", 'a"\n=2,"']])
def test_no_cell_begins_a_formula_and_every_cell_comes_back(rows: list[list[csvs.Cell]]) -> None:
    found = read(list(csvs.lines(["=One", "Two", "Three"], rows)))
    assert found[0] == ["'=One", "Two", "Three"]
    assert len(found) == len(rows) + 1
    for row, cells in zip(rows, found[1:], strict=True):
        for given_cell, cell in zip(row, cells, strict=True):
            if isinstance(given_cell, str):
                assert cell.lstrip(SKIPPED)[:1] not in DANGEROUS
                assert cell[:1] not in DANGEROUS
                assert cell in (given_cell, f"'{given_cell}")
            else:
                assert cell == ("" if given_cell is None else str(given_cell))


def test_rows_leave_one_by_one() -> None:
    asked = []

    def rows() -> object:
        for n in range(3):
            asked.append(n)
            yield [n]

    parts = csvs.lines(["n"], rows())  # type: ignore[arg-type]
    assert next(parts).startswith(csvs.BOM)
    assert asked == []
    assert next(parts) == "0\r\n"
    assert asked == [0]
