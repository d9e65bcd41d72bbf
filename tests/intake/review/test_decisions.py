"""What a decision must say before it can be signed: pure, one reason at a time."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from intake.domain.decisions import (
    BoosterAsked,
    ConditionAsked,
    DecisionAsked,
    SeriesOrderAsked,
    Standing,
    check_decision,
    check_follow_up,
)

TODAY = date(2026, 11, 23)
STANDING = Standing(
    today=TODAY, newest=True, unseen_decision=False, contraindications=("D38",), urgent_alert_open=False
)
GOOD = DecisionAsked(
    decision="cleared",
    sites=frozenset({"la"}),
    visit_kinds=frozenset({"infusion", "booster"}),
    until_on=TODAY + timedelta(days=180),
    overrides={"D38": "Imaging of last week shows none."},
    order=SeriesOrderAsked(),
    booster=BoosterAsked(until_on=TODAY + timedelta(days=180)),
)
NOT = DecisionAsked(decision="not_cleared", words="We cannot offer this now.")


def fields(asked: DecisionAsked, standing: Standing = STANDING) -> list[str]:
    return [problem.field for problem in check_decision(asked, standing)]


def test_a_complete_decision_has_no_problems() -> None:
    assert fields(GOOD) == []
    assert fields(NOT) == []


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("sites", {"sites": frozenset()}),
        ("visit_kinds", {"visit_kinds": frozenset(), "order": None, "booster": None}),
        ("visit_kinds", {"visit_kinds": frozenset({"consultation", "infusion", "booster"})}),
        ("visit_kinds", {"visit_kinds": frozenset({"booster"})}),
        ("visit_kinds", {"visit_kinds": frozenset({"infusion"})}),
        ("until_on", {"until_on": None}),
        ("until_on", {"until_on": TODAY - timedelta(days=1)}),
        ("until_on", {"until_on": TODAY + timedelta(days=367)}),
        ("override_D38", {"overrides": {}}),
        ("override_D38", {"overrides": {"D38": "  "}}),
        ("conditions", {"decision": "cleared_with_conditions"}),
        ("conditions", {"conditions": (ConditionAsked("ecg"),)}),
        ("infusions", {"order": SeriesOrderAsked(9, 2)}),
        ("infusions", {"order": SeriesOrderAsked(0, 2)}),
        ("per_week", {"order": SeriesOrderAsked(6, 4)}),
        ("after_days", {"booster": BoosterAsked(TODAY + timedelta(90), after_days=6)}),
        ("window_days", {"booster": BoosterAsked(TODAY + timedelta(90), window_days=91)}),
        ("booster_count", {"booster": BoosterAsked(TODAY + timedelta(90), count=9)}),
        ("booster_until_on", {"booster": BoosterAsked(TODAY + timedelta(20), after_days=21)}),
    ],
)
def test_each_fault_is_said_beside_its_field(field: str, change: dict[str, Any]) -> None:
    assert fields(replace(GOOD, **change)) == [field]


@pytest.mark.parametrize(
    "change",
    [
        {"until_on": TODAY},
        {"until_on": TODAY + timedelta(days=366)},
        {"order": SeriesOrderAsked(8, 3)},
        {"order": None},
        {"booster": BoosterAsked(TODAY + timedelta(7), after_days=7, window_days=2, count=1)},
    ],
)
def test_the_edges_are_allowed(change: dict[str, Any]) -> None:
    assert fields(replace(GOOD, **change)) == []


def test_another_condition_needs_a_name_and_none_is_named_twice() -> None:
    other = replace(GOOD, decision="cleared_with_conditions", conditions=(ConditionAsked("other", " "),))
    twice = replace(other, conditions=(ConditionAsked("ecg"), ConditionAsked("ecg")))
    assert fields(other) == ["condition_text"]
    assert fields(twice) == ["conditions"]


@pytest.mark.parametrize("decision", ["not_cleared", "more_information"])
def test_the_patient_is_told_in_words_when_nothing_is_cleared(decision: str) -> None:
    assert fields(DecisionAsked(decision=decision, words=" ")) == ["words"]


def test_an_urgent_alert_stops_a_clearance_alone() -> None:
    standing = replace(STANDING, urgent_alert_open=True)
    assert fields(GOOD, standing) == ["decision"]
    assert fields(NOT, standing) == []


def test_an_old_version_and_an_unseen_decision_stop_every_decision() -> None:
    for asked in (GOOD, NOT):
        assert fields(asked, replace(STANDING, newest=False)) == [""]
        assert fields(asked, replace(STANDING, unseen_decision=True)) == [""]


@pytest.mark.parametrize(("days", "fine"), [(0, False), (1, True), (3, True), (4, False)])
def test_a_follow_up_lies_one_to_three_days_ahead(days: int, fine: bool) -> None:
    assert (check_follow_up(TODAY + timedelta(days), TODAY) == ()) is fine


def test_a_follow_up_needs_a_day() -> None:
    assert check_follow_up(None, TODAY)[0].field == "follow_up_on"
