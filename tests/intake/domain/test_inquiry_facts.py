"""Answers before and after a visit become facts; declined is not no; the day's answers count that day."""

from typing import Any

import pytest

from intake.domain.facts_json import facts_from
from intake.domain.inquiry_facts import ANSWERED, facts_of_answers
from intake.domain.library import medicine_table, policy
from intake.domain.screening import screen


def rules(answers: dict[str, Any], *, of_the_day: bool = True) -> set[str]:
    facts = facts_from(facts_of_answers(answers, of_the_day=of_the_day), medicine_table())
    return {finding.rule for finding in screen(facts, policy())} - {"D07", "D64"}


@pytest.mark.parametrize(
    ("item", "value", "rule"),
    [
        ("ready.ill", "yes", "D80"),
        ("ready.fasting", "no", "D79"),
        ("ready.escort", "no", "D67"),
        ("ready.escort", None, "D67"),
        ("ready.pregnancy", "yes", "D45"),
        ("ready.pregnancy", None, "D45"),
        ("ready.bladder", "yes", "D50"),
        ("use.bladder", "yes", "D50"),
        ("effects.high", "yes", "D87"),
        ("effects.high", None, "D87"),
    ],
)
def test_an_answer_raises_its_rule(item: str, value: str | None, rule: str) -> None:
    assert rules({item: value}) == {rule}


def test_calm_answers_raise_nothing() -> None:
    calm = {"ready.ill": "no", "ready.fasting": "yes", "ready.escort": "yes", "ready.pregnancy": "none"}
    assert rules({**calm, "ready.bladder": "no", "use.bladder": "no", "effects.high": "no"}) == set()


def test_not_sure_about_fasting_is_neither_yes_nor_no() -> None:
    assert facts_of_answers({"ready.fasting": "unsure"}, of_the_day=True) == {"fasted": "unknown"}


def test_what_is_of_the_day_does_not_outlast_it() -> None:
    told = {
        "ready.ill": "yes",
        "ready.escort": "no",
        "ready.systolic": 165,
        "ready.diastolic": 95,
        "effects.high": "yes",
    }
    assert rules(told) == {"D80", "D67", "D34", "D35", "D87"}
    assert rules(told, of_the_day=False) == {"D87"}


def test_half_a_blood_pressure_is_none() -> None:
    assert facts_of_answers({"ready.systolic": 165, "ready.diastolic": None}, of_the_day=True) == {}


def test_every_fact_is_one_of_the_table() -> None:
    facts_from(dict.fromkeys(fact for fact, _ in ANSWERED.values()), medicine_table())
