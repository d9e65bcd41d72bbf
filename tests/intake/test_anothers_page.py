"""A page of one account sent while another one is signed in: nothing is stored, and danger reaches a person."""

from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.urls import reverse

from intake.models import Answer, AsqAnswer, Patient, SafetyAlert
from intake.queries.board import HEARD
from intake.views.typed import whose
from pacificmind.messaging.models import Message
from pacificmind.tasks.models import Kind, Task
from tests import cast
from tests.intake.test_item9 import UNTOLD, owner

ITEM9, ASQ = reverse("intake-item9"), reverse("intake-asq")
PART = reverse("intake-section", args=["reason"])


@pytest.fixture
def ana(db: None) -> Patient:
    return cast.patient(account=True)


@pytest.fixture
def ben(db: None) -> Patient:
    return cast.patient(account=True, given_name="Ben")


@pytest.fixture
def bens(ben: Patient) -> Client:
    """The browser, in which Ben is signed in while a page of Ana's is still open."""
    client = Client(raise_request_exception=False)
    assert ben.user
    client.force_login(ben.user)
    return client


def heard() -> list[tuple[Any, ...]]:
    return sorted((one.patient.given_name, one.tier, one.trigger, one.value) for one in SafetyAlert.objects.all())


@pytest.mark.parametrize(
    ("address", "fields", "tier", "words"),
    [
        (ITEM9, {"phq9-9": "1"}, "URGENT-1", "better off dead or of hurting yourself in some way: Several days (1)"),
        (ITEM9, {"phq9-9": "3"}, "URGENT-1", "Nearly every day (3)"),
        (ASQ, {"number": "2", "answer": "Y"}, "URGENT-2", "better off if you were dead? Yes."),
        (ASQ, {"number": "5", "answer": "Y", "words": "pills"}, "URGENT-2", "right now? Yes. pills"),
        (PART, {"reason-words": "I want to die", "do": "on"}, "URGENT-1", "I want to die"),
    ],
)
def test_danger_is_an_alert_for_each_of_the_two_and_an_answer_of_neither(
    ana: Patient, ben: Patient, bens: Client, address: str, fields: dict[str, str], tier: str, words: str
) -> None:
    cast.on_call(cast.prescriber())
    page = bens.post(address, {**fields, "whose": whose(ana)})
    assert page.status_code == 409
    assert heard() == [
        ("Ana", tier, "words", "page left open"),
        ("Ben", tier, "words", "another page"),
    ]
    assert all(one.words.endswith(words) and one.value in HEARD for one in SafetyAlert.objects.all())
    assert Task.objects.filter(kind=Kind.SAFETY_ALERT, done_at=None).count() == 2
    assert Message.objects.filter(purpose="safety-page").count() >= 2
    assert not Answer.objects.exists()
    assert not AsqAnswer.objects.exists()
    text = page.content.decode()
    assert "on the clinicians' board" in text
    assert text.count("tel:988") >= 2
    assert UNTOLD not in text
    assert "Ana" not in text
    bens.post(address, {**fields, "whose": whose(ana)})
    assert SafetyAlert.objects.count() == 2, "sent twice, told once"


def test_whoever_is_signed_in_meets_the_page_with_help_next(ana: Patient, bens: Client) -> None:
    bens.post(ITEM9, {"phq9-9": "1", "whose": whose(ana)})
    assert bens.get(reverse("intake-home"))["Location"] == reverse("intake-crisis")


def test_saved_while_typing_too(ana: Patient, bens: Client) -> None:
    told = bens.post(
        reverse("intake-autosave", args=["reason"]), {"reason-words": "I want to die", "whose": whose(ana)}
    )
    assert (told.status_code, told.json()["help"]) == (200, reverse("intake-crisis"))
    assert len(heard()) == 2


@pytest.mark.parametrize(
    ("address", "fields"),
    [
        (ITEM9, {"phq9-9": "0"}),
        (ITEM9, {"phq9-9": "7"}),
        (ASQ, {"number": "5", "answer": "N"}),
        (PART, {"reason-words": "Better than last month", "do": "on"}),
    ],
)
def test_what_needs_nobody_is_told_nobody(ana: Patient, bens: Client, address: str, fields: dict[str, str]) -> None:
    page = bens.post(address, {**fields, "whose": whose(ana)})
    assert page.status_code == 409
    assert "Nothing was saved" in page.content.decode()
    assert not SafetyAlert.objects.exists()
    assert not Answer.objects.exists()


@pytest.mark.parametrize("mark", ["", "none", "00" * 16 + ":forged"])
def test_a_page_without_our_mark_is_about_who_is_signed_in(bens: Client, mark: str) -> None:
    bens.post(ASQ, {"number": "5", "answer": "Y", "whose": mark})
    assert heard() == [("Ben", "URGENT-2", "words", "another page")]


def test_nothing_is_raised_about_who_died(ana: Patient, bens: Client) -> None:
    Patient.objects.filter(pk=ana.pk).update(status="closed", closed_why=Patient.Closed.DIED)
    bens.post(ITEM9, {"phq9-9": "1", "whose": whose(ana)})
    assert [who for who, *_ in heard()] == ["Ben"]


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
@pytest.mark.parametrize(("address", "fields"), [(ITEM9, {"phq9-9": "2"}), (ASQ, {"number": "5", "answer": "Y"})])
def test_where_it_cannot_be_told_the_page_says_so(
    ana: Patient, bens: Client, address: str, fields: dict[str, str]
) -> None:
    with owner("ALTER TABLE intake_safetyalert RENAME TO gone", undo="ALTER TABLE gone RENAME TO intake_safetyalert"):
        text = bens.post(address, {**fields, "whose": whose(ana)}).content.decode()
    connections["owner"].close()
    assert UNTOLD in text
    assert "board" not in text
    assert "tel:988" in text
    assert not SafetyAlert.objects.exists()
