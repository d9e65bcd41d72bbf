"""Texts through the provider's API, over real HTTP: what it takes, refuses and drops, and what it tells afterwards."""

import random
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client
from django.urls import reverse

from intake.models import ContactConsent
from pacificmind.clock import now
from pacificmind.messaging import after, delivery, webhooks
from pacificmind.messaging.models import Delivery, Message, Status
from pacificmind.messaging.outcome import NOT_KNOWN, SMS_OUTAGE
from pacificmind.tasks.models import Kind, Task
from tests import cast
from tests.messaging.conftest import Smtp, owe_some
from tests.messaging.provider import ACCOUNT, SENDER, TOKEN, Provider, owe_text, signed, texted
from tests.messaging.servers import Server, free_port

pytestmark = pytest.mark.django_db(transaction=True)


def call_back(row: Message, state: str, *, sid: str = "", key: str = TOKEN, **extra: str) -> int:
    """The provider calls our address about a text; the answer's status."""
    path = reverse("sms-status", args=[row.pk])
    told = {"MessageSid": sid or row.provider_reference, "MessageStatus": state, "AccountSid": ACCOUNT, **extra}
    return signed(path, told, key)


def test_a_text_leaves_by_one_signed_post(provider: Provider) -> None:
    row = owe_text(texted(phone="+12135550177"))
    assert delivery.run() == 1
    (sent,) = provider.texts
    row.refresh_from_db()
    assert (sent["To"], sent["From"]) == ("+12135550177", SENDER)
    assert sent["StatusCallback"] == f"https://portal.example/sms/status/{row.pk}/"
    assert sent["Body"].endswith("A visit is near. Questions: (213) 555-0142. STOP to end texts.")
    assert (row.status, row.provider_reference, row.segments) == (Status.SENT, sent["sid"], 1)


def test_a_messaging_service_takes_the_place_of_a_number(provider: Provider, settings: Any) -> None:
    settings.TWILIO_FROM = "MG0123"
    owe_text()
    assert delivery.run() == 1
    assert provider.texts[0]["MessagingServiceSid"] == "MG0123"
    assert "From" not in provider.texts[0]


@pytest.mark.parametrize("status", [429, 503])
def test_asked_to_wait_it_waits_and_bothers_the_provider_no_more(provider: Provider, status: int) -> None:
    rows = [owe_text() for _ in range(3)]
    provider.answer = status
    assert delivery.run() == 0
    assert provider.asked == 1, "the others wait for the next tick"
    first = Message.objects.get(tries=1)
    assert (first.status, f"({status})" in first.why) == (Status.OWED, True)
    provider.answer = 201
    Message.objects.update(due_at=now())
    assert delivery.run() == 3
    assert len({text["To"] for text in provider.texts}) == len(provider.texts) == len(rows)


@pytest.mark.parametrize("trouble", [500, 502, "slow", "drop"])
def test_what_may_have_been_taken_is_not_sent_again(provider: Provider, trouble: int | str) -> None:
    row = owe_text()
    provider.answer = trouble
    delivery.run()
    delivery.run()
    row.refresh_from_db()
    assert (row.status, row.why, provider.asked) == (Status.SENDING, NOT_KNOWN, 1)
    Message.objects.update(claimed_at=now() - timedelta(minutes=11))
    assert after.sweep_stuck() == 1
    delivery.run()
    row.refresh_from_db()
    assert (row.status, provider.asked) == (Status.FAILED, 1)
    assert Task.objects.get().kind == Kind.MESSAGE_STUCK


