"""Mail through a provider's API, over real HTTP: what passes is tried again, what lasts is a task."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from pacificmind.clock import now
from pacificmind.messaging import delivery
from pacificmind.messaging.models import Message, Status
from pacificmind.messaging.outcome import NOT_KNOWN, OUTAGE
from pacificmind.tasks.models import Kind, Task
from tests.messaging.conftest import owe_some
from tests.messaging.servers import free_port

pytestmark = pytest.mark.django_db(transaction=True)


class Api:
    """Speaks Postmark's API; `answer` is a status, "drop" or "slow" after taking it, or a code of a refusal."""

    def __init__(self) -> None:
        self.mails: list[dict[str, Any]] = []
        self.asked = 0
        self.answer: int | str = 200
        self.code = 0
        self.connections = 0
        self.hangs_up = False


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    api: Api

    def setup(self) -> None:
        self.api.connections += 1
        super().setup()

    def do_POST(self) -> None:
        told = self.api
        told.asked += 1
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if isinstance(told.answer, int) and told.answer >= 300:
            words = f"Found inactive addresses: {body['To']}. Inactive recipients are ones that hard bounced."
            return self._say(told.answer, {"ErrorCode": told.code, "Message": words})
        told.mails.append(body)
        if told.answer == "drop":
            self.connection.close()
            self.close_connection = True
            return None
        if told.answer == "slow":
            time.sleep(1)
        return self._say(200, {"ErrorCode": 0, "Message": "OK", "MessageID": f"id-{told.asked}", "To": body["To"]})

    def _say(self, status: int, body: dict[str, object]) -> None:
        content = json.dumps(body).encode()
        try:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            if self.api.hangs_up:
                self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(content)
        except OSError:
            pass

    def log_message(self, *_: object) -> None:
        """Silence."""


@pytest.fixture
def api(settings: Any) -> Iterator[Api]:
    found = Api()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"api": found}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    settings.EMAIL_BACKEND = "anymail.backends.postmark.EmailBackend"
    settings.ANYMAIL = {
        "POSTMARK_SERVER_TOKEN": "key",
        "POSTMARK_API_URL": f"http://127.0.0.1:{server.server_port}/",
        "REQUESTS_TIMEOUT": (0.5, 0.4),
    }
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_mail_leaves_with_its_headers_and_keeps_what_the_provider_calls_it(api: Api) -> None:
    (row,) = owe_some(1)
    assert delivery.run() == 1
    row.refresh_from_db()
    assert (row.status, row.provider_reference) == (Status.SENT, "id-1")
    headers = {one["Name"]: one["Value"] for one in api.mails[0]["Headers"]}
    assert headers["Auto-Submitted"] == "auto-generated"


def test_a_run_keeps_one_connection_and_the_next_run_makes_its_own(api: Api) -> None:
    owe_some(3)
    assert delivery.run() == 3
    assert (len(api.mails), api.connections) == (3, 1)
    owe_some(1)
    assert delivery.run() == 1
    assert api.connections == 2


def test_a_provider_that_hangs_up_between_two_mails_gets_each_once(api: Api) -> None:
    owe_some(3)
    api.hangs_up = True
    assert delivery.run() == 3
    assert (len(api.mails), api.connections) == (3, 3)
    assert not Message.objects.exclude(status=Status.SENT).exists()


@pytest.mark.parametrize("status", [429, 503, 401, 403])
def test_what_passes_waits_and_the_others_with_it(api: Api, status: int) -> None:
    owe_some(3)
    api.answer = status
    assert delivery.run() == 0
    assert api.asked == 1, "the others wait for the next tick"
    row = Message.objects.get(tries=1)
    assert (row.status, f"({status})" in row.why, row.due_at > now()) == (Status.OWED, True, True)
    assert not Task.objects.exists()
    api.answer = 200
    Message.objects.update(due_at=now())
    assert delivery.run() == 3
    assert len(api.mails) == 3


@pytest.mark.parametrize(("status", "code"), [(422, 406), (422, 300), (400, 0), (404, 0)])
def test_what_lasts_is_a_task_without_the_providers_words(api: Api, status: int, code: int) -> None:
    owe_some(1)
    api.answer, api.code = status, code
    assert delivery.run() == 0
    delivery.run()
    row = Message.objects.get()
    assert (row.status, api.asked) == (Status.FAILED, 1)
    assert "Is" in row.why
    assert "@" not in row.why
    assert Task.objects.get().kind == Kind.MESSAGE_FAILED


@pytest.mark.parametrize("trouble", [500, 502, "drop", "slow"])
def test_what_may_have_left_is_not_sent_again(api: Api, trouble: int | str) -> None:
    (row,) = owe_some(1)
    api.answer = trouble
    delivery.run()
    delivery.run()
    row.refresh_from_db()
    assert (row.status, row.why, api.asked) == (Status.SENDING, NOT_KNOWN, 1)


def test_nobody_listens_is_an_outage(api: Api, settings: Any) -> None:
    settings.ANYMAIL = {**settings.ANYMAIL, "POSTMARK_API_URL": f"http://127.0.0.1:{free_port()}/"}
    owe_some(2)
    assert delivery.run() == 0
    assert list(Message.objects.filter(tries=1).values_list("status", "why")) == [(Status.OWED, OUTAGE)]


@pytest.mark.parametrize("backend", ["anymail.backends.postmark.EmailBackend", "anymail.backends.nobody.EmailBackend"])
def test_settings_that_are_wrong_hold_every_mail_back_and_lose_none(api: Api, settings: Any, backend: str) -> None:
    told, settings.ANYMAIL, settings.EMAIL_BACKEND = settings.ANYMAIL, {}, backend
    owe_some(2)
    assert delivery.run() == 0
    assert set(Message.objects.values_list("status", flat=True)) == {Status.OWED}
    assert not Task.objects.exists()
    settings.ANYMAIL, settings.EMAIL_BACKEND = told, "anymail.backends.postmark.EmailBackend"
    Message.objects.update(due_at=now())
    assert delivery.run() == 2
