"""One action: proposed with the fewest changes, saved whole, told once, taken back while nobody knows."""

import uuid
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.core.exceptions import PermissionDenied

from intake.models import Condition, SafetyAlert
from pacificmind.clock import now
from pacificmind.messaging.models import Message
from pacificmind.messaging.registry import Void
from pacificmind.tasks.models import Task
from scheduling.domain import errors
from scheduling.models import Appointment, Closure, Deviation, PossibleTimes, Repair, Series, Status
from scheduling.queries import repair as queries
from scheduling.services import repair, repair_undo, supply
from scheduling.services.repair_parts import Plan
from scheduling.services.repair_plan import propose
from tests import cast, history
from tests.scheduling.repair.conftest import MONDAY, Clinic, places, snapshot
from tests.scheduling.repair.telling import cancel, render, told
from tests.scheduling.series import walk

pytestmark = pytest.mark.django_db(transaction=True)


def open_tasks(kind: str) -> set[uuid.UUID]:
    return set(Task.objects.filter(kind=kind, done_at__isnull=True).values_list("subject_id", flat=True))


class TestMissed:
    def test_a_cancelled_visit_is_made_good_and_nothing_else_changes(self, clinic: Clinic) -> None:
        run = clinic.series(0, 2, 4, 7, 9, 11)
        cancel(clinic, walk.visits(run)[1])
        assert places(run) == ["Mon 04 09 b", "Fri 08 09 b", "Mon 11 09 b", "Wed 13 09 h", "Fri 15 09 h"]
        plan = clinic.propose_series(run)
        (one,) = plan.patients
        assert [change.visit_id for change in one.changes] == [None]
        repair.save(by=clinic.desk, plan=plan)
        after = places(run)
        assert [line[:9] for line in after] == [
            "Mon 04 09",
            "Wed 06 09",
            "Fri 08 09",
            "Mon 11 09",
            "Wed 13 09",
            "Fri 15 09",
        ]
        assert [line[-1] for line in after] == list("bbbhhh")  # the stage ends after the third, as before

    def test_who_missed_two_weeks_is_put_before_a_clinician(self, clinic: Clinic) -> None:
        run = clinic.series(0, 3, 7, per_week=2)
        for visit in walk.visits(run)[1:]:
            cancel(clinic, visit)
        clinic.rooms[0].closure_set.create(
            site=cast.site(), starts_at=walk.at(MONDAY, 0), ends_at=walk.at(MONDAY + timedelta(days=60), 0), reason="x"
        )
        clinic.rooms[1].closure_set.create(
            site=cast.site(),
            starts_at=walk.at(MONDAY + timedelta(days=1), 0),
            ends_at=walk.at(MONDAY + timedelta(days=15), 0),
            reason="x",
        )
        with time_machine.travel(walk.at(MONDAY, 10), tick=False):  # the first one has begun
            (one,) = clinic.propose_series(run).patients
        assert (one.changes, one.stuck[0].rule) == ((), "P9")


