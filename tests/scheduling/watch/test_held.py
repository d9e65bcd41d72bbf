"""P8: the review of held visits, its deadline, and who is told as it comes near; around the changes of the clocks."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import time_machine

from pacificmind.tasks.models import Task
from pacificmind.tasks.queries import tasks_for
from pacificmind.tasks.services import finish
from scheduling.models import Closure, OpeningHours, Series
from scheduling.services import booking, watch
from scheduling.services import series as services
from scheduling.services.series import Slot
from tests import cast
from tests.scheduling.series import walk

pytestmark = pytest.mark.django_db

NEAR = "held-visit-near"
# The Mondays after which the clocks change, 2026 and 2027: the fourth visit, held, lies on the Monday after the change.
SPRING_AND_AUTUMN = [date(2026, 3, 2), date(2026, 10, 26), date(2027, 3, 8), date(2027, 11, 1)]


def laid_out(doctor: Any, desk: Any, monday: date, gaps: Sequence[int] = (0, 2, 4, 7, 9, 11)) -> Series:
    """Three booked, three held: Monday, Wednesday, Friday and again."""
    with time_machine.travel(walk.at(monday, 6), tick=False):
        _, order = cast.ready_patient(doctor, infusions=len(gaps))
        room = cast.site().room_set.get(name="Room A").pk
        slots = [Slot(walk.at(monday + timedelta(days=gap), 9), room, doctor.pk) for gap in gaps]
        return services.lay_out(by=desk, order_id=order.pk, site_id="la", slots=slots)


def sweep(at: datetime) -> None:
    """What the beat does at that moment, twice at once."""
    with time_machine.travel(at, tick=False):
        watch.look_after()
        watch.look_after()


def near() -> list[tuple[str, datetime, datetime]]:
    """Open escalations: queue, opened, due."""
    rows = Task.objects.filter(kind=NEAR, done_at__isnull=True).order_by("queue")
    return list(rows.values_list("queue", "opened_at", "due_at"))


@pytest.mark.parametrize("monday", SPRING_AND_AUTUMN, ids=str)
def test_deadline_and_escalation_keep_the_wall_clock(doctor: Any, desk: Any, monday: date) -> None:
    series = laid_out(doctor, desk, monday)
    friday, held_on = monday + timedelta(days=4), monday + timedelta(days=7)
    close, morning = walk.at(friday, 18), walk.at(held_on, 8)
    visit = walk.visits(series)[3]

    sweep(walk.at(friday - timedelta(days=1), 17, 59))
    assert not Task.objects.filter(kind="series-review").exists(), "nothing took place and the deadline is a day away"
    sweep(walk.at(friday - timedelta(days=1), 18))
    review = Task.objects.get(kind="series-review")
    assert (review.due_at, review.queue) == (close, "prescribers")

    sweep(close - timedelta(minutes=1))
    assert near() == []
    sweep(close)
    assert near() == [("managers", close, morning), ("prescribers", close, morning)]
    sweep(morning - timedelta(minutes=1))
    assert near() == [("managers", close, morning), ("prescribers", close, morning)], "each step once"
    sweep(morning)
    assert near() == [("managers", morning, visit.starts_at), ("prescribers", morning, visit.starts_at)]
    assert walk.states(series) == "bbbhhh", "software frees no held visit"
    visit.refresh_from_db()
    assert visit.starts_at == walk.at(held_on, 9)


def test_who_sees_the_escalation(doctor: Any, desk: Any) -> None:
    laid_out(doctor, desk, SPRING_AND_AUTUMN[0])
    sweep(walk.at(date(2026, 3, 6), 18))

    def told(user: Any) -> list[str]:
        return list(tasks_for(user).filter(kind=NEAR).values_list("queue", flat=True))

    assert told(cast.manager()) == ["managers"]
    assert told(doctor.user) == told(cast.prescriber().user) == ["prescribers"]
    assert told(desk) == told(cast.clinician().user) == told(cast.prescriber(cast.other_site()).user) == []


def test_one_told_as_done_comes_again_in_the_morning_and_not_before(doctor: Any, desk: Any) -> None:
    laid_out(doctor, desk, SPRING_AND_AUTUMN[0])
    close = walk.at(date(2026, 3, 6), 18)
    sweep(close)
    Task.objects.filter(kind=NEAR).update(done_at=close, outcome="done")
    sweep(close + timedelta(hours=1))
    assert near() == []
    sweep(walk.at(date(2026, 3, 9), 8))
    assert [queue for queue, _, _ in near()] == ["managers", "prescribers"]


def test_a_release_ends_it(doctor: Any, desk: Any) -> None:
    series = laid_out(doctor, desk, SPRING_AND_AUTUMN[0])
    for visit in walk.visits(series)[:2]:
        walk.give(visit, desk=desk, doctor=doctor)
    at = walk.at(date(2026, 3, 6), 19)
    sweep(at)
    assert len(near()) == 2
    with time_machine.travel(at, tick=False):
        services.release_stage(by=doctor.user, series_id=series.pk, note="Better.")
    sweep(at + timedelta(minutes=1))
    assert near() == []
    assert not Task.objects.filter(kind="series-review", done_at__isnull=True).exists()


def test_the_deadline_moves_with_the_visit(doctor: Any, desk: Any) -> None:
    series = laid_out(doctor, desk, SPRING_AND_AUTUMN[0], (0, 2, 4, 7))
    thursday = walk.at(date(2026, 3, 5), 18)
    sweep(thursday)
    held = walk.visits(series)[3]
    with time_machine.travel(thursday, tick=False):
        booking.move(by=desk, visit_id=held.pk, version=held.version, starts_at=walk.at(date(2026, 3, 11), 9))
    sweep(thursday + timedelta(minutes=1))
    assert Task.objects.get(kind="series-review").due_at == walk.at(date(2026, 3, 10), 18)
    sweep(walk.at(date(2026, 3, 9), 8))
    assert near() == []


def test_a_closed_friday_is_no_working_day(doctor: Any, desk: Any) -> None:
    laid_out(doctor, desk, SPRING_AND_AUTUMN[0])
    Closure.objects.create(
        site=cast.site(), starts_at=walk.at(date(2026, 3, 6), 0), ends_at=walk.at(date(2026, 3, 7), 0), reason="Holiday"
    )
    sweep(walk.at(date(2026, 3, 5), 18))
    assert {opened for _, opened, _ in near()} == {walk.at(date(2026, 3, 5), 18)}


def test_a_site_without_hours_still_tells_somebody(doctor: Any, desk: Any) -> None:
    series = laid_out(doctor, desk, SPRING_AND_AUTUMN[0])
    OpeningHours.objects.all().delete()
    sweep(walk.visits(series)[3].starts_at - timedelta(days=1))
    assert len(near()) == 2


def test_a_stage_of_one_is_reviewed_from_the_start(doctor: Any, desk: Any) -> None:
    series = laid_out(doctor, desk, SPRING_AND_AUTUMN[0])
    Series.objects.filter(pk=series.pk).update(stage_size=1, released_to=1)
    series.visits.filter(number__gt=1).update(status="held")
    sweep(walk.at(date(2026, 3, 2), 7))
    assert Task.objects.get(kind="series-review").due_at == walk.at(date(2026, 3, 3), 18)


def test_a_visit_held_for_a_condition_alone_is_no_late_review(doctor: Any, desk: Any) -> None:
    from intake.models import Condition

    with time_machine.travel(walk.at(date(2026, 3, 2), 6), tick=False):
        _, order = cast.ready_patient(doctor, infusions=2)
        Condition.objects.create(clearance=order.clearance, kind="ecg")
        room = cast.site().room_set.get(name="Room A").pk
        slots = [Slot(walk.at(date(2026, 3, day), 9), room, doctor.pk) for day in (4, 6)]
        series = services.lay_out(by=desk, order_id=order.pk, site_id="la", slots=slots)
    assert walk.states(series) == "hh"
    sweep(walk.at(date(2026, 3, 4), 8))
    assert near() == []
    assert not Task.objects.filter(kind="series-review").exists()


def test_somebody_who_says_done_about_another_task_is_heard_for_a_day(doctor: Any, desk: Any) -> None:
    from intake.models import SafetyAlert

    series = laid_out(doctor, desk, SPRING_AND_AUTUMN[0])
    start = walk.at(date(2026, 3, 2), 7)
    SafetyAlert.objects.create(
        patient=series.patient, site=cast.site(), tier="URGENT-2", trigger="asq", acknowledge_by=start
    )

    def asked() -> int:
        return Task.objects.filter(kind="safety-visit", done_at__isnull=True).count()

    sweep(start)
    assert asked() == 6
    with time_machine.travel(start, tick=False):
        finish(Task.objects.filter(kind="safety-visit").order_by("due_at")[0].pk, by=doctor.user)
    sweep(start + timedelta(hours=1))
    assert asked() == 5
    sweep(start + timedelta(days=1, minutes=1))
    assert asked() >= 4
