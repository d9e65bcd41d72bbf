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
from django.db import connection

from pacificmind.celery import app
from pacificmind.clock import now
from pacificmind.messaging import after
from pacificmind.messaging.compose import message_id
from pacificmind.messaging.models import Message, Status
from pacificmind.tasks.models import Kind, Task
from tests.messaging.conftest import owe_some
from tests.messaging.servers import Server, Slow, listening

ROOT = Path(__file__).resolve().parent.parent.parent
QUEUE = f"test-messages-{os.getpid()}"
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.servers]


@contextmanager
def _worker(mail_port: int) -> Iterator["subprocess.Popen[bytes]"]:
    database = os.environ["DATABASE_URL"].rsplit("/", 1)[0] + f"/{connection.settings_dict['NAME']}"
    environment = {
        **os.environ,
        "DATABASE_URL": database,
        "EMAIL_URL": f"smtp://127.0.0.1:{mail_port}",
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-m", "celery", "-A", "pacificmind", "worker", "-P", "solo", "-Q", QUEUE]
    command += ["-I", "tests.messaging.purposes", "--without-gossip", "--without-mingle", "-n", f"{QUEUE}@%h"]
    process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait(10)


def _deliver() -> None:
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


def test_the_worker_delivers_and_is_killed_between_claim_and_answer() -> None:
    (first,) = owe_some()
    with listening(quick := Server()) as port, _worker(port):
        _deliver()
        _deliver()  # delivered twice by the broker: sent once
        _until(lambda: _status(first) == Status.SENT)
    assert quick.ids == [message_id(first)]

    (row,) = owe_some()
    with listening(slow := Slow("RCPT", 60)) as port, _worker(port) as worker:
        _deliver()
        _until(lambda: _status(row) == Status.SENDING)
        worker.send_signal(signal.SIGKILL)
        worker.wait(10)
    assert slow.mails == []
    Message.objects.filter(pk=row.pk).update(claimed_at=now() - timedelta(minutes=11))
    with listening(later := Server()) as port, _worker(port):
        (other,) = owe_some()
        assert after.sweep_stuck() == 1
        _deliver()
        _until(lambda: _status(other) == Status.SENT)
    assert later.ids == [message_id(other)]
    assert _status(row) == Status.FAILED
    assert Task.objects.get().kind == Kind.MESSAGE_STUCK
