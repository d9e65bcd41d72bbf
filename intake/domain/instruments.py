"""Questionnaires as data: fixed wording, options with their values, bands, codes, licence and source."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from intake.domain.reading import DataError, Table

Role = Literal["scored", "gate", "unscored"]
Kind = Literal["choice", "count"]
ROLES: Mapping[str, Role] = {"scored": "scored", "gate": "gate", "unscored": "unscored"}
KINDS: Mapping[str, Kind] = {"choice": "choice", "count": "count"}


@dataclass(frozen=True, slots=True)
class Option:
    """One answer: `value` is what is stored and given to the scoring, `text` is what the patient reads."""

    value: int | str
    text: str
    loinc: str | None = None


@dataclass(frozen=True, slots=True)
class Variant:
    """Other wording of an item for some patients, such as TAPS-1's 4 drinks for women."""

    applies_to: str
    text: str
    loinc: str | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One question. A `gate` decides whether the others are asked; an `unscored` one is shown and stored only."""

    number: int
    text: str
    role: Role
    kind: Kind
    options: tuple[Option, ...]
    loinc: str | None = None
    follow_up: str | None = None
    variants: tuple[Variant, ...] = ()

    def wording(self, applies_to: str | None = None) -> str:
        """Return the wording for this patient, for instance `female`; the main one where no variant fits."""
        return next((variant.text for variant in self.variants if variant.applies_to == applies_to), self.text)


@dataclass(frozen=True, slots=True)
class Band:
    """A published band of totals, both ends included."""

    low: int
    high: int
    severity: str
    text: str


@dataclass(frozen=True, slots=True)
class Instrument:
    """A questionnaire in one language. `scored_as` is the name that `scoring.score` knows."""

    name: str
    version: str
    language: str
    title: str
    scored_as: str
    stem: str
    items: tuple[Item, ...]
    bands: tuple[Band, ...]
    licence: str
    source: str
    loinc_panel: str | None = None
    loinc_score: str | None = None
    instructions: str | None = None

    @property
    def scored_items(self) -> tuple[Item, ...]:
        """The items whose values, in order, are what the scoring takes."""
        return tuple(item for item in self.items if item.role == "scored")

    @property
    def gate(self) -> Item | None:
        """The question that decides whether the others are asked, if there is one."""
        return next((item for item in self.items if item.role == "gate"), None)

    @property
    def unscored_items(self) -> tuple[Item, ...]:
        """Items shown and stored but never added up, such as PHQ-9's difficulty."""
        return tuple(item for item in self.items if item.role == "unscored")

    def band(self, total: int) -> Band | None:
        """Return the band of a total, or None where the instrument publishes none."""
        return next((band for band in self.bands if band.low <= total <= band.high), None)


Catalogue = Mapping[tuple[str, str], Instrument]


def load_instruments(folder: Path) -> Catalogue:
    """Read every `*.toml` in `folder`, keyed by (name, language). Raises DataError on the first doubtful file."""
    found: dict[tuple[str, str], Instrument] = {}
    for path in sorted(folder.glob("*.toml")):
        instrument = parse_instrument(path.read_text(encoding="utf-8"), path.name)
        key = (instrument.name, instrument.language)
        if key in found:
            raise DataError(f"{path.name}: {instrument.name} in {instrument.language} is there twice")
        found[key] = instrument
    if not found:
        raise DataError(f"{folder}: no instruments")
    return MappingProxyType(found)


def parse_instrument(text: str, where: str) -> Instrument:
    """Read one instrument from TOML text; `where` names it in errors. Raises DataError."""
    try:
        root = Table(tomllib.loads(text), where)
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"{where}: {error}") from error
    root.only(
        "name", "version", "language", "title", "scored_as", "stem", "instructions", "licence", "source",
        "loinc_panel", "loinc_score", "options", "item", "band",
    )  # fmt: skip
    shared = _options(root)
    return Instrument(
        name=root.text("name"),
        version=root.text("version"),
        language=root.text("language"),
        title=root.text("title"),
        scored_as=root.text("scored_as"),
        stem=root.get("stem", str),
        items=_items(root, shared),
        bands=_bands(root),
        licence=root.text("licence"),
        source=root.text("source"),
        loinc_panel=root.loinc("loinc_panel"),
        loinc_score=root.loinc("loinc_score"),
        instructions=root.maybe("instructions", str),
    )


def _items(root: Table, shared: tuple[Option, ...]) -> tuple[Item, ...]:
    items = tuple(_item(table, shared) for table in root.tables("item"))
    scored = [item.number for item in items if item.role == "scored"]
    if not scored or scored != list(range(1, len(scored) + 1)):
        raise DataError(f"{root.where}: scored items must be numbered 1, 2, 3 ...")
    if len({item.number for item in items}) != len(items):
        raise DataError(f"{root.where}: two items have the same number")
    if sum(item.role == "gate" for item in items) > 1:
        raise DataError(f"{root.where}: more than one gate")
    return items


def _item(table: Table, shared: tuple[Option, ...]) -> Item:
    table.only("number", "text", "role", "kind", "options", "loinc", "follow_up", "variants")
    kind = KINDS.get(table.maybe("kind", str) or "choice")
    role = ROLES.get(table.maybe("role", str) or "scored")
    if kind is None or role is None:
        raise DataError(f"{table.where}: unknown role or kind")
    options = () if kind == "count" else _options(table) or shared
    if kind == "choice" and len(options) < 2:
        raise DataError(f"{table.where}: a choice needs two options or more")
    return Item(
        number=table.get("number", int),
        text=table.text("text"),
        role=role,
        kind=kind,
        options=options,
        loinc=table.loinc("loinc"),
        follow_up=table.maybe("follow_up", str),
        variants=tuple(_variant(variant) for variant in table.tables("variants")),
    )


def _variant(table: Table) -> Variant:
    table.only("applies_to", "text", "loinc")
    return Variant(table.text("applies_to"), table.text("text"), table.loinc("loinc"))


def _options(table: Table) -> tuple[Option, ...]:
    options = tuple(_option(option) for option in table.tables("options"))
    if len({option.value for option in options}) != len(options):
        raise DataError(f"{table.where}: two options have the same value")
    return options


def _option(table: Table) -> Option:
    table.only("value", "text", "loinc")
    value = table.values.get("value")
    if type(value) is not int and type(value) is not str:
        raise DataError(f"{table.where}: value must be a whole number or a word")
    return Option(value, table.text("text"), table.loinc("loinc"))


def _bands(root: Table) -> tuple[Band, ...]:
    bands = tuple(_band(table) for table in root.tables("band"))
    for before, after in pairwise(bands):
        if after.low != before.high + 1:
            raise DataError(f"{root.where}: bands have a gap or overlap at {after.low}")
    return bands


def _band(table: Table) -> Band:
    table.only("low", "high", "severity", "text")
    band = Band(table.get("low", int), table.get("high", int), table.text("severity"), table.text("text"))
    if band.low > band.high:
        raise DataError(f"{table.where}: low is above high")
    return band
