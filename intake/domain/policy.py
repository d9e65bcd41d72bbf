"""The decision table as data: thresholds and rules, and what a clinic may change in them."""

import hashlib
import json
import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from types import MappingProxyType
from typing import Literal, cast

from intake.domain.facts import Facts
from intake.domain.reading import DataError, Table

Flag = Literal["URGENT-2", "URGENT-1", "CONTRA", "REVIEW", "INFO"]
FLAGS: tuple[Flag, ...] = ("URGENT-2", "URGENT-1", "CONTRA", "REVIEW", "INFO")

FACT_NAMES = frozenset(one.name for one in fields(Facts))
TRI_NAMES = frozenset(one.name for one in fields(Facts) if "Tri" in str(one.type))
LONGEST_REASON = 400  # with its numbers filled in and a note, it fits a stored finding
PLACE = re.compile(r"\{(\w*)\}")  # where a reason names a number; {n} is the patient's own
EVIDENCE = "n"
# What must stay in this order: a higher band does not begin before a lower one.
ASCENDING = (
    ("phq9_entry", "phq9_severe"),
    ("gad7_moderate", "gad7_severe"),
    ("pcl5_band", "pcl5_positive"),
    ("bmi_low", "bmi_high"),
    ("adult_years", "older_years"),
    ("first_review", "second_review"),
    ("bp_hold_systolic", "bp_stop_systolic"),
    ("bp_hold_diastolic", "bp_stop_diastolic"),
)


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
class Limit:
    """One number of the table: its default, what a clinic may set it to, and where the default comes from.

    `says` is what the number means, in words that it follows.
    """

    name: str
    value: float
    low: float
    high: float
    step: float
    unit: str
    says: str
    source: str

    @property
    def fixed(self) -> bool:
        """Whether a clinic may not change it: the safety pathway hangs on it."""
        return self.low == self.high

    def problem(self, value: object) -> str:
        """Why this value is refused, in words; empty where it is not."""
        if type(value) not in (int, float) or not math.isfinite(cast(float, value)):
            return f"{self.name} must be a number, not {value!r}"
        number = cast(float, value)
        if not self.low <= number <= self.high:
            return f"{self.name} must lie between {self.low:g} and {self.high:g}, not {number:g}"
        steps = number / self.step
        return "" if abs(steps - round(steps)) < 1e-6 else f"{self.name} moves in steps of {self.step:g}"


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
    limits: Mapping[str, Limit]
    doses: Mapping[str, float] = field(default_factory=dict)  # least ones of this clinic's own, mg a day by medicine

    def with_overrides(
        self,
        *,
        thresholds: Mapping[str, float] | None = None,
        off: frozenset[str] = frozenset(),
        reasons: Mapping[str, str] | None = None,
        doses: Mapping[str, float] | None = None,
        revision: int | None = None,
    ) -> "Policy":
        """Return the table as this clinic set it. Raises DataError for an unknown name, a locked rule, a wrong number.

        The version then ends in the number of the clinic's revision, or in a mark of the changes where it has none.
        `doses` have been checked against the table they change (`trials.checked_doses`).
        """
        if not (thresholds or off or reasons or doses) and revision is None:
            return self
        mark = _mark(thresholds, off, reasons, doses) if revision is None else revision
        return Policy(
            version=f"{self.version}+clinic.{mark}",
            thresholds=_changed(self, thresholds or {}),
            rules=MappingProxyType(_reworded(_switched(self.rules, off), reasons or {})),
            limits=self.limits,
            doses=MappingProxyType(dict(doses or {})),
        )

    def reason(self, rule: Rule) -> str:
        """A rule's reason with the numbers in force; {n}, the patient's own, stays to be filled in."""
        numbers = asdict(self.thresholds)
        return PLACE.sub(lambda m: f"{numbers[m[1]]:g}" if m[1] in numbers else m[0], rule.reason)


