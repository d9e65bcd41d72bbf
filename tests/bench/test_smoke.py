"""That the bench runs, prints what INTERFACES says, and asserts what it must: one quick part of it."""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from pacificmind.clock import now
from scheduling.models import Appointment
from tests import cast
from tests.bench import pgbench
from tests.bench.lines import Line, Sample, percentile
from tests.bench.plain.statements import STATEMENTS
from tests.journeys.house import ROOT

FIELDS = ["name", "value", "unit", "ratio", "against", "n", "p50", "p95", "p99"]


@pytest.mark.servers
def test_free_starts_are_measured_against_sql_that_answers_the_same() -> None:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    command = [sys.executable, "-m", "tests.bench", "--only", "free", "--rows", "6000", "--quick", "--json"]
    done = subprocess.run(command, cwd=ROOT, env=inherited, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    lines: list[dict[str, Any]] = [json.loads(line) for line in done.stdout.splitlines()]
    assert all(list(line) == FIELDS for line in lines)
    timed = [line for line in lines if line["unit"] == "ms"]
    assert all(0 < line["p50"] <= line["p95"] <= line["p99"] and line["ratio"] > 0 for line in timed)
    [queries] = [line["value"] for line in lines if line["unit"] == "queries"]
    assert 0 < queries <= 12


@pytest.fixture
def _filled(transactional_db: None) -> Iterator[None]:
    pgbench.fill_what_is_not_named()
    yield
    pgbench.fill_what_is_not_named(wanted=False)


@pytest.mark.usefixtures("_filled")
def test_the_bare_statements_book_a_visit() -> None:
    site = cast.site()
    doctor, start = cast.prescriber(site, lanes=2), now() + timedelta(days=20)
    ids = {
        "request": uuid.uuid4(), "visit": uuid.uuid4(), "patient": cast.patient(site).pk, "clinician": doctor.pk,
        "room": cast.room(site).pk, "site": site.pk, "made_by": cast.receptionist(site).pk,
    }  # fmt: skip
    values: dict[str, Any] = {
        **{name: str(one) for name, one in ids.items()},
        "starts_at": start,
        "ends_at": start + timedelta(hours=1),
    }
    with connection.cursor() as cursor:
        for statement in STATEMENTS:
            cursor.execute(statement, values)
    visit = Appointment.objects.get()
    assert (visit.pk, visit.starts_at, visit.status) == (ids["visit"], start, "booked")


@pytest.mark.servers
def test_messages_are_measured_and_none_is_lost_or_doubled() -> None:
    """The bench itself ends where a mail is missing or came twice."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    command = [sys.executable, "-m", "tests.bench", "--only", "messages", "--rows", "2000", "--quick", "--json"]
    done = subprocess.run(command, cwd=ROOT, env=inherited, capture_output=True, text=True, check=False, timeout=400)
    assert done.returncode == 0, done.stderr[-2000:]
    lines: list[dict[str, Any]] = [json.loads(line) for line in done.stdout.splitlines()]
    assert all(list(line) == FIELDS for line in lines)
    assert [line["unit"] for line in lines] == ["per s", "ms", "per s", "per s", "per s", "per s", "MB"]
    ours = [line for line in lines if line["against"] and "smtplib" in line["against"]]
    assert all(line["ratio"] > 0 for line in ours)
    assert len(ours) == 2, "against mails that are composed, and against one that is ready"


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
