"""Texts from a number that no patient has: what is kept, what is answered, and who reads words of crisis."""

import threading
import uuid
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.urls import reverse

from intake.models import SafetyAlert
from pacificmind.clock import now
from pacificmind.messaging import inbound, services
from pacificmind.messaging.models import InboundText, Message
from pacificmind.tasks.models import Kind, Queue, Task
from pacificmind.tasks.services import open_task
from tests import cast
from tests.messaging.forbidden import forbidden_in
from tests.messaging.incoming import DARK, PHONE, answers, signed_in, text, texts_page
from tests.messaging.provider import Provider

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("provider")]


def test_a_number_nobody_has_is_not_answered_and_its_words_are_not_kept(provider: Provider) -> None:
    text("who is this? I feel ill", phone="+12135559999")
    row = InboundText.objects.get()
    assert (row.words, row.patient_id, row.outcome) == ("", None, "The number belongs to no patient.")
    assert answers(provider) == []
    assert not Task.objects.exists()


def test_a_number_nobody_has_gets_help_once_a_day_and_its_end_is_confirmed_once(provider: Provider) -> None:
    stranger = "+12135559999"
    for sid in ("SM1", "SM2"):
        text("HELP", sid=sid, phone=stranger)
    (said,) = answers(provider)
    assert "Questions: (213) 555-0142" in said
    InboundText.objects.update(at=now() - timedelta(hours=25))
    Message.objects.update(made_at=now() - timedelta(hours=25))
    text("ayuda", sid="SM3", phone=stranger)
    assert len(answers(provider)) == 1
    for sid in ("SM4", "SM5"):
        text("STOP", sid=sid, phone=stranger)
    (said,) = answers(provider)
    assert "no more texts" in said
    kept = InboundText.objects.filter(kind="stop")
    assert set(kept.values_list("outcome", flat=True)) == {"The number belongs to no patient, and gets no texts."}
    assert set(kept.values_list("words", "patient_id")) == {("", None)}
    text("START", sid="SM6", phone=stranger)
    assert answers(provider) == [], "nobody agreed to anything"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("AYUDA", "como maximo 3 por semana"),
        ("no quiero más mensajes", "no recibira mas mensajes"),
        ("Quiero morir, ya no puedo más", "llame o escriba al 988"),
        ("HELP", "at most 3 a week"),
        ("stop", "no more texts"),
    ],
)
def test_a_number_nobody_has_is_answered_in_the_language_it_writes(provider: Provider, words: str, says: str) -> None:
    text(words, phone="+12135559999")
    (said,) = answers(provider)
    assert says in said


def test_many_texts_of_crisis_from_one_number_are_one_task_about_the_newest(provider: Provider) -> None:
    stranger, doctor = "+12135559999", cast.clinician().user
    text(DARK, sid="SM1", phone=stranger)
    task = Task.objects.get(kind=Kind.TEXT_IN_CRISIS)
    old = InboundText.objects.get()
    for sid, words in (("SM2", f"{DARK} tonight"), ("SM3", f"{DARK} now")):
        text(words, sid=sid, phone=stranger)
    text(DARK, sid="SM4", phone="+12135558888")
    assert Task.objects.filter(kind=Kind.TEXT_IN_CRISIS).count() == 2, "another number is another task"
    newest = InboundText.objects.get(provider_reference="SM3")
    again = Task.objects.get(pk=task.pk)
    assert (again.subject_id, again.due_at, again.done_at) == (newest.pk, task.due_at, None)
    shown = texts_page(doctor)
    assert "3 texts from this number wait; this is the newest." in shown
    assert shown.count("I called") == 2
    page = signed_in(doctor).post(reverse("text-called", args=[old.pk]), {"request_id": str(uuid.uuid4())}, follow=True)
    assert "They wrote again since." in page.content.decode()
    assert not Task.objects.get(pk=task.pk).done_at
    signed_in(doctor).post(reverse("text-called", args=[newest.pk]), {"request_id": str(uuid.uuid4())})
    assert Task.objects.get(pk=task.pk).done_at
    text(f"{DARK} once more", sid="SM5", phone=stranger)
    assert Task.objects.filter(kind=Kind.TEXT_IN_CRISIS, done_at__isnull=True).count() == 2, "a new one after it"
    assert "texts from this number" not in texts_page(doctor)


