"""PHQ-9 item 9: evaluated in the transaction that stores it, and never without the crisis page."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import close_old_connections, connections
from django.test import Client
from django.urls import reverse

from intake.models import Answer, Intake, Patient, SafetyAlert
from intake.sections import ITEM9
from intake.services.answers import save_item9
from intake.services.sending import submit_intake
from intake.views.typed import whose
from pacificmind.audit.models import Entry
from pacificmind.messaging.models import Message
from pacificmind.tasks.models import Kind, Task
from tests import cast
from tests.intake.filling import fill

UNTOLD = "Nobody at the clinic has been told"


@pytest.fixture
def ana(db: None) -> Patient:
    return cast.patient(account=True)


@pytest.fixture
def web(ana: Patient) -> Client:
    return signed_in(ana)


def signed_in(who: Patient) -> Client:
    client = Client(raise_request_exception=False)
    assert who.user
    client.force_login(who.user)
    return client


def answer(client: Client, who: Patient, value: str, **more: str) -> Any:
    return client.post(reverse("intake-item9"), {"phq9-9": value, "whose": whose(who), **more})


@contextmanager
def owner(*statements: str, undo: str) -> Iterator[None]:
    """Break the database as its owner, and mend it."""
    with connections["owner"].cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    try:
        yield
    finally:
        with connections["owner"].cursor() as cursor:
            cursor.execute(undo)
        connections["owner"].close()


@pytest.mark.parametrize("value", ["1", "2", "3"])
def test_an_answer_above_0_raises_the_alert_and_shows_the_crisis_page(ana: Patient, web: Client, value: str) -> None:
    doctor = cast.prescriber()
    cast.clinician()
    cast.prescriber(cast.other_site())
    cast.prescriber()
    cast.on_call(doctor)
    response = answer(web, ana, value)
    assert response.url == reverse("intake-crisis")
    alert = SafetyAlert.objects.get()
    assert (alert.tier, alert.trigger, alert.value, alert.patient, alert.site) == (
        "URGENT-1", "phq9-item9", value, ana, ana.site,
    )  # fmt: skip
    assert alert.answer == Answer.objects.get(item=ITEM9)
    task = Task.objects.get(kind=Kind.SAFETY_ALERT)
    assert (task.subject_id, task.queue, task.site, task.due_at) == (
        alert.pk, "clinicians", ana.site, alert.acknowledge_by,
    )  # fmt: skip
    page = Message.objects.get()
    assert (page.purpose, page.subject_id, page.recipient_id, page.status) == (
        "safety-page", alert.pk, doctor.user_id, "owed",
    )  # fmt: skip
    assert Entry.objects.filter(what="raise-safety-alert", patient_id=ana.pk).count() == 1


@pytest.mark.parametrize(("value", "stored"), [("0", 0), ("declined", None)])
def test_not_at_all_or_no_answer_goes_on_without_an_alert(
    ana: Patient, web: Client, value: str, stored: int | None
) -> None:
    response = answer(web, ana, value)
    assert response.url != reverse("intake-crisis")
    assert Answer.objects.get(item=ITEM9).value == stored
    assert not SafetyAlert.objects.exists()
    assert not Message.objects.exists()


@pytest.mark.parametrize("value", ["4", "-1", "1.0", "", "yes", "\x00", "1" * 10_000, "😀"])
def test_what_is_no_answer_is_asked_again_and_stores_nothing(ana: Patient, web: Client, value: str) -> None:
    response = answer(web, ana, value)
    assert b"Please check 1 thing" in response.content
    assert not Answer.objects.exists()


def test_two_tabs_with_the_same_answer_raise_one_alert(ana: Patient, web: Client) -> None:
    cast.prescriber()
    answer(web, ana, "2")
    answer(web, ana, "2")
    assert SafetyAlert.objects.count() == 1
    assert Message.objects.count() == 1
    assert not Answer.objects.get(item=ITEM9).amended


def test_taking_the_answer_back_leaves_the_alert_open_and_marks_it(ana: Patient, web: Client) -> None:
    answer(web, ana, "2")
    answer(web, ana, "0")
    alert, row = SafetyAlert.objects.get(), Answer.objects.get(item=ITEM9)
    assert (alert.closed_at, alert.amended, alert.value) == (None, True, "2")
    assert (row.value, row.amended) == (0, True)


def test_a_higher_answer_later_raises_another_alert(ana: Patient, web: Client) -> None:
    answer(web, ana, "1")
    answer(web, ana, "3")
    assert sorted(SafetyAlert.objects.values_list("value", "amended")) == [("1", True), ("3", False)]


def test_an_answer_after_sending_is_never_refused(ana: Patient, web: Client) -> None:
    fill(ana)
    submit_intake(by=None, patient=ana)
    assert answer(web, ana, "1").url == reverse("intake-crisis")
    assert SafetyAlert.objects.count() == 1
    assert Intake.objects.get(submitted_at__isnull=True).number == 2
    assert Answer.objects.get(intake__number=1, item=ITEM9).value == 0


def test_the_address_of_the_crisis_page_holds_nothing_and_the_page_what_it_must(ana: Patient, web: Client) -> None:
    cast.prescriber()
    url = answer(web, ana, "3").url
    assert url == reverse("intake-crisis")
    words = web.get(url).content.decode()
    for needed in ("tel:988", "sms:988", "tel:911", "not watched in real time", "press 1", "838255", "AYUDA", "711"):
        assert needed in words
    assert "press 3" not in words
    assert "is being alerted now" in words
    assert "I have read this: go on" in words


def test_the_crisis_page_claims_only_what_is_true(ana: Patient, web: Client) -> None:
    cast.prescriber()
    assert "What we have done" not in web.get(reverse("intake-crisis")).content.decode()
    answer(web, ana, "1")
    Message.objects.update(status="failed", why="no", done_at="2026-01-01T00:00Z")
    failed = web.get(reverse("intake-crisis")).content.decode()
    assert "on the clinicians' board." in failed
    assert "alerted" not in failed
    Message.objects.update(status="sent", why="")
    assert "has been alerted" in web.get(reverse("intake-crisis")).content.decode()


def test_with_nobody_on_call_all_prescribers_and_the_manager_are_told(
    ana: Patient, django_capture_on_commit_callbacks: Any
) -> None:
    near, far = cast.prescriber(), cast.prescriber(cast.other_site())
    cast.on_call(near, cast.other_site())
    with django_capture_on_commit_callbacks(execute=True):
        save_item9(by=ana.user, patient=ana, value=1)
    assert set(Message.objects.values_list("recipient_id", flat=True)) == {near.user_id, far.user_id}
    assert Task.objects.filter(kind=Kind.ON_CALL_GAP, queue="managers").count() == 1


@pytest.mark.parametrize(("value", "help_now"), [("2", True), ("0", False)])
def test_signed_out_nothing_is_lost_and_help_is_shown(ana: Patient, value: str, help_now: bool) -> None:
    response = answer(Client(), ana, value)
    words = response.content.decode()
    assert response.status_code == 401
    assert (UNTOLD in words) is help_now
    assert ("tel:988" in words) is True
    assert re.search(rf'name="phq9-9"[^>]*>\s*{value}</textarea>', words)
    assert not Answer.objects.exists()


BREAKS = {
    "audit": (
        "CREATE OR REPLACE FUNCTION break_it() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN IF NEW.action <> 'view' THEN RAISE EXCEPTION 'disk full'; END IF; RETURN NEW; END $$",
        "CREATE TRIGGER break_it BEFORE INSERT ON audit_entry FOR EACH ROW EXECUTE FUNCTION break_it()",
        "DROP TRIGGER break_it ON audit_entry",
    ),
    "answer": ("", "ALTER TABLE intake_answer RENAME TO gone", "ALTER TABLE gone RENAME TO intake_answer"),
    "alert": (
        "", "ALTER TABLE intake_safetyalert RENAME TO gone", "ALTER TABLE gone RENAME TO intake_safetyalert",
    ),
    "message": (
        "", "ALTER TABLE messaging_message RENAME TO gone", "ALTER TABLE gone RENAME TO messaging_message",
    ),
    "patient": ("", "ALTER TABLE intake_patient RENAME TO gone", "ALTER TABLE gone RENAME TO intake_patient"),
    "session": ("", "ALTER TABLE django_session RENAME TO gone", "ALTER TABLE gone RENAME TO django_session"),
}  # fmt: skip


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
@pytest.mark.parametrize("broken", BREAKS)
def test_when_anything_cannot_be_stored_nothing_is_and_the_crisis_page_is_shown(broken: str) -> None:
    ana = cast.patient(account=True)
    cast.prescriber()
    web = signed_in(ana)
    first, second, undo = BREAKS[broken]
    with owner(*(one for one in (first, second) if one), undo=undo):
        response = answer(web, ana, "2")
        calm = answer(web, ana, "0")
    words = response.content.decode()
    assert UNTOLD in words
    assert "tel:988" in words
    assert "alerted" not in words
    assert UNTOLD not in calm.content.decode()
    if broken in ("audit", "answer", "patient", "session"):
        assert calm.status_code >= 500
    assert not SafetyAlert.objects.exists()
    assert not Answer.objects.filter(value=2).exists()
    assert not Message.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_without_any_database_the_crisis_page_is_shown() -> None:
    ana = cast.patient(account=True)
    web = signed_in(ana)
    connection = connections["default"]
    host = connection.settings_dict["HOST"]
    connection.close()
    connection.settings_dict["HOST"] = "/nowhere"
    try:
        response = answer(web, ana, "3")
        calm = answer(web, ana, "0")
    finally:
        connection.close()
        connection.settings_dict["HOST"] = host
    assert UNTOLD in response.content.decode()
    assert response.status_code == 503
    assert "What you typed is still here" not in response.content.decode()
    assert calm.status_code == 503
    assert UNTOLD not in calm.content.decode()


@pytest.mark.django_db(transaction=True)
def test_two_tabs_at_the_same_moment_raise_one_alert_and_one_intake() -> None:
    ana = cast.patient(account=True)
    cast.prescriber()
    start, problems = threading.Barrier(4), []

    def tab() -> None:
        try:
            start.wait()
            save_item9(by=ana.user, patient=ana, value=2)
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
    assert (Intake.objects.count(), Answer.objects.count(), SafetyAlert.objects.count()) == (1, 1, 1)
    assert Message.objects.count() == 1
