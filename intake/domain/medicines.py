"""Free text about medicines, matched to ingredients and their interaction classes. Nothing is ever dropped."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from intake.domain.reading import DataError, Table
from intake.domain.words import has_words, plain

FLAGS = ("REVIEW", "INFO")
DIGITS = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Medicine:
    """One medicine as the patient wrote it. `left_over` are words that are neither a medicine, a dose nor filler."""

    text: str
    ingredients: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    left_over: tuple[str, ...] = ()

    @property
    def recognised(self) -> bool:
        """Whether every word was understood and at least one ingredient named; otherwise it is flagged (D75)."""
        return bool(self.ingredients) and not self.left_over


@dataclass(frozen=True, slots=True)
class MedicineClass:
    """An interaction class of the clinic's list, with what a clinician is told about it."""

    name: str
    title: str
    flag: str
    handling: str
    source: str


@dataclass(frozen=True, slots=True)
class MedicineTable:
    """Ingredients with their names and classes. `names` maps a plain name or brand to ingredients, longest first."""

    version: str
    classes: Mapping[str, MedicineClass]
    classes_of: Mapping[str, tuple[str, ...]]
    names: Mapping[str, tuple[str, ...]]
    filler: frozenset[str]

    @property
    def ingredients(self) -> tuple[str, ...]:
        """Every ingredient, for search as the patient types."""
        return tuple(sorted(self.classes_of))


def suggestions(table: MedicineTable, only: Iterable[str] | None = None) -> tuple[str, ...]:
    """Names to choose from while typing: ingredients, and brands as "Zoloft (sertraline)". `only` these ingredients."""
    wanted = set(table.classes_of if only is None else only)
    brands = [
        f"{name.title()} ({ingredients[0]})"
        for name, ingredients in table.names.items()
        if len(ingredients) == 1 and ingredients[0] in wanted and name != plain(ingredients[0])
    ]
    return tuple(sorted([*wanted, *brands], key=str.lower))


def match(text: str, table: MedicineTable) -> Medicine:
    """Match one line of free text. Several ingredients may be found; what is left over makes it unrecognised."""
    rest, found = plain(text), list[str]()
    for name, ingredients in table.names.items():
        if has_words(rest, name):
            rest = f" {rest} ".replace(f" {name} ", " | ").strip()
            found += [ingredient for ingredient in ingredients if ingredient not in found]
    classes = dict.fromkeys(name for ingredient in found for name in table.classes_of[ingredient])
    words = (DIGITS.sub("", word) for word in rest.replace("|", " ").split())
    left_over = tuple(word for word in words if word and word not in table.filler)
    return Medicine(text, tuple(found), tuple(classes), left_over)


def interactions(medicines: Iterable[Medicine], table: MedicineTable) -> tuple[tuple[MedicineClass, Medicine], ...]:
    """Return each class of the clinic's list that a medicine belongs to, REVIEW first, in the order of the table."""
    pairs = [(table.classes[name], medicine) for medicine in medicines for name in medicine.classes]
    order = list(table.classes)
    return tuple(sorted(pairs, key=lambda pair: (FLAGS.index(pair[0].flag), order.index(pair[0].name))))


def parse_medicines(text: str, where: str) -> MedicineTable:
    """Read the table from TOML text. Raises DataError on the first doubtful line."""
    try:
        root = Table(tomllib.loads(text), where)
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"{where}: {error}") from error
    root.only("version", "filler", "class")
    classes: dict[str, MedicineClass] = {}
    classes_of: dict[str, tuple[str, ...]] = {}
    names: dict[str, tuple[str, ...]] = {}
    for row in root.tables("class"):
        kind = _class(row)
        classes[kind.name] = kind
        for ingredient, aliases in _members(row):
            classes_of[ingredient] = (*classes_of.get(ingredient, ()), kind.name)
            for alias in (ingredient, *aliases):
                known = names.get(plain(alias), ())
                names[plain(alias)] = known if ingredient in known else (*known, ingredient)
    longest_first = dict(sorted(names.items(), key=lambda entry: (-len(entry[0]), entry[0])))
    return MedicineTable(
        version=root.text("version"),
        classes=MappingProxyType(classes),
        classes_of=MappingProxyType(classes_of),
        names=MappingProxyType(longest_first),
        filler=frozenset(root.texts("filler")),
    )


def _class(row: Table) -> MedicineClass:
    row.only("name", "title", "flag", "handling", "source", "members")
    flag = row.text("flag")
    if flag not in FLAGS:
        raise DataError(f"{row.where}: unknown flag {flag!r}")
    return MedicineClass(row.text("name"), row.text("title"), flag, row.text("handling"), row.text("source"))


def _members(row: Table) -> list[tuple[str, tuple[str, ...]]]:
    members = row.table("members")
    return [(ingredient, members.texts(ingredient)) for ingredient in members.values]
