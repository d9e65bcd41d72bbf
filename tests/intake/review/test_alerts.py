"""Safety alerts as services: taken by one, documented before they close, followed up."""

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction

from intake.domain.decisions import DecisionRefused, Stale
from intake.models import SafetyAlert, SafetyEvent
from intake.queries.alert_times import alert_times
from intake.queries.board import FOLLOW_UP, follow_ups, open_alerts, pulse
from intake.services.alerts import Documented, acknowledge, close_alert, give_back, record_follow_up, take_over
from intake.services.paging import FIRST, page
from pacificmind.audit.models import Action, Entry
from pacificmind.clock import now
from pacificmind.messaging.models import Message, Status
from pacificmind.tasks.models import Kind, Queue, Task
from pacificmind.tasks.services import open_task
from tests import cast
from tests.intake.review import people

pytestmark = pytest.mark.django_db


@pytest.fixture
def alert() -> SafetyAlert:
    made = people.alert(cast.patient())
    open_task(
        Kind.SAFETY_ALERT,
        subject_type="intake.safetyalert",
        subject_id=made.pk,
        queue=Queue.CLINICIANS,
        due_at=now(),
        site_id=made.site_id,
        patient_id=made.patient_id,
    )
    return made


def documented(**changes: Any) -> Documented:
    whole = Documented(
        tool="C-SSRS",
        level="low",
        plan="Safety plan made.",
        safety_plan="paper",
        follow_up_on=people.until(1),
        disposition="At home.",
    )
    return replace(whole, **changes)


def test_the_first_who_takes_it_has_it_and_the_next_is_told_who(alert: SafetyAlert) -> None:
    first, second = cast.clinician(name="Kim Lee").user, cast.clinician().user
    acknowledge(by=first, alert=alert)
    acknowledge(by=first, alert=alert, request_id=uuid.uuid4())
    with pytest.raises(Stale, match="Kim Lee has this alert"):
        acknowledge(by=second, alert=alert)
    alert.refresh_from_db()
    assert (alert.owner, alert.acknowledged_at is not None) == (first, True)
    assert Task.objects.get().owner == first
    assert Entry.objects.filter(what="take-alert").count() == 1


def test_it_can_be_taken_over_from_the_one_who_was_named(alert: SafetyAlert) -> None:
    first, second, third = (cast.clinician().user for _ in range(3))
    acknowledge(by=first, alert=alert)
    alert.refresh_from_db()
    taken_at = alert.acknowledged_at
    take_over(by=second, alert=alert, owner_id=first.pk)
    with pytest.raises(Stale):
        take_over(by=third, alert=alert, owner_id=first.pk)
    alert.refresh_from_db()
    assert (alert.owner, alert.acknowledged_at) == (second, taken_at)


def test_nobody_but_clinicians_of_the_site_can_touch_it(alert: SafetyAlert) -> None:
    strangers = [cast.clinician(cast.other_site()).user, cast.receptionist(), cast.manager(), cast.user("patient")]
    for stranger in strangers:
        acts: list[Callable[[], None]] = [
            partial(acknowledge, by=stranger, alert=alert),
            partial(take_over, by=stranger, alert=alert, owner_id=uuid.uuid4()),
            partial(close_alert, by=stranger, alert=alert, documented=documented()),
            partial(record_follow_up, by=stranger, alert=alert),
        ]
        for act in acts:
            with pytest.raises(PermissionDenied):
                act()


def test_closing_writes_it_down_closes_the_task_and_opens_the_follow_up(alert: SafetyAlert) -> None:
    owner = cast.clinician().user
    acknowledge(by=owner, alert=alert)
    key = uuid.uuid4()
    close_alert(by=owner, alert=alert, documented=documented(), request_id=key)
    close_alert(by=owner, alert=alert, documented=documented(), request_id=key)
    alert.refresh_from_db()
    assert (alert.closed_by, alert.level, alert.plan) == (owner, "low", "Safety plan made.")
    assert not open_alerts(owner).exists()
    assert Task.objects.filter(done_at__isnull=False, done_by=owner, outcome="closed").count() == 1
    [owed] = follow_ups(owner)
    assert (owed.alert, owed.due_at.astimezone(alert.site.tz).date()) == (alert, people.until(1))
    entry = Entry.objects.get(action=Action.SIGN)
    assert "Safety plan" not in str(entry.changes)
    record_follow_up(by=owner, alert=alert)
    assert follow_ups(owner) == []
    with pytest.raises(Stale, match="already"):
        record_follow_up(by=owner, alert=alert)


