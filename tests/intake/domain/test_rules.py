"""For each rule of the decision table: facts that fire it, and facts that just do not. Numbers are as published."""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from importlib.resources import files
from typing import Any

import pytest

from intake.domain.facts import AsqAnswer, Facts, Tri
from intake.domain.library import dose_table, match, policy
from intake.domain.policy import Policy, parse_policy
from intake.domain.screening import Finding, screen
from intake.domain.trials import Trial, adequacy

YES, NO, UNKNOWN = Tri.YES, Tri.NO, Tri.UNKNOWN

QUIET = Facts(phq9_item9=0, asq=("N", "N", "N", "N", None), weight_kg=70, weight_age_days=0)

ASQ: tuple[AsqAnswer | None, ...] = ("N", "N", "N", "N", "N")


def history(name: str, answer: Tri) -> Facts:
    values: dict[str, Any] = {name: answer}
    return Facts(**values)


def medicine(text: str) -> Facts:
    return Facts(medicines=(match(text),))


# rule: (facts that fire it, facts that just do not)
NUMBERS: dict[str, list[tuple[Facts, Facts]]] = {
    "D01": [(Facts(phq9_item9=1), Facts(phq9_item9=0))],
    "D02": [(Facts(asq=("N", "N", "N", "N", "Y")), Facts(asq=ASQ))],
    "D03": [(Facts(asq=("N", "Y", "N", "N", "N")), Facts(asq=ASQ))],
    "D04": [
        (Facts(asq=("Y", "N", "N", "N", None)), Facts(asq=("N", "N", "N", "N", None))),
        (Facts(asq=("Y", "N", "N", "N", "R")), Facts(asq=("Y", "N", "N", "N", "N"))),
        (Facts(asq=("R", "N", "N", "N", None), age_years=17), Facts(asq=("R", "N", "N", "N", None), age_years=18)),
    ],
    "D05": [
        (Facts(cssrs_q4=1), Facts(cssrs_q4=0, cssrs_q3=1)),
        (Facts(cssrs_q5=1), Facts(cssrs_q5=0)),
        (Facts(cssrs_q6_3mo=1), Facts(cssrs_q6_3mo=0, cssrs_q6_lifetime=1)),
    ],
    "D06": [(Facts(cssrs_q3=1), Facts(cssrs_q3=0)), (Facts(cssrs_q6_lifetime=1), Facts(cssrs_q6_lifetime=0))],
    "D07": [
        (Facts(asq=ASQ), replace(QUIET)),
        (Facts(), Facts(phq9_item9=0)),
        (Facts(phq9_item9=1), Facts(phq9_item9=1, asq=("N", "N", "N", "N", None))),
        (Facts(phq9_item9=0, asq=("N", "R", "N", "N", None)), replace(QUIET)),
        (Facts(phq9_item9=0, asq=("N", "N", "N", None, None)), replace(QUIET)),
        (Facts(phq9_item9=0, asq=("N", "N", "N", "N", "R")), replace(QUIET)),
    ],
    "D08": [(Facts(phq9_score=20), Facts(phq9_score=19))],
    "D09": [(Facts(phq9_score=10), Facts(phq9_score=9)), (Facts(phq9_score=19), Facts(phq9_score=20))],
    "D10": [(Facts(phq9_score=9), Facts(phq9_score=10))],
    "D11": [(Facts(phq9_difficulty=2), Facts(phq9_difficulty=1))],
    "D12a": [(Facts(gad7_score=15), Facts(gad7_score=14))],
    "D12b": [(Facts(gad7_score=10), Facts(gad7_score=9)), (Facts(gad7_score=14), Facts(gad7_score=15))],
    "D13": [(Facts(pcptsd5_score=3), Facts(pcptsd5_score=2))],
    "D14": [
        (Facts(pcl5_score=33), Facts(pcl5_score=32)),
        (Facts(pcl5_score=12, pcl5_provisional=True), Facts(pcl5_score=12, pcl5_provisional=False)),
    ],
    "D15": [(Facts(pcl5_score=31), Facts(pcl5_score=30)), (Facts(pcl5_score=32), Facts(pcl5_score=33))],
    "D16": [(Facts(indications=("ptsd",)), Facts(indications=("depression", "ptsd")))],
    "D17": [
        (
            Facts(mdq_score=7, mdq_same_time=True, mdq_problem="moderate"),
            Facts(mdq_score=6, mdq_same_time=True, mdq_problem="moderate"),
        ),
        (
            Facts(mdq_score=7, mdq_same_time=True, mdq_problem="serious"),
            Facts(mdq_score=7, mdq_same_time=True, mdq_problem="minor"),
        ),
    ],
    "D18": [
        (Facts(mdq_score=7), Facts(mdq_score=6)),
        (
            Facts(mdq_score=13, mdq_same_time=False, mdq_problem="serious"),
            Facts(mdq_score=13, mdq_same_time=True, mdq_problem="serious"),
        ),
    ],
    "D21": [(Facts(rms_score=4), Facts(rms_score=3))],
    "D23": [(Facts(psychosis_history=YES), Facts(psychosis_history=NO))],
    "D25": [
        (Facts(audit_c_score=4, sex_for_audit_c="male"), Facts(audit_c_score=3, sex_for_audit_c="male")),
        (Facts(audit_c_score=3, sex_for_audit_c="female"), Facts(audit_c_score=2, sex_for_audit_c="female")),
        (Facts(audit_c_score=3), Facts(audit_c_score=2)),
    ],
    "D26": [(Facts(audit_c_score=5), Facts(audit_c_score=4))],
    "D28": [
        (Facts(sisq_times=1), Facts(sisq_times=0)),
        (Facts(taps1_positive=("rx_misuse",)), Facts(taps1_positive=("tobacco", "alcohol"))),
    ],
    "D33": [
        (
            Facts(hypertension_treated=YES, bp_systolic=140, bp_diastolic=90),
            Facts(hypertension_treated=YES, bp_systolic=141, bp_diastolic=90),
        ),
        (
            Facts(hypertension_treated=YES, bp_systolic=120, bp_diastolic=80),
            Facts(hypertension_treated=YES, bp_systolic=120),
        ),
    ],
    "D34": [(Facts(bp_systolic=141), Facts(bp_systolic=140)), (Facts(bp_diastolic=91), Facts(bp_diastolic=90))],
    "D35": [
        (Facts(bp_systolic=161), Facts(bp_systolic=160)),
        (Facts(bp_diastolic=101), Facts(bp_diastolic=100)),
        (Facts(hypertension_uncontrolled=YES), Facts(hypertension_uncontrolled=NO)),
    ],
    "D60": [(Facts(age_years=17), Facts(age_years=18))],
    "D61": [(Facts(age_years=65), Facts(age_years=64))],
    "D62": [(Facts(weight_kg=120, height_cm=200), Facts(weight_kg=119.9, height_cm=200))],
    "D63": [(Facts(weight_kg=73.9, height_cm=200), Facts(weight_kg=74, height_cm=200))],
    "D64": [
        (Facts(weight_kg=70, weight_age_days=15), Facts(weight_kg=70, weight_age_days=14)),
        (Facts(weight_kg=70), Facts(weight_kg=70, weight_age_days=0)),
        (Facts(), Facts(weight_kg=70, weight_age_days=0)),
    ],
    "D65": [(Facts(adequate_trials=1), Facts(adequate_trials=2))],
    "D66": [(Facts(uncertain_trials=1), Facts(uncertain_trials=0))],
    "D75": [
        (medicine("blorpazine"), medicine("Zoloft 100 mg")),
        (medicine("Zoloft and blorpazine"), medicine("Zoloft and Lipitor")),
    ],
    "D81": [
        (Facts(ketamine_elsewhere_weeks_ago=7), Facts(ketamine_elsewhere_weeks_ago=8)),
        (medicine("Spravato 84 mg weekly"), medicine("memantine")),
    ],
    "D85": [
        (
            Facts(infusions_given=3, phq9_baseline=26, phq9_score=21),
            Facts(infusions_given=3, phq9_baseline=25, phq9_score=20),
        ),
        (
            Facts(infusions_given=3, phq9_baseline=20, phq9_score=16.01),  # prorated scores keep their fraction
            Facts(infusions_given=3, phq9_baseline=20, phq9_score=16),
        ),
        (
            Facts(infusions_given=6, phq9_baseline=20, phq9_score=25),
            Facts(infusions_given=5, phq9_baseline=20, phq9_score=25),
        ),
    ],
    "D86": [
        (Facts(phq9_before_infusion=10, phq9_score=15), Facts(phq9_before_infusion=10, phq9_score=14)),
    ],
}

