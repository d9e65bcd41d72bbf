"""The product behind gunicorn as in production, people signed in, and a client that costs little beside it."""

import asyncio
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlencode

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import connections

from pacificmind.accounts.models import User
from tests.journeys.house import ROOT, child, free_port, wait_for

TOKEN = secrets.token_hex(16)  # Django's CSRF token unmasked: 32 letters and digits


@dataclass
class Reply:
    """What came back, and how long it took in seconds."""

    status: int
    took: float
    head: bytes
    body: bytes = field(repr=False)


@dataclass(frozen=True)
class Ask:
    """One request."""

    path: str
    form: Mapping[str, object] | None = None
    cookie: str = ""

    def raw(self) -> bytes:
        """As it goes over the wire."""
        body = b"" if self.form is None else urlencode({**self.form, "csrfmiddlewaretoken": TOKEN}).encode()
        method, kind = (
            ("GET", "") if self.form is None else ("POST", "Content-Type: application/x-www-form-urlencoded\r\n")
        )
        head = f"{method} {self.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
        kind = f"Cookie: csrf={TOKEN}; session={self.cookie}\r\n{kind}"
        return f"{head}{kind}Content-Length: {len(body)}\r\n\r\n".encode() + body


def signed_in(user: User) -> str:
    """A session of this user, as after the log-in with a second factor."""
    store = SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.create()
    Authenticator.objects.get_or_create(user=user, type=Authenticator.Type.TOTP, defaults={"data": {"secret": "none"}})
    return str(store.session_key)


@contextmanager
def serving(app: str = "pacificmind.wsgi:application", *, workers: int = 2, threads: int = 4) -> Iterator[int]:
    """Gunicorn with the settings of production on the database that Django uses now; its port."""
    told = connections["default"].settings_dict
    with tempfile.TemporaryDirectory(prefix="pm-bench-") as name:
        folder, port = Path(name), free_port()
        env = {
            **{key: value for key, value in os.environ.items() if not key.startswith(("DATABASE_", "DEMO"))},
            "DATABASE_URL": f"postgres://{told['USER']}@{quote(told['HOST'], safe='')}/{told['NAME']}",
            "BASE_URL": f"http://127.0.0.1:{port}",
            "ALLOWED_HOSTS": "127.0.0.1",
            "STATIC_ROOT": str(_static()),
        }
        options = ("--workers", workers, "--threads", threads, "--worker-class", "gthread", "--keep-alive", 60)
        command = ["-m", "gunicorn", app, "--preload", "--no-control-socket", "--bind", f"127.0.0.1:{port}"]
        with child("web", folder, env, *command, *map(str, options)):
            try:
                wait_for(f"http://127.0.0.1:{port}/healthz")
                yield port
            finally:
                errors = [line for line in (folder / "web.log").read_text().splitlines() if '"level": "error"' in line]
                if errors:
                    print(errors[-1][:2000], file=sys.stderr)


_made: list[tempfile.TemporaryDirectory[str]] = []


def _static() -> Path:
    """Collected once a run, as a deployment does."""
    if not _made:
        _made.append(tempfile.TemporaryDirectory(prefix="pm-bench-static-"))
        folder = Path(_made[0].name)
        (folder / "staticfiles.json").write_text('{"version": "1.1", "paths": {}, "hash": ""}')
        command = [sys.executable, "manage.py", "collectstatic", "--noinput"]
        env = {**os.environ, "STATIC_ROOT": str(folder)}
        subprocess.run(command, cwd=ROOT, env=env, check=True, capture_output=True)
    return Path(_made[0].name)


def load(port: int, clients: Sequence[Sequence[Ask]]) -> tuple[list[list[Reply]], float]:
    """Each client sends its requests one after the other, all clients at once; replies and seconds.

    Each request comes on a connection of its own, as a proxy brings it (nginx does unless told otherwise). On kept ones
    a single worker of gunicorn got hold of up to 15 of 16 clients, and the other had nothing to do.
    """
    return asyncio.run(_load(port, clients))


async def _load(port: int, clients: Sequence[Sequence[Ask]]) -> tuple[list[list[Reply]], float]:
    wires = [[ask.raw() for ask in asks] for asks in clients]
    start = time.perf_counter()
    found = await asyncio.gather(*(_client(port, wire) for wire in wires))
    return list(found), time.perf_counter() - start


async def _client(port: int, wires: Sequence[bytes]) -> list[Reply]:
    replies = []
    for wire in wires:
        start = time.perf_counter()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(wire)
        head = await reader.readuntil(b"\r\n\r\n")
        body = await _body(reader, head.lower())
        replies.append(Reply(int(head[9:12]), time.perf_counter() - start, head, body))
        writer.close()
    return replies


async def _body(reader: asyncio.StreamReader, head: bytes) -> bytes:
    _, found, rest = head.partition(b"content-length:")
    if found:
        return await reader.readexactly(int(rest.split(b"\r\n", 1)[0]))
    body = b""
    if b"chunked" in head:
        while size := int(await reader.readline(), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readline()
    return body
