"""Was an antidepressant trial adequate? From what the patient reported: dose, weeks, adherence, outcome."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from intake.domain.facts import Tri
from intake.domain.policy import Policy
from intake.domain.reading import DataError, Table
from intake.domain.words import plain

LEAST, MOST = 0.25, 4  # a clinic's own dose lies between these parts of the shipped one: beyond is a slip of the hand

Adequacy = Literal["adequate", "inadequate", "intolerance", "uncertain"]
TrialOutcome = Literal["none", "partial", "remitted", "intolerant", "unsure"]
TrialSource = Literal["patient", "pharmacy", "record"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One row of the history. Doses in mg a day, weeks at or above the minimum dose; None where not known."""

    drug: str
    max_daily_mg: float | None = None
    weeks: float | None = None
    this_episode: Tri = Tri.UNKNOWN
    adherent: Tri = Tri.UNKNOWN  # took at least 75 % of it
    outcome: TrialOutcome = "unsure"
    source: TrialSource = "patient"


@dataclass(frozen=True, slots=True)
class MinimumDose:
    """Least adequate adult dose; `note` says where published lists differ."""

    drug: str
    mg: float
    note: str | None


@dataclass(frozen=True, slots=True)
class DoseTable:
    """Minimum doses of one version, with their source and how sure it is (K-M: medium confidence)."""

    version: str
    source: str
    confidence: str
    doses: Mapping[str, MinimumDose]

    @property
    def names(self) -> tuple[str, ...]:
        """Every medicine of the table."""
        return tuple(dose.drug for dose in self.doses.values())

    def minimum(self, drug: str) -> MinimumDose | None:
        """Return the minimum dose of an ingredient, or None where the table does not have it."""
        return self.doses.get(plain(drug))


@dataclass(frozen=True, slots=True)
class TrialCount:
    """Different agents of this episode: adequate ones, and those that records could still make adequate."""

    adequate: int
    uncertain: int
    rows: tuple[tuple[Trial, Adequacy], ...]


def adequacy(trial: Trial, table: DoseTable, policy: Policy) -> Adequacy:
    """Adequate: dose at least the minimum, long enough, not known to be non-adherent, no or partial response.

    What is known to fail decides before what is unknown; an unknown drug, dose, length or outcome is uncertain.
    """
    if trial.outcome == "intolerant":
        return "intolerance"
    minimum = table.minimum(trial.drug)
    least = None if minimum is None else policy.doses.get(minimum.drug, minimum.mg)
    dose_ok = None if least is None or trial.max_daily_mg is None else trial.max_daily_mg >= least
    long_enough = None if trial.weeks is None else trial.weeks >= policy.thresholds.trial_min_weeks
    failed = None if trial.outcome == "unsure" else trial.outcome in ("none", "partial")
    tests = (dose_ok, long_enough, failed, trial.adherent is not Tri.NO)
    if False in tests:
        return "inadequate"
    return "uncertain" if None in tests else "adequate"


def count(trials: Iterable[Trial], table: DoseTable, policy: Policy) -> TrialCount:
    """Count different agents of this episode; a row whose episode is unknown can only be uncertain."""
    rows = tuple((trial, adequacy(trial, table, policy)) for trial in trials)
    adequate = {plain(t.drug) for t, result in rows if result == "adequate" and t.this_episode is Tri.YES}
    doubtful = {
        plain(t.drug)
        for t, result in rows
        if (result == "uncertain" and t.this_episode is not Tri.NO)
        or (result == "adequate" and t.this_episode is Tri.UNKNOWN)
    }
    return TrialCount(len(adequate), len(doubtful - adequate), rows)


def checked_doses(doses: Mapping[str, float], table: DoseTable) -> dict[str, float]:
    """A clinic's own least doses, named as the table names them; those equal to the shipped ones are left out.

    Raises DataError for a medicine that the table does not have, for one that is named twice in whatever case, and for
    a dose that cannot be meant.
    """
    found: dict[str, float] = {}
    named: set[str] = set()
    for name, mg in doses.items():
        shipped = table.minimum(name)
        if shipped is None:
            raise DataError(f"{name} is not in the list of least doses")
        if type(mg) not in (int, float) or not LEAST * shipped.mg <= mg <= MOST * shipped.mg:
            low, high = LEAST * shipped.mg, MOST * shipped.mg
            raise DataError(
                f"the least dose of {shipped.drug} must lie between {low:g} and {high:g} mg a day, not {mg}"
            )
        if shipped.drug in named:
            raise DataError(f"{shipped.drug} is there twice: write each medicine once")
        named.add(shipped.drug)
        if mg != shipped.mg:
            found[shipped.drug] = mg
    return found


def parse_doses(text: str, where: str) -> DoseTable:
    """Read the dose table from TOML text. Raises DataError on the first doubtful line."""
    try:
        root = Table(tomllib.loads(text), where)
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"{where}: {error}") from error
    root.only("version", "source", "confidence", "drug")
    doses: dict[str, MinimumDose] = {}
    for row in root.tables("drug"):
        row.only("name", "min_daily_mg", "note")
        dose = MinimumDose(row.text("name"), row.number("min_daily_mg"), row.maybe("note", str))
        if dose.mg <= 0 or plain(dose.drug) in doses:
            raise DataError(f"{row.where}: not above 0, or there twice")
        doses[plain(dose.drug)] = dose
    return DoseTable(root.text("version"), root.text("source"), root.text("confidence"), MappingProxyType(doses))