# rules that are lists of answers: (fact, the answer that fires, one that does not)
HISTORIES: dict[str, list[tuple[str, Tri, Tri]]] = {
    "D19": [
        (name, YES, NO)
        for name in (
            "bipolar_told",
            "bipolar_hospitalised",
            "bipolar_high_mood_4_days",
            "bipolar_switch_on_medicine",
            "bipolar_family",
            "bipolar_mood_stabiliser",
            "elevated_mood_now",
        )
    ],
    "D20": [("elevated_mood_now", YES, NO)],
    "D22": [("psychosis_now", YES, NO)],
    "D24": [("psychosis_family", YES, NO)],
    "D27": [(f"alcohol_{name}", YES, NO) for name in ("withdrawal", "daily_heavy", "withdrawal_seizures")],
    "D29": [("ketamine_pcp_misuse", YES, NO)],
    "D30": [("substance_use_disorder_active", YES, NO), ("opioid_misuse", YES, NO)],
    "D31": [("urine_tox_unexpected", YES, NO)],
    "D32": [("cannabis_daily", YES, NO)],
    "D36": [
        (name, YES, NO)
        for name in (
            "unstable_angina",
            "recent_mi_or_stroke",
            "heart_failure_decompensated",
            "serious_arrhythmia",
            "severe_valve_disease",
        )
    ],
    "D37": [
        ("stable_coronary_disease", YES, NO),
        ("atrial_fibrillation", YES, NO),
        ("heart_murmur", YES, NO),
        ("can_climb_two_flights", NO, YES),
        ("can_climb_two_flights", UNKNOWN, YES),
    ],
    "D38": [("aneurysm", YES, NO)],
    "D39": [("arteriovenous_malformation", YES, NO)],
    "D40": [("brain_bleed", YES, NO)],
    "D41": [
        (name, YES, NO)
        for name in ("raised_intracranial_pressure", "brain_tumour", "hydrocephalus", "recent_head_injury")
    ],
    "D42": [("glaucoma", YES, NO)],
    "D43": [("hypertensive_encephalopathy", YES, NO)],
    "D44": [("seizure_disorder", YES, NO)],
    "D45": [(name, YES, NO) for name in ("pregnant", "could_be_pregnant", "trying_to_conceive")],
    "D46": [("breastfeeding", YES, NO)],
    "D47": [("severe_liver_disease", YES, NO)],
    "D48": [("moderate_liver_disease", YES, NO), ("abnormal_liver_tests", YES, NO)],
    "D49": [("severe_kidney_disease", YES, NO)],
    "D50": [("bladder_symptoms", YES, NO), ("cystitis", YES, NO)],
    "D51": [("hyperthyroidism_untreated", YES, NO)],
    "D52": [("thyroid_replacement", YES, NO)],
    "D53": [("ketamine_allergy", YES, NO)],
    "D55": [("ketamine_bad_reaction", YES, NO)],
    "D56": [("severe_lung_disease", YES, NO), ("home_oxygen", YES, NO), ("untreated_sleep_apnoea", YES, NO)],
    "D57": [("porphyria", YES, NO)],
    "D58": [("cognitive_impairment", YES, NO)],
    "D59": [("capacity_concern", YES, NO)],
    "D67": [("escort_confirmed", NO, YES), ("escort_confirmed", UNKNOWN, YES)],
    "D68": [("drives_for_work", YES, NO)],
    "D78": [("recent_surgery", YES, NO), ("anaesthesia_problem", YES, NO), ("difficult_airway", YES, NO)],
    "D79": [("fasted", NO, YES)],
    "D80": [("acute_illness", YES, NO)],
    "D82": [("ect_or_tms_now", YES, NO)],
    "D87": [("mania_symptoms_in_series", YES, NO)],
    "D88": [("home_unsafe", YES, NO), ("alone_at_home", YES, NO)],
}

