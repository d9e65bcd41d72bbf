"""Maudsley staging, outcome between two totals, and the vital-sign gates."""

from collections.abc import Mapping
from dataclasses import dataclass

from intake.domain.scoring.model import (
    Context,
    Invalid,
    Score,
    band,
    incomplete,
    named,
    round_half_up,
    truth,
    whole,
    word,
)

MSM_KEYS = ("duration_months", "severity", "failed_medications", "augmentation", "ect")
MSM_SEVERITY = ("subsyndromal", "mild", "moderate", "severe", "severe_psychotic")
MSM_BANDS = ((0, "mild"), (7, "moderate"), (11, "severe"))
MSM_DURATION = (12, 24)  # months, last of each step
MSM_FAILURES = (2, 4, 6, 10)  # medicines, last of each step
LONGEST_MONTHS = 1200
MOST_MEDICINES = 200


@dataclass(frozen=True, slots=True)
class Outcome:
    """Highest total, remission (at most) and meaningful improvement (at least), None where none is published.

    `prorated` says that a total may be a fraction: missing items were replaced by the mean of the others.
    """

    highest: int
    remission: int | None
    meaningful: int | None
    prorated: bool = False


OUTCOMES = {
    "PHQ-9": Outcome(27, 4, 5, prorated=True),  # remission < 5 (HEDIS); 5 points (Kroenke)
    "GAD-7": Outcome(21, None, None, prorated=True),
    "PCL-5": Outcome(80, None, 10),  # clinically meaningful (NCPTSD)
    "MADRS": Outcome(60, 10, None),  # Ekstrand 2022; others use 9 or 12
    "QIDS-SR16": Outcome(27, 5, None),
}

PLAUSIBLE = {"sbp": range(30, 351), "dbp": range(10, 251), "hr": range(10, 351), "spo2": range(101)}
HOLD = (140, 90)  # Spravato label: above
DO_NOT_START = (160, 100)  # product default: above
URGENT = (180, 100, 110)  # systolic, diastolic, heart rate: above
URGENT_SPO2 = 92  # below


def msm(items: object, context: Context) -> Score:
    """Maudsley Staging Method, 3 to 15. Without one failed medicine there is nothing to stage."""
    given = named(items, MSM_KEYS)
    months = _count(given["duration_months"], LONGEST_MONTHS, "duration_months")
    failed = _count(given["failed_medications"], MOST_MEDICINES, "failed_medications")
    severity = given["severity"]
    if severity is not None:
        severity = MSM_SEVERITY.index(word(severity, MSM_SEVERITY, "severity")) + 1
    used = [_used(given[key], key) for key in ("augmentation", "ect")]
    parts = [months, severity, failed, *used]
    if None in parts or months is None or severity is None or failed is None:
        return incomplete(parts)
    if failed == 0:
        return Score("unscorable", extra={"reason": "no failed medicine"})
    total = _step(months, MSM_DURATION) + severity + _step(failed, MSM_FAILURES) + sum(map(bool, used))
    return Score("complete", total, band(total, MSM_BANDS))


def msm_begun(duration_months: int | None, failed_medications: int | None) -> tuple[int | None, int | None]:
    """Points of the two dimensions that a patient can tell of; None where it is not known, or nothing failed."""
    return (
        None if duration_months is None else _step(duration_months, MSM_DURATION),
        None if not failed_medications else _step(failed_medications, MSM_FAILURES),
    )


def outcome(items: object, context: Context) -> Score:
    """Change from baseline: response is a fall of half or more of the baseline, both ends included."""
    given = named(items, ("instrument", "baseline", "followup"))
    rule = OUTCOMES[word(given["instrument"], tuple(OUTCOMES), "instrument")]
    before, after = (_total(given[key], rule, key) for key in ("baseline", "followup"))
    if before is None or after is None:
        return incomplete([given["instrument"], before, after])
    fall = before - after
    extra: dict[str, object] = {
        "pct_reduction": round(100 * fall / before, 1) if before else None,
        "response": 2 * fall >= before if before else None,
        "remission": None if rule.remission is None else round_half_up(after) <= rule.remission,
        "meaningful_change": None if rule.meaningful is None else fall >= rule.meaningful,
    }
    return Score("complete" if before else "unscorable", extra=extra)


def vitals_gate(items: object, context: Context) -> Score:
    """Gate before an infusion and band during one, from values typed in by staff: shown, never an alarm."""
    given = named(items, ("phase", "sbp", "dbp", "hr", "spo2"))
    phase = word(given["phase"], ("pre", "during"), "phase")
    vitals = {
        key: None if given[key] is None else whole(given[key], allowed, key) for key, allowed in PLAUSIBLE.items()
    }
    sbp, dbp = vitals["sbp"], vitals["dbp"]
    if sbp is not None and dbp is not None and dbp >= sbp:
        raise Invalid("the diastolic pressure is not below the systolic")
    worst = _before(sbp, dbp) if phase == "pre" else _during(vitals)
    gaps = [number for number, key in enumerate(("phase", "sbp", "dbp", "hr"), 1) if given[key] is None]
    if gaps:  # a value that alone is too high is said; "ok" is not, while another is missing
        return Score("incomplete", severity=worst, extra={"missing": gaps})
    return Score("complete", severity=worst or ("ok" if phase == "pre" else "ok_monitor"))


def _before(sbp: int | None, dbp: int | None) -> str | None:
    for (systolic, diastolic), name in ((DO_NOT_START, "do_not_start"), (HOLD, "hold_review")):
        if _above(sbp, systolic) or _above(dbp, diastolic):
            return name
    return None


def _during(vitals: Mapping[str, int | None]) -> str | None:
    high = any(_above(vitals[key], limit) for key, limit in zip(("sbp", "dbp", "hr"), URGENT, strict=True))
    spo2 = vitals["spo2"]
    return "urgent" if high or (spo2 is not None and spo2 < URGENT_SPO2) else None


def _above(value: int | None, limit: int) -> bool:
    return value is not None and value > limit


def _count(value: object, highest: int, what: str) -> int | None:
    return None if value is None else whole(value, range(highest + 1), what)


def _total(value: object, rule: Outcome, what: str) -> int | float | None:
    """A total of this instrument; a fraction only where totals are prorated."""
    if rule.prorated and type(value) is float and 0 <= value <= rule.highest:
        return value
    return _count(value, rule.highest, what)


def _used(value: object, what: str) -> bool | None:
    """Yes or no, given as true and false or as the 1 and 0 of the published table."""
    if type(value) is int:
        return whole(value, range(2), what) == 1
    return truth(value, what)


def _step(value: int, lasts: tuple[int, ...]) -> int:
    return 1 + sum(value > last for last in lasts)
