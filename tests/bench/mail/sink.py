"""The demo's mail server, counting too: answers each line on standard input with how many mails, how many different."""

import asyncio
import json
import sys
from collections import Counter
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope

from pacificmind.demo.management.commands.mailsink import Folder

_NAME = b"\r\nmessage-id:"


class Counting(Folder):
    """Keeps every mail as a file, as the demo does, and its Message-ID here."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.seen: Counter[bytes] = Counter()

    def store(self, envelope: Envelope) -> Path:
        """Keep one, and count it."""
        head = b"\r\n" + (envelope.original_content or b"")[:4000]
        start = head.lower().find(_NAME) + len(_NAME)
        self.seen[head[start : head.find(b"\r\n", start)].strip()] += 1
        return super().store(envelope)

    def trim(self) -> None:
        """All are kept until they are counted."""


async def main(folder: str) -> None:
    """Say the port, then answer until standard input ends."""
    counting, loop = Counting(Path(folder)), asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(counting, hostname="sink", loop=loop), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    while await loop.run_in_executor(None, sys.stdin.readline):
        print(json.dumps([counting.seen.total(), len(counting.seen)]), flush=True)
        counting.seen.clear()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
