"""No template and no message says what the visit is for; all are sober and carry the way back."""

import uuid
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from django.template.loader import render_to_string

from pacificmind.clock import now
from pacificmind.messaging import compose, registry, samples
from pacificmind.messaging.catalogue import LANGUAGES, Script, holes, phrases, shipped
from pacificmind.messaging.kinds import KINDS, Kind, of_purpose
from pacificmind.messaging.models import Message
from pacificmind.messaging.proofing import problems
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


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Your Ketamine infusion", ["Ketamin", "infusion"]),
        ("Su infusión de ketamina", ["infusion", "ketamin"]),
        ("la DEPRESIÓN y la psicología", ["DEPRESI", "psicolog"]),
        ("psiquia\u0301tra", ["psiquiatr"]),
        ("keta\u200bmine, infu\u00adsion", ["ketamin", "infusion"]),
        ("Fundamental papers, a drugstore, the Pacific", []),
        ("medicamentos, fármacos, drogas", ["medicamento", "farmaco", "drogas"]),
    ],
)
def test_the_list_of_words_bites_in_both_languages(text: str, found: list[str]) -> None:
    assert forbidden_in(text) == found


EVERY = [(kind, language) for kind in KINDS.values() for language in LANGUAGES]
IDS = [f"{kind.key}-{language}" for kind, language in EVERY]


def _everything(kind: Kind, script: Script) -> str:
    """All that would leave for a kind: headers, subject, text, HTML, the text message."""
    by = samples.writer(
        script, clinic="Pacific Mind Health", phone="(213) 555-0142", hours="8 to 6", base="https://x.org"
    )
    found = [by.inline(script.sms)] if kind.sms is not None else []
    if kind.mail is not None:
        words = Words(key=kind.key, context=samples.values(kind.key))
        sent = compose.mail(_row(kind.key), words, Address(email="a@example.com", name="Ana"), script=script)
        found += [f"{name}: {value}" for name, value in sent.message().items()]
        found += [str(sent.subject), str(sent.body), str(sent.alternatives[0][0])]
    return "\n".join(found)


@pytest.mark.django_db
@pytest.mark.parametrize(("kind", "language"), EVERY, ids=IDS)
def test_no_kind_in_no_channel_and_language_says_what_for(kind: Kind, language: str) -> None:
    script = shipped(kind.key, language)
    text = _everything(kind, script)
    assert forbidden_in(text) == []
    assert not holes(text), "everything was filled in"
    assert ".." not in text, "an hour that ends with a stop ends the sentence as well"
    bad = replace(script, subject=f"{script.subject} ketamina", mail=f"{script.mail}\n\nketamina", sms="ketamina")
    assert "ketamin" in forbidden_in(_everything(kind, bad)), "the same look finds a word that was let in"


@pytest.mark.parametrize(("kind", "language"), EVERY, ids=IDS)
def test_what_ships_passes_the_rules_for_a_managers_words(kind: Kind, language: str) -> None:
    assert problems(shipped(kind.key, language)) == {}


def test_every_kind_is_there_in_both_languages_with_the_same_placeholders() -> None:
    for kind in KINDS.values():
        english, spanish = (shipped(kind.key, language) for language in LANGUAGES)
        for name in ("subject", "mail", "sms"):
            one, other = getattr(english, name), getattr(spanish, name)
            assert sorted(holes(one)) == sorted(holes(other)), (kind.key, name)
            assert bool(one) == bool(other)
            assert one != other or not one or name == "subject", f"{kind.key} is not translated"
        assert (bool(english.mail), bool(english.sms)) == (kind.mail is not None, kind.sms is not None)
    shared = [{key: holes(text) for key, text in phrases(language).items()} for language in LANGUAGES]
    assert shared[0] == shared[1]


def test_every_purpose_to_patients_has_its_kind() -> None:
    ours = {purpose.name for purpose in registry.purposes() if purpose.to_patients and "test" not in purpose.name}
    kinds = {name: of_purpose(name) for name in ours}
    assert [name for name, kind in kinds.items() if kind is None] == []
    found = {kind.key for kind in kinds.values() if kind is not None}
    chosen = {"series-cleared", "visit-changed", "visit-stays", "visits-stay", "visit-added", "visits-added"}
    assert KINDS.keys() - found == chosen, "one purpose has several sorts of news"


def test_opening_hours_in_english_stand_in_no_spanish_mail() -> None:
    def below(language: str) -> str:
        around = {"clinic": "C", "phone": "(213) 555-0142", "hours": "Monday to Friday", "base": "http://x"}
        return " ".join(samples.writer(shipped("visit-booked", language), **around).closing())

    assert "(213) 555-0142 (Monday to Friday)" in below("en")
    assert "(213) 555-0142." in below("es")
    assert "Monday" not in below("es")


@pytest.mark.django_db
def test_a_value_is_put_in_as_it_is_and_escaped_in_html() -> None:
    script = replace(
        shipped("visit-booked", "en"), mail="{name} {clinic}\n\n{{ 7|add:7 }} {% now 'Y' %} <b>x</b>\n\n{link}"
    )
    words = Words(key="visit-booked", context=samples.values("visit-booked"))
    sent = compose.mail(_row(), words, Address(email="a@example.com", name="{phone} <script>"), script=script)
    body, html = str(sent.body), str(sent.alternatives[0][0])
    assert "{phone} <script>" in body, "what is put in is not read again"
    assert "{{ 7|add:7 }} {% now 'Y' %} <b>x</b>" in body, "words are no template"
    assert "&lt;script&gt;" in html
    assert "<b>" not in html
    assert "<script>" not in html


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
