"""Django's migrate, run by the owner of the tables where there are two roles; then the serving role's rights."""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser
from django.core.management.commands.migrate import Command as Migrate

from pacificmind.audit.grants import grant_serving_role


class Command(Migrate):
    def add_arguments(self, parser: CommandParser) -> None:
        """Migrate as the owner unless told otherwise."""
        super().add_arguments(parser)
        parser.set_defaults(database="owner" if "owner" in settings.DATABASES else "default")

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate, then grant."""
        super().handle(*args, **options)
        changes = not (options["check_unapplied"] or options["plan"])
        if changes and options["database"] == "owner":
            grant_serving_role("owner", settings.DATABASES["default"]["USER"])
