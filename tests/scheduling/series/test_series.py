"""A series on its way: laid out whole, released in stages, repaired, ended; and what follows it."""

import uuid
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.core.exceptions import PermissionDenied

from intake.models import BoosterOrder, Condition, Consent
from pacificmind.messaging.models import Message
from pacificmind.messaging.registry import Void, get
from pacificmind.tasks.models import Task
from scheduling.domain import errors
from scheduling.domain.walltime import day_of
from scheduling.models import Appointment, Deviation, Series, StageRelease
from scheduling.queries.workdays import review_due_at
from scheduling.services import booking, boosters, door, watch
from scheduling.services import series as services
from scheduling.services.lawful import lawful_booster_starts, lawful_starts
from scheduling.services.series import Slot
from tests import cast, history
from tests.scheduling.series import walk

pytestmark = pytest.mark.django_db(transaction=True)
MONDAY = date(2027, 1, 4)


@pytest.fixture(autouse=True)
def a_monday_morning() -> Any:
    with time_machine.travel(walk.at(MONDAY, 6), tick=False):
        yield


def slot(doctor: Any, day: date, hour: int = 8, room: str = "Room A") -> Slot:
    return Slot(walk.at(day, hour), cast.site().room_set.get(name=room).pk, doctor.pk)


def days(*gaps: int) -> list[date]:
    return [MONDAY + timedelta(days=gap) for gap in gaps]


def tasks(*kinds: str) -> list[str]:
    return sorted(Task.objects.filter(done_at__isnull=True, kind__in=kinds).values_list("kind", flat=True))


def local_days(starts: Any) -> list[date]:
    return sorted({day_of(one.start, cast.site().tz) for one in starts})


def rendered(purpose: str, subject: uuid.UUID) -> Any:
    message = Message.objects.filter(purpose=purpose, subject_id=subject).order_by("-subject_version").first()
    known = get(purpose)
    assert message is not None
    assert known is not None
    return known.render(message)


class TestLayOut:
    def test_the_first_stage_is_booked_the_rest_held_and_one_message_owed(self, doctor: Any, desk: Any) -> None:
        _, order = cast.ready_patient(doctor)
        series = walk.laid_out(desk, order)
        assert walk.states(series) == "bbbhhh"
        assert [visit.number for visit in walk.visits(series)] == [1, 2, 3, 4, 5, 6]
        assert Message.objects.filter(purpose="series-booked", subject_id=series.pk).count() == 1
        assert not Message.objects.filter(purpose="visit-booked").exists()
        reminded = Message.objects.filter(purpose="visit-reminder-24h").values_list("subject_id", flat=True)
        assert set(reminded) == {visit.pk for visit in walk.visits(series)[1:3]}

    def test_a_slot_taken_meanwhile_saves_nothing(self, doctor: Any, desk: Any) -> None:
        _, order = cast.ready_patient(doctor)
        slots = walk.proposed(order)
        third = slots[2]
        _, other = cast.ready_patient(doctor, infusions=1)
        walk.laid_out(desk, other, [Slot(third.starts_at, third.room_id, third.clinician_id)])
        with pytest.raises(errors.SlotTaken):
            walk.laid_out(desk, order, slots)
        assert not Series.objects.filter(order=order).exists()
        assert not Appointment.objects.filter(patient=order.clearance.patient).exists()
        assert walk.states(walk.laid_out(desk, order)) == "bbbhhh"

    def test_sent_twice_it_is_one_series(self, doctor: Any, desk: Any) -> None:
        _, order = cast.ready_patient(doctor)
        key, slots = uuid.uuid4(), walk.proposed(order)
        first = walk.laid_out(desk, order, slots, request_id=key)
        assert walk.laid_out(desk, order, slots, request_id=key).pk == first.pk
        with pytest.raises(errors.SeriesFull):
            walk.laid_out(desk, order, slots, request_id=uuid.uuid4())

    def test_a_week_with_one_visit_needs_a_prescribers_reason(self, doctor: Any, desk: Any) -> None:
        _, order = cast.ready_patient(doctor, infusions=3)
        slots = [slot(doctor, day) for day in days(0, 7, 9)]
        for by, reason in ((desk, "Because"), (doctor.user, " ")):
            with pytest.raises(errors.ProtocolViolation, match="P4"):
                walk.laid_out(by, order, slots, deviation_reason=reason)
        series = walk.laid_out(doctor.user, order, slots, deviation_reason="A journey.")
        kept = Deviation.objects.get(series=series)
        assert (kept.week, kept.planned, kept.reason, kept.by) == (1, True, "A journey.", doctor.user)

    @pytest.mark.parametrize(("gaps", "rule"), [((0, 1), "P3"), ((0, 14), "P9")])
    def test_unlawful_days_are_refused(self, doctor: Any, gaps: tuple[int, ...], rule: str) -> None:
        _, order = cast.ready_patient(doctor, infusions=2)
        with pytest.raises(errors.BookingRefused, match=rule):
            walk.laid_out(doctor.user, order, [slot(doctor, day) for day in days(*gaps)], deviation_reason="Because")
        assert not Series.objects.exists()

    def test_a_newer_decision_takes_the_place_of_the_order(self, doctor: Any, desk: Any) -> None:
        who, order = cast.ready_patient(doctor)
        slots = walk.proposed(order)
        with time_machine.travel(walk.at(MONDAY, 7), tick=False):
            cast.clearance(who, doctor)
            with pytest.raises(errors.NotCleared):
                walk.laid_out(desk, order, slots)

    def test_a_closed_record_and_another_sites_staff_are_refused(self, doctor: Any, desk: Any) -> None:
        who, order = cast.ready_patient(doctor)
        slots = walk.proposed(order)
        with pytest.raises(PermissionDenied):
            walk.laid_out(cast.receptionist(cast.other_site()), order, slots)
        who.status, who.closed_why = "closed", "moved"
        who.save()
        with pytest.raises(errors.BookingRefused, match="record is closed"):
            walk.laid_out(desk, order, slots)


