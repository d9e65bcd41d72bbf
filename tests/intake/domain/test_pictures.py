"""The short paragraphs of the review: what speaks for what, in words that repeat and never judge."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings

from intake.domain.facts import Facts, Tri
from intake.domain.library import dose_table, match, policy
from intake.domain.pictures import CHECKLIST, Picture, pictures
from intake.domain.policy import Policy
from intake.domain.trials import Trial, count
from tests.intake.domain.test_screening import VERDICTS, any_facts

YES, NO, UNKNOWN = Tri.YES, Tri.NO, Tri.UNKNOWN
ALL_NO: dict[str, Any] = dict.fromkeys(CHECKLIST, NO)


def picture(key: str, facts: Facts, table: Policy | None = None) -> Picture:
    return next(one for one in pictures(facts, table or policy()) if one.key == key)


def test_a_history_a_medicine_and_a_screen_speak_for_bipolar_disorder() -> None:
    facts = Facts(
        **{**ALL_NO, "bipolar_family": YES, "bipolar_told": UNKNOWN},
        mdq_score=8,
        mdq_same_time=True,
        mdq_problem="serious",
        medicines=(match("Seroquel 50 mg"),),
    )
    shown = picture("bipolar", facts)
    assert shown.weighs
    assert shown.text == (
        "Speaks for bipolar disorder: history: first-degree relative with bipolar disorder; MDQ 8 of 13, positive; "
        "medicines: Seroquel 50 mg. "
        "Speaks for depression alone: 5 of 7 history questions answered no. "
        "Not known: told of bipolar disorder. "
        "In bipolar depression the effect is shorter-lived and less studied; a switch needs a plan."
    )
    assert any("interview" in one for one in shown.ask)
    assert any("given for" in one for one in shown.ask)


def test_a_negative_mdq_never_clears_a_positive_history() -> None:
    shown = picture("bipolar", Facts(**{**ALL_NO, "bipolar_told": YES}, mdq_score=2))
    assert "A negative screen never clears a positive history" in shown.text
    assert "MDQ 2 of 13, below 7" in shown.text


def test_elevated_mood_now_is_asked_about_first() -> None:
    assert "now" in picture("bipolar", Facts(elevated_mood_now=YES)).ask[0]


def test_where_all_is_no_one_question_is_left() -> None:
    shown = picture("bipolar", Facts(**ALL_NO))
    assert not shown.weighs
    assert shown.text == "Speaks for depression alone: 7 of 7 history questions answered no."
    assert len(shown.ask) == 1


@pytest.mark.parametrize(
    ("sex", "score", "says"),
    [
        ("male", 3, "below the cut of 4 for male sex"),
        ("male", 4, "at or above the cut of 4 for male sex"),
        ("female", 3, "at or above the cut of 3 for female sex"),
        (None, 3, "at or above the cut of 3 for unknown sex"),
        ("female", 5, "brief intervention (VA/DoD)"),
    ],
)
def test_alcohol_is_told_with_both_cuts(sex: Any, score: int, says: str) -> None:
    text = picture("substances", Facts(sex_for_audit_c=sex, audit_c_score=score)).text
    assert says in text
    assert "men 4, others 3" in text


def test_the_note_on_question_1_follows_a_positive_screen_only() -> None:
    assert "question 1" in picture("substances", Facts(audit_c_score=4, audit_c_all_from_q1=True)).text
    assert "question 1" not in picture("substances", Facts(audit_c_score=2, audit_c_all_from_q1=True)).text


def test_drugs_withdrawal_and_opioids_are_told_and_asked_about() -> None:
    facts = Facts(
        sisq_times=3,
        taps1_positive=("illicit", "tobacco"),
        ketamine_pcp_misuse=YES,
        alcohol_withdrawal=YES,
        urine_tox_unexpected=YES,
        medicines=(match("Suboxone"),),
    )
    shown = picture("substances", facts)
    for words in ("positive (3 times", "illegal drugs", "ketamine or PCP", "ill when drinking stops", "unexpected"):
        assert words in shown.text
    assert "Suboxone" in shown.text
    assert shown.ask[0].startswith("Withdrawal first")
    assert not picture("substances", Facts(audit_c_score=0, sisq_times=0)).weighs


def test_ptsd_shows_both_outputs_and_that_neither_is_a_diagnosis() -> None:
    text = picture("ptsd", Facts(pcptsd5_score=3, pcl5_score=32, pcl5_provisional=True)).text
    assert "PC-PTSD-5 3 of 5: at or above 3 and below 4" in text
    assert "PCL-5 32 of 80: below the cut of 33, within the published band; the DSM-5 pattern is met" in text
    assert "Neither is a diagnosis" in text
    assert "mixed" in text


def test_a_positive_screen_without_its_checklist_asks_for_it() -> None:
    assert "PCL-5" in picture("ptsd", Facts(pcptsd5_score=3)).ask[0]
    assert all("PCL-5 answered" not in one for one in picture("ptsd", Facts(pcptsd5_score=3, pcl5_score=5)).ask)
    assert not any(one.key == "ptsd" for one in pictures(Facts(pcptsd5_score=0), policy()))
    assert any(one.key == "ptsd" for one in pictures(Facts(indications=("ptsd",)), policy()))


def test_trials_are_a_criterion_that_was_self_reported_and_never_a_diagnosis() -> None:
    tried = Trial(drug="sertraline", max_daily_mg=100, weeks=8, this_episode=YES, adherent=YES, outcome="none")
    rows = [tried, replace(tried, drug="bupropion", max_daily_mg=300), replace(tried, drug="duloxetine", weeks=None)]
    counted = count(rows, dose_table(), policy())
    facts = Facts(adequate_trials=counted.adequate, uncertain_trials=counted.uncertain)
    shown = pictures(facts, policy(), counted)[-1]
    assert "meets the ≥2-trial history criterion (self-reported)" in shown.text
    assert "Adequate as reported: sertraline (100 mg, 8 weeks); bupropion (300 mg, 8 weeks)." in shown.text
    assert "Uncertain: duloxetine (100 mg, weeks not known)." in shown.text
    assert "TRD" not in shown.text
    assert "resistant" not in shown.text


def test_the_criterion_follows_the_clinics_number() -> None:
    four = policy().with_overrides(thresholds={"adequate_trials": 4})
    assert "does not meet the ≥4-trial" in picture("trials", Facts(adequate_trials=3), four).text
    bipolar = Facts(adequate_trials=1, indications=("bipolar_depression",))
    assert "In bipolar depression one adequate trial" in picture("trials", bipolar).text


@given(any_facts())
@settings(max_examples=30, deadline=None)
def test_no_picture_is_a_verdict_or_empty(facts: Facts) -> None:
    for shown in pictures(facts, policy()):
        assert shown.text
        said = " ".join([shown.title, shown.text, *shown.ask]).lower()
        assert not any(word in said for word in VERDICTS)
        assert "None" not in shown.text + " ".join(shown.ask)
