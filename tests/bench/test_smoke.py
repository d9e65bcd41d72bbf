"""That the bench runs, prints what INTERFACES says, and asserts what it must: one quick part of it."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.bench.lines import Line, Sample, percentile
from tests.journeys.house import ROOT

FIELDS = ["name", "value", "unit", "ratio", "against", "n", "p50", "p95", "p99"]


@pytest.mark.servers
def test_free_starts_are_measured_against_sql_that_answers_the_same() -> None:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    command = [sys.executable, "-m", "tests.bench", "--only", "free", "--rows", "3000", "--quick", "--json"]
    done = subprocess.run(command, cwd=ROOT, env=inherited, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    lines: list[dict[str, Any]] = [json.loads(line) for line in done.stdout.splitlines()]
    assert all(list(line) == FIELDS for line in lines)
    timed = [line for line in lines if line["unit"] == "ms"]
    assert all(0 < line["p50"] <= line["p95"] <= line["p99"] and line["ratio"] > 0 for line in timed)
    [queries] = [line["value"] for line in lines if line["unit"] == "queries"]
    assert 0 < queries <= 12


def test_percentiles_are_by_rank() -> None:
    hundred = [float(n) for n in range(1, 101)]
    assert [percentile(hundred, p) for p in (50, 95, 99, 100)] == [50, 95, 99, 100]
    assert percentile([7.0], 99) == 7


def test_a_ratio_is_the_median_of_the_rounds_ratios() -> None:
    slow, fast = Sample([[2.0, 4.0, 6.0], [10.0], [9.0]]), Sample([[2.0], [5.0], [1.0]])
    assert slow.over(fast) == 2.0  # of 2, 2 and 9: a round that was disturbed does not count


def test_a_goal_is_reached_from_the_right_side() -> None:
    line = Line("x", 1.2, "times", ratio=1.2)
    assert line.goal_of("ratio", 1.1, at_least=True).reached is True
    assert line.goal_of("ratio", 1.1).reached is False
    assert line.reached is None
