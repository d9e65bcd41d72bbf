"""What is sent together goes in its order, with whatever is asked next, and is undone with what it belongs to."""

from contextlib import suppress
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.utils import IntegrityError
from django.test.utils import CaptureQueriesContext

from pacificmind.clinic.models import Site
from pacificmind.statements import Statement, send, together
from tests import cast

pytestmark = pytest.mark.django_db

_NOTE = Statement("INSERT INTO noted (n, what) VALUES (%s, %s)")


@pytest.fixture(autouse=True)
def _table() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE noted (n int PRIMARY KEY, what text) ON COMMIT DROP")


def _noted() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT n FROM noted ORDER BY ctid")
        return [n for (n,) in cursor.fetchall()]


def test_it_goes_with_what_is_asked_next_and_that_sees_it() -> None:
    with transaction.atomic(), together():
        send(_NOTE, [0, "planned before the count"])
        assert _noted() == [0]
        with CaptureQueriesContext(connection) as asked:
            send(_NOTE, [1, "a quote\u2019s and 100 % of it"])
            send(_NOTE, [2, "%s"])
            assert not asked.captured_queries
            assert _noted() == [0, 1, 2]
        assert len(asked) == 1
        with connection.cursor() as cursor:
            send(_NOTE, [3, ""])
            cursor.execute("SELECT what FROM noted WHERE n = %s OR what LIKE %s ORDER BY n", [1, "%s"])
            assert [what for (what,) in cursor.fetchall()] == ["a quote\u2019s and 100 % of it", "%s"]


def test_the_rest_goes_at_the_end_in_one_round_trip() -> None:
    with transaction.atomic(), CaptureQueriesContext(connection) as asked:
        with together():
            for n in range(3):
                send(_NOTE, [n, ""])
        assert len([one for one in asked.captured_queries if "SAVEPOINT" not in one["sql"]]) == 1
        assert _noted() == [0, 1, 2]


def test_outside_it_goes_at_once() -> None:
    send(_NOTE, [1, ""])
    assert _noted() == [1]


def test_what_the_database_refuses_is_raised_within() -> None:
    reached = []

    def twice() -> None:
        with transaction.atomic(), together():
            send(_NOTE, [1, ""])
            send(_NOTE, [1, "twice"])
            reached.append(True)

    with pytest.raises(IntegrityError):
        twice()
    assert reached
    assert _noted() == []


def test_what_a_block_sent_is_left_with_it_by_an_error() -> None:
    with suppress(ZeroDivisionError), transaction.atomic(), together():
        send(_NOTE, [1, ""])
        _ = 1 / 0
    send(_NOTE, [2, ""])
    assert _noted() == [2]


def test_a_savepoint_takes_along_what_came_before_and_undoes_what_came_after() -> None:
    with transaction.atomic(), together():
        send(_NOTE, [1, ""])
        with suppress(ZeroDivisionError), transaction.atomic():
            send(_NOTE, [2, ""])
            _ = 1 / 0
        send(_NOTE, [3, ""])
    assert _noted() == [1, 3]


def test_a_block_within_a_block_comes_after_what_waited_and_loses_only_its_own() -> None:
    with transaction.atomic(), together():
        send(_NOTE, [1, ""])
        with together():
            send(_NOTE, [2, ""])
            assert _noted() == [1, 2]
        send(_NOTE, [3, ""])
        with suppress(ZeroDivisionError), together():
            send(_NOTE, [4, ""])
            _ = 1 / 0
    assert _noted() == [1, 2, 3]


def test_many_at_once_and_cursors_of_the_server_come_after_it() -> None:
    cast.site()
    with transaction.atomic(), together():
        send(_NOTE, [1, ""])
        with connection.cursor() as cursor:
            cursor.executemany("INSERT INTO noted (n) VALUES (%s)", [[2], [3]])
        send(_NOTE, [4, ""])
        assert len(list(Site.objects.iterator(chunk_size=1))) == 1
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM noted")
            assert cursor.fetchone() == (4,)
    assert _noted() == [1, 2, 3, 4]


@pytest.mark.django_db(transaction=True)
def test_it_belongs_into_a_transaction() -> None:
    with pytest.raises(transaction.TransactionManagementError), together():
        pass


def test_without_planning_it_is_the_same(settings: Any) -> None:
    settings.PREPARE = False
    with transaction.atomic(), together():
        send(Statement("INSERT INTO noted (n, what) VALUES (%(n)s, %(what)s)"), {"what": "50 %", "n": 1})
        assert _noted() == [1]


def test_a_statement_that_cannot_be_planned_says_so_at_once() -> None:
    with pytest.raises(DatabaseError), transaction.atomic(), together():
        send(Statement("INSERT INTO nowhere VALUES (%s)"), [1])
