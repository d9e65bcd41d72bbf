"""The past as a test needs it: rows that the database never lets change, changed all the same."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.db.models import Manager, Model, QuerySet

Rows = QuerySet[Any] | Manager[Any]


@contextmanager
def rewriting(*models: type[Model]) -> Iterator[None]:
    """Within the block the rows of these models can be changed and removed (`tests_rewrite` of tests/database.py)."""
    tables = [model._meta.db_table for model in models]
    connection.check_constraints()  # a table with checks that wait for the commit cannot be altered
    _set(tables, True)
    try:
        yield
    finally:
        connection.check_constraints()
        _set(tables, False)


def rewrite(rows: Rows, **values: Any) -> int:
    """Change these rows as if they had always been so; how many."""
    with rewriting(rows.model):
        return rows.update(**values)


def remove(rows: QuerySet[Any]) -> None:
    """Take these rows away as if they had never been."""
    with rewriting(rows.model):
        rows.delete()


def _set(tables: list[str], rests: bool) -> None:
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute("SELECT tests_rewrite(%s, %s)", [table, rests])
