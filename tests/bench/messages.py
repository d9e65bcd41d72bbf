"""Messages: ten thousand mails by two workers against bare smtplib, a tick among a million owed, owing many at once."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.db import connections, transaction

from pacificmind.clock import now
from pacificmind.heap import settle
from pacificmind.messaging import claims, registry
from pacificmind.messaging.models import Message, Recipient
from pacificmind.messaging.prepare import Batch, Ready
from pacificmind.messaging.services import Owed, owe_many
from scheduling.models import Appointment
from tests.bench import clinic
from tests.bench.lines import Line, in_turn
from tests.bench.mail import bare
from tests.database import as_owner

WORKERS = 2
ROOT = Path(__file__).resolve().parent.parent.parent
_TABLE = Message._meta.db_table


def run(bench: clinic.Bench, *, rows: int, quick: bool = False) -> Iterator[Line]:
    """The lines, on one database."""
    yield from _owing(1_000 if quick else 100_000, rounds=2 if quick else 3)
    yield from _tick(min(rows, 5_000) if quick else rows, calls=5 if quick else 40)
    yield from _mails(bench, 200 if quick else 10_000, rounds=1 if quick else 3)


def _empty() -> None:
    with as_owner() as cursor:
        cursor.execute(f"TRUNCATE {_TABLE}")


# ---- owing many at once -----------------------------------------------------------------------------------------


def _owing(count: int, rounds: int) -> Iterator[Line]:
    subject, site_id, due = Appointment(id=uuid.uuid4()), "la", now()
    settle()  # as every process of the product does at its start

    def ours() -> None:
        with transaction.atomic():
            rows = [
                Owed("bench", subject, n, Recipient.PATIENT, uuid.uuid4(), due, site_id=site_id) for n in range(count)
            ]
            if owe_many(rows) != count:
                raise AssertionError("not all were owed")

    def bulk() -> None:
        with transaction.atomic():
            Message.objects.bulk_create(
                Message(
                    purpose="bench",
                    subject_type="scheduling.appointment",
                    subject_id=subject.pk,
                    subject_version=n,
                    recipient_type=Recipient.PATIENT,
                    recipient_id=uuid.uuid4(),
                    channel="email",
                    site_id=site_id,
                    due_at=due,
                )
                for n in range(count)
            )

    rates: dict[str, list[float]] = {"ours": [], "bulk": []}
    for _ in range(rounds):
        for name, call in (("ours", ours), ("bulk", bulk)):
            _empty()
            start = time.perf_counter()
            call()
            rates[name].append(count / (time.perf_counter() - start))
            if Message.objects.count() != count:
                raise AssertionError(f"{name} owed {Message.objects.count()} of {count}")
    _empty()
    ratio = statistics.median(a / b for a, b in zip(rates["ours"], rates["bulk"], strict=True))
    line = Line(f"owing {count:,} at once", statistics.median(rates["ours"]), "per s", ratio, "bulk_create", n=rounds)
    yield line.goal_of("ratio", 5, at_least=True)


# ---- the tick -----------------------------------------------------------------------------------------------------


def _tick(rows: int, calls: int, due: int = 100) -> Iterator[Line]:
    """Finding and leasing all that is due, among `rows` that are owed for later."""
    clinic.copies(
        Message, _one(now() + timedelta(days=1)).pk,
        {"id": "gen_random_uuid()", "subject_id": "gen_random_uuid()",
         "due_at": "t.due_at + n * interval '1 second'"}, f"generate_series(1, {rows - 1}) AS n",
    )  # fmt: skip
    clinic.copies(
        Message, _one(now() - timedelta(minutes=1)).pk,
        {"id": "gen_random_uuid()", "subject_id": "gen_random_uuid()"}, f"generate_series(1, {due - 1}) AS n",
    )  # fmt: skip

    def tick() -> None:
        found = 0
        while leased := claims.lease():
            found += len(leased)
        if found != due:
            raise AssertionError(f"{found} of {due} were found")

    def again() -> None:
        Message.objects.filter(claimed_at__isnull=False).update(claimed_at=None)

    samples = in_turn({"give back": again, "tick": tick}, calls=1, rounds=calls, warm=0)
    _empty()
    yield samples["tick"].line(f"a tick, {due} due of {rows:,} owed").goal_of("p95", 50)


def _one(due_at: Any) -> Message:
    return Message.objects.create(
        purpose="bench", subject_type="x", subject_id=uuid.uuid4(), recipient_type=Recipient.PATIENT,
        recipient_id=uuid.uuid4(), channel="email", due_at=due_at,
    )  # fmt: skip


# ---- ten thousand mails -------------------------------------------------------------------------------------------


def _mails(bench: clinic.Bench, count: int, rounds: int) -> Iterator[Line]:
    clinic.fill_calendar(bench, days=count // 40 + 20, share=1)
    visits = list(Appointment.objects.filter(starts_at__gt=now() + timedelta(days=3)).order_by("pk")[:count])
    if len(visits) < count:
        raise AssertionError(f"{len(visits)} visits for {count} messages")
    rates: dict[str, list[float]] = {"ours": [], bare.COMPOSED: [], bare.READY: []}
    grown: list[float] = []
    with tempfile.TemporaryDirectory() as folder, _sink(f"{folder}/mails") as sink:
        mail = Path(folder) / "mail"
        mail.write_bytes(_sample(visits))
        for _ in range(rounds):
            for name in rates:
                if name == "ours":
                    _owe(visits)
                    commands = [_deliverer(sink.port) for _ in range(WORKERS)]
                else:
                    commands = [_bare(name, sink.port, mail, count // WORKERS, n) for n in range(WORKERS)]
                took, *memory = _together(commands)
                rates[name].append(count / took[0])
                if (arrived := sink.counted()) != [count, count]:
                    raise AssertionError(f"{name}: {arrived[0]} mails, {arrived[1]} different ones, of {count}")
                grown += [last - first for first, last in memory if first]
    yield from _compared(count, rates)
    yield Line("growth of a worker's memory meanwhile", max(grown, default=0.0), "MB", n=len(grown)).goal_of("value", 8)


def _compared(count: int, rates: Mapping[str, Sequence[float]]) -> Iterator[Line]:
    """Ours against both, and both: the goal is against those that compose their mails, as any sender must."""
    value, kept = statistics.median(rates["ours"]), f"{WORKERS} bare smtplib processes on kept connections"

    def against(name: str) -> float:
        return statistics.median(a / b for a, b in zip(rates["ours"], rates[name], strict=True))

    n = len(rates["ours"])
    ours = Line(
        f"{count:,} mails by {WORKERS} workers", value, "per s", against(bare.COMPOSED), f"{kept}, composing", n
    )
    yield ours.goal_of("ratio", 0.85, at_least=True)
    yield Line("the same by bare smtplib, each composed", statistics.median(rates[bare.COMPOSED]), "per s", n=n)
    yield Line("the same as above, against one ready mail", value, "per s", against(bare.READY), f"{kept}, one mail", n)
    yield Line("one ready mail again and again by bare smtplib", statistics.median(rates[bare.READY]), "per s", n=n)


def _owe(visits: list[Appointment]) -> None:
    _empty()
    purpose = next(one.name for one in registry.purposes() if one.name.startswith("visit-reminder"))
    with transaction.atomic():
        owe_many(
            [
                Owed(purpose, one, one.version, Recipient.PATIENT, one.patient_id, now(), site_id=one.site_id)
                for one in visits
            ]
        )


def _sample(visits: list[Appointment]) -> bytes:
    """One of the mails that ours will send, for the others to send as it is."""
    _owe(visits[:1])
    (row,) = claims.lease()
    ready = Batch([row]).prepare(row)
    if not isinstance(ready, Ready) or ready.mail is None:
        raise AssertionError(f"the mail could not be written: {ready}")
    return bytes(ready.mail.message().as_bytes()).replace(b"\n", b"\r\n")


class _Sink:
    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.port = int(_line(process))

    def counted(self) -> list[int]:
        """Mails since it was last asked, and how many different ones."""
        _tell(self._process)
        found: list[int] = json.loads(_line(self._process))
        return found


@contextmanager
def _sink(folder: str) -> Iterator[_Sink]:
    with _started("tests.bench.mail.sink", folder, {}) as process:
        yield _Sink(process)


def _bare(how: str, port: int, mail: Path, count: int, name: int) -> tuple[list[str], dict[str, str]]:
    return ["tests.bench.mail.bare", how, str(port), str(mail), str(count), str(name)], {}


def _deliverer(port: int) -> tuple[list[str], dict[str, str]]:
    database = os.environ["DATABASE_URL"].rsplit("/", 1)[0] + f"/{connections['default'].settings_dict['NAME']}"
    return ["tests.bench.mail.deliverer"], {"DATABASE_URL": database, "EMAIL_URL": f"smtp://127.0.0.1:{port}"}


def _together(commands: list[tuple[list[str], dict[str, str]]]) -> list[list[float]]:
    """Start them, let all go at once when all are ready; the seconds it took, then what each said at its end."""
    with ExitStack() as stack:
        processes = [stack.enter_context(_started(*words, environment)) for words, environment in commands]
        for one in processes:
            _line(one)
        start = time.perf_counter()
        for one in processes:
            _tell(one)
        said = [[float(number) for number in _line(one).split()] for one in processes]
        return [[time.perf_counter() - start], *said]


@contextmanager
def _started(module: str, *words: Any) -> Iterator["subprocess.Popen[str]"]:
    *arguments, environment = words
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments], cwd=ROOT, env={**os.environ, "DJANGO_SETTINGS_MODULE":
        "pacificmind.settings", **environment}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.wait(10)


def _line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    if not (line := process.stdout.readline()):
        raise AssertionError("a process of the bench ended early")
    return line.strip()


def _tell(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()
