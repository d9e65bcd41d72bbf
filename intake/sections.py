"""The parts of the intake as data: what is asked, in which order, on which screen. Read once, checked strictly."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from intake.domain.instruments import Instrument
from intake.domain.library import instrument as find_instrument
from intake.domain.policy import TRI_NAMES
from intake.domain.reading import DataError, Table

Kind = Literal["yesno", "choice", "several", "count", "number", "text", "long", "phone"]
RowsKind = Literal["medicine", "trial"]
KINDS: Mapping[str, Kind] = {
    "yesno": "yesno", "choice": "choice", "several": "several", "count": "count",
    "number": "number", "text": "text", "long": "long", "phone": "phone",
}  # fmt: skip
ROWS: Mapping[str, RowsKind] = {"medicine": "medicine", "trial": "trial"}

ITEM9 = "phq9.9"
CONTACT = "contact"
TEXT_LENGTH, LONG_LENGTH, COUNT_HIGH = 200, 4000, 10_000
YES_NO: tuple[tuple[int | str, str], ...] = (("yes", "Yes"), ("no", "No"), ("unknown", "Not sure"))


@dataclass(frozen=True, slots=True)
class Condition:
    """Another answer on which a part depends: shown only if it is (or, negated, unless it is) this value."""

    item: str
    value: int | str
    negated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One question. `options` are (stored value, words); `fact` is the screening fact a yes-no question answers."""

    id: str
    kind: Kind
    label: str
    help: str = ""
    required: bool = True
    declinable: bool = True
    options: tuple[tuple[int | str, str], ...] = ()
    fact: str = ""
    low: int = 0
    high: int = COUNT_HIGH
    max_length: int = TEXT_LENGTH
    autocomplete: str = ""
    instrument: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One part. `rows` names the table it fills; `alone` marks the screen that holds PHQ-9 item 9."""

    slug: str
    title: str
    lead: str
    minutes: int
    items: tuple[Item, ...]
    stem: str = ""
    instructions: str = ""
    notice: str = ""
    rows: RowsKind | None = None
    condition: Condition | None = None
    alone: bool = False

    def item(self, item_id: str) -> Item:
        """Return a question of this part. Raises KeyError."""
        try:
            return next(item for item in self.items if item.id == item_id)
        except StopIteration:
            raise KeyError(item_id) from None


@cache
def sections() -> tuple[Section, ...]:
    """Every part in order. Raises DataError for the first doubtful line of the data."""
    folder = files("intake") / "data" / "sections"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".toml"))
    found = tuple(part for name in names for part in parse(folder.joinpath(name).read_text(encoding="utf-8"), name))
    items = [item.id for part in found for item in part.items]
    if len(set(items)) != len(items) or len({part.slug for part in found}) != len(found):
        raise DataError("sections: a part or a question is there twice")
    return found


def section(slug: str) -> Section:
    """Return one part. Raises KeyError for a slug that is none."""
    try:
        return next(part for part in sections() if part.slug == slug)
    except StopIteration:
        raise KeyError(slug) from None


def all_items() -> Iterator[Item]:
    """Every question of every part, in order."""
    return (item for part in sections() for item in part.items)


def item9_section() -> Section:
    """The part that is a screen of its own."""
    return next(part for part in sections() if part.alone)


def visible(values: Mapping[str, object]) -> tuple[Section, ...]:
    """The parts that are asked, given the answers so far. Absent answers have no key, declined ones are None."""
    return tuple(part for part in sections() if is_asked(part, values))


def is_asked(part: Section, values: Mapping[str, object]) -> bool:
    """Whether this part is asked. What hangs on an answer waits until that answer is there."""
    if part.condition is None:
        return True
    if part.condition.item not in values:
        return False
    return (values[part.condition.item] == part.condition.value) is not part.condition.negated


def parse(text: str, where: str) -> tuple[Section, ...]:
    """Read parts from TOML text. Raises DataError."""
    try:
        root = Table(tomllib.loads(text), where)
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"{where}: {error}") from error
    root.only("section")
    return tuple(_section(table) for table in root.tables("section"))


def _section(table: Table) -> Section:
    table.only(
        "slug", "title", "lead", "minutes", "item", "instrument", "numbers", "rows", "only_if", "unless", "alone"
    )  # fmt: skip
    fixed = find_instrument(table.text("instrument")) if "instrument" in table.values else None
    questions = _instrument_items(fixed, table.get("numbers", list)) if fixed else ()
    rows = table.maybe("rows", str)
    if rows is not None and rows not in ROWS:
        raise DataError(f"{table.where}: unknown rows {rows!r}")
    return Section(
        slug=table.text("slug"),
        title=table.text("title"),
        lead=table.text("lead"),
        minutes=table.get("minutes", int),
        items=(*questions, *(_item(row) for row in table.tables("item"))),
        stem=fixed.stem if fixed and any(item.id.split(".")[1] not in ("0", "10") for item in questions) else "",
        instructions=(fixed.instructions or "") if fixed else "",
        notice=fixed.licence if fixed else "",
        rows=ROWS[rows] if rows else None,
        condition=_condition(table),
        alone=table.maybe("alone", bool) or False,
    )


def _condition(table: Table) -> Condition | None:
    for key, negated in (("only_if", False), ("unless", True)):
        if key in table.values:
            told: Mapping[str, Any] = table.table(key).values
            return Condition(told["item"], told["value"], negated)
    return None


def _instrument_items(fixed: Instrument, numbers: list[int]) -> tuple[Item, ...]:
    """Questions of an instrument in its own words; the id is its name in small letters and the number."""
    short = fixed.name.lower().replace("-", "").removesuffix("drug")
    by_number = {item.number: item for item in fixed.items}
    return tuple(
        Item(
            id=f"{short}.{number}",
            kind="count" if by_number[number].kind == "count" else "choice",
            label=by_number[number].text,
            options=tuple((option.value, option.text) for option in by_number[number].options),
            instrument=fixed.version,
        )
        for number in numbers
    )


def _item(table: Table) -> Item:
    table.only(
        "id", "kind", "label", "help", "required", "declinable", "options", "extra", "fact", "low", "high",
        "max_length", "autocomplete",
    )  # fmt: skip
    kind, fact = table.text("kind"), table.maybe("fact", str) or ""
    if kind not in KINDS or (fact and fact not in TRI_NAMES):
        raise DataError(f"{table.where}: unknown kind or fact")
    options = YES_NO if kind == "yesno" else tuple((o.values["value"], o.text("text")) for o in table.tables("options"))
    if "extra" in table.values:
        options += ((table.table("extra").text("value"), table.table("extra").text("text")),)
    return Item(
        id=table.text("id"),
        kind=KINDS[kind],
        label=table.text("label"),
        help=table.maybe("help", str) or "",
        required=table.maybe("required", bool) is not False,
        declinable=table.maybe("declinable", bool) is not False,
        options=options,
        fact=fact,
        low=table.maybe("low", int) or 0,
        high=table.maybe("high", int) or COUNT_HIGH,
        max_length=table.maybe("max_length", int) or (LONG_LENGTH if kind == "long" else TEXT_LENGTH),
        autocomplete=table.maybe("autocomplete", str) or "",
    )
