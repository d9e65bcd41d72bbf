"""PostgreSQL and Valkey together, as addresses. Also what the tests use."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from pacificmind.embedded import folder, orphans, valkey
from pacificmind.embedded.postgres import APP, DATABASE, OWNER, Postgres
from pacificmind.embedded.signals import Wakeup
from pacificmind.embedded.supervisor import Supervisor


@dataclass(frozen=True)
class Urls:
    """Where the servers are, as the settings want it."""

    database_url: str  # the serving role
    database_owner_url: str  # the migrating role
    redis_url: str  # Celery's broker


def database_url(sockets: Path, role: str) -> str:
    """The socket's folder percent-encoded as the host: libpq reads it so, and pacificmind.env too."""
    return f"postgres://{role}@{quote(str(sockets), safe='')}/{DATABASE}"


def redis_url(sockets: Path) -> str:
    """In the form that kombu reads."""
    return f"redis+socket://{valkey.socket_path(sockets)}?virtual_host=0"


def start_postgres(supervisor: Supervisor, sockets: Path, *, durable: bool = True) -> Postgres:
    """Start it, and make sure of its roles and its database."""
    server = Postgres(supervisor.var, sockets, durable=durable)
    server.prepare()
    supervisor.start([server.child()])
    server.provision()
    return server


def start_valkey(supervisor: Supervisor, sockets: Path) -> None:
    """Start it, and wait until it answers."""
    supervisor.start([valkey.child(supervisor.var, sockets)])


def _silent(_line: str) -> None:
    return None


@contextmanager
def running(var: Path, *, durable: bool = True, say: Callable[[str], None] = _silent) -> Iterator[Urls]:
    """Both servers, from the data folder `var`, for as long as the block lasts. Call it from the main thread.

    Raises EmbeddedError.
    """
    with folder.held(var) as held:
        orphans.end_all(held)
        sockets = folder.socket_folder(held)
        wakeup = Wakeup()
        supervisor = Supervisor(held, say, wakeup)
        try:
            start_postgres(supervisor, sockets, durable=durable)
            start_valkey(supervisor, sockets)
            yield Urls(database_url(sockets, APP), database_url(sockets, OWNER), redis_url(sockets))
        finally:
            supervisor.stop()
            wakeup.close()
            folder.remove_sockets(sockets)
