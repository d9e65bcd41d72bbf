"""Fifty clients, one slot: one booking, forty-nine kind answers, no deadlock (RELIABILITY I1)."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from intake.models import Patient
from scheduling.domain import errors
from scheduling.models import Appointment
from scheduling.queries import calendar
from scheduling.services import booking
from scheduling.services.booking import Wish
from tests import cast
from tests.calendar import weekday_at
from tests.race.arena import at_once, broken, refused, without_law, without_locks

pytestmark = pytest.mark.django_db(transaction=True)


def clients(people: list[Patient], desk: Any, **wish: Any) -> list[Callable[[], Appointment]]:
    return [
        partial(booking.book, by=desk, wish=Wish(patient_id=who.pk, kind="consultation", site_id="la", **wish))
        for who in people
    ]


@pytest.fixture
def desk() -> Any:
    cast.visit_types()
    cast.room()
    cast.prescriber()
    return cast.receptionist()


def test_fifty_clients_one_slot_twenty_rounds(desk: Any) -> None:
    people = [cast.patient() for _ in range(50)]
    for round_number in range(20):
        start = weekday_at(8 + round_number % 4 * 2, weeks=1 + round_number // 20, weekday=round_number // 4)
        outcomes = at_once(clients(people, desk, starts_at=start))
        assert not broken(outcomes), broken(outcomes)[:1]
        assert len(refused(outcomes)) == 49
        assert {type(one) for one in refused(outcomes)} <= {errors.SlotTaken, errors.Busy}
        assert Appointment.objects.filter(starts_at=start).count() == 1
    day = weekday_at(8).date()
    free = calendar.free_starts(cast.site(), "consultation", from_day=day, until_day=day + timedelta(days=5))
    assert calendar.nearest(free, weekday_at(8)), "a refusal has something else to offer"


def test_negative_control_one_slot(desk: Any) -> None:
    people = [cast.patient() for _ in range(8)]
    law = ("one_patient_per_room", "clinician_lanes_are_not_double_booked")
    with without_law(*law), without_locks(len(people)):
        at_once(clients(people, desk, starts_at=weekday_at(9)))
        assert Appointment.objects.count() > 1, "without lock and constraint the race must show"


def test_the_constraint_alone_keeps_the_slot(desk: Any) -> None:
    people = [cast.patient() for _ in range(8)]
    with without_locks(len(people)):
        outcomes = at_once(clients(people, desk, starts_at=weekday_at(9)))
    assert Appointment.objects.count() == 1
    assert not broken(outcomes)


def test_the_lock_alone_keeps_the_slot(desk: Any) -> None:
    people = [cast.patient() for _ in range(8)]
    with without_law("one_patient_per_room", "clinician_lanes_are_not_double_booked"):
        at_once(clients(people, desk, starts_at=weekday_at(9)))
        assert Appointment.objects.count() == 1


def test_two_rooms_and_one_clinician(desk: Any) -> None:
    """The rooms are free for both, the clinician holds one consultation at a time."""
    cast.room()
    people = [cast.patient() for _ in range(20)]
    outcomes = at_once(clients(people, desk, starts_at=weekday_at(9)))
    assert not broken(outcomes)
    assert Appointment.objects.count() == 1


def test_negative_control_two_rooms_and_one_clinician(desk: Any) -> None:
    rooms = [cast.site().room_set.get(), cast.room()]
    wanted = [
        one
        for who, room in zip([cast.patient(), cast.patient()], rooms, strict=True)
        for one in clients([who], desk, starts_at=weekday_at(9), room_id=room.pk)
    ]
    with without_law("clinician_lanes_are_not_double_booked"), without_locks(2):
        at_once(wanted)
        assert Appointment.objects.count() == 2


def two_sites() -> tuple[Patient, list[Callable[[], Appointment]]]:
    """One patient who is booked at both sites for the same hour by two receptionists."""
    lb = cast.other_site()
    cast.room(lb)
    cast.prescriber(lb)
    who = cast.patient()
    made: list[Callable[[], Appointment]] = []
    for site in (cast.site(), lb):
        wish = Wish(patient_id=who.pk, kind="consultation", site_id=site.pk, starts_at=weekday_at(9))
        made.append(partial(booking.book, by=cast.receptionist(site), wish=wish))
    return who, made


def test_one_patient_and_two_sites(desk: Any) -> None:
    _, wanted = two_sites()
    outcomes = at_once(wanted)
    assert not broken(outcomes)
    assert [type(one) for one in refused(outcomes)] == [errors.PatientBusy]
    assert Appointment.objects.count() == 1


def test_negative_control_one_patient_and_two_sites(desk: Any) -> None:
    _, wanted = two_sites()
    with without_law("patient_is_in_one_place"), without_locks(2):
        at_once(wanted)
        assert Appointment.objects.count() == 2
