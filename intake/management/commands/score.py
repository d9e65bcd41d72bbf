"""`manage.py score`: check the scoring with vectors of your own, JSON lines in and out (docs/scoring.md)."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from intake.domain.lines import answer_lines, score_line


class Command(BaseCommand):
    """Score instruments from standard input. Touches no database and keeps nothing."""

    help = "Score questionnaires: JSON lines on standard input, one answer per line."
    requires_system_checks = []
    requires_migrations_checks = False

    def handle(self, *args: Any, **options: Any) -> None:
        """Answer every line in order; exit status 1 at the end if any could not be read."""
        all_read = True
        for answer, readable in answer_lines(sys.stdin.buffer, score_line):
            self.stdout.write(answer)
            all_read = all_read and readable
        if not all_read:
            sys.exit(1)
