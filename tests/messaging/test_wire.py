"""What goes over the wire is, byte for byte, what Django and the email package would have sent."""

import email
import email.policy
import re
from email.message import Message as Mime
from typing import Any

import pytest
from django.core.mail import BadHeaderError, EmailMultiAlternatives
from django.core.mail.message import sanitize_address
from hypothesis import given, settings
from hypothesis import strategies as st

from pacificmind.messaging import compose, wire
from pacificmind.messaging.mail import Post
from pacificmind.messaging.outcome import Accepted, Refused
from pacificmind.messaging.registry import Attachment
from tests.messaging.conftest import Smtp
from tests.messaging.servers import Server

FROM = "Pacific Mind Health <no-reply@pacificmind.example>"
HTML = "<!doctype html>\n<p>Hello Ana</p>\n"
LINES = [
    "Hello Ana,\n\nsee you on Tuesday.\n",
    "no line's end",
    "\n\n",
    ".\n..\n.leading dots\nand a last .\n.\n",
    "From here on\n>From there\n",
    "José, mañana a las 10:30 a. m. ¿Sí?\n",
    "brain 🧠, family 👩\u200d👩\u200d👧, \u2028 and \x85 and \x0b and \x1c\n",
    "mixed\r\nends\rof\nlines\r\r\n\n\r",
    f"{'a' * 998}\n{'b' * 998}\n",
    f"{'a' * 999}\n",
    f"{'ñ' * 500}\nshort\n",
    "--===============0==\nContent-Type: text/html\n\n--===============0==--\n",
    "a tab\tand = signs =3D and trailing blanks   \n",
]
SUBJECTS = [
    "Reminder: your appointment in 3 days",
    "Recordatorio: su cita mañana",
    "🧠" * 40,
    "word " * 40,
    "w" * 200,
    "=?utf-8?q?already?=",
    "",
    " a blank at each end ",
    "a; semicolon, a comma: and \"quotes\" <angle>",
    "tab\there",
    "Año " + "nuevo " * 30,
]  # fmt: skip
ADDRESSES = [
    "ana@example.com",
    "ana.o'neil+visit@sub.example.co.uk",
    "josé@example.com",
    "ana@ñandú.example",
    '"ana smith"@example.com',
    "a" * 64 + "@" + ".".join(["d" * 60] * 3) + ".example",
    "ANA@EXAMPLE.COM",
]


def _mail(
    subject: str = "Hi", body: str = LINES[0], html: str = HTML, to: str = "ana@example.com", **extra: str
) -> Any:
    headers = {"Message-ID": "<1@pacificmind.example>", "Date": "Thu, 26 Nov 2026 17:57:13 +0000", **extra}
    mail = EmailMultiAlternatives(subject, body, FROM, [to], headers=headers)
    mail.attach_alternative(html, "text/html")
    return mail


def _django(mail: EmailMultiAlternatives, like: bytes) -> bytes:
    """Django's bytes with the same boundaries, which alone are drawn by lot."""
    message = mail.message()
    parts = [part for part in message.walk() if part.is_multipart()]
    marks = [mark.decode() for mark in re.findall(rb'^ boundary="(={15}[0-9a-f]{32}==)"\r$', like, re.M)]
    for part, mark in zip(parts, marks, strict=True):
        part.set_boundary(mark)
    return bytes(message.as_bytes(linesep="\r\n"))  # type: ignore[call-arg]  # a parameter of Django's own message, not of the email package


def _same(mail: EmailMultiAlternatives) -> bytes:
    ours = wire.content(mail)
    assert ours == _django(mail, ours)
    return ours


@pytest.mark.parametrize("body", LINES)
def test_any_text_is_written_as_django_writes_it(body: str) -> None:
    _same(_mail(body=body, html=f"<p>{body}</p>"))


@pytest.mark.parametrize("subject", SUBJECTS)
def test_any_subject_is_written_as_django_writes_it(subject: str) -> None:
    _same(_mail(subject))


@pytest.mark.parametrize("address", ADDRESSES)
def test_any_address_is_written_as_django_writes_it(address: str) -> None:
    mail = _mail(to=address)
    _same(mail)
    assert wire.envelope(mail) == (sanitize_address(FROM, "utf-8"), [sanitize_address(address, "utf-8")])


