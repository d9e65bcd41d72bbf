"""What bin/run checks before it starts, and what it keeps."""

import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pacificmind.embedded import folder, run
from pacificmind.embedded.config import ROOT, process_environment, read
from pacificmind.embedded.errors import EmbeddedError


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def start(var: Path, port: int, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """A start that is meant to fail at its checks."""
    environment = {**os.environ, "PORT": str(port), "VAR": str(var), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "pacificmind.embedded.run", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)


def test_a_taken_port_is_said_in_one_sentence(tmp_path: Path, taken_port: int) -> None:
    result = start(tmp_path / "var", taken_port)
    assert result.returncode == 1
    assert result.stderr == (
        f"bin/run: Port {taken_port} is taken by another program. Stop that program, or choose another with PORT=...\n"
    )
    assert not (tmp_path / "var" / "postgres").exists()


def test_reset_never_empties_a_folder_that_is_not_ours(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    result = start(tmp_path, 8119, "--reset")
    assert result.returncode == 1
    assert "holds something else, so it is left alone" in result.stderr
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_reset_does_not_empty_the_folder_when_the_port_is_taken(tmp_path: Path, taken_port: int) -> None:
    with folder.held(tmp_path / "var") as var:
        (var / "postgres").mkdir()
    assert start(tmp_path / "var", taken_port, "--reset").returncode == 1
    assert (tmp_path / "var" / "postgres").exists()


def test_emptying_keeps_marker_and_lock_and_follows_no_link(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "kept").touch()
    with folder.held(tmp_path / "var") as var:
        (var / "postgres").mkdir()
        (var / "secret-key").touch()
        (var / "link").symlink_to(tmp_path / "outside")
        folder.empty(var)
        assert {path.name for path in var.iterdir()} == {folder.MARKER, "lock", "log", "run", "stamps"}
    assert (tmp_path / "outside" / "kept").exists()


def test_too_little_space_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "NEEDED_BYTES", 10**18)
    with pytest.raises(EmbeddedError, match="Free some space"):
        folder.check_space(tmp_path)


def test_a_disk_that_filled_up_meanwhile_is_named_with_the_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said: Exception = EmbeddedError("manage.py migrate failed.")

    def broken(*_: object) -> None:
        raise said

    monkeypatch.setattr(run, "_serve", broken)
    monkeypatch.setenv("VAR", str(tmp_path / "var"))
    assert run.main([]) == 1
    assert "full" not in capsys.readouterr().err
    monkeypatch.setattr(folder, "FULL_BYTES", 10**18)
    assert run.main([]) == 1
    assert "migrate failed.\nThe disk of" in capsys.readouterr().err
    said = OSError(28, "No space left on device")
    assert run.main([]) == 1
    assert "No space left on device.\nThe disk of" in capsys.readouterr().err


def test_the_secret_key_is_made_once_and_private(tmp_path: Path) -> None:
    path = folder.secret_key(tmp_path)
    key = path.read_text()
    assert len(key) >= 64
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert folder.secret_key(tmp_path).read_text() == key


def test_sockets_of_a_deep_folder_have_a_short_private_path_in_lower_case(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["A-Long-Name"] * 12)
    sockets = folder.socket_folder(deep)
    assert len(os.fsencode(sockets / ".s.PGSQL.5432")) <= folder.SOCKET_PATH_LIMIT < len(os.fsencode(deep))
    assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    assert str(sockets) == str(sockets).lower()
    assert folder.socket_folder(tmp_path) != sockets == folder.socket_folder(deep)
    folder.remove_sockets(sockets)
    folder.remove_sockets(folder.socket_folder(tmp_path))


def test_a_planted_link_in_place_of_the_socket_folder_is_refused(tmp_path: Path) -> None:
    sockets = folder.socket_folder(tmp_path)
    sockets.rmdir()
    sockets.symlink_to(tmp_path)
    try:
        with pytest.raises(EmbeddedError, match="should be a private folder"):
            folder.socket_folder(tmp_path)
    finally:
        sockets.unlink()


@pytest.mark.parametrize("port", ["0", "65536", "eight", "-1", "٨٠٠٠"])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    with pytest.raises(EmbeddedError, match="PORT must be a number"):
        read([], {"PORT": port})


def test_who_serves_is_not_told_the_owners_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"DATABASE_URL": "postgres://a@db/x", "DATABASE_OWNER_URL": "postgres://owner@db/x"}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    config = read(["--no-demo"], given)
    environment = process_environment(config, tmp_path, 2525)
    assert config.database_owner_url == "postgres://owner@db/x"
    assert environment["DATABASE_URL"] == "postgres://a@db/x"
    assert environment["DEMO"] == "0"
    assert not any("owner@" in value for value in environment.values())
