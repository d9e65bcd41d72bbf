"""The processes of the product itself, as children of the supervisor."""

import http.client
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

from pacificmind.embedded.config import ROOT, Config
from pacificmind.embedded.supervisor import Child

WEB_WORKERS, WEB_THREADS, CELERY_PROCESSES = 2, 4, 2
_QUICK_STOP_SECONDS = 3


def mail_sink(environment: Mapping[str, str], port: int) -> Child:
    """Takes every mail and keeps it in VAR/mail, where the demo's mail page finds it; without the demo too."""
    command = [sys.executable, str(ROOT / "manage.py"), "mailsink"]
    return Child("mailsink", command, {**environment, "DEMO": "1"}, ready=lambda: _listens(port), cwd=ROOT)


def web(environment: Mapping[str, str], config: Config) -> Child:
    """Gunicorn; ready when the first page is answered with 200."""
    options = {
        "--bind": f"127.0.0.1:{config.port}",
        "--workers": str(WEB_WORKERS),
        "--threads": str(WEB_THREADS),
        "--worker-class": "gthread",
        "--graceful-timeout": str(_QUICK_STOP_SECONDS),
        "--timeout": "60",
    }
    # Loaded once, then forked: nothing is connected to the database at that time.
    command = [sys.executable, "-m", "gunicorn", "pacificmind.wsgi:application", "--preload", "--no-control-socket"]
    command += [part for option in options.items() for part in option]
    return Child("web", command, environment, ready=lambda: _first_page(config.port), ready_seconds=60, cwd=ROOT)


def celery(environment: Mapping[str, str], var: Path) -> list[Child]:
    """The worker, and beat, whose schedule is in the database."""
    program = [sys.executable, "-m", "celery", "-A", "pacificmind"]
    name = f"worker-{var.name}@%h"
    worker = [*program, "worker", "-c", str(CELERY_PROCESSES), "-n", name, "--without-gossip", "--without-mingle"]
    beat = [*program, "beat", "--pidfile="]
    return [
        Child("worker", [*worker, "--loglevel", "INFO"], environment, cwd=ROOT, grace_seconds=_QUICK_STOP_SECONDS),
        Child("beat", [*beat, "--loglevel", "INFO"], environment, cwd=ROOT),
    ]


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _first_page(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
