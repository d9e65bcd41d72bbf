"""The whole product running on the tests' database: gunicorn, a Celery worker, beat, a mail sink, as in production."""

import email
import email.policy
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import quote

from django.db import connections

ROOT = Path(__file__).resolve().parent.parent.parent


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class House:
    """A running product: its address, the mails it sent, and its clock."""

    url: str
    folder: Path

    @property
    def clock_file(self) -> Path:
        return self.folder / "clock"

    def go_to(self, instant: datetime) -> None:
        """Set the clock of all processes to this instant; it goes on from there."""
        shift = int((instant - datetime.now(tz=instant.tzinfo)).total_seconds())  # noqa: TID251  the real clock is meant
        part = self.folder / "clock.part"
        part.write_text(str(shift))
        part.replace(self.clock_file)

    def mails(self, to: str) -> list[EmailMessage]:
        """What arrived for an address, oldest first."""
        found: list[EmailMessage] = []
        for path in sorted((self.folder / "mail").glob("*.eml")):
            message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            if to in str(message.get("X-Sink-To", "")) or to in str(message["To"]):
                found.append(message)
        return found

    def mail(self, to: str, subject: str, *, seconds: float = 60) -> EmailMessage:
        """Wait for a mail whose subject matches; AssertionError with what came instead."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            fitting = [one for one in self.mails(to) if re.search(subject, str(one["Subject"]))]
            if fitting:
                return fitting[-1]
            time.sleep(0.3)
        came = [str(message["Subject"]) for message in self.mails(to)]
        raise AssertionError(f"no mail to {to} about {subject!r} within {seconds:.0f} s; came: {came}")

    def logs(self) -> str:
        """All that the processes wrote."""
        return "\n".join(path.read_text(errors="replace") for path in sorted(self.folder.glob("*.log")))


def body(message: EmailMessage) -> str:
    """The text part."""
    part = message.get_body(("plain",))
    return str(part.get_content()) if part is not None else ""


def environment(folder: Path, port: int, mail_port: int) -> dict[str, str]:
    """What bin/run gives to its children, pointed at the tests' database."""
    settings = connections["default"].settings_dict
    url = f"postgres://{settings['USER']}@{quote(settings['HOST'], safe='')}/{settings['NAME']}"
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("DATABASE_", "PYTEST"))}
    return {
        **inherited,
        "DATABASE_URL": url,
        "EMAIL_URL": f"smtp://127.0.0.1:{mail_port}",
        "MAILSINK_PORT": str(mail_port),
        "MAILSINK_DIR": str(folder / "mail"),
        "CLOCK_SHIFT_FILE": str(folder / "clock"),
        "STATIC_ROOT": str(folder / "static"),
        "BASE_URL": f"http://127.0.0.1:{port}",
        "ALLOWED_HOSTS": "127.0.0.1",
        "DEMO": "1",
    }


@contextmanager
def child(name: str, folder: Path, env: dict[str, str], *command: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process of the product, ended with the block."""
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen([sys.executable, *command], cwd=ROOT, env=env, stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_for(url: str, *, seconds: float = 120) -> None:
    """Wait until an address answers."""
    until = time.monotonic() + seconds
    while True:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


@contextmanager
def running(folder: Path, *, celery: bool = True) -> Iterator[House]:
    """Start everything, wait until it answers, and stop it at the end."""
    port, mail_port = free_port(), free_port()
    env = environment(folder, port, mail_port)
    static = folder / "static"
    static.mkdir()
    (static / "staticfiles.json").write_text('{"version": "1.1", "paths": {}, "hash": ""}')
    subprocess.run(
        [sys.executable, "manage.py", "collectstatic", "--noinput"], cwd=ROOT, env=env, check=True, capture_output=True
    )
    app = ("-m", "celery", "-A", "pacificmind")
    with ExitStack() as stack:
        stack.enter_context(child("mailsink", folder, env, "manage.py", "mailsink"))
        stack.enter_context(
            child(
                "web", folder, env, "-m", "gunicorn", "pacificmind.wsgi:application", "--no-control-socket",
                "--bind", f"127.0.0.1:{port}", "--workers", "1", "--threads", "4",
            )
        )  # fmt: skip
        if celery:
            stack.enter_context(child("worker", folder, env, *app, "worker", "-P", "solo", "--loglevel", "WARNING"))
            stack.enter_context(child("beat", folder, env, *app, "beat", "--pidfile=", "--loglevel", "WARNING"))
        wait_for(f"http://127.0.0.1:{port}/healthz")
        yield House(f"http://127.0.0.1:{port}", folder)
