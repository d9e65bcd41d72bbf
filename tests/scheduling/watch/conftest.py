"""A clinic with room for series."""

from typing import Any

import pytest

from tests import cast


@pytest.fixture
def doctor(db: None) -> Any:
    """A prescriber with two lanes and two rooms."""
    cast.visit_types()
    cast.room(name="Room A")
    cast.room(name="Room B")
    return cast.prescriber(name="Dr. Cho")


@pytest.fixture
def desk(doctor: Any) -> Any:
    """Front desk of the same site."""
    return cast.receptionist()
