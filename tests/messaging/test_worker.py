"""The real worker on the real broker: it delivers, and what it was killed over goes to a person, not out again."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from celery import Celery
from django.db import connection

from pacificmind.celery import app
from pacificmind.clock import now
from pacificmind.messaging import after, services
from pacificmind.messaging.compose import message_id
from pacificmind.messaging.models import Message, Pulse, Status
from pacificmind.messaging.upkeep import CLOCK, DELIVERY
from pacificmind.tasks.models import Kind, Task
from tests import cast as cast_of
from tests.messaging.conftest import owe_some
from tests.messaging.servers import Server, Slow, listening

ROOT = Path(__file__).resolve().parent.parent.parent
QUEUE = f"test-messages-{os.getpid()}"
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.servers]


REDIS = f"{os.environ.get('REDIS_URL', '')}{'&' if '?' in os.environ.get('REDIS_URL', '') else '?'}virtual_host=9"


def _environment(mail_port: int, **more: str) -> dict[str, str]:
    database = os.environ["DATABASE_URL"].rsplit("/", 1)[0] + f"/{connection.settings_dict['NAME']}"
    mail = f"smtp://127.0.0.1:{mail_port}"
    return {**os.environ, "DATABASE_URL": database, "EMAIL_URL": mail, "PYTHONPATH": str(ROOT), **more}


@contextmanager
def _process(environment: dict[str, str], *words: str) -> Iterator["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-m", "celery", "-A", "pacificmind", *words]
    process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait(10)


@contextmanager
def _worker(mail_port: int, queue: str = QUEUE, **more: str) -> Iterator["subprocess.Popen[bytes]"]:
    words = ["worker", "-P", "solo", "-Q", queue, "-I", "tests.messaging.purposes", "--without-gossip"]
    with _process(_environment(mail_port, **more), *words, "--without-mingle", "-n", f"{QUEUE}@%h") as process:
        yield process


def _deliver(times: int = 1) -> None:
    for _ in range(times):
        app.send_task("messaging.deliver", queue=QUEUE)


def _until(true: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


@pytest.fixture(autouse=True)
def _own_queue() -> Iterator[None]:
    yield
    with app.connection_for_write() as broker:
        cast(Any, broker.default_channel).queue_delete(QUEUE)


def _status(row: Message) -> str:
    return Message.objects.values_list("status", flat=True).get(pk=row.pk)


def _sent() -> int:
    return Message.objects.filter(status=Status.SENT).count()


def test_each_task_delivered_three_times_sends_each_message_once() -> None:
    rows = owe_some(20)
    with listening(server := Server()) as port, _worker(port):
        _deliver(3)
        _until(lambda: _sent() == len(rows))
        (late,) = owe_some(due_at=now() - timedelta(hours=1))  # nobody ticked for an hour
        _deliver(3)
        _until(lambda: _status(late) == Status.SENT)
    assert sorted(server.ids) == sorted(message_id(row) for row in [*rows, late])


@pytest.mark.parametrize(("at", "arrived"), [("RCPT", 0), ("DATA", 1)], ids=["before it left", "after it left"])
def test_a_worker_killed_over_a_message_leaves_it_to_a_person(at: str, arrived: int) -> None:
    """One row is in doubt; those of its batch that had not had their turn are sent by the next worker."""
    first, *others = owe_some(3)
    with listening(slow := Slow(at, 60)) as port, _worker(port) as worker:
        _deliver()
        _until(lambda: Message.objects.filter(status=Status.SENDING).exists())
        _until(lambda: len(slow.mails) == arrived)
        worker.send_signal(signal.SIGKILL)
        worker.wait(10)
    assert len(slow.mails) == arrived
    first = Message.objects.get(status=Status.SENDING)
    Message.objects.update(claimed_at=now() - timedelta(minutes=11))
    with listening(later := Server()) as port, _worker(port):
        assert after.sweep_stuck() == 1
        _deliver()
        _until(lambda: _sent() == len(others))
        assert _status(first) == Status.FAILED
        assert Task.objects.get().kind == Kind.MESSAGE_STUCK
        sent = Message.objects.filter(status=Status.SENT)
        assert sorted(later.ids) == sorted(message_id(row) for row in sent), "nothing by itself"
        assert services.retry(first.pk, by=cast_of.receptionist()), "a person decides"
        _deliver()
        _until(lambda: _status(first) == Status.SENT)
    copies = [*slow.ids, *later.ids].count(message_id(first))
    assert copies == 1 + arrived, "at most one copy more, under the same Message-ID"


def test_two_beats_and_a_broker_that_forgets_everything() -> None:
    """Twice the ticks send nothing twice; what the broker lost, the next tick finds again."""
    rows, own = owe_some(10), {"REDIS_URL": REDIS}
    broker = Celery(broker=REDIS)
    with listening(server := Server()) as port, _worker(port, "celery", **own):
        beat = _environment(port, **own)
        words = ["beat", "--pidfile=", "--max-interval", "2"]
        with _process(beat, *words), _process(beat, *words):
            _until(lambda: _sent() == len(rows))
            with broker.connection_for_write() as link:
                cast(Any, link.default_channel).client.flushdb()
            rows += owe_some(10)
            _until(lambda: _sent() == len(rows))
            _until(lambda: Pulse.objects.filter(name__in=(CLOCK, DELIVERY)).count() == 2)
    assert sorted(server.ids) == sorted(message_id(row) for row in rows)
