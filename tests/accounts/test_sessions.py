"""How long a session lasts: by role, from the last request on, moved on at most once a minute."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests import cast
from tests.scheduling.people.test_pages import signed_in

pytestmark = pytest.mark.django_db
START = datetime(2027, 3, 9, 17, tzinfo=UTC)


def _is_in(client: Client, path: str) -> bool:
    reply = client.get(path)
    return not (reply.status_code == 302 and "/accounts/login/" in reply["Location"])


@pytest.mark.parametrize(
    ("who", "path", "minutes"), [("staff", "/tasks/", 15), ("patient", "/home/", 60)], ids=["staff", "patient"]
)
def test_an_idle_session_ends_and_one_in_use_goes_on(who: str, path: str, minutes: int) -> None:
    user = cast.receptionist(cast.site()) if who == "staff" else cast.patient(account=True).user
    assert user is not None
    with time_machine.travel(START, tick=False) as clock:
        client = signed_in(user)
        for _ in range(4):
            assert _is_in(client, path)
            clock.shift(timedelta(minutes=minutes - 2))
        assert _is_in(client, path), "four times as long, with a request in between"
        clock.shift(timedelta(minutes=minutes))
        assert not _is_in(client, path)


def test_its_end_is_written_once_a_minute() -> None:
    with time_machine.travel(START, tick=False) as clock:
        client = signed_in(cast.receptionist(cast.site()))

        def writes() -> int:
            with CaptureQueriesContext(
                connection,
            ) as seen:
                client.get("/tasks/")
            return sum(one["sql"].startswith('UPDATE "django_session"') for one in seen)

        assert writes() == 0, "the log-in wrote it"
        clock.shift(timedelta(seconds=59))
        assert writes() == 0
        clock.shift(timedelta(seconds=1))
        assert writes() == 1
