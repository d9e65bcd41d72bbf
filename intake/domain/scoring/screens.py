"""Yes/no screens: post-traumatic stress, bipolar disorder, drugs, and alcohol and substance use."""

from collections.abc import Sequence

from intake.domain.scoring.model import (
    Context,
    Invalid,
    Score,
    answered,
    band,
    given,
    incomplete,
    integers,
    listed,
    missing,
    truth,
    whole,
    word,
)

PCPTSD5_CUTOFF = 3  # product default, the cut for women and the one that opens PCL-5; 4 is the usual cut
PCPTSD5_USUAL_CUTOFF = 4
MDQ_SYMPTOMS = 7
RMS_POSITIVE = 4
AUDITC_CUT = {"male": 4, "female": 3, "unknown": 3, "other": 3}
AUDITC_ACTION = 5  # VA/DoD: brief intervention
AUDIT_POSITIVE = 8
AUDIT_ZONES = ((0, "zone_I"), (8, "zone_II"), (16, "zone_III"), (20, "zone_IV"))
AUDIT_LAST_ITEMS = frozenset({0, 2, 4})
DAST_BANDS = ((0, "none"), (1, "low"), (3, "moderate"), (6, "substantial"), (9, "severe"))
DAST_POSITIVE = 3
DAST_REVERSED = 3
TAPS_CLASSES = ("tobacco", "alcohol", "illicit", "rx_misuse")
TAPS_ANSWERS = ("never", "less_than_monthly", "monthly", "weekly", "daily")


def pcptsd5(items: object, context: Context) -> Score:
    """PC-PTSD-5: exposure denied is 0 and stop (Prins 2016). An exposure question left open gives no score."""
    cutoff = whole(given(context, "cutoff", PCPTSD5_CUTOFF), range(1, 6), "cutoff")
    exposed = truth(context.get("trauma_exposure", True), "trauma_exposure")
    if exposed is False:
        if not isinstance(items, list | tuple) or len(items) not in (0, 5) or any(answered(_five(items))):
            raise Invalid("exposure is denied, so no symptom is asked")
        return Score("complete", 0, positive=False, extra={"positive_at_4": False})
    values = integers(items or [None] * 5 if exposed is None else items, 5, range(2))
    if exposed is None or missing(values):
        return incomplete(values)
    total = sum(answered(values))
    return Score("complete", total, positive=total >= cutoff, extra={"positive_at_4": total >= PCPTSD5_USUAL_CUTOFF})


def mdq(items: object, context: Context) -> Score:
    """MDQ (Hirschfeld 2000): 7 or more, at the same time, and a moderate or serious problem."""
    values = integers(items, 13, range(2))
    together = truth(context.get("same_time"), "same_time")
    problem = context.get("problem")
    if problem is not None:
        word(problem, ("none", "minor", "moderate", "serious"), "problem")
    if missing(values):
        return incomplete(values)
    total = sum(answered(values))
    enough = total >= MDQ_SYMPTOMS
    positive = enough and together is True and problem in ("moderate", "serious")
    return Score("complete", total, positive=positive, extra={"review_if_symptoms_ge7": enough})


def rms(items: object, context: Context) -> Score:
    """Rapid Mood Screener (McIntyre 2021)."""
    values = integers(items, 6, range(2))
    if missing(values):
        return incomplete(values)
    total = sum(answered(values))
    return Score("complete", total, positive=total >= RMS_POSITIVE)


def audit_c(items: object, context: Context) -> Score:
    """AUDIT-C (Bush 1998): men 4, women 3, anyone else 3. All three answers or no score."""
    values = integers(items, 3, range(5))
    sex = word(given(context, "sex", "unknown"), tuple(AUDITC_CUT), "sex")
    if missing(values):
        return incomplete(values)
    often, *others = answered(values)
    total = often + sum(others)
    extra = {"all_points_from_q1": often > 0 and not any(others), "va_dod_ge5": total >= AUDITC_ACTION}
    return Score("complete", total, positive=total >= AUDITC_CUT[sex], extra=extra)


def audit(items: object, context: Context) -> Score:
    """AUDIT (WHO 2001) with its skips: never drinks, or nothing on items 2 and 3, goes on to items 9 and 10."""
    raw = listed(items, 10)
    values = integers(raw[:8], 8, range(5))
    values += [None if v is None else whole(v, AUDIT_LAST_ITEMS, f"item {n}") for n, v in enumerate(raw[8:], 9)]
    gaps = set(missing(values)) - _audit_skipped(values)
    if gaps:
        return Score("incomplete", extra={"missing": sorted(gaps)})
    total = sum(answered(values))
    return Score("complete", total, band(total, AUDIT_ZONES), total >= AUDIT_POSITIVE)


def dast10(items: object, context: Context) -> Score:
    """DAST-10 from the answers as given; item 3 is reversed here and nowhere else."""
    values = [
        None if value is None else word(value, ("Y", "N"), f"item {number}")
        for number, value in enumerate(listed(items, 10), 1)
    ]
    if missing(values):
        return incomplete(values)
    total = sum((value == "Y") != (number == DAST_REVERSED) for number, value in enumerate(values, 1))
    return Score("complete", total, band(total, DAST_BANDS), total >= DAST_POSITIVE)


def sisq(items: object, context: Context) -> Score:
    """Single drug question (Smith 2010): the number of times in the past year."""
    (times,) = listed(items, 1)
    if times is None:
        return incomplete([None])
    if type(times) is not int or times < 0:
        raise Invalid(f"item 1: {times!r} is not a number of times")
    return Score("complete", times, positive=times >= 1)


def taps1(items: object, context: Context) -> Score:
    """TAPS-1: each class used at all is positive. Known classes are named even when others are missing."""
    values = [
        None if value is None else word(value, TAPS_ANSWERS, f"item {number}")
        for number, value in enumerate(listed(items, 4), 1)
    ]
    used = [name for name, value in zip(TAPS_CLASSES, values, strict=True) if value not in (None, "never")]
    if missing(values):
        return incomplete(values, positive_classes=used)
    return Score("complete", len(used), positive=bool(used), extra={"positive_classes": used})


def _five(items: Sequence[object]) -> list[int | None]:
    return integers(items, len(items), range(2))


def _audit_skipped(values: Sequence[int | None]) -> set[int]:
    if values[0] == 0:
        return set(range(2, 9))
    return set(range(4, 9)) if values[1] == 0 and values[2] == 0 else set()
