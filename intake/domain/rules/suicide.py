"""D01 to D07: suicide risk. Each looks at the answers alone, so that none can hide another."""

from intake.domain.facts import AsqAnswer, Facts
from intake.domain.policy import Thresholds
from intake.domain.rules.model import Predicate, Raised, raised_if, said

LIFETIME_QUESTION = 3  # index of "Have you ever tried to kill yourself?"


def item9(facts: Facts, limits: Thresholds) -> Raised | None:
    """D01: PHQ-9 item 9 above "not at all", whatever the total."""
    value = facts.phq9_item9
    return raised_if(value is not None and value >= limits.phq9_item9, facts, "phq9_item9", note=str(value))


def asq_now(facts: Facts, limits: Thresholds) -> Raised | None:
    """D02: ASQ question 5 Yes, even where questions 1 to 4 are No."""
    return raised_if(_now(facts) == "Y", facts, "asq")


def asq_not_acute(facts: Facts, limits: Thresholds) -> Raised | None:
    """D03: any Yes and question 5 No. A lifetime Yes already assessed and unchanged is a REVIEW."""
    if not _positive(facts, limits) or _now(facts) != "N":
        return None
    if facts.asq_lifetime_assessed and _only_lifetime(facts):
        note = "Lifetime answer assessed before and unchanged: see that assessment."
        return Raised(said(facts, "asq", "asq_lifetime_assessed"), flag="REVIEW", note=note)
    return Raised(said(facts, "asq"))


def asq_acuity_unknown(facts: Facts, limits: Thresholds) -> Raised | None:
    """D04: any Yes while question 5 is missing or refused."""
    return raised_if(_positive(facts, limits) and _now(facts) in (None, "R"), facts, "asq")


def cssrs_high(facts: Facts, limits: Thresholds) -> Raised | None:
    """D05: intent, plan, or behaviour in the last 3 months."""
    return _any_one(facts, "cssrs_q4", "cssrs_q5", "cssrs_q6_3mo")


def cssrs_moderate(facts: Facts, limits: Thresholds) -> Raised | None:
    """D06: method without intent, or behaviour in the lifetime."""
    return _any_one(facts, "cssrs_q3", "cssrs_q6_lifetime")


def not_answered(facts: Facts, limits: Thresholds) -> Raised | None:
    """D07: item 9 or a question of the ASQ was refused or is missing.

    The ASQ follows a positive item 9 (CLINICAL 4.1): after a 0 it was not asked, which is not the same as missing.
    """
    names = [] if facts.phq9_item9 is not None else ["phq9_item9"]
    wanted = facts.asq is not None or bool(facts.phq9_item9)
    if wanted and not _asq_answered(facts):
        names.append("asq")
    return raised_if(bool(names), facts, *names)


def _asq_answered(facts: Facts) -> bool:
    first = _first(facts)
    return len(first) == 4 and not {None, "R"} & set(first) and _now(facts) != "R"


def _first(facts: Facts) -> tuple[AsqAnswer | None, ...]:
    return (facts.asq or ())[:4]


def _now(facts: Facts) -> AsqAnswer | None:
    return facts.asq[4] if facts.asq and len(facts.asq) > 4 else None


def _positive(facts: Facts, limits: Thresholds) -> bool:
    """Any Yes; for a minor a refusal counts as Yes (NIMH)."""
    first = _first(facts)
    minor = facts.age_years is not None and facts.age_years < limits.adult_years
    return "Y" in first or (minor and "R" in first)


def _only_lifetime(facts: Facts) -> bool:
    return all((answer == "Y") == (n == LIFETIME_QUESTION) for n, answer in enumerate(_first(facts)))


def _any_one(facts: Facts, *names: str) -> Raised | None:
    positive = [name for name in names if getattr(facts, name) == 1]
    return raised_if(bool(positive), facts, *positive)


PREDICATES: dict[str, Predicate] = {
    "D01": item9,
    "D02": asq_now,
    "D03": asq_not_acute,
    "D04": asq_acuity_unknown,
    "D05": cssrs_high,
    "D06": cssrs_moderate,
    "D07": not_answered,
}