@pytest.mark.parametrize("field", ["tool", "level", "plan", "safety_plan", "disposition"])
def test_nothing_may_be_missing(alert: SafetyAlert, field: str) -> None:
    owner = cast.clinician().user
    acknowledge(by=owner, alert=alert)
    with pytest.raises(DecisionRefused) as refused:
        close_alert(by=owner, alert=alert, documented=documented(**{field: " "}))
    assert [problem.field for problem in refused.value.problems] == [field]
    assert open_alerts(owner).exists()


def test_a_follow_up_far_away_refuses(alert: SafetyAlert) -> None:
    owner = cast.clinician().user
    acknowledge(by=owner, alert=alert)
    with pytest.raises(DecisionRefused, match="follow-up"):
        close_alert(by=owner, alert=alert, documented=documented(follow_up_on=people.until(4)))


def test_only_who_has_it_closes_it(alert: SafetyAlert) -> None:
    owner, other = cast.clinician(name="Kim Lee").user, cast.clinician().user
    with pytest.raises(Stale, match="Take this alert first"):
        close_alert(by=other, alert=alert, documented=documented())
    acknowledge(by=owner, alert=alert)
    with pytest.raises(Stale, match="Kim Lee has this alert"):
        close_alert(by=other, alert=alert, documented=documented())
    with pytest.raises(Stale, match="still open"):
        record_follow_up(by=owner, alert=alert)


def test_the_board_puts_the_most_urgent_and_unowned_first() -> None:
    who, clinician = cast.patient(), cast.clinician().user
    later = people.alert(who, "URGENT-1")
    owned = people.alert(who, "URGENT-2", owner=clinician, acknowledged_at=now())
    free = people.alert(who, "URGENT-2")
    people.alert(cast.patient(cast.other_site()))
    assert list(open_alerts(clinician)) == [free, owned, later]


def test_the_pulse_changes_with_the_board(alert: SafetyAlert) -> None:
    clinician = cast.clinician().user
    before = pulse(clinician)
    people.alert(cast.patient(cast.other_site()))
    assert pulse(clinician) == before, "another site's alert is not this board's"
    acknowledge(by=clinician, alert=alert)
    assert pulse(clinician) != before


def test_the_follow_up_is_a_task_of_the_clinicians(alert: SafetyAlert) -> None:
    owner = cast.clinician().user
    acknowledge(by=owner, alert=alert)
    close_alert(by=owner, alert=alert, documented=documented())
    task = Task.objects.get(kind=FOLLOW_UP, done_at__isnull=True)
    assert (task.queue, task.site_id, task.patient_id) == (Queue.CLINICIANS, alert.site_id, alert.patient_id)


def test_pages_of_a_higher_tier_stay_owed_where_it_rose_while_somebody_took_it(alert: SafetyAlert) -> None:
    cast.prescriber()
    with transaction.atomic():
        page(alert, FIRST, now())
    SafetyAlert.objects.update(tier_raised_at=now() + timedelta(seconds=1))
    acknowledge(by=cast.clinician().user, alert=alert)
    assert SafetyAlert.objects.get().waits
    assert set(Message.objects.values_list("status", flat=True)) == {Status.OWED}


def test_given_back_its_clock_and_its_pages_begin_again(alert: SafetyAlert) -> None:
    one, other = cast.clinician(), cast.prescriber()
    with transaction.atomic():
        page(alert, FIRST, now())
    acknowledge(by=one.user, alert=alert)
    with pytest.raises(DecisionRefused) as refused:
        give_back(by=one.user, alert=alert, why=" ")
    assert [problem.field for problem in refused.value.problems] == ["why"]
    with time_machine.travel(now() + timedelta(hours=3), tick=False):
        give_back(by=one.user, alert=alert, why="My shift ends.")
        alert.refresh_from_db()
        assert (alert.owner, alert.acknowledged_at, alert.waits) == (None, None, True)
        assert (alert.counts_from, alert.step, alert.round) == (now(), 1, 1)
        assert alert.acknowledge_by == now() + timedelta(minutes=5)
    assert SafetyAlert.objects.waiting().count() == 1
    pages = Message.objects.filter(recipient_id=other.user_id).order_by("subject_version")
    assert list(pages.values_list("status", flat=True)) == [Status.VOID, Status.OWED], "a page of its own"
    event = SafetyEvent.objects.filter(kind="released").get()
    assert (event.by, event.words) == (one.user, "My shift ends.")
    entry = Entry.objects.get(what="give-alert-back")
    assert (entry.actor_id, "shift" in str(entry.changes)) == (one.user_id, False)
    assert Task.objects.get(kind=Kind.SAFETY_ALERT).owner is None
    with pytest.raises(Stale):
        give_back(by=one.user, alert=alert, why="Once more")
    acknowledge(by=other.user, alert=alert)
    alert.refresh_from_db()
    assert (alert.owner, alert.waits) == (other.user, False)


