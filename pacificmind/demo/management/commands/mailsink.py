"""A mail server that keeps what it gets in a folder, for the demo: nothing leaves this machine."""

import asyncio
import os
import secrets
import signal
import time
from email.utils import formatdate
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session
from django.core.management.base import BaseCommand, CommandError, CommandParser

from pacificmind import env

KEPT = 2_000  # newest mails; older ones go
_TRIM_EVERY = 50  # mails between two looks at the folder
_LARGEST = 10_000_000  # bytes


class Folder:
    """Stores each mail as a file of its own, whole or not at all."""

    def __init__(self, folder: Path, kept: int = KEPT) -> None:
        self.folder, self.kept = folder, kept
        self._stored = 0
        folder.mkdir(parents=True, exist_ok=True)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Keep one mail."""
        try:
            self.store(envelope)
        except OSError as error:
            return f"451 4.3.0 cannot store: {error.strerror}"
        return "250 2.0.0 kept"

    def store(self, envelope: Envelope) -> Path:
        """Write it beside its place, then move it there. The name sorts by arrival."""
        lines = [f"X-Sink-From: {envelope.mail_from}", f"X-Sink-Received: {formatdate(usegmt=True)}"]
        lines += [f"X-Sink-To: {to}" for to in envelope.rcpt_tos]
        content = envelope.original_content or b""
        name = f"{time.time_ns():020d}-{secrets.token_hex(4)}"
        part = self.folder / f".{name}.part"
        part.write_bytes("".join(f"{line}\r\n" for line in lines).encode() + content)
        os.replace(part, self.folder / f"{name}.eml")
        self._stored += 1
        if self._stored % _TRIM_EVERY == 1:
            self.trim()
        return self.folder / f"{name}.eml"

    def trim(self) -> None:
        """Remove all but the newest."""
        for old in sorted(self.folder.glob("*.eml"))[: -self.kept]:
            old.unlink(missing_ok=True)


async def serve(folder: Folder, port: int) -> None:
    """Listen on this machine alone until asked to stop."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    server = await loop.create_server(
        lambda: SMTP(folder, data_size_limit=_LARGEST, enable_SMTPUTF8=True, ident="sink"), "127.0.0.1", port
    )
    async with server:
        await stop.wait()


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Where, and how many."""
        parser.add_argument("--port", type=int, default=env.integer("MAILSINK_PORT", 0))
        parser.add_argument("--folder", default=env.text("MAILSINK_DIR"))
        parser.add_argument("--kept", type=int, default=KEPT)

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until SIGTERM."""
        if not options["port"] or not options["folder"]:
            raise CommandError("Set MAILSINK_PORT and MAILSINK_DIR, or give --port and --folder.")
        try:
            asyncio.run(serve(Folder(Path(options["folder"]), options["kept"]), options["port"]))
        except OSError as error:
            raise CommandError(f"cannot listen on 127.0.0.1:{options['port']}: {error.strerror}") from error
