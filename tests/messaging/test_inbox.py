"""Letters in the portal: the mail says only that something waits, and reading it is in the record."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from intake.models import Patient
from pacificmind.audit.models import Entry
from pacificmind.messaging import delivery
from pacificmind.messaging.inbox import WAITS, write_to_inbox
from pacificmind.messaging.models import Letter, Message, Status
from tests import cast
from tests.messaging.conftest import Smtp
from tests.messaging.forbidden import forbidden_in
from tests.messaging.servers import Server

pytestmark = pytest.mark.django_db(transaction=True)
DETAIL = "Please bring the letter about your ketamine infusion."


def _write(who: Patient, **extra: Any) -> Letter:
    values = {"kind": "ask-for-more", "subject": who, "title": "A question", "body": DETAIL, "by": None, **extra}
    with transaction.atomic():
        return write_to_inbox(patient_id=who.pk, **values)


def _as(who: Patient) -> Client:
    client = Client()
    assert who.user is not None
    client.force_login(who.user)
    return client


def _text(client: Client, name: str, *args: Any) -> str:
    return client.get(reverse(name, args=args)).content.decode()


def test_the_mail_says_only_that_something_waits_and_where(smtp: Smtp) -> None:
    who = cast.patient(account=True)
    letter = _write(who, by=cast.clinician().user, site_id="la")
    assert _write(who).pk == letter.pk, "the same letter once"
    with smtp(server := Server()):
        assert delivery.run() == 1
    (mail,) = server.mails
    assert mail["Subject"] == "You have a new message"
    assert forbidden_in(str(mail)) == []
    assert "A question" not in str(mail)
    body = mail.get_body(("plain",))
    assert body is not None
    assert reverse("patient-letter", args=[letter.pk]) in body.get_content()


def test_a_letter_is_new_until_it_is_opened_and_the_look_is_recorded(smtp: Smtp) -> None:
    who = cast.patient(account=True)
    letter, client = _write(who, path="/me/", link_label="Answer it"), _as(who)
    assert "New" in _text(client, "patient-messages")
    assert "1 new message to read here" in _text(client, "patient-home")
    page = _text(client, "patient-letter", letter.pk)
    assert "ketamine infusion" in page
    assert '<a class="btn btn-primary" href="/me/">Answer it</a>' in page
    assert "ketamine" not in page.split("</title>")[0]
    assert Entry.objects.get(what="patient-letter").patient_id == who.pk
    assert "Read</span>" in _text(client, "patient-messages").replace("\n", "")
    assert "new message" not in _text(client, "patient-home")
    with smtp(server := Server()):
        delivery.run()
    assert server.mails == []
    row = Message.objects.get(purpose=WAITS)
    assert (row.status, row.why) == (Status.VOID, "They have read it already.")


def test_nobody_reads_anothers_letter() -> None:
    letter = _write(cast.patient(account=True))
    other = _as(cast.patient(account=True))
    assert other.get(reverse("patient-letter", args=[letter.pk])).status_code == 404
    assert "A question" not in _text(other, "patient-messages")
    assert not Entry.objects.filter(what="patient-letter").exists()


def test_a_letter_leads_into_this_portal_alone_and_belongs_to_its_cause() -> None:
    who = cast.patient()
    for bad in ("https://evil.example/", "//evil.example", "me/"):
        with pytest.raises(IntegrityError):
            _write(who, path=bad)
    with pytest.raises(transaction.TransactionManagementError):
        write_to_inbox(patient_id=who.pk, kind="x", subject=who, title="x", body="x", by=None)
    with pytest.raises(ValidationError, match="this portal only"):
        Letter(patient_id=who.pk, kind="x", about_id=who.pk, title="x", body="y", path="//x").validate_constraints()


def test_the_list_takes_as_many_queries_for_three_as_for_one() -> None:
    who = cast.patient(account=True)
    client = _as(who)

    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            client.get(reverse("patient-messages"))
        return len(found)

    _write(who)
    queries()
    one = queries()
    _write(who, subject_version=2)
    _write(who, subject_version=3)
    assert queries() == one
