"""Load the demo clinic, once."""

import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from pacificmind.demo.clinic import logins, whole


class Command(BaseCommand):
    help = "Load the demo clinic into an empty database and write its log-ins. Running it again changes nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        """All of it in one transaction: a run that was cut short leaves nothing, and the next one starts afresh."""
        if not settings.DEMO:
            raise CommandError("The demo clinic is loaded only where DEMO is on.")
        try:
            new = whole.load()
        except whole.NotEmpty as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write("the demo clinic is loaded" if new else "the demo clinic is there already")
        if path := os.environ.get("DEMO_LOGINS_FILE"):
            logins.write(Path(path))
