"""`manage.py plan_series`: one answer a line, in order, whatever comes in."""

from __future__ import annotations

import io
import json
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command

PROBLEM: dict[str, Any] = {
    "id": "a",
    "zone": "America/Los_Angeles",
    "order": {"infusions": 2, "per_week": 3},
    "existing": ["2026-11-20"],
    "series_days": [],
    "candidates": [
        {"start": "2026-12-01T09:00", "room": "LA-1", "clinician": "cho"},
        {"start": "2026-12-04T13:00", "room": "LA-2", "clinician": "cho"},
        {"start": "2026-12-04T09:00", "room": "LA-2", "clinician": "cho"},
    ],
    "preferred": {"weekdays": [0, 2, 4], "from": "08:00", "until": "12:00"},
}


def run(monkeypatch: pytest.MonkeyPatch, *lines: object) -> tuple[list[dict[str, Any]], int]:
    """Answers and exit status; what is not bytes is sent as JSON."""
    sent = b"".join((line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n" for line in lines)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(sent)))
    out, status = io.StringIO(), 0
    try:
        call_command("plan_series", stdout=out)
    except SystemExit as stop:
        status = int(stop.code or 0)
    return [json.loads(line) for line in out.getvalue().splitlines()], status


def test_a_layout_has_the_promised_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    [answer], status = run(monkeypatch, PROBLEM)
    assert status == 0
    assert answer == {
        "id": "a",
        "layout": [
            {"number": 1, "start": "2026-12-01T09:00", "room": "LA-1", "clinician": "cho"},
            {"number": 2, "start": "2026-12-04T09:00", "room": "LA-2", "clinician": "cho"},
        ],
        "objective": [
            0,
            1,
            1,
            (date(2026, 12, 4) - date(1970, 1, 1)).days,
            0,
            0,
            1,
            [["2026-12-01T09:00", "2026-12-04T09:00"], ["LA-1", "LA-2"], ["cho", "cho"]],
        ],
        "deviations": [],
        "alternatives": [],
    }


def test_numbers_and_weeks_go_on_from_the_days_already_given(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = PROBLEM | {"order": {"infusions": 4, "per_week": 3}, "series_days": ["2026-11-24", "2026-11-27"]}
    [answer], _ = run(monkeypatch, problem)
    assert [visit["number"] for visit in answer["layout"]] == [3, 4]
    assert answer["objective"][:2] == [0, 2]


def test_what_is_impossible_names_rule_and_days(monkeypatch: pytest.MonkeyPatch) -> None:
    close = [{"start": f"2026-12-0{day}T09:00", "room": "r", "clinician": "c"} for day in (1, 2)]
    [answer], status = run(monkeypatch, PROBLEM | {"candidates": close})
    assert (status, set(answer)) == (0, {"id", "impossible"})
    assert answer["impossible"]["rule"] == "P3"
    assert answer["impossible"]["days"] == ["2026-12-01", "2026-12-02"]
    assert "another site" in answer["impossible"]["say"]


def test_no_candidates(monkeypatch: pytest.MonkeyPatch) -> None:
    [answer], status = run(monkeypatch, PROBLEM | {"candidates": []})
    assert (status, answer["impossible"]["rule"], answer["impossible"]["days"]) == (0, "candidates", [])


def test_duplicates_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    twice = PROBLEM | {"candidates": PROBLEM["candidates"] * 2}
    [once, again], _ = run(monkeypatch, PROBLEM, twice)
    assert once == again


def test_ten_thousand_candidates(monkeypatch: pytest.MonkeyPatch) -> None:
    first = datetime(2026, 12, 1, 8)
    many = [
        {
            "start": (first + timedelta(days=i % 50, minutes=15 * (i // 200))).isoformat(),
            "room": f"{i % 4}",
            "clinician": "c",
        }
        for i in range(10_000)
    ]
    [answer], _ = run(monkeypatch, PROBLEM | {"order": {"infusions": 8, "per_week": 3}, "candidates": many})
    assert len(answer["layout"]) == 8
    assert (answer["objective"][:2], answer["objective"][4:6]) == ([0, 3], [0, 0])
    assert len(answer["alternatives"]) == 3


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"zone": "Mars/Olympus"}, "there is no time zone"),
        ({"zone": "America"}, "there is no time zone"),
        ({"zone": "../../etc/passwd"}, "there is no time zone"),
        ({"zone": None}, "zone should be a name"),
        ({"order": None}, "order should be an object"),
        ({"order": {"infusions": 9, "per_week": 3}}, "(P1)"),
        ({"order": {"infusions": 0, "per_week": 3}}, "(P1)"),
        ({"order": {"infusions": 2, "per_week": 4}}, "2 or 3 infusions a week"),
        ({"order": {"infusions": True, "per_week": 3}}, "order.infusions should be a whole number"),
        ({"series_days": ["2026-11-01", "2026-11-04", "2026-11-09"]}, "2 are ordered (P1)"),
        ({"series_days": ["2026-11-01", "2026-11-01"]}, "a day twice"),
        ({"existing": ["2026-02-30"]}, "existing"),
        ({"existing": "2026-11-20"}, "existing should be a list"),
        ({"candidates": None}, "candidates should be a list"),
        ({"candidates": [7]}, "candidates[0] should be an object"),
        ({"candidates": [{"start": "2026-12-01", "room": "r", "clinician": "c"}]}, "candidates[0].start"),
        ({"candidates": [{"start": "2026-12-01T09:00Z", "room": "r", "clinician": "c"}]}, "candidates[0].start"),
        ({"candidates": [{"start": "2026-12-01T25:00", "room": "r", "clinician": "c"}]}, "candidates[0].start"),
        ({"candidates": [{"start": "2026-12-01T09:00", "room": "", "clinician": "c"}]}, "candidates[0].room"),
        ({"candidates": [{"start": "2027-03-14T02:30", "room": "r", "clinician": "c"}]}, "does not exist"),
        ({"candidates": [{"start": "0226-12-01T09:00", "room": "r", "clinician": "c"}]}, "years"),
        ({"series_days": ["2016-11-01"]}, "within"),
        ({"preferred": {"weekdays": [7]}}, "weekdays are 0"),
        ({"preferred": {"from": "12:00", "until": "08:00"}}, "until must be after from"),
        ({"preferred": {"from": "8"}}, "preferred.from"),
    ],
)
def test_a_line_that_cannot_be_read_says_why(
    monkeypatch: pytest.MonkeyPatch, change: dict[str, Any], says: str
) -> None:
    [bad, good], status = run(monkeypatch, PROBLEM | change, PROBLEM)
    assert status == 1
    assert set(bad) == {"id", "error", "line"}
    assert bad["id"] == PROBLEM["id"]
    assert says in bad["error"]
    assert bad["line"] == 1
    assert len(good["layout"]) == 2


@pytest.mark.parametrize("line", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"7", b"null", b"NaN"])
def test_noise_is_answered_and_the_rest_goes_on(monkeypatch: pytest.MonkeyPatch, line: bytes) -> None:
    [good, bad, again], status = run(monkeypatch, PROBLEM, line, PROBLEM)
    assert (status, bad["line"]) == (1, 2)
    assert good == again


def test_whole_days_and_open_ends_are_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    wishes: list[object] = [None, {}, {"weekdays": []}, {"from": "00:00", "until": "24:00"}]
    answers, status = run(monkeypatch, *(PROBLEM | {"preferred": wish} for wish in wishes))
    assert status == 0
    assert [answer["objective"][2] for answer in answers] == [0, 0, 0, 0]
