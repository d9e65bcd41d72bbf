"""The public request: kept once, with its tasks and its mail; nothing typed is lost; words of crisis come first."""

import re
import uuid
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from django.core.cache import cache
from django.db import OperationalError
from django.test import Client

from intake.models import ConsultationRequest, SafetyAlert
from pacificmind.audit.models import Entry
from pacificmind.clock import now, today
from pacificmind.messaging.models import Message
from pacificmind.tasks.models import Task
from tests import cast

pytestmark = pytest.mark.django_db(transaction=True)
URL = "/ask/"
CRISIS = "Some days I think I want to die."


@pytest.fixture(autouse=True)
def _sites() -> None:
    cast.site()
    cast.other_site()
    cache.clear()


def filled(**other: Any) -> dict[str, Any]:
    return {
        "request_id": str(uuid.uuid4()),
        "site": "lb",
        "way": "video",
        "times": ["mon-am", "fri-pm"],
        "given_name": "Ana",
        "family_name": "Reyes",
        "phone": "(213) 555-0123",
        "email": "ana@example.com",
        "reach": "phone",
        "reason": "I have been low for years.",
        **other,
    }


def send(client: Client, **other: Any) -> Any:
    return client.post(URL, filled(**other))


def test_a_request_is_kept_with_its_task_its_mail_and_its_audit(client: Client) -> None:
    response = send(client)
    row = ConsultationRequest.objects.get()
    assert (row.site_id, row.telehealth, row.times, row.phone.as_e164) == (
        "lb",
        True,
        ["mon-am", "fri-pm"],
        "+12135550123",
    )
    task = Task.objects.get()
    assert (task.kind, task.queue, task.site_id, task.subject_id) == ("request-call-back", "front_desk", "lb", row.pk)
    assert abs(task.due_at - now() - timedelta(hours=24)) < timedelta(minutes=1)
    message = Message.objects.get()
    assert (message.purpose, message.recipient_type, message.recipient_id) == (
        "request-received",
        "consultation_request",
        row.pk,
    )
    assert Entry.objects.filter(subject_id=str(row.pk), action="create").count() == 1
    assert response["Location"] == "/ask/received/"
    page = client.get("/ask/received/").content.decode()
    assert "Long Beach" in page
    assert "within 24 hours" in page


def test_the_address_is_filled_in_at_sign_up_and_stands_in_no_url(client: Client) -> None:
    send(client)
    page = client.get("/ask/received/").content.decode()
    assert "ana@example.com" not in page
    assert 'value="ana@example.com"' in client.get("/accounts/signup/").content.decode()


def test_a_double_click_makes_one_request(client: Client) -> None:
    twice = filled()
    client.post(URL, twice)
    assert client.post(URL, twice)["Location"] == "/ask/received/"
    assert ConsultationRequest.objects.count() == Task.objects.count() == Message.objects.count() == 1


def test_sent_again_by_way_of_the_back_button_it_is_one_request(client: Client) -> None:
    send(client)  # the page reached by the back button has an id of its own, and the same words
    assert send(client)["Location"] == "/ask/received/"
    assert ConsultationRequest.objects.count() == Task.objects.count() == Message.objects.count() == 1
    send(client, reason="Something else.")
    send(Client())
    assert ConsultationRequest.objects.count() == 3


def test_words_of_crisis_sent_again_show_the_crisis_page_again(client: Client) -> None:
    send(client, reason=CRISIS)
    assert 'href="tel:988"' in send(client, reason=CRISIS).content.decode()
    assert ConsultationRequest.objects.count() == 1


def test_no_browser_cuts_a_long_text_without_a_word(client: Client) -> None:
    assert "maxlength" not in re.findall(r"<textarea[^>]*>", client.get(URL).content.decode())[0]


def test_the_same_page_with_other_words_is_refused_and_keeps_them(client: Client) -> None:
    first = filled()
    client.post(URL, first)
    page = client.post(URL, {**first, "reason": "Other words"}).content.decode()
    assert "Other words" in page
    assert ConsultationRequest.objects.count() == 1


