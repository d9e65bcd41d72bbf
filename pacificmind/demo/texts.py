"""The texts of the sink's folder, newest first."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from phonenumber_field.phonenumber import to_python

from pacificmind.ui.context import phone_words

KEPT = 500


@dataclass(frozen=True, slots=True)
class Text:
    """One text as the page shows it."""

    at: datetime
    to: str
    words: str


def newest_first() -> list[Text]:
    """The latest texts; empty where there is no sink."""
    if not settings.MAILSINK_DIR:
        return []
    files = [(path.stat().st_mtime, path) for path in (Path(settings.MAILSINK_DIR) / "sms").glob("*.json")]
    return [_read(when, path) for when, path in sorted(files, reverse=True)[:KEPT]]


def _read(when: float, path: Path) -> Text:
    told = json.loads(path.read_text(encoding="utf-8"))
    return Text(datetime.fromtimestamp(when, tz=UTC), phone_words(to_python(told["to"])), str(told["text"]))
