"""Consents: what is signed is exactly what was shown."""

import hashlib
import html
import re
import uuid
from html import unescape
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.test import Client, override_settings
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from intake.consents import blocks, documents, statements
from intake.messages_consent import render
from intake.models import Consent, ConsentDocument, Patient
from intake.queries.consents import current_consent
from intake.queries.standing import consent_signed
from intake.services import consents as signing
from pacificmind.audit.models import Entry
from pacificmind.clock import now
from pacificmind.messaging.models import Message
from pacificmind.messaging.registry import Void, Words
from tests import cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana() -> Patient:
    call_command("publish_consents", verbosity=0)
    return cast.patient(account=True)


@pytest.fixture
def fresh(ana: Patient) -> Client:
    """A browser of the patient, who has agreed to nothing yet."""
    client = Client(headers={"User-Agent": "Test/1 " + "x" * 400})
    assert ana.user
    client.force_login(ana.user)
    return client


@pytest.fixture
def web(fresh: Client) -> Client:
    """The same, once they agreed to sign on a screen."""
    assert sign(fresh, "electronic").status_code == 302
    return fresh


def others() -> QuerySet[Consent]:
    """Signatures but the agreement to sign on screens."""
    return Consent.objects.exclude(document__kind="electronic")


def filled(words: str, **other: str) -> dict[str, str]:
    hidden = dict(re.findall(r'name="(sha256|request_id)" value="([^"]+)"', words))
    if code := re.search(r'class="code-word">([0-9A-F]+)<', words):
        hidden["code"] = code.group(1)
    boxes = re.findall(r'name="(agree-\d+)"', words)
    return {**hidden, **dict.fromkeys(boxes, "on"), "typed_name": "Ana Reyes", **other}


def sign(web: Client, kind: str = "treatment", **other: str) -> Any:
    url = reverse("consent", args=[kind])
    if kind != "electronic" and web.get(url).status_code == 302:  # the agreement to sign on screens comes first
        assert sign(web, "electronic").status_code == 302
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
    every = [line for block in blocks(document.text) for line in block.lines]
    first = words.index('<div class="pm-document">')
    places = [words.index(line, first) for line in every]
    assert places == sorted(places), "in their order, each box under its heading"


def test_a_signature_keeps_all_that_the_law_asks_for(ana: Patient, web: Client) -> None:
    response = sign(web)
    consent = others().get()
    document = ConsentDocument.objects.get(kind="treatment")
    assert response.url == reverse("consent-signed", args=[consent.pk])
    assert (consent.patient, consent.document, consent.sha256) == (ana, document, document.sha256)
    assert consent.agreed == list(statements(document.text))
    assert (consent.typed_name, consent.zone, consent.signed_by) == ("Ana Reyes", ana.site.zone, ana.user)
    assert (consent.address, len(consent.user_agent)) == ("127.0.0.1", 300)
    assert Entry.objects.filter(action="sign", patient_id=ana.pk, subject_id=str(consent.pk)).count() == 1
    assert current_consent(ana.pk, "treatment") == consent
    assert consent_signed(ana.pk)
    assert consent.sha256 in web.get(response.url).content.decode()


def test_behind_our_proxy_the_signers_own_address_is_kept_and_no_spoofed_one(ana: Patient, web: Client) -> None:
    behind = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "192.0.2.66, 203.0.113.9"}
    web.defaults.update(behind)
    assert sign(web, "privacy").status_code == 302
    with override_settings(TRUSTED_PROXIES=["10.0.0.0/8"]):
        assert sign(web).status_code == 302
    assert Consent.objects.get(document__kind="privacy").address == "10.0.0.1"
    assert Consent.objects.get(document__kind="treatment").address == "203.0.113.9"


def test_the_copy_shows_every_line_that_was_signed_its_statements_too(ana: Patient, web: Client) -> None:
    sign(web)
    consent = others().get()
    page = unescape(web.get(reverse("consent-signed", args=[consent.pk])).content.decode())
    document = page[page.index('class="pm-document"') : page.index("Your signature")]
    for line in filter(None, consent.document.text.splitlines()):
        assert line.lstrip("#-[] ").strip() in document