# rules on medicines: texts that fire them; a medicine of another class does not
MEDICINES = {
    "D52": ["Synthroid 50 mcg"],
    "D69": ["Xanax 0.5 mg", "ambien as needed"],
    "D70": ["Lamictal XR"],
    "D71": ["Parnate", "EMSAM patch"],
    "D72": ["Adderall XR 20mg", "Sudafed"],
    "D73": ["theophylline"],
    "D74": ["Suboxone", "methadone 40 mg", "Vivitrol", "oxycodone"],
    "D76": ["clarithromycin", "Tegretol", "St. John’s wort", "Plavix"],
    "D77": ["Seroquel 50 mg", "lithium carbonate 300mg", "Depakote ER"],
}
UNRELATED = "Lipitor 20 mg"

HIGH = {"D30", "D51", "D73", "D86"}
CONTRA = {
    *("D20", "D22", "D27", "D29", "D35", "D36", "D38", "D39", "D40", "D41", "D45", "D46", "D47", "D53", "D60"),
}
URGENT = {"D01": 1, "D02": 2, "D03": 1, "D04": 2, "D05": 2, "D06": 1, "D87": 1}
INFO = {"D09", "D11", "D12b", "D13", "D15", "D24", "D33", "D52", "D76"}


def found(rule: str, facts: Facts, table: Policy | None = None) -> Finding | None:
    return next((finding for finding in screen(facts, table or policy()) if finding.rule == rule), None)


