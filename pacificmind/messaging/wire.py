"""A mail as it goes over the wire: byte for byte what Django's class and the email package make of it, at a thirtieth
of their time. What is not plain (a long or foreign header, a line too long for mail, a file) they still write.
"""

import re
import secrets
from collections.abc import Iterator, Sequence
from email.generator import BytesGenerator
from email.message import Message
from email.mime.text import MIMEText
from email.policy import compat32
from functools import lru_cache
from io import BytesIO
from typing import cast

from django.core.mail import BadHeaderError, EmailMultiAlternatives
from django.core.mail.message import forbid_multi_line_headers, sanitize_address, utf8_charset_qp

CHARSET = "utf-8"
_POLICY = compat32.clone(linesep="\r\n")
_LINE = 78  # characters in a header's line, RFC 5322 2.1.1
_LONGEST = 998  # bytes in any line, the same
_ATOM, _LABEL = r"[A-Za-z0-9_+-]+", r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_PLAIN_ADDRESS = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def envelope(mail: EmailMultiAlternatives) -> tuple[str, list[str]]:
    """From whom and to whom, for the server. ValueError for an address that is none."""
    return _sender(mail.from_email), [_address(one) for one in mail.to]


def content(mail: EmailMultiAlternatives) -> bytes:
    """The whole of a mail such as `compose` makes: text and HTML, perhaps files. ValueError for what none can hold."""
    kind, body = _body(mail)
    return b"".join((kind, b"MIME-Version: 1.0\r\n", *_headers(mail), b"\r\n", body))


@lru_cache(maxsize=8)  # the settings know one
def _sender(address: str) -> str:
    return sanitize_address(address, CHARSET)


def _address(address: str) -> str:
    return address if _PLAIN_ADDRESS.fullmatch(address) else sanitize_address(address, CHARSET)


def _headers(mail: EmailMultiAlternatives) -> Iterator[bytes]:
    yield _header("Subject", str(mail.subject))
    yield _header("From", mail.from_email)
    yield _header("To", ", ".join(mail.to))
    for name, value in mail.extra_headers.items():
        yield _header(name, str(value))


def _header(name: str, value: str) -> bytes:
    if len(name) + len(value) + 2 <= _LINE and value.isascii() and value.isprintable() and value == value.strip():
        return f"{name}: {value}\r\n".encode()
    if _CONTROL.search(value):  # the email package takes more than CR and LF for the end of a line
        raise BadHeaderError(f"{name} holds a control character")
    return _POLICY.fold_binary(*forbid_multi_line_headers(name, value, CHARSET))


def _body(mail: EmailMultiAlternatives) -> tuple[bytes, bytes]:
    """Its Content-Type, and what stands below the headers."""
    parts = [_text(str(mail.body), "plain")]
    parts += [_text(str(text), str(media).partition("/")[2]) for text, media in mail.alternatives]
    kind, body = _multipart(b"alternative", parts)
    if not mail.attachments:
        return kind, body
    files = [_written(cast(Message, one)) for one in mail.attachments]
    return _multipart(b"mixed", [b"".join((kind, b"MIME-Version: 1.0\r\n\r\n", body)), *files])


def _multipart(kind: bytes, parts: Sequence[bytes]) -> tuple[bytes, bytes]:
    boundary = f"==============={secrets.token_hex(16)}==".encode()  # no text can hold what nobody can guess
    opened = b"".join(b"--%b\r\n%b\r\n" % (boundary, part) for part in parts)
    header = b'Content-Type: multipart/%b;\r\n boundary="%b"\r\n' % (kind, boundary)
    return header, b"%b--%b--\r\n" % (opened, boundary)


def _text(text: str, subtype: str) -> bytes:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n").encode()
    if max(map(len, lines.split(b"\r\n"))) > _LONGEST:
        return _written(MIMEText(text, subtype, utf8_charset_qp))
    header = f'Content-Type: text/{subtype}; charset="utf-8"\r\nMIME-Version: 1.0\r\n'
    return f"{header}Content-Transfer-Encoding: {'7bit' if text.isascii() else '8bit'}\r\n\r\n".encode() + lines


def _written(part: Message) -> bytes:
    into = BytesIO()
    BytesGenerator(into, mangle_from_=False).flatten(part, linesep="\r\n")
    return into.getvalue()
