"""The documents name everything, and the two commands run without a database."""

import json
import os
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from intake.domain.facts import Facts
from intake.domain.library import policy
from intake.domain.policy import Thresholds
from intake.domain.scoring import INSTRUMENTS

ROOT = Path(__file__).parents[3]


def test_docs_name_every_instrument_fact_rule_and_threshold() -> None:
    scoring = (ROOT / "docs/scoring.md").read_text(encoding="utf-8")
    screening = (ROOT / "docs/screening.md").read_text(encoding="utf-8")
    assert [name for name in INSTRUMENTS if f"| `{name}` |" not in scoring] == []
    assert [field.name for field in fields(Facts) if f"| `{field.name}` |" not in screening] == []
    assert [field.name for field in fields(Thresholds) if f"| `{field.name}` |" not in screening] == []
    assert [rule.id for rule in policy().rules.values() if f"| {rule.id} | {rule.flag}" not in screening] == []
    assert policy().version in screening


def test_docs_say_what_the_data_says_of_each_rule_and_number() -> None:
    screening = (ROOT / "docs/screening.md").read_text(encoding="utf-8")
    for rule in policy().rules.values():
        flag = f"{rule.flag} (high)" if rule.high else rule.flag
        assert f"| {rule.id} | {flag} | {rule.version} | {rule.reason} | " in screening
        assert f" | {rule.source} | {'always on' if rule.locked else ''} |" in screening
    for limit in policy().limits.values():
        bounds = "fixed" if limit.fixed else f"{limit.low:g} to {limit.high:g}"
        row = f"| `{limit.name}` | {limit.value:g} | {bounds} | {limit.step:g} | {limit.unit} | {limit.says} | "
        assert row + f"{limit.source} |" in screening


@pytest.mark.parametrize(
    ("command", "good"),
    [("score", {"id": 1, "instrument": "PHQ-2", "items": [1, 2]}), ("screen", {"id": 1, "facts": {"pregnant": "yes"}})],
)
def test_commands_answer_every_line_and_fail_at_the_end(command: str, good: dict[str, object]) -> None:
    lines = "\n".join([json.dumps(good), "not json", json.dumps({**good, "id": 2})]) + "\n"
    nowhere = {**os.environ, "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none"}
    done = subprocess.run(
        [sys.executable, "manage.py", command], cwd=ROOT, input=lines, capture_output=True, text=True, env=nowhere
    )
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer.get("id") for answer in told] == [1, None, 2]
    assert told[1]["line"] == 2
    assert done.returncode == 1
