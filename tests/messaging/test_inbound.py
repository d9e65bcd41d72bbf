"""Texts to the clinic's number: STOP at once and once confirmed, START, HELP, C, and words for a person."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from intake.models import ContactConsent, SafetyAlert
from intake.services.own_record import consents_of
from pacificmind.audit.models import Entry
from pacificmind.clock import now
from pacificmind.messaging import inbound, registry
from pacificmind.messaging.models import InboundText, Message, Status
from pacificmind.tasks.models import Kind, Task
from scheduling.models import Appointment
from tests import cast
from tests.messaging.forbidden import forbidden_in
from tests.messaging.incoming import DARK, PHONE, answers, signed_in, text, texts_page
from tests.messaging.provider import Provider, owe_text, texted

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("provider")]


@pytest.mark.parametrize("words", ["STOP", "please stop texting me", "Cancel", "no quiero más mensajes"])
def test_stop_holds_at_once_and_is_confirmed_once(provider: Provider, words: str) -> None:
    who = texted(phone=PHONE)
    owed = owe_text(who)
    assert text(words) == 200
    owed.refresh_from_db()
    assert (owed.status, owed.why) == (Status.VOID, "They answered that they want no more texts.")
    consent = ContactConsent.objects.filter(patient=who).latest("at")
    assert (consent.given, consent.wording, consent.source) == (
        False,
        f'They texted from {PHONE}: "{words}"',
        "text message",
    )
    (said,) = answers(provider)
    assert "you will get no more texts from us. Your appointments stand as they are." in said
    assert "STOP to end" not in said
    assert len(said) <= 160
    text(words, sid="SM2")
    owe_text(who)
    assert answers(provider) == [], "neither a second confirmation nor a text"
    assert Entry.objects.filter(what="answer by text", patient_id=who.pk).count() == 2


def test_a_text_told_twice_counts_once(provider: Provider) -> None:
    who = texted(phone=PHONE)
    for _ in range(3):
        assert text("STOP") == 200
    text("START", sid="SM2")
    text("STOP")
    assert consents_of(who.pk)["sms"] is True, "the provider repeats itself; the patient did not"
    assert InboundText.objects.count() == 2


def test_everybody_with_the_number_is_stopped_and_only_who_agreed_starts_again() -> None:
    one, other, never = texted(phone=PHONE), texted(phone=PHONE), cast.patient(phone=PHONE)
    text("STOP")
    assert [consents_of(who.pk)["sms"] for who in (one, other, never)] == [False] * 3
    text("START", sid="SM2")
    assert [consents_of(who.pk)["sms"] for who in (one, other, never)] == [True, True, False]


def test_of_several_with_a_number_who_agreed_to_texts_is_meant() -> None:
    cast.patient(phone=PHONE)
    agreed = texted(phone=PHONE)
    text("I will be late")
    assert Task.objects.get().patient_id == agreed.pk


def test_who_never_agreed_to_texts_is_promised_none(provider: Provider) -> None:
    cast.patient(phone=PHONE)
    text("START")
    (said,) = answers(provider)
    assert "nobody reads texts here" in said
    assert "get texts" not in said
    assert "never agreed" in InboundText.objects.get().outcome
    assert not ContactConsent.objects.filter(channel="sms", given=True).exists()


def test_help_says_whom_to_call(provider: Provider) -> None:
    texted(phone=PHONE)
    text("HELP")
    (said,) = answers(provider)
    assert "(213) 555-0142" in said
    assert "STOP to end texts." in said
    assert forbidden_in(said) == []


def test_c_confirms_by_the_app_that_knows_visits(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    who, asked = texted(phone=PHONE), []

    def confirm(patient_id: Any) -> str:
        asked.append(patient_id)
        return "They confirmed the visit." if len(asked) == 1 else ""

    monkeypatch.setattr(registry, "_confirm", [confirm])
    text("C")
    assert asked == [who.pk]
    assert "your appointment is confirmed" in answers(provider)[0]
    assert InboundText.objects.get().outcome == "They confirmed the visit."
    text("yes", sid="SM2")
    assert "nobody reads texts here" in answers(provider)[0]


def test_other_words_go_to_the_front_desk_and_are_answered_once(provider: Provider) -> None:
    who = texted(phone=PHONE)
    text("I will be late, is that ok")
    text("hello??", sid="SM2")
    (said,) = answers(provider)
    assert "988" in said
    assert "(213) 555-0142" in said
    tasks = Task.objects.all()
    assert {(task.kind, task.patient_id, task.site_id) for task in tasks} == {(Kind.TEXT_ANSWERED, who.pk, "la")}
    assert not SafetyAlert.objects.exists()
    assert text("I will be late, is that ok") == 200
    assert InboundText.objects.count() == 2


def test_words_of_crisis_raise_an_alert_and_are_not_for_the_front_desk(provider: Provider) -> None:
    who = texted(phone=PHONE)
    text("I want to kill myself")
    alert = SafetyAlert.objects.get()
    assert (alert.patient_id, alert.trigger, alert.tier) == (who.pk, "words", "URGENT-1")
    assert not Task.objects.filter(kind=Kind.TEXT_ANSWERED).exists()
    (said,) = answers(provider)
    assert "988" in said
    shown = texts_page(cast.receptionist())
    assert "kill myself" not in shown
    assert "kill myself" in texts_page(cast.clinician().user)
    assert "kill myself" not in texts_page(cast.clinician(cast.other_site()).user)


def test_who_wrote_in_distress_and_then_stop_is_still_told_where_to_turn(provider: Provider) -> None:
    texted(phone=PHONE)
    text("I want to kill myself")
    text("STOP", sid="SM2")
    said = answers(provider)
    assert len(said) == 2
    assert any("988" in one for one in said)


@pytest.mark.parametrize("words", ["Stop texting me, I want to kill myself", "leave me alone I want to die"])
def test_words_of_crisis_count_also_where_they_ask_for_no_more_texts(provider: Provider, words: str) -> None:
    who = texted(phone=PHONE)
    text(words)
    assert consents_of(who.pk)["sms"] is False
    assert SafetyAlert.objects.get().patient_id == who.pk
    row = InboundText.objects.get()
    assert (row.kind, row.alarming, row.words) == ("stop", True, words)
    said = answers(provider)
    assert any("988" in one for one in said)
    assert any("you will get no more texts from us" in one for one in said)
    assert words not in texts_page(cast.receptionist())
    assert words not in ContactConsent.objects.filter(patient=who).latest("at").wording
    assert words in texts_page(cast.clinician().user)
    text("STOP", sid="SM2")
    assert SafetyAlert.objects.count() == 1
    assert InboundText.objects.get(kind="stop", alarming=False).words == ""


def test_the_desk_reads_calls_and_says_so(provider: Provider) -> None:
    texted(phone=PHONE, given_name="Marta")
    text("I will be late <b>")
    desk = cast.receptionist()
    shown = texts_page(desk)
    assert "I will be late &lt;b&gt;" in shown
    assert "Marta" in shown
    assert "(213) 555-0177" in shown
    assert Entry.objects.filter(what="desk-texts", actor_id=desk.pk).exists()
    row = InboundText.objects.get()
    client = signed_in(desk)
    told = {"request_id": str(uuid.uuid4())}
    assert client.post(reverse("text-called", args=[row.pk]), told).status_code == 302
    task = Task.objects.get()
    assert (task.done_by_id, task.outcome) == (desk.pk, "called")
    assert signed_in(cast.receptionist(cast.other_site())).post(
        reverse("text-called", args=[row.pk]), told
    ).status_code == 404  # fmt: skip


def test_a_patient_is_answered_in_the_language_they_chose_whatever_they_write(provider: Provider) -> None:
    texted(phone=PHONE)
    text("ayuda")
    (said,) = answers(provider)
    assert "at most 3 a week" in said


def test_what_may_mean_an_end_ends_texts_and_the_desk_reads_it(provider: Provider) -> None:
    who = texted(phone=PHONE)
    owed = owe_text(who)
    text("please cancel")
    owed.refresh_from_db()
    assert owed.status == Status.VOID
    (said,) = answers(provider)
    assert "no more texts" in said
    shown = texts_page(cast.receptionist())
    assert "please cancel" in shown
    assert "I called" in shown
    assert Task.objects.get().kind == Kind.TEXT_ANSWERED


def test_words_of_crisis_beside_an_end_are_read_first(provider: Provider) -> None:
    who = texted(phone=PHONE)
    text("Basta. I want to die")
    assert SafetyAlert.objects.get().patient_id == who.pk
    assert consents_of(who.pk)["sms"] is False
    assert not Task.objects.filter(kind=Kind.TEXT_ANSWERED).exists(), "the front desk reads no words of crisis"
    assert "988" in " ".join(answers(provider))


def test_words_of_crisis_from_a_number_that_several_have_are_an_alert_for_each(provider: Provider) -> None:
    one, other = texted(phone=PHONE), texted(phone=PHONE)
    died = cast.patient(phone=PHONE, status="closed", closed_why="died")
    text(DARK)
    alerts = SafetyAlert.objects.all()
    assert {alert.patient_id for alert in alerts} == {one.pk, other.pk}
    assert died.pk not in {alert.patient_id for alert in alerts}
    assert {(alert.value, alert.words) for alert in alerts} == {("shared number", DARK)}
    page = signed_in(cast.clinician().user).get(reverse("safety-alert", args=[alerts[0].pk])).content.decode()
    assert "a number that several patients have: find out who wrote" in page
    assert DARK in page
    assert len(answers(provider)) == 1


def test_an_unsigned_text_changes_nothing() -> None:
    who = texted(phone=PHONE)
    told = {"MessageSid": "SM1", "From": PHONE, "Body": "STOP"}
    assert Client().post(reverse("sms-inbound"), told).status_code == 400
    assert consents_of(who.pk)["sms"] is True
    assert not InboundText.objects.exists()


def test_if_it_cannot_be_recorded_it_is_not_done(monkeypatch: pytest.MonkeyPatch) -> None:
    who = texted(phone=PHONE)

    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(inbound, "record", refuse)
    with pytest.raises(RuntimeError):
        inbound.receive(reference="SM1", phone=PHONE, text="STOP")
    assert consents_of(who.pk)["sms"] is True
    assert not InboundText.objects.exists()
    assert not Message.objects.exists()
    assert transaction.get_connection().in_atomic_block is False


def test_c_confirms_the_next_visit_and_the_desk_sees_it(provider: Provider) -> None:
    cast.visit_types()
    who, doctor, room = texted(phone=PHONE), cast.prescriber(), cast.room()
    start = now() + timedelta(days=2)
    visit = Appointment.objects.create(
        kind="consultation", site=cast.site(), zone=cast.ZONE, room=room, clinician=doctor, patient=who,
        lanes=(0, doctor.lanes), starts_at=start, ends_at=start + timedelta(hours=1),
        room_free_at=start + timedelta(hours=1),
    )  # fmt: skip
    text("C")
    assert "your appointment is confirmed" in answers(provider)[0]
    assert InboundText.objects.get().outcome.startswith("They confirmed their visit on ")
    assert Entry.objects.get(what="confirm a visit by text").subject_id == str(visit.pk)
    assert "They confirmed their visit on" in texts_page(cast.receptionist())


def test_the_list_takes_as_many_queries_for_three_as_for_one(provider: Provider) -> None:
    desk = signed_in(cast.receptionist())

    def queries() -> int:
        desk.get(reverse("desk-texts"))
        with CaptureQueriesContext(connection) as found:
            page = desk.get(reverse("desk-texts")).content.decode()
        assert "Please call me" in page
        return len(found)

    texted(phone=PHONE)
    text("Please call me")
    one = queries()
    for n in (2, 3):
        texted(phone=f"+1213555017{n}")
        text("Please call me back", sid=f"SM{n}", phone=f"+1213555017{n}")
    assert queries() == one


@pytest.mark.parametrize(("reminded", "confirms"), [(True, True), (False, False)])
def test_c_means_the_visit_that_the_text_reminded_of_however_far_ahead(
    provider: Provider, reminded: bool, confirms: bool
) -> None:
    cast.visit_types()
    who, doctor, room = texted(phone=PHONE), cast.prescriber(), cast.room()
    start = now() + timedelta(days=13)
    visit = Appointment.objects.create(
        kind="consultation", site=cast.site(), zone=cast.ZONE, room=room, clinician=doctor, patient=who,
        lanes=(0, doctor.lanes), starts_at=start, ends_at=start + timedelta(hours=1),
        room_free_at=start + timedelta(hours=1),
    )  # fmt: skip
    if reminded:
        Message.objects.create(
            purpose="visit-reminder-336h", subject_type="scheduling.appointment", subject_id=visit.pk, channel="sms",
            recipient_type="patient", recipient_id=who.pk, due_at=now(), claimed_at=now() - timedelta(hours=20),
            status="sent", done_at=now(),
        )  # fmt: skip
    text("C")
    said = answers(provider)[0]
    assert ("your appointment is confirmed" in said) == confirms
    visit.refresh_from_db()
    assert visit.is_confirmed == confirms
