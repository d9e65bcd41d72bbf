"""Check that the record of who saw and changed what is as it was sealed. Exit 0, or 1 and the first bad row."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from pacificmind.audit.sealing import verify


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """A digest kept elsewhere."""
        parser.add_argument(
            "--head", default="", help="a seal's digest from the logs, which must still be in the chain"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Say how many rows and seals, or what is wrong."""
        found = verify(options["head"])
        if found.problem:
            self.stderr.write(f"broken after {found.rows} rows, {found.seals} seals: {found.problem}")
            sys.exit(1)
        self.stdout.write(f"{found.rows} rows, {found.seals} seals ({found.unsealed} rows not sealed yet)")
        self.stdout.write(f"head {found.head}")