def test_a_double_click_signs_once(ana: Patient, web: Client) -> None:
    url = reverse("consent", args=["treatment"])
    data = filled(web.get(url).content.decode())
    assert web.post(url, data)["Location"] == web.post(url, data)["Location"]
    assert others().count() == 1
    assert sign_again(web, url, data).url == web.get(url)["Location"]
    assert others().count() == 1


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
    assert not others().exists()


def test_a_text_that_changed_meanwhile_is_not_signed_and_is_shown_anew(ana: Patient, web: Client) -> None:
    url = reverse("consent", args=["treatment"])
    data = filled(web.get(url).content.decode())
    newest = newer()
    words = web.post(url, data).content.decode()
    assert "changed while you were reading" in words
    assert "New words." in words
    assert newest.sha256 in words
    assert not others().exists()


def test_a_new_version_asks_for_a_new_signature(ana: Patient, web: Client) -> None:
    sign(web)
    newer()
    assert current_consent(ana.pk, "treatment") is None
    assert "New version to sign" in web.get(reverse("consents")).content.decode()
    sign(web)
    assert others().count() == 2
    assert consent_signed(ana.pk)


def test_withdrawing_asks_once_keeps_the_copy_and_can_be_undone(ana: Patient, web: Client) -> None:
    sign(web)
    consent = others().get()
    url = reverse("consent-withdraw", args=[consent.pk])
    assert "no further treatment visit" in web.get(url).content.decode()
    assert others().filter(withdrawn_at__isnull=True).exists()
    web.post(url)
    first = others().get().withdrawn_at
    web.post(url)
    assert others().get().withdrawn_at == first
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
            agreed=statements(document.text), device=signing.Device(),
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
        assert "All 4 that you signed" in web.get(reverse("consents")).content.decode()


class TestElectronic:
    """E-SIGN: the disclosure first, access shown, and everything that has to be kept of a signature."""

    def test_it_comes_before_any_other_document(self, ana: Patient, fresh: Client) -> None:
        answer = fresh.get(reverse("consent", args=["treatment"]))
        assert answer.headers["Location"] == "/consents/electronic/?next=treatment"
        assert fresh.post(reverse("consent", args=["treatment"]), {}).status_code == 302
        document = ConsentDocument.objects.get(kind="treatment")
        assert ana.user
        with pytest.raises(signing.ConsentRefused, match="Before you sign on a screen"):
            signing.sign_consent(
                by=ana.user, patient=ana, kind="treatment", sha256=document.sha256, typed_name="Ana",
                agreed=statements(document.text), device=signing.Device(),
            )  # fmt: skip
        for needed in ("paper", "free of charge", "take this agreement back", "browser", "copy"):
            assert needed in ConsentDocument.objects.get(kind="electronic").text

    @pytest.mark.parametrize("code", ["", "000000", "x" * 21])
    def test_the_code_shows_that_it_can_be_read(self, ana: Patient, fresh: Client, code: str) -> None:
        page = sign(fresh, "electronic", code=code)
        assert "code" in page.context["form"].errors
        assert not Consent.objects.exists()

    def test_everything_is_kept(self, ana: Patient, fresh: Client) -> None:
        url = reverse("consent", args=["electronic"]) + "?next=treatment"
        answer = fresh.post(url, filled(fresh.get(url).content.decode(), typed_name=" Ana Reyes "))
        assert answer.headers["Location"] == reverse("consent", args=["treatment"])
        sign(fresh)
        first, kept = (Consent.objects.get(document__kind=kind) for kind in ("electronic", "treatment"))
        assert (kept.typed_name, kept.zone, kept.address, kept.how) == ("Ana Reyes", cast.ZONE, "127.0.0.1", "screen")
        assert kept.user_agent.startswith("Test/1")
        assert kept.agreed == list(statements(kept.document.text))
        assert kept.sha256 == hashlib.sha256(kept.document.text.encode()).hexdigest()
        assert (kept.disclosure, kept.access_shown, kept.copy_to) == (first, True, "portal")
        page = fresh.get(reverse("consent-signed", args=[kept.pk])).content.decode()
        for shown in (kept.sha256, "Test/1", "127.0.0.1", "The text above is this text", "UTC"):
            assert shown in page

    def test_the_way_of_signing_in_is_kept(self, ana: Patient, fresh: Client) -> None:
        session = fresh.session
        session["account_authentication_methods"] = [{"method": "password", "at": 1}, {"method": "mfa", "type": "totp"}]
        session["account_authentication_methods_user"] = str(ana.user_id)
        session.save()
        sign(fresh, "electronic")
        assert Consent.objects.get().auth_method == "password, totp"

    def test_taking_it_back_is_told_and_asks_again(self, ana: Patient, fresh: Client) -> None:
        sign(fresh)
        first = Consent.objects.get(document__kind="electronic")
        url = reverse("consent-withdraw", args=[first.pk])
        assert "we bring you documents on paper" in fresh.get(url).content.decode()
        fresh.post(url)
        assert fresh.get(reverse("consent", args=["privacy"])).status_code == 302
        assert consent_signed(ana.pk), "what was signed before stays valid"


