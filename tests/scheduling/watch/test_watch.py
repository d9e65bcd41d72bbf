"""Sweeps about conditions, consent, pauses, deviations and boosters; around the changes of the clocks."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
import time_machine

from intake.models import BoosterOrder, Condition, Consent
from pacificmind.messaging.models import Message
from pacificmind.messaging.registry import Void, Words, get
from pacificmind.tasks.models import Task
from scheduling.domain import errors
from scheduling.models import Appointment, Deviation, Series
from scheduling.services import booking, boosters, door, watch
from scheduling.services import series as services
from scheduling.services.series import Slot
from tests import cast, history
from tests.scheduling.series import walk

pytestmark = pytest.mark.django_db

MONDAY = date(2026, 3, 2)


def laid_out(doctor: Any, desk: Any, monday: date, *gaps: int, **extra: Any) -> Series:
    with time_machine.travel(walk.at(monday, 6), tick=False):
        _, order = cast.ready_patient(doctor, infusions=max(len(gaps), 2), **extra)
        room = cast.site().room_set.get(name="Room A").pk
        slots = [Slot(walk.at(monday + timedelta(days=gap), 9), room, doctor.pk) for gap in gaps]
        return services.lay_out(by=desk, order_id=order.pk, site_id="la", slots=slots)


def sweep(at: datetime) -> None:
    with time_machine.travel(at, tick=False):
        watch.look_after()


def open_tasks(kind: str) -> list[Any]:
    return list(Task.objects.filter(kind=kind, done_at__isnull=True).values_list("subject_id", flat=True))


class TestConditions:
    @pytest.mark.parametrize(
        ("monday", "day"), [(date(2026, 3, 2), 9), (date(2026, 10, 26), 2), (date(2027, 3, 8), 15)], ids=str
    )
    def test_from_72_hours_before_the_visit_until_it_is_met(
        self, doctor: Any, desk: Any, monday: date, day: int
    ) -> None:
        """Elapsed hours: by the wall 71 or 73 when the clocks change between."""
        series = laid_out(doctor, desk, monday, 7, 9)
        one = Condition.objects.create(clearance=series.clearance, kind="ecg")
        first = walk.visits(series)[0]
        assert first.day.day == day
        sweep(first.starts_at - timedelta(hours=72, minutes=1))
        assert open_tasks("condition-open") == []
        sweep(first.starts_at - timedelta(hours=72))
        assert open_tasks("condition-open") == [first.pk]
        task = Task.objects.get(kind="condition-open")
        assert (task.due_at, task.queue) == (first.starts_at, "clinicians")
        Condition.objects.filter(pk=one.pk).update(met_at=first.starts_at, met_by=doctor.user)
        sweep(first.starts_at - timedelta(hours=71))
        assert open_tasks("condition-open") == []
        task.refresh_from_db()
        assert task.outcome == "met or no longer needed"

    def test_it_closes_with_a_visit_that_is_cancelled(self, doctor: Any, desk: Any) -> None:
        series = laid_out(doctor, desk, MONDAY, 1, 3)
        Condition.objects.create(clearance=series.clearance, kind="ecg")
        at = walk.at(MONDAY, 9)
        sweep(at)
        assert len(open_tasks("condition-open")) == 2
        first = walk.visits(series)[0]
        with time_machine.travel(at, tick=False):
            booking.cancel(by=desk, visit_id=first.pk, version=first.version, why="Asked")
        sweep(at)
        assert first.pk not in open_tasks("condition-open")


class TestConsent:
    def test_taken_back_it_is_put_before_a_prescriber_once(self, doctor: Any, desk: Any) -> None:
        series = laid_out(doctor, desk, MONDAY, 1, 3, 7)
        sweep(walk.at(MONDAY, 7))
        assert open_tasks("safety-visit") == []
        Consent.objects.filter(patient=series.patient).update(withdrawn_at=walk.at(MONDAY, 7))
        sweep(walk.at(MONDAY, 8))
        sweep(walk.at(MONDAY, 8))
        assert open_tasks("safety-visit") == [walk.visits(series)[0].pk]
        assert walk.states(series) == "bbb", "software cancels nothing"

    def test_a_new_signature_or_a_new_version_alone_asks_nobody(self, doctor: Any, desk: Any) -> None:
        from intake.models import ConsentDocument

        series = laid_out(doctor, desk, MONDAY, 1, 3)
        ConsentDocument.objects.create(kind="treatment", version=2, title="T", text="w", sha256="1" * 64)
        sweep(walk.at(MONDAY, 8))
        assert open_tasks("safety-visit") == [], "a new version is no withdrawal"
        assert series.visits.count() == 2


class TestPauses:
    def test_at_the_door_only_what_took_place_counts(self, doctor: Any, desk: Any) -> None:
        """Three visits were never marked as missed: they stand in the calendar, and no pause was asked about."""
        series = laid_out(doctor, desk, MONDAY, 0, 3, 8, 11, 15, per_week=2)
        first, *_, back = walk.visits(series)
        walk.give(first, desk=desk, doctor=doctor)
        Appointment.objects.filter(pk=back.pk).update(status="booked")
        back.refresh_from_db()
        with time_machine.travel(back.starts_at, tick=False), pytest.raises(errors.ReviewNeeded, match="P9"):
            door.may_start(back)


class TestDeviations:
    @pytest.mark.parametrize("how", ["no-show", "ill"])
    def test_a_week_that_is_missed_is_kept_and_told_to_the_prescriber(self, doctor: Any, desk: Any, how: str) -> None:
        series = laid_out(doctor, desk, MONDAY, 0, 2, 7, 9)
        second = walk.visits(series)[1]
        with time_machine.travel(second.starts_at + timedelta(hours=1), tick=False):
            if how == "no-show":
                door.no_show(by=desk, visit_id=second.pk, version=second.version)
            else:
                booking.cancel(by=desk, visit_id=second.pk, version=second.version, why="The patient is ill.")
        kept = Deviation.objects.get(series=series)
        assert (kept.week, kept.planned, kept.by) == (1, False, None)
        task = Task.objects.get(kind="deviation")
        assert (task.queue, task.subject_id) == ("prescribers", series.pk)


@pytest.fixture
def plan(doctor: Any, desk: Any) -> BoosterOrder:
    """A booster plan that began six weeks ago; its reminder is owed for today, Friday, March 6, 2026."""
    with time_machine.travel(walk.at(date(2026, 2, 2), 8), tick=False):
        _, order = cast.ready_patient(doctor)
        made = walk.booster_order(order, doctor, status="open", started_on=date(2026, 2, 6), after_days=28)
        watch.owe_boosters()
    made.reevaluations.create(by=doctor.user, supports_booster=True)
    return made


def void_what_is_due(order: BoosterOrder) -> list[str]:
    """What delivery makes of the rows that are due: sent or void, by purpose."""
    done = []
    for row in Message.objects.filter(subject_id=order.pk, status="owed"):
        from pacificmind.clock import now

        if row.due_at > now():
            continue
        known = get(row.purpose)
        assert known is not None
        words = known.render(row)
        if isinstance(words, Void):
            row.status, row.why, row.done_at = "void", words.why, now()
        else:
            assert isinstance(words, Words)
            row.status, row.done_at = "sent", now()
        row.save()
        done.append(f"{row.purpose} {row.status}")
    return sorted(done)


class TestBoosters:
    def book(self, plan: BoosterOrder, desk: Any, day: date) -> Appointment:
        wish = booking.Wish(
            patient_id=plan.patient_id,
            kind="booster",
            site_id="la",
            starts_at=walk.at(day, 9),
            booster_order_id=plan.pk,
        )
        return booking.book(by=desk, wish=wish)

    @pytest.mark.parametrize(
        ("cancelled_at", "again_at"),
        [
            (walk.at(date(2026, 3, 7), 9), walk.at(date(2026, 3, 7), 10)),
            (walk.at(date(2026, 3, 7), 11), walk.at(date(2026, 3, 8), 10)),  # the clocks go forward that night
        ],
    )
    def test_cancelled_after_its_reminder_was_void_it_gets_a_new_one(
        self, plan: BoosterOrder, desk: Any, cancelled_at: datetime, again_at: datetime
    ) -> None:
        with time_machine.travel(walk.at(date(2026, 3, 6), 9), tick=False):
            visit = self.book(plan, desk, date(2026, 3, 12))
        with time_machine.travel(walk.at(date(2026, 3, 6), 10), tick=False):
            assert void_what_is_due(plan) == ["booster-due void"]
            assert watch.owe_boosters() == 0, "while the booster is booked"
        with time_machine.travel(cancelled_at, tick=False):
            booking.cancel(by=desk, visit_id=visit.pk, version=1, why="The patient asked.")
            assert watch.owe_boosters() == 1
            assert watch.owe_boosters() == 0
        plan.refresh_from_db()
        owed = Message.objects.filter(subject_id=plan.pk, status="owed", purpose="booster-due")
        assert list(owed.values_list("due_at", "subject_version")) == [(again_at, 2)]
        with time_machine.travel(again_at, tick=False):
            assert void_what_is_due(plan) == ["booster-due sent"]
            assert watch.owe_boosters() == 0

    def test_the_second_one_comes_on_its_day_still_and_nothing_after_a_decline(
        self, plan: BoosterOrder, desk: Any
    ) -> None:
        with time_machine.travel(walk.at(date(2026, 3, 6), 10), tick=False):
            visit = self.book(plan, desk, date(2026, 3, 12))
            void_what_is_due(plan)
            booking.cancel(by=desk, visit_id=visit.pk, version=1, why="The patient asked.")
            watch.owe_boosters()
        owed = Message.objects.filter(subject_id=plan.pk, status="owed")
        second = date(2026, 2, 6) + timedelta(days=28 + plan.window_days // 2)
        assert dict(owed.values_list("purpose", "due_at"))["booster-again"] == walk.at(second, 10)
        BoosterOrder.objects.filter(pk=plan.pk).update(status="declined")
        with time_machine.travel(walk.at(date(2026, 3, 9), 10), tick=False):
            assert boosters.remind_again(plan.pk) == 0

    def test_the_gate_asks_for_the_order_the_distance_and_the_questionnaire(
        self, plan: BoosterOrder, desk: Any
    ) -> None:
        with time_machine.travel(walk.at(date(2026, 3, 6), 9), tick=False):
            visit = self.book(plan, desk, date(2026, 3, 12))
        with time_machine.travel(visit.starts_at, tick=False):
            with pytest.raises(errors.ReviewNeeded, match="P10"):
                door.may_start(visit)
            walk.phq9(plan.patient)
            assert visit.clinician is not None
            cast.measured(visit, visit.clinician)
            door.may_start(visit)
            history.rewrite(BoosterOrder.objects.filter(pk=plan.pk), until_on=date(2026, 3, 11))
            with pytest.raises(errors.ReviewNeeded):
                door.may_start(Appointment.objects.get(pk=visit.pk))
