"""One visit: booked, moved, cancelled; refused in words; once."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from intake.models import Patient, SafetyAlert
from pacificmind.audit.models import Entry
from pacificmind.clock import now
from pacificmind.messaging.models import Message
from scheduling.domain import errors
from scheduling.models import Appointment, Closure, Leave, Series, Status
from scheduling.services import booking, series
from scheduling.services.booking import Wish
from tests import cast
from tests.calendar import weekday_at

pytestmark = pytest.mark.django_db(transaction=True)


def consultation(who: Patient, **extra: Any) -> Wish:
    return Wish(**{"patient_id": who.pk, "kind": "consultation", "site_id": "la", "starts_at": weekday_at(9), **extra})


@pytest.fixture
def doctor() -> Any:
    cast.visit_types()
    cast.room()
    return cast.prescriber()


@pytest.fixture
def desk(doctor: Any) -> Any:
    return cast.receptionist()


def owed(visit: Appointment) -> dict[str, str]:
    rows = Message.objects.filter(subject_id=visit.pk).order_by("subject_version")
    return {f"{m.purpose}/{m.subject_version}": m.status for m in rows}


def test_a_patient_books_their_own_consultation_and_is_owed_confirmation_and_reminders(doctor: Any) -> None:
    who = cast.patient(account=True)
    visit = booking.book(by=who.user, wish=consultation(who))
    assert (visit.status, visit.day, visit.lanes.lower, visit.lanes.upper) == ("booked", weekday_at(9).date(), 0, 2)
    assert owed(visit) == {"visit-booked/1": "owed", "visit-reminder-24h/1": "owed", "visit-reminder-72h/1": "owed"}
    assert Entry.objects.filter(patient_id=who.pk, what="book a visit", actor_id=who.user_id).count() == 1


def test_the_same_request_books_once(doctor: Any) -> None:
    who, key = cast.patient(account=True), uuid.uuid4()
    first = booking.book(by=who.user, wish=consultation(who), request_id=key)
    again = booking.book(by=who.user, wish=consultation(who), request_id=key)
    assert first.pk == again.pk
    assert Appointment.objects.count() == 1


def test_a_request_id_with_other_content_is_refused(doctor: Any) -> None:
    who, key = cast.patient(account=True), uuid.uuid4()
    booking.book(by=who.user, wish=consultation(who), request_id=key)
    with pytest.raises(errors.RequestReused):
        booking.book(by=who.user, wish=consultation(who, starts_at=weekday_at(14)), request_id=key)


def test_a_refused_request_can_be_sent_again(doctor: Any, desk: Any) -> None:
    who, key = cast.patient(), uuid.uuid4()
    with pytest.raises(errors.OutsideHours):
        booking.book(by=desk, wish=consultation(who, starts_at=weekday_at(19)), request_id=key)
    assert booking.book(by=desk, wish=consultation(who), request_id=key).status == "booked"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"starts_at": weekday_at}, errors.SlotTaken),
        ({"hour": 19}, errors.OutsideHours),
        ({"weekday": 6}, errors.OutsideHours),
        ({"weeks": -1}, errors.TooShortNotice),
    ],
)
def test_refusals_say_what_is_in_the_way(desk: Any, change: dict[str, Any], error: type[Exception]) -> None:
    booking.book(by=desk, wish=consultation(cast.patient()))
    when = weekday_at(change.get("hour", 9), weeks=change.get("weeks", 1), weekday=change.get("weekday", 0))
    with pytest.raises(error):
        booking.book(by=desk, wish=consultation(cast.patient(), starts_at=when))


def test_a_patient_cannot_be_in_two_places(desk: Any) -> None:
    who = cast.patient()
    booking.book(by=desk, wish=consultation(who))
    cast.room()
    cast.prescriber()
    with pytest.raises(errors.PatientBusy):
        booking.book(by=desk, wish=consultation(who, starts_at=weekday_at(9, 30)))


def test_leave_and_closures_take_the_time_away(doctor: Any, desk: Any) -> None:
    who = cast.patient()
    Leave.objects.create(clinician=doctor, starts_at=weekday_at(8), ends_at=weekday_at(12))
    with pytest.raises(errors.OutsideHours):
        booking.book(by=desk, wish=consultation(who))
    Closure.objects.create(site=cast.site(), starts_at=weekday_at(13), ends_at=weekday_at(15), reason="Staff meeting")
    with pytest.raises(errors.OutsideHours):
        booking.book(by=desk, wish=consultation(who, starts_at=weekday_at(13)))
    assert booking.book(by=desk, wish=consultation(who, starts_at=weekday_at(15))).status == "booked"


def test_others_may_not_book_for_a_patient(doctor: Any) -> None:
    who, stranger = cast.patient(account=True), cast.patient(account=True)
    for by in (stranger.user, cast.receptionist(cast.other_site()), cast.manager()):
        with pytest.raises(PermissionDenied):
            booking.book(by=by, wish=consultation(who))
    assert not Appointment.objects.exists()


def test_moving_voids_what_was_owed_and_owes_the_new_time(desk: Any) -> None:
    visit = booking.book(by=desk, wish=consultation(cast.patient()))
    moved = booking.move(by=desk, visit_id=visit.pk, version=1, starts_at=weekday_at(14))
    assert (moved.version, moved.starts_at) == (2, weekday_at(14))
    assert owed(moved) == {
        "visit-booked/1": "void",
        "visit-reminder-24h/1": "void",
        "visit-reminder-72h/1": "void",
        "visit-moved/2": "owed",
        "visit-reminder-24h/2": "owed",
        "visit-reminder-72h/2": "owed",
    }


def test_a_stale_move_changes_nothing(desk: Any) -> None:
    visit = booking.book(by=desk, wish=consultation(cast.patient()))
    booking.move(by=desk, visit_id=visit.pk, version=1, starts_at=weekday_at(14))
    with pytest.raises(errors.Stale):
        booking.move(by=desk, visit_id=visit.pk, version=1, starts_at=weekday_at(16))
    visit.refresh_from_db()
    assert visit.starts_at == weekday_at(14)


def test_a_patient_cannot_move_within_the_notice(doctor: Any, desk: Any, time_machine: Any) -> None:
    who = cast.patient(account=True)
    visit = booking.book(by=desk, wish=consultation(who))
    time_machine.move_to(weekday_at(9) - timedelta(hours=23))
    with pytest.raises(errors.TooShortNotice) as refused:
        booking.cancel(by=who.user, visit_id=visit.pk, version=1, why="ill")
    assert "call us" in refused.value.say_patient
    assert booking.cancel(by=desk, visit_id=visit.pk, version=1, why="ill").status == "cancelled"


def test_cancelling_frees_the_time_and_tells_the_patient_once(desk: Any) -> None:
    visit = booking.book(by=desk, wish=consultation(cast.patient()))
    gone = booking.cancel(by=desk, visit_id=visit.pk, version=1, why="The patient is away")
    assert gone.status == "cancelled"
    assert {k: v for k, v in owed(gone).items() if v == "owed"} == {"visit-cancelled/2": "owed"}
    assert booking.book(by=desk, wish=consultation(cast.patient())).status == "booked"


class TestInfusions:
    """An infusion needs a series, a clearance, consent and the protocol's days."""

    @pytest.fixture
    def run(self, doctor: Any, desk: Any) -> Series:
        _, order = cast.ready_patient(doctor)
        slots = [self.slot(doctor, 9, weekday=day) for day in (0, 2, 4)]
        return series.lay_out(by=desk, order_id=order.pk, site_id="la", slots=slots)

    def slot(self, doctor: Any, hour: int, **when: int) -> series.Slot:
        room = cast.site().room_set.get()
        return series.Slot(weekday_at(hour, **when), room.pk, doctor.pk)

    def wish(self, run: Series, **when: int) -> Wish:
        return Wish(
            patient_id=run.patient_id,
            kind="infusion",
            site_id="la",
            starts_at=weekday_at(9, **when),
            series_id=run.pk,
        )

    def test_an_infusion_in_between_takes_its_number_and_shifts_the_rest(self, run: Series, desk: Any) -> None:
        later = booking.book(by=desk, wish=self.wish(run, weeks=2, weekday=2))
        between = booking.book(by=desk, wish=self.wish(run, weeks=2, weekday=0))
        later.refresh_from_db()
        assert (between.number, later.number) == (4, 5)
        assert (between.status, later.status) == ("held", "held")
        assert later.version == 1

    @pytest.mark.parametrize(
        ("when", "error", "word"),
        [
            ({"weekday": 1}, errors.ProtocolViolation, "P3"),
            ({"weeks": 2, "weekday": 5}, errors.OutsideHours, ""),
            ({"weeks": 5, "weekday": 0}, errors.ReviewNeeded, "P9"),
        ],
    )
    def test_the_protocol_refuses_by_name(
        self, run: Series, desk: Any, when: dict[str, int], error: type[errors.BookingRefused], word: str
    ) -> None:
        with pytest.raises(error) as refused:
            booking.book(by=desk, wish=self.wish(run, **when))
        assert word in refused.value.say

    def test_the_order_is_the_most(self, run: Series, desk: Any) -> None:
        for day in (0, 2, 4):
            booking.book(by=desk, wish=self.wish(run, weeks=2, weekday=day))
        with pytest.raises(errors.SeriesFull):
            booking.book(by=desk, wish=self.wish(run, weeks=3))

    def test_an_uncleared_patient_is_not_booked_and_the_desk_learns_no_more(self, run: Series, desk: Any) -> None:
        run.clearance.withdrawn_at, run.clearance.withdrawn_by = run.made_at, desk
        run.clearance.withdrawn_why = "new findings"
        run.clearance.save()
        with pytest.raises(errors.NotCleared) as refused:
            booking.book(by=desk, wish=self.wish(run, weeks=2))
        assert refused.value.say == "Ask the clinician."

    def test_an_open_urgent_alert_refuses_in_the_same_words(self, run: Series, desk: Any) -> None:
        SafetyAlert.objects.create(
            patient=run.patient, site=run.site, tier="URGENT-2", trigger="asq", acknowledge_by=run.made_at
        )
        with pytest.raises(errors.SafetyHold) as refused:
            booking.book(by=desk, wish=self.wish(run, weeks=2))
        assert (refused.value.say, refused.value.code) == ("Ask the clinician.", errors.NotCleared.code)

    def test_without_consent_the_visit_is_held(self, doctor: Any, desk: Any) -> None:
        who, order = cast.ready_patient(doctor)
        who.consent_set.update(withdrawn_at=now())
        run = series.lay_out(by=desk, order_id=order.pk, site_id="la", slots=[self.slot(doctor, 9)])
        assert list(run.visits.values_list("status", flat=True)) == [Status.HELD]
        assert not Message.objects.filter(purpose="visit-reminder-24h").exists()

    def test_cancelling_an_infusion_keeps_the_deviation_and_renumbers(self, run: Series, desk: Any) -> None:
        for day in (0, 2):
            booking.book(by=desk, wish=self.wish(run, weeks=2, weekday=day))
        first, second = run.visits.order_by("starts_at")[:2]
        booking.cancel(by=desk, visit_id=second.pk, version=second.version, why="ill")
        booking.cancel(by=desk, visit_id=first.pk, version=1, why="ill")
        left = run.visits.filter(status__in=("booked", "held")).order_by("starts_at")
        assert list(left.values_list("number", flat=True)) == [1, 2, 3]
        assert set(left.values_list("status", flat=True)) == {"booked"}

    def test_over_an_open_alert_a_visit_may_move_later_but_not_earlier(self, run: Series, desk: Any) -> None:
        SafetyAlert.objects.create(
            patient=run.patient, site=run.site, tier="URGENT-2", trigger="asq", acknowledge_by=run.made_at
        )
        last = run.visits.order_by("starts_at").last()
        assert last is not None
        with pytest.raises(errors.SafetyHold):
            booking.move(by=desk, visit_id=last.pk, version=1, starts_at=weekday_at(8, weekday=4))
        moved = booking.move(by=desk, visit_id=last.pk, version=1, starts_at=weekday_at(9, weeks=2))
        assert moved.version == 2

    def test_a_superseded_order_is_not_laid_out(self, doctor: Any, desk: Any) -> None:
        who, order = cast.ready_patient(doctor)
        cast.clearance(who, doctor, decision="more_information")
        with pytest.raises(errors.NotCleared):
            series.lay_out(by=desk, order_id=order.pk, site_id="la", slots=[self.slot(doctor, 9)])


def test_a_video_visit_needs_the_state_of_the_site_and_no_room(desk: Any) -> None:
    with pytest.raises(errors.BookingRefused, match="CA"):
        booking.book(by=desk, wish=consultation(cast.patient(), telehealth=True, patient_state="NV"))
    visit = booking.book(by=desk, wish=consultation(cast.patient(), telehealth=True, patient_state="CA"))
    assert (visit.room, visit.room_free_at) == (None, None)
