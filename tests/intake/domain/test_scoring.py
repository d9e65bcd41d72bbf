"""Published vectors and edges of every instrument, and the bugs known from public implementations."""

from typing import Any

import pytest

from intake.domain.scoring import INSTRUMENTS, UnknownInstrument, score


def result(name: str, items: object, **context: object) -> tuple[str, object, str | None, bool | None]:
    scored = score(name, items, context)
    return scored.status, scored.score, scored.severity, scored.positive


def phq(total: int, count: int = 9) -> list[int]:
    """A PHQ or GAD answer sheet with this total."""
    return [min(3, max(0, total - 3 * n)) for n in range(count)]


@pytest.mark.parametrize(
    ("total", "severity", "positive"),
    [
        (0, "minimal", False),
        (4, "minimal", False),
        (5, "mild", False),
        (9, "mild", False),
        (10, "moderate", True),
        (14, "moderate", True),
        (15, "moderately_severe", True),
        (19, "moderately_severe", True),
        (20, "severe", True),
        (27, "severe", True),
    ],
)
def test_phq9_bands_are_those_of_kroenke(total: int, severity: str, positive: bool) -> None:
    assert result("PHQ-9", phq(total)) == ("complete", total, severity, positive)


@pytest.mark.parametrize(
    ("total", "severity", "positive"),
    [(4, "minimal", False), (5, "mild", False), (9, "mild", False), (10, "moderate", True), (15, "severe", True)],
)
def test_gad7_bands_are_those_of_spitzer(total: int, severity: str, positive: bool) -> None:
    assert result("GAD-7", phq(total, 7)) == ("complete", total, severity, positive)


def test_phq9_prorates_one_or_two_missing_items_and_says_so() -> None:
    scored = score("PHQ-9", [3, 3, None, 2, 1, 0, 1, 0, 0])
    assert (scored.status, scored.score, scored.severity) == ("prorated", 11.25, "moderate")
    assert (scored.extra["rounded"], scored.extra["missing"]) == (11, [3])
    assert score("PHQ-9", [None, None, 1, 1, 1, 1, 1, 1, 1]).score == 9
    assert score("PHQ-9", [None, None, None, 1, 1, 1, 1, 1, 1]).status == "incomplete"


def test_a_prorated_half_rounds_up_as_on_paper() -> None:
    scored = score("PHQ-9", [2, 2, 2, 2, 0, 0, 0, None, 0])
    assert (scored.score, scored.extra["rounded"]) == (9, 9)
    half = score("GAD-7", [2, 2, 1, 1, 1, 2, None])  # 9 of 6 items: 10.5
    assert (half.score, half.extra["rounded"], half.severity) == (10.5, 11, "moderate")


def test_phq9_item_9_is_never_imputed() -> None:
    scored = score("PHQ-9", [1, 1, 1, 1, 1, 1, 1, 1, None])
    assert (scored.status, scored.score, scored.severity, scored.positive) == ("incomplete", None, None, None)
    assert scored.extra["item9_positive"] is None
    assert scored.extra["missing"] == [9]


def test_phq9_item_9_is_told_even_when_nothing_else_was_answered() -> None:
    assert score("PHQ-9", [None] * 8 + [1]).extra["item9_positive"] is True


@pytest.mark.parametrize(
    ("items", "mds", "ods"),
    [
        ([2, 2, 2, 2, 2, 0, 0, 0, 0], True, False),
        ([2, 2, 2, 2, 0, 0, 0, 0, 1], True, False),  # item 9 counts from 1
        ([2, 2, 2, 2, 1, 0, 0, 0, 0], False, True),
        ([0, 0, 2, 2, 2, 2, 2, 0, 0], False, False),  # neither core symptom
        ([0, 2, 0, 0, 0, 0, 0, 0, 1], False, True),
        ([2, 0, 0, 0, 0, 0, 0, 0, 0], False, False),
        ([2, 2, 2, 2, 2, None, 0, 0, 0], True, False),  # the missing answer cannot change it
        ([2, 2, 2, 2, 0, None, 0, 0, 0], None, None),  # it can
    ],
)
def test_phq9_diagnostic_algorithm(items: list[int | None], mds: bool | None, ods: bool | None) -> None:
    extra = score("PHQ-9", items).extra
    assert (extra["algorithm_mds"], extra["algorithm_ods"]) == (mds, ods)


