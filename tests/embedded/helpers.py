"""Small programs to be supervised, killed and looked for."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from pacificmind.embedded.config import ROOT
from pacificmind.embedded.orphans import MARK

# A parent with a child of its own, both deaf to SIGTERM: what a pool looks like at its worst.
STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if len(sys.argv) == 1:
    subprocess.Popen([sys.executable, "-c", open(sys.argv[0]).read() if sys.argv[0] != "-c" else "", "leaf"])
time.sleep(600)
"""

HOLD_CLUSTER = """
import sys, time
from pathlib import Path
from pacificmind.embedded.cluster import running
with running(Path(sys.argv[1])) as urls:
    print(urls.database_owner_url, flush=True)
    time.sleep(600)
"""


def script(folder: Path, text: str, name: str = "program.py") -> list[str]:
    """A program, as a command."""
    path = folder / name
    path.write_text(text)
    return [sys.executable, str(path)]


def hold_cluster(var: Path) -> tuple["subprocess.Popen[str]", str]:
    """A process of its own that runs both servers; returns it and the owner's address."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", HOLD_CLUSTER, str(var)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    assert url.startswith("postgres://")
    return process, url


def of_folder(var: Path) -> list["psutil.Process"]:
    """Every living process that belongs to a data folder, by its mark, its arguments or where it works."""
    return [process for process in psutil.process_iter() if _belongs(process, str(var.resolve()))]


def _belongs(process: "psutil.Process", var: str) -> bool:
    try:
        if process.status() == psutil.STATUS_ZOMBIE or process.pid == os.getpid():
            return False
        places = [process.cwd(), *process.cmdline()]  # valkey overwrites its environment with its title
        return process.environ().get(MARK) == var or any(f"{var}/" in place for place in places)
    except psutil.Error:
        return False


def eventually(condition: Callable[[], object], seconds: float = 10) -> bool:
    """Does it become true in time?"""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False
