"""Text messages. One interface, and a sink that writes them to files; a provider is set up later."""

import json
import os
import uuid
from pathlib import Path
from typing import Protocol

from django.conf import settings

from pacificmind.messaging.outcome import Accepted, Outcome, Refused


class Sms(Protocol):
    """A provider of text messages."""

    def send(self, to: str, text: str, reference: uuid.UUID) -> Outcome:
        """Hand one text over. `reference` is ours: a provider that can, refuses it a second time."""


class Sink:
    """Writes each text to a file of its own, named by our reference: a second send would overwrite, not add."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def send(self, to: str, text: str, reference: uuid.UUID) -> Outcome:
        """Write it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        part = self.folder / f".{reference}.part"
        part.write_text(json.dumps({"to": to, "text": text}), encoding="utf-8")
        os.replace(part, self.folder / f"{reference}.json")
        return Accepted(f"sink:{reference}")


class NotSetUp:
    """There is no provider: each text is refused, so that the front desk calls instead."""

    def send(self, to: str, text: str, reference: uuid.UUID) -> Outcome:
        """Refuse."""
        return Refused("Text messages are not set up.")


def backend() -> Sms:
    """The provider of the settings: SMS_BACKEND "sink" where there is a MAILSINK_DIR, else none."""
    if getattr(settings, "SMS_BACKEND", "sink") == "sink" and settings.MAILSINK_DIR:
        return Sink(Path(settings.MAILSINK_DIR) / "sms")
    return NotSetUp()