def expected_flag(rule: str) -> str:
    if rule in URGENT:
        return f"URGENT-{URGENT[rule]}"
    return "CONTRA" if rule in CONTRA else "INFO" if rule in INFO else "REVIEW"


@pytest.mark.parametrize(("rule", "fires", "not_quite"), [(r, *pair) for r, pairs in NUMBERS.items() for pair in pairs])
def test_a_number_fires_its_rule_at_the_published_value_and_not_before(
    rule: str, fires: Facts, not_quite: Facts
) -> None:
    finding = found(rule, fires)
    assert finding is not None
    assert (finding.flag, finding.high) == (expected_flag(rule), rule in HIGH)
    assert finding.because
    assert finding.source
    assert found(rule, not_quite) is None


@pytest.mark.parametrize(
    ("rule", "name", "fires", "not_quite"), [(r, *case) for r, cases in HISTORIES.items() for case in cases]
)
def test_a_history_fires_its_rule(rule: str, name: str, fires: Tri, not_quite: Tri) -> None:
    finding = found(rule, history(name, fires))
    assert finding is not None
    assert (finding.flag, finding.high) == (expected_flag(rule), rule in HIGH)
    assert finding.because == (f"{name}={fires.value}",)
    assert found(rule, history(name, not_quite)) is None
    assert found(rule, Facts()) is None


@pytest.mark.parametrize(("rule", "text"), [(rule, text) for rule, texts in MEDICINES.items() for text in texts])
def test_a_medicine_fires_its_rule(rule: str, text: str) -> None:
    finding = found(rule, medicine(text))
    assert finding is not None
    assert (finding.flag, finding.high) == (expected_flag(rule), rule in HIGH)
    assert text in finding.because[0]
    assert found(rule, medicine(UNRELATED)) is None


