"""A record is closed while somebody books: afterwards no visit to come stands on a closed record."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from intake.models import Patient
from scheduling.domain import errors
from scheduling.models import Appointment
from scheduling.services import booking, closing
from scheduling.services.booking import Wish
from tests import cast
from tests.calendar import weekday_at
from tests.race.arena import at_once, broken, refused, without_locks

pytestmark = pytest.mark.django_db(transaction=True)


def closing_and_booking() -> tuple[Patient, list[Callable[[], Any]]]:
    """A patient with a visit; one desk closes the record, another books a second visit."""
    cast.visit_types()
    cast.room()
    cast.prescriber()
    who, desk = cast.patient(), cast.receptionist()
    first = Wish(patient_id=who.pk, kind="consultation", site_id="la", starts_at=weekday_at(9))
    booking.book(by=desk, wish=first)
    second = Wish(patient_id=who.pk, kind="consultation", site_id="la", starts_at=weekday_at(14))
    return who, [
        partial(closing.close_patient, by=desk, patient_id=who.pk, version=who.version, why="moved"),
        partial(booking.book, by=cast.receptionist(), wish=second),
    ]


def left_over(who: Patient) -> int:
    """Visits to come of a closed record."""
    assert Patient.objects.get(pk=who.pk).status == "closed"
    return Appointment.objects.filter(patient=who, status="booked").count()


@pytest.mark.parametrize("round", range(4))
def test_a_closed_record_keeps_no_visit_to_come(round: int) -> None:
    who, clients = closing_and_booking()
    outcomes = at_once(clients)
    assert broken(outcomes) == []
    assert left_over(who) == 0
    assert all("record is closed" in refusal.say for refusal in refused(outcomes))


def test_without_the_locks_one_is_left_over() -> None:
    who, clients = closing_and_booking()
    with without_locks(2):
        outcomes = at_once(clients)
    assert broken(outcomes) == []
    assert left_over(who) == 1


def test_two_who_close_at_once_close_once() -> None:
    who, clients = closing_and_booking()
    outcomes = at_once([clients[0], clients[0]])
    assert broken(outcomes) == []
    assert [type(one) for one in refused(outcomes)] == [closing.AlreadyClosed]
    assert isinstance(refused(outcomes)[0], errors.Stale)
    assert left_over(who) == 0
