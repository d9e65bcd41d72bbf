"""Publish the consent documents that are shipped: files to rows, with the SHA-256 of their exact text."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from intake.consents import documents
from intake.services.documents import TextChanged, publish


class Command(BaseCommand):
    help = "Publish new versions of the consent documents. Running it again changes nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        """Store what is new. CommandError where the text of a published version was changed."""
        try:
            made = publish(documents())
        except TextChanged as problem:
            raise CommandError(f"{problem}: its text was changed. Give the file the next version number.") from problem
        for document in made:
            self.stdout.write(f"published {document.kind}, version {document.version}")
        if not made:
            self.stdout.write("nothing new")