def parse_policy(text: str, where: str) -> Policy:
    """Read a decision table from TOML text. Raises DataError on the first doubtful line."""
    try:
        root = Table(tomllib.loads(text), where)
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"{where}: {error}") from error
    root.only("version", "threshold", "rule")
    limits = {limit.name: limit for limit in map(_limit, root.tables("threshold"))}
    names = {one.name for one in fields(Thresholds)}
    if set(limits) != names or len(root.tables("threshold")) != len(names):
        raise DataError(f"{where}: thresholds missing, unknown or there twice: {sorted(names ^ set(limits))}")
    rules = [_rule(row) for row in root.tables("rule")]
    if len({rule.id for rule in rules}) != len(rules):
        raise DataError(f"{where}: a rule is there twice")
    return Policy(
        version=root.text("version"),
        thresholds=_in_order(Thresholds(**{name: limit.value for name, limit in limits.items()})),
        rules=MappingProxyType({rule.id: rule for rule in rules}),
        limits=MappingProxyType(limits),
    )


def _limit(row: Table) -> Limit:
    row.only(*(one.name for one in fields(Limit)))
    limit = Limit(
        name=row.text("name"),
        value=row.number("value"),
        low=row.number("low"),
        high=row.number("high"),
        step=row.number("step"),
        unit=row.text("unit"),
        says=row.text("says"),
        source=row.text("source"),
    )
    if limit.step <= 0:
        raise DataError(f"{row.where}: step must be above 0")
    if problem := limit.problem(limit.value):
        raise DataError(f"{row.where}: {problem}")
    return limit


def _rule(row: Table) -> Rule:
    row.only(*(one.name for one in fields(Rule) if one.name != "on"))
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
        reason=_checked_reason(row.where, row.text("reason")),
        source=row.text("source"),
        high=row.maybe("high", bool) or False,
        locked=row.maybe("locked", bool) or False,
        any_yes=histories["any_yes"],
        any_no=histories["any_no"],
        any_unknown=histories["any_unknown"],
        any_class=row.texts("any_class"),
    )


def _checked_reason(rule: str, reason: str) -> str:
    """The reason, if it says something, fits a finding, and names only numbers that exist. Raises DataError."""
    if not reason.strip():
        raise DataError(f"rule {rule} needs a reason")
    if len(reason) > LONGEST_REASON:
        raise DataError(f"the reason of {rule} is longer than {LONGEST_REASON} characters")
    known = {one.name for one in fields(Thresholds)} | {EVIDENCE}
    if strangers := sorted(set(PLACE.findall(reason)) - known):
        raise DataError(f"the reason of {rule} names no number of the table: {', '.join(strangers)}")
    return reason


def _known(name: str, rules: Mapping[str, Rule]) -> Rule:
    if name not in rules:
        raise DataError(f"there is no rule {name}")
    return rules[name]


def _switched(rules: Mapping[str, Rule], off: frozenset[str]) -> dict[str, Rule]:
    for name in off:
        if _known(name, rules).locked:
            raise DataError(f"rule {name} cannot be switched off")
    return {name: replace(rule, on=False) if name in off else rule for name, rule in rules.items()}


def _reworded(rules: dict[str, Rule], reasons: Mapping[str, str]) -> dict[str, Rule]:
    for name, reason in reasons.items():
        rules[name] = replace(_known(name, rules), reason=_checked_reason(name, reason))
    return rules


def _changed(policy: Policy, changes: Mapping[str, float]) -> Thresholds:
    for name, value in changes.items():
        if name not in policy.limits:
            raise DataError(f"there is no threshold {name}")
        if problem := policy.limits[name].problem(value):
            raise DataError(problem)
    return _in_order(replace(policy.thresholds, **changes))


def _in_order(thresholds: Thresholds) -> Thresholds:
    values = asdict(thresholds)
    for lower, higher in ASCENDING:
        if values[lower] > values[higher]:
            raise DataError(f"{lower} must not be above {higher}")
    return thresholds


def _mark(
    thresholds: Mapping[str, float] | None,
    off: frozenset[str],
    reasons: Mapping[str, str] | None,
    doses: Mapping[str, float] | None,
) -> str:
    told = json.dumps([dict(thresholds or {}), sorted(off), dict(reasons or {}), dict(doses or {})], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:8]
