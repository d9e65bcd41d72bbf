"""Children are started, kept alive and stopped, their own children included."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pacificmind.embedded import folder
from pacificmind.embedded.config import ROOT
from pacificmind.embedded.errors import EmbeddedError
from pacificmind.embedded.orphans import end_all
from pacificmind.embedded.supervisor import LOG_BYTES, Child, Supervisor
from tests.embedded.helpers import STUBBORN, eventually, of_folder, script

pytestmark = pytest.mark.servers


@pytest.fixture
def var(tmp_path: Path) -> Path:
    with folder.held(tmp_path / "var") as held:
        return held


@pytest.fixture
def said() -> list[str]:
    return []


def child(var: Path, text: str, name: str = "sleeper", **options: object) -> Child:
    return Child(name, script(var, text, f"{name}.py"), dict(os.environ), **options)  # type: ignore[arg-type]


def tended(supervisor: Supervisor, condition: Callable[[], bool]) -> bool:
    """Does it become true while the supervisor watches?"""

    def look() -> bool:
        supervisor.tend_once()
        return condition()

    return eventually(look)


def test_a_child_that_is_killed_is_started_again_and_it_is_said(var: Path, said: list[str]) -> None:
    supervisor = Supervisor(var, said.append)
    supervisor.start([child(var, "import time; time.sleep(600)")])
    try:
        first = supervisor.pid("sleeper")
        os.kill(first, signal.SIGKILL)
        assert tended(supervisor, lambda: supervisor.pid("sleeper") != first)
        assert said == ["sleeper ended (signal 9); starting it again in 0.5 s"]
        assert len(of_folder(var)) == 1
    finally:
        supervisor.stop()


def test_pauses_grow_for_a_child_that_keeps_dying(var: Path, said: list[str]) -> None:
    supervisor = Supervisor(var, said.append)
    supervisor.start([child(var, "import time; time.sleep(0.3)")])
    try:
        assert tended(supervisor, lambda: len(said) >= 2)
        assert [line.rsplit(" in ")[1] for line in said] == ["0.5 s", "1 s"]
    finally:
        supervisor.stop()


def test_stopping_ends_stubborn_children_and_grandchildren_in_time(var: Path, said: list[str]) -> None:
    supervisor = Supervisor(var, said.append)
    supervisor.start([child(var, STUBBORN, name, grace_seconds=1) for name in ("one", "two")])
    assert eventually(lambda: len(of_folder(var)) == 4)
    started = time.monotonic()
    supervisor.stop()
    assert time.monotonic() - started < 10
    assert eventually(lambda: not of_folder(var), seconds=10)


def test_the_orphans_of_a_killed_child_do_not_outlive_it(var: Path, said: list[str]) -> None:
    supervisor = Supervisor(var, said.append)
    supervisor.start([child(var, STUBBORN, "pool")])
    try:
        assert eventually(lambda: len(of_folder(var)) == 2)
        before = {process.pid for process in of_folder(var)}
        os.kill(supervisor.pid("pool"), signal.SIGKILL)
        assert tended(supervisor, lambda: before.isdisjoint({process.pid for process in of_folder(var)}))
    finally:
        supervisor.stop()


def test_servers_are_stopped_last(var: Path, said: list[str]) -> None:
    program = """
import pathlib, signal, sys, time
def stop(*_):
    with open(pathlib.Path(__file__).with_name("order"), "a") as file: file.write(pathlib.Path(__file__).stem + " ")
    sys.exit()
signal.signal(signal.SIGTERM, stop)
pathlib.Path(__file__).with_suffix(".up").touch()
time.sleep(600)
"""
    supervisor = Supervisor(var, said.append)
    for name, server in (("database", True), ("broker", True), ("web", False)):
        supervisor.start([child(var, program, name, server=server, ready=(var / f"{name}.up").exists)])
    supervisor.stop()
    assert (var / "order").read_text().split() == ["web", "broker", "database"]


def test_a_child_that_fails_at_start_gives_its_last_words(var: Path, said: list[str]) -> None:
    supervisor = Supervisor(var, said.append)
    failing = child(var, "raise SystemExit('no chair is free')", "failing", ready=lambda: False)
    with pytest.raises(EmbeddedError, match=r"(?s)failing ended while starting \(exit 1\).*no chair is free"):
        supervisor.start([failing])
    supervisor.stop()
    assert of_folder(var) == []


def test_a_child_that_is_never_ready_is_given_up(var: Path, said: list[str]) -> None:
    supervisor = Supervisor(var, said.append)
    slow = child(var, "import time; time.sleep(600)", "slow", ready=lambda: False, ready_seconds=0.3)
    with pytest.raises(EmbeddedError, match="slow was not ready after 0 seconds"):
        supervisor.start([slow])
    supervisor.stop()
    assert of_folder(var) == []


def test_what_a_killed_supervisor_left_is_found_and_ended(var: Path, tmp_path: Path) -> None:
    program = f"""
import os, sys
from pathlib import Path
sys.path.insert(0, {str(ROOT)!r})
from pacificmind.embedded.supervisor import Child, Supervisor
supervisor = Supervisor(Path({str(var)!r}), print)
supervisor.start([Child("pool", [sys.executable, {str(var / "pool.py")!r}], dict(os.environ))])
print("up", flush=True)
supervisor.tend()
"""
    script(var, STUBBORN, "pool.py")  # deaf to SIGTERM, so the death signal alone does not end it
    holder = subprocess.Popen(script(tmp_path, program, "holder.py"), stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "up\n"
    assert eventually(lambda: len(of_folder(var)) == 2)
    holder.kill()
    holder.wait()
    holder.stdout.close()
    assert len(of_folder(var)) == 2
    assert end_all(var) == ["pool"]
    assert of_folder(var) == []
    assert end_all(var) == []


def test_a_pid_file_whose_number_went_to_another_program_harms_nobody(var: Path) -> None:
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        (var / "run" / "web.pid").write_text(f"{bystander.pid} 1000000.0\n")
        assert end_all(var) == []
        assert bystander.poll() is None
        assert not (var / "run" / "web.pid").exists()
    finally:
        bystander.kill()
        bystander.wait()


def test_a_large_log_is_set_aside_at_the_next_start(var: Path, said: list[str]) -> None:
    (var / "log" / "sleeper.log").write_bytes(b"x" * (LOG_BYTES + 1))
    supervisor = Supervisor(var, said.append)
    supervisor.start([child(var, "print('hello')\nimport time; time.sleep(600)")])
    assert eventually(lambda: (var / "log" / "sleeper.log").exists())
    supervisor.stop()
    assert (var / "log" / "sleeper.log.1").stat().st_size > LOG_BYTES
