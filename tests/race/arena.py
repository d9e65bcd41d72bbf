"""Many clients at once against the real database; and the same with the defences off, to see that they matter."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any
from unittest import mock

from django.db import connections

from scheduling.domain.errors import BookingRefused
from tests.database import as_owner

Outcome = Any  # what the client got: a result, or the error it raised


def at_once(clients: Sequence[Callable[[], Any]]) -> list[Outcome]:
    """Run every client in a thread and on a connection of its own, all released together; what became of each."""
    gate = threading.Barrier(len(clients))
    outcomes: list[Outcome] = [None] * len(clients)

    def run(index: int) -> None:
        try:
            gate.wait(timeout=60)
            outcomes[index] = clients[index]()
        except Exception as error:
            outcomes[index] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(clients))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    return outcomes


def refused(outcomes: Sequence[Outcome]) -> list[BookingRefused]:
    """The friendly answers among the outcomes."""
    return [one for one in outcomes if isinstance(one, BookingRefused)]


def broken(outcomes: Sequence[Outcome]) -> list[Exception]:
    """Errors that are no friendly answer: a page would be a 5xx."""
    return [one for one in outcomes if isinstance(one, Exception) and not isinstance(one, BookingRefused)]


@contextmanager
def without_law(*constraints: str) -> Iterator[None]:
    """The named constraints dropped; put back when the rows that broke them are gone (the test empties its table)."""
    table = "scheduling_appointment"
    with as_owner() as cursor:
        kept = {}
        for name in constraints:
            cursor.execute("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s", [name])
            kept[name] = cursor.fetchone()[0]
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    law = tuple(name for name in _law() if name not in constraints)
    try:
        with mock.patch("scheduling.services.locks.LAW", law):
            yield
    finally:
        with as_owner() as cursor:
            cursor.execute(f"TRUNCATE {table} CASCADE")
            for name, definition in kept.items():
                cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")


def _law() -> tuple[str, ...]:
    from scheduling.services.locks import LAW

    return LAW


@contextmanager
def without_locks(clients: int) -> Iterator[None]:
    """The ordered locks off, and every client held at its first write until all have made up their minds."""
    from pacificmind.prepared import insert
    from scheduling.models import Appointment

    meeting = threading.Barrier(clients)
    first = threading.local()

    def held(write: Callable[..., None]) -> Callable[..., None]:
        def waiting(*args: Any, **kwargs: Any) -> None:
            if not getattr(first, "met", False):
                first.met = True
                with suppress(threading.BrokenBarrierError):
                    meeting.wait(timeout=10)
            write(*args, **kwargs)

        return waiting

    with (
        mock.patch("scheduling.services.locks._lock"),
        mock.patch.object(Appointment, "save", held(Appointment.save)),
        mock.patch("scheduling.services.booking.insert", held(insert)),
    ):
        yield