class TestAway:
    def test_an_ill_clinician_is_replaced_at_the_same_time_for_all(self, clinic: Clinic) -> None:
        runs = [clinic.series(1, 3, 5 + 3, hour=hour, room=room) for hour, room in ((9, 0), (12, 0), (9, 1))]
        talk = clinic.talk(1, 15)
        before = {visit.pk: visit.starts_at for run in runs for visit in walk.visits(run)}
        leave, hit = supply.enter_leave(
            by=clinic.boss, clinician_id=clinic.doctor.pk, starts_at=walk.at(MONDAY + timedelta(days=1), 0),
            ends_at=walk.at(MONDAY + timedelta(days=2), 0),
        )  # fmt: skip
        assert open_tasks("visit-to-move") == {visit.pk for visit in hit}
        assert len(hit) == 4
        plan = clinic.propose_leave(leave)
        saved = repair.save(by=clinic.desk, plan=plan)
        assert set(saved.after) == {str(visit.pk) for visit in hit}
        for run in runs:
            assert {visit.pk: visit.starts_at for visit in walk.visits(run)}.items() <= before.items()
            assert walk.visits(run)[0].clinician_id == clinic.other.pk
        talk.refresh_from_db()
        assert talk.clinician_id == clinic.doctor.pk  # a talk waits for the same clinician
        assert talk.starts_at == walk.at(MONDAY + timedelta(days=2), 8)  # Wednesday at eight is nearer than today
        assert open_tasks("visit-to-move") == set()
        assert {m.recipient_id for m in told()} == {talk.patient_id, *(run.patient_id for run in runs)}
        assert len(told()) == 4

    def test_a_room_out_of_use_and_a_closed_site(self, clinic: Clinic) -> None:
        run = clinic.series(1, 3, 7)
        room = Closure.objects.create(
            site=cast.site(), room=clinic.rooms[0], starts_at=walk.at(MONDAY + timedelta(days=1), 0),
            ends_at=walk.at(MONDAY + timedelta(days=2), 0), reason="Leak",
        )  # fmt: skip
        plan = propose(queries.of_closure(clinic.desk, room))
        assert plan.cause == Repair.Cause.ROOM
        repair.save(by=clinic.desk, plan=plan)
        first = walk.visits(run)[0]
        assert (first.room_id, first.starts_at) == (clinic.rooms[1].pk, walk.at(MONDAY + timedelta(days=1), 9))
        site = Closure.objects.create(
            site=cast.site(), starts_at=walk.at(MONDAY + timedelta(days=1), 0),
            ends_at=walk.at(MONDAY + timedelta(days=2), 0), reason="Holiday",
        )  # fmt: skip
        plan = propose(queries.of_closure(clinic.desk, site))
        assert plan.cause == Repair.Cause.SITE
        repair.save(by=clinic.desk, plan=plan)
        assert [line[:6] for line in places(run)] == ["Thu 07", "Mon 11", "Wed 13"]  # one visit moved, no other


class TestPossibleTimes:
    def test_no_fridays_any_more(self, clinic: Clinic) -> None:
        run = clinic.series(0, 2, 4, 7, 9, 11)
        PossibleTimes.objects.create(patient=run.patient, weekdays=[0, 1, 2, 3])
        plan = propose(queries.of_patient(clinic.desk, run.patient))
        (one,) = plan.patients
        assert not one.thin
        repair.save(by=clinic.desk, plan=plan)
        assert not any(line.startswith("Fri") for line in places(run))
        kept = {line[:9] for line in places(run)} & {"Mon 04 09", "Wed 06 09", "Mon 11 09", "Wed 13 09"}
        assert len(kept) == 4  # the fewest: only the two Fridays moved
        assert [line[-1] for line in places(run)] == list("bbbhhh")

    def test_whatever_moves_moves_to_when_they_can_come(self, clinic: Clinic) -> None:
        run = clinic.series(1, 3)
        PossibleTimes.objects.create(
            patient=run.patient, from_time="13:00", until_time="15:00", not_on=[MONDAY + timedelta(days=8)]
        )
        clinic.away(1, who=clinic.other)
        repair.save(by=clinic.desk, plan=clinic.propose_leave(clinic.away(1)))
        moved, kept = (line[:9] for line in sorted(places(run), key=lambda line: line[7:9], reverse=True))
        assert kept == "Thu 07 09"  # it stands, and is not what has to go
        assert moved[7:] in ("13", "14")
        assert "12" not in moved[:6]


