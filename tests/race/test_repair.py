"""Two receptionists save the same proposed repair at once: one repair, one message each (RELIABILITY I1)."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any
from unittest import mock

import pytest

from pacificmind.clock import now
from pacificmind.messaging import claims
from pacificmind.messaging.models import Message
from pacificmind.messaging.prepare import Batch, Ready
from scheduling.domain import errors
from scheduling.models import Appointment, Leave, Repair
from scheduling.queries import repair as queries
from scheduling.services import repair, repair_undo, series
from scheduling.services.repair_plan import propose
from scheduling.services.repair_rows import WITH
from tests import cast
from tests.calendar import weekday_at
from tests.race.arena import at_once, broken, refused, without_locks

pytestmark = pytest.mark.django_db(transaction=True)


def clinic() -> tuple[list[Callable[[], Repair]], list[Any]]:
    """Two patients hit by a leave; two who look at the same proposal and press save. The savers, and their users."""
    cast.visit_types()
    rooms, doctor, desk = [cast.room(), cast.room()], cast.prescriber(lanes=2), cast.receptionist()
    cast.clinician(lanes=2)
    for room in rooms:
        _, order = cast.ready_patient(doctor, infusions=2)
        slots = [series.Slot(weekday_at(9, weekday=day), room.pk, doctor.pk) for day in (1, 3)]
        series.lay_out(by=desk, order_id=order.pk, site_id="la", slots=slots)
    leave = Leave.objects.create(clinician=doctor, starts_at=weekday_at(0, weekday=1), ends_at=weekday_at(0, weekday=2))
    plan = propose(queries.of_leave(desk, leave))
    users = [desk, cast.receptionist()]
    return [partial(repair.save, by=user, plan=plan) for user in users], users


def told() -> list[int]:
    patients = set(Appointment.objects.values_list("patient_id", flat=True))
    return [Message.objects.filter(purpose="visits-changed", recipient_id=one).count() for one in patients]


def test_two_who_save_the_same_repair_make_one() -> None:
    savers, _ = clinic()
    outcomes = at_once(savers)
    assert not broken(outcomes), broken(outcomes)[:1]
    assert {type(one) for one in refused(outcomes)} <= {errors.Stale, errors.Busy}
    assert (len(refused(outcomes)), Repair.objects.count(), told()) == (1, 1, [1, 1])


def test_negative_control_two_who_save_the_same_repair() -> None:
    savers, _ = clinic()

    def unlocked(ids: Iterable[Any]) -> dict[Any, Appointment]:
        return {one.pk: one for one in Appointment.objects.select_related(*WITH).filter(pk__in=set(ids))}

    with without_locks(2), mock.patch("scheduling.services.repair_rows.locked", unlocked):
        at_once(savers)
    assert Repair.objects.count() == 2, "without the locks both must get through"
    assert told() == [2, 2]


def _take() -> bool:
    """As a worker takes one message in hand."""
    return any(isinstance(Batch([row]).prepare(row), Ready) and claims.mark(row) for row in claims.lease(most=1))


def test_the_undo_and_the_sender_do_not_both_win() -> None:
    """Whoever takes the message first: it is void and nobody was told, or it left and the repair stands."""
    savers, users = clinic()
    made = savers[0]()
    Message.objects.filter(subject_id=made.pk).update(due_at=now())
    ids = list(Message.objects.filter(subject_id=made.pk).values_list("pk", flat=True))
    at_once([partial(repair_undo.undo, by=users[1], repair_id=made.pk), *[_take for _ in ids]])
    made.refresh_from_db()
    states = set(Message.objects.filter(pk__in=ids).values_list("status", flat=True))
    assert states == {"void"} if made.undone_at else "sending" in states
