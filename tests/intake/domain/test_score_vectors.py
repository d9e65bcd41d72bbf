"""`manage.py score` against vectors worked out by hand from the published rules (docs/scoring.md), in one run of it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from intake.domain.scoring import INSTRUMENTS

ROOT = Path(__file__).parents[3]
VECTORS = [json.loads(line) for line in (Path(__file__).parent / "score_vectors.jsonl").read_text().splitlines()]
NOWHERE = {**os.environ, "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none"}


def run(*lines: bytes) -> tuple[list[dict[str, Any]], int]:
    done = subprocess.run(
        [sys.executable, "manage.py", "score"], cwd=ROOT, input=b"\n".join(lines), capture_output=True, env=NOWHERE
    )
    return [json.loads(line) for line in done.stdout.splitlines()], done.returncode


def test_every_vector() -> None:
    told, status = run(*(json.dumps({"id": n, **vector["in"]}).encode() for n, vector in enumerate(VECTORS)))
    wrong = [
        (vector["why"], vector["in"], answer)
        for n, (vector, answer) in enumerate(zip(VECTORS, told, strict=True))
        if {key: answer[key] for key in vector["out"]} != vector["out"] or answer["id"] != n
    ]
    assert wrong == []
    assert status == 0
    assert {tuple(answer) for answer in told} == {
        ("id", "instrument", "version", "status", "score", "severity", "positive", "extra")
    }


def test_the_vectors_cover_every_instrument_and_status() -> None:
    assert {vector["in"]["instrument"] for vector in VECTORS} == set(INSTRUMENTS)
    statuses = {"complete", "prorated", "incomplete", "unscorable", "invalid", "refused"}
    assert {vector["out"]["status"] for vector in VECTORS} == statuses
    assert all("reason" not in vector["out"].get("extra", {}) for vector in VECTORS)


def test_lines_that_cannot_be_read_fail_the_run_and_stop_nothing() -> None:
    good = json.dumps({"id": "x", "instrument": "PHQ-2", "items": [1, 2]}).encode()
    told, status = run(
        b"\xef\xbb\xbf" + good,  # the mark some editors begin a file with
        good + b"\r",
        b"",
        b'{"id": 1, "instrument": "PHQ-2", "items": [0, 0], "items": [3, 3]}',
        b'{"id": 2, "instrument": "PHQ-15", "items": []}',
        b'{"id": NaN, "instrument": "PHQ-15", "items": []}',
        b'"PHQ-2"',
        good,
    )
    assert [answer.get("score") for answer in told] == [3, 3, None, None, None, None, None, 3]
    assert [answer.get("line") for answer in told] == [None, None, 3, 4, 5, 6, 7, None]
    assert told[4] == {
        "id": 2,
        "instrument": "PHQ-15",
        "status": "refused",
        "error": "unknown instrument: 'PHQ-15'",
        "line": 5,
    }
    assert status == 1
