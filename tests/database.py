"""A test database in a blink: migrated once into a template, then copied; owned by one role, served by another."""

import hashlib
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg2
import psycopg2.errors
from django.core.management import call_command
from django.db import connections

from pacificmind.embedded.errors import EmbeddedError
from pacificmind.embedded.postgres import binaries

ROOT = Path(__file__).resolve().parent.parent
EMPTY_TRIES = 5
KEPT = Path.home() / ".cache" / "pacificmind-tests"  # named by the hash of what made it, so never stale


def migrations_hash() -> str:
    """Changes whenever a migration, or what is granted after it, changes."""
    files = sorted([*ROOT.glob("*/migrations/*.py"), *ROOT.glob("pacificmind/*/migrations/*.py")])
    files += [ROOT / "pacificmind/audit/grants.py", ROOT / "requirements.txt"]
    return hashlib.sha256(b"".join(f.read_bytes() for f in files)).hexdigest()[:12]


@contextmanager
def as_owner(name: str = "") -> Iterator["psycopg2.extensions.cursor"]:
    """A cursor of the owner of the tables, outside Django; on the tests' database unless another is named."""
    settings = connections["owner"].settings_dict
    link = psycopg2.connect(
        host=settings["HOST"], user=settings["USER"], password=settings["PASSWORD"], dbname=name or settings["NAME"]
    )
    link.autocommit = True
    try:
        yield link.cursor()
    finally:
        link.close()


_home = {"name": ""}
# Only the owner may let a trigger rest, and a test runs as the serving role, in a transaction of its own.
REWRITE = """
CREATE FUNCTION tests_rewrite(tbl regclass, rests boolean) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s %s TRIGGER USER', tbl, CASE WHEN rests THEN 'DISABLE' ELSE 'ENABLE' END);
END $$
"""


def _point_at(name: str) -> None:
    for alias in ("default", "owner"):
        connections[alias].close()
        connections[alias].settings_dict["NAME"] = name


def make(suffix: str) -> str:
    """Make the database of this worker and point both connections at it; its name."""
    _home["name"] = connections["owner"].settings_dict["NAME"]
    template, name = f"test_template_{migrations_hash()}", f"test_{migrations_hash()}_{suffix}"
    with as_owner(_home["name"]) as cursor:
        cursor.execute("SELECT pg_advisory_lock(7231)")  # workers of xdist start together
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [template])
        if not cursor.fetchone():
            cursor.execute(f"DROP DATABASE IF EXISTS {template}_new")
            cursor.execute(f"CREATE DATABASE {template}_new")
            _fill(f"{template}_new", KEPT / f"{template}.sql")
            cursor.execute(f"ALTER DATABASE {template}_new RENAME TO {template}")
        cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        cursor.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        cursor.execute("SELECT pg_advisory_unlock(7231)")
    with as_owner(name) as cursor:
        cursor.execute(REWRITE)
    _point_at(name)
    return name


def _fill(name: str, kept: Path) -> None:
    """Migrate; or, on a developer's machine, put back what the same migrations made before (CI always migrates)."""
    keeps = "CI" not in os.environ and _tools() is not None
    if keeps and kept.exists():
        _run("psql", "--quiet", "--set=ON_ERROR_STOP=1", f"--file={kept}", f"--dbname={name}")
        return
    _point_at(name)
    call_command("migrate", verbosity=0)
    _point_at(_home["name"])
    if keeps:
        kept.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = kept.with_suffix(f".{os.getpid()}")
        _run("pg_dump", f"--file={part}", name)
        part.replace(kept)


def _tools() -> Path | None:
    """Where psql and pg_dump of the embedded server are; None where the tests run on another one."""
    with suppress(EmbeddedError):
        return binaries() if (binaries() / "pg_dump").exists() and "PG_BIN" not in os.environ else None
    return None


def _run(program: str, *told: str) -> None:
    settings = connections["owner"].settings_dict
    link = {"PGHOST": settings["HOST"], "PGUSER": settings["USER"], "PGPASSWORD": settings["PASSWORD"]}
    if settings["PORT"]:
        link["PGPORT"] = str(settings["PORT"])
    subprocess.run([binaries() / program, *told], env={**os.environ, **link}, check=True, capture_output=True)


def drop(name: str) -> None:
    """Remove the database again."""
    _point_at(_home["name"])
    # A browser's test may leave a connection behind that only the serving role could end: its server ends soon too.
    with as_owner(_home["name"]) as cursor, suppress(psycopg2.errors.InsufficientPrivilege):
        cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def empty() -> None:
    """Empty every table, as the owner: the serving role may not. Servers of a browser's test may be reading: again."""
    for left in reversed(range(EMPTY_TRIES)):
        try:
            return _empty()
        except psycopg2.errors.DeadlockDetected:
            if not left:
                raise
    return None


def _empty() -> None:
    with as_owner() as cursor:
        cursor.execute(
            "SELECT string_agg(quote_ident(tablename), ', ') FROM pg_tables WHERE schemaname = 'public'"
            " AND tablename NOT IN ('django_migrations', 'django_content_type', 'auth_permission')"
        )
        (tables,) = cursor.fetchone() or ("",)
        cursor.execute(f"TRUNCATE {tables} RESTART IDENTITY CASCADE")
