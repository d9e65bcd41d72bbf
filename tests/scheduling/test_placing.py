"""What a kind of visit asks of its place: turnover, buffer, features, notice, horizon; offers are held; moves stay."""

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from pacificmind.clock import now
from scheduling.domain import errors
from scheduling.domain.walltime import day_of
from scheduling.models import Appointment, Offer, Room, VisitType, Waiting
from scheduling.queries import calendar
from scheduling.services import booking, series, series_many_save
from scheduling.services.booking import Wish
from tests import cast
from tests.calendar import weekday_at

pytestmark = pytest.mark.django_db(transaction=True)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def types() -> None:
    cast.visit_types()


def of_kind(kind: str = "consultation", **changes: Any) -> None:
    VisitType.objects.filter(kind=kind).update(**changes)


def consultation(start: datetime, **extra: Any) -> Appointment:
    who = extra.pop("who", None) or cast.patient()
    wish = Wish(patient_id=who.pk, kind="consultation", site_id="la", starts_at=start, **extra)
    return booking.book(by=None, wish=wish)


def offered(kind: str = "consultation", **extra: Any) -> set[str]:
    """The free starts of the coming Monday, at the wall clock."""
    site, day = cast.site(), day_of(weekday_at(9), cast.site().tz)
    found = calendar.free_starts(site, kind, from_day=day, until_day=day + DAY, **extra)
    return {f"{one.start.astimezone(site.tz):%H:%M}" for one in found}


def test_the_longer_turnover_of_room_and_kind_counts_for_each_room_by_itself() -> None:
    cast.prescriber()
    cast.prescriber()
    slow, quick = cast.room(turnover_minutes=60), cast.room(turnover_minutes=0)
    visits = [consultation(weekday_at(9), room_id=room.pk) for room in (slow, quick)]
    assert [one.room_free_at for one in visits] == [weekday_at(11), weekday_at(10)]
    with pytest.raises(errors.SlotTaken):
        consultation(weekday_at(10), room_id=slow.pk)
    assert consultation(weekday_at(10)).room == quick
    of_kind(turnover_minutes=30)
    assert consultation(weekday_at(14), room_id=quick.pk).room_free_at == weekday_at(15, 30)


def test_a_room_that_is_slow_to_make_ready_takes_no_visit_right_before_another() -> None:
    cast.prescriber()
    room = cast.room(turnover_minutes=30)
    consultation(weekday_at(11))
    assert not {"09:45", "10:00"} & offered()
    assert "09:30" in offered()
    with pytest.raises(errors.SlotTaken):
        consultation(weekday_at(10), room_id=room.pk)


def test_a_clinician_keeps_free_after_a_visit_of_a_kind_with_a_buffer() -> None:
    cast.prescriber()
    cast.room(turnover_minutes=0)
    of_kind(buffer_minutes=30)
    consultation(weekday_at(11))
    assert {"09:30", "12:30"} <= offered()
    assert not {"09:45", "10:00", "12:00", "12:15"} & offered()
    for hour, minute in ((10, 0), (12, 15)):
        with pytest.raises(errors.SlotTaken):
            consultation(weekday_at(hour, minute))


def test_the_buffer_of_a_visit_is_that_of_its_own_kind() -> None:
    cast.prescriber()
    cast.room(turnover_minutes=0)
    of_kind("follow_up", buffer_minutes=60)
    consultation(weekday_at(11))
    assert "12:00" in offered("follow_up")
    assert not {"09:45", "10:30"} & offered("follow_up")  # half an hour, and an hour kept free, would run into it
    assert "09:30" in offered("follow_up")


def test_only_rooms_with_all_that_is_needed_are_taken() -> None:
    cast.prescriber()
    plain, fit = cast.room(name="A"), cast.room(name="B", features=["monitor", "recliner"])
    of_kind(needs=["monitor", "recliner"])
    assert consultation(weekday_at(9)).room == fit
    assert "09:00" not in offered()
    with pytest.raises(errors.BookingRefused, match="No room here can hold this visit"):
        consultation(weekday_at(11), room_id=plain.pk)


def test_the_notice_and_the_horizon_of_a_kind_are_heeded_in_lists_and_bookings() -> None:
    cast.prescriber()
    cast.room()
    far = weekday_at(9, weeks=3)
    of_kind(notice_hours=24 * 13, horizon_days=20)
    assert offered() == set()
    with pytest.raises(errors.TooShortNotice):
        consultation(weekday_at(9))
    of_kind(notice_hours=0)
    site, day = cast.site(), day_of(far, cast.site().tz)
    beyond = calendar.free_starts(site, "consultation", from_day=day + 7 * DAY, until_day=day + 14 * DAY)
    assert beyond == []
    with pytest.raises(errors.TooFarAhead):
        consultation(weekday_at(9, weeks=5))


