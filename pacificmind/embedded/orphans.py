"""Processes that an earlier, killed supervisor left behind: find them by pid file and by mark, and end them."""

import contextlib
import os
import signal
from pathlib import Path

import psutil  # type: ignore[import-untyped]

MARK = "PACIFICMIND_VAR"  # in the environment of every child: the data folder it belongs to
_GRACE_SECONDS = 4
_CLOCK_SLACK_SECONDS = 2  # creation times are reckoned from the boot time, which a clock step shifts


def record(var: Path, name: str, pid: int) -> None:
    """Remember a child, so that the next start can find it."""
    with contextlib.suppress(psutil.Error):
        (var / "run" / f"{name}.pid").write_text(f"{pid} {psutil.Process(pid).create_time()}\n")


def forget(var: Path, name: str) -> None:
    """The child has ended."""
    (var / "run" / f"{name}.pid").unlink(missing_ok=True)


def leader(var: Path, name: str) -> psutil.Process | None:
    """The living process recorded under that name; a reused pid does not count."""
    try:
        pid, created = (var / "run" / f"{name}.pid").read_text().split()
        process = psutil.Process(int(pid))
        same = abs(process.create_time() - float(created)) <= _CLOCK_SLACK_SECONDS
    except (OSError, ValueError, psutil.Error):
        return None
    return process if same and process.status() != psutil.STATUS_ZOMBIE else None


def end_all(var: Path) -> list[str]:
    """End what an earlier supervisor of this (held) data folder left running. Returns the names of what was ended."""
    names = [path.stem for path in sorted((var / "run").glob("*.pid"))]
    found = {name: process for name in names if (process := leader(var, name))}
    groups = {process.pid for process in found.values()}
    processes = set(found.values()) | {process for process in psutil.process_iter() if _is_ours(process, var, groups)}
    _end(processes, gentle={process.pid: _gentle(name) for name, process in found.items()})
    for name in names:
        forget(var, name)
    return sorted(found) or [process.name() for process in processes]


def end_group(pid: int) -> None:
    """Kill what is left of a child's process group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _gentle(name: str) -> signal.Signals:
    return signal.SIGINT if name == "postgres" else signal.SIGTERM


def _is_ours(process: psutil.Process, var: Path, groups: set[int]) -> bool:
    if process.pid == os.getpid():
        return False
    try:
        return os.getpgid(process.pid) in groups or process.environ().get(MARK) == str(var)
    except (OSError, psutil.Error):
        return False


def _end(processes: set[psutil.Process], gentle: dict[int, signal.Signals]) -> None:
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.send_signal(gentle.get(process.pid, signal.SIGTERM))
    _, stubborn = psutil.wait_procs(processes, timeout=_GRACE_SECONDS)
    for process in stubborn:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(stubborn, timeout=_GRACE_SECONDS)
