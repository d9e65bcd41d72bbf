"""A move by staff is told after a grace, and can be taken back until then: the place and the debts of before."""

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from pacificmind.clinic.models import ClinicSettings
from pacificmind.clock import now
from pacificmind.messaging.models import Message
from scheduling.domain import errors
from scheduling.models import Appointment, Offer, Waiting
from scheduling.services import booking, move_undo
from scheduling.services.repair_rows import Columns, columns_of
from tests import cast
from tests.scheduling.desk.conftest import Desk, at, words
from tests.scheduling.desk.test_drop import drop

PLACE = ("starts_at", "ends_at", "room_free_at", "room_id", "clinician_id", "lanes", "status", "moved_from")


def place(visit: Appointment) -> tuple[Any, ...]:
    fresh = Appointment.objects.get(pk=visit.pk)
    return tuple(getattr(fresh, name) for name in PLACE)


def all_told() -> None:
    Message.objects.filter(status="owed", due_at__lte=now()).update(status="sent", done_at=now(), tries=1)


def news(visit: Appointment) -> list[tuple[str, timedelta]]:
    """What the patient is about to be told, apart from reminders, and how soon."""
    owed = Message.objects.filter(subject_id=visit.pk, status="owed").exclude(purpose__startswith="visit-reminder")
    return [(one.purpose, one.due_at - now()) for one in owed.order_by("pk")]


def moved(desk: Desk, visit: Appointment, start: Any, **where: Any) -> tuple[Appointment, Columns]:
    seen = Appointment.objects.get(pk=visit.pk)
    after = booking.move(by=desk.user, visit_id=seen.pk, version=seen.version, starts_at=start, **where)
    return after, columns_of(seen)


@pytest.fixture
def visit(desk: Desk) -> Appointment:
    """A consultation of Wednesday that the patient was told of."""
    found = desk.consultation(at(9, day=2), room_id=desk.rooms[0].pk)
    all_told()
    return found


def test_a_move_by_staff_is_told_after_the_grace_and_one_by_the_patient_at_once(desk: Desk) -> None:
    by_desk = desk.consultation(at(9, day=2))
    by_self = desk.consultation(at(11, day=2), who=cast.patient(account=True))
    all_told()
    moved(desk, by_desk, at(14, day=2))
    booking.move(by=by_self.patient.user, visit_id=by_self.pk, version=1, starts_at=at(15, day=2))
    assert news(by_desk) == [("visit-moved", timedelta(minutes=3))]
    assert news(by_self) == [("visit-moved", timedelta())]


def test_taken_back_the_visit_is_as_it_was_and_nobody_is_told(desk: Desk, visit: Appointment) -> None:
    other = cast.prescriber(name="Dr. Aba")
    before, reminders = place(visit), owed_reminders(visit)
    after, columns = moved(desk, visit, at(14, day=3), clinician_id=other.pk, room_id=desk.rooms[1].pk)
    back = move_undo.undo(by=desk.user, visit_id=visit.pk, version=after.version, before=columns)
    assert (place(visit), back.version) == (before, 3)
    assert news(visit) == []
    assert owed_reminders(visit) == reminders


def owed_reminders(visit: Appointment) -> list[tuple[str, Any]]:
    owed = Message.objects.filter(subject_id=visit.pk, status="owed", purpose__startswith="visit-reminder")
    return sorted(owed.values_list("purpose", "due_at"))


def test_a_booking_that_was_not_told_yet_is_told_as_one(desk: Desk) -> None:
    visit = desk.consultation(at(9, day=2))
    after, columns = moved(desk, visit, at(14, day=2))
    move_undo.undo(by=desk.user, visit_id=visit.pk, version=after.version, before=columns)
    assert [purpose for purpose, _ in news(visit)] == ["visit-booked"]


def test_the_first_of_two_moves_is_told_when_the_second_is_taken_back(desk: Desk, visit: Appointment) -> None:
    moved(desk, visit, at(14, day=2))
    after, columns = moved(desk, visit, at(15, day=2))
    move_undo.undo(by=desk.user, visit_id=visit.pk, version=after.version, before=columns)
    assert place(visit)[0] == at(14, day=2)
    assert [purpose for purpose, _ in news(visit)] == ["visit-moved"]
    assert Appointment.objects.get(pk=visit.pk).moved_from == at(9, day=2), "what the patient knows"


def test_an_infusion_goes_back_among_its_series(desk: Desk) -> None:
    _, plan = desk.series(0, 2, 4)
    all_told()
    visit = Appointment.objects.filter(series=plan).latest("starts_at")
    before = place(visit)
    after, columns = moved(desk, visit, at(10, day=7))
    move_undo.undo(by=desk.user, visit_id=visit.pk, version=after.version, before=columns)
    assert place(visit) == before
    assert [one.number for one in Appointment.objects.filter(series=plan).order_by("starts_at")] == [1, 2, 3]


@pytest.mark.parametrize(("which", "day"), [(2, 11), (3, 4)])
def test_the_others_of_a_series_are_told_of_nothing_either(desk: Desk, which: int, day: int) -> None:
    """A move over the review point holds one visit and books another: of neither is told before the grace is over."""
    _, plan = desk.series(0, 2, 7, 9)
    all_told()
    third, fourth = Appointment.objects.filter(series=plan).order_by("starts_at")[2:]
    before = [place(third), place(fourth)]
    assert [third.status, fourth.status] == ["booked", "held"]
    after, columns = moved(desk, (third, fourth)[which - 2], at(10, day=day))
    assert [place(third)[6], place(fourth)[6]] == ["held", "booked"]
    assert [soon for one in (third, fourth) for _, soon in news(one)] == [timedelta(minutes=3)] * 2
    move_undo.undo(by=desk.user, visit_id=after.pk, version=after.version, before=columns)
    assert [place(third), place(fourth)] == before
    assert news(third) + news(fourth) == []