def test_without_an_email_no_mail_is_owed(client: Client) -> None:
    send(client, email="")
    assert ConsultationRequest.objects.count() == 1
    assert not Message.objects.exists()


@pytest.mark.parametrize("field", ["reason", "times_note"])
def test_words_of_crisis_call_a_clinician_and_show_the_crisis_page(client: Client, field: str) -> None:
    page = send(client, **{field: CRISIS}).content.decode()
    row = ConsultationRequest.objects.get()
    assert row.needs_person
    urgent = Task.objects.get(kind="request-in-crisis")
    assert (urgent.queue, urgent.site_id, urgent.subject_id) == ("clinicians", "lb", row.pk)
    assert urgent.due_at <= now()
    assert Task.objects.filter(kind="request-call-back").count() == 1
    assert 'href="tel:988"' in page
    assert "A person at the clinic will read it" in page
    assert "not watched in real time" in page
    assert "/ask/received/" in page


def test_if_it_cannot_be_kept_the_crisis_page_is_shown_all_the_same(client: Client) -> None:
    client.raise_request_exception = False
    with mock.patch("intake.services.requests.record", side_effect=OperationalError("away")):
        response = send(client, reason=CRISIS)
    page = response.content.decode()
    assert response.status_code == 503
    assert "988" in page
    assert "was not sent yet" in page
    assert CRISIS in page  # carried, to be sent again
    assert "A person at the clinic will read it" not in page
    assert not ConsultationRequest.objects.exists()
    assert not Task.objects.exists()


def test_if_it_cannot_be_kept_what_was_typed_is_not_lost(client: Client) -> None:
    client.raise_request_exception = False
    form = filled()
    with mock.patch("intake.services.requests.record", side_effect=OperationalError("away")):
        page = client.post(URL, form).content.decode()
    assert "I have been low for years." in page
    assert form["request_id"] in page
    assert "Talk to someone now" not in page


def test_an_expired_token_keeps_what_was_typed() -> None:
    strict = Client(enforce_csrf_checks=True)
    page = strict.post(URL, filled()).content.decode()
    assert "I have been low for years." in page
    assert not ConsultationRequest.objects.exists()


def test_an_incomplete_form_with_words_of_crisis_shows_help_and_says_that_nothing_was_sent(client: Client) -> None:
    page = send(client, reason=CRISIS, phone="", email="").content.decode()
    assert page.index("Call 988") < page.index("has not been sent yet")
    assert CRISIS in page
    assert not ConsultationRequest.objects.exists()


def test_an_incomplete_form_with_words_of_crisis_is_read_by_a_clinician_where_they_can_be_reached(
    client: Client,
) -> None:
    for _ in range(2):
        page = send(client, reason=CRISIS, given_name="").content.decode()
    assert "What you wrote to us is before a clinician." in page
    assert "has not been sent yet" in page
    draft = ConsultationRequest.objects.get()
    assert (draft.needs_person, draft.reason, draft.phone.as_e164) == (True, CRISIS, "+12135550123")
    assert Task.objects.filter(kind="request-in-crisis", queue="clinicians", subject_id=draft.pk).count() == 1
    assert not Message.objects.exists(), "nothing was sent, and no mail says so"
    send(client, reason=CRISIS)
    whole = ConsultationRequest.objects.exclude(pk=draft.pk).get()
    draft.refresh_from_db()
    assert (draft.status, draft.outcome) == ("closed", "Sent again in full")
    calls = Task.objects.filter(kind="request-call-back", done_at=None)
    assert [task.subject_id for task in calls] == [whole.pk], "one call is enough"
    assert Task.objects.filter(kind="request-in-crisis", done_at=None).count() == 2, "no software ends that"


@pytest.mark.parametrize("whole", [True, False])
def test_of_a_known_patient_words_of_crisis_are_an_alert(client: Client, whole: bool) -> None:
    ana = cast.patient(account=True)
    assert ana.user is not None
    client.force_login(ana.user)
    for _ in range(2):
        send(client, reason=CRISIS, **({} if whole else {"given_name": ""}))
    alert = SafetyAlert.objects.get()
    assert (alert.patient_id, alert.trigger, alert.tier, alert.words) == (ana.pk, "words", "URGENT-1", CRISIS)
    assert not Task.objects.filter(kind="request-in-crisis").exists(), "the alert is the clinicians' task"
    assert client.get("/intake/")["Location"] == "/intake/help-now/", "help before further questions"