class TestLaw:
    def two(self, clinic: Clinic) -> tuple[Series, Series, Plan]:
        first, last = clinic.series(1, 3), clinic.series(1, 3, hour=12)
        clinic.away(1, who=clinic.other)
        return first, last, clinic.propose_leave(clinic.away(1))

    def test_a_violation_in_the_last_visit_leaves_nothing_changed_and_owes_nothing(self, clinic: Clinic) -> None:
        _, last, plan = self.two(clinic)
        order = [one.patient_id for one in plan.patients]
        assert order[-1] == last.patient_id
        before, owed = snapshot(), Message.objects.count()
        last.clearance.withdrawn_at, last.clearance.withdrawn_by = now(), clinic.doctor.user
        last.clearance.withdrawn_why = "why"
        last.clearance.save()
        with pytest.raises(errors.BookingRefused, match="Ask the clinician"):
            repair.save(by=clinic.desk, plan=plan)
        assert (snapshot(), Message.objects.count(), Repair.objects.count()) == (before, owed, 0)

    def test_stale_when_anybody_changed_a_visit_since(self, clinic: Clinic) -> None:
        first, _, plan = self.two(clinic)
        visit = walk.visits(first)[1]
        cancel(clinic, visit)
        before = snapshot()
        with pytest.raises(errors.Stale, match="since this was proposed"):
            repair.save(by=clinic.desk, plan=plan)
        assert snapshot() == before

    def test_stale_when_somebody_filled_the_gap_already(self, clinic: Clinic) -> None:
        run = clinic.series(0, 2, 4)
        cancel(clinic, walk.visits(run)[1])
        plan = clinic.propose_series(run)
        repair.save(by=clinic.desk, plan=plan)
        with pytest.raises(errors.Stale):
            repair.save(by=clinic.desk, plan=plan)

    def test_a_time_taken_meanwhile(self, clinic: Clinic) -> None:
        _, _, plan = self.two(clinic)
        spot = plan.patients[-1].changes[0].spot
        Closure.objects.create(
            site=cast.site(), room_id=spot.room_id, starts_at=spot.starts_at,
            ends_at=spot.starts_at + timedelta(hours=1), reason="Leak",
        )  # fmt: skip
        before = snapshot()
        with pytest.raises(errors.SlotTaken):
            repair.save(by=clinic.desk, plan=plan)
        assert snapshot() == before

    def test_another_sites_staff_may_not_a_manager_may(self, clinic: Clinic) -> None:
        _, _, plan = self.two(clinic)
        with pytest.raises(PermissionDenied):
            repair.save(by=cast.receptionist(cast.other_site()), plan=plan)
        repair.save(by=clinic.boss, plan=plan)

    def test_over_an_open_alert_nothing_is_proposed_and_the_words_say_no_more(self, clinic: Clinic) -> None:
        run = clinic.series(1, 3)
        SafetyAlert.objects.create(
            patient=run.patient, site=cast.site(), tier="URGENT-2", trigger="staff", acknowledge_by=now()
        )
        (one,) = clinic.propose_leave(clinic.away(1)).patients
        assert (one.changes, {stuck.say for stuck in one.stuck}) == ((), {"Ask the clinician."})

    def test_what_is_held_for_a_condition_moves_and_stays_held(self, clinic: Clinic) -> None:
        run = clinic.series(1, 3)
        Condition.objects.create(clearance=run.clearance, kind="ecg")
        visit = walk.visits(run)[0]
        Appointment.objects.filter(pk=visit.pk).update(status=Status.HELD)
        repair.save(by=clinic.desk, plan=clinic.propose_leave(clinic.away(1)))
        visit.refresh_from_db()
        assert (visit.status, visit.clinician_id) == ("held", clinic.other.pk)
        assert len(told()) == 1
        assert not Message.objects.filter(purpose__startswith="visit-reminder", subject_id=visit.pk, status="owed")