class TestStages:
    def test_the_review_opens_one_visit_before_the_stage_ends_and_releases_the_next(
        self, doctor: Any, desk: Any
    ) -> None:
        _, order = cast.ready_patient(doctor)
        series = walk.laid_out(desk, order)
        walk.give(walk.visits(series)[0], desk=desk, doctor=doctor)
        assert tasks("series-review") == []
        with pytest.raises(errors.ReviewNeeded, match="after visit 2"):
            services.release_stage(by=doctor.user, series_id=series.pk, note="Too early")
        walk.give(walk.visits(series)[1], desk=desk, doctor=doctor)
        review = Task.objects.get(kind="series-review", done_at__isnull=True)
        assert review.due_at == walk.at(date(2027, 1, 8), 18)  # the Friday before visit 4 on Monday
        with time_machine.travel(walk.at(date(2027, 1, 7), 9), tick=False):
            with pytest.raises(PermissionDenied):
                services.release_stage(by=cast.clinician().user, series_id=series.pk, note="Not mine to sign")
            released = services.release_stage(by=doctor.user, series_id=series.pk, note="Better.", version=1)
            assert walk.states(series) == "ffbbbb"
            assert (released.released_to, tasks("series-review")) == (6, [])
            with pytest.raises(errors.Stale):
                services.release_stage(by=doctor.user, series_id=series.pk, note="Again", version=1)
        told = Message.objects.get(purpose="series-booked", status="owed", subject_version=2)
        assert told.subject_id == series.pk
        assert not Message.objects.filter(purpose="visit-booked").exists()

    def test_without_a_release_the_held_visit_is_refused_at_the_door(self, doctor: Any, desk: Any) -> None:
        _, order = cast.ready_patient(doctor)
        series = walk.laid_out(desk, order)
        fourth = walk.visits(series)[3]
        with time_machine.travel(fourth.starts_at, tick=False), pytest.raises(errors.ReviewNeeded):
            door.arrive(by=desk, visit_id=fourth.pk, version=fourth.version)
        with time_machine.travel(fourth.starts_at - timedelta(hours=30), tick=False):
            watch.look_after()
            assert tasks("series-review") == ["series-review"]
        assert walk.states(series) == "bbbhhh"

    def test_what_is_held_for_consent_or_a_condition_is_booked_once_it_is_met(self, doctor: Any, desk: Any) -> None:
        who, order = cast.ready_patient(doctor)
        Consent.objects.filter(patient=who).update(withdrawn_at=walk.at(MONDAY, 5))
        open_one = Condition.objects.create(clearance=order.clearance, kind="ecg")
        series = walk.laid_out(desk, order)
        assert walk.states(series) == "hhhhhh"
        cast.consented(who)
        watch.look_after()
        assert walk.states(series) == "hhhhhh"
        assert tasks("series-review") == []  # held for a condition, not for its stage
        open_one.met_at, open_one.met_by = walk.at(MONDAY, 6), doctor.user
        open_one.save()
        watch.look_after()
        assert walk.states(series) == "bbbhhh"

    def test_a_cancellation_moves_the_stage_along_and_keeps_the_weeks_deviation(self, doctor: Any, desk: Any) -> None:
        _, order = cast.ready_patient(doctor)
        series = walk.laid_out(desk, order)
        second, third = walk.visits(series)[1:3]
        booking.cancel(by=desk, visit_id=second.pk, version=second.version, why="Travels")
        assert walk.states(series) == "bcbbhh"  # the next held visit is now the third
        assert not Deviation.objects.exists()
        booking.cancel(by=desk, visit_id=third.pk, version=third.version, why="Travels")
        kept = Deviation.objects.get(series=series)
        assert (kept.week, kept.planned, kept.reason) == (1, False, "A visit was cancelled.")
        assert tasks("deviation") == ["deviation"]

    def test_an_inserted_visit_pushes_the_stage_back(self, doctor: Any, desk: Any) -> None:
        _, order = cast.ready_patient(doctor)
        series = walk.laid_out(desk, order, [slot(doctor, day) for day in days(2, 4, 7, 9)])
        assert walk.states(series) == "bbbh"
        wish = booking.Wish(
            patient_id=series.patient_id,
            kind="infusion",
            site_id="la",
            starts_at=walk.at(MONDAY),
            series_id=series.pk,
        )
        booking.book(by=desk, wish=wish)
        assert [visit.number for visit in walk.visits(series)] == [1, 2, 3, 4, 5]
        assert walk.states(series) == "bbbhh"

    def test_a_pause_needs_a_review_that_leaves_the_stage_where_it_is(self, doctor: Any, desk: Any) -> None:
        _, order = cast.ready_patient(doctor, per_week=2)
        series = walk.laid_out(desk, order, [slot(doctor, day) for day in days(0, 4, 7, 11, 14, 18)])
        for visit in walk.visits(series)[1:4]:
            visit.refresh_from_db()
            booking.cancel(by=desk, visit_id=visit.pk, version=visit.version, why="Ill")
        assert tasks("pause-review") == ["pause-review"]
        walk.give(walk.visits(series)[0], desk=desk, doctor=doctor)
        back = walk.visits(series)[4]
        with time_machine.travel(back.starts_at, tick=False), pytest.raises(errors.ReviewNeeded, match="P9"):
            door.may_start(Appointment.objects.get(pk=back.pk))
        with time_machine.travel(back.starts_at - timedelta(hours=20), tick=False):
            after = services.review_pause(by=doctor.user, series_id=series.pk, note="Well again.")
        assert (after.released_to, tasks("pause-review")) == (3, [])
        assert StageRelease.objects.get(series=series).note == "Well again."
        back.refresh_from_db()
        assert walk.give(back, desk=desk, doctor=doctor).status == "fulfilled"


