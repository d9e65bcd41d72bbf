"""An infusion under way is handed to another who attends: who can, who cannot, and what stays as it was."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from pacificmind.accounts.models import Clinician
from pacificmind.audit.models import Entry
from pacificmind.messaging.models import Message
from scheduling.domain import errors
from scheduling.models import Appointment, HandOver, Leave
from scheduling.services import door
from scheduling.services.hand_over import hand_over
from tests import cast
from tests.scheduling.desk.conftest import Desk, at, words


@pytest.fixture
def other(desk: Desk) -> Clinician:
    """A nurse who attends one infusion at a time."""
    return cast.clinician(lanes=1, name="Nora Nurse")


def under_way(desk: Desk) -> Appointment:
    """An infusion from 10 to 12 in Dr. Cho's first lane, started; call it at 11."""
    desk.series(0)
    visit = Appointment.objects.get(kind="infusion")
    with time_machine.travel(at(10), tick=False):
        for step in (door.arrive, door.check_in):
            visit = step(by=desk.user, visit_id=visit.pk, version=visit.version)
        cast.measured(visit, desk.doctor)
        return door.begin(by=desk.doctor.user, visit_id=visit.pk, version=visit.version)


def give(desk: Desk, visit: Appointment, to: Clinician, *, when: Any = None, **extra: Any) -> Appointment:
    with time_machine.travel(when or at(11), tick=False):
        asked = {"version": visit.version, **extra}
        return hand_over(by=desk.user, visit_id=visit.pk, to_clinician_id=to.pk, **asked)


def test_the_row_changes_hands_and_the_patient_is_told_nothing(desk: Desk, other: Clinician) -> None:
    visit = under_way(desk)
    messages = set(Message.objects.values_list("pk", "status"))
    after = give(desk, visit, other, reason="Dr. Cho is called away")
    assert (after.clinician_id, after.version, after.room_id) == (other.pk, visit.version + 1, visit.room_id)
    assert (after.starts_at, after.status, after.number) == (visit.starts_at, "checked-in", 1)
    row = HandOver.objects.get()
    assert (row.from_clinician, row.to_clinician, row.by) == (desk.doctor, other, desk.user)
    entry = Entry.objects.get(what="hand over")
    assert entry.patient_id == visit.patient_id
    assert "reason" not in entry.changes
    assert set(Message.objects.values_list("pk", "status")) == messages


def test_who_is_busy_until_its_end_cannot_take_it(desk: Desk, other: Clinician) -> None:
    visit = under_way(desk)
    desk.consultation(at(11, 30), clinician_id=cast.prescriber().pk, room_id=desk.rooms[1].pk)
    Appointment.objects.filter(kind="consultation").update(clinician=other, lanes="[0,1)")
    with pytest.raises(errors.BookingRefused, match="no place free"):
        give(desk, visit, other)


@pytest.mark.parametrize("why", ["leave", "shift"])
def test_who_is_off_shift_cannot_take_it(desk: Desk, other: Clinician, why: str) -> None:
    visit = under_way(desk)
    if why == "leave":
        Leave.objects.create(clinician=other, starts_at=at(11, 30), ends_at=at(13), is_break=True)
    else:
        other.weeklyshift_set.filter(weekday=0).update(ends="11:30")
    with pytest.raises(errors.BookingRefused, match="not on shift"):
        give(desk, visit, other)


def test_a_visit_that_ended_before_does_not_stand_in_the_way(desk: Desk, other: Clinician) -> None:
    """It covers the other's only lane from 10 to 10:45 in the database's eyes; in the chair it is over."""
    visit = under_way(desk)
    past = desk.consultation(at(10), room_id=desk.rooms[1].pk, clinician_id=cast.prescriber().pk)
    Appointment.objects.filter(pk=past.pk).update(
        clinician=other, lanes="[0,1)", ends_at=at(10, 45), status="fulfilled", finished_at=at(10, 45)
    )
    after = give(desk, visit, other)
    past.refresh_from_db()
    assert after.lanes.lower == 0
    assert past.lanes.lower == 1
    assert past.version == 1


def test_a_visit_of_theirs_that_runs_over_does(desk: Desk, other: Clinician) -> None:
    visit = under_way(desk)
    late = desk.consultation(at(9), room_id=desk.rooms[1].pk, clinician_id=cast.prescriber().pk)
    Appointment.objects.filter(pk=late.pk).update(clinician=other, lanes="[0,1)", status="checked-in")
    with pytest.raises(errors.BookingRefused, match="no place free"):
        give(desk, visit, other)


def test_a_visit_that_runs_over_itself_can_be_handed_over(desk: Desk, other: Clinician) -> None:
    assert give(desk, under_way(desk), other, when=at(12, 20)).clinician_id == other.pk


def test_only_what_is_under_way_is_handed_over(desk: Desk, other: Clinician) -> None:
    desk.series(0)
    with pytest.raises(errors.BookingRefused, match="checked in"):
        give(desk, Appointment.objects.get(), other)


def test_a_stale_or_pointless_hand_over_is_refused(desk: Desk, other: Clinician) -> None:
    visit = under_way(desk)
    with pytest.raises(errors.Stale):
        give(desk, visit, other, version=visit.version - 1)
    with pytest.raises(errors.BookingRefused, match="somebody else"):
        give(desk, visit, desk.doctor)
    with pytest.raises(errors.BookingRefused, match="somebody else"):
        give(desk, visit, cast.clinician(cast.other_site()))
    assert not HandOver.objects.exists()


def test_the_page_offers_who_can_and_says_why_others_cannot(desk: Desk, other: Clinician) -> None:
    visit = under_way(desk)
    away = cast.clinician(name="Ole Away")
    Leave.objects.create(clinician=away, starts_at=at(8), ends_at=at(18))
    path = f"/desk/visits/{visit.pk}/hand-over/"
    with time_machine.travel(at(11), tick=False):
        desk.client.force_login(desk.user)
        assert path in desk.get("/desk/calendar/la/2027-03-08/").content.decode()
        assert f'href="{path}"' in desk.get(f"/desk/visits/{visit.pk}/").content.decode()
        text = words(desk.get(path))
        assert "Ole Away is not on shift until this visit ends." in text
        answer = desk.post(path, version=visit.version, to=str(other.pk))
        assert answer.status_code == 302
        again = desk.post(path, version=visit.version, to=str(desk.doctor.pk))
    assert "Handed over by" in words(again)
    assert HandOver.objects.count() == 1


def test_the_page_before_it_is_under_way_says_what_to_do(desk: Desk) -> None:
    desk.series(0)
    text = words(desk.get(f"/desk/visits/{Appointment.objects.get().pk}/hand-over/"))
    assert "Before that, move it to another clinician" in text


def test_future_places_of_the_taker_stay_bookable_only_once(desk: Desk, other: Clinician) -> None:
    """After the hand-over the taker's one lane is in use until the visit ends, and free after it."""
    give(desk, under_way(desk), other)
    from scheduling.queries import calendar

    day = at(8).date()
    with time_machine.travel(at(11), tick=False):
        found = calendar.free_starts(
            desk.site, "infusion", from_day=day, until_day=day + timedelta(days=1), every_choice=True, not_before=at(11)
        )
    starts = [one.start for one in found if one.clinician == str(other.pk)]
    assert starts
    assert min(starts) >= at(12)
