"""The protocol under two transactions at once: a fourth in seven days, a ninth, a leave, a withdrawn clearance."""

import itertools
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction

from intake.models import Patient
from pacificmind.clock import now
from scheduling.domain import errors
from scheduling.models import Appointment, Leave, Series
from scheduling.services import booking, locks, series, supply
from scheduling.services.booking import Wish
from tests import cast
from tests.calendar import weekday_at
from tests.race.arena import at_once, broken, refused, without_law, without_locks

pytestmark = pytest.mark.django_db(transaction=True)


class Clinic:
    """A clinic with a series under way."""

    def __init__(self, *, infusions: int, per_week: int = 3) -> None:
        cast.visit_types()
        self.room, self.doctor, self.desk = cast.room(), cast.prescriber(lanes=4), cast.receptionist()
        self.other_room = cast.room()
        self.patient, self.order = cast.ready_patient(self.doctor, infusions=infusions, per_week=per_week)

    def lay_out(self, *when: tuple[int, int]) -> Series:
        """A series on these (week, weekday) days at 9:00."""
        slots = [series.Slot(weekday_at(9, weeks=w, weekday=d), self.room.pk, self.doctor.pk) for w, d in when]
        return series.lay_out(by=self.desk, order_id=self.order.pk, site_id="la", slots=slots)

    def infusion(self, run: Series, hour: int, *, weeks: int, weekday: int) -> Callable[[], Appointment]:
        wish = Wish(
            patient_id=run.patient_id,
            kind="infusion",
            site_id="la",
            starts_at=weekday_at(hour, weeks=weeks, weekday=weekday),
            series_id=run.pk,
        )
        return partial(booking.book, by=self.desk, wish=wish)


def days(who: Patient) -> list[Any]:
    visits = Appointment.objects.filter(patient=who, status__in=("booked", "held"))
    return list(visits.order_by("day").values_list("day", flat=True))


def four_in_a_week() -> tuple[Clinic, list[Callable[[], Appointment]]]:
    """Monday and Wednesday are taken; Friday and Sunday's neighbours are asked for at once, each lawful alone."""
    clinic = Clinic(infusions=8)
    run = clinic.lay_out((1, 2), (1, 4))  # Wednesday, Friday
    return clinic, [
        clinic.infusion(run, 9, weeks=1, weekday=0),  # Monday before: with W and F, three in seven days
        clinic.infusion(run, 9, weeks=2, weekday=0),  # Monday after: with W and F, three in seven days (W..Tu)
        clinic.infusion(run, 9, weeks=2, weekday=1),  # Tuesday after: a neighbour of the Monday
    ]


def test_a_fourth_infusion_in_seven_days_by_two_transactions_at_once() -> None:
    clinic, wanted = four_in_a_week()
    outcomes = at_once(wanted)
    assert not broken(outcomes)
    assert refused(outcomes)
    taken = days(clinic.patient)
    assert all((b - a).days >= 2 for a, b in itertools.pairwise(taken))
    assert all((d - a).days >= 7 for a, d in zip(taken, taken[3:], strict=False))


def test_negative_control_a_clear_day_and_three_in_seven() -> None:
    clinic, wanted = four_in_a_week()
    law = ("a_clear_day_between_infusions", "at_most_3_infusions_in_7_days", "series_numbers_are_distinct")
    with without_law(*law), without_locks(len(wanted)):
        at_once(wanted)
        taken = days(clinic.patient)
        assert any((b - a).days < 2 for a, b in itertools.pairwise(taken)), "the race must show"


def test_the_constraints_alone_refuse_the_neighbours() -> None:
    clinic, wanted = four_in_a_week()
    with without_locks(len(wanted)):
        at_once(wanted)
    taken = days(clinic.patient)
    assert all((b - a).days >= 2 for a, b in itertools.pairwise(taken))


def ninth() -> tuple[Clinic, list[Callable[[], Appointment]]]:
    """Seven of eight are laid out; two receptionists add one each."""
    clinic = Clinic(infusions=8)
    run = clinic.lay_out((1, 0), (1, 2), (1, 4), (2, 0), (2, 2), (2, 4), (3, 0))
    return clinic, [
        clinic.infusion(run, 9, weeks=3, weekday=2),
        clinic.infusion(run, 9, weeks=3, weekday=4),
    ]


def test_a_ninth_infusion_is_refused_under_two_transactions() -> None:
    clinic, wanted = ninth()
    outcomes = at_once(wanted)
    assert not broken(outcomes)
    assert [type(one) for one in refused(outcomes)] == [errors.SeriesFull]
    assert len(days(clinic.patient)) == 8


def test_negative_control_ninth_infusion() -> None:
    clinic, wanted = ninth()
    law = ("series_numbers_are_distinct", "at_most_3_infusions_in_7_days")
    with without_law(*law, "series_number_is_1_to_8"), without_locks(2):
        at_once(wanted)
        assert len(days(clinic.patient)) == 9


