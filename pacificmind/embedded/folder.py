"""The data folder: whose it is, who holds it, and the small things kept in it."""

import contextlib
import errno
import fcntl
import hashlib
import os
import pwd
import secrets
import shutil
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pacificmind.embedded.errors import EmbeddedError

MARKER = ".pacificmind"
SOCKET_PATH_LIMIT = 107  # bytes of sockaddr_un.sun_path without its NUL; 103 on macOS, which the names below also meet
NEEDED_BYTES = 300 * 1024 * 1024
FULL_BYTES = 16 * 1024 * 1024  # a WAL segment of PostgreSQL


@contextmanager
def held(path: Path) -> Iterator[Path]:
    """Make the data folder if need be, and hold it alone. Yields its real path.

    Raises EmbeddedError: the folder is not ours, cannot be written, or another supervisor holds it.
    """
    var = path.resolve()
    _claim(var)
    # Not inherited by children (close-on-exec), so an orphan never keeps the folder locked.
    with (var / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().strip() or "unknown"
            raise EmbeddedError(
                f"Another start (process {holder}) is using the data folder {var}. "
                "Stop it first, or choose another folder with VAR=..."
            ) from None
        lock.seek(0)
        lock.truncate()
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield var


def _claim(var: Path) -> None:
    """Refuse a folder with other people's things in it."""
    try:
        var.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not (var / MARKER).exists():
            if any(entry.name not in {"lock", MARKER} for entry in var.iterdir()):
                raise EmbeddedError(
                    f"The folder {var} holds something else, so it is left alone. Choose an empty one with VAR=..."
                )
            (var / MARKER).write_text("The data folder of Pacific Mind. bin/run --reset deletes what is in here.\n")
        for name in ("log", "run", "stamps"):
            (var / name).mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise EmbeddedError(f"The data folder {var} cannot be used ({error.strerror}).{_advice(error)}") from error


def _advice(error: OSError) -> str:
    if error.errno == errno.ENOSPC:
        return " Free some disk space."
    return " Choose another one with VAR=..."


def empty(var: Path) -> None:
    """Delete everything in a held data folder but its marker and its lock."""
    for entry in var.iterdir():
        if entry.name in {MARKER, "lock"}:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    _claim(var)


def check_space(var: Path) -> None:
    """Raises EmbeddedError with less than 300 MB free."""
    free = shutil.disk_usage(var).free
    if free < NEEDED_BYTES:
        raise EmbeddedError(
            f"The disk of {var} has {free // 1024**2} MB free, at least {NEEDED_BYTES // 1024**2} MB are needed. "
            "Free some space, or choose a folder on another disk with VAR=..."
        )


def when_full(var: Path) -> str:
    """A sentence to end an error with, where the disk has filled up meanwhile; otherwise empty."""
    free = shutil.disk_usage(var).free
    return f"\nThe disk of {var} is full ({free // 1024**2} MB free): free some space." if free < FULL_BYTES else ""


def check_port(port: int) -> None:
    """Raises EmbeddedError if 127.0.0.1:port cannot be listened on."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as error:
            reason = "is taken by another program" if _taken(error) else f"cannot be used ({error})"
            raise EmbeddedError(f"Port {port} {reason}. Stop that program, or choose another with PORT=...") from error


def _taken(error: Exception) -> bool:
    return isinstance(error, OSError) and error.errno == errno.EADDRINUSE


def free_port() -> int:
    """A TCP port of 127.0.0.1 that is free at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def socket_folder(var: Path) -> Path:
    """The folder for this data folder's sockets: short, private, always the same.

    In lower case throughout, because a URL's host is read in lower case.
    """
    base = os.environ.get("XDG_RUNTIME_DIR", "")
    if not (0 < len(base) <= 40 and base == base.lower() and base.isascii() and os.access(base, os.W_OK)):
        base = "/tmp"  # noqa: S108 - checked below: a private folder of our own
    digest = hashlib.sha256(os.fsencode(var)).hexdigest()[:12]
    folder = Path(base) / f"pacificmind-{os.getuid()}-{digest}"
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    owners = {os.getuid(), *_nobody()}
    if not stat.S_ISDIR(status.st_mode) or status.st_uid not in owners:
        raise EmbeddedError(f"{folder} should be a private folder of yours and is not. Remove it and start again.")
    folder.chmod(0o700)
    longest = len(os.fsencode(folder / ".s.PGSQL.5432"))
    if longest > SOCKET_PATH_LIMIT:
        raise EmbeddedError(f"The socket path in {folder} is {longest} bytes long, {SOCKET_PATH_LIMIT} is the limit.")
    return folder


def _nobody() -> set[int]:
    """Where root had to start PostgreSQL as this user, the folder is still his after a kill."""
    with contextlib.suppress(KeyError):
        return set() if os.getuid() else {pwd.getpwnam("nobody").pw_uid}
    return set()


def secret_key(var: Path) -> Path:
    """The file with the secret key; made once, readable by its owner alone."""
    path = var / "secret-key"
    if not path.exists():
        write_private(path, secrets.token_urlsafe(64))
    return path


def write_private(path: Path, text: str) -> None:
    """Write whole or not at all, mode 0600."""
    temporary = path.with_name(f"{path.name}.new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def remove_sockets(sockets: Path) -> None:
    """Leave nothing behind outside the data folder."""
    shutil.rmtree(sockets, ignore_errors=True)
