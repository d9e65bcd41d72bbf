"""One booking as the least SQL that does the same: run by pgbench, by psycopg2, and by a bare Django view."""

import re
import shutil
import statistics
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.db import connections

from pacificmind.embedded.errors import EmbeddedError
from pacificmind.embedded.postgres import binaries
from tests.bench import clinic
from tests.bench.plain.statements import FIELDS, STATEMENTS, TEMPLATES
from tests.database import as_owner

SLOTS = "bench_slot"


_WRITTEN = ("scheduling_appointment", "intake_inquiry", "messaging_message", "audit_entry", "idempotency_request")
_EMPTY = {"character varying": "''", "text": "''", "jsonb": "'{}'", "boolean": "false", "smallint": "0", "integer": "0"}

_filled: list[tuple[str, str, str]] = []  # columns that got a default here


def fill_what_is_not_named(wanted: bool = True) -> None:
    """Let the bare statements leave out what is empty at a booking: a column that is added must not end the measuring.

    The product names every column that has no default of its own, so that nothing changes for it.
    """
    with as_owner() as cursor:
        cursor.execute(
            "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'public'"
            " AND table_name = ANY(%s) AND is_nullable = 'NO' AND is_generated = 'NEVER' AND is_identity = 'NO'"
            " AND data_type = ANY(%s) AND column_default IS NULL", [list(_WRITTEN), list(_EMPTY)],
        )  # fmt: skip
        if wanted:
            _filled.extend(cursor.fetchall())
        for table, column, kind in _filled:
            what = f"SET DEFAULT {_EMPTY[kind]}" if wanted else "DROP DEFAULT"
            cursor.execute(f'ALTER TABLE "{table}" ALTER COLUMN "{column}" {what}')
    if not wanted:
        _filled.clear()


def make_slots(bench: clinic.Bench, days: int = 30) -> int:
    """A table of bookings to be made, none in the way of another: the nth with its patient, place and time."""
    places = [
        (site, bench.rooms[site.pk][index], bench.clinicians[site.pk][index], day // 5 * 7 + day % 5, hour)
        for day in range(days)
        for hour in range(8)
        for index in range(clinic.ROOMS)
        for site in bench.sites
    ]
    fill_what_is_not_named()
    with as_owner() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {SLOTS}")
        cursor.execute(
            f"CREATE TABLE {SLOTS} (n int PRIMARY KEY, patient uuid, clinician uuid, room uuid, site text,"
            " starts_at timestamptz, ends_at timestamptz, made_by uuid)"
        )
        cursor.execute(f"GRANT SELECT ON {SLOTS} TO {connections['default'].settings_dict['USER']}")
        for n, (site, room, clinician, day, hour) in enumerate(places):
            start = clinic.at(bench.monday + timedelta(days=day), 8, site) + timedelta(minutes=75 * hour)
            values = (n, bench.patients[n % len(bench.patients)], clinician.pk, room.pk, site.pk, start,
                      start + timedelta(hours=1), bench.desk[n % len(bench.desk)].pk)  # fmt: skip
            cursor.execute(f"INSERT INTO {SLOTS} VALUES (%s,%s,%s,%s,%s,%s,%s,%s)", [str(v) for v in values])
        cursor.execute(f"ANALYZE {SLOTS}")
    return len(places)


def slots() -> list[dict[str, Any]]:
    """The same rows for those who are told what to book over HTTP."""
    with as_owner() as cursor:
        cursor.execute(f"SELECT patient, clinician, room, site, starts_at, ends_at, made_by FROM {SLOTS} ORDER BY n")
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def program() -> str:
    """pgbench, or nothing where there is none."""
    try:
        found = binaries() / "pgbench"
    except EmbeddedError:
        return shutil.which("pgbench") or ""
    return str(found) if found.exists() else shutil.which("pgbench") or ""


def name() -> str:
    """What the ratios are against."""
    return "pgbench" if program() else "psycopg2"


def rate(clients: int, each: int) -> tuple[float, float]:
    """Bookings a second by `clients` at once, `each` so many; and the mean seconds of one."""
    return _pgbench(clients, each) if program() else _psycopg2(clients, each)


def _pgbench(clients: int, each: int) -> tuple[float, float]:
    told = connections["default"].settings_dict
    variables = {one: f"':{one}'" for one in FIELDS}
    script = [
        rf"\set n :client_id + {clients} * :i",
        r"\set i :i + 1",
        "BEGIN;",
        f"SELECT *, gen_random_uuid() AS request, gen_random_uuid() AS visit FROM {SLOTS} WHERE n = :n \\gset",
        *(f"{one.format(**variables)};" for one in TEMPLATES),
        "COMMIT;",
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "book.sql"
        path.write_text("\n".join(script))
        command = [program(), "-n", "-f", str(path), "-D", "i=0", "-c", str(clients), "-j", "1", "-t", str(each),
                   "-h", told["HOST"], "-U", told["USER"], told["NAME"]]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    tps = re.search(r"tps = ([\d.]+)", done.stdout)
    if done.returncode or tps is None or "number of failed transactions: 0" not in done.stdout:
        raise RuntimeError(f"pgbench: {done.stderr[-500:]}{done.stdout[-300:]}")
    return float(tps[1]), clients / float(tps[1])


def _psycopg2(clients: int, each: int) -> tuple[float, float]:
    wanted = slots()
    links = [clinic.bare() for _ in range(clients)]

    def run(index: int) -> None:
        links[index].autocommit = False
        with links[index].cursor() as cursor:
            for n in range(index, clients * each, clients):
                values = {**wanted[n], "request": str(uuid.uuid4()), "visit": str(uuid.uuid4())}
                for statement in STATEMENTS:
                    cursor.execute(statement, values)
                links[index].commit()

    threads = [threading.Thread(target=run, args=(index,)) for index in range(clients)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - start
    for link in links:
        link.close()
    return clients * each / took, took / each


def median(values: Sequence[float]) -> float:
    """Of the rounds."""
    return statistics.median(values)