def test_a_call_back_settles_what_was_in_doubt(provider: Provider) -> None:
    row = owe_text()
    provider.answer = "slow"
    delivery.run()
    Message.objects.update(claimed_at=now() - timedelta(minutes=11))
    after.sweep_stuck()
    sid = provider.texts[0]["sid"]
    assert call_back(row, "sent", sid=sid) == 204
    row.refresh_from_db()
    assert (row.status, row.provider_reference, row.why) == (Status.SENT, sid, "")
    assert Task.objects.get().outcome == "it left after all"


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (400, 21610, "They answered STOP"),
        (400, 21211, "Is it a mobile number?"),
        (400, 30003, "refused it (30003)"),
        (404, 0, "refused it (404)"),
    ],
)
def test_a_refusal_is_a_task_in_words(provider: Provider, status: int, code: int, words: str) -> None:
    row = owe_text()
    provider.answer, provider.code = status, code
    delivery.run()
    row.refresh_from_db()
    assert row.status == Status.FAILED
    assert words in row.why
    assert "words of the provider" not in row.why
    assert Task.objects.get().kind == Kind.MESSAGE_FAILED


def test_a_wrong_key_sends_nobody_to_the_telephone(provider: Provider, settings: Any) -> None:
    settings.TWILIO_AUTH_TOKEN = "old"
    row = owe_text()
    delivery.run()
    row.refresh_from_db()
    assert (row.status, Task.objects.count()) == (Status.OWED, 0)
    assert "is the key right?" in row.why


def test_an_outage_of_texts_does_not_stop_mail_and_they_leave_after_it(
    provider: Provider, settings: Any, smtp: Smtp
) -> None:
    url, settings.TWILIO_API_URL = settings.TWILIO_API_URL, f"http://127.0.0.1:{free_port()}"
    row = owe_text(due_at=now() - timedelta(hours=1))
    owe_text()
    owe_some(2)
    with smtp(server := Server()):
        assert delivery.run() == 2
    assert len(server.mails) == 2
    row.refresh_from_db()
    assert (row.status, row.why) == (Status.OWED, SMS_OUTAGE)
    assert row.due_at - now() < timedelta(minutes=5), "twice within ten minutes"
    settings.TWILIO_API_URL = url
    Message.objects.filter(status=Status.OWED).update(due_at=now())
    assert delivery.run() == 2
    assert len(provider.texts) == 2


@pytest.mark.parametrize("order", range(6))
def test_call_backs_in_any_order_and_doubled_end_the_same(provider: Provider, order: int) -> None:
    states = ["queued", "sent", "undelivered", "delivered"]
    told = states * 2
    random.Random(order).shuffle(told)
    row = owe_text()
    delivery.run()
    row.refresh_from_db()
    for state in told:
        assert call_back(row, state) == 204
    row.refresh_from_db()
    assert (row.status, row.delivery, row.why) == (Status.SENT, Delivery.DELIVERED, "")
    assert not Task.objects.filter(done_at__isnull=True).exists()


def test_what_the_carrier_did_not_deliver_needs_a_person(provider: Provider) -> None:
    row = owe_text()
    delivery.run()
    row.refresh_from_db()
    for state in ("sent", "undelivered", "sent", "undelivered"):
        call_back(row, state, ErrorCode="30005")
    row.refresh_from_db()
    assert (row.status, row.delivery) == (Status.FAILED, Delivery.UNDELIVERED)
    assert row.why == "The carrier did not deliver it (30005). Is the number right?"
    assert Task.objects.get().kind == Kind.MESSAGE_FAILED


def test_only_the_provider_is_believed(provider: Provider, settings: Any) -> None:
    row = owe_text()
    delivery.run()
    row.refresh_from_db()
    path = reverse("sms-status", args=[row.pk])
    told = {"MessageSid": row.provider_reference, "MessageStatus": "undelivered"}
    assert call_back(row, "undelivered", key="another") == 400
    assert Client().post(path, told).status_code == 400
    assert Client().post(path, told, headers={"X-Twilio-Signature": "ü"}).status_code == 400
    right = webhooks.signature(f"https://portal.example{path}", QueryDict("MessageStatus=delivered"), TOKEN)
    assert Client().post(path, told, headers={"X-Twilio-Signature": right}).status_code == 400, "of other fields"
    settings.TWILIO_AUTH_TOKEN = ""
    assert call_back(row, "undelivered", key="") == 400, "without a key nobody is believed"
    settings.TWILIO_AUTH_TOKEN = TOKEN
    assert call_back(row, "undelivered", sid="SMother") == 204
    row.refresh_from_db()
    assert (row.status, row.delivery) == (Status.SENT, ""), "it named another text"


