"""Mail over one kept connection, telling apart what certainly did not leave from what may have left."""

import smtplib
from typing import Any

import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.smtp import EmailBackend

from pacificmind.messaging import mail_api, wire
from pacificmind.messaging.outcome import NOT_KNOWN, OUTAGE, Accepted, Outcome, Refused, TryAgain, Unknown

log = structlog.get_logger(__name__)
SMTP_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
_GO_AHEAD = 354  # the server wants the message: from here to its next reply, only the server knows
_PERMANENT = 500


class _Watched:
    """Remembers whether the message's body is on its way without an answer yet.

    smtplib raises the same SMTPServerDisconnected before and after that point; the difference is one mail or two.
    """

    unanswered = False
    _in_data = False

    def data(self, msg: Any) -> Any:
        self._in_data = True
        try:
            return super().data(msg)  # type: ignore[misc]  # mixed into smtplib.SMTP
        finally:
            self._in_data = False

    def getreply(self) -> tuple[int, bytes]:
        reply: tuple[int, bytes] = super().getreply()  # type: ignore[misc]
        if self._in_data:
            self.unanswered = reply[0] == _GO_AHEAD
        return reply


class _Plain(_Watched, smtplib.SMTP):
    pass


class _Tls(_Watched, smtplib.SMTP_SSL):
    pass


class _Backend(EmailBackend):
    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return _Tls if self.use_ssl else _Plain


class Post:
    """One connection to the mail server, opened at the first mail and kept for the next. Use as a context manager."""

    def __init__(self) -> None:
        self._backend: _Backend | None = None
        self._line = mail_api.Line()

    def __enter__(self) -> "Post":
        return self

    def __exit__(self, *_: object) -> None:
        self._close()
        self._line.close()

    def send(self, mail: EmailMultiAlternatives) -> Outcome:
        """Hand one mail over. Errors come back as outcomes; nothing is raised for what a server does."""
        if settings.EMAIL_BACKEND != SMTP_BACKEND:
            return self._line.send(mail)
        kept = self._alive()
        if not kept and not self._open():
            return TryAgain(OUTAGE, outage=True)
        outcome = self._hand_over(mail)
        if kept and outcome is None:  # the server had hung up between two mails: once more on a new connection
            if not self._open():
                return TryAgain(OUTAGE, outage=True)
            outcome = self._hand_over(mail)
        return outcome or TryAgain("The mail server hung up before it took the message. It will be tried again.")

    def reachable(self) -> bool:
        """Whether a mail server answers now."""
        return settings.EMAIL_BACKEND != SMTP_BACKEND or self._alive() or self._open()

    def _alive(self) -> bool:
        return self._backend is not None and getattr(self._backend.connection, "sock", None) is not None

    def _open(self) -> bool:
        self._close()
        backend = _Backend()
        try:
            backend.open()
        except (OSError, smtplib.SMTPException) as error:
            log.warning("mail server not reached", error=type(error).__name__)
            backend.connection = None
            return False
        self._backend = backend
        return True

    def _close(self) -> None:
        backend, self._backend = self._backend, None
        if backend is None:
            return
        try:
            backend.close()
        except (OSError, smtplib.SMTPException) as error:
            log.info("mail connection did not close cleanly", error=type(error).__name__)

    def _hand_over(self, mail: EmailMultiAlternatives) -> Outcome | None:
        """The outcome; None when the connection was lost before the body was on its way."""
        backend = self._backend
        assert backend is not None
        assert backend.connection is not None
        try:
            backend.connection.sendmail(*wire.envelope(mail), wire.content(mail))
        except (smtplib.SMTPServerDisconnected, OSError) as error:
            if isinstance(error, smtplib.SMTPException) and (code := _code(error)):
                return _refusal(code)  # SMTPException is an OSError: a refusal is an answer, not a broken line
            unanswered = getattr(backend.connection, "unanswered", False)
            self._drop()
            return Unknown(NOT_KNOWN) if unanswered else None
        except ValueError as error:  # includes BadHeaderError and UnicodeError: it never reached the wire
            log.warning("mail could not be written", error=type(error).__name__)
            return Refused("The message could not be written.")
        return Accepted(str(mail.extra_headers.get("Message-ID", "")))

    def _drop(self) -> None:
        """Let go of a broken connection without another word to it."""
        if self._backend is not None and self._backend.connection is not None:
            self._backend.connection.close()
            self._backend.connection = None
        self._backend = None


def _code(error: smtplib.SMTPException) -> int:
    """The server's answer in an error; 0 where there was none."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return max((code for code, _ in error.recipients.values()), default=0)
    return error.smtp_code if isinstance(error, smtplib.SMTPResponseException) else 0


def _refusal(code: int) -> Outcome:
    if code >= _PERMANENT:
        return Refused(f"The mail server refused it ({code}). Is the address right?")
    return TryAgain(f"The mail server asked to try again later ({code}).")
