"""Consents: what is signed is exactly what was shown."""

import hashlib
import html
import re
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from intake.consents import blocks, documents, statements
from intake.models import Consent, ConsentDocument, Patient
from intake.queries.consents import current_consent
from intake.queries.standing import consent_signed
from intake.services import consents as signing
from pacificmind.audit.models import Entry
from pacificmind.clock import now
from tests import cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana() -> Patient:
    call_command("publish_consents", verbosity=0)
    return cast.patient(account=True)


@pytest.fixture
def web(ana: Patient) -> Client:
    client = Client(headers={"User-Agent": "Test/1 " + "x" * 400})
    assert ana.user
    client.force_login(ana.user)
    return client


def filled(words: str, **other: str) -> dict[str, str]:
    hidden = dict(re.findall(r'name="(sha256|request_id)" value="([^"]+)"', words))
    boxes = re.findall(r'name="(agree-\d+)"', words)
    return {**hidden, **dict.fromkeys(boxes, "on"), "typed_name": "Ana Reyes", **other}


def sign(web: Client, kind: str = "treatment", **other: str) -> Any:
    url = reverse("consent", args=[kind])
    return web.post(url, filled(web.get(url).content.decode(), **other))


def newer(kind: str = "treatment") -> ConsentDocument:
    text = "# New\nNew words.\n[ ] I agree to the new words.\n"
    return ConsentDocument.objects.create(
        kind=kind, version=2, title="New", text=text, sha256=hashlib.sha256(text.encode()).hexdigest()
    )


def test_every_kind_is_shipped_and_names_what_it_must() -> None:
    found = {document.kind: document for document in documents()}
    assert set(found) == set(ConsentDocument.Kind.values)
    text = found["treatment"].text
    for needed in ("off-label", "not approved", "PTSD", "uncertain", "bladder", "next day, after a night's sleep",
                   "988", "911", "Costs", "Other ways", "on paper"):  # fmt: skip
        assert needed in text
    assert all(statements(document.text) for document in found.values())


def test_publishing_again_changes_nothing_and_a_changed_text_is_refused(ana: Patient) -> None:
    before = list(ConsentDocument.objects.values_list("kind", "version", "sha256"))
    call_command("publish_consents", verbosity=0)
    assert list(ConsentDocument.objects.values_list("kind", "version", "sha256")) == before
    row = ConsentDocument.objects.get(kind="treatment")
    assert row.sha256 == hashlib.sha256(row.text.encode()).hexdigest()


def test_a_text_that_was_changed_is_refused() -> None:
    ConsentDocument.objects.create(kind="treatment", version=1, title="Treatment", text="x", sha256="0" * 64)
    with pytest.raises(CommandError, match="next version"):
        call_command("publish_consents", verbosity=0)


@pytest.mark.parametrize("change", [{"text": "other words"}, {"sha256": "1" * 64}, {"version": 9}])
def test_the_database_refuses_to_change_or_remove_a_document(ana: Patient, change: dict[str, Any]) -> None:
    rows = ConsentDocument.objects.filter(kind="treatment")
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        rows.update(**change)
    with pytest.raises(IntegrityError, match="never removed"), transaction.atomic():
        rows.delete()


def test_the_database_lets_a_signature_be_taken_back_and_nothing_else_of_it_change(ana: Patient) -> None:
    signature = Consent.objects.filter(pk=cast.consented(ana).consent_set.get().pk)
    assert signature.update(withdrawn_at=now(), withdrawn_by=ana.user, withdrawn_why="no more") == 1
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        signature.update(typed_name="Somebody Else")


def test_the_page_shows_every_word_of_the_document(ana: Patient, web: Client) -> None:
    document = ConsentDocument.objects.get(kind="treatment")
    words = html.unescape(web.get(reverse("consent", args=["treatment"])).content.decode())
    assert all(line in words for block in blocks(document.text) for line in block.lines)


def test_a_signature_keeps_all_that_the_law_asks_for(ana: Patient, web: Client) -> None:
    response = sign(web)
    consent = Consent.objects.get()
    document = ConsentDocument.objects.get(kind="treatment")
    assert response.url == reverse("consent-signed", args=[consent.pk])
    assert (consent.patient, consent.document, consent.sha256) == (ana, document, document.sha256)
    assert consent.agreed == list(statements(document.text))
    assert (consent.typed_name, consent.zone, consent.signed_by) == ("Ana Reyes", ana.site.zone, ana.user)
    assert (consent.address, len(consent.user_agent)) == ("127.0.0.1", 300)
    assert Entry.objects.filter(action="sign", patient_id=ana.pk).count() == 1
    assert current_consent(ana.pk, "treatment") == consent
    assert consent_signed(ana.pk)
    assert consent.sha256 in web.get(response.url).content.decode()