class TestLawfulStarts:
    def test_only_days_that_keep_the_protocol_are_offered(self, doctor: Any, desk: Any) -> None:
        _, order = cast.ready_patient(doctor)
        series = walk.laid_out(desk, order, [slot(doctor, day) for day in days(0, 2, 7)])
        found = lawful_starts(series, from_day=MONDAY, until_day=MONDAY + timedelta(days=21))
        assert local_days(found) == days(4, 9, 10, 11)
        more = lawful_starts(series, from_day=MONDAY, until_day=MONDAY + timedelta(days=21), with_deviations=True)
        assert local_days(more) == days(4, 9, 10, 11, 14, 15, 16, 17, 18)

    def test_each_offer_can_be_booked(self, doctor: Any, desk: Any) -> None:
        _, order = cast.ready_patient(doctor)
        series = walk.laid_out(desk, order, [slot(doctor, day) for day in days(0, 2, 7, 9)])
        one = lawful_starts(series, from_day=MONDAY, until_day=MONDAY + timedelta(days=21))[0]
        wish = booking.Wish(
            patient_id=series.patient_id, kind="infusion", site_id="la", starts_at=one.start, series_id=series.pk
        )
        assert booking.book(by=desk, wish=wish).number == 3

    def test_an_infusion_keeps_its_days_from_a_booked_booster(self, doctor: Any, desk: Any) -> None:
        who, order = cast.ready_patient(doctor)
        booster = walk.booster_order(order, doctor, status="open", started_on=MONDAY - timedelta(days=30))
        booster.reevaluations.create(by=doctor.user, supports_booster=True)
        wish = booking.Wish(
            patient_id=who.pk, kind="booster", site_id="la", starts_at=walk.at(MONDAY), booster_order_id=booster.pk
        )
        booking.book(by=desk, wish=wish)
        with pytest.raises(errors.ProtocolViolation, match="P10"):
            walk.laid_out(desk, order, [slot(doctor, day) for day in days(4, 7)])


