"""Real SMTP servers on this machine that behave badly in one way each."""

import asyncio
import email
import email.policy
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


class Server:
    """Takes every mail, unless a subclass does otherwise. `mails` are those whose body arrived."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.connections = 0

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.keep(envelope)
        return "250 kept"

    def keep(self, envelope: Envelope) -> None:
        content = envelope.original_content or b""
        self.mails.append(email.message_from_bytes(content, policy=email.policy.default))

    @property
    def ids(self) -> list[str]:
        """Message-IDs in order of arrival."""
        return [str(mail["Message-ID"]) for mail in self.mails]


class Answers(Server):
    """Answers a mail to some addresses with an error, at RCPT or after DATA."""

    def __init__(self, at: str, reply: str, only: str = "") -> None:
        super().__init__()
        self.at, self.reply, self.only = at, reply, only

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.at == "RCPT" and self.only in address:
            return self.reply
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.at == "DATA" and self.only in envelope.rcpt_tos[0]:
            return self.reply
        return await super().handle_DATA(server, session, envelope)


class HangsUp(Server):
    """Takes the whole mail and closes the connection without an answer."""

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.keep(envelope)
        assert server.transport is not None
        server.transport.close()
        await asyncio.sleep(0)
        return "250 never seen"


class HangsUpBetween(Server):
    """Closes each connection when its second mail begins."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[int, int] = {}

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self._seen[id(session)] = self._seen.get(id(session), 0) + 1
        if self._seen[id(session)] == 2:
            assert server.transport is not None
            server.transport.close()
        envelope.mail_from = address
        return "250 ok"


class Slow(Server):
    """Thinks for a while, at RCPT or after DATA."""

    def __init__(self, at: str, seconds: float) -> None:
        super().__init__()
        self.at, self.seconds = at, seconds

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.at == "RCPT":
            await asyncio.sleep(self.seconds)
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.keep(envelope)
        await asyncio.sleep(self.seconds)
        return "250 kept"


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def listening(handler: Server, port: int = 0) -> Iterator[int]:
    """The server on its port, until the end of the block."""
    controller = Controller(handler, hostname="127.0.0.1", port=port or free_port())
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()
