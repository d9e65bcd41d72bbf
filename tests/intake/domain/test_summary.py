"""The top line of the review."""

from intake.domain.facts import Facts, Tri
from intake.domain.library import policy
from intake.domain.summary import summary


def test_one_breath() -> None:
    facts = Facts(
        age_years=41,
        indications=("depression",),
        adequate_trials=3,
        sex_for_audit_c="female",
        audit_c_score=3,
        bipolar_told=Tri.YES,
        bipolar_family=Tri.YES,
        bipolar_hospitalised=Tri.NO,
    )
    assert summary(facts, policy()) == (
        "41, depression, 3 adequate trials reported, alcohol screen positive, bipolar history: 2 yes"
    )


def test_what_is_negative_is_left_out_and_what_is_unknown_is_said() -> None:
    facts = Facts(
        age_years=30,
        indications=("depression", "ptsd"),
        adequate_trials=1,
        uncertain_trials=2,
        sex_for_audit_c="male",
        audit_c_score=3,
        sisq_times=2,
        bipolar_told=Tri.UNKNOWN,
    )
    assert summary(facts, policy()) == (
        "30, depression and PTSD, 1 adequate trial reported (2 uncertain), drug screen positive, "
        "bipolar history: 1 unknown"
    )


def test_an_empty_intake() -> None:
    assert summary(Facts(), policy()) == (
        "age unknown, reason not given, trials not recorded, alcohol screen missing"
    )  # fmt: skip
