"""Statements that every request or booking asks: planned once a connection, and sent together where nobody reads on.

Of what PostgreSQL does for a small statement, planning is the larger part; and the way to it and back costs about as
much again (docs/bench.md, ADR 19).
"""

import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count
from typing import Any
from weakref import WeakKeyDictionary

import psycopg2.extensions
from django.conf import settings
from django.db import connection, transaction
from django.db.backends.postgresql import psycopg_any as _adapted  # noqa: F401  its adapters first, then ours
from django.db.backends.utils import CursorWrapper

# A booking writes some forty ids: psycopg2's own adapter takes several calls for each.
psycopg2.extensions.register_adapter(uuid.UUID, lambda one: psycopg2.extensions.AsIs(f"'{one.hex}'::uuid"))

_PLACE = re.compile(r"%(?:(%)|s|\((\w+)\)s)")
_TABLE = re.compile(r'\b(?:FROM|INTO|UPDATE)\s+"?(\w+)')
_KNOWN: "WeakKeyDictionary[Any, dict[Statement, str]]" = WeakKeyDictionary()  # a psycopg2 connection: what it knows
_numbers = count(1)


def _name(sql: str) -> str:
    """What the logs of PostgreSQL call it, such as select_clinic_site."""
    verb = sql.split(None, 1)[0].lower()
    table = _TABLE.search(sql)
    return f"{verb}_{table[1]}"[:50].lower() if table else verb


class Statement:
    """A statement with places in it, `%s` or `%(name)s` throughout, which a connection plans once (PREPARE).

    Not behind a pooler that deals connections out by transaction: settings.PREPARE says so.
    """

    def __init__(self, sql: str) -> None:
        self.sql = sql
        self._name = _name(sql)
        self._names: list[str] = []
        self._places = 0
        self._text = _PLACE.sub(self._numbered, sql)
        self._told = f" ({', '.join(['%s'] * self._places)})" if self._places else ""

    def _numbered(self, place: "re.Match[str]") -> str:
        if place[1]:
            return "%"
        if place[2] and place[2] in self._names:
            return f"${self._names.index(place[2]) + 1}"
        if place[2]:
            self._names.append(place[2])
        self._places += 1
        return f"${self._places}"

    def run(self, cursor: CursorWrapper, told: Sequence[Any] | Mapping[str, Any]) -> None:
        """Execute it for these values."""
        cursor.execute(*self._asked(cursor, told))

    def bound(self, cursor: CursorWrapper, told: Sequence[Any] | Mapping[str, Any]) -> str:
        """What `run` would execute, with the values in it."""
        text: bytes = cursor.mogrify(*self._asked(cursor, told))
        return text.decode()

    def _asked(self, cursor: CursorWrapper, told: Sequence[Any] | Mapping[str, Any]) -> tuple[str, Any]:
        if not settings.PREPARE:
            return self.sql, told
        known = _KNOWN.setdefault(cursor.connection, {})
        if (execute := known.get(self)) is None:
            name = f"{self._name}_{next(_numbers)}"  # a fresh one: another whose making was cut off may be there
            with cursor.db.wrap_database_errors:
                cursor.cursor.execute(f"PREPARE {name} AS {self._text}")
            execute = known[self] = f"EXECUTE {name}{self._told}"
        return execute, [told[name] for name in self._names] if isinstance(told, Mapping) else told


class _Waiting:
    """The statements that wait, bound to their values by the cursor."""

    def __init__(self, cursor: CursorWrapper) -> None:
        self.cursor = cursor
        self.texts: list[str] = []

    def __call__(self, execute: Any, sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
        """Around each execution (Connection.execute_wrapper): what waits goes before it."""
        if not self.texts:
            return execute(sql, params, many, context)
        if sql.startswith("ROLLBACK TO SAVEPOINT"):
            self.texts.clear()  # the savepoint took along what waited before it: these came after, and are undone
            return execute(sql, params, many, context)
        cursor = context["cursor"]
        if many or cursor.name:  # executemany, or a cursor that the server keeps: nothing can be put before those
            self.go()
            return execute(sql, params, many, context)
        bound = sql if params is None else cursor.mogrify(sql, params).decode()
        return execute(f"{self._taken()}; {bound}", None, False, context)

    def go(self) -> None:
        """Send what waits, if there is any."""
        if self.texts:
            self.cursor.execute(self._taken())

    def _taken(self) -> str:
        texts, self.texts = self.texts, []
        return "; ".join(texts)


_waiting: ContextVar[_Waiting | None] = ContextVar("statements of this transaction that wait", default=None)


@contextmanager
def together() -> Iterator[None]:
    """Within the block, which belongs into a transaction, what is sent waits: for the next statement, or the end.

    What the database refuses is raised by whatever takes it along, in the block too. Left by an error, the block
    sends nothing more: its transaction is rolled back.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("together() belongs into a transaction.")
    if outer := _waiting.get():
        outer.go()  # a block within a block: what waited before it goes before
    with connection.cursor() as cursor:
        waiting = _Waiting(cursor)
        token = _waiting.set(waiting)
        try:
            with connection.execute_wrapper(waiting):
                yield
                waiting.go()
        finally:
            _waiting.reset(token)


def send(statement: Statement, told: Sequence[Any] | Mapping[str, Any]) -> None:
    """Execute a statement whose answer nobody reads: with the next one within `together`, at once elsewhere."""
    if waiting := _waiting.get():
        waiting.texts.append(statement.bound(waiting.cursor, told))
        return
    with connection.cursor() as cursor:
        statement.run(cursor, told)
