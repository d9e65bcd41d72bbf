"""Wording that a clinic supplies under a licence of its own: which instruments, and what each must have exactly.

The wording itself is never part of this product (CLINICAL 3.2). docs/licensed-texts.md describes the files.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from intake.domain.instruments import Catalogue, Instrument, load_instruments
from intake.domain.reading import DataError

Values = tuple[int | str, ...]
YES_NO: Values = (0, 1)


@dataclass(frozen=True, slots=True)
class Shape:
    """What the scoring takes: the values of each scored item in order, and of the unscored ones by their number."""

    scored: tuple[Values, ...]
    unscored: Mapping[int, Values]


SHAPES: Mapping[str, Shape] = {
    "MDQ": Shape((YES_NO,) * 13, {14: YES_NO, 15: ("none", "minor", "moderate", "serious")}),
    "RMS": Shape((YES_NO,) * 6, {}),
    "DAST-10": Shape((("Y", "N"),) * 10, {}),
    "AUDIT": Shape(((0, 1, 2, 3, 4),) * 8 + ((0, 2, 4),) * 2, {}),
    "QIDS-SR16": Shape(((0, 1, 2, 3),) * 16, {}),
    "CUDOS": Shape(((0, 1, 2, 3, 4),) * 16, {}),
    "C-SSRS-screener": Shape((YES_NO,) * 7, {}),
}


def load_licensed(folder: Path) -> Catalogue:
    """Read a clinic's wording, keyed by (name, language); an empty folder is none. Raises DataError, naming the file.

    Only instruments of SHAPES are taken: wording that the product ships is never replaced.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: there is no such folder")
    if not any(folder.glob("*.toml")):
        return {}
    found = load_instruments(folder)
    for instrument in found.values():
        _check(instrument)
    if alone := sorted(name for name, language in found if language != "en" and (name, "en") not in found):
        raise DataError(f"{folder}: {', '.join(alone)} is not there in English")
    return found


def _check(instrument: Instrument) -> None:
    """Raise DataError where an item is missing or too many, or has other answers than the scoring takes."""
    where = f"{instrument.name} ({instrument.language})"
    shape = SHAPES.get(instrument.name)
    if shape is None or instrument.scored_as != instrument.name:
        raise DataError(f"{where}: not an instrument whose wording a clinic supplies ({', '.join(SHAPES)})")
    if instrument.gate is not None:
        raise DataError(f"{where}: has no question before the others")
    if len(instrument.scored_items) != len(shape.scored):
        raise DataError(f"{where}: {len(shape.scored)} items are expected, not {len(instrument.scored_items)}")
    expected = dict(enumerate(shape.scored, 1)) | dict(shape.unscored)
    if strange := sorted({item.number for item in instrument.items} ^ expected.keys()):
        raise DataError(f"{where}: item {strange[0]} is missing, or is one too many")
    for item in instrument.items:
        values = [option.value for option in item.options]
        if item.kind != "choice" or set(values) != set(expected[item.number]):
            raise DataError(
                f"{where}: item {item.number} needs the answers {', '.join(map(str, expected[item.number]))}"
            )
