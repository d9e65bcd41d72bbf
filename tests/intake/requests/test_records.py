"""Records: opened by patients, claimed with an invitation, how they are written to."""

import hashlib
import re
from datetime import date, timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.test import Client, override_settings

from intake.domain.people import RecordRefused
from intake.models import ConsultationRequest, ContactConsent, Patient
from intake.recipients import claim, patient_address, received
from intake.services.own_record import About, Channels, TooYoung, age_on, change_contact, open_record
from intake.services.requests import (
    Asked,
    claim_record,
    invitation_of,
    invite_patient,
    submit_request,
    tokens_of,
)
from pacificmind.accounts.models import Invitation, User
from pacificmind.audit.models import Entry
from pacificmind.clock import now, today
from pacificmind.messaging.compose import mail
from pacificmind.messaging.models import Message
from pacificmind.messaging.registry import Void, Words, address_of, names_of
from tests import cast

pytestmark = pytest.mark.django_db(transaction=True)
BOTH = Channels(email=True, sms=True, address="192.0.2.7")
FORBIDDEN = re.compile(r"ketamin|depress|infusion|psychiatr|ptsd|trauma|suicid|booster|treatment", re.IGNORECASE)


@pytest.fixture(autouse=True)
def _fresh() -> None:
    cast.site()
    cache.clear()


def about(**other: Any) -> About:
    told: dict[str, Any] = {
        "given_name": "Ana",
        "family_name": "Reyes",
        "birth_on": date(1985, 4, 12),
        "phone": "+12135550123",
        "site_id": "la",
        **other,
    }
    return About(**told)


def signed_up(email: str = "ana@example.com", *, verified: bool = True) -> User:
    user = cast.user("patient", email=email)
    EmailAddress.objects.create(user=user, email=email, verified=verified, primary=True)
    return user


def asked(**other: Any) -> ConsultationRequest:
    told: dict[str, Any] = {
        "site_id": "la",
        "given_name": "Ana",
        "family_name": "Reyes",
        "email": "Ana@example.com",
        **other,
    }
    return submit_request(by=None, asked=Asked(**told))


def rendered(message: Message, words: Words) -> str:
    address = address_of(message.recipient_type, message.recipient_id)
    assert address is not None
    made = mail(message, words, address)
    return f"{made.subject}\n{made.body}\n{made.alternatives[0][0]!s}"


def test_a_record_is_opened_with_the_exact_words_that_were_agreed_to() -> None:
    user = signed_up()
    patient = open_record(by=user, about=about(), channels=BOTH)
    assert (patient.user, patient.email) == (user, "ana@example.com")
    sms = ContactConsent.objects.get(patient=patient, channel="sms")
    assert sms.given
    assert "Reply STOP" in sms.wording
    assert sms.address == "192.0.2.7"
    assert Entry.objects.filter(patient_id=patient.pk, action="create").exists()


def test_opened_twice_it_is_one_record() -> None:
    user = signed_up()
    first = open_record(by=user, about=about(), channels=BOTH)
    assert open_record(by=user, about=about(given_name="Other"), channels=BOTH) == first
    assert Patient.objects.get().given_name == "Ana"


@pytest.mark.parametrize(
    ("born", "day", "age"),
    [
        (date(2008, 3, 9), date(2026, 3, 8), 17),
        (date(2008, 3, 9), date(2026, 3, 9), 18),
        (date(2008, 2, 29), date(2026, 2, 28), 17),
        (date(2008, 2, 29), date(2026, 3, 1), 18),
    ],
)
def test_age(born: date, day: date, age: int) -> None:
    assert age_on(born, day) == age


def test_under_18_no_record_is_made() -> None:
    born = today(cast.ZONE).replace(day=1) - timedelta(days=17 * 366)
    with pytest.raises(TooYoung):
        open_record(by=signed_up(), about=about(birth_on=born), channels=BOTH)
    assert not Patient.objects.exists()
    assert not ContactConsent.objects.exists()


def test_the_request_from_the_same_verified_address_is_joined() -> None:
    row = asked(birth_on=date(1985, 4, 12))
    patient = open_record(by=signed_up(), about=about(), channels=BOTH)
    row.refresh_from_db()
    assert row.patient == patient