def test_a_machine_that_fills_everything_is_not_kept(client: Client) -> None:
    page = send(client, website="https://spam.example").content.decode()
    assert "Please empty this field" in page
    assert "I have been low for years." in page
    assert not ConsultationRequest.objects.exists()


def test_the_eleventh_in_an_hour_is_asked_to_wait_and_loses_nothing(client: Client) -> None:
    for number in range(10):
        send(client, reason=f"Number {number}.")
    page = send(client, reason="The eleventh.").content.decode()
    assert "The eleventh." in page
    assert "try again later" in page
    assert ConsultationRequest.objects.count() == 10
    send(client, reason=CRISIS)  # words of crisis are kept even then
    assert ConsultationRequest.objects.filter(needs_person=True).count() == 1


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("given_name", "A\x00na", "unreadable characters"),
        ("reason", "a\x00b", "unreadable characters"),
        ("reason", "x" * 10_000, "shorten this to 4000"),
        ("times_note", "x" * 10_000, "shorten this to 400"),
        ("given_name", "x" * 10_000, "shorten this to 80"),
        ("family_name", "   ", "Please fill this in"),
        ("birth_on", "2199-01-01", "cannot be a date of birth"),
        ("birth_on", "1899-12-31", "cannot be a date of birth"),
        ("birth_on", "2001-02-30", "month, day and year"),
        ("phone", "12", "area code"),
        ("phone", "+" + "9" * 10_000, "area code"),
        ("email", "not an address", "name@example.org"),
        ("email", "a" * 10_000 + "@example.com", "shorten this"),
        ("site", "atlantis", "choose one of the answers"),
        ("way", "by-owl", "choose one of the answers"),
        ("reach", "by-owl", "choose one of the answers"),
        ("times", ["sun-am"], "choose one of the answers"),
        ("request_id", "nonsense", "once more"),
    ],
)
def test_bad_input_is_said_kindly_and_nothing_is_kept(client: Client, field: str, value: Any, says: str) -> None:
    response = send(client, **{field: value})
    page = response.content.decode()
    assert response.status_code == 200
    assert says in page
    assert "Please check:" in page
    assert not ConsultationRequest.objects.exists()
    assert field == "reason" or "I have been low for years." in page


def test_names_with_emoji_and_accents_and_4000_characters_with_line_breaks_are_kept(client: Client) -> None:
    send(client, given_name="Zoë 🌊", reason=("x" * 39 + "\r\n") * 100)
    row = ConsultationRequest.objects.get()
    assert row.given_name == "Zoë 🌊"
    assert len(row.reason) == 3999  # the last line break is stripped


@pytest.mark.parametrize(
    ("reach", "given", "says"),
    [
        ("email", {"email": ""}, "write your e-mail address"),
        ("phone", {"phone": ""}, "write your telephone number"),
        ("sms", {"phone": ""}, "write your telephone number"),
        ("phone", {"phone": "", "email": ""}, "Leave a telephone number or an e-mail"),
    ],
)
def test_the_way_to_be_reached_fits_what_was_given(
    client: Client, reach: str, given: dict[str, str], says: str
) -> None:
    assert says in send(client, reach=reach, **given).content.decode()
    assert not ConsultationRequest.objects.exists()


def test_a_birth_date_of_today_is_taken(client: Client) -> None:
    send(client, birth_on=str(today(cast.ZONE)))
    assert ConsultationRequest.objects.get().birth_on == today(cast.ZONE)


def test_a_site_that_takes_no_requests_is_not_offered(client: Client) -> None:
    closed = cast.other_site()
    closed.open_to_requests = False
    closed.save()
    assert "Long Beach" not in client.get(URL).content.decode()
    send(client)
    assert not ConsultationRequest.objects.exists()


def test_someone_elses_request_is_not_shown(client: Client) -> None:
    send(client)
    assert Client().get("/ask/received/")["Location"] == URL
