"""A patient with two tabs open: one consultation at a time, decided inside the lock."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from scheduling.domain import errors
from scheduling.models import Appointment
from scheduling.services import booking
from scheduling.services.booking import Wish
from tests import cast
from tests.calendar import weekday_at
from tests.race.arena import at_once, broken, refused, without_locks

pytestmark = pytest.mark.django_db(transaction=True)


def two_tabs() -> list[Callable[[], Any]]:
    """The same patient books nine o'clock in one tab and two o'clock in the other; both are free."""
    cast.visit_types()
    cast.room()
    cast.prescriber()
    who = cast.patient(account=True)
    wishes = [
        Wish(patient_id=who.pk, kind="consultation", site_id="la", starts_at=weekday_at(hour)) for hour in (9, 14)
    ]
    return [partial(booking.book, by=who.user, wish=wish) for wish in wishes]


def test_two_tabs_book_one_consultation() -> None:
    outcomes = at_once(two_tabs())
    assert not broken(outcomes)
    assert [type(one) for one in refused(outcomes)] == [errors.HasOne]
    assert Appointment.objects.count() == 1


def test_negative_control_two_tabs() -> None:
    with without_locks(2):
        outcomes = at_once(two_tabs())
    assert not broken(outcomes)
    assert Appointment.objects.count() == 2, "without the lock both tabs book"