@pytest.mark.parametrize(
    ("request_of", "verified"),
    [
        ({}, False),
        ({"birth_on": date(1990, 1, 1)}, True),
        ({"given_name": "Bob", "family_name": "Cole"}, True),
        ({"email": "other@example.com"}, True),
    ],
)
def test_a_request_that_may_be_somebody_elses_is_not_joined(request_of: dict[str, Any], verified: bool) -> None:
    row = asked(**request_of)
    open_record(by=signed_up(verified=verified), about=about(), channels=BOTH)
    row.refresh_from_db()
    assert row.patient is None


def test_a_record_of_the_desk_is_never_taken_by_name_and_birth_date() -> None:
    desk = cast.patient(given_name="Ana", family_name="Reyes", birth_on=date(1985, 4, 12), email="ana@example.com")
    mine = open_record(by=signed_up(), about=about(), channels=BOTH)
    assert mine != desk
    desk.refresh_from_db()
    assert desk.user is None


# Claiming


@pytest.fixture
def desk() -> User:
    return cast.receptionist()


@pytest.fixture
def entered() -> Patient:
    return cast.patient(email="ben@example.com", birth_on=date(1970, 1, 31))


def token_of(patient: Patient, desk: User) -> str:
    return tokens_of(invite_patient(by=desk, patient_id=patient.pk).pk)[0]


def test_the_token_is_in_the_mail_alone(desk: User, entered: Patient) -> None:
    invitation = invite_patient(by=desk, patient_id=entered.pk)
    token = tokens_of(invitation.pk)[0]
    assert len(token) == 43  # 256 bits in base 64
    assert invitation.token_hash == hashlib.sha256(token.encode()).hexdigest()
    message = Message.objects.get(purpose="claim-invitation")
    assert token not in str(vars(message)) + str(vars(invitation))
    words = claim(message)
    assert isinstance(words, Words)
    assert f"/claim/{token}/" in rendered(message, words)


def test_mails_name_no_treatment(desk: User, entered: Patient) -> None:
    invite_patient(by=desk, patient_id=entered.pk)
    asked(reason="ketamine for my depression")
    for message in Message.objects.all():
        words = {"claim-invitation": claim, "request-received": received}[message.purpose](message)
        assert isinstance(words, Words)
        assert not FORBIDDEN.search(rendered(message, words))


def test_the_record_is_claimed_once_with_the_right_birth_date(desk: User, entered: Patient) -> None:
    token, user = token_of(entered, desk), signed_up("ben@example.com")
    assert claim_record(by=user, token=token, birth_on=date(1970, 1, 31)).user == user
    assert invitation_of(token) is None
    assert claim_record(by=user, token=token, birth_on=date(1970, 1, 31)).pk == entered.pk  # a reload
    with pytest.raises(RecordRefused, match="does not work"):
        claim_record(by=signed_up("eve@example.com"), token=token, birth_on=date(1970, 1, 31))


def test_a_wrong_birth_date_connects_nothing(desk: User, entered: Patient) -> None:
    token = token_of(entered, desk)
    with pytest.raises(RecordRefused, match="date of birth"):
        claim_record(by=signed_up(), token=token, birth_on=date(1970, 1, 30))
    entered.refresh_from_db()
    assert entered.user is None
    assert invitation_of(token) is not None


def test_an_old_or_replaced_invitation_opens_nothing(desk: User, entered: Patient) -> None:
    first = token_of(entered, desk)
    second = token_of(entered, desk)
    assert invitation_of(first) is None
    assert Message.objects.filter(purpose="claim-invitation", status="void").count() == 1
    Invitation.objects.filter(used_at__isnull=True).update(made_at=now() - timedelta(days=30), expires_at=now())
    assert invitation_of(second) is None
    with pytest.raises(RecordRefused):
        claim_record(by=signed_up(), token=second, birth_on=date(1970, 1, 31))
    message = Message.objects.get(purpose="claim-invitation", status="owed")
    assert isinstance(claim(message), Void)


