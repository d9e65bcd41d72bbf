"""Mails of accounts leave before anybody's language is known: both languages in one, and no word that says what for."""

from pathlib import Path

import pytest
from django.core.mail import EmailMessage
from django.test import Client

from tests.messaging.forbidden import forbidden_in

FOLDER = Path(__file__).resolve().parent.parent / "templates/account/email"


@pytest.mark.parametrize("path", sorted(FOLDER.iterdir()), ids=lambda path: path.name)
def test_none_says_what_for(path: Path) -> None:
    assert forbidden_in(path.read_text()) == []


@pytest.mark.django_db
def test_who_signs_up_reads_it_in_both_languages(client: Client, mailoutbox: list[EmailMessage]) -> None:
    told = {"email": "ana@example.com", "password1": "calm-harbor-of-tests"}
    assert client.post("/accounts/signup/", told).status_code == 302
    client.post("/accounts/password/reset/", {"email": "ana@example.com"})
    client.post("/accounts/password/reset/", {"email": "nobody@example.com"})
    subjects = ["Confirm your e-mail address", "Choose a new password", "We know no account with this address"]
    assert [mail.subject for mail in mailoutbox] == subjects
    for mail in mailoutbox:
        assert str(mail.body).count("http") == 1, "one link, for both"
        assert "En español: " in mail.body
        assert "Nadie lee este buzón." in mail.body
        assert forbidden_in(f"{mail.subject} {mail.body}") == []
