"""One running house and one browser for all journeys; pictures of every step are kept."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests import browser as browsers
from tests import database
from tests.journeys import house as houses

PICTURES = Path(__file__).resolve().parent.parent.parent / "test-artifacts"


@pytest.fixture(scope="module")
def house(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[houses.House]:
    """The product on an empty database, for all the journeys of a file."""
    browsers.chromium()
    with django_db_blocker.unblock():
        database.empty()
        with houses.running(tmp_path_factory.mktemp("house")) as running:
            yield running
        database.empty()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium."""
    with browsers.started() as found:
        yield found


@pytest.fixture(scope="session")
def pictures() -> Path:
    """Where screenshots go."""
    PICTURES.mkdir(exist_ok=True)
    return PICTURES
