"""Signing asks for a confirmation that is real and recent: a log-in is none, an old one is none, another's is none."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from intake.models import Clearance, Intake
from pacificmind.accounts.models import Clinician
from pacificmind.audit.models import Entry
from pacificmind.clock import now
from tests import cast
from tests.intake.review import people
from tests.intake.review.test_review_page import filled, url

pytestmark = pytest.mark.django_db


@pytest.fixture
def doctor(client: Client) -> Clinician:
    made = cast.prescriber()
    client.force_login(made.user)
    return made


def intake() -> Intake:
    return people.answered(cast.patient())


def without_password(**values: Any) -> dict[str, Any]:
    sent = filled(**values)
    del sent["password"]
    return sent


def test_the_password_confirms_for_five_minutes(client: Client, doctor: Clinician) -> None:
    first, second, third = intake(), intake(), intake()
    at = now()
    with time_machine.travel(at, tick=False):
        assert client.post(url(first), filled()).status_code == 302
    with time_machine.travel(at + timedelta(minutes=5), tick=False):
        assert 'name="password"' not in client.get(url(second)).content.decode()
        assert client.post(url(second), without_password()).status_code == 302
    with time_machine.travel(at + timedelta(minutes=5, seconds=1), tick=False):
        page = client.post(url(third), without_password(words="These words stay"))
        assert "password" in page.context["form"].errors
        assert "These words stay" in page.content.decode()
    assert [row.signed_with for row in Clearance.objects.order_by("signed_at")] == ["password", "password"]
    assert Entry.objects.filter(what="sign-decision", changes__signed_with="password").count() == 2


@pytest.mark.parametrize(
    "record",
    [
        {"method": "password"},  # a log-in, not a confirmation
        {"method": "password", "reauthenticated": False},
        {"method": "password", "reauthenticated": True, "age": 301},
        {"method": "password", "reauthenticated": True, "age": -60},  # not from the future either
    ],
)
def test_what_is_no_recent_confirmation(client: Client, doctor: Clinician, record: dict[str, Any]) -> None:
    with time_machine.travel(now(), tick=False):
        _remember(client, str(doctor.user.pk), record)
        page = client.post(url(intake()), without_password())
    assert "password" in page.context["form"].errors
    assert not Clearance.objects.exists()


def test_a_second_factor_confirms_and_is_kept(client: Client, doctor: Clinician) -> None:
    with time_machine.travel(now(), tick=False):
        _remember(client, str(doctor.user.pk), {"method": "mfa", "type": "webauthn", "reauthenticated": True})
        assert client.post(url(intake()), without_password()).status_code == 302
    assert Clearance.objects.get().signed_with == "webauthn"


def test_anothers_confirmation_in_the_same_browser_does_not_count(client: Client, doctor: Clinician) -> None:
    with time_machine.travel(now(), tick=False):
        _remember(client, str(cast.prescriber().user.pk), {"method": "password", "reauthenticated": True})
        page = client.post(url(intake()), without_password())
    assert "password" in page.context["form"].errors


def test_a_wrong_password_confirms_nothing(client: Client, doctor: Clinician) -> None:
    one = intake()
    client.post(url(one), filled(password="wrong"))
    assert "password" in client.post(url(one), without_password()).context["form"].errors
    assert not Clearance.objects.exists()


def _remember(client: Client, user: str, record: dict[str, Any]) -> None:
    session = client.session
    age = record.pop("age", 10)
    session["account_authentication_methods"] = [{**record, "at": now().timestamp() - age}]
    session["account_authentication_methods_user"] = user
    session.save()


def test_what_was_found_meanwhile_is_read_before_it_is_signed(client: Client, doctor: Clinician) -> None:
    one = intake()
    mark = client.get(url(one)).context["page"].marks
    people.contraindicated(one)
    sent = filled(decision="more_information", words="Please tell us more.", found=mark)
    page = client.post(url(one), sent)
    assert "found or changed while you were reading" in str(page.context["form"].errors)
    assert not Clearance.objects.exists()
    assert "Aneurysmal vascular disease." in page.content.decode()
    assert client.post(url(one), {**sent, "found": page.context["form"]["found"].value()}).status_code == 302