def test_words_of_crisis_are_taken_in_where_each_text_had_a_task_before(provider: Provider) -> None:
    """As the version before left them: two open tasks about one number."""
    stranger = "+12135559999"
    text(DARK, sid="SM1", phone=stranger)
    task = Task.objects.get(kind=Kind.TEXT_IN_CRISIS)
    other = InboundText.objects.create(provider_reference="SM2", phone=stranger, kind="words", alarming=True)
    open_task(
        Kind.TEXT_IN_CRISIS, subject_type=task.subject_type, subject_id=other.pk, queue=Queue.CLINICIANS, due_at=now()
    )
    assert text(f"{DARK} now", sid="SM3", phone=stranger) == 200
    newest = InboundText.objects.get(provider_reference="SM3")
    left = Task.objects.get(kind=Kind.TEXT_IN_CRISIS, done_at__isnull=True)
    assert (left.pk, left.subject_id) == (task.pk, newest.pk)


@pytest.mark.parametrize(("alone", "many"), [(True, 1), (False, 2)])
def test_two_texts_at_once_from_a_stranger_get_one_answer(
    provider: Provider, monkeypatch: pytest.MonkeyPatch, alone: bool, many: int
) -> None:
    both, owe = threading.Barrier(2), services.owe_many

    def slowly(rows: Any) -> int:
        with suppress(threading.BrokenBarrierError):
            both.wait(1)  # between looking whether they were answered and answering
        return owe(rows)

    monkeypatch.setattr(inbound, "owe_many", slowly)
    if not alone:
        monkeypatch.setattr(inbound, "_one_at_a_time", lambda phone: None)

    def write(reference: str) -> None:
        inbound.receive(reference=reference, phone="+12135559999", text="HELP")
        connection.close()

    writers = [threading.Thread(target=write, args=[one]) for one in ("SM1", "SM2")]
    for one in writers:
        one.start()
    for one in writers:
        one.join()
    assert Message.objects.filter(purpose="text-help").count() == many


def test_words_of_crisis_from_a_number_nobody_has_are_read_and_answered_once_a_day(provider: Provider) -> None:
    stranger = "+12135559999"
    for sid in ("SM1", "SM2"):
        text(DARK, sid=sid, phone=stranger)
    (said,) = answers(provider)
    assert "call or text 988, in danger call 911" in said
    assert forbidden_in(said) == []
    tasks = Task.objects.filter(kind=Kind.TEXT_IN_CRISIS, queue="clinicians")
    assert tasks.count() == 1
    assert not SafetyAlert.objects.exists()
    assert DARK not in texts_page(cast.receptionist())
    doctor = cast.clinician(cast.other_site()).user
    shown = texts_page(doctor)
    assert DARK in shown
    assert "A number of nobody we know" in shown
    row = InboundText.objects.order_by("at").last()
    assert row is not None
    told = {"request_id": str(uuid.uuid4())}
    assert signed_in(cast.receptionist()).post(reverse("text-called", args=[row.pk]), told).status_code == 404
    signed_in(doctor).post(reverse("text-called", args=[row.pk]), told)
    assert tasks.filter(done_at__isnull=False).get().done_by == doctor
    InboundText.objects.update(at=now() - timedelta(hours=25))
    Message.objects.update(made_at=now() - timedelta(hours=25))
    text(DARK, sid="SM3", phone=stranger)
    assert len(answers(provider)) == 1, "the next day it is said again"


def test_words_of_crisis_from_the_number_of_somebody_who_died_are_a_task(provider: Provider) -> None:
    cast.patient(phone=PHONE, status="closed", closed_why="died")
    text(DARK)
    assert not SafetyAlert.objects.exists()
    assert Task.objects.filter(kind=Kind.TEXT_IN_CRISIS, site_id="la").count() == 1
    assert "988" in answers(provider)[0]