class TestPaper:
    """Signed on paper, entered by staff."""

    @pytest.fixture
    def desk(self, ana: Patient) -> Client:
        client = Client()
        client.force_login(cast.receptionist())
        return client

    def form(self, **values: Any) -> dict[str, Any]:
        document = ConsentDocument.objects.get(kind="treatment")
        return {
            "request_id": str(uuid.uuid4()), "document": document.pk, "signed_on": "2026-01-05",
            "signed_name": "Ana Reyes", "seen": "on", **values,
        }  # fmt: skip

    def test_it_counts_like_one_on_a_screen(self, ana: Patient, desk: Client) -> None:
        url = reverse("desk-consent-paper", args=[ana.pk])
        sent = self.form()
        for _ in range(2):
            assert desk.post(url, sent).status_code == 302
        kept = Consent.objects.get()
        assert (kept.how, f"{kept.paper_signed_on}", kept.signed_by) == ("paper", "2026-01-05", None)
        assert kept.entered_by is not None
        assert consent_signed(ana.pk)
        assert Entry.objects.filter(what="enter-paper-consent", patient_id=ana.pk).count() == 1
        page = desk.get(reverse("desk-consent-copy", args=[ana.pk, kept.pk])).content.decode()
        assert "On paper, Monday, January 5" in page
        assert "on paper Monday, January 5" in desk.get(reverse("desk-consents", args=[ana.pk])).content.decode()

    @pytest.mark.parametrize(
        ("sent", "field"),
        [({"signed_on": "2126-01-05"}, "signed_on"), ({"signed_on": "x"}, "signed_on"),
         ({"signed_name": " "}, "signed_name"), ({"signed_name": "n" * 161}, "signed_name"),
         ({"document": "99999"}, "document"), ({"seen": ""}, "seen")],
    )  # fmt: skip
    def test_what_does_not_fit_is_said(self, ana: Patient, desk: Client, sent: dict[str, str], field: str) -> None:
        page = desk.post(reverse("desk-consent-paper", args=[ana.pk]), self.form(**sent))
        assert field in page.context["form"].errors
        assert not Consent.objects.exists()

    def test_taken_back_by_telephone_with_how(self, ana: Patient, desk: Client) -> None:
        desk.post(reverse("desk-consent-paper", args=[ana.pk]), self.form())
        kept = Consent.objects.get()
        url = reverse("desk-consent-copy", args=[ana.pk, kept.pk])
        assert "why" in desk.post(url, {"request_id": str(uuid.uuid4()), "why": " "}).context["form"].errors
        desk.post(url, {"request_id": str(uuid.uuid4()), "why": "By telephone today."})
        kept.refresh_from_db()
        assert (kept.withdrawn_why, kept.withdrawn_by) == ("By telephone today.", kept.entered_by)
        assert not consent_signed(ana.pk)

    def test_another_sites_patient_is_404_and_so_is_anothers_copy(self, ana: Patient, desk: Client) -> None:
        desk.post(reverse("desk-consent-paper", args=[ana.pk]), self.form())
        kept = Consent.objects.get()
        stranger = Client()
        stranger.force_login(cast.receptionist(cast.other_site()))
        for name, args in (
            ("desk-consents", [ana.pk]),
            ("desk-consent-paper", [ana.pk]),
            ("desk-consent-copy", [ana.pk, kept.pk]),
        ):
            assert stranger.get(reverse(name, args=args)).status_code == 404
        assert stranger.post(reverse("desk-consent-paper", args=[ana.pk]), self.form()).status_code == 404
        assert desk.get(reverse("desk-consent-copy", args=[cast.patient().pk, kept.pk])).status_code == 404

    def test_the_blank_has_every_statement(self, desk: Client) -> None:
        page = html.unescape(desk.get(reverse("consent-blank", args=["treatment"])).content.decode())
        for words in statements(ConsentDocument.objects.get(kind="treatment").text):
            assert words in page
        assert desk.get(reverse("consent-blank", args=["nothing"])).status_code == 404


