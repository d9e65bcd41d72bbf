"""The decision table as data: thresholds and rules, and what a clinic may change in them."""

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from typing import Literal

from intake.domain.facts import Facts
from intake.domain.reading import DataError, Table

Flag = Literal["URGENT-2", "URGENT-1", "CONTRA", "REVIEW", "INFO"]
FLAGS: tuple[Flag, ...] = ("URGENT-2", "URGENT-1", "CONTRA", "REVIEW", "INFO")

FACT_NAMES = frozenset(field.name for field in fields(Facts))
TRI_NAMES = frozenset(field.name for field in fields(Facts) if "Tri" in str(field.type))
SHORTEST_TRIAL_WEEKS = 4  # floor of `trial_min_weeks`


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Every number of the decision table. Scores and ages: at or above; blood pressure: above."""

    phq9_item9: float
    phq9_severe: float
    phq9_entry: float
    phq9_difficulty: float
    gad7_severe: float
    gad7_moderate: float
    pcptsd5_screen: float
    pcl5_positive: float
    pcl5_band: float
    mdq_symptoms: float
    rms_positive: float
    audit_c_men: float
    audit_c_others: float
    audit_c_action: float
    sisq_times: float
    bp_hold_systolic: float  # mmHg
    bp_hold_diastolic: float
    bp_stop_systolic: float
    bp_stop_diastolic: float
    adult_years: float
    older_years: float
    bmi_high: float  # kg/m2
    bmi_low: float
    weight_days: float
    adequate_trials: float
    uncertain_trials: float
    trial_min_weeks: float
    ketamine_elsewhere_weeks: float
    first_review: float  # infusions given
    second_review: float
    gain_percent: float
    worse_points: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One row of the table. `locked` rules cannot be switched off."""

    id: str
    version: int
    flag: Flag
    reason: str
    source: str
    high: bool = False
    locked: bool = False
    on: bool = True
    any_yes: tuple[str, ...] = ()
    any_no: tuple[str, ...] = ()
    any_unknown: tuple[str, ...] = ()
    any_class: tuple[str, ...] = ()

    @property
    def is_data(self) -> bool:
        """Whether the lists say it all; otherwise a predicate of the same id does."""
        return bool(self.any_yes or self.any_no or self.any_unknown or self.any_class)


@dataclass(frozen=True, slots=True)
class Policy:
    """A versioned decision table. `version` names the clinic's changes too, so that a stored finding can be traced."""

    version: str
    thresholds: Thresholds
    rules: Mapping[str, Rule]

    def with_overrides(
        self,
        *,
        thresholds: Mapping[str, float] | None = None,
        off: frozenset[str] = frozenset(),
        reasons: Mapping[str, str] | None = None,
        revision: int | None = None,
    ) -> "Policy":
        """Return the table as this clinic set it. Raises DataError for an unknown name or a locked rule.

        The version then ends in the number of the clinic's revision, or in a mark of the changes where it has none.
        """
        rules = dict(self.rules)
        for name in off:
            if _known(name, rules).locked:
                raise DataError(f"rule {name} cannot be switched off")
            rules[name] = replace(rules[name], on=False)
        for name, reason in (reasons or {}).items():
            if not reason.strip():
                raise DataError(f"rule {name} needs a reason")
            rules[name] = replace(_known(name, rules), reason=reason)
        changed = _changed(self.thresholds, thresholds or {})
        if revision is not None:
            return Policy(f"{self.version}+clinic.{revision}", changed, MappingProxyType(rules))
        if not (thresholds or off or reasons):
            return self
        told = json.dumps([dict(thresholds or {}), sorted(off), dict(reasons or {})], sort_keys=True)
        mark = hashlib.sha256(told.encode()).hexdigest()[:8]
        return Policy(f"{self.version}+clinic.{mark}", changed, MappingProxyType(rules))


def parse_policy(text: str, where: str) -> Policy:
    """Read a decision table from TOML text. Raises DataError on the first doubtful line."""
    try:
        root = Table(tomllib.loads(text), where)
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"{where}: {error}") from error
    root.only("version", "thresholds", "rule")
    names = [field.name for field in fields(Thresholds)]
    table = root.table("thresholds")
    table.only(*names)
    thresholds = Thresholds(**{name: table.number(name) for name in names})
    rules = [_rule(row) for row in root.tables("rule")]
    if len({rule.id for rule in rules}) != len(rules):
        raise DataError(f"{where}: a rule is there twice")
    return Policy(root.text("version"), thresholds, MappingProxyType({rule.id: rule for rule in rules}))


def _rule(row: Table) -> Rule:
    row.only(*(field.name for field in fields(Rule) if field.name != "on"))
    flag = row.text("flag")
    found = next((name for name in FLAGS if name == flag), None)
    if found is None:
        raise DataError(f"{row.where}: unknown flag {flag!r}")
    histories = {key: row.texts(key) for key in ("any_yes", "any_no", "any_unknown")}
    if strangers := {name for names in histories.values() for name in names} - TRI_NAMES:
        raise DataError(f"{row.where}: no such history question: {', '.join(sorted(strangers))}")
    return Rule(
        id=row.text("id"),
        version=row.get("version", int),
        flag=found,
        reason=row.text("reason"),
        source=row.text("source"),
        high=row.maybe("high", bool) or False,
        locked=row.maybe("locked", bool) or False,
        any_yes=histories["any_yes"],
        any_no=histories["any_no"],
        any_unknown=histories["any_unknown"],
        any_class=row.texts("any_class"),
    )


def _known(name: str, rules: Mapping[str, Rule]) -> Rule:
    if name not in rules:
        raise DataError(f"there is no rule {name}")
    return rules[name]


def _changed(thresholds: Thresholds, changes: Mapping[str, float]) -> Thresholds:
    known = {field.name for field in fields(Thresholds)}
    for name, value in changes.items():
        if name not in known:
            raise DataError(f"there is no threshold {name}")
        if type(value) not in (int, float) or not 0 <= value < float("inf"):
            raise DataError(f"threshold {name} must be a number from 0, not {value!r}")
    result = replace(thresholds, **changes)
    if result.trial_min_weeks < SHORTEST_TRIAL_WEEKS:
        raise DataError(f"trial_min_weeks must be at least {SHORTEST_TRIAL_WEEKS}")
    return result
