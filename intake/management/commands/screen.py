"""`manage.py screen`: check the screening rules with facts of your own, JSON lines in and out (docs/screening.md)."""

import sys
from functools import partial
from typing import Any

from django.core.management.base import BaseCommand

from intake.domain.library import medicine_table, policy
from intake.domain.lines import answer_lines, screen_line


class Command(BaseCommand):
    """Screen facts from standard input. Touches no database and keeps nothing."""

    help = "Screen the facts of intakes: JSON lines on standard input, one answer per line."
    requires_system_checks = []
    requires_migrations_checks = False

    def handle(self, *args: Any, **options: Any) -> None:
        """Answer every line in order; exit status 1 at the end if any could not be read."""
        answer = partial(screen_line, policy=policy(), medicines=medicine_table())
        all_read = True
        for told, readable in answer_lines(sys.stdin.buffer, answer):
            self.stdout.write(told)
            all_read = all_read and readable
        if not all_read:
            sys.exit(1)
