"""The README's commands work as written, on a fresh clone; what it names exists."""

import json
import os
import re
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.journeys.house import free_port

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
COMMANDS = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)


def test_what_the_readme_names_is_there() -> None:
    named = set(re.findall(r"`((?:bin|docs|intake|scheduling|pacificmind|tests)/[\w./-]*)`", README))
    named |= set(re.findall(r"\]\((docs/[\w./-]+)\)", README))
    assert [path for path in sorted(named) if not (ROOT / path.rstrip("/")).exists()] == []


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What somebody gets who clones the last commit, with what is not committed yet laid over it."""
    folder = tmp_path_factory.mktemp("fresh") / "portal"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(folder)], check=True)
    changed = subprocess.run(["git", "diff", "HEAD", "--binary"], cwd=ROOT, capture_output=True, check=True).stdout
    if changed:
        subprocess.run(["git", "apply"], cwd=folder, input=changed, check=True)
    return folder


def bare_environment(**more: str) -> dict[str, str]:
    """Nothing of the tests' own servers."""
    kept = ("PATH", "HOME", "LANG", "TMPDIR", "SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "UV_CACHE_DIR")
    return {name: os.environ[name] for name in kept if name in os.environ} | more


@contextmanager
def started(command: str, folder: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    """A command of the README, stopped as Ctrl-C does."""
    process = subprocess.Popen(
        ["sh", "-c", f"exec {command}"], cwd=folder, env=bare_environment(PORT=str(port)), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=20)


@pytest.mark.servers
def test_the_first_command_starts_a_clinic(clone: Path) -> None:
    command, port = COMMANDS[0].strip(), free_port()
    assert command == "bin/run"
    with started(command, clone, port) as process:
        assert process.stdout is not None
        seen: list[str] = []
        for line in process.stdout:
            seen.append(line)
            if line.startswith("ready "):
                break
        assert seen[-1:] == [f"ready http://127.0.0.1:{port}\n"], "".join(seen)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=30) as page:
            assert b"Pacific Mind" in page.read()
    left = subprocess.run(["pgrep", "-f", str(clone)], capture_output=True, text=True).stdout
    assert left == "", "nothing is left running"


def said(command: str, folder: Path) -> str:
    """What a command of the README prints."""
    done = subprocess.run(["sh", "-c", command], cwd=folder, env=bare_environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.servers
def test_the_commands_for_cases_of_ones_own(clone: Path) -> None:
    (clone / "answers.jsonl").write_text('{"id": 1, "instrument": "PHQ-2", "items": [3, 3], "context": {}}\n')
    (clone / "facts.jsonl").write_text('{"id": 1, "facts": {}}\n')
    problem = {"id": 1, "zone": "America/Los_Angeles", "order": {"infusions": 1, "per_week": 2}, "candidates": []}
    (clone / "problems.jsonl").write_text(json.dumps(problem) + "\n")
    setup, *commands = COMMANDS[3].strip().splitlines()
    said(setup, clone)
    answers = [json.loads(said(command, clone)) for command in commands]
    assert answers[0]["score"] == 6
    assert "findings" in answers[1]
    assert answers[2]["impossible"]["rule"] == "candidates"


@pytest.mark.servers
def test_the_command_that_measures(clone: Path) -> None:
    command = COMMANDS[2].strip()
    assert command.startswith("bin/bench ")
    lines = [json.loads(line) for line in said(f"{command} --json", clone).splitlines()]
    assert {line["unit"] for line in lines} == {"ms", "queries"}
    assert all(line["value"] > 0 for line in lines)
