"""`manage.py make_manager EMAIL`: the first manager of a new clinic. Running it twice does no harm."""

import getpass
import sys
from pathlib import Path
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email

from pacificmind.accounts.invitations import StaffRefused
from pacificmind.accounts.models import User
from pacificmind.accounts.services import make_manager


class Command(BaseCommand):
    """Makes a manager, with a password typed twice, read from a file, or chosen by a link sent by mail."""

    help = "Make the first manager: asks for name and password, or sends a link to choose one (--send-link)."

    def add_arguments(self, parser: CommandParser) -> None:
        """The address, and where the password comes from."""
        parser.add_argument("email", help="work e-mail of the manager")
        parser.add_argument("--name", default="", help="name shown to others")
        parser.add_argument("--password-file", type=Path, help="file whose first line is the password")
        parser.add_argument("--send-link", action="store_true", help="send a link with which they choose a password")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check what was given, make the manager, say what was done."""
        email = options["email"].strip().lower()
        try:
            validate_email(email)
        except ValidationError as error:
            raise CommandError(f"{email} is not an e-mail address.") from error
        exists = User.objects.filter(email=email).exists()
        name, password = options["name"], None
        if not exists and not options["send_link"]:
            name = name or self._ask_name()
            password = self._password(options["password_file"], User(email=email, name=name))
        try:
            _, changed = make_manager(email=email, name=name, password=password)
        except StaffRefused as refused:
            raise CommandError(refused.say) from refused
        self.stdout.write(_said(email, changed=changed, exists=exists, by_link=password is None))

    def _ask_name(self) -> str:
        return input("Name: ").strip() if sys.stdin.isatty() else ""

    def _password(self, file: Path | None, user: User) -> str:
        if file is not None:
            try:
                password = file.read_text().partition("\n")[0].rstrip("\r")
            except OSError as error:
                raise CommandError(f"The password file cannot be read: {error.strerror}.") from error
        elif sys.stdin.isatty():
            password = getpass.getpass("Password (15 characters or more): ")
            if getpass.getpass("The same again: ") != password:
                raise CommandError("The two passwords differ. Nothing was done.")
        else:
            raise CommandError("No terminal to ask for a password: use --password-file or --send-link.")
        try:
            validate_password(password, user)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        return password


def _said(email: str, *, changed: bool, exists: bool, by_link: bool) -> str:
    if not changed:
        return f"{email} is a manager already; nothing to do."
    if exists:
        return f"{email} is now a manager, with the password they have."
    if by_link:
        return f"{email} is now a manager. A link to choose a password goes out with the next messages."
    return f"{email} is now a manager. At the first sign-in they set up the second step."