class TestDeviations:
    def hit(self, clinic: Clinic) -> tuple[Series, Plan]:
        """Everything of the first week but its Monday falls away, for everybody."""
        run = self.run
        clinic.away(1, 7, who=clinic.other)
        return run, clinic.propose_leave(clinic.away(1, 7))

    @pytest.fixture(autouse=True)
    def _the_first_has_begun(self, clinic: Clinic) -> Iterator[None]:
        self.run = clinic.series(0, 2, 7, 9)
        with time_machine.travel(walk.at(MONDAY, 10), tick=False):
            yield

    def test_a_new_deviation_is_a_prescribers_to_accept(self, clinic: Clinic) -> None:
        run, plan = self.hit(clinic)
        assert plan.deviates
        for by, why in ((clinic.desk, "Because"), (clinic.doctor.user, " ")):
            with pytest.raises(errors.ProtocolViolation, match="P4"):
                repair.save(by=by, plan=plan, deviation_reason=why)
        saved = repair.save(by=clinic.doctor.user, plan=plan, deviation_reason="Both are away.")
        kept = Deviation.objects.get(series=run)
        assert (kept.week, kept.planned, kept.reason, kept.by) == (1, True, "Both are away.", clinic.doctor.user)
        repair_undo.undo(by=clinic.doctor.user, repair_id=saved.pk)
        assert not Deviation.objects.exists()

    def test_a_week_that_is_known_is_no_new_deviation(self, clinic: Clinic) -> None:
        Deviation.objects.create(series=self.run, week=1, planned=False, reason="A visit was missed.")
        _, plan = self.hit(clinic)
        assert not plan.deviates
        repair.save(by=clinic.desk, plan=plan)
        assert Deviation.objects.count() == 1


class TestNoLawfulTime:
    def test_who_cannot_be_helped_stays_and_gets_a_task_while_others_move(self, clinic: Clinic) -> None:
        stuck, fine = clinic.series(1, 3, infusions=2), clinic.talk(1, 15)
        history.rewrite(
            type(stuck.clearance).objects.filter(pk=stuck.clearance_id), until_on=MONDAY - timedelta(days=1)
        )
        before = places(stuck)
        leave, _ = supply.enter_leave(
            by=clinic.boss, clinician_id=clinic.doctor.pk, starts_at=walk.at(MONDAY + timedelta(days=1), 0),
            ends_at=walk.at(MONDAY + timedelta(days=2), 0),
        )  # fmt: skip
        clinic.away(0, 2, who=clinic.other)
        plan = clinic.propose_leave(leave)
        saved = repair.save(by=clinic.desk, plan=plan)
        hit = walk.visits(stuck)[0]
        assert places(stuck) == before
        assert open_tasks("visit-unlawful") == {hit.pk}
        assert open_tasks("visit-to-move") == set()
        assert set(saved.after) == {str(fine.pk)}
        assert [m.recipient_id for m in told()] == [fine.patient_id]
        repair_undo.undo(by=clinic.desk, repair_id=saved.pk)
        assert open_tasks("visit-to-move") == {hit.pk, fine.pk}
        assert open_tasks("visit-unlawful") == set()


