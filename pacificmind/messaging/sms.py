"""Text messages. One interface: Twilio's API by one signed POST, or a sink that writes them to files."""

import json
import os
import uuid
from pathlib import Path
from typing import Any, Protocol

import requests
import structlog
from django.conf import settings
from django.urls import reverse
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError

from pacificmind.messaging.outcome import NOT_KNOWN, SMS_OUTAGE, Accepted, Outcome, Refused, TryAgain, Unknown

log = structlog.get_logger(__name__)
_CONNECT, _READ = 3.05, 10.0  # seconds
_TOO_MANY, _AWAY = 429, 503  # answers that say: certainly not taken, come back
_SIGN_IN = (401, 403)
_SERVER = 500
_STOPPED = 21610  # Twilio: the number has answered STOP
_NO_NUMBER = (21211, 21214, 21614, 21217)  # not a number, or none that takes texts


class Sms(Protocol):
    """A provider of text messages."""

    def send(self, to: str, text: str, reference: uuid.UUID) -> Outcome:
        """Hand one text over. `reference` is ours: call-backs about it carry it."""


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


class Twilio:
    """Twilio's Messages API: one POST, signed by the account's key, over a connection that is kept."""

    def __init__(self, account: str, token: str, sender: str, url: str) -> None:
        self._url = f"{url.rstrip('/')}/2010-04-01/Accounts/{account}/Messages.json"
        self._sender = {"MessagingServiceSid": sender} if sender.startswith("MG") else {"From": sender}
        self._session = requests.Session()
        self._session.auth = (account, token)
        self._session.trust_env = False  # no .netrc: it would take the place of the key

    def send(self, to: str, text: str, reference: uuid.UUID) -> Outcome:
        """Hand it over. What may have been taken is never tried again: there is no key that would make it harmless."""
        told = {"To": to, "Body": text, "StatusCallback": status_url(reference), **self._sender}
        try:
            answer = self._session.post(self._url, data=told, timeout=(_CONNECT, _READ), allow_redirects=False)
        except requests.RequestException as error:
            log.warning("text provider not reached", error=type(error).__name__)
            return TryAgain(SMS_OUTAGE, outage=True) if never_left(error) else Unknown(NOT_KNOWN)
        return _read(answer)


def status_url(reference: uuid.UUID) -> str:
    """Where the provider tells what became of a text."""
    return f"{settings.BASE_URL.rstrip('/')}{reverse('sms-status', args=[reference])}"


def never_left(error: requests.RequestException) -> bool:
    """Whether no connection was made at all: only then is it certain that nothing was taken."""
    reason: Any = error.args[0] if error.args else None
    if isinstance(reason, MaxRetryError):
        reason = reason.reason
    return isinstance(error, requests.exceptions.ConnectTimeout) or isinstance(
        reason, NewConnectionError | ConnectTimeoutError
    )


def _read(answer: requests.Response) -> Outcome:
    said = _json(answer)
    if answer.ok:
        return Accepted(str(said.get("sid", "")))
    if answer.status_code in (_TOO_MANY, _AWAY):
        return TryAgain(f"The text provider asked to wait ({answer.status_code}).", outage=True)
    if answer.status_code >= _SERVER:
        return Unknown(NOT_KNOWN)
    if answer.status_code in _SIGN_IN:
        return TryAgain(f"The text provider does not know us ({answer.status_code}): is the key right?", outage=True)
    code = said.get("code")
    if code == _STOPPED:
        return Refused("They answered STOP: no text reaches them before they text START.")
    if code in _NO_NUMBER:
        return Refused(f"The text provider refused the number ({code}). Is it a mobile number?")
    return Refused(f"The text provider refused it ({code or answer.status_code}).")


def _json(answer: requests.Response) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


_kept: dict[tuple[str, ...], Twilio] = {}  # a process keeps its connection


def backend() -> Sms:
    """The provider of the settings: Twilio where it is set up, else the sink where there is one, else none."""
    if settings.TWILIO_ACCOUNT_SID:
        told = (settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN, settings.TWILIO_FROM, settings.TWILIO_API_URL)
        if told not in _kept:
            _kept[told] = Twilio(*told)
        return _kept[told]
    if settings.MAILSINK_DIR:
        return Sink(Path(settings.MAILSINK_DIR) / "sms")
    return NotSetUp()