def test_the_signature_is_twilios() -> None:
    """The example of Twilio's documentation, "Validating Signatures from Twilio"."""
    told = QueryDict(mutable=True)
    told.update(
        {"CallSid": "CA1234567890ABCDE", "Caller": "+14158675309", "Digits": "1234", "From": "+14158675309",
         "To": "+18005551212"}
    )  # fmt: skip
    found = webhooks.signature("https://mycompany.com/myapp.php?foo=1&bar=2", told, "12345")
    assert found == "RSOYDt4T1cUTdK1PDd93/VVr8B8="


def test_one_text_a_day_and_three_a_week(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    who = texted()
    owe_text(who)
    second = owe_text(who)
    for row in Message.objects.all():
        Message.objects.create(**{**_copy(row), "channel": "email", "due_at": now() + timedelta(days=1)})
    assert delivery.run() == 1
    gone = Message.objects.get(status=Status.VOID)
    assert gone.why == "They had a text today already: no more than one a day. A mail says the same."
    assert len(provider.texts) == 1
    sent = Message.objects.get(status=Status.SENT)
    for days in (2, 4):
        Message.objects.create(
            **{**_copy(sent), "subject_id": uuid.uuid4(), "claimed_at": now() - timedelta(days=days)}
        )
    Message.objects.filter(pk=sent.pk).update(claimed_at=now() - timedelta(days=6))
    owe_text(who)
    assert delivery.run() == 0
    assert Message.objects.filter(why__startswith="They had three texts in seven days").count() == 1
    Message.objects.filter(pk=sent.pk).update(claimed_at=now() - timedelta(days=8))
    owe_text(who)
    assert delivery.run() == 1
    assert second.recipient_id == who.pk


def _copy(row: Message) -> dict[str, Any]:
    return {f.attname: getattr(row, f.attname) for f in Message._meta.concrete_fields if f.attname != "id"}


@pytest.mark.parametrize("email", ["", "ana@example.com"], ids=["no-address", "no-mail-of-it"])
def test_whom_no_mail_tells_is_called_in_place_of_a_text_too_many(provider: Provider, email: str) -> None:
    who = texted(email=email)
    owe_text(who)
    owe_text(who)
    assert delivery.run() == 1
    row = Message.objects.get(status=Status.FAILED)
    assert row.why.endswith("No mail says it: please call.")
    assert Task.objects.get().patient_id == who.pk


def test_two_workers_do_not_both_send_the_days_one_text(provider: Provider) -> None:
    from tests.messaging.test_delivery import _race

    who = texted()
    for _ in range(2):
        owe_text(who)
    _race()
    assert len(provider.texts) == 1
    assert sorted(Message.objects.values_list("status", flat=True)) == [Status.FAILED, Status.SENT]


def test_texts_wait_for_the_morning_where_the_person_is(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pacificmind.messaging.prepare.is_quiet", lambda *_: True)
    row = owe_text()
    assert delivery.run() == 0
    row.refresh_from_db()
    assert (row.status, row.why) == (Status.OWED, "It waits for the morning: no texts at night.")
    assert provider.asked == 0


def test_without_consent_and_after_its_end_no_text_leaves(provider: Provider) -> None:
    never, ended = cast.patient(), texted()
    ContactConsent.objects.create(patient=ended, channel="sms", given=False, wording="w", source="s")
    for who in (never, ended):
        owe_text(who)
    assert delivery.run() == 0
    assert set(Message.objects.values_list("status", "why")) == {
        (Status.VOID, "They asked not to be written to this way.")
    }
    assert provider.asked == 0
