"""The suicide screen: each answer is stored with what it raises, and nothing that was said is taken back."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, close_old_connections, connection, connections, transaction

from intake.models import AsqAnswer, AsqSitting, Patient, SafetyAlert, SafetyEvent
from intake.services import answers, asq, paging
from intake.services.alerts import acknowledge
from intake.services.answers import save_item9
from intake.services.asq import Saved, left_in_the_middle, save_asq_answer
from intake.services.paging import escalate_pages
from intake.services.questionnaires import record_questionnaire
from intake.services.whereabouts import tell_whereabouts
from intake.tasks import pages
from pacificmind.clock import now
from pacificmind.messaging.models import Message
from pacificmind.tasks.models import Kind, Task
from tests import cast

LA = ZoneInfo("America/Los_Angeles")
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


@pytest.fixture
def ana(db: None) -> Patient:
    return cast.patient(account=True)


def say(who: Patient, letters: str, start: int = 1) -> Saved:
    """Answer questions in order, from `start`."""
    for number, letter in enumerate(letters, start):
        saved = save_asq_answer(by=who.user, patient=who, number=number, value=letter)
    return saved


def assessed(alert: SafetyAlert) -> None:
    """A clinician has taken and documented it."""
    doctor = cast.prescriber().user
    SafetyAlert.objects.filter(pk=alert.pk).update(
        acknowledged_at=now(), owner=doctor, closed_at=now(), closed_by=doctor, tool="C-SSRS", level="low",
        plan="Talked", safety_plan="paper", disposition="Home", follow_up_on=now().date(),
    )  # fmt: skip


def test_item_9_begins_the_screen_in_the_same_sitting(ana: Patient) -> None:
    alert = save_item9(by=ana.user, patient=ana, value=1).alert
    sitting = AsqSitting.objects.get()
    assert (sitting.alert, sitting.intake is not None, sitting.ended_at) == (alert, True, None)
    save_item9(by=ana.user, patient=ana, value=1)
    assert AsqSitting.objects.count() == 1


def test_no_screen_follows_a_not_at_all(ana: Patient) -> None:
    save_item9(by=ana.user, patient=ana, value=0)
    assert not AsqSitting.objects.exists()


def test_five_answers_one_alert_and_nothing_lost_as_it_becomes_urgent_now(ana: Patient) -> None:
    cast.prescriber()
    first = save_item9(by=ana.user, patient=ana, value=2).alert
    saved = say(ana, "YNNN")
    assert (saved.next_number, saved.alert and saved.alert.tier) == (5, "URGENT-1")
    saved = say(ana, "Y", start=5)
    alert = SafetyAlert.objects.get()
    assert (saved.next_number, alert.pk, alert.tier) == (None, first and first.pk, "URGENT-2")
    assert (alert.value, alert.trigger) == ("2", "phq9-item9"), "what raised it first stays"
    assert alert.tier_raised_at is not None
    assert alert.acknowledge_by - alert.tier_raised_at == timedelta(minutes=5)
    kinds = list(SafetyEvent.objects.values_list("kind", "tier", "value"))
    assert kinds == [("raised", "URGENT-1", "2"), ("tier", "URGENT-2", "YNNNY")]
    versions = sorted(Message.objects.values_list("subject_version", flat=True))
    assert versions == [1, 1_000_001], "each page a row of its own"
    assert AsqSitting.objects.get().outcome == "acute"


def test_a_yes_to_question_5_alone_is_urgent_now(ana: Patient) -> None:
    saved = save_asq_answer(by=ana.user, patient=ana, number=5, value="Y")
    assert saved.alert is not None
    assert (saved.alert.tier, saved.alert.trigger) == ("URGENT-2", "asq")
    say(ana, "NNNN")
    assert SafetyAlert.objects.get().tier == "URGENT-2"


@pytest.mark.parametrize(
    ("letters", "tier", "tasks"),
    [("NNNN", None, 0), ("YNNNN", "URGENT-1", 0), ("YNNNR", "URGENT-2", 0), ("RNNNN", None, 1)],
)
def test_outside_of_an_intake(ana: Patient, letters: str, tier: str | None, tasks: int) -> None:
    saved = say(ana, letters)
    assert (saved.alert.tier if saved.alert else None) == tier
    assert Task.objects.filter(kind=Kind.SAFETY_REVIEW).count() == tasks
    assert AsqSitting.objects.get().intake is None


def test_the_first_yes_is_urgent_before_the_screen_is_through(ana: Patient) -> None:
    assert SafetyAlert.objects.count() == 0
    say(ana, "Y")
    assert SafetyAlert.objects.get().tier == "URGENT-1"


def test_left_in_the_middle_with_a_yes_it_becomes_urgent_now_after_the_clinics_minutes(ana: Patient) -> None:
    cast.prescriber()
    with time_machine.travel(datetime(2026, 3, 9, 10, tzinfo=LA), tick=False) as clock:
        save_item9(by=ana.user, patient=ana, value=1)
        say(ana, "NY")
        clock.shift(timedelta(minutes=9, seconds=59))
        assert left_in_the_middle() == 0
        clock.shift(timedelta(seconds=1))
        assert pages() > 0
        assert left_in_the_middle() == 0
        alert = SafetyAlert.objects.get()
        assert (alert.tier, alert.tier_raised_at) == ("URGENT-2", now())
        assert SafetyEvent.objects.filter(kind="left-open").count() == 1
        for number in (3, 4, 5):  # they come back to the page and go on: nothing is withdrawn
            key = AsqSitting.objects.get().pk
            save_asq_answer(by=ana.user, patient=ana, number=number, value="N", sitting_id=key)
        assert (AsqSitting.objects.get().outcome, SafetyAlert.objects.get().tier) == ("non_acute", "URGENT-2")


def test_left_before_any_answer_the_alert_of_item_9_stands_as_it_is(ana: Patient) -> None:
    with time_machine.travel(datetime(2026, 3, 9, 10, tzinfo=LA), tick=False) as clock:
        save_item9(by=ana.user, patient=ana, value=1)
        clock.shift(timedelta(hours=1))
        assert left_in_the_middle() == 1
    assert SafetyAlert.objects.get().tier == "URGENT-1"
    assert not Task.objects.filter(kind=Kind.SAFETY_REVIEW).exists()


def test_left_without_a_yes_outside_of_an_alert_it_is_looked_at_the_same_day(ana: Patient) -> None:
    with time_machine.travel(datetime(2026, 3, 9, 10, tzinfo=LA), tick=False) as clock:
        say(ana, "N")
        clock.shift(timedelta(hours=1))
        left_in_the_middle()
    task = Task.objects.get(kind=Kind.SAFETY_REVIEW)
    assert task.due_at.astimezone(LA) == datetime(2026, 3, 9, 18, tzinfo=LA)
    assert not SafetyAlert.objects.exists()


def test_item_9_not_answered_is_looked_at_the_same_day(ana: Patient) -> None:
    save_item9(by=ana.user, patient=ana, value=None)
    task = Task.objects.get(kind=Kind.SAFETY_REVIEW)
    assert (task.queue, task.patient_id, task.subject_id) == ("clinicians", ana.pk, ana.pk)


def test_item_9_left_out_on_paper_is_looked_at_too(ana: Patient) -> None:
    record_questionnaire(by=cast.clinician().user, patient=ana, items=[0] * 8 + [None])
    assert Task.objects.filter(kind=Kind.SAFETY_REVIEW).count() == 1


def test_an_attempt_that_was_assessed_and_has_not_changed_is_a_task_that_leads_there(ana: Patient) -> None:
    old = say(ana, "NNNYN").alert
    assert old is not None
    assessed(old)
    assert say(ana, "NNNYN").alert is None
    assert SafetyAlert.objects.count() == 1
    task = Task.objects.get(kind=Kind.SAFETY_REVIEW)
    assert (task.subject_type, task.subject_id) == ("intake.safetyalert", old.pk)


@pytest.mark.parametrize("changed", ["another yes", "new words", "right now", "left open", "not assessed"])
def test_an_attempt_with_anything_new_raises_an_alert(ana: Patient, changed: str) -> None:
    with time_machine.travel(datetime(2026, 3, 9, 10, tzinfo=LA), tick=False) as clock:
        old = say(ana, "NNNYN").alert
        assert old is not None
        if changed != "not assessed":
            assessed(old)
        clock.shift(timedelta(days=1))
        if changed == "another yes":
            say(ana, "YNNYN")
        elif changed == "new words":
            say(ana, "NNN")
            save_asq_answer(by=ana.user, patient=ana, number=4, value="Y", words="Last week")
        elif changed == "right now":
            say(ana, "NNNYY")
        elif changed == "left open":
            say(ana, "NNNY")
            clock.shift(timedelta(hours=1))
            left_in_the_middle()
        else:
            say(ana, "NNNYN")
    assert SafetyAlert.objects.count() == 2


def test_a_yes_taken_back_leaves_the_alert_and_marks_it(ana: Patient) -> None:
    say(ana, "Y")
    save_asq_answer(by=ana.user, patient=ana, number=1, value="N")
    row, alert = AsqAnswer.objects.get(), SafetyAlert.objects.get()
    assert (row.value, row.said_yes, row.amended) == ("N", True, True)
    assert (alert.amended, alert.closed_at, alert.tier) == (True, None, "URGENT-1")
    assert SafetyEvent.objects.filter(kind="amended").count() == 1
    assert say(ana, "NNN", start=2).next_number == 5, "and question 5 is asked all the same"


def test_an_answer_changed_after_its_alert_was_closed_is_kept(ana: Patient) -> None:
    alert = say(ana, "Y").alert
    assert alert is not None
    assessed(alert)
    saved = save_asq_answer(by=ana.user, patient=ana, number=1, value="N")
    row = AsqAnswer.objects.get()
    assert (row.value, row.said_yes, row.amended) == ("N", True, True)
    assert saved.next_number == 2
    assert not SafetyAlert.objects.get(pk=alert.pk).amended, "what was closed is never changed"


def test_an_open_screen_is_about_the_new_alert_once_the_old_one_is_closed(ana: Patient) -> None:
    first = save_item9(by=ana.user, patient=ana, value=1).alert
    assert first is not None
    assert AsqSitting.objects.get().alert == first
    assessed(first)
    second = save_item9(by=ana.user, patient=ana, value=2).alert
    assert AsqSitting.objects.get().alert == second != first
    third = save_item9(by=ana.user, patient=ana, value=3).alert
    assert third is not None
    assert AsqSitting.objects.get().alert == second, "which is open still"


def test_an_alert_closed_meanwhile_is_raised_anew(ana: Patient) -> None:
    first = save_item9(by=ana.user, patient=ana, value=1).alert
    assert first is not None
    assessed(first)
    say(ana, "YNNNY")
    found = [(alert.tier, alert.closed_at is None) for alert in SafetyAlert.objects.order_by("raised_at")]
    assert found == [("URGENT-1", False), ("URGENT-2", True)]


def test_who_has_it_keeps_it_and_is_paged_when_it_becomes_urgent_now(ana: Patient) -> None:
    near, far = cast.prescriber(), cast.prescriber(cast.other_site())
    alert = save_item9(by=ana.user, patient=ana, value=1).alert
    assert alert is not None
    acknowledge(by=near.user, alert=alert)
    assert not SafetyAlert.objects.waiting().exists()
    say(ana, "YNNNY")
    alert.refresh_from_db()
    assert (alert.owner, alert.waits) == (near.user, True)
    assert Message.objects.filter(recipient_id=near.user_id, subject_version=1_000_001).count() == 1
    acknowledge(by=near.user, alert=alert)
    alert.refresh_from_db()
    assert not alert.waits
    assert escalate_pages() == 0
    assert far.user_id


def test_a_birth_date_that_cannot_be_keeps_no_answer_from_its_alert(ana: Patient) -> None:
    Patient.objects.update(birth_on=now().date() + timedelta(days=400))
    ana.refresh_from_db()
    assert say(ana, "NNNNY").alert is not None


def test_one_that_breaks_keeps_no_other_from_its_page(ana: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    ben = cast.patient(account=True)
    first = say(ana, "Y").alert
    second = say(ben, "Y").alert
    evaluate, escalate = asq._evaluate, paging._escalate

    def broken_asq(sitting: AsqSitting, *rest: object, **more: object) -> object:
        if sitting.patient_id == ana.pk:
            raise RuntimeError
        return evaluate(sitting, *rest, **more)  # type: ignore[arg-type]

    def broken_pages(alert: SafetyAlert, *rest: object) -> int:
        if alert == first:
            raise RuntimeError
        return escalate(alert, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(asq, "_evaluate", broken_asq)
    monkeypatch.setattr(paging, "_escalate", broken_pages)
    with time_machine.travel(now() + timedelta(hours=1), tick=False):
        pages()
        assert second is not None
        second.refresh_from_db()
        assert second.tier == "URGENT-2", "left in the middle"
    with time_machine.travel(now() + timedelta(hours=2), tick=False):
        pages()
    second.refresh_from_db()
    assert second.step > 1


def test_answering_once_more_changes_nothing(ana: Patient) -> None:
    cast.prescriber()
    for _ in range(2):
        save_asq_answer(by=ana.user, patient=ana, number=1, value="Y", words="so")
    assert (AsqAnswer.objects.count(), SafetyAlert.objects.count(), Message.objects.count()) == (1, 1, 1)
    assert not AsqAnswer.objects.get().amended


def test_words_of_crisis_beside_a_no_need_a_person(ana: Patient) -> None:
    save_asq_answer(by=ana.user, patient=ana, number=1, value="N", words="but I want to die")
    assert SafetyAlert.objects.get().tier == "URGENT-1"


@pytest.mark.parametrize(("number", "value"), [(0, "Y"), (6, "Y"), (1, "y"), (1, ""), (1, "YES")])
def test_what_is_no_answer_is_not_stored(ana: Patient, number: int, value: str) -> None:
    with pytest.raises(ValueError, match="1 to 5"):
        save_asq_answer(by=ana.user, patient=ana, number=number, value=value)
    assert not AsqSitting.objects.exists()


def test_nobody_else_answers_for_a_patient(ana: Patient) -> None:
    for person in (cast.patient(account=True).user, cast.receptionist(), cast.clinician(cast.other_site()).user):
        with pytest.raises(PermissionDenied):
            save_asq_answer(by=person, patient=ana, number=1, value="Y")
    assert save_asq_answer(by=cast.clinician().user, patient=ana, number=1, value="Y").alert is not None


@pytest.mark.django_db(transaction=True)
def test_two_tabs_at_the_same_moment_raise_one_alert() -> None:
    ana = cast.patient(account=True)
    cast.prescriber()
    start, problems = threading.Barrier(4), []

    def tab() -> None:
        try:
            start.wait()
            save_asq_answer(by=ana.user, patient=ana, number=5, value="Y")
        except Exception as problem:
            problems.append(problem)
        finally:
            close_old_connections()
            connections.close_all()

    tabs = [threading.Thread(target=tab) for _ in range(4)]
    for one in tabs:
        one.start()
    for one in tabs:
        one.join()
    assert not problems
    assert (AsqSitting.objects.count(), SafetyAlert.objects.count(), Message.objects.count()) == (1, 1, 1)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("guarded", [True, False])
def test_item_9_and_the_screen_of_two_windows_never_wait_for_each_other(
    monkeypatch: pytest.MonkeyPatch, guarded: bool
) -> None:
    """One window holds the sitting and wants the alert, the other the alert and the sitting: without the first lock
    the database has to break one of them off."""
    ana = cast.patient(account=True)
    save_item9(by=ana.user, patient=ana, value=1)
    say(ana, "Y")
    evaluate, problems = asq._evaluate, []
    if not guarded:
        for module in (asq, answers):
            monkeypatch.setattr(module, "one_at_a_time", lambda *_, **__: True)

    def once_the_other_waits(*args: Any, **extra: Any) -> Any:
        for _ in range(500):
            with connection.cursor() as cursor:
                cursor.execute(WAITING)
                if cursor.fetchone()[0]:
                    break
            threading.Event().wait(0.01)
        return evaluate(*args, **extra)

    def window(act: Callable[[], object]) -> None:
        try:
            act()
        except Exception as problem:
            problems.append(problem)
        finally:
            connections.close_all()

    monkeypatch.setattr(asq, "_evaluate", once_the_other_waits)
    screen = threading.Thread(
        target=window, args=[lambda: save_asq_answer(by=ana.user, patient=ana, number=5, value="Y")]
    )
    screen.start()
    held = AsqSitting.objects.get()
    for _ in range(500):  # until the screen's transaction holds the sitting
        with transaction.atomic():
            if not AsqSitting.objects.select_for_update(skip_locked=True).filter(pk=held.pk).exists():
                break
        threading.Event().wait(0.01)
    window(lambda: save_item9(by=ana.user, patient=ana, value=3))
    screen.join()
    assert bool(problems) is not guarded, problems


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM intake_asqanswer",
        "UPDATE intake_asqanswer SET said_yes = false, value = 'N'",
        "UPDATE intake_asqanswer SET number = 2",
        "DELETE FROM intake_asqsitting",
        "UPDATE intake_asqsitting SET started_at = started_at - interval '1 day'",
        "DELETE FROM intake_whereabouts",
        "UPDATE intake_whereabouts SET place = 'Elsewhere'",
    ],
)
def test_no_statement_takes_back_what_was_said(ana: Patient, statement: str) -> None:
    tell_whereabouts(by=ana.user, patient=ana, place="Home", phone="213 555 0123")
    say(ana, "Y")
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
