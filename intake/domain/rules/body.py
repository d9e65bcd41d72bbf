"""D33 to D35 and D60 to D64: blood pressure, age, weight."""

from intake.domain.facts import Facts, Tri
from intake.domain.policy import Thresholds
from intake.domain.rules.model import Predicate, Raised, raised_if, said


def controlled_hypertension(facts: Facts, limits: Thresholds) -> Raised | None:
    """D33: treated, and both pressures known and within the gate."""
    known = facts.bp_systolic is not None and facts.bp_diastolic is not None
    within = known and not _above(facts, limits.bp_hold_systolic, limits.bp_hold_diastolic)
    names = ("hypertension_treated", "bp_systolic", "bp_diastolic")
    return raised_if(facts.hypertension_treated is Tri.YES and within, facts, *names)


def elevated_pressure(facts: Facts, limits: Thresholds) -> Raised | None:
    """D34: strictly above, as the label says."""
    high = _above(facts, limits.bp_hold_systolic, limits.bp_hold_diastolic)
    return raised_if(bool(high), facts, *high)


def uncontrolled_hypertension(facts: Facts, limits: Thresholds) -> Raised | None:
    """D35: by the numbers or by history; not knowing is a REVIEW, and so is treated hypertension without a reading.

    The matrix (CLINICAL 1.4) asks to review whoever is treated; D33 says it where the pressure is known.
    """
    because = _above(facts, limits.bp_stop_systolic, limits.bp_stop_diastolic)
    if facts.hypertension_uncontrolled is Tri.YES:
        because = (*because, "hypertension_uncontrolled")
    if because:
        return Raised(said(facts, *because))
    unread = None in (facts.bp_systolic, facts.bp_diastolic)
    if facts.hypertension_treated is Tri.YES and unread:
        names = ("hypertension_treated", "hypertension_uncontrolled", "bp_systolic", "bp_diastolic")
        return Raised(said(facts, *names), flag="REVIEW")
    if facts.hypertension_uncontrolled is Tri.UNKNOWN:
        return Raised(said(facts, "hypertension_uncontrolled"), flag="REVIEW")
    return None


def minor(facts: Facts, limits: Thresholds) -> Raised | None:
    """D60."""
    return raised_if(facts.age_years is not None and facts.age_years < limits.adult_years, facts, "age_years")


def older(facts: Facts, limits: Thresholds) -> Raised | None:
    """D61."""
    return raised_if(facts.age_years is not None and facts.age_years >= limits.older_years, facts, "age_years")


def high_bmi(facts: Facts, limits: Thresholds) -> Raised | None:
    """D62."""
    return _bmi(facts) if facts.bmi is not None and facts.bmi >= limits.bmi_high else None


def low_bmi(facts: Facts, limits: Thresholds) -> Raised | None:
    """D63."""
    return _bmi(facts) if facts.bmi is not None and facts.bmi < limits.bmi_low else None


def weight_missing(facts: Facts, limits: Thresholds) -> Raised | None:
    """D64: no weight, a weight of unknown date, or one that is too old."""
    age = facts.weight_age_days
    current = facts.weight_kg is not None and age is not None and age <= limits.weight_days
    return raised_if(not current, facts, "weight_kg", "weight_age_days")


def _above(facts: Facts, systolic: float, diastolic: float) -> tuple[str, ...]:
    pairs = (("bp_systolic", systolic), ("bp_diastolic", diastolic))
    return tuple(name for name, limit in pairs if (getattr(facts, name) or 0) > limit)


def _bmi(facts: Facts) -> Raised:
    return Raised((*said(facts, "weight_kg", "height_cm"), f"bmi={facts.bmi:.1f}"))


PREDICATES: dict[str, Predicate] = {
    "D33": controlled_hypertension,
    "D34": elevated_pressure,
    "D35": uncontrolled_hypertension,
    "D60": minor,
    "D61": older,
    "D62": high_bmi,
    "D63": low_bmi,
    "D64": weight_missing,
}