class TestUndo:
    def saved(self, clinic: Clinic) -> tuple[Series, Repair, list[tuple[Any, ...]]]:
        run = clinic.series(1, 3, 8)
        clinic.talk(1, 15)
        cancel(clinic, walk.visits(run)[2])
        before = snapshot()
        clinic.away(1)
        scope = queries.of_waiting(clinic.desk)
        hit = list(queries.coming(clinic.desk).filter(clinician=clinic.doctor, day=MONDAY + timedelta(days=1)))
        plan = propose(queries.Scope(Repair.Cause.CLINICIAN, scope.sites, hit, run))
        return run, repair.save(by=clinic.desk, plan=plan), before

    def test_every_visit_is_as_it_was_and_nobody_is_told(self, clinic: Clinic) -> None:
        run, saved, before = self.saved(clinic)
        assert snapshot() != before
        assert None in saved.before.values()  # one visit was made
        repair_undo.undo(by=clinic.desk, repair_id=saved.pk)
        assert snapshot() == before
        assert told() == []
        assert render(told(status="void")[0]) == Void("The change was taken back.")
        first = walk.visits(run)[0]
        assert first.version == 3
        owed = Message.objects.filter(subject_id=first.pk, status="owed")
        assert {one.subject_version for one in owed} <= {3}
        with pytest.raises(errors.BookingRefused, match="undone already"):
            repair_undo.undo(by=clinic.desk, repair_id=saved.pk)

    def test_a_confirmation_that_had_not_left_is_owed_again(self, clinic: Clinic) -> None:
        _, saved, _ = self.saved(clinic)
        talk = Appointment.objects.get(kind="consultation")
        assert not Message.objects.filter(subject_id=talk.pk, purpose="visit-booked", status="owed").exists()
        repair_undo.undo(by=clinic.desk, repair_id=saved.pk)
        talk.refresh_from_db()
        again = Message.objects.get(subject_id=talk.pk, purpose="visit-booked", status="owed")
        assert again.subject_version == talk.version

    @pytest.mark.parametrize("status", ["sending", "sent", "failed"])
    def test_it_is_too_late_once_one_message_left_or_was_claimed(self, clinic: Clinic, status: str) -> None:
        _, saved, _ = self.saved(clinic)
        done = None if status == "sending" else now()
        one = told()[0]
        Message.objects.filter(pk=one.pk).update(status=status, claimed_at=now(), done_at=done, tries=1, why="x")
        after = snapshot()
        with pytest.raises(errors.BookingRefused, match="messages have left"):
            repair_undo.undo(by=clinic.desk, repair_id=saved.pk)
        assert snapshot() == after

    def test_not_after_somebody_changed_a_visit(self, clinic: Clinic) -> None:
        run, saved, _ = self.saved(clinic)
        cancel(clinic, walk.visits(run)[0])
        after = snapshot()
        with pytest.raises(errors.Stale, match="Nothing was undone"):
            repair_undo.undo(by=clinic.desk, repair_id=saved.pk)
        assert (snapshot(), Repair.objects.get().undone_at) == (after, None)

    def test_not_into_a_place_that_was_given_away(self, clinic: Clinic) -> None:
        run = clinic.series(1, 3)
        also = clinic.away(1, who=clinic.other)
        leave = clinic.away(1)
        saved = repair.save(by=clinic.desk, plan=clinic.propose_leave(leave))
        assert walk.visits(run)[0].day != MONDAY + timedelta(days=1)
        also.delete()
        _, order = cast.ready_patient(clinic.other, infusions=1)
        walk.laid_out(clinic.desk, order, [clinic.slot(1, by=clinic.other)])
        after = snapshot()
        with pytest.raises(errors.SlotTaken):
            repair_undo.undo(by=clinic.desk, repair_id=saved.pk)
        assert (snapshot(), Repair.objects.get().undone_at) == (after, None)

    def test_sent_twice_it_is_one_repair(self, clinic: Clinic) -> None:
        clinic.series(1, 3)
        plan, key = clinic.propose_leave(clinic.away(1)), uuid.uuid4()
        first = repair.save(by=clinic.desk, plan=plan, request_id=key)
        assert repair.save(by=clinic.desk, plan=plan, request_id=key).pk == first.pk
        assert len(told()) == 1


@pytest.mark.parametrize(
    ("monday", "change"), [(date(2027, 3, 8), date(2027, 3, 14)), (date(2027, 11, 1), date(2027, 11, 7))]
)
def test_across_a_change_of_clocks_the_wall_time_stays(clinic: Clinic, monday: date, change: date) -> None:
    with time_machine.travel(walk.at(monday, 6), tick=False):
        _, order = cast.ready_patient(clinic.doctor, infusions=4, per_week=2)
        slots = [
            type(clinic.slot(0))(walk.at(monday + timedelta(days=gap), 9), clinic.rooms[0].pk, clinic.doctor.pk)
            for gap in (1, 4, 8, 11)
        ]
        run = walk.laid_out(clinic.desk, order, slots)
        leave = type(clinic.away(40)).objects.create(
            clinician=clinic.doctor, starts_at=walk.at(monday, 0), ends_at=walk.at(monday + timedelta(days=30), 0)
        )
        saved = repair.save(by=clinic.desk, plan=clinic.propose_leave(leave))
        visits = walk.visits(run)
        assert {visit.starts_at.astimezone(visit.site.tz).hour for visit in visits} == {9}
        assert len({visit.starts_at.hour for visit in visits}) == 2  # in UTC it differs by the hour
        assert visits[0].day < change < visits[-1].day
        repair_undo.undo(by=clinic.desk, repair_id=saved.pk)
        assert {visit.clinician_id for visit in walk.visits(run)} == {clinic.doctor.pk}
