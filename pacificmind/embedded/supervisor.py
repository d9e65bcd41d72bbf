"""Children started in order, kept alive, stopped in reverse order."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pacificmind.embedded import orphans
from pacificmind.embedded.errors import EmbeddedError
from pacificmind.embedded.signals import Wakeup

LOG_BYTES = 5_000_000  # beyond this a log is set aside at the next start, one old file kept
STEADY_SECONDS = 60  # after this long alive, the next death is a first one again
BACKOFF_SECONDS = (0.5, 1, 2, 5, 10, 30)
POLL_SECONDS = 0.05
_SHIM = str(Path(__file__).with_name("shim.py"))


def _no_probe() -> bool:
    return True


@dataclass(frozen=True)
class Child:
    """One long-running process and how to treat it."""

    name: str  # of its log and pid file
    argv: Sequence[str]
    env: Mapping[str, str]
    ready: Callable[[], bool] = _no_probe
    stop_signal: signal.Signals = signal.SIGTERM
    ready_seconds: float = 30
    grace_seconds: float = 3
    server: bool = False  # others depend on it: stopped after them, one at a time
    before: Sequence[str] = ()  # a command that runs the command, such as unshare
    identity: str = "-"  # uid:gid to become, or - for ourselves
    cwd: Path | None = None


@dataclass
class _Running:
    child: Child
    process: subprocess.Popen[bytes]
    since: float = field(default_factory=time.monotonic)
    deaths: int = 0
    again_at: float | None = None  # when to start it again, once it is dead


class Supervisor:
    """Use from the main thread only: on Linux children die with the thread that started them."""

    def __init__(self, var: Path, say: Callable[[str], None], wakeup: Wakeup | None = None) -> None:
        self.var = var
        self.say = say
        self.wakeup = wakeup or Wakeup()
        self._running: list[_Running] = []

    def start(self, children: Iterable[Child]) -> None:
        """Start children side by side, and return when each is ready.

        Raises EmbeddedError if one ends or is not ready in its time, Stopped if someone asked to stop.
        """
        started = [self._spawn(child) for child in children]
        self._running.extend(started)
        for running in started:
            self._await_ready(running)

    def check(self) -> None:
        """Raises EmbeddedError if a child has ended, Stopped if someone asked to stop."""
        self.wakeup.check()
        for running in self._running:
            if running.process.poll() is not None:
                raise EmbeddedError(self._obituary(running))

    def tend(self) -> None:
        """Start again, with growing pauses, what ends by itself; returns when someone asked to stop."""
        while not self.wakeup.stopping:
            self.tend_once()
            due = [running.again_at for running in self._running if running.again_at is not None]
            self.wakeup.sleep(min([time.monotonic() + 1, *due]) - time.monotonic())

    def tend_once(self) -> None:
        """Look at each child once."""
        for running in self._running:
            if running.again_at is None:
                if running.process.poll() is not None:
                    self._bury(running)
            elif time.monotonic() >= running.again_at:
                self._revive(running)

    def stop(self) -> None:
        """Stop everything: first all that serve together, then the servers one by one. Nothing is left."""
        self._stop([running for running in self._running if not running.child.server])
        for running in reversed([running for running in self._running if running.child.server]):
            self._stop([running])
        self._running.clear()

    def pid(self, name: str) -> int:
        """The process id of a child."""
        return next(running.process.pid for running in self._running if running.child.name == name)

    def _spawn(self, child: Child) -> _Running:
        with log_file(self.var, child.name).open("ab") as log:
            process = subprocess.Popen(
                [*child.before, *through_shim(child.stop_signal, child.identity), *child.argv],
                env={**child.env, orphans.MARK: str(self.var)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=child.cwd,
                start_new_session=True,  # a group of its own: Ctrl-C reaches only us, and we can end it whole
            )
        orphans.record(self.var, child.name, process.pid)
        return _Running(child, process)

    def _await_ready(self, running: _Running) -> None:
        child = running.child
        deadline = time.monotonic() + child.ready_seconds
        while not child.ready():
            self.check()
            if time.monotonic() > deadline:
                raise EmbeddedError(
                    f"{child.name} was not ready after {child.ready_seconds:.0f} seconds. "
                    f"See {self.var / 'log' / child.name}.log.{last_words(self.var, child.name)}"
                )
            self.wakeup.sleep(POLL_SECONDS)
        self.check()

    def _bury(self, running: _Running) -> None:
        orphans.end_group(running.process.pid)
        orphans.forget(self.var, running.child.name)
        steady = time.monotonic() - running.since > STEADY_SECONDS
        running.deaths = 1 if steady else running.deaths + 1
        pause = BACKOFF_SECONDS[min(running.deaths, len(BACKOFF_SECONDS)) - 1]
        running.again_at = time.monotonic() + pause
        self.say(f"{running.child.name} ended ({_how(running.process)}); starting it again in {pause:g} s")

    def _revive(self, running: _Running) -> None:
        try:
            running.process = self._spawn(running.child).process
        except OSError as error:  # no memory, no disk, no process left: later, perhaps
            running.again_at = time.monotonic() + BACKOFF_SECONDS[-1]
            self.say(f"{running.child.name} could not be started ({error.strerror}); trying again later")
        else:
            running.since, running.again_at = time.monotonic(), None

    def _stop(self, group: list[_Running]) -> None:
        for running in group:
            if running.process.poll() is None:
                running.process.send_signal(running.child.stop_signal)
        deadline = time.monotonic() + max((running.child.grace_seconds for running in group), default=0)
        for running in group:
            while running.process.poll() is None and time.monotonic() < deadline:
                self.wakeup.sleep(POLL_SECONDS)
            orphans.end_group(running.process.pid)
            running.process.wait()
            orphans.forget(self.var, running.child.name)

    def _obituary(self, running: _Running) -> str:
        name = running.child.name
        return (
            f"{name} ended while starting ({_how(running.process)}). "
            f"See {self.var / 'log' / name}.log.{last_words(self.var, name)}"
        )


def through_shim(death_signal: signal.Signals, identity: str) -> list[str]:
    """The start of a command that becomes `identity` ("-": stays) and gets `death_signal` when we die."""
    return [sys.executable, "-I", "-S", _SHIM, str(os.getpid()), str(int(death_signal)), identity]


def _how(process: subprocess.Popen[bytes]) -> str:
    code = process.returncode
    return f"exit {code}" if code is None or code >= 0 else f"signal {-code}"


def log_file(var: Path, name: str) -> Path:
    """Where a child writes; a large old log is set aside first."""
    path = var / "log" / f"{name}.log"
    if path.exists() and path.stat().st_size > LOG_BYTES:
        path.replace(path.with_suffix(".log.1"))
    return path


def last_words(var: Path, name: str, lines: int = 15) -> str:
    """The end of a log, to be shown under an error."""
    try:
        text = (var / "log" / f"{name}.log").read_bytes()[-4000:].decode(errors="replace")
    except OSError:
        return ""
    return "".join(f"\n    {line}" for line in text.splitlines()[-lines:])
