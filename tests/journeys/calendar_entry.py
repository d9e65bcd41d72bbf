"""The calendar entries that hang on a mail, as a calendar would read them."""

from dataclasses import dataclass
from email.message import EmailMessage


@dataclass(frozen=True)
class Entry:
    """Which entry, in which version, and everything it says."""

    uid: str
    sequence: int
    text: str


def entries(message: EmailMessage) -> list[Entry]:
    """Every calendar entry of a mail, in order."""
    return [_entry(part.get_content()) for part in message.walk() if part.get_content_type() == "text/calendar"]


def _entry(content: str | bytes) -> Entry:
    raw = content if isinstance(content, str) else content.decode()
    text = raw.replace("\r\n", "\n").replace("\n ", "")  # RFC 5545 3.1: folded lines
    found = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    return Entry(found["UID"], int(found["SEQUENCE"]), text)
