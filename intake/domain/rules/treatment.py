"""D65, D66, D75, D81, D85, D86: earlier trials, unrecognised medicines, ketamine elsewhere, the course of a series."""

from intake.domain.facts import Facts
from intake.domain.policy import Thresholds
from intake.domain.rules.model import Predicate, Raised, raised_if, said

KETAMINE = "ketamine"  # class of medicines


def few_trials(facts: Facts, limits: Thresholds) -> Raised | None:
    """D65."""
    count = facts.adequate_trials
    return raised_if(count is not None and count < limits.adequate_trials, facts, "adequate_trials")


def uncertain_trials(facts: Facts, limits: Thresholds) -> Raised | None:
    """D66."""
    count = facts.uncertain_trials
    return raised_if(count is not None and count >= limits.uncertain_trials, facts, "uncertain_trials")


def unrecognised(facts: Facts, limits: Thresholds) -> Raised | None:
    """D75: text that names no known ingredient, or words left over beside one."""
    strange = [medicine.text for medicine in facts.medicines or () if not medicine.recognised]
    return Raised(tuple(f"medicine={text}" for text in strange)) if strange else None


def ketamine_elsewhere(facts: Facts, limits: Thresholds) -> Raised | None:
    """D81: a treatment elsewhere not long ago, or ketamine or esketamine among the medicines."""
    weeks = facts.ketamine_elsewhere_weeks_ago
    because = tuple(
        f"medicine={medicine.text} ({KETAMINE})" for medicine in facts.medicines or () if KETAMINE in medicine.classes
    )
    if weeks is not None and weeks < limits.ketamine_elsewhere_weeks:
        because = (*said(facts, "ketamine_elsewhere_weeks_ago"), *because)
    return Raised(because) if because else None


def little_gain(facts: Facts, limits: Thresholds) -> Raised | None:
    """D85: at a review point, a fall of the PHQ-9 below the set share of its baseline."""
    if facts.infusions_given not in (limits.first_review, limits.second_review):
        return None
    if not facts.phq9_baseline or facts.phq9_score is None:
        return None
    little = 100 * (facts.phq9_baseline - facts.phq9_score) < limits.gain_percent * facts.phq9_baseline
    return raised_if(little, facts, "infusions_given", "phq9_baseline", "phq9_score")


def worse(facts: Facts, limits: Thresholds) -> Raised | None:
    """D86."""
    before, after = facts.phq9_before_infusion, facts.phq9_score
    if before is None or after is None or after - before < limits.worse_points:
        return None
    return Raised(said(facts, "phq9_before_infusion", "phq9_score"))


PREDICATES: dict[str, Predicate] = {
    "D65": few_trials,
    "D66": uncertain_trials,
    "D75": unrecognised,
    "D81": ketamine_elsewhere,
    "D85": little_gain,
    "D86": worse,
}
