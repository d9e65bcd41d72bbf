"""What a worker does at each tick, until nothing is due; says its memory near the beginning and at the end, in MB."""

import sys
from pathlib import Path

import django

_PAGE = 4096


def resident() -> float:
    """Memory of this process in MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE / 1e6


def main() -> None:
    """Deliver at the first line of standard input."""
    django.setup()
    from django.db import connection

    from pacificmind.heap import settle
    from pacificmind.messaging import delivery
    from pacificmind.messaging.models import Message

    Message.objects.exists()
    settle()
    print("ready", flush=True)
    sys.stdin.readline()
    first = 0.0
    while delivery.run(2.0):
        first = first or resident()
    print(f"{first:.1f} {resident():.1f}", flush=True)
    connection.close()


if __name__ == "__main__":
    main()
