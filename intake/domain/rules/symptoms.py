"""D08 to D28: symptom scores, bipolar screens, psychosis history, alcohol and drug screens."""

from intake.domain.facts import Facts, Tri
from intake.domain.policy import Thresholds
from intake.domain.rules.model import Predicate, Raised, answered, raised_if, said

DRUG_CLASSES = frozenset({"illicit", "rx_misuse"})


def phq9_severe(facts: Facts, limits: Thresholds) -> Raised | None:
    """D08."""
    return _at_least(facts, "phq9_score", limits.phq9_severe)


def phq9_moderate(facts: Facts, limits: Thresholds) -> Raised | None:
    """D09."""
    return _between(facts, "phq9_score", limits.phq9_entry, limits.phq9_severe)


def phq9_low(facts: Facts, limits: Thresholds) -> Raised | None:
    """D10."""
    return _below(facts, "phq9_score", limits.phq9_entry)


def phq9_difficulty(facts: Facts, limits: Thresholds) -> Raised | None:
    """D11: very or extremely difficult."""
    return _at_least(facts, "phq9_difficulty", limits.phq9_difficulty)


def gad7_severe(facts: Facts, limits: Thresholds) -> Raised | None:
    """D12a."""
    return _at_least(facts, "gad7_score", limits.gad7_severe)


def gad7_moderate(facts: Facts, limits: Thresholds) -> Raised | None:
    """D12b."""
    return _between(facts, "gad7_score", limits.gad7_moderate, limits.gad7_severe)


def pcptsd5(facts: Facts, limits: Thresholds) -> Raised | None:
    """D13."""
    return _at_least(facts, "pcptsd5_score", limits.pcptsd5_screen)


def pcl5(facts: Facts, limits: Thresholds) -> Raised | None:
    """D14: the total or the DSM-5 pattern."""
    score = facts.pcl5_score
    positive = score is not None and score >= limits.pcl5_positive
    return raised_if(positive or facts.pcl5_provisional is True, facts, "pcl5_score", "pcl5_provisional")


def pcl5_band(facts: Facts, limits: Thresholds) -> Raised | None:
    """D15."""
    return _between(facts, "pcl5_score", limits.pcl5_band, limits.pcl5_positive)


def ptsd_only(facts: Facts, limits: Thresholds) -> Raised | None:
    """D16."""
    return raised_if(facts.indications is not None and set(facts.indications) == {"ptsd"}, facts, "indications")


def mdq_positive(facts: Facts, limits: Thresholds) -> Raised | None:
    """D17."""
    positive = _mdq_enough(facts, limits) and _mdq_criteria(facts)
    return raised_if(positive, facts, "mdq_score", "mdq_same_time", "mdq_problem")


def mdq_subthreshold(facts: Facts, limits: Thresholds) -> Raised | None:
    """D18."""
    below = _mdq_enough(facts, limits) and not _mdq_criteria(facts)
    return raised_if(below, facts, "mdq_score", "mdq_same_time", "mdq_problem")


def rms(facts: Facts, limits: Thresholds) -> Raised | None:
    """D21."""
    return _at_least(facts, "rms_score", limits.rms_positive)


def psychosis_history(facts: Facts, limits: Thresholds) -> Raised | None:
    """D23: high where schizophrenia or schizoaffective disorder was diagnosed."""
    yes = answered(facts, ("psychosis_history", "schizophrenia_history"), Tri.YES)
    return Raised(said(facts, *yes), high="schizophrenia_history" in yes) if yes else None


def audit_c(facts: Facts, limits: Thresholds) -> Raised | None:
    """D25: cut by sex, the lower one where it is not male."""
    cut = limits.audit_c_men if facts.sex_for_audit_c == "male" else limits.audit_c_others
    if facts.audit_c_score is None or facts.audit_c_score < cut:
        return None
    if facts.audit_c_all_from_q1:
        note = "All points are from question 1: likely below limits, review intake of recent months."
        return Raised(said(facts, "audit_c_score", "sex_for_audit_c", "audit_c_all_from_q1"), note=note)
    return Raised(said(facts, "audit_c_score", "sex_for_audit_c"))


def audit_c_action(facts: Facts, limits: Thresholds) -> Raised | None:
    """D26."""
    return _at_least(facts, "audit_c_score", limits.audit_c_action)


def drug_screen(facts: Facts, limits: Thresholds) -> Raised | None:
    """D28: the single question, or a drug class of TAPS-1."""
    names = []
    if facts.sisq_times is not None and facts.sisq_times >= limits.sisq_times:
        names.append("sisq_times")
    if DRUG_CLASSES & set(facts.taps1_positive or ()):
        names.append("taps1_positive")
    return raised_if(bool(names), facts, *names)


def _mdq_enough(facts: Facts, limits: Thresholds) -> bool:
    return facts.mdq_score is not None and facts.mdq_score >= limits.mdq_symptoms


def _mdq_criteria(facts: Facts) -> bool:
    return facts.mdq_same_time is True and facts.mdq_problem in ("moderate", "serious")


def _at_least(facts: Facts, name: str, low: float) -> Raised | None:
    value = getattr(facts, name)
    return raised_if(value is not None and value >= low, facts, name)


def _below(facts: Facts, name: str, high: float) -> Raised | None:
    value = getattr(facts, name)
    return raised_if(value is not None and value < high, facts, name)


def _between(facts: Facts, name: str, low: float, high: float) -> Raised | None:
    value = getattr(facts, name)
    return raised_if(value is not None and low <= value < high, facts, name)


PREDICATES: dict[str, Predicate] = {
    "D08": phq9_severe,
    "D09": phq9_moderate,
    "D10": phq9_low,
    "D11": phq9_difficulty,
    "D12a": gad7_severe,
    "D12b": gad7_moderate,
    "D13": pcptsd5,
    "D14": pcl5,
    "D15": pcl5_band,
    "D16": ptsd_only,
    "D17": mdq_positive,
    "D18": mdq_subthreshold,
    "D21": rms,
    "D23": psychosis_history,
    "D25": audit_c,
    "D26": audit_c_action,
    "D28": drug_screen,
}
