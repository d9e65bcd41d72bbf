"""Adequacy of antidepressant trials: each test alone decides, and what is unknown is uncertain."""

from dataclasses import replace
from typing import Any

import pytest

from intake.domain.facts import Tri
from intake.domain.library import dose_table, policy
from intake.domain.reading import DataError
from intake.domain.trials import Trial, adequacy, checked_doses, count, parse_doses

GOOD = Trial(
    drug="sertraline", max_daily_mg=50, weeks=6, this_episode=Tri.YES, adherent=Tri.YES, outcome="none"
)  # fmt: skip


def result(**changes: Any) -> str:
    return adequacy(replace(GOOD, **changes), dose_table(), policy())


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "adequate"),
        ({"outcome": "partial"}, "adequate"),
        ({"adherent": Tri.UNKNOWN}, "adequate"),
        ({"drug": "Sertraline"}, "adequate"),
        ({"max_daily_mg": 49}, "inadequate"),
        ({"weeks": 5.9}, "inadequate"),
        ({"adherent": Tri.NO}, "inadequate"),
        ({"outcome": "remitted"}, "inadequate"),
        ({"outcome": "intolerant"}, "intolerance"),
        ({"outcome": "intolerant", "weeks": 1}, "intolerance"),
        ({"outcome": "unsure"}, "uncertain"),
        ({"max_daily_mg": None}, "uncertain"),
        ({"weeks": None}, "uncertain"),
        ({"drug": "blorpazine"}, "uncertain"),
        ({"max_daily_mg": None, "weeks": 2}, "inadequate"),  # what is known fails
    ],
)
def test_adequacy(changes: dict[str, Any], expected: str) -> None:
    assert result(**changes) == expected


def test_the_length_is_the_clinics_and_never_below_four_weeks() -> None:
    four = policy().with_overrides(thresholds={"trial_min_weeks": 4})
    assert adequacy(replace(GOOD, weeks=4), dose_table(), four) == "adequate"
    assert adequacy(replace(GOOD, weeks=3.9), dose_table(), four) == "inadequate"
    with pytest.raises(DataError):
        policy().with_overrides(thresholds={"trial_min_weeks": 3})


@pytest.mark.parametrize(
    ("drug", "mg"),
    [
        ("citalopram", 20),
        ("escitalopram", 10),
        ("venlafaxine", 75),
        ("duloxetine", 60),
        ("bupropion", 150),
        ("trazodone", 300),
        ("nortriptyline", 75),
        ("amitriptyline", 100),
        ("tranylcypromine", 30),
        ("selegiline transdermal", 6),
        ("paroxetine CR", 25),
    ],
)
def test_published_minimum_doses(drug: str, mg: float) -> None:
    assert result(drug=drug, max_daily_mg=mg) == "adequate"
    assert result(drug=drug, max_daily_mg=mg - 1) == "inadequate"


def test_different_agents_of_this_episode_are_counted_once() -> None:
    rows = [
        GOOD,
        replace(GOOD, max_daily_mg=100),  # the same agent again
        replace(GOOD, drug="venlafaxine", max_daily_mg=150),
        replace(GOOD, drug="bupropion", max_daily_mg=300, this_episode=Tri.NO),
        replace(GOOD, drug="mirtazapine", max_daily_mg=30, this_episode=Tri.UNKNOWN),
        replace(GOOD, drug="fluoxetine", max_daily_mg=None),
        replace(GOOD, drug="sertraline", max_daily_mg=None),  # already adequate
    ]
    counted = count(rows, dose_table(), policy())
    assert (counted.adequate, counted.uncertain) == (2, 2)
    assert len(counted.rows) == len(rows)


def test_a_doubtful_table_is_not_read() -> None:
    head = 'version = "1"\nsource = "s"\nconfidence = "K-M"\n'
    drug = '[[drug]]\nname = "x"\nmin_daily_mg = {}\n'
    assert parse_doses(head + drug.format(20), "test").minimum("X") is not None
    for bad in (head + drug.format(0), head + drug.format('"20"'), head + drug.format(20) * 2, head + "a = 1", "="):
        with pytest.raises(DataError):
            parse_doses(bad, "test")


def test_a_clinics_own_least_dose_counts_and_the_others_stay() -> None:
    own = policy().with_overrides(doses=checked_doses({"Sertraline": 100}, dose_table()), revision=3)
    assert own.version == f"{policy().version}+clinic.3"
    fifty = replace(GOOD, drug="sertraline", max_daily_mg=50)
    assert adequacy(fifty, dose_table(), policy()) == "adequate"
    assert adequacy(fifty, dose_table(), own) == "inadequate"
    assert adequacy(replace(fifty, max_daily_mg=100), dose_table(), own) == "adequate"
    assert adequacy(replace(GOOD, drug="citalopram", max_daily_mg=20), dose_table(), own) == "adequate"


@pytest.mark.parametrize("mg", [12.4, 200.5, 0, -50, float("nan"), float("inf"), True, "100"])
def test_a_least_dose_that_cannot_be_meant_is_refused(mg: Any) -> None:
    with pytest.raises(DataError, match=r"between 12\.5 and 200"):
        checked_doses({"sertraline": mg}, dose_table())


def test_least_doses_as_shipped_are_left_out_and_strangers_refused() -> None:
    assert checked_doses({"sertraline": 50, "Citalopram": 40, "bupropion": 300.0}, dose_table()) == {
        "citalopram": 40,
        "bupropion": 300.0,
    }
    with pytest.raises(DataError, match="aspirin is not in the list"):
        checked_doses({"aspirin": 100}, dose_table())