class TestNewVersions:
    """A manager's own versions: looked at first, never changed, signed anew."""

    @pytest.fixture
    def manager(self, ana: Patient) -> Client:
        client = Client()
        client.force_login(cast.manager())
        return client

    def form(self, **values: Any) -> dict[str, Any]:
        text = "# New\nNew words.\n[ ] I agree to the new words.\n"
        return {
            "request_id": str(uuid.uuid4()),
            "after": "1",
            "title": "New",
            "text": text,
            "changes": "Costs.",
            **values,
        }

    def url(self) -> str:
        return reverse("manage-document-new", args=["treatment"])

    def test_it_is_shown_first_and_published_once(self, ana: Patient, fresh: Client, manager: Client) -> None:
        sign(fresh)
        cast.clearance(ana, cast.prescriber())
        page = manager.post(self.url(), self.form(look="yes")).content.decode()
        assert "As patients will read it" in page
        assert "1 signature stands under version 1" in page
        assert ConsentDocument.objects.filter(kind="treatment").count() == 1
        sent = self.form(publish="yes")
        for _ in range(2):
            assert manager.post(self.url(), sent).status_code == 302
        made = ConsentDocument.objects.get(kind="treatment", version=2)
        assert (made.changes, made.sha256) == ("Costs.", hashlib.sha256(made.text.encode()).hexdigest())
        assert not consent_signed(ana.pk), "the current version is needed"
        assert "What changed: Costs." in fresh.get(reverse("consent", args=["treatment"])).content.decode()
        message = Message.objects.get(purpose="document-to-sign")
        assert message.recipient_id == ana.pk
        assert isinstance(render(message), Words)
        sign(fresh)
        assert consent_signed(ana.pk)
        assert isinstance(render(message), Void)
        assert manager.get(reverse("manage-document", args=["treatment", 1])).status_code == 200

    def test_the_shipped_texts_give_way_to_the_clinics_own(self, manager: Client) -> None:
        manager.post(self.url(), self.form(publish="yes"))
        call_command("publish_consents", verbosity=0)
        assert ConsentDocument.objects.filter(kind="treatment").count() == 2

    @pytest.mark.parametrize(
        ("sent", "field"),
        [({"text": "no statement"}, "text"), ({"text": ""}, "text"), ({"title": " "}, "title"),
         ({"title": "t" * 121}, "title"), ({"text": "x" * 60_001}, "text"), ({"text": "a\0\n[ ] b"}, "text"),
         ({"changes": "c" * 501}, "changes"), ({"after": "7"}, "__all__")],
    )  # fmt: skip
    def test_what_cannot_be_signed_is_not_published(self, manager: Client, sent: dict[str, str], field: str) -> None:
        page = manager.post(self.url(), self.form(publish="yes", **sent))
        assert field in page.context["form"].errors
        assert ConsentDocument.objects.filter(kind="treatment").count() == 1

    def test_the_text_in_force_is_no_new_version(self, manager: Client) -> None:
        known = ConsentDocument.objects.get(kind="treatment")
        page = manager.post(self.url(), self.form(publish="yes", title=known.title, text=known.text))
        assert "in force already" in str(page.context["form"].errors)
