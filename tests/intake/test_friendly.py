"""Friendly notes after an alert: once a person closed it, on the clinic's days, until something speaks against it."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import transaction
from django.test import Client
from django.urls import reverse

from intake.messages import friendly_note
from intake.models import ContactConsent, Patient, SafetyAlert
from intake.services.alerts import Documented, acknowledge, close_alert, end_contacts
from intake.services.friendly import NO_MORE, calls
from intake.services.safety import raise_alert
from intake.tasks import friendly_calls
from pacificmind.accounts.models import Clinician
from pacificmind.clinic.models import ClinicSettings
from pacificmind.clock import now
from pacificmind.messaging import delivery, topics
from pacificmind.messaging.kinds import FRIENDLY
from pacificmind.messaging.models import Message
from pacificmind.messaging.registry import Void, Words
from pacificmind.tasks.models import Kind, Task
from tests import cast
from tests.messaging.forbidden import forbidden_in

pytestmark = pytest.mark.django_db
LA = ZoneInfo("America/Los_Angeles")
START = datetime(2027, 3, 9, 15, 0, tzinfo=LA)  # the clocks go forward five days later


@pytest.fixture(autouse=True)
def clock() -> Iterator[Any]:
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


@pytest.fixture
def ana() -> Patient:
    return cast.patient(account=True)


@pytest.fixture
def doctor(ana: Patient) -> Clinician:
    return cast.prescriber()


def raised(who: Patient) -> SafetyAlert:
    with transaction.atomic():
        return raise_alert(patient=who, tier="URGENT-1", trigger="phq9-item9", value="1", by=who.user)


def closed(who: Patient, by: Clinician) -> SafetyAlert:
    alert = raised(who)
    acknowledge(by=by.user, alert=alert)
    written = Documented(
        tool="C-SSRS", level="low", plan="Talked", safety_plan="paper", disposition="Home",
        follow_up_on=now().astimezone(LA).date() + timedelta(days=1),
    )  # fmt: skip
    close_alert(by=by.user, alert=alert, documented=written)
    return alert


def notes(state: str = "owed") -> list[Message]:
    return list(Message.objects.filter(purpose="friendly-note", status=state).order_by("due_at"))


def open_calls() -> int:
    return Task.objects.filter(kind=Kind.FRIENDLY_CALL, done_at=None).count()


def said(note: Message) -> Words | Void:
    return friendly_note(note)


def test_none_before_a_person_has_closed_the_alert_then_on_the_clinics_days(ana: Patient, doctor: Clinician) -> None:
    raised(ana)
    assert notes() == []
    SafetyAlert.objects.all()
    closed(cast.patient(account=True), doctor)
    local = [note.due_at.astimezone(LA) for note in notes()]
    assert [at.date() for at in local] == [date(2027, 3, 16), date(2027, 4, 8), date(2027, 5, 8), date(2027, 6, 7)]
    assert {(at.hour, at.minute) for at in local} == {(10, 0)}, "a decent hour, on either side of the change of clocks"


def test_it_is_neutral_and_asks_for_nothing(ana: Patient, doctor: Clinician, clock: Any, mailoutbox: Any) -> None:
    closed(ana, doctor)
    clock.move_to(notes()[0].due_at)
    delivery.run()
    mail = next(one for one in mailoutbox if "hello" in one.subject)
    text = f"{mail.subject}\n{mail.body}"
    assert forbidden_in(text) == []
    assert "You need not answer or do anything" in text
    assert "988" in text
    assert "Stop them here" in text, "there is a way out in each"
    assert len(notes("sent")) == 1
    assert calls() == 0, "who was written to is not called as well"


@pytest.mark.parametrize("what", ["closed record", "died", "open alert", "clinician", "own wish", "late"])
def test_what_ends_them(ana: Patient, doctor: Clinician, clock: Any, what: str) -> None:
    alert = closed(ana, doctor)
    first = notes()[0]
    clock.move_to(first.due_at)
    assert isinstance(said(first), Words)
    if what in ("closed record", "died"):
        Patient.objects.filter(pk=ana.pk).update(status="closed", closed_why="died" if what == "died" else "moved")
    elif what == "open alert":
        raised(ana)
    elif what == "clinician":
        end_contacts(by=doctor.user, alert=alert)
        assert notes() == []
        end_contacts(by=doctor.user, alert=alert)
    elif what == "own wish":
        with transaction.atomic():
            topics.keep(ana.pk, {FRIENDLY: False}, by=ana.user, source="test", address=None)
        assert notes() == []
    else:
        clock.shift(timedelta(days=4))
    answer = said(first)
    assert isinstance(answer, Void)
    assert "alert" not in answer.why, "the front desk reads it"
    assert what == "late" or answer.why == NO_MORE
    ContactConsent.objects.create(patient=ana, channel="email", given=False, wording="no", source="test")
    assert friendly_calls() == 0


def test_a_newer_alert_begins_them_anew(ana: Patient, doctor: Clinician, clock: Any) -> None:
    first = closed(ana, doctor)
    clock.shift(timedelta(days=2))
    second = closed(ana, doctor)
    assert {note.subject_id for note in notes()} == {second.pk}
    assert {note.subject_id for note in notes("void")} == {first.pk}


def test_whoever_no_mail_reaches_is_called_once_a_day_that_is_due(ana: Patient, doctor: Clinician, clock: Any) -> None:
    alert = closed(ana, doctor)
    ContactConsent.objects.create(patient=ana, channel="email", given=False, wording="no", source="test")
    assert calls() == 0, "not before its day"
    clock.move_to(datetime(2027, 3, 16, 17, 5, tzinfo=UTC))
    assert (calls(), calls()) == (1, 0)
    task = Task.objects.get(kind=Kind.FRIENDLY_CALL)
    assert (task.queue, task.subject_id, task.site_id) == ("clinicians", alert.pk, "la")
    Task.objects.update(done_at=now(), done_by=doctor.user)
    assert calls() == 0
    clock.move_to(datetime(2027, 4, 8, 17, 5, tzinfo=UTC))
    assert calls() == 1
    raised(ana)
    assert calls() == 0
    assert open_calls() == 0, "a new alert comes first"


def test_a_call_that_nobody_made_over_a_weekend_stays_open(ana: Patient, doctor: Clinician, clock: Any) -> None:
    ClinicSettings.objects.update_or_create(id=1, defaults={"friendly_by": "call", "friendly_days": [3]})
    closed(ana, doctor)
    clock.move_to(datetime(2027, 3, 12, 18, 5, tzinfo=UTC))  # Friday, 10:05
    assert (calls(), open_calls()) == (1, 1)
    clock.move_to(datetime(2027, 3, 15, 18, 5, tzinfo=UTC))  # Monday, 11:05
    assert (calls(), open_calls()) == (0, 1)


def test_a_clinic_that_calls_sends_no_note_and_none_at_all_where_no_day_is_set(
    ana: Patient, doctor: Clinician, clock: Any
) -> None:
    ClinicSettings.objects.update_or_create(id=1, defaults={"friendly_by": "call", "friendly_days": [2]})
    closed(ana, doctor)
    assert notes() == []
    clock.shift(timedelta(days=2))
    assert calls() == 1
    ClinicSettings.objects.update_or_create(id=1, defaults={"friendly_by": "message", "friendly_days": []})
    closed(cast.patient(account=True), doctor)
    assert notes() == []


def test_a_clinician_sees_and_ends_them_on_the_alerts_page(ana: Patient, doctor: Clinician) -> None:
    alert = closed(ana, doctor)
    client = Client()
    client.force_login(doctor.user)
    address = reverse("safety-alert", args=[alert.pk])
    page = client.get(address).content.decode()
    assert "Friendly notes" in page
    assert "March 16" in page
    client.post(reverse("safety-contacts-end", args=[alert.pk]))
    page = client.get(address).content.decode()
    assert "A clinician has ended them" in page
    assert "No more friendly messages" in page


def test_the_desk_does_not_read_why_somebody_gets_a_note(ana: Patient, doctor: Clinician) -> None:
    closed(ana, doctor)
    client = Client()
    client.force_login(cast.receptionist())
    page = client.get(reverse("desk-ledger"), {"status": "owed"}).content.decode()
    assert "A friendly note" in page
    assert "helped" not in page
