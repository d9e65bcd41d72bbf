"""Screening: typed facts in, findings out. Decision support for a clinician; nothing here is a verdict.

No finding says eligible, and no rule silences another: each is evaluated on the facts alone.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from intake.domain.facts import Facts, Tri
from intake.domain.policy import FLAGS, Flag, Policy, Rule
from intake.domain.rules import PREDICATES, UNKNOWN_MATTERS, Raised, evaluate_lists

__all__ = ["Facts", "Finding", "Flag", "Policy", "Tri", "open_questions", "screen"]

UNKNOWN_PREFIX = "Answer unknown, to be asked: "
RANK: Mapping[Flag, int] = MappingProxyType({flag: rank for rank, flag in enumerate(FLAGS)})


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule raised. `because` lists the facts behind it as name=value; `source` is the published basis."""

    rule: str
    version: int
    flag: Flag
    high: bool
    reason: str
    source: str
    because: tuple[str, ...]


def screen(facts: Facts, policy: Policy) -> tuple[Finding, ...]:
    """Return what the table raises for these facts, ordered by flag (high REVIEW first), then by rule."""
    found = (_evaluate(rule, facts, policy) for rule in policy.rules.values() if rule.on)
    return tuple(sorted((finding for finding in found if finding), key=_order))


def open_questions(facts: Facts, policy: Policy) -> tuple[str, ...]:
    """Return the facts behind contraindications that were not asked or not known, in the order of the table."""
    names = [name for rule in policy.rules.values() if rule.flag == "CONTRA" for name in rule.any_yes]
    return tuple(name for name in dict.fromkeys(names) if getattr(facts, name) in (None, Tri.UNKNOWN))


def _evaluate(rule: Rule, facts: Facts, policy: Policy) -> Finding | None:
    raised = evaluate_lists(rule, facts) if rule.is_data else PREDICATES[rule.id](facts, policy.thresholds)
    if raised is None:
        return None
    return Finding(
        rule=rule.id,
        version=rule.version,
        flag=raised.flag or rule.flag,
        high=rule.high or raised.high,
        reason=_reason(policy.reason(rule), rule, raised),
        source=rule.source,
        because=raised.because,
    )


def _reason(reason: str, rule: Rule, raised: Raised) -> str:
    if "{n}" in reason:
        return reason.replace("{n}", raised.note)
    if raised.flag == "REVIEW" and rule.flag in UNKNOWN_MATTERS and not raised.note:
        return UNKNOWN_PREFIX + reason
    return f"{reason} {raised.note}".strip()


def _order(finding: Finding) -> tuple[int, bool, int, str]:
    number = re.search(r"\d+", finding.rule)
    return RANK[finding.flag], not finding.high, int(number.group()) if number else 0, finding.rule