def while_held(hold: Callable[[], None], act: Callable[[], Any]) -> tuple[Any, bool]:
    """Run `act` in a thread while `hold` has written but not committed; its outcome, and whether it had to wait."""
    outcome: list[Any] = []
    done = threading.Event()

    def run() -> None:
        outcome.extend(at_once([act]))
        done.set()

    with transaction.atomic():
        hold()
        thread = threading.Thread(target=run)
        thread.start()
        waited = not done.wait(timeout=1.0)
    thread.join(timeout=30)
    return outcome[0], waited


def consultation(clinic: Clinic) -> Callable[[], Appointment]:
    wish = Wish(patient_id=cast.patient().pk, kind="consultation", site_id="la", starts_at=weekday_at(14))
    return partial(booking.book, by=clinic.desk, wish=wish)


def leave_of(clinic: Clinic) -> Callable[[], None]:
    def hold() -> None:
        locks.lock(clinicians=[clinic.doctor.pk])
        Leave.objects.create(clinician=clinic.doctor, starts_at=weekday_at(13), ends_at=weekday_at(18))

    return hold


def test_a_leave_entered_while_someone_books() -> None:
    clinic = Clinic(infusions=6)
    outcome, waited = while_held(leave_of(clinic), consultation(clinic))
    assert waited, "the booking waits for the leave to be decided"
    assert isinstance(outcome, errors.OutsideHours)


def test_negative_control_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    clinic = Clinic(infusions=6)
    monkeypatch.setattr(locks, "_lock", lambda model, ids: None)
    outcome, waited = while_held(leave_of(clinic), consultation(clinic))
    assert not waited
    assert isinstance(outcome, Appointment), "without the lock the visit lands in the leave"


def test_leave_and_booking_in_a_storm_orphan_nothing_silently() -> None:
    """Whatever order they take: a visit inside the leave was there first, and has its task."""
    from pacificmind.tasks.models import Task

    clinic, boss = Clinic(infusions=6), cast.manager()
    enter = partial(
        supply.enter_leave,
        by=boss,
        clinician_id=clinic.doctor.pk,
        starts_at=weekday_at(13),
        ends_at=weekday_at(18),
    )
    outcomes = at_once([enter, *(consultation(clinic) for _ in range(10))])
    assert not broken(outcomes)
    inside = set(Appointment.objects.filter(starts_at__gte=weekday_at(13)).values_list("pk", flat=True))
    assert inside == set(Task.objects.filter(kind="visit-to-move").values_list("subject_id", flat=True))


def withdrawal_of(clinic: Clinic) -> Callable[[], None]:
    def hold() -> None:
        locks.lock(patients=[clinic.patient.pk])
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE intake_clearance SET withdrawn_at = %s, withdrawn_by_id = %s, withdrawn_why = 'new findings'"
                " WHERE patient_id = %s",
                [now(), clinic.doctor.user_id, clinic.patient.pk],
            )

    return hold


def test_a_clearance_withdrawn_while_someone_books() -> None:
    clinic = Clinic(infusions=6)
    run = clinic.lay_out((1, 0), (1, 2))
    outcome, waited = while_held(withdrawal_of(clinic), clinic.infusion(run, 9, weeks=1, weekday=4))
    assert waited
    assert isinstance(outcome, errors.NotCleared)
    assert len(days(clinic.patient)) == 2


def test_negative_control_clearance(monkeypatch: pytest.MonkeyPatch) -> None:
    clinic = Clinic(infusions=6)
    run = clinic.lay_out((1, 0), (1, 2))
    monkeypatch.setattr(locks, "_lock", lambda model, ids: None)
    outcome, waited = while_held(withdrawal_of(clinic), clinic.infusion(run, 9, weeks=1, weekday=4))
    assert not waited
    assert isinstance(outcome, Appointment)


def test_raising_an_alert_never_waits_for_a_booking() -> None:
    from intake.models import SafetyAlert

    clinic = Clinic(infusions=6)

    def hold() -> None:
        locks.lock(patients=[clinic.patient.pk], clinicians=[clinic.doctor.pk], rooms=[clinic.room.pk])

    def alert() -> SafetyAlert:
        return SafetyAlert.objects.create(
            patient=clinic.patient, site_id="la", tier="URGENT-2", trigger="asq", acknowledge_by=now()
        )

    outcome, waited = while_held(hold, alert)
    assert not waited
    assert isinstance(outcome, SafetyAlert)


def test_a_lock_that_cannot_be_had_is_a_kind_answer(settings: Any) -> None:
    from datetime import timedelta

    settings.LOCK_TIMEOUT = timedelta(seconds=1)
    clinic = Clinic(infusions=6)
    wish = consultation(clinic)
    finished: list[Any] = []
    with transaction.atomic():
        locks.lock(clinicians=[clinic.doctor.pk])
        finished.extend(at_once([wish]))
    assert isinstance(finished[0], errors.Busy)
    assert not Appointment.objects.exists()
