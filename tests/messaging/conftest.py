"""Messages to staff, and the SMTP backend pointed at a server of the test."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from intake.models import Patient
from pacificmind.accounts.models import User
from pacificmind.clock import now
from pacificmind.messaging import sms
from pacificmind.messaging.mail import SMTP_BACKEND
from pacificmind.messaging.models import Message
from pacificmind.messaging.services import Owed, owe_many
from tests import cast
from tests.messaging import purposes
from tests.messaging.provider import ACCOUNT, SENDER, TOKEN, Provider, answering
from tests.messaging.servers import Server, listening

Smtp = Callable[[Server], AbstractContextManager[int]]


@pytest.fixture
def smtp(settings: Any) -> Smtp:
    """Listen with a server and send there: `with smtp(server): ...`."""
    settings.EMAIL_BACKEND = SMTP_BACKEND
    settings.EMAIL_TIMEOUT = 0.5

    @contextmanager
    def serve(server: Server) -> Iterator[int]:
        with listening(server) as port:
            settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
            yield port

    return serve


@pytest.fixture
def provider(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    """A provider that answers, set up as ours; texts may leave at any hour of the test."""
    monkeypatch.setattr("pacificmind.messaging.prepare.is_quiet", lambda *_: False)
    monkeypatch.setattr(sms, "_READ", 0.5)
    with answering(told := Provider()) as url:
        settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN, settings.TWILIO_FROM = ACCOUNT, TOKEN, SENDER
        settings.TWILIO_API_URL, settings.BASE_URL = url, "https://portal.example"
        yield told


def person(name: str = "Ana") -> User:
    """Somebody to write to, made fast: without a password to hash."""
    return User.objects.create(email=f"{name.lower()}-{uuid.uuid4().hex[:8]}@example.com", name=name, password="!")


def owe_some(count: int = 1, purpose: str = purposes.NOTE, **extra: Any) -> list[Message]:
    """Due messages to one person about subjects of their own, at the Los Angeles site; oldest first."""
    to = extra.pop("to", None) or person()
    values: dict[str, Any] = {
        "purpose": purpose,
        "subject_version": 1,
        "recipient_type": "user",
        "recipient_id": to.pk,
        "due_at": now() - timedelta(minutes=1),
        "site_id": cast.site().pk,
        **extra,
    }
    before = set(Message.objects.values_list("pk", flat=True))
    with transaction.atomic():
        assert owe_many([Owed(subject=Patient(id=uuid.uuid4()), **values) for _ in range(count)]) == count
    return list(Message.objects.exclude(pk__in=before).order_by("due_at", "pk"))
