"""The two commands' lines: order kept, unreadable lines answered, facts checked by name and type."""

import json
from functools import partial
from typing import Any

import pytest

from intake.domain.facts import Facts, Tri
from intake.domain.facts_json import FactError, facts_from
from intake.domain.library import medicine_table, policy
from intake.domain.lines import answer_lines, score_line, screen_line


def answers(*lines: bytes, screening: bool = False) -> tuple[list[Any], list[bool]]:
    answer = partial(screen_line, policy=policy(), medicines=medicine_table()) if screening else score_line
    told = list(answer_lines(lines, answer))
    return [json.loads(text) for text, _ in told], [readable for _, readable in told]


def line(**asked: object) -> bytes:
    return json.dumps(asked).encode()


def test_scores_come_back_in_order_with_their_ids() -> None:
    told, readable = answers(
        line(id="a", instrument="PHQ-9", items=[1] * 9),
        b"{not json\n",
        line(id=[3], instrument="ASQ", items=["N", "N", "N", "N", None]),
    )
    assert readable == [True, False, True]
    assert told[0] == {
        "id": "a",
        "instrument": "PHQ-9",
        "version": "1",
        "status": "complete",
        "score": 9,
        "severity": "mild",
        "positive": False,
        "extra": {"item9_positive": True, "algorithm_mds": False, "algorithm_ods": False},
    }
    assert set(told[1]) == {"error", "line"}
    assert told[1]["line"] == 2
    assert (told[2]["id"], told[2]["severity"], told[2]["score"]) == ([3], "negative", None)


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"\n",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"{}",
        b'{"instrument": 9, "items": []}',
        b'{"id": 1, "instrument": "NOPE", "items": []}',
        b'{"id": 1, "instrument": "PHQ-9", "items": [], "context": []}',
        b'{"id": NaN, "instrument": "PHQ-9", "items": []}',
        b"[" * 100_000,
        b'{"id": 1, "instrument": "PHQ-9", "items": [' + b"9" * 5000 + b"]}",
    ],
)
def test_what_cannot_be_read_is_an_error_with_its_line(bad: bytes) -> None:
    told, readable = answers(line(instrument="PHQ-2", items=[0, 0]), bad)
    assert readable == [True, False]
    assert told[1]["line"] == 2
    assert told[1]["error"]


def test_not_a_number_in_an_answer_is_invalid_and_never_a_score() -> None:
    told, _ = answers(b'{"id": 1, "instrument": "PHQ-2", "items": [NaN, 1]}')
    assert (told[0]["status"], told[0]["score"]) == ("invalid", None)


def test_screening_answers_with_ruleset_flags_and_evidence() -> None:
    facts = {"pregnant": "yes", "opioid_misuse": True, "medicines": ["Xanax", "blorp"], "phq9_item9": 0}
    told, readable = answers(line(id=5, facts={**facts, "asq": ["N", "N", "N", "N", None]}), screening=True)
    assert readable == [True]
    assert (told[0]["id"], told[0]["ruleset"]) == (5, policy().version)
    shown = [(f["rule"], f["flag"], f.get("high")) for f in told[0]["findings"]]
    assert shown == [
        ("D45", "CONTRA", None),
        ("D30", "REVIEW", True),
        ("D64", "REVIEW", None),
        ("D69", "REVIEW", None),
        ("D75", "REVIEW", None),
    ]
    assert told[0]["findings"][0]["because"] == ["pregnant=yes"]


@pytest.mark.parametrize(
    "facts",
    [
        None,
        [],
        {"pregnent": "yes"},
        {"pregnant": "maybe"},
        {"pregnant": 1},
        {"age_years": "41"},
        {"age_years": 41.5},
        {"age_years": True},
        {"age_years": -1},
        {"phq9_item9": 4},
        {"phq9_score": float("nan")},
        {"asq": ["N", "N"]},
        {"asq": ["n", "N", "N", "N", "N"]},
        {"asq": "NNNNN"},
        {"indications": ["ketamine"]},
        {"medicines": "Xanax"},
        {"medicines": [1]},
        {"mdq_same_time": "yes"},
        {"weight_kg": float("inf")},
    ],
)
def test_facts_of_a_wrong_name_type_or_range_are_refused(facts: object) -> None:
    with pytest.raises(FactError):
        facts_from(facts, medicine_table())
    _, readable = answers(json.dumps({"facts": facts}).encode(), screening=True)
    assert readable == [False]


def test_facts_are_typed() -> None:
    values = {"pregnant": False, "breastfeeding": "unknown", "aneurysm": None, "indications": ["ptsd"], "weight_kg": 70}
    facts = facts_from(values, medicine_table())
    assert facts == Facts(pregnant=Tri.NO, breastfeeding=Tri.UNKNOWN, indications=("ptsd",), weight_kg=70)
