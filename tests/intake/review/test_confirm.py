"""Signing asks for a confirmation that is real and recent: a log-in is none, an old one is none, another's is none."""

import dataclasses
import uuid
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from intake.domain.decisions import BoosterAsked
from intake.models import BoosterOrder, Clearance, Intake, Lapse, VitalSigns
from intake.services.clearance import record_reevaluation, withdraw_clearance
from intake.services.guards import NotConfirmed
from intake.services.lapses import settle
from intake.services.measures import decide_start
from pacificmind.accounts import reauth
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


ACTS = ("sign", "withdraw", "settle", "re-evaluate", "let it start")


def act(what: str, doctor: Clinician, signed: reauth.Confirmed | None) -> object:
    """One of the signed acts, on rows of its own."""
    one = intake()
    if what == "sign":
        return people.sign(doctor, one, signed=signed)
    booster = BoosterAsked(until_on=people.until(), after_days=21)
    clearance = people.sign(doctor, one, booster=booster)
    if what == "withdraw":
        return withdraw_clearance(by=doctor.user, clearance=clearance, why="Blood pressure", signed=signed)
    if what == "settle":
        lapse = Lapse.objects.create(clearance=clearance, why="changed", rules=["D19"])
        return settle(by=doctor.user, lapse=lapse, why="It is fine.", signed=signed)
    if what == "re-evaluate":
        order = BoosterOrder.objects.get(clearance=clearance)
        return record_reevaluation(by=doctor.user, order=order, supports_booster=True, note="", signed=signed)
    readings = VitalSigns.objects.create(
        patient=one.patient,
        site=one.patient.site,
        visit_id=uuid.uuid4(),
        phase="before",
        systolic=190,
        diastolic=105,
        band="do_not_start",
        entered_by=doctor.user,
    )
    return decide_start(by=doctor.user, vitals=readings, start=True, reason="Labetalol given.", signed=signed)


@pytest.mark.parametrize("what", ACTS)
def test_no_signed_act_without_a_recent_confirmation_of_the_signers_own(doctor: Clinician, what: str) -> None:
    """The services refuse, whichever page or command asks; with one, each of them goes through."""
    old = reauth.of_this_moment(doctor.user, "password")
    old = dataclasses.replace(old, at=old.at - timedelta(minutes=6))
    ahead = dataclasses.replace(old, at=old.at + timedelta(hours=1))
    for signed in (None, old, ahead, cast.confirmed(cast.prescriber())):
        with pytest.raises(NotConfirmed):
            act(what, doctor, signed)
    assert act(what, doctor, cast.confirmed(doctor))


def test_every_page_of_a_signed_act_asks_for_the_password(client: Client, doctor: Clinician) -> None:
    clearance = people.sign(doctor, intake(), booster=BoosterAsked(until_on=people.until(), after_days=21))
    Lapse.objects.create(clearance=clearance, why="changed", rules=["D19"])
    order = BoosterOrder.objects.get()
    pages = {
        reverse("clearance-withdraw", args=[clearance.pk]): {"why": "Blood pressure"},
        reverse("booster-reevaluate", args=[order.pk]): {"supports_booster": "yes", "note": ""},
        reverse("patient-decision", args=[clearance.patient_id]): {"rules": "D19", "why": "It is fine."},
    }
    for address, values in pages.items():
        assert 'name="password"' in client.get(address).content.decode()
        for given in ({}, {"password": "wrong"}):
            page = client.post(address, {"request_id": str(uuid.uuid4()), **values, **given})
            assert "password" in page.context["form"].errors
    clearance.refresh_from_db()
    assert clearance.withdrawn_at is None
    assert not order.reevaluations.exists()
    assert Lapse.objects.get().settled_at is None
    _remember(client, str(doctor.user.pk), {"method": "password", "reauthenticated": True})
    for address, values in reversed(pages.items()):
        assert 'name="password"' not in client.get(address).content.decode()
        assert client.post(address, {"request_id": str(uuid.uuid4()), **values}).status_code == 302
    assert Entry.objects.filter(action="sign", changes__signed_with="password").count() == 4
