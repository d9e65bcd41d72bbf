"""Fixtures for all tests: a real PostgreSQL with the two roles, and a small cast with meaning."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import TransactionTestCase
from django.urls import get_resolver

from tests import database


@pytest.fixture(scope="session")
def django_db_setup(request: pytest.FixtureRequest, django_db_blocker: Any) -> Iterator[None]:
    """One database a worker, copied from a migrated template."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    with django_db_blocker.unblock():
        name = database.make(f"{worker}_{os.getpid()}")
    yield
    with django_db_blocker.unblock():
        database.drop(name)


@pytest.fixture(autouse=True, scope="session")
def _addresses() -> None:
    """Decided once, the demo's among them: not by whichever test asks first, under settings of its own."""
    _ = get_resolver().url_patterns


@pytest.fixture(autouse=True, scope="session")
def _owner_empties_tables() -> Iterator[None]:
    """Tests that commit are cleaned up by the owner: the serving role cannot truncate, which is the point of it."""
    patch = pytest.MonkeyPatch()
    patch.setattr(TransactionTestCase, "_fixture_teardown", lambda self: database.empty())
    yield
    patch.undo()
