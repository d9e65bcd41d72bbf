"""`manage.py plan_series`: series problems in, layouts out, as JSON lines. No database, nothing kept."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import Any

from django.core.management.base import BaseCommand

from scheduling.domain.planner.wire import Unreadable, answer


class Command(BaseCommand):
    help = "Lays out infusion series: one JSON problem a line on stdin, one JSON answer a line on stdout."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Answers every line, in order; exits with 1 at the end if any could not be read."""
        if not self._answer_all(getattr(sys.stdin, "buffer", sys.stdin)):
            sys.exit(1)

    def _answer_all(self, lines: Iterable[bytes | str]) -> bool:
        all_read = True
        for number, line in enumerate(lines, start=1):
            result = _answer_line(line, number)
            all_read &= "error" not in result
            self.stdout.write(json.dumps(result))
        return all_read


def _answer_line(line: bytes | str, number: int) -> dict[str, Any]:
    """The answer; or what is wrong, with the number of the line, and the problem's id where it could be read."""
    problem: Any = None
    try:
        problem = json.loads(line if isinstance(line, str) else line.decode())
        return answer(problem)
    except Unreadable as error:
        named = {"id": problem["id"]} if isinstance(problem, dict) and "id" in problem else {}
        return {**named, "error": str(error), "line": number}
    except (ValueError, RecursionError):
        return {"error": "this line is not JSON", "line": number}
