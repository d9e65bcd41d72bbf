"""What a load balancer asks."""

from typing import Any, NoReturn

import pytest
from django.conf import settings
from django.db import Error, InterfaceError, OperationalError
from django.db.migrations.executor import MigrationExecutor
from django.test import Client

from pacificmind import health
from pacificmind.accounts.sessions import SessionStore
from pacificmind.clinic.models import ClinicSettings


def test_a_living_process_asks_nothing_of_the_database(client: Client) -> None:
    """No database is allowed in this test: a restart is never caused by a neighbour."""
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})


@pytest.mark.django_db
def test_it_is_ready_with_a_migrated_database(client: Client) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready"})


@pytest.mark.parametrize("error", [OperationalError("refused"), InterfaceError("connection already closed")])
def test_without_a_database_it_is_not_ready(client: Client, monkeypatch: pytest.MonkeyPatch, error: Error) -> None:
    def away(*_: Any) -> NoReturn:
        raise error

    monkeypatch.setattr(health, "MigrationExecutor", away)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"status": "no database"})


@pytest.mark.django_db
def test_it_is_not_ready_before_its_migrations(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MigrationExecutor, "migration_plan", lambda *_: [object(), object()])
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"status": "migrations wait", "count": 2})


def test_help_is_there_for_who_is_signed_in_while_the_database_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who reads the session learns that it is away; who is in distress need not."""

    def away(*_: Any) -> NoReturn:
        raise OperationalError("connection refused")

    monkeypatch.setattr(SessionStore, "load", away)
    monkeypatch.setattr(ClinicSettings, "current", away)
    client = Client(raise_request_exception=False)
    client.cookies[settings.SESSION_COOKIE_NAME] = "a" * 32
    assert client.get("/home/").status_code == 503
    answer = client.get("/help-now/")
    page = answer.content.decode()
    assert (answer.status_code, "Until someone is with you" in page) == (200, True)
    assert "tel:988" in page
    assert client.post("/help-now/").status_code == 503