def test_every_rule_of_the_table_is_there_and_tested() -> None:
    numbers = [n for n in range(1, 89) if n not in (12, 54, 83, 84)]
    table = {f"D{n:02}" for n in numbers} | {"D12a", "D12b"}
    assert set(policy().rules) == table
    assert table == {*NUMBERS, *HISTORIES, *MEDICINES}


@pytest.mark.parametrize("rule", sorted(CONTRA - {"D35", "D60"}))
def test_unknown_is_not_no_where_yes_would_be_a_contraindication(rule: str) -> None:
    for name, _, _ in HISTORIES[rule]:
        finding = found(rule, history(name, UNKNOWN))
        assert finding is not None
        assert finding.flag == "REVIEW"
        assert finding.because == (f"{name}=unknown",)


def test_unknown_control_of_blood_pressure_is_a_review() -> None:
    finding = found("D35", Facts(hypertension_uncontrolled=UNKNOWN))
    assert finding is not None
    assert finding.flag == "REVIEW"
    both = found("D35", Facts(hypertension_uncontrolled=UNKNOWN, bp_systolic=170))
    assert both is not None
    assert both.flag == "CONTRA"


def test_diagnosed_schizophrenia_is_high() -> None:
    finding = found("D23", Facts(schizophrenia_history=YES))
    assert finding is not None
    assert finding.high


def test_a_lifetime_yes_already_assessed_is_a_review_and_any_other_yes_is_not() -> None:
    lifetime = Facts(asq=("N", "N", "N", "Y", "N"), asq_lifetime_assessed=True)
    finding = found("D03", lifetime)
    assert finding is not None
    assert finding.flag == "REVIEW"
    assert "assessed before" in finding.reason
    more = found("D03", replace(lifetime, asq=("Y", "N", "N", "Y", "N")))
    assert more is not None
    assert more.flag == "URGENT-1"


def test_the_alcohol_note_on_question_1() -> None:
    finding = found("D25", Facts(audit_c_score=4, audit_c_all_from_q1=True))
    assert finding is not None
    assert "question 1" in finding.reason


def test_treated_hypertension_without_a_reading_is_a_review_and_with_one_it_is_not_unknown() -> None:
    for facts in (
        Facts(hypertension_treated=YES),
        Facts(hypertension_treated=YES, hypertension_uncontrolled=NO, bp_systolic=120),
    ):
        finding = found("D35", facts)
        assert finding is not None
        assert (finding.flag, finding.because[0]) == ("REVIEW", "hypertension_treated=yes")
    assert found("D35", Facts(hypertension_treated=YES, bp_systolic=120, bp_diastolic=80)) is None
    assert found("D35", Facts(hypertension_treated=NO)) is None


def test_the_cases_name_every_answer_and_class_of_the_data_and_no_other() -> None:
    """So that a fact taken out of a rule's list, or put into it, breaks a case."""
    for rule in policy().rules.values():
        if not rule.is_data:
            continue
        cases = HISTORIES.get(rule.id, [])
        listed = [(rule.any_yes, YES), (rule.any_no, NO), (rule.any_unknown, UNKNOWN)]
        assert {(n, fires) for n, fires, _ in cases} == {(n, answer) for names, answer in listed for n in names}
        classes = {name for text in MEDICINES.get(rule.id, []) for name in match(text).classes}
        assert set(rule.any_class) <= classes, rule.id


