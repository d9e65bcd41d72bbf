"""The mails of the sink's folder, newest first."""

import email
import email.policy
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

from django.conf import settings

_NAME = re.compile(r"^\d{20}-[0-9a-f]{8}$")


@dataclass(frozen=True, slots=True)
class File:
    """An attachment, by its place among the attachments."""

    index: int
    name: str
    media: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail as the pages show it."""

    key: str
    received_at: datetime
    sender: str
    to: str
    subject: str
    text: str
    html: str
    files: tuple[File, ...]


def folder() -> Path | None:
    """Where the sink keeps its mails; None where there is no sink."""
    return Path(settings.MAILSINK_DIR) if settings.MAILSINK_DIR else None


def newest_first() -> list[str]:
    """Names of all mails, newest first."""
    where = folder()
    return sorted((path.stem for path in where.glob("*.eml")), reverse=True) if where else []


def raw(key: str) -> bytes | None:
    """The mail as it arrived; None when there is no such mail (any more)."""
    where = folder()
    if where is None or not _NAME.match(key):
        return None
    try:
        return (where / f"{key}.eml").read_bytes()
    except FileNotFoundError:
        return None


def read(key: str) -> Mail | None:
    """One mail, taken apart."""
    content = raw(key)
    if content is None:
        return None
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return Mail(
        key=key,
        received_at=datetime.fromtimestamp(int(key[:20]) / 1e9, tz=UTC),
        sender=str(message.get("From", "")),
        to=", ".join(str(to) for to in message.get_all("X-Sink-To", [])),
        subject=str(message.get("Subject", "")),
        text=_body(message, "plain"),
        html=_body(message, "html"),
        files=tuple(_file(n, part) for n, part in enumerate(message.iter_attachments())),
    )


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    return str(part.get_content()) if part is not None else ""


def _file(index: int, part: EmailMessage) -> File:
    content = part.get_payload(decode=True)
    name = Path(part.get_filename() or f"attachment-{index}").name
    return File(index, name, part.get_content_type(), content if isinstance(content, bytes) else b"")
