"""How long a session lasts: by role, from the last request on, moved on at most once a minute."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.contrib.sessions.backends.base import UpdateError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from pacificmind.accounts.sessions import SessionStore
from tests import cast
from tests.scheduling.people.conftest import signed_in

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
            return sum(one["sql"].startswith("EXECUTE update_django_session") for one in seen)

        assert writes() == 0, "the log-in wrote it"
        clock.shift(timedelta(seconds=59))
        assert writes() == 0
        clock.shift(timedelta(seconds=1))
        assert writes() == 1


def test_what_is_put_into_a_session_is_there_for_the_next_request_until_it_ends() -> None:
    with time_machine.travel(START, tick=False) as clock:
        session = SessionStore()
        session.create()
        session["step"] = 2
        session.set_expiry(60)
        session.save()
        assert SessionStore(session.session_key)["step"] == 2
        clock.shift(timedelta(seconds=60))
        assert "step" not in SessionStore(session.session_key)


def test_a_session_that_was_ended_elsewhere_is_not_brought_back_by_a_request_that_still_runs() -> None:
    session = SessionStore()
    session.create()
    SessionStore(session.session_key).delete()
    session["step"] = 2
    with pytest.raises(UpdateError):
        session.save()
    assert not SessionStore().exists(str(session.session_key))


def test_a_closed_account_is_signed_out_at_its_next_request() -> None:
    user = cast.receptionist(cast.site())
    client = signed_in(user)
    assert _is_in(client, "/tasks/")
    user.is_active = False
    user.save(update_fields=["is_active"])
    assert not _is_in(client, "/tasks/")


@pytest.mark.parametrize(
    ("came_from", "back_to"),
    [
        ("http://testserver/visits/1/?a=b", "/visits/1/?a=b"),
        ("http://elsewhere.example/visits/1/", "/tasks/summary/"),
        ("", "/tasks/summary/"),
    ],
)
def test_after_a_form_that_came_too_late_one_is_led_back_to_its_page(came_from: str, back_to: str) -> None:
    """The address of the form may take nothing but what a form sends: a page of its own is not there."""
    reply = Client(headers={"referer": came_from} if came_from else {}).post("/tasks/summary/")
    asked = parse_qs(urlsplit(reply["Location"]).query)
    assert (reply.status_code, asked["next"]) == (302, [back_to])
    if came_from:
        reply = Client(headers={"referer": came_from}).get("/tasks/")
        assert parse_qs(urlsplit(reply["Location"]).query)["next"] == ["/tasks/"], "a page is its own"
