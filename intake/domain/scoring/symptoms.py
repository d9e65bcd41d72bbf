"""Depression, anxiety, post-traumatic stress and mood instruments that are sums of items."""

from collections.abc import Sequence

from intake.domain.scoring.model import (
    Context,
    Score,
    answered,
    band,
    given,
    incomplete,
    integers,
    missing,
    round_half_up,
    whole,
)

MOST_MISSING = 2  # PHQ-9, GAD-7: NHS Talking Therapies manual; mean substitution
ITEM9 = 9

PHQ9_BANDS = ((0, "minimal"), (5, "mild"), (10, "moderate"), (15, "moderately_severe"), (20, "severe"))
GAD7_BANDS = ((0, "minimal"), (5, "mild"), (10, "moderate"), (15, "severe"))
QIDS_BANDS = ((0, "none"), (6, "mild"), (11, "moderate"), (16, "severe"), (21, "very_severe"))
CUDOS_BANDS = ((0, "nondepressed"), (11, "minimal"), (21, "mild"), (31, "moderate"), (46, "severe"))

PHQ9_POSITIVE = GAD7_POSITIVE = 10
PHQ2_POSITIVE = 3
PCL5_CUTOFF = 33
PCL5_CLUSTERS = {"B": (slice(0, 5), 1), "C": (slice(5, 7), 1), "D": (slice(7, 14), 2), "E": (slice(14, 20), 2)}
PCL5_ENDORSED = 2  # "moderately" or more counts as the symptom
MDS_SYMPTOMS, ODS_SYMPTOMS = 5, 2


def phq9(items: object, context: Context) -> Score:
    """PHQ-9 (Kroenke 2001). Item 9 is never imputed: without it there is no total."""
    values = integers(items, 9, range(4))
    item9 = values[ITEM9 - 1]
    extra: dict[str, object] = {
        "item9_positive": None if item9 is None else item9 >= 1,
        "algorithm_mds": _algorithm(values, MDS_SYMPTOMS, 9),
        "algorithm_ods": _algorithm(values, ODS_SYMPTOMS, MDS_SYMPTOMS - 1),
    }
    if item9 is None:
        return incomplete(values, **extra)
    return _prorated(values, PHQ9_BANDS, PHQ9_POSITIVE, extra)


def gad7(items: object, context: Context) -> Score:
    """GAD-7 (Spitzer 2006)."""
    return _prorated(integers(items, 7, range(4)), GAD7_BANDS, GAD7_POSITIVE, {})


def phq2(items: object, context: Context) -> Score:
    """PHQ-2: both items or no score."""
    values = integers(items, 2, range(4))
    if missing(values):
        return incomplete(values)
    total = sum(answered(values))
    return Score("complete", total, positive=total >= PHQ2_POSITIVE)


def pcl5(items: object, context: Context) -> Score:
    """PCL-5: total against the cut-off, and the DSM-5 pattern; neither is a diagnosis (NCPTSD)."""
    values = integers(items, 20, range(5))
    cutoff = whole(given(context, "cutoff", PCL5_CUTOFF), range(1, 81), "cutoff")
    if missing(values):
        return incomplete(values)
    full = answered(values)
    extra: dict[str, object] = {f"cluster_{name}": sum(full[part]) for name, (part, _) in PCL5_CLUSTERS.items()}
    extra["provisional_dsm5"] = all(
        sum(value >= PCL5_ENDORSED for value in full[part]) >= needed for part, needed in PCL5_CLUSTERS.values()
    )
    return Score("complete", sum(full), positive=sum(full) >= cutoff, extra=extra)


def qids_sr16(items: object, context: Context) -> Score:
    """QIDS-SR16: nine domains. Appetite and weight are either-or questions: one of each pair may be left out."""
    values = integers(items, 16, range(4))
    gaps = set(missing(values))
    if gaps - {6, 7, 8, 9} or {6, 7} <= gaps or {8, 9} <= gaps:
        return incomplete(values)
    filled = [value or 0 for value in values]  # a question left out of an either-or pair cannot raise its maximum
    total = max(filled[0:4]) + filled[4] + max(filled[5:9]) + sum(filled[9:14]) + max(filled[14:16])
    return Score("complete", total, band(total, QIDS_BANDS))


def cudos(items: object, context: Context) -> Score:
    """CUDOS, first 16 items."""
    return _total(integers(items, 16, range(5)), CUDOS_BANDS)


def madrs(items: object, context: Context) -> Score:
    """MADRS total, entered by a clinician; published bands disagree, so none is given."""
    return _total(integers(items, 10, range(7)))


def cadss6(items: object, context: Context) -> Score:
    """CADSS-6: an in-session observation without a cut-off."""
    return _total(integers(items, 6, range(5)))


def _total(values: Sequence[int | None], bands: Sequence[tuple[int, str]] = ()) -> Score:
    if missing(values):
        return incomplete(values)
    total = sum(answered(values))
    return Score("complete", total, band(total, bands) if bands else None)


def _prorated(
    values: Sequence[int | None], bands: Sequence[tuple[int, str]], cut: int, extra: dict[str, object]
) -> Score:
    """Sum, or mean substitution for up to two missing items, named as such."""
    present, gaps = answered(values), missing(values)
    if len(gaps) > MOST_MISSING:
        return incomplete(values, **extra)
    if not gaps:
        total = sum(present)
        return Score("complete", total, band(total, bands), total >= cut, extra)
    score = sum(present) * len(values) / len(present)
    rounded = round_half_up(score)
    extra = {**extra, "rounded": rounded, "missing": gaps}
    return Score("prorated", score, band(rounded, bands), rounded >= cut, extra)


def _algorithm(values: Sequence[int | None], least: int, most: int) -> bool | None:
    """PHQ-9's diagnostic pattern: `least` to `most` symptoms with item 1 or 2 among them; None if answers decide.

    A symptom is an item at 2 or more, item 9 at 1 or more. Missing answers are tried as both no and yes.
    """
    outcomes = {_pattern(values, assumed, least, most) for assumed in _assumptions(values)}
    return outcomes.pop() if len(outcomes) == 1 else None


def _assumptions(values: Sequence[int | None]) -> list[tuple[bool, int]]:
    """Every (core symptom among the missing?, how many of the missing are symptoms) that could be true."""
    gaps = missing(values)
    core = sum(number <= 2 for number in gaps)
    return [(with_core, n) for n in range(len(gaps) + 1) for with_core in _core_choices(core, len(gaps), n)]


def _core_choices(core: int, gaps: int, symptoms: int) -> list[bool]:
    choices = []
    if core and symptoms:
        choices.append(True)
    if symptoms <= gaps - core:
        choices.append(False)
    return choices


def _pattern(values: Sequence[int | None], assumed: tuple[bool, int], least: int, most: int) -> bool:
    met = [value is not None and value >= (1 if number == ITEM9 else 2) for number, value in enumerate(values, 1)]
    core = any(met[:2]) or assumed[0]
    return core and least <= sum(met) + assumed[1] <= most
