"""Answers become facts: declined is not no, closed parts do not count, totals are computed here."""

from datetime import date, timedelta
from typing import Any

import pytest

from intake.domain.facts import Tri
from intake.facts import facts_from_values, instruments_in, score_of_values, staging_prefill

TODAY = date(2026, 11, 23)


def facts(values: dict[str, Any], **more: Any) -> Any:
    return facts_from_values(values, today=TODAY, **more)


@pytest.mark.parametrize(
    ("answer", "fact"), [("yes", Tri.YES), ("no", Tri.NO), ("unknown", Tri.UNKNOWN), (None, Tri.UNKNOWN)]
)
def test_a_declined_history_question_is_unknown_and_never_no(answer: str | None, fact: Tri) -> None:
    assert facts({"heart.aneurysm": answer}).aneurysm is fact


def test_an_unanswered_question_is_no_fact() -> None:
    assert facts({}).aneurysm is None
    assert facts({}).phq9_item9 is None


def test_does_not_apply_is_a_no() -> None:
    assert facts({"pregnancy.now": "na"}).pregnant is Tri.NO


def test_phq9_adds_up_with_item_9_and_not_without_it() -> None:
    eight = {f"phq9.{n}": 2 for n in range(1, 9)}
    assert facts(eight | {"phq9.9": 1}).phq9_score == 17
    assert facts(eight | {"phq9.9": 1}).phq9_item9 == 1
    assert facts(eight).phq9_score is None
    assert facts(eight | {"phq9.9": None}).phq9_score is None


def test_no_event_scores_0_whatever_stood_below() -> None:
    five = {f"pcptsd5.{n}": 1 for n in range(1, 6)}
    assert facts(five | {"pcptsd5.0": 1}).pcptsd5_score == 5
    assert facts(five | {"pcptsd5.0": 0}).pcptsd5_score == 0
    assert facts(five | {"pcptsd5.0": None}).pcptsd5_score is None


@pytest.mark.parametrize(("sex", "positive"), [("female", True), ("unknown", True), (None, True), ("male", False)])
def test_audit_c_is_read_with_the_cut_for_that_body(sex: str | None, positive: bool) -> None:
    values = {"auditc.1": 2, "auditc.2": 1, "auditc.3": 0, "alcohol.sex": sex}
    assert score_of_values(values, "AUDIT-C").positive is positive
    assert facts(values).audit_c_score == 3


def test_never_drinking_is_0_and_its_closed_part_does_not_count() -> None:
    values = {"auditc.1": 0, "auditc.2": 4, "auditc.3": 4, "alcohol.withdrawal": "yes", "alcohol.sex": "male"}
    assert facts(values).audit_c_score == 0
    assert facts(values).alcohol_withdrawal is None
    assert facts({"auditc.1": None, "alcohol.sex": "male"}).audit_c_score is None


def test_body_measures_are_converted() -> None:
    found = facts({"body.height_ft": 5, "body.height_in": 10, "body.weight_lb": 200.0, "body.weight_when": "today"})
    assert (found.height_cm, found.weight_kg, found.weight_age_days) == (177.8, 90.7, 1)


def test_a_weight_grows_older_after_it_was_told() -> None:
    values = {"body.weight_lb": 200.0, "body.weight_when": "weeks"}
    assert facts(values, scale_asked_on=TODAY - timedelta(days=10)).weight_age_days == 24
    assert facts(values | {"body.weight_when": "unknown"}).weight_age_days is None


@pytest.mark.parametrize(("birth", "age"), [(date(1985, 11, 23), 41), (date(1985, 11, 24), 40)])
def test_age_counts_birthdays(birth: date, age: int) -> None:
    assert facts({}, birth_on=birth).age_years == age


def test_medicines_are_kept_as_written_and_the_unknown_one_is_not_recognised() -> None:
    values = {
        "medicines.any": "yes",
        "medicine.aaaaaaaa": {"name": "Lamictal", "dose": "100 mg", "often": "daily"},
        "medicine.bbbbbbbb": {"name": "Zorblax forte", "dose": "", "often": ""},
    }
    known, strange = facts(values).medicines
    assert known.recognised
    assert known.ingredients == ("lamotrigine",)
    assert (strange.text, strange.recognised) == ("Zorblax forte", False)
    assert facts({"medicines.any": "no"}).medicines == ()
    assert facts({"medicines.any": None}).medicines is None
    assert facts({}).medicines is None


