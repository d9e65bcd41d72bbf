"""The data shipped with the product, read once from the package. The only module of the domain that reads files."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from types import MappingProxyType

from intake.domain import medicines, safety
from intake.domain.instruments import Catalogue, Instrument, load_instruments
from intake.domain.licensed import load_licensed
from intake.domain.medicines import Medicine, MedicineTable, parse_medicines
from intake.domain.policy import Policy, parse_policy
from intake.domain.safety import CrisisPhrases, parse_crisis
from intake.domain.trials import DoseTable, checked_doses, parse_doses

_supplied: dict[tuple[str, str], Instrument] = {}  # a clinic's licensed wording


def use_licensed(folder: Path | None) -> None:
    """Take a clinic's licensed wording from `folder` from now on; None is none. Raises DataError, and then takes none.

    Called once, at start, before the parts of the intake are read.
    """
    _supplied.clear()
    catalogue.cache_clear()
    if folder is not None:
        _supplied.update(load_licensed(folder))


@cache
def catalogue() -> Catalogue:
    """Every instrument with wording, shipped or supplied by the clinic, keyed by (name, language)."""
    with as_file(files("intake") / "data" / "instruments") as folder:
        return MappingProxyType({**load_instruments(Path(folder)), **_supplied})


def instrument(name: str, language: str = "en") -> Instrument:
    """Return one instrument. Raises KeyError where no approved wording exists in that language: ask staff."""
    return catalogue()[name, language]


@cache
def policy() -> Policy:
    """The decision table as shipped; a clinic's changes go through `Policy.with_overrides`."""
    return parse_policy(_text("screening.toml"), "screening.toml")


def clinic_policy(
    *,
    thresholds: Mapping[str, float],
    off: frozenset[str],
    reasons: Mapping[str, str],
    doses: Mapping[str, float],
    revision: int,
) -> Policy:
    """The shipped table with all that one clinic changed in it. Raises DataError where it does not fit."""
    own = checked_doses(doses, dose_table())
    return policy().with_overrides(thresholds=thresholds, off=off, reasons=reasons, doses=own, revision=revision)


@cache
def medicine_table() -> MedicineTable:
    """Ingredients, brands and interaction classes."""
    return parse_medicines(_text("medicines.toml"), "medicines.toml")


@cache
def dose_table() -> DoseTable:
    """Minimum doses of an adequate antidepressant trial."""
    return parse_doses(_text("trials.toml"), "trials.toml")


@cache
def crisis_phrases() -> CrisisPhrases:
    """Phrases in free text that open the safety pathway."""
    return parse_crisis(_text("crisis.toml"), "crisis.toml")


def match(text: str) -> Medicine:
    """Match one line of free text about a medicine with the shipped table."""
    return medicines.match(text, medicine_table())


def crisis_words(text: str) -> bool:
    """Whether free text contains a crisis phrase, in English or Spanish."""
    return safety.find_crisis(text, crisis_phrases()) is not None


def _text(name: str) -> str:
    return (files("intake") / "data" / name).read_text(encoding="utf-8")