def test_phq2_needs_both_items() -> None:
    assert result("PHQ-2", [1, 2]) == ("complete", 3, None, True)
    assert result("PHQ-2", [1, 1]) == ("complete", 2, None, False)
    assert result("PHQ-2", [3, None])[0] == "incomplete"


def test_pcl5_cut_off_clusters_and_pattern() -> None:
    pattern = [2, 0, 0, 0, 0, 0, 2, 2, 2, 0, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0]
    scored = score("PCL-5", pattern)
    assert (scored.score, scored.positive, scored.extra["provisional_dsm5"]) == (12, False, True)
    assert [scored.extra[f"cluster_{name}"] for name in "BCDE"] == [2, 2, 4, 4]
    for missing_symptom in (0, 6, 7, 15):
        without = [0 if n == missing_symptom else value for n, value in enumerate(pattern)]
        assert score("PCL-5", without).extra["provisional_dsm5"] is False


@pytest.mark.parametrize(("total", "cutoff", "positive"), [(32, None, False), (33, None, True), (31, 31, True)])
def test_pcl5_cut_off_can_be_set_by_the_clinic(total: int, cutoff: int | None, positive: bool) -> None:
    items = [4] * (total // 4) + [total % 4] + [0] * (19 - total // 4)
    assert score("PCL-5", items, {"cutoff": cutoff}).positive is positive


def test_pcptsd5_cut_offs_and_exposure() -> None:
    three = score("PC-PTSD-5", [1, 1, 1, 0, 0], {"trauma_exposure": True})
    assert (three.score, three.positive, three.extra["positive_at_4"]) == (3, True, False)
    assert score("PC-PTSD-5", [1, 1, 1, 1, 0], {"trauma_exposure": True}).extra["positive_at_4"] is True
    assert score("PC-PTSD-5", [1, 1, 1, 0, 0], {"trauma_exposure": True, "cutoff": 4}).positive is False
    assert result("PC-PTSD-5", [], trauma_exposure=False) == ("complete", 0, None, False)
    assert result("PC-PTSD-5", [1, 0, 0, 0, 0], trauma_exposure=False)[0] == "invalid"
    assert result("PC-PTSD-5", [], trauma_exposure=None)[0] == "incomplete"
    assert result("PC-PTSD-5", [], trauma_exposure=True)[0] == "invalid"


@pytest.mark.parametrize(
    ("symptoms", "same_time", "problem", "positive", "review"),
    [
        (7, True, "moderate", True, True),
        (7, True, "serious", True, True),
        (7, True, "minor", False, True),
        (7, False, "serious", False, True),
        (7, None, None, False, True),
        (6, True, "serious", False, False),
    ],
)
def test_mdq_needs_all_three(
    symptoms: int, same_time: bool | None, problem: str | None, positive: bool, review: bool
) -> None:
    scored = score("MDQ", [1] * symptoms + [0] * (13 - symptoms), {"same_time": same_time, "problem": problem})
    assert (scored.score, scored.positive) == (symptoms, positive)
    assert scored.extra["review_if_symptoms_ge7"] is review


def test_rms_is_positive_from_four() -> None:
    assert result("RMS", [1, 1, 1, 0, 0, 0])[3] is False
    assert result("RMS", [1, 1, 1, 1, 0, 0])[3] is True


@pytest.mark.parametrize(
    ("items", "sex", "positive"),
    [
        ([3, 0, 0], "male", False),
        ([4, 0, 0], "male", True),
        ([2, 0, 0], "female", False),
        ([3, 0, 0], "female", True),
        ([3, 0, 0], "unknown", True),
        ([3, 0, 0], None, True),
    ],
)
def test_audit_c_cut_by_sex(items: list[int], sex: str | None, positive: bool) -> None:
    assert score("AUDIT-C", items, {"sex": sex}).positive is positive


def test_audit_c_notes() -> None:
    assert score("AUDIT-C", [4, 0, 0]).extra == {"all_points_from_q1": True, "va_dod_ge5": False}
    assert score("AUDIT-C", [3, 1, 1]).extra == {"all_points_from_q1": False, "va_dod_ge5": True}
    assert score("AUDIT-C", [0, 0, 0]).extra["all_points_from_q1"] is False


@pytest.mark.parametrize(
    ("total", "zone"),
    [
        (7, "zone_I"),
        (8, "zone_II"),
        (15, "zone_II"),
        (16, "zone_III"),
        (19, "zone_III"),
        (20, "zone_IV"),
        (40, "zone_IV"),
    ],
)
def test_audit_zones(total: int, zone: str) -> None:
    rest = max(0, total - 32)
    items = [min(4, max(0, total - rest - 4 * n)) for n in range(8)] + [min(4, rest), max(0, rest - 4)]
    assert result("AUDIT", items) == ("complete", total, zone, total >= 8)


def test_audit_skips_are_those_of_the_manual() -> None:
    assert result("AUDIT", [0] + [None] * 7 + [0, 4])[:2] == ("complete", 4)
    assert result("AUDIT", [1, 0, 0] + [None] * 5 + [0, 0])[:2] == ("complete", 1)
    assert score("AUDIT", [1, 1, 0] + [None] * 5 + [0, 0]).extra["missing"] == [4, 5, 6, 7, 8]
    assert result("AUDIT", [0] + [None] * 9)[0] == "incomplete"
    assert result("AUDIT", [0] * 9 + [1])[0] == "invalid"


def test_dast10_reverses_item_3_itself() -> None:
    assert result("DAST-10", ["N"] * 10) == ("complete", 1, "low", False)
    assert result("DAST-10", ["N", "N", "Y"] + ["N"] * 7) == ("complete", 0, "none", False)
    assert result("DAST-10", ["Y", "Y", "N"] + ["N"] * 7) == ("complete", 3, "moderate", True)
    assert result("DAST-10", ["Y"] * 2 + ["N"] + ["Y"] * 7)[1:3] == (10, "severe")
    assert result("DAST-10", [0] * 10)[0] == "invalid"


def test_sisq() -> None:
    assert result("SISQ-Drug", [0]) == ("complete", 0, None, False)
    assert result("SISQ-Drug", [1]) == ("complete", 1, None, True)
    assert result("SISQ-Drug", [None])[0] == "incomplete"
    assert result("SISQ-Drug", [-1])[0] == "invalid"


def test_taps1_names_the_classes() -> None:
    scored = score("TAPS-1", ["daily", "never", "less_than_monthly", "never"])
    assert (scored.score, scored.positive, scored.extra["positive_classes"]) == (2, True, ["tobacco", "illicit"])
    partial = score("TAPS-1", [None, "never", "weekly", "never"])
    assert (partial.status, partial.score, partial.extra["positive_classes"]) == ("incomplete", None, ["illicit"])


@pytest.mark.parametrize(
    ("items", "status", "severity", "positive"),
    [
        ("NNNN-", "complete", "negative", False),
        ("YNNNN", "complete", "non_acute_positive", True),
        ("NNNYN", "complete", "non_acute_positive", True),
        ("YNNNY", "complete", "acute_positive", True),
        ("NNNNY", "complete", "acute_positive", True),  # a bare Yes to question 5
        ("----Y", "complete", "acute_positive", True),
        ("YNNN-", "incomplete", "acute_positive", True),  # abandoned: treated as acute
        ("YNNNR", "refused", "acute_positive", True),
        ("RNNN-", "refused", "refused_review", None),
        ("YRNNN", "complete", "non_acute_positive", True),
        ("NNN--", "incomplete", None, None),
    ],
)
def test_asq(items: str, status: str, severity: str | None, positive: bool | None) -> None:
    answers = [None if letter == "-" else letter for letter in items]
    assert result("ASQ", answers) == (status, None, severity, positive)


def test_asq_refusal_of_a_minor_is_a_yes() -> None:
    assert result("ASQ", ["R", "N", "N", "N", "N"], age=17)[2] == "non_acute_positive"
    assert result("ASQ", ["R", "N", "N", "N", "N"], age=18)[2] == "refused_review"


@pytest.mark.parametrize(
    ("yes", "severity"),
    [
        ([], "none"),  # not "low"
        (["q1"], "low"),
        (["q1", "q2"], "low"),
        (["q2", "q3"], "moderate"),
        (["q6_lifetime"], "moderate"),
        (["q2", "q4"], "high"),
        (["q2", "q5"], "high"),
        (["q6_lifetime", "q6_3mo"], "high"),
    ],
)
def test_cssrs_triage_is_columbias(yes: list[str], severity: str) -> None:
    keys = ("q1", "q2", "q3", "q4", "q5", "q6_lifetime", "q6_3mo")
    scored = score("C-SSRS-screener", {key: int(key in yes) for key in keys})
    assert (scored.status, scored.severity, scored.positive) == ("complete", severity, bool(yes))


def test_cssrs_skips_and_gaps() -> None:
    assert result("C-SSRS-screener", {"q1": 0, "q2": 0, "q6_lifetime": 0})[0::2] == ("complete", "none")
    assert result("C-SSRS-screener", {"q1": 1, "q2": 1, "q6_lifetime": 0})[0::2] == ("incomplete", "low")
    assert result("C-SSRS-screener", {"q4": 1})[0::2] == ("incomplete", "high")
    assert result("C-SSRS-screener", {"q1": 0})[0::2] == ("incomplete", None)
    assert result("C-SSRS-screener", {"q7": 1})[0] == "invalid"


def test_qids_takes_the_worst_of_sleep_appetite_and_movement() -> None:
    items: list[int | None] = [1, 3, 0, 2, 1, 0, 2, 3, 0, 1, 1, 1, 1, 1, 2, 3]
    assert result("QIDS-SR16", items)[1:3] == (3 + 1 + 3 + 5 + 3, "moderate")
    items[5] = items[7] = None  # either-or questions
    assert result("QIDS-SR16", items)[:2] == ("complete", 3 + 1 + 2 + 5 + 3)
    items[6] = None
    assert result("QIDS-SR16", items)[0] == "incomplete"
    assert result("QIDS-SR16", [3] * 16)[1:3] == (27, "very_severe")


@pytest.mark.parametrize(
    ("total", "severity"),
    [
        (5, "none"),
        (6, "mild"),
        (10, "mild"),
        (11, "moderate"),
        (15, "moderate"),
        (16, "severe"),
        (20, "severe"),
        (21, "very_severe"),
    ],
)
def test_qids_bands(total: int, severity: str) -> None:
    sleep, mood = [min(3, total), 0, 0, 0], [min(3, max(0, total - 3 - 3 * n)) for n in range(6)]
    psycho = min(3, max(0, total - 21))
    assert result("QIDS-SR16", [*sleep, mood[0], 0, 0, 0, 0, *mood[1:], psycho, 0])[1:3] == (total, severity)


@pytest.mark.parametrize(
    ("total", "severity"),
    [
        (10, "nondepressed"),
        (11, "minimal"),
        (20, "minimal"),
        (21, "mild"),
        (31, "moderate"),
        (45, "moderate"),
        (46, "severe"),
    ],
)
def test_cudos_bands(total: int, severity: str) -> None:
    assert result("CUDOS", [min(4, max(0, total - 4 * n)) for n in range(16)])[1:3] == (total, severity)


def test_madrs_and_cadss_are_totals_without_bands() -> None:
    assert result("MADRS", [6] * 10) == ("complete", 60, None, None)
    assert result("CADSS-6", [4] * 6) == ("complete", 24, None, None)


@pytest.mark.parametrize(
    ("months", "severity", "failed", "extra", "total", "band"),
    [
        (12, "subsyndromal", 2, 0, 3, "mild"),
        (13, "mild", 3, 0, 6, "mild"),
        (24, "moderate", 4, 0, 7, "moderate"),
        (25, "severe", 5, 0, 10, "moderate"),
        (25, "severe", 7, 0, 11, "severe"),
        (25, "severe_psychotic", 11, 1, 15, "severe"),
        (1, "subsyndromal", 10, 0, 6, "mild"),
    ],
)
def test_maudsley_staging(months: int, severity: str, failed: int, extra: int, total: int, band: str) -> None:
    items = {"duration_months": months, "severity": severity, "failed_medications": failed}
    assert result("MSM", {**items, "augmentation": extra, "ect": bool(extra)})[1:3] == (total, band)


def test_maudsley_staging_needs_a_failed_medicine_and_every_answer() -> None:
    items = {"duration_months": 3, "severity": "mild", "failed_medications": 0, "augmentation": 0, "ect": 0}
    assert result("MSM", items)[0] == "unscorable"
    assert score("MSM", {**items, "failed_medications": None}).extra["missing"] == [3]


@pytest.mark.parametrize(
    ("name", "baseline", "followup", "expected"),
    [
        ("PHQ-9", 20, 10, (50.0, True, False, True)),
        ("PHQ-9", 20, 11, (45.0, False, False, True)),
        ("PHQ-9", 9, 4, (55.6, True, True, True)),
        ("PHQ-9", 9, 5, (44.4, False, False, False)),
        ("PHQ-9", 10, 16, (-60.0, False, False, False)),
        ("MADRS", 30, 10, (66.7, True, True, None)),
        ("MADRS", 30, 11, (63.3, True, False, None)),
        ("PCL-5", 40, 30, (25.0, False, None, True)),
        ("PCL-5", 40, 31, (22.5, False, None, False)),
    ],
)
def test_outcome(name: str, baseline: int, followup: int, expected: tuple[Any, ...]) -> None:
    extra = score("OUTCOME", {"instrument": name, "baseline": baseline, "followup": followup}).extra
    assert tuple(extra[key] for key in ("pct_reduction", "response", "remission", "meaningful_change")) == expected


def test_outcome_from_a_baseline_of_nothing_cannot_be_scored() -> None:
    assert result("OUTCOME", {"instrument": "PHQ-9", "baseline": 0, "followup": 3})[0] == "unscorable"
    assert result("OUTCOME", {"instrument": "PHQ-9", "baseline": None, "followup": 3})[0] == "incomplete"
    assert result("OUTCOME", {"instrument": "PHQ-9", "baseline": 28, "followup": 3})[0] == "invalid"


@pytest.mark.parametrize(
    ("sbp", "dbp", "severity"),
    [
        (140, 90, "ok"),
        (141, 90, "hold_review"),
        (140, 91, "hold_review"),
        (160, 100, "hold_review"),
        (161, 90, "do_not_start"),
        (140, 101, "do_not_start"),
    ],
)
def test_gate_before_an_infusion(sbp: int, dbp: int, severity: str) -> None:
    assert result("VITALS-GATE", {"phase": "pre", "sbp": sbp, "dbp": dbp, "hr": 70})[2] == severity


@pytest.mark.parametrize(
    ("changed", "severity"),
    [
        ({}, "ok_monitor"),
        ({"sbp": 181}, "urgent"),
        ({"dbp": 101}, "urgent"),
        ({"hr": 111}, "urgent"),
        ({"spo2": 91}, "urgent"),
        ({"spo2": None}, "ok_monitor"),
    ],
)
def test_band_during_an_infusion(changed: dict[str, int | None], severity: str) -> None:
    vitals = {"phase": "during", "sbp": 180, "dbp": 100, "hr": 110, "spo2": 92}
    assert result("VITALS-GATE", {**vitals, **changed})[2] == severity


def test_a_missing_vital_sign_never_reads_as_ok() -> None:
    assert result("VITALS-GATE", {"phase": "pre", "sbp": 120, "hr": 70})[0::2] == ("incomplete", None)
    assert result("VITALS-GATE", {"phase": "pre", "sbp": 190, "hr": 70})[0::2] == ("incomplete", "do_not_start")
    assert result("VITALS-GATE", {"phase": "pre", "sbp": 80, "dbp": 120, "hr": 70})[0] == "invalid"


def test_an_unknown_instrument_is_refused() -> None:
    with pytest.raises(UnknownInstrument):
        score("phq9", [0] * 9)


@pytest.mark.parametrize("name", sorted(INSTRUMENTS))
@pytest.mark.parametrize("items", [None, [], "000000000", 7, {"strange": 1}, [True] * 9, [[]] * 10])
def test_what_is_no_answer_sheet_is_invalid(name: str, items: object) -> None:
    if name == "PC-PTSD-5" and items == []:
        items = [2]
    scored = score(name, items)
    assert scored.status == "invalid"
    assert (scored.score, scored.severity, scored.positive) == (None, None, None)
