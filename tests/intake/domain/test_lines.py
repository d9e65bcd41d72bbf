"""The two commands' lines: order kept, unreadable lines answered, facts checked by name and type."""

import json
from functools import partial
from typing import Any

import pytest

from intake.domain.facts import Facts, Tri
from intake.domain.facts_json import FactError, facts_from
from intake.domain.library import medicine_table, policy
from intake.domain.lines import answer_lines, score_line, screen_line
from intake.domain.policy import TRI_NAMES


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


DEEP = "[" * 5_000 + "]" * 5_000


@pytest.mark.parametrize(
    "bad",
    [
        b'{"id": 1, "facts": {"pregnant": "yes", "pregnant": "no"}}',
        b'{"id": 1, "id": 2, "facts": {}}',
        b'{"id": 1, "facts": {"phq9_score": NaN}}',
        b'{"id": 1, "facts": {"weight_kg": Infinity}}',
        b'{"id": 1, "facts": {"weight_kg": -Infinity}}',
        b'{"id": 1, "facts": {"weight_kg": 1e400}}',
        b'{"id": 1, "facts": {"sisq_times": ' + b"9" * 5_000 + b"}}",
        b'{"id": NaN, "facts": {}}',
        b'{"id": 1, "facts": {"sisq_times": 1.0}}',
        b'{"id": 1, "facts": {"pregnant": ["yes"]}}',
        b'{"id": 1, "facts": {"pregnant": {"yes": true}}}',
        b'{"id": 1, "facts": {"pregnant": "YES"}}',
        b'{"id": 1, "facts": {"asq": {"0": "Y"}}}',
        b'{"id": 1, "facts": {"medicines": {"Xanax": 1}}}',
        b'{"id": 1, "facts": {"medicines": [["Xanax"]]}}',
        b'{"id": 1, "facts": {"bmi": 30}}',
        b'{"id": 1, "facts": {"__class__": 1}}',
        b'{"id": 1, "facts": "pregnant"}',
        b'{"id": 1}',
        b'{"id": 1, "facts": {"asq": ' + DEEP.encode() + b"}}",
        b'{"id": 1, "facts": ' + b'{"a":' * 5_000 + b"1" + b"}" * 5_000 + b"}",
        b'{"id": 1, "facts": {}} {"id": 2, "facts": {}}',
        b'{"id": 1, "facts": {}',
        b"\x00",
        "\ufeff{}".encode("utf-16"),
    ],
)
def test_nonsense_is_an_error_on_its_line_and_the_next_line_is_answered(bad: bytes) -> None:
    told, readable = answers(bad, line(id=2, facts={"pregnant": "yes"}), screening=True)
    assert readable == [False, True]
    assert told[0]["line"] == 1
    assert told[0]["error"]
    assert [finding["rule"] for finding in told[1]["findings"]] == ["D45", "D07", "D64"]


def test_strange_but_readable_lines_are_answered() -> None:
    told, readable = answers(
        line(facts={}),
        line(id={"deep": [1]}, facts={"medicines": ["\ud800 \u0000 🙂", "x" * 50_000, ""]}),
        line(id=3, facts={"sisq_times": 10**300, "weight_age_days": 10**300, "weight_kg": 70}),
        b'  {"facts": {"pregnant": null}}  \r\n',
        screening=True,
    )
    assert readable == [True] * 4
    assert [answer["id"] for answer in told] == [None, {"deep": [1]}, 3, None]
    assert "D75" in [finding["rule"] for finding in told[1]["findings"]]
    assert {"D28", "D64"} <= {finding["rule"] for finding in told[2]["findings"]}


def test_the_table_of_blocks_and_what_does_not_exist_never_speaks() -> None:
    told, _ = answers(line(facts=dict.fromkeys(TRI_NAMES, "yes")), screening=True)
    rules = {finding["rule"] for finding in told[0]["findings"]}
    assert not rules & {"D54", "D83", "D84", "D89", "D90"}
    assert all(
        set(f) <= {"rule", "version", "flag", "high", "reason", "source", "because"} for f in told[0]["findings"]
    )


def test_facts_are_typed() -> None:
    values = {"pregnant": False, "breastfeeding": "unknown", "aneurysm": None, "indications": ["ptsd"], "weight_kg": 70}
    facts = facts_from(values, medicine_table())
    assert facts == Facts(pregnant=Tri.NO, breastfeeding=Tri.UNKNOWN, indications=("ptsd",), weight_kg=70)