class TestBoosters:
    @pytest.mark.parametrize(
        ("first", "due", "again"),
        [
            (MONDAY, date(2027, 2, 5), date(2027, 2, 12)),
            (date(2026, 2, 9), date(2026, 3, 13), date(2026, 3, 20)),  # the clocks change on March 8
            (date(2027, 2, 15), date(2027, 3, 19), date(2027, 3, 26)),  # on March 14
            (date(2026, 10, 5), date(2026, 11, 6), date(2026, 11, 13)),  # on November 1
            (date(2027, 10, 11), date(2027, 11, 12), date(2027, 11, 19)),  # on November 7
        ],
    )
    def test_after_the_last_infusion_reminders_are_owed_at_ten_local(
        self, doctor: Any, desk: Any, first: date, due: date, again: date
    ) -> None:
        with time_machine.travel(walk.at(first, 6), tick=False):
            _, order = cast.ready_patient(doctor)
            plan = walk.booster_order(order, doctor)
            series = walk.laid_out(desk, order)
        walk.give_all(series, desk=desk, doctor=doctor)
        series.refresh_from_db()
        plan.refresh_from_db()
        assert (series.status, plan.status, plan.started_on) == ("completed", "open", first + timedelta(days=11))
        owed = dict(Message.objects.filter(subject_id=plan.pk).values_list("purpose", "due_at"))
        assert owed == {"booster-due": walk.at(due, 10), "booster-again": walk.at(again, 10)}

    def finished(self, doctor: Any, desk: Any, **extra: Any) -> BoosterOrder:
        _, order = cast.ready_patient(doctor, account=True)
        plan = walk.booster_order(order, doctor, **extra)
        walk.give_all(walk.laid_out(desk, order), desk=desk, doctor=doctor)
        plan.refresh_from_db()
        return plan

    def test_a_decline_voids_both_and_says_so(self, doctor: Any, desk: Any) -> None:
        plan = self.finished(doctor, desk)
        assert plan.patient.user is not None
        boosters.decline(by=plan.patient.user, order_id=plan.pk)
        found = Message.objects.filter(subject_id=plan.pk).values_list("status", "why")
        assert list(found) == [("void", "The patient declined.")] * 2

    def test_a_booking_makes_the_reminder_void_when_it_falls_due(self, doctor: Any, desk: Any) -> None:
        plan = self.finished(doctor, desk)
        with time_machine.travel(walk.at(date(2027, 1, 20)), tick=False):
            wish = booking.Wish(
                patient_id=plan.patient_id,
                kind="booster",
                site_id="la",
                starts_at=walk.at(date(2027, 2, 8)),
                booster_order_id=plan.pk,
            )
            with pytest.raises(errors.ReviewNeeded):
                booking.book(by=desk, wish=wish)
            plan.reevaluations.create(by=doctor.user, supports_booster=True)
            starts = lawful_booster_starts(
                plan, plan.patient.site, from_day=date(2027, 1, 20), until_day=date(2027, 1, 30)
            )
            assert local_days(starts)[0] == date(2027, 1, 22)  # 7 days after the last infusion
            visit = booking.book(by=desk, wish=wish)
        with time_machine.travel(walk.at(date(2027, 2, 5), 10), tick=False):
            assert rendered("booster-due", plan.pk) == Void("A booster is booked already.")
        with time_machine.travel(visit.starts_at, tick=False):
            visit = door.arrive(by=desk, visit_id=visit.pk, version=visit.version)
            with pytest.raises(errors.ReviewNeeded, match="72 hours"):
                door.check_in(by=desk, visit_id=visit.pk, version=visit.version, escort_name="Luis")
            walk.phq9(plan.patient)
            visit = door.check_in(by=desk, visit_id=visit.pk, version=visit.version, escort_name="Luis")
            cast.measured(visit, doctor)
            visit = door.begin(by=doctor.user, visit_id=visit.pk, version=visit.version)
            ticked = dict.fromkeys(door.DISCHARGE, True)
            door.fulfil(by=doctor.user, visit_id=visit.pk, version=visit.version, discharge=ticked)
        plan.refresh_from_db()
        assert (plan.version, plan.started_on, plan.status) == (2, date(2027, 2, 8), "open")
        assert set(Message.objects.filter(subject_id=plan.pk, status="owed").values_list("subject_version")) == {(2,)}

    def test_the_reminder_itself_is_neutral_and_leads_to_a_talk(self, doctor: Any, desk: Any) -> None:
        plan = self.finished(doctor, desk)
        with time_machine.travel(walk.at(date(2027, 2, 5), 10), tick=False):
            words = rendered("booster-due", plan.pk)
        assert (words.key, words.context["path"]) == ("booster-due", "/next-visit/")

    @pytest.mark.parametrize(
        ("change", "why"),
        [
            ("withdrawn", "A clinician looks first."),
            ("record", "The patient's record is closed."),
            ("ended", "The plan has ended."),
        ],
    )
    def test_a_stale_reminder_says_why_it_is_not_sent(self, doctor: Any, desk: Any, change: str, why: str) -> None:
        plan = self.finished(doctor, desk)
        if change == "withdrawn":
            with time_machine.travel(walk.at(date(2027, 2, 1)), tick=False):
                cast.clearance(plan.patient, doctor, decision="more_information")
        elif change == "record":
            type(plan.patient).objects.update(status="closed", closed_why="moved")
        else:
            history.rewrite(BoosterOrder.objects, until_on=date(2027, 2, 1))
        with time_machine.travel(walk.at(date(2027, 2, 5), 10), tick=False):
            assert rendered("booster-due", plan.pk) == Void(why)

    def test_a_series_message_of_an_older_plan_is_not_sent(self, doctor: Any, desk: Any) -> None:
        _, order = cast.ready_patient(doctor)
        series = walk.laid_out(desk, order)
        assert len(rendered("series-booked", series.pk).context["visits"]) == 6
        Series.objects.update(version=2)
        assert rendered("series-booked", series.pk) == Void("The plan was changed since.")


def test_a_review_is_due_at_the_close_of_the_last_working_day(doctor: Any) -> None:
    assert review_due_at(cast.site(), date(2027, 1, 11)) == walk.at(date(2027, 1, 8), 18)
    cast.site().closure_set.create(
        starts_at=walk.at(date(2027, 1, 8), 0), ends_at=walk.at(date(2027, 1, 9), 0), reason="Holiday"
    )
    assert review_due_at(cast.site(), date(2027, 1, 11)) == walk.at(date(2027, 1, 7), 18)
    assert review_due_at(cast.site(), MONDAY) == walk.at(MONDAY, 6)  # none is left: now