def test_handed_over_it_waits_until_they_have_taken_it(alert: SafetyAlert) -> None:
    one, heir, third = cast.clinician(name="Ada"), cast.clinician(name="Ben"), cast.clinician(name="Cy")
    elsewhere = cast.clinician(cast.other_site())
    acknowledge(by=one.user, alert=alert)
    for nobody in (elsewhere.user_id, one.user_id):
        with pytest.raises(DecisionRefused):
            give_back(by=one.user, alert=alert, why="Shift", to_id=nobody)
    give_back(by=one.user, alert=alert, why="Shift", to_id=heir.user_id)
    alert.refresh_from_db()
    assert (alert.owner, alert.waits, alert.handed) == (heir.user, True, True)
    assert Message.objects.filter(recipient_id=heir.user_id, status=Status.OWED).exists(), "they are paged"
    assert "Ben" in SafetyEvent.objects.get(kind="handed-over").words
    with pytest.raises(Stale, match="Ben has this alert"):
        acknowledge(by=third.user, alert=alert)
    acknowledge(by=heir.user, alert=alert)
    alert.refresh_from_db()
    assert (alert.waits, alert.handed) == (False, False)
    assert not Message.objects.filter(status=Status.OWED).exists()


def test_one_that_was_handed_over_stands_before_those_that_somebody_has(alert: SafetyAlert) -> None:
    one, heir = cast.clinician(name="Ada"), cast.clinician(name="Ben")
    other = people.alert(cast.patient(), raised_at=now() - timedelta(hours=1))
    for each in (alert, other):
        acknowledge(by=one.user, alert=each)
    assert list(open_alerts(one.user)) == [other, alert]
    give_back(by=one.user, alert=alert, why="Shift", to_id=heir.user_id)
    assert list(open_alerts(one.user)) == [alert, other]


def test_only_who_has_it_gives_it_back(alert: SafetyAlert) -> None:
    one, other = cast.clinician(), cast.clinician()
    acknowledge(by=one.user, alert=alert)
    with pytest.raises(Stale):
        give_back(by=other.user, alert=alert, why="Not mine")
    with pytest.raises(PermissionDenied):
        give_back(by=cast.receptionist(), alert=alert, why="Not mine")


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM intake_safetyalert",
        "UPDATE intake_safetyalert SET tier = 'URGENT-1'",
        "UPDATE intake_safetyalert SET value = '0'",
        "UPDATE intake_safetyalert SET raised_at = raised_at - interval '1 day'",
        "UPDATE intake_safetyalert SET trigger = 'staff', words = 'nothing'",
        "UPDATE intake_safetyalert SET amended = false",
        "UPDATE intake_safetyalert SET round = 0",
        "UPDATE intake_safetyalert SET released_at = NULL",
        "DELETE FROM intake_safetyevent",
        "UPDATE intake_safetyevent SET kind = 'raised'",
    ],
)
def test_no_statement_lowers_or_removes_an_alert(alert: SafetyAlert, statement: str) -> None:
    one = cast.clinician()
    acknowledge(by=one.user, alert=alert)
    give_back(by=one.user, alert=alert, why="Shift")
    SafetyAlert.objects.update(amended=True)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE intake_safetyalert SET closed_at = NULL, closed_by_id = NULL",
        "UPDATE intake_safetyalert SET plan = 'Another'",
        "UPDATE intake_safetyalert SET level = 'none'",
        "UPDATE intake_safetyalert SET closed_at = closed_at - interval '1 hour'",
    ],
)
def test_no_statement_opens_a_closed_alert_or_rewrites_what_was_documented(alert: SafetyAlert, statement: str) -> None:
    one = cast.clinician()
    acknowledge(by=one.user, alert=alert)
    close_alert(by=one.user, alert=alert, documented=documented())
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_to_give_an_alert_back_makes_no_figure_better(alert: SafetyAlert) -> None:
    one, other = cast.clinician(), cast.clinician()
    start = alert.raised_at
    with time_machine.travel(start + timedelta(minutes=9), tick=False) as clock:
        acknowledge(by=one.user, alert=alert)
        clock.shift(timedelta(hours=1))
        give_back(by=one.user, alert=alert, why="Shift")
        [waits] = alert_times("la", start, start + timedelta(days=1))
        assert (waits.minutes, waits.in_time) == (None, False)
        clock.shift(timedelta(minutes=2))
        acknowledge(by=other.user, alert=alert)
        [taken] = alert_times("la", start, start + timedelta(days=1))
        assert (taken.minutes, taken.in_time) == (9, False), "it was late the first time"