def test_headers_of_every_length_are_folded_as_django_folds_them() -> None:
    for length in range(55, 90):
        _same(_mail("w" * length, **{"List-Unsubscribe": f"<https://p.example/{'x' * length}>"}))
        _same(_mail(("ab " * length)[:length].strip(), **{"Message-ID": f"<1@{'d' * length}.example>"}))


@pytest.mark.parametrize("name", ["appointment.ics", "cita número 1.ics", "a" * 120 + ".ics"])
def test_files_are_written_as_django_writes_them(name: str) -> None:
    mail = _mail(**{"List-Unsubscribe-Post": "List-Unsubscribe=One-Click"})
    for number in range(3):
        content = b"BEGIN:VCALENDAR\r\n" * 40 * (number + 1)
        mail.attach(compose._part(Attachment(name, content, "text/calendar; method=REQUEST; charset=utf-8")))
    told = email.message_from_bytes(_same(mail), policy=email.policy.default)
    assert [part.get_filename() for part in told.iter_attachments()] == [name] * 3


@given(subject=st.text(max_size=120), body=st.text(min_size=1, max_size=300), to=st.text(max_size=40))
@settings(max_examples=150, deadline=None)
def test_whatever_is_said_both_write_the_same_or_both_refuse(subject: str, body: str, to: str) -> None:
    mail = _mail(subject, body, f"<p>{body}</p>", f"{to}@example.com")
    try:
        ours = wire.content(mail)
    except BadHeaderError:
        assert re.search(r"[\x00-\x1f\x7f]", subject + to)
    except ValueError:
        with pytest.raises(ValueError, match=r"[Ii]nvalid|utf-8"):
            mail.message().as_bytes()
    else:
        assert ours == _django(mail, ours)


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\r\n ", "\x00", "\x0b", "\x0c", "\x1c"])
@pytest.mark.parametrize("field", ["subject", "to", "List-Unsubscribe"])
def test_what_may_end_a_line_is_refused_in_a_header(field: str, end: str) -> None:
    with pytest.raises(BadHeaderError):
        wire.content(_mail(**{field: f"ana@example.com{end}Bcc: all@example.com"}))


@pytest.mark.parametrize("end", ["\x85", "\u2028", "\u2029", "\t"])
@pytest.mark.parametrize("field", ["subject", "List-Unsubscribe"])
def test_other_ends_of_lines_begin_no_header(field: str, end: str) -> None:
    told = _same(_mail(**{field: f"ana@example.com{end}Bcc: all@example.com{end}X: y"}))
    read = email.message_from_bytes(told)
    assert read["Bcc"] is None
    assert read["X"] is None


@pytest.mark.parametrize(
    "address", ["", "@", "ana@example.com, bob@example.com", "ana@example.com\nBcc: b@example.com"]
)
def test_an_address_that_is_none_never_reaches_the_server(smtp: Smtp, address: str) -> None:
    with smtp(server := Server()), Post() as post:
        assert isinstance(post.send(_mail(to=address)), Refused)
        assert isinstance(post.send(_mail()), Accepted), "and the connection is as good as before"
    assert len(server.mails) == 1


def test_the_boundary_is_another_each_time() -> None:
    mail = _mail()
    first, second = (email.message_from_bytes(wire.content(mail)).get_boundary() for _ in range(2))
    assert first != second


ARRIVE = [one for one in LINES if "\r" not in one and "b" * 998 not in one]  # aiosmtpd takes no line of 998


@pytest.mark.parametrize("body", [*ARRIVE, f"{'a' * 700}\u2028{'b' * 700}\n"])  # the last Django would send as one line
def test_any_text_arrives_as_it_was_written(smtp: Smtp, body: str) -> None:
    with smtp(server := Server()), Post() as post:
        assert isinstance(post.send(_mail("Año nuevo 🧠", body)), Accepted)
    (mail,) = server.mails
    assert mail["Subject"] == "Año nuevo 🧠"
    text = mail.get_body(("plain",))
    assert isinstance(text, Mime)
    payload = text.get_payload(decode=True)
    assert isinstance(payload, bytes)
    assert payload.decode().replace("\r\n", "\n").rstrip("\n") == body.rstrip("\n")