def test_trials_count_different_agents_by_brand_or_ingredient() -> None:
    row = {"mg": 200.0, "weeks": 10, "episode": "yes", "adherent": "yes", "outcome": "none"}
    values = {
        "trials.any": "yes",
        "trial.aaaaaaaa": {**row, "drug": "Zoloft"},
        "trial.bbbbbbbb": {**row, "drug": "sertraline"},
        "trial.cccccccc": {**row, "drug": "bupropion", "mg": None},
    }
    assert (facts(values).adequate_trials, facts(values).uncertain_trials) == (1, 1)
    assert facts({"trials.any": "no"}).adequate_trials == 0
    assert facts({"trials.any": None}).adequate_trials is None


def test_ketamine_elsewhere_counts_only_with_a_yes() -> None:
    assert facts({"ketamine.before": "yes", "ketamine.weeks": 3}).ketamine_elsewhere_weeks_ago == 3
    assert facts({"ketamine.before": "no", "ketamine.weeks": 3}).ketamine_elsewhere_weeks_ago is None


def items(short: str, *answers: int | str | None) -> dict[str, Any]:
    return {f"{short}.{number}": answer for number, answer in enumerate(answers, 1)}


EXPOSED = {"pcptsd5.0": 1} | items("pcptsd5", 1, 1, 1, 0, 0)


def test_anxiety_is_scored_and_prorated_as_published() -> None:
    assert facts(items("gad7", 3, 3, 3, 2, 2, 1, 1)).gad7_score == 15
    assert facts(items("gad7", 3, 3, 3, 3, 3, None, None)).gad7_score == 21
    assert facts(items("gad7", 3, 3, 3, 3, None, None, None)).gad7_score is None
    assert facts({}).gad7_score is None


def test_the_trauma_list_has_a_total_and_a_pattern() -> None:
    pattern = items("pcl5", 2, 0, 0, 0, 0, 2, 0, 2, 2, 0, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0)
    found = facts(EXPOSED | pattern)
    assert (found.pcl5_score, found.pcl5_provisional) == (12, True)
    assert facts(EXPOSED | pattern | {"pcl5.20": None}).pcl5_score is None
    assert facts(EXPOSED | pattern | {"pcl5.20": None}).pcl5_provisional is None


def test_a_trauma_list_that_was_closed_since_does_not_count() -> None:
    full = items("pcl5", *[4] * 20)
    assert facts(EXPOSED | full).pcl5_score == 80
    assert facts(EXPOSED | full | {"pcptsd5.0": 0}).pcl5_score is None
    assert facts(EXPOSED | full | {"pcptsd5.3": 0}).pcl5_score is None


def test_substances_used_are_named_and_only_after_a_positive_drug_question() -> None:
    used = items("taps1", "never", "weekly", "daily", "never")
    assert facts({"sisq.1": 3} | used).taps1_positive == ("alcohol", "illicit")
    assert facts({"sisq.1": 3} | used | {"taps1.1": None}).taps1_positive == ("alcohol", "illicit")
    assert facts({"sisq.1": 0} | used).taps1_positive is None
    assert facts({"sisq.1": 3}).taps1_positive is None


def test_the_instruments_of_an_intake_are_those_that_were_asked() -> None:
    assert instruments_in({}) == ()
    assert instruments_in(items("gad7", None) | items("phq9", 1) | {"sisq.1": 2}) == ("PHQ-9", "GAD-7", "SISQ-Drug")
    assert instruments_in({"sisq.1": 0} | items("taps1", "daily")) == ("SISQ-Drug",)


def test_a_brand_chosen_from_the_list_is_its_ingredient() -> None:
    row = {"mg": 100.0, "weeks": 10, "episode": "yes", "adherent": "yes", "outcome": "none"}
    values = {"trials.any": "yes", "trial.aaaaaaaa": {**row, "drug": "Zoloft (sertraline)"}}
    assert facts(values).adequate_trials == 1


def test_staging_is_prefilled_with_what_the_patient_can_tell_and_no_more() -> None:
    def tried(drug: str, outcome: str, episode: str = "yes") -> dict[str, Any]:
        return {"drug": drug, "outcome": outcome, "episode": episode}

    values = {
        "reason.months": 14,
        "trials.any": "yes",
        "trial.aaaaaaaa": tried("Zoloft", "none"),
        "trial.bbbbbbbb": tried("sertraline", "partial"),  # the same agent again
        "trial.cccccccc": tried("bupropion", "partial"),
        "trial.dddddddd": tried("mirtazapine", "intolerant"),
        "trial.eeeeeeee": tried("duloxetine", "none", "no"),
    }
    assert staging_prefill(values) == {"duration_months": 14, "failed_medications": 2}
    assert staging_prefill({"trials.any": "no"}) == {"duration_months": None, "failed_medications": 0}
    assert staging_prefill({}) == {"duration_months": None, "failed_medications": None}
