"""No template and no message says what the visit is for; all are sober and carry the way back."""

import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from django.template.loader import render_to_string

from pacificmind.clock import now
from pacificmind.messaging import compose, registry
from pacificmind.messaging.models import Message
from pacificmind.messaging.registry import Address, Attachment, Words
from tests.messaging import purposes  # noqa: F401  registers the tests' own purposes
from tests.messaging.forbidden import forbidden_in

FOLDER = Path(__file__).resolve().parent.parent.parent / "templates/messages"
TEMPLATES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*") if path.is_file())
CONTEXT = {
    "name": "Ana",
    "lines": ["A line."],
    "lead": "We see you soon.",
    "visits": [{"when": "Tuesday", "where": "LA"}],
}


def _row(purpose: str = "test-note") -> Message:
    return Message(purpose=purpose, channel="email", due_at=now(), recipient_id=uuid.uuid4(), subject_id=uuid.uuid4())


@pytest.mark.parametrize("name", TEMPLATES)
def test_no_template_says_what_for(name: str) -> None:
    assert forbidden_in((FOLDER / name).read_text()) == []
    assert forbidden_in(render_to_string(f"messages/{name}", CONTEXT)) == []


def test_the_list_of_words_bites() -> None:
    assert forbidden_in("Your Ketamine infusion") == ["Ketamin", "infusion"]


@pytest.mark.django_db
@pytest.mark.parametrize("purpose", registry.purposes(), ids=lambda purpose: purpose.name)
def test_every_purpose_has_a_neutral_name_for_its_state(purpose: registry.Purpose) -> None:
    try:
        words = purpose.render(_row(purpose.name))
    except Exception:
        pytest.skip("needs its subject: its own app tests the words")
    if isinstance(words, Words):
        mail = compose.mail(_row(purpose.name), words, Address(email="a@example.com", name="Ana"))
        assert forbidden_in(str(mail.message())) == []


@pytest.mark.django_db
def test_a_subject_cannot_bring_headers_and_names_are_escaped() -> None:
    words = Words(subject="Visit\r\nBcc: all@example.com", context={"lines": ["<b>x</b>"]})
    mail = compose.mail(_row(), words, Address(email="a@example.com", name="<script>"))
    sent = mail.message()
    assert sent["Bcc"] is None
    assert sent["Subject"] == "Visit Bcc: all@example.com"
    html = str(mail.alternatives[0][0])
    assert "<script>" not in html
    assert "&lt;b&gt;x" in html
    assert "<b>x</b>" in str(mail.body), "the text part is plain: nothing is escaped there"


@pytest.mark.django_db
def test_the_same_row_makes_the_same_mail_again() -> None:
    row = _row()
    first, second = (compose.mail(row, Words("Visit"), Address(email="a@example.com")).message() for _ in range(2))
    assert (first["Message-ID"], first["Date"]) == (second["Message-ID"], second["Date"])
    row.due_at += timedelta(hours=1)
    assert compose.message_id(row) == first["Message-ID"]


@pytest.mark.django_db
def test_a_calendar_file_keeps_its_method() -> None:
    words = Words("Visit", attachments=(Attachment("a.ics", b"BEGIN", "text/calendar; charset=utf-8; method=CANCEL"),))
    sent = compose.mail(_row(), words, Address(email="a@example.com")).message()
    part = list(sent.walk())[-1]
    assert part.get_content_type() == "text/calendar"
    assert (part.get_param("method"), part.get_filename(), part.get_payload(decode=True)) == (
        "CANCEL",
        "a.ics",
        b"BEGIN",
    )
