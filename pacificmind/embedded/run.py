"""What bin/run runs: everything in order, then watch over it until asked to stop."""

import contextlib
import json
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

from pacificmind.embedded import cluster, folder, orphans, services
from pacificmind.embedded.config import Config, process_environment, read
from pacificmind.embedded.errors import EmbeddedError
from pacificmind.embedded.postgres import APP, OWNER
from pacificmind.embedded.signals import Stopped, Wakeup
from pacificmind.embedded.steps import Steps, timed
from pacificmind.embedded.supervisor import Supervisor

ENVIRONMENT_FILE = "environment.json"  # in VAR/run while it runs: what bin/manage needs


def say(line: str) -> None:
    """To the terminal; a terminal that went away must not stop the stopping."""
    with contextlib.suppress(OSError):
        print(line, flush=True)


def main(arguments: list[str]) -> int:
    """Returns the exit code: 0 when asked to stop, 1 when something is wrong."""
    wakeup = Wakeup()
    with wakeup.installed():
        try:
            config = read(arguments, os.environ)
            with folder.held(config.var) as var:
                try:
                    _serve(config, var, wakeup)
                except EmbeddedError as error:
                    raise EmbeddedError(f"{error}{folder.when_full(var)}") from error
                except OSError as error:
                    hint = folder.when_full(var) or " Is a folder not writable?"
                    raise EmbeddedError(f"{error}.{hint}") from error
        except Stopped:
            pass
        except EmbeddedError as error:
            return _fail(str(error))
        except OSError as error:
            return _fail(f"{error}. Is the disk full, or a folder not writable?")
    say("stopped")
    return 0


def _fail(sentence: str) -> int:
    with contextlib.suppress(OSError):
        print(f"bin/run: {sentence}", file=sys.stderr, flush=True)
    return 1


def _serve(config: Config, var: Path, wakeup: Wakeup) -> None:
    if ended := orphans.end_all(var):
        say(f"an earlier start was killed; ended what it left running: {', '.join(ended)}")
    folder.check_port(config.port)
    if config.reset:
        folder.empty(var)
        kept = "; the database of DATABASE_URL is left as it is" if config.database_url else ""
        say(f"starting over: {var} emptied{kept}")
    folder.check_space(var)
    sockets = folder.socket_folder(var)
    supervisor = Supervisor(var, say, wakeup)
    try:
        _start(config, supervisor, sockets)
        supervisor.tend()
        say("stopping")
    finally:
        supervisor.stop()
        (var / "run" / ENVIRONMENT_FILE).unlink(missing_ok=True)
        folder.remove_sockets(sockets)


def _start(config: Config, supervisor: Supervisor, sockets: Path) -> None:
    started = time.monotonic()
    var = supervisor.var
    folder.secret_key(var)
    config, database_mark = _start_servers(config, supervisor, sockets)
    mail_port = folder.free_port()
    mail_here = not config.email_url
    if mail_here:
        config = replace(config, email_url=f"smtp://127.0.0.1:{mail_port}")
        (var / "mail").mkdir(mode=0o700, exist_ok=True)
    environment = process_environment(config, var, mail_port)
    folder.write_private(
        var / "run" / ENVIRONMENT_FILE, json.dumps({**environment, "DATABASE_OWNER_URL": config.database_owner_url})
    )
    steps = Steps(supervisor, environment, database_mark)
    steps.collect_static()
    steps.migrate(config.database_owner_url)
    if config.demo:
        steps.demo(config.database_owner_url)
    _start_services(config, supervisor, environment, mail_port if mail_here else None)
    say(f"started in {time.monotonic() - started:.1f} s; logs are in {var / 'log'}; Ctrl-C stops")
    say(f"ready {config.base_url}")
    if config.demo:
        say((var / "demo-logins.txt").read_text().rstrip())
        say(f"Mails are read at {config.base_url}/mail/" if mail_here else "Mails go to the server of EMAIL_URL.")


def _start_servers(config: Config, supervisor: Supervisor, sockets: Path) -> tuple[Config, str]:
    """Those that no address replaces. Returns the completed addresses, and what tells our database from another."""
    mark = ""
    if not config.database_url:
        started = time.monotonic()
        mark = cluster.start_postgres(supervisor, sockets).identity_mark()
        app, owner = (cluster.database_url(sockets, role) for role in (APP, OWNER))
        config = replace(config, database_url=app, database_owner_url=owner)
        timed(say, "PostgreSQL", started)
    if not config.redis_url:
        started = time.monotonic()
        cluster.start_valkey(supervisor, sockets)
        config = replace(config, redis_url=cluster.redis_url(sockets))
        timed(say, "Valkey", started)
    return config, mark


def _start_services(config: Config, supervisor: Supervisor, environment: dict[str, str], mail_port: int | None) -> None:
    """The pages first: all four at once would load side by side, and the first page would wait for them all."""
    started = time.monotonic()
    sink = [services.mail_sink(environment, mail_port)] if mail_port is not None else []
    supervisor.start([services.web(environment, config), *sink])
    supervisor.start(services.celery(environment, supervisor.var))  # loads on; the ledger is patient
    timed(say, "web server and mail", started)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