class TestRefused:
    """Each of these leaves the visit at its new place."""

    def refusal(self, desk: Desk, after: Appointment, columns: Columns, version: int = 0) -> str:
        stands = place(after)
        with pytest.raises(errors.BookingRefused) as refused:
            move_undo.undo(by=desk.user, visit_id=after.pk, version=version or after.version, before=columns)
        assert place(after) == stands
        return refused.value.say

    def test_once_the_patient_was_told(self, desk: Desk, visit: Appointment) -> None:
        after, columns = moved(desk, visit, at(14, day=2))
        Message.objects.filter(purpose="visit-moved").update(status="sending", tries=1, claimed_at=now())
        assert self.refusal(desk, after, columns) == move_undo.TOLD

    def test_once_somebody_changed_it_again(self, desk: Desk, visit: Appointment) -> None:
        first, columns = moved(desk, visit, at(14, day=2))
        moved(desk, visit, at(15, day=2))
        assert self.refusal(desk, first, columns) == move_undo.CHANGED
        assert self.refusal(desk, first, columns, version=3) == move_undo.CHANGED, "columns of another move"

    def test_when_the_old_place_is_taken(self, desk: Desk, visit: Appointment) -> None:
        after, columns = moved(desk, visit, at(14, day=2))
        desk.consultation(at(9, day=2), room_id=desk.rooms[0].pk)
        assert "taken" in self.refusal(desk, after, columns)

    def test_when_the_old_place_is_offered_to_somebody_who_waits(self, desk: Desk, visit: Appointment) -> None:
        after, columns = moved(desk, visit, at(14, day=2))
        late = desk.consultation(at(16, day=4))
        Offer.objects.create(
            waiting=Waiting.objects.create(visit=late, patient=late.patient, site=desk.site, made_by=desk.user),
            room=desk.rooms[1],
            clinician=desk.doctor,
            lanes=(0, 2),
            starts_at=at(9, day=2),
            ends_at=at(10, day=2),
            room_free_at=at(10, day=2),
            token_hash="x" * 64,
            expires_at=now() + timedelta(hours=1),
        )
        assert self.refusal(desk, after, columns) == move_undo.OFFERED
        Offer.objects.update(status="declined")
        move_undo.undo(by=desk.user, visit_id=visit.pk, version=after.version, before=columns)

    def test_when_it_would_lie_in_the_past(self, desk: Desk) -> None:
        soon = desk.consultation(at(9))
        with time_machine.travel(at(8, 59), tick=False):
            after, columns = moved(desk, soon, at(14))
        with time_machine.travel(at(9, 1), tick=False):
            assert self.refusal(desk, after, columns) == move_undo.BEGUN


def test_the_drag_and_the_page_offer_the_way_back_to_who_moved_it_until_the_patient_is_told(
    desk: Desk, visit: Appointment
) -> None:
    before, page = place(visit), f"/desk/visits/{visit.pk}/"
    answer = drop(desk, visit, at(14, day=2))
    way = f"{page}move/undo/"
    assert f'action="{way}"' in answer.content.decode()
    shown = words(desk.get(page))
    assert "The patient is told at 8:03 am. Until then the visit can go back to Wednesday, March 10, 9:00 am" in shown
    other = Client()
    other.force_login(cast.receptionist())
    assert "Take this move back" not in words(other.get(page))
    said = desk.client.post(way, {"request_id": str(uuid.uuid4())}, headers={"X-Board": "undo"})
    assert (said.status_code, words(said)) == (
        200,
        "Taken back. The visit is on Wednesday, March 10, 9:00 am, Room 1 again, and nobody was told.",
    )
    assert place(visit) == before
    assert "Take this move back" not in words(desk.get(page))
    assert re.search(r"Move taken back .*? Moved", words(desk.get(page)))
    again = desk.client.post(way, {"request_id": str(uuid.uuid4())}, headers={"X-Board": "undo"})
    assert (again.status_code, "can no longer be taken back" in words(again)) == (409, True)


def test_no_way_back_is_offered_after_the_grace_nor_where_a_reason_allowed_the_move(
    desk: Desk, visit: Appointment
) -> None:
    page = f"/desk/visits/{visit.pk}/"
    desk.post(f"{page}move/", version=1, on="2027-03-10", at="14:00")
    assert "Take this move back" in words(desk.get(page))
    with time_machine.travel(now() + timedelta(minutes=3, seconds=1), tick=False):
        assert "Take this move back" not in words(desk.get(page))
    desk.post(f"{page}move/", version=2, on="2027-03-10", at="18:30", override_reason="Only then", override="1")
    assert Appointment.objects.get(pk=visit.pk).starts_at == at(18, 30, day=2)
    assert "Take this move back" not in words(desk.get(page)), "it was meant"


def test_a_clinic_without_a_grace_tells_at_once(desk: Desk, visit: Appointment) -> None:
    ClinicSettings.objects.update_or_create(id=1, defaults={"repair_grace_minutes": 0})
    page = f"/desk/visits/{visit.pk}/"
    desk.post(f"{page}move/", version=1, on="2027-03-10", at="14:00")
    assert news(visit) == [("visit-moved", timedelta())]
    assert "Take this move back" not in words(desk.get(page))
