"""The top line of the review page: who and what, in one breath."""

from intake.domain.facts import Facts, Tri
from intake.domain.policy import Policy

INDICATIONS = {
    "depression": "depression",
    "bipolar_depression": "bipolar depression",
    "ptsd": "PTSD",
    "anxiety": "anxiety",
    "pain": "pain",
    "other": "other reason",
}
BIPOLAR_RULE = "D19"  # its list of facts is the bipolar-history checklist


def summary(facts: Facts, policy: Policy) -> str:
    """Return one line such as "41, depression, 3 adequate trials reported, alcohol screen positive"."""
    parts = [
        "age unknown" if facts.age_years is None else str(facts.age_years),
        " and ".join(INDICATIONS[name] for name in facts.indications or ()) or "reason not given",
        _trials(facts),
        _alcohol(facts, policy),
        _drugs(facts, policy),
        _bipolar(facts, policy),
    ]
    return ", ".join(part for part in parts if part)


def _trials(facts: Facts) -> str:
    if facts.adequate_trials is None:
        return "trials not recorded"
    trials = f"{facts.adequate_trials} adequate {_plural('trial', facts.adequate_trials)} reported"
    return f"{trials} ({facts.uncertain_trials} uncertain)" if facts.uncertain_trials else trials


def _alcohol(facts: Facts, policy: Policy) -> str:
    limits = policy.thresholds
    cut = limits.audit_c_men if facts.sex_for_audit_c == "male" else limits.audit_c_others
    if facts.audit_c_score is None:
        return "alcohol screen missing"
    return "alcohol screen positive" if facts.audit_c_score >= cut else ""


def _drugs(facts: Facts, policy: Policy) -> str:
    positive = facts.sisq_times is not None and facts.sisq_times >= policy.thresholds.sisq_times
    return "drug screen positive" if positive else ""


def _bipolar(facts: Facts, policy: Policy) -> str:
    answers = [getattr(facts, name) for name in policy.rules[BIPOLAR_RULE].any_yes]
    yes, unknown = answers.count(Tri.YES), answers.count(Tri.UNKNOWN)
    told = [f"{yes} yes" if yes else "", f"{unknown} unknown" if unknown else ""]
    said = ", ".join(part for part in told if part)
    return f"bipolar history: {said}" if said else ""


def _plural(noun: str, count: int) -> str:
    return noun if count == 1 else f"{noun}s"
