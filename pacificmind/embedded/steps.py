"""What is done once, before serving: migrations, static files, the demo clinic. Skipped while nothing has changed."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from pacificmind.embedded import orphans
from pacificmind.embedded.config import ROOT
from pacificmind.embedded.errors import EmbeddedError
from pacificmind.embedded.folder import write_private
from pacificmind.embedded.supervisor import POLL_SECONDS, Supervisor, last_words, log_file, through_shim

PACKAGES = ("pacificmind", "intake", "scheduling")
LOCKED = ROOT / "requirements.txt"  # other packages bring migrations and static files too


class Steps:
    """Runs `manage.py` commands, each remembered by a stamp of what it depended on."""

    def __init__(self, supervisor: Supervisor, environment: Mapping[str, str], database_mark: str) -> None:
        self.supervisor = supervisor
        self.var = supervisor.var
        self.environment = environment
        self.database_mark = database_mark  # empty: a database of which we cannot tell whether it is the same

    def migrate(self, owner_url: str) -> None:
        """As the owner. Skipped if this database was migrated by this very code."""
        mark = self._of_database(_sources("migrations/*.py"))
        self._once("migrate", mark, ["migrate", "--database", "owner", "--noinput"], DATABASE_OWNER_URL=owner_url)

    def collect_static(self) -> None:
        """Into VAR/static."""
        files = [*(ROOT / "static").rglob("*"), *_sources("static/**/*")]
        manifest = self.var / "static" / "staticfiles.json"
        mark = _digest(files)
        if not manifest.exists():
            (self.var / "stamps" / "collectstatic").unlink(missing_ok=True)
        if _read_stamp(self.var, "collectstatic") != mark:
            # The settings choose hashed names where there is a manifest: there must be one for the first to be made.
            manifest.parent.mkdir(exist_ok=True)
            manifest.write_text('{"paths": {}, "version": "1.1", "hash": ""}')
        self._once("collectstatic", mark, ["collectstatic", "--noinput", "--clear"])

    def demo(self, owner_url: str) -> None:
        """The demo clinic; the command itself is idempotent."""
        mark = self._of_database([*_sources("**/demo*.py"), *(ROOT / "pacificmind" / "demo").rglob("*.py")])
        logins = Path(self.environment["DEMO_LOGINS_FILE"])
        if not logins.exists():
            (self.var / "stamps" / "demo").unlink(missing_ok=True)
        self._once("demo", mark, ["demo"], DATABASE_OWNER_URL=owner_url)

    def _of_database(self, files: Iterable[Path]) -> str:
        return f"{self.database_mark} {_digest(files)}" if self.database_mark else ""

    def _once(self, name: str, mark: str, command: list[str], **extra: str) -> None:
        """Run the command unless its stamp says `mark`; an empty mark never matches."""
        if mark and _read_stamp(self.var, name) == mark:
            return
        started = time.monotonic()
        self._manage(name, command, extra)
        _stamp(self.var, name, mark)
        self.supervisor.say(f"{name} done ({time.monotonic() - started:.1f} s)")

    def _manage(self, name: str, command: list[str], extra: Mapping[str, str]) -> None:
        """Raises EmbeddedError if it fails, Stopped if someone asked to stop meanwhile."""
        with log_file(self.var, name).open("wb") as log:
            process = subprocess.Popen(
                [*through_shim(signal.SIGKILL, "-"), sys.executable, str(ROOT / "manage.py"), *command],
                env={**self.environment, **extra, orphans.MARK: str(self.var)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
                start_new_session=True,
            )
        try:
            while process.poll() is None:
                self.supervisor.wakeup.sleep(POLL_SECONDS)
                self.supervisor.check()
        finally:
            orphans.end_group(process.pid)
            process.wait()
        if process.returncode:
            raise EmbeddedError(
                f"manage.py {' '.join(command)} failed (exit {process.returncode}). "
                f"The whole of it is in {self.var / 'log' / name}.log; its end:{last_words(self.var, name, 12)}"
            )


def timed(say: Callable[[str], None], what: str, started: float) -> None:
    """A progress line."""
    say(f"{what} ready ({time.monotonic() - started:.1f} s)")


def _sources(pattern: str) -> list[Path]:
    return [path for package in PACKAGES for path in (ROOT / package).rglob(pattern)]


def _digest(paths: Iterable[Path]) -> str:
    """Of names and contents, and of the locked packages."""
    digest = hashlib.sha256()
    for path in sorted({LOCKED, *paths}):
        if path.is_file():
            digest.update(os.fsencode(path.relative_to(ROOT)) + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _read_stamp(var: Path, name: str) -> str:
    try:
        return (var / "stamps" / name).read_text()
    except OSError:
        return ""


def _stamp(var: Path, name: str, mark: str) -> None:
    if _read_stamp(var, name) != mark:
        write_private(var / "stamps" / name, mark)
