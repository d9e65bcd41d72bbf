"""The parts of the intake as data: what is asked, in which order, on which screen. Read once, checked strictly."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Literal

from intake.domain.instruments import Instrument
from intake.domain.library import catalogue
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
SEX = "alcohol.sex"  # some questions count drinks by it
TEXT_LENGTH, LONG_LENGTH, COUNT_HIGH = 200, 4000, 10_000
YES_NO: tuple[tuple[int | str, str], ...] = (("yes", "Yes"), ("no", "No"), ("unknown", "Not sure"))


@dataclass(frozen=True, slots=True)
class Condition:
    """Other answers on which a part depends: they are this value, or (negated) not, or add up to `at_least`."""

    items: tuple[str, ...]
    value: int | str = ""
    negated: bool = False
    at_least: int | None = None

    def holds(self, values: Mapping[str, object]) -> bool:
        """Whether it is met. What was declined is neither the value nor worth a point."""
        if self.at_least is not None:
            told = (values.get(item) for item in self.items)
            return sum(value for value in told if isinstance(value, int)) >= self.at_least
        (item,) = self.items
        return item in values and (values[item] == self.value) is not self.negated


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


@dataclass(frozen=True, slots=True)
class Fixed:
    """Questions of an instrument that a part asks in its own words: the name, and the numbers of its items."""

    name: str
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One part. `rows` names the table it fills; `alone` marks the screen that holds PHQ-9 item 9.

    `language` is that of the instrument's words; `spoken` is false where they have no approved version in the
    patient's language (see `worded`).
    """

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
    fixed: Fixed | None = None
    language: str = "en"
    spoken: bool = True

    def item(self, item_id: str) -> Item:
        """Return a question of this part. Raises KeyError."""
        try:
            return next(item for item in self.items if item.id == item_id)
        except StopIteration:
            raise KeyError(item_id) from None


@cache
def sections() -> tuple[Section, ...]:
    """Every part in order; one of a licensed instrument only where its text is there. Raises DataError."""
    folder = files("intake") / "data" / "sections"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".toml"))
    found = tuple(part for name in names for part in parse(folder.joinpath(name).read_text(encoding="utf-8"), name))
    _check(found)
    return found


def _check(found: tuple[Section, ...]) -> None:
    """Raise DataError for a part or a question that is there twice, or that waits for a question behind it."""
    if len({part.slug for part in found}) != len(found):
        raise DataError("sections: a part is there twice")
    asked: set[str] = set()
    for part in found:
        if part.condition and not asked >= set(part.condition.items):
            raise DataError(f"{part.slug}: depends on a question that was not asked before")
        if asked & {item.id for item in part.items}:
            raise DataError(f"{part.slug}: a question is there twice")
        asked |= {item.id for item in part.items}


@cache
def _home() -> Mapping[str, Section]:
    """The part in which each question is asked."""
    return {item.id: part for part in sections() for item in part.items}


def read_again() -> None:
    """Forget the parts that were read: after the clinic's wording changed."""
    sections.cache_clear()
    _home.cache_clear()


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
    """Whether this part is asked. What hangs on an answer waits until that answer is there, and is itself asked."""
    if part.condition is None:
        return True
    return part.condition.holds(values) and all(is_asked(_home()[item], values) for item in part.condition.items)


def worded(part: Section, values: Mapping[str, object], language: str) -> Section:
    """The part as this patient reads it: an instrument in their language, and in the wording for their body.

    Only approved wording is used. Where there is none in that language, `spoken` is false and the words are English.
    """
    if part.fixed is None:
        return part
    known = catalogue()
    spoken = (part.fixed.name, language) in known
    fixed = known[part.fixed.name, language if spoken else "en"]
    questions = _instrument_items(fixed, part.fixed.numbers, str(values.get(SEX)))
    return replace(
        part,
        items=(*questions, *part.items[len(questions) :]),
        stem=_stem(fixed, part.fixed.numbers),
        instructions=fixed.instructions or "",
        notice=fixed.licence,
        language=fixed.language,
        spoken=spoken,
    )


def parse(text: str, where: str) -> tuple[Section, ...]:
    """Read parts from TOML text. Raises DataError."""
    try:
        root = Table(tomllib.loads(text), where)
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"{where}: {error}") from error
    root.only("section")
    return tuple(part for table in root.tables("section") if (part := _section(table)))


def _section(table: Table) -> Section | None:
    table.only(
        "slug", "title", "lead", "minutes", "item", "instrument", "numbers", "rows", "only_if", "unless", "alone",
        "licensed",
    )  # fmt: skip
    fixed = _instrument(table)
    if fixed is None and table.maybe("licensed", bool):
        return None
    numbers = tuple(table.get("numbers", list)) if fixed else ()
    questions = _instrument_items(fixed, numbers) if fixed else ()
    rows = table.maybe("rows", str)
    if rows is not None and rows not in ROWS:
        raise DataError(f"{table.where}: unknown rows {rows!r}")
    return Section(
        slug=table.text("slug"),
        title=table.text("title"),
        lead=table.text("lead"),
        minutes=table.get("minutes", int),
        items=(*questions, *(_item(row) for row in table.tables("item"))),
        stem=_stem(fixed, numbers) if fixed else "",
        instructions=(fixed.instructions or "") if fixed else "",
        notice=fixed.licence if fixed else "",
        rows=ROWS[rows] if rows else None,
        condition=_condition(table),
        alone=table.maybe("alone", bool) or False,
        fixed=Fixed(fixed.name, numbers) if fixed else None,
    )


def _instrument(table: Table) -> Instrument | None:
    """The instrument a part asks, in English. Raises DataError for one without wording, unless it is a licensed one."""
    name = table.maybe("instrument", str)
    found = catalogue().get((name, "en")) if name else None
    if name and found is None and not table.maybe("licensed", bool):
        raise DataError(f"{table.where}: there is no wording of {name}")
    return found


def _stem(fixed: Instrument, numbers: tuple[int, ...]) -> str:
    """The words above the questions: not above a gate or a question that is no part of the score."""
    scored = {item.number for item in fixed.scored_items}
    return fixed.stem if scored & set(numbers) else ""


def _condition(table: Table) -> Condition | None:
    for key, negated in (("only_if", False), ("unless", True)):
        if key in table.values:
            told = table.table(key)
            told.only("item", "items", "value", "at_least")
            items = told.texts("items") or (told.text("item"),)
            if ("value" in told.values) is ("at_least" in told.values) or (negated and "value" not in told.values):
                raise DataError(f"{told.where}: a value, or at_least")
            return Condition(items, told.values.get("value", ""), negated, told.maybe("at_least", int))
    return None


def _instrument_items(fixed: Instrument, numbers: tuple[int, ...], applies_to: str | None = None) -> tuple[Item, ...]:
    """Questions of an instrument in its own words; the id is its name in small letters and the number."""
    short = short_name(fixed.name)
    by_number = {item.number: item for item in fixed.items}
    return tuple(
        Item(
            id=f"{short}.{number}",
            kind="count" if by_number[number].kind == "count" else "choice",
            label=by_number[number].wording(applies_to),
            options=tuple((option.value, option.text) for option in by_number[number].options),
            instrument=fixed.version,
        )
        for number in numbers
    )


def short_name(instrument: str) -> str:
    """How an instrument begins the ids of its questions: PC-PTSD-5 is pcptsd5, SISQ-Drug is sisq."""
    return instrument.lower().replace("-", "").removesuffix("drug")


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
