"""What bin/setup runs, with any Python >= 3.11 and nothing installed: .venv from the hash-locked requirements."""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
VENV = ROOT / ".venv"
PYTHON: Path = VENV / "bin" / "python"
STAMP = VENV / "installed.json"  # what was installed whole, for which folder; written last
UNFINISHED = VENV / "unfinished"  # there while packages are being written
INSTALLER = ROOT / "requirements-uv.txt"
LOCAL = ROOT / "requirements-local.txt"
DEV = ROOT / "requirements-dev.txt"


class SetupError(Exception):
    """A sentence for a person."""


def main(arguments: list[str]) -> int:
    """Returns the exit code."""
    if unknown := [argument for argument in arguments if argument != "--dev"]:
        print(f"bin/setup [--dev]: unknown argument {unknown[0]}", file=sys.stderr)
        return 2
    try:
        with _alone():
            _install(dev="--dev" in arguments)
    except SetupError as error:
        print(f"bin/setup: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"bin/setup: {VENV} cannot be written ({error.strerror}). Is the disk full?", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bin/setup: interrupted; run it again to go on.", file=sys.stderr)
        return 130
    return 0


@contextmanager
def _alone() -> Iterator[None]:
    """One at a time: the lock is on the project folder itself, so it leaves no file and dies with the process."""
    descriptor = os.open(ROOT, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("waiting for another bin/setup of this folder", flush=True)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _install(*, dev: bool) -> None:
    wanted = _wanted(dev=dev)
    stamp = _stamp()
    if wanted.items() <= stamp.items() and not UNFINISHED.exists() and PYTHON.exists():
        return
    started = time.monotonic()
    if not _sound(stamp):
        _make_venv()
    UNFINISHED.touch()
    STAMP.unlink(missing_ok=True)
    requirements = DEV if dev else LOCAL
    print(f"installing packages from {requirements.name}", flush=True)
    _packages(requirements)
    STAMP.write_text(json.dumps(wanted))
    UNFINISHED.unlink()
    print(f"packages installed ({time.monotonic() - started:.0f} s)", flush=True)


def _wanted(*, dev: bool) -> dict[str, str]:
    """What the stamp must say. The development packages include the local ones."""
    wanted = {"root": str(ROOT), LOCAL.name: _digest(LOCAL), INSTALLER.name: _digest(INSTALLER)}
    return {**wanted, DEV.name: _digest(DEV)} if dev else wanted


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _stamp() -> dict[str, str]:
    try:
        content = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}
    return {str(key): str(value) for key, value in content.items()} if isinstance(content, dict) else {}


def _sound(stamp: dict[str, str]) -> bool:
    """Can the environment that is there be built upon? Not after an interruption, nor after a move of the folder."""
    if UNFINISHED.exists() or stamp.get("root", str(ROOT)) != str(ROOT) or not PYTHON.exists():
        return False
    probe = "import pip, sys; sys.exit(sys.version_info < (3, 11))"
    return subprocess.run([PYTHON, "-c", probe], capture_output=True, check=False).returncode == 0


def _make_venv() -> None:
    print(f"making .venv with Python {sys.version.split()[0]}", flush=True)
    shutil.rmtree(VENV, ignore_errors=True)
    result = subprocess.run([sys.executable, "-m", "venv", VENV], capture_output=True, text=True, check=False)
    if result.returncode:
        shutil.rmtree(VENV, ignore_errors=True)
        raise SetupError(
            f"the virtual environment could not be made with {sys.executable}. On Debian and Ubuntu install the "
            f"package python3-venv.\n{(result.stdout + result.stderr).strip()[-800:]}"
        )


def _packages(requirements: Path) -> None:
    pip: list[str | Path] = [
        PYTHON,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--require-hashes",
    ]
    if _runs([*pip, "--only-binary", ":all:", "-r", INSTALLER]):
        uv: list[str | Path] = [VENV / "bin" / "uv", "pip", "install", "--quiet", "--python", PYTHON]
        if _runs([*uv, "--require-hashes", "-r", requirements]):
            return
    # It may read the machine's certificates or proxy settings where uv does not.
    print("the fast installer (uv) does not get on here; going on with pip", flush=True)
    if not _runs([*pip, "-r", requirements]):
        raise SetupError(
            f"the packages in {requirements.name} could not be installed; the reason is above. "
            "Check the network and the free disk space, then run it again."
        )


def _runs(command: list[str | Path]) -> bool:
    return subprocess.run(command, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