def test_no_rule_silences_another() -> None:
    """All answers that fire a rule alone, given together, fire them all."""
    yes: dict[str, Any] = {n: fires for cases in HISTORIES.values() for n, fires, _ in cases}
    texts = [text for texts in MEDICINES.values() for text in texts]
    everything = Facts(
        **yes,
        medicines=tuple(match(text) for text in [*texts, "blorpazine"]),
        age_years=17,
        phq9_item9=3,
        asq=("Y", "Y", "Y", "Y", "Y"),
        phq9_score=27,
        bp_systolic=200,
        bp_diastolic=120,
        audit_c_score=12,
        sisq_times=9,
        pcl5_score=80,
        mdq_score=13,
        rms_score=6,
        gad7_score=21,
        adequate_trials=0,
        uncertain_trials=3,
        ketamine_elsewhere_weeks_ago=1,
    )
    raised = {finding.rule for finding in screen(everything, policy())}
    assert raised >= {*HISTORIES, *MEDICINES}
    assert raised >= {
        *[
            "D01",
            "D02",
            "D08",
            "D12a",
            "D14",
            "D18",
            "D21",
            "D25",
            "D26",
            "D28",
            "D34",
            "D35",
            "D60",
            "D64",
            "D65",
            "D66",
            "D75",
            "D81",
        ]
    }


def test_a_reason_names_the_number_in_force() -> None:
    ours = policy().with_overrides(thresholds={"audit_c_men": 5, "bmi_high": 32.5})
    alcohol = found("D25", Facts(audit_c_score=5, sex_for_audit_c="male"), ours)
    weight = found("D62", Facts(weight_kg=130, height_cm=200), ours)
    assert alcohol is not None
    assert weight is not None
    assert "cut men 5, everyone else 3" in alcohol.reason
    assert "BMI at or above 32.5" in weight.reason


# Mutation: each number of the data is moved by its smallest step, in the text of the file, both ways.
Case = Callable[[Policy], bool]
DATA = (files("intake") / "data" / "screening.toml").read_text(encoding="utf-8")
WEEKS = [
    Trial(drug="sertraline", max_daily_mg=100, weeks=weeks, this_episode=YES, adherent=YES, outcome="none")
    for weeks in (6, 5)
]


def cases(*without: str) -> list[Case]:
    """Whether each pinned case still comes out as published; those of the rules in `without` left out."""
    pairs = [(rule, *pair) for rule, pairs in NUMBERS.items() if rule not in without for pair in pairs]
    told: list[Case] = [lambda table, r=r, f=f: found(r, f, table) is not None for r, f, _ in pairs]  # type: ignore[misc]
    told += [lambda table, r=r, q=q: found(r, q, table) is None for r, _, q in pairs]  # type: ignore[misc]
    if "trials" not in without:
        told.append(lambda table: [adequacy(t, dose_table(), table) for t in WEEKS] == ["adequate", "inadequate"])
    return told


def moved(name: str, steps: int) -> Policy:
    """The shipped table with one number moved by so many of its steps, read from the changed text of the file."""
    limit = policy().limits[name]
    row = re.compile(rf'(name = "{name}"\nvalue = )(\S+)\nlow = \S+\nhigh = \S+')
    value = round(limit.value + steps * limit.step, 6)
    text, count = row.subn(rf"\g<1>{value:g}\nlow = -1\nhigh = 1000", DATA)
    assert count == 1
    return parse_policy(text, "moved")


def unpinned(told: list[Case], names: Iterable[str]) -> set[str]:
    """The numbers that can be moved by one step, one way or the other, without any case noticing."""
    tables = [(name, moved(name, steps)) for name in names for steps in (-1, 1)]
    return {name for name, table in tables if all(case(table) for case in told)}


def test_moving_any_number_by_its_smallest_step_breaks_a_pinned_case() -> None:
    assert all(case(policy()) for case in cases())
    assert unpinned(cases(), policy().limits) == set()


def test_a_number_that_no_case_pins_would_be_noticed() -> None:
    """The control: without its cases, moving a number goes unseen, so the test above can fail."""
    alone = ("bmi_high", "gain_percent", "trial_min_weeks")
    assert unpinned(cases("D62", "D85", "trials"), alone) == set(alone)
