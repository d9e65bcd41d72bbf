"""A clinic with room for series."""

from typing import Any

import pytest

from pacificmind.clinic.models import ClinicSettings
from tests import cast


@pytest.fixture
def doctor() -> Any:
    """A prescriber with two lanes and two rooms."""
    cast.visit_types()
    ClinicSettings.objects.create(notice_hours=0)  # a plan may begin on the Monday morning on which it is made
    cast.room(name="Room A")
    cast.room(name="Room B")
    return cast.prescriber(name="Dr. Cho")


@pytest.fixture
def desk(doctor: Any) -> Any:
    """Front desk of the same site."""
    return cast.receptionist()