def test_with_a_new_key_the_mail_is_not_sent_with_a_dead_link(desk: User, entered: Patient) -> None:
    invite_patient(by=desk, patient_id=entered.pk)
    message = Message.objects.get()
    with override_settings(SECRET_KEY="another-key-of-some-length", SECRET_KEY_FALLBACKS=[]):
        assert isinstance(claim(message), Void)


def test_another_sites_desk_cannot_invite(entered: Patient) -> None:
    with pytest.raises(PermissionDenied):
        invite_patient(by=cast.receptionist(cast.other_site()), patient_id=entered.pk)


@pytest.mark.parametrize("lacking", [{"email": ""}, {"birth_on": None}])
def test_without_address_or_birth_date_nobody_is_invited(desk: User, lacking: dict[str, Any]) -> None:
    with pytest.raises(RecordRefused):
        invite_patient(by=desk, patient_id=cast.patient(**lacking).pk)
    assert not Invitation.objects.exists()


def test_the_page_asks_to_sign_in_comes_back_and_claims_by_post(desk: User, entered: Patient) -> None:
    token, user, client = token_of(entered, desk), signed_up("ben@example.com"), Client()
    assert "sign in" in client.get(f"/claim/{token}/").content.decode()
    assert token not in str(dict(client.session))
    client.post("/accounts/login/", {"login": user.email, "password": cast.PASSWORD})
    assert client.get("/start/")["Location"] == "/claim/"
    assert client.get("/claim/")["Location"] == f"/claim/{token}/"
    assert "date of birth" in client.get(f"/claim/{token}/").content.decode()
    entered.refresh_from_db()
    assert entered.user is None  # a GET claims nothing
    assert client.post(f"/claim/{token}/", {"birth_on": "1970-01-31"})["Location"] == "/home/"
    entered.refresh_from_db()
    assert entered.user == user


def test_guessing_the_birth_date_is_slowed(desk: User, entered: Patient) -> None:
    token, client = token_of(entered, desk), Client()
    client.force_login(signed_up())
    for day in range(1, 6):
        client.post(f"/claim/{token}/", {"birth_on": f"1970-01-0{day}"})
    page = client.post(f"/claim/{token}/", {"birth_on": "1970-01-31"}).content.decode()
    assert "wait an hour" in page
    entered.refresh_from_db()
    assert entered.user is None


def test_an_unknown_token_is_said_kindly(client: Client) -> None:
    response = client.get("/claim/nonsense/")
    assert response.status_code == 404
    assert "no longer works" in response.content.decode()


# How they are written to


def test_who_says_no_to_email_gets_none_and_what_was_owed_is_void() -> None:
    user = signed_up()
    patient = open_record(by=user, about=about(), channels=Channels(email=True, sms=False))
    Message.objects.create(
        purpose="x", subject_type="t", subject_id=patient.pk, recipient_type="patient", recipient_id=patient.pk,
        channel="email", due_at=now(),
    )  # fmt: skip
    change_contact(by=user, phone="+12135550199", language="es", channels=Channels(email=False, sms=False))
    address = patient_address(patient.pk)
    assert address is not None
    assert (address.may_email, address.may_sms, address.language, address.phone) == (False, False, "es", "+12135550199")
    assert Message.objects.get().status == "void"
    assert list(ContactConsent.objects.filter(channel="email").order_by("id").values_list("given", flat=True)) == [
        True,
        False,
    ]


def test_saving_what_stands_adds_no_consent() -> None:
    user = signed_up()
    open_record(by=user, about=about(), channels=BOTH)
    change_contact(by=user, phone="+12135550123", language="en", channels=BOTH)
    assert ContactConsent.objects.count() == 2


def test_mail_goes_to_the_address_they_sign_in_with_now() -> None:
    user = signed_up()
    patient = open_record(by=user, about=about(preferred_name="Anita"), channels=BOTH)
    user.email = "new@example.com"
    user.save()
    address = patient_address(patient.pk)
    assert address is not None
    assert (address.email, address.name) == ("new@example.com", "Anita")
    assert names_of("patient", [patient.pk]) == {patient.pk: "Ana Reyes"}
