"""A provider of texts on this machine: speaks Twilio's API over real HTTP, and misbehaves when told to."""

import base64
import json
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from django.http import QueryDict
from django.test import Client

from intake.models import ContactConsent, Patient
from pacificmind.messaging import webhooks
from pacificmind.messaging.models import Message
from tests import cast

ACCOUNT, TOKEN, SENDER = "AC0123456789abcdef0123456789abcdef", "a-token-of-the-tests", "+12135550100"


class Provider:
    """Takes every text, unless `answer` says otherwise: a status, "slow" or "drop" after taking it."""

    def __init__(self) -> None:
        self.texts: list[dict[str, str]] = []
        self.asked = 0
        self.answer: int | str = 201
        self.code = 0
        self.port = 0

    def take(self, fields: dict[str, str]) -> str:
        """Accept one; its name."""
        sid = f"SM{uuid.uuid4().hex}"
        self.texts.append({**fields, "sid": sid})
        return sid


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    provider: Provider

    def do_POST(self) -> None:
        told = self.provider
        told.asked += 1
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        fields = {name: values[0] for name, values in parse_qs(body, keep_blank_values=True).items()}
        key = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
        if self.headers["Authorization"] != f"Basic {key}":
            return self._say(401, {"code": 20003})
        if self.path != f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json":
            return self._say(404, {"code": 20404})
        if isinstance(told.answer, int) and told.answer >= 300:
            return self._say(told.answer, {"code": told.code, "message": "words of the provider"})
        sid = told.take(fields)
        if told.answer == "drop":
            self.connection.close()
            return None
        if told.answer == "slow":
            time.sleep(1.5)
        return self._say(201, {"sid": sid, "status": "queued"})

    def _say(self, status: int, body: dict[str, object]) -> None:
        content = json.dumps(body).encode()
        try:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        except BrokenPipeError:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Quiet."""


@contextmanager
def answering(provider: Provider) -> Iterator[str]:
    """The provider on a port of its own, until the end of the block; its address."""
    handler = type("Handler", (_Handler,), {"provider": provider})
    with ThreadingHTTPServer(("127.0.0.1", provider.port), handler) as server:
        provider.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def texted(**extra: Any) -> Patient:
    """A patient who agreed to texts."""
    who = cast.patient(**extra)
    ContactConsent.objects.create(patient=who, channel="sms", given=True, wording="w", source="s")
    return who


def owe_text(who: Patient | None = None, **extra: Any) -> Message:
    """One text that is due now."""
    values = {"recipient_type": "patient", "channel": "sms", **extra}
    from tests.messaging.conftest import owe_some  # late: it imports this module

    (row,) = owe_some(1, to=who or texted(), **values)
    return row


def signed(path: str, told: dict[str, str], key: str = TOKEN) -> int:
    fields = QueryDict(mutable=True)
    fields.update(told)
    header = webhooks.signature(f"https://portal.example{path}", fields, key)
    return Client().post(path, told, headers={"X-Twilio-Signature": header}).status_code