def test_for_patients_the_longer_notice_of_kind_and_clinic_counts() -> None:
    cast.prescriber()
    cast.room()
    of_kind(notice_hours=24 * 20)
    who = cast.patient(account=True)
    wish = Wish(patient_id=who.pk, kind="consultation", site_id="la", starts_at=weekday_at(9, weeks=2))
    with pytest.raises(errors.TooShortNotice):
        booking.book(by=who.user, wish=wish)
    with pytest.raises(errors.TooShortNotice):
        booking.book(by=who.user, wish=Wish(**{**vars(wish), "override_reason": "I would like to"}))
    assert booking.book(by=cast.receptionist(), wish=Wish(**{**vars(wish), "override_reason": "Asked to"})).pk


def test_a_kind_that_the_desk_does_not_book_is_left_to_clinicians() -> None:
    doctor, desk = cast.prescriber(), cast.receptionist()
    cast.room()
    of_kind(desk_may_book=False)
    wish = Wish(patient_id=cast.patient().pk, kind="consultation", site_id="la", starts_at=weekday_at(9))
    with pytest.raises(errors.NotBookedByDesk):
        booking.book(by=desk, wish=wish)
    assert booking.book(by=doctor.user, wish=wish).made_by == doctor.user


def test_a_series_that_the_desk_does_not_book_is_laid_out_by_clinicians() -> None:
    doctor, desk = cast.prescriber(), cast.receptionist()
    room = cast.room()
    of_kind("infusion", desk_may_book=False)
    _, order = cast.ready_patient(doctor)
    slot = series.Slot(weekday_at(9), room.pk, doctor.pk)
    with pytest.raises(errors.NotBookedByDesk):
        series.lay_out(by=desk, order_id=order.pk, site_id="la", slots=[slot])
    plan = series_many_save.SeriesPlan(order.pk, [])
    with pytest.raises(errors.NotBookedByDesk):
        series_many_save.lay_out_many(by=desk, site_id="la", plans=[plan])
    assert series.lay_out(by=doctor.user, order_id=order.pk, site_id="la", slots=[slot]).made_by == doctor.user


def an_offer(visit: Appointment, room: Room, start: datetime, **extra: Any) -> Offer:
    waiting = Waiting.objects.create(patient=visit.patient, visit=visit, site=visit.site)
    values = {
        "clinician": visit.clinician,
        "lanes": visit.lanes,
        "room": room,
        "ends_at": start + timedelta(hours=1),
        "room_free_at": start + timedelta(minutes=75),
        "expires_at": now() + timedelta(hours=2),
        "token_hash": uuid.uuid4().hex,
        **extra,
    }
    return Offer.objects.create(waiting=waiting, starts_at=start, **values)


def test_a_place_that_is_offered_to_somebody_is_held_for_them() -> None:
    doctor, room = cast.prescriber(), cast.room()
    visit = consultation(weekday_at(15), clinician_id=doctor.pk)
    offer = an_offer(visit, room, weekday_at(9))
    assert not {"09:00", "09:45"} & offered()
    with pytest.raises(errors.SlotTaken):
        consultation(weekday_at(9))
    assert "09:00" in offered(without_offers=[offer.pk], without=[visit.pk])
    Offer.objects.update(expires_at=now() + timedelta(seconds=1), made_at=now() - timedelta(hours=1))
    Offer.objects.update(expires_at=now() - timedelta(seconds=1))
    assert "09:00" in offered()
    Offer.objects.update(expires_at=now() + timedelta(hours=1), status="withdrawn")
    assert consultation(weekday_at(9)).room == room


def test_a_move_keeps_the_clinician_and_the_room_where_they_are_free() -> None:
    first, second = cast.prescriber(name="Adams"), cast.prescriber(name="Zola")
    cast.room(name="A")
    room = cast.room(name="Z")
    visit = consultation(weekday_at(9), clinician_id=second.pk, room_id=room.pk)
    moved = booking.move(by=None, visit_id=visit.pk, version=1, starts_at=weekday_at(11))
    assert (moved.clinician, moved.room) == (second, room)
    consultation(weekday_at(14), clinician_id=second.pk)
    again = booking.move(by=None, visit_id=visit.pk, version=2, starts_at=weekday_at(14))
    assert (again.clinician, again.room) == (first, room)


def test_free_starts_take_as_many_queries_with_three_of_everything() -> None:
    site, day = cast.site(), day_of(weekday_at(9), cast.site().tz)

    def queries() -> int:
        doctor, room = cast.prescriber(), cast.room()
        visit = consultation(weekday_at(15), clinician_id=doctor.pk, room_id=room.pk)
        an_offer(visit, room, weekday_at(9))
        with CaptureQueriesContext(connection) as found:
            calendar.free_starts(site, "consultation", from_day=day, until_day=day + 3 * DAY)
        return len(found)

    assert len({queries() for _ in range(3)}) == 1