def test_a_double_click_signs_once(ana: Patient, web: Client) -> None:
    url = reverse("consent", args=["treatment"])
    data = filled(web.get(url).content.decode())
    assert web.post(url, data)["Location"] == web.post(url, data)["Location"]
    assert Consent.objects.count() == 1
    assert sign_again(web, url, data).url == web.get(url)["Location"]
    assert Consent.objects.count() == 1


def sign_again(web: Client, url: str, data: dict[str, str]) -> Any:
    return web.post(url, {**data, "request_id": "0b5e1e9c-6d2f-4f7e-9a59-3f0b6f1d2c3a"})


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ({"agree-1": ""}, "Please tick this"),
        ({"typed_name": "  "}, "Please fill this in"),
        ({"typed_name": "x" * 10_000}, "160 characters or fewer"),
        ({"typed_name": "A\x00na"}, "unreadable characters"),
        ({"sha256": "0" * 64}, "changed while you were reading"),
        ({"request_id": "no"}, "incomplete"),
    ],
)
def test_what_is_missing_is_said_and_nothing_is_signed(
    ana: Patient, web: Client, other: dict[str, str], says: str
) -> None:
    assert says in sign(web, **other).content.decode()
    assert not Consent.objects.exists()


def test_a_text_that_changed_meanwhile_is_not_signed_and_is_shown_anew(ana: Patient, web: Client) -> None:
    url = reverse("consent", args=["treatment"])
    data = filled(web.get(url).content.decode())
    newest = newer()
    words = web.post(url, data).content.decode()
    assert "changed while you were reading" in words
    assert "New words." in words
    assert newest.sha256 in words
    assert not Consent.objects.exists()


def test_a_new_version_asks_for_a_new_signature(ana: Patient, web: Client) -> None:
    sign(web)
    newer()
    assert current_consent(ana.pk, "treatment") is None
    assert "New version to sign" in web.get(reverse("consents")).content.decode()
    sign(web)
    assert Consent.objects.count() == 2
    assert consent_signed(ana.pk)


def test_withdrawing_asks_once_keeps_the_copy_and_can_be_undone(ana: Patient, web: Client) -> None:
    sign(web)
    consent = Consent.objects.get()
    url = reverse("consent-withdraw", args=[consent.pk])
    assert "no further treatment visit" in web.get(url).content.decode()
    assert Consent.objects.filter(withdrawn_at__isnull=True).exists()
    web.post(url)
    first = Consent.objects.get().withdrawn_at
    web.post(url)
    assert Consent.objects.get().withdrawn_at == first
    assert current_consent(ana.pk, "treatment") is None
    assert "Withdrawn" in web.get(reverse("consent-signed", args=[consent.pk])).content.decode()
    assert Entry.objects.filter(what="withdraw-consent", patient_id=ana.pk).count() == 1
    sign(web)
    assert consent_signed(ana.pk)


def test_anothers_copy_does_not_exist(ana: Patient, web: Client) -> None:
    other = cast.consented(cast.patient(account=True))
    foreign = Consent.objects.get(patient=other)
    for name in ("consent-signed", "consent-withdraw"):
        assert web.get(reverse(name, args=[foreign.pk])).status_code == 404
        assert web.post(reverse(name, args=[foreign.pk])).status_code in (404, 405)
    assert web.get(reverse("consent", args=["no-such-kind"])).status_code == 404
    assert Consent.objects.get(pk=foreign.pk).withdrawn_at is None


def test_nobody_signs_for_another(ana: Patient) -> None:
    document = ConsentDocument.objects.get(kind="treatment")
    with pytest.raises(PermissionDenied):
        signing.sign_consent(
            by=cast.prescriber().user, patient=ana, kind="treatment", sha256=document.sha256, typed_name="Ana",
            agreed=statements(document.text), address=None, user_agent="",
        )  # fmt: skip


def test_the_list_asks_the_same_for_one_signature_and_for_three(
    ana: Patient, web: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    sign(web)
    with django_assert_max_num_queries(14):
        web.get(reverse("consents"))
    sign(web, "telehealth")
    sign(web, "privacy")
    with django_assert_max_num_queries(14):
        assert "All 3 that you signed" in web.get(reverse("consents")).content.decode()
