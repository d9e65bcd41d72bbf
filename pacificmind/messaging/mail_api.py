"""Mail through a provider's API (django-anymail): what certainly did not leave is told from what may have left."""

import requests
import structlog
from anymail.exceptions import (
    AnymailAPIError,
    AnymailInvalidAddress,
    AnymailRecipientsRefused,
    AnymailSerializationError,
    AnymailUnsupportedFeature,
)
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend

from pacificmind.messaging.outcome import NOT_KNOWN, OUTAGE, Accepted, Outcome, Refused, TryAgain, Unknown
from pacificmind.messaging.sms import never_left

log = structlog.get_logger(__name__)
_WAIT = (429, 503)  # answers that say: certainly not taken, come back
_SIGN_IN = (401, 403)
_CLIENT, _SERVER = 400, 500


class Line:
    """The backend of the settings with its connection kept for the next mail, and given up after any trouble."""

    def __init__(self) -> None:
        self._backend: BaseEmailBackend | None = None

    def send(self, mail: EmailMultiAlternatives) -> Outcome:
        """Hand one mail over. Errors come back as outcomes."""
        try:
            backend = self._backend or get_connection()
        except (ImproperlyConfigured, ImportError) as error:
            log.error("mail backend cannot be set up", error=type(error).__name__)
            return TryAgain("The settings of the mail provider are not complete. It will be tried again.", outage=True)
        outcome = _hand_over(backend, mail)
        self._backend = backend
        if not isinstance(outcome, Accepted):
            self.close()  # what is left of a broken connection is nothing for the next mail
        return outcome

    def close(self) -> None:
        """Let go of the connection; another mail makes its own."""
        backend, self._backend = self._backend, None
        if backend is None:
            return
        try:
            backend.close()
        except Exception as error:  # any backend of Django's; what was handed over stays so
            log.info("mail connection did not close cleanly", error=type(error).__name__)


def _hand_over(backend: BaseEmailBackend, mail: EmailMultiAlternatives) -> Outcome:
    try:
        backend.open()
        backend.send_messages([mail])
    except AnymailRecipientsRefused:
        return Refused("The mail provider refuses this address. Is it right?")
    except (AnymailInvalidAddress, AnymailUnsupportedFeature, AnymailSerializationError) as error:
        log.warning("mail could not be written", error=type(error).__name__)  # it never reached the wire
        return Refused("The message could not be written.")
    except AnymailAPIError as error:
        log.warning("mail provider did not take it", error=type(error).__name__, status=error.status_code)
        return _read(error)
    except Exception as error:  # another backend of Django's says too little: whether it left is not known
        log.warning("mail backend raised", error=type(error).__name__)
        return Unknown(NOT_KNOWN)
    told = getattr(mail, "anymail_status", None)
    if told is None:  # a backend of Django's own
        return Accepted(str(mail.extra_headers.get("Message-ID", "")))
    # An answer without the provider's name for the mail was not understood: it is no promise.
    return Accepted(str(told.message_id)) if told.message_id else Unknown(NOT_KNOWN)


def _read(error: AnymailAPIError) -> Outcome:
    status = error.status_code
    if status is None:
        cause = error.__cause__
        if isinstance(cause, requests.RequestException) and never_left(cause):
            return TryAgain(OUTAGE, outage=True)
        return Unknown(NOT_KNOWN)
    if status in _WAIT:
        return TryAgain(f"The mail provider asked to wait ({status}). It will be tried again.", outage=True)
    if status in _SIGN_IN:
        return TryAgain(f"The mail provider does not know us ({status}): is the key right?", outage=True)
    if _CLIENT <= status < _SERVER:
        return Refused(f"The mail provider refused it ({status}). Is the address right?")
    return Unknown(NOT_KNOWN)  # a server's error may come after it had taken the mail
