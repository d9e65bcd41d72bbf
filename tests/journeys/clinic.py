"""The clinic of the journey: one site with rooms, and one person of each role, who sign in as they would."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from allauth.account.models import EmailAddress
from django.core.management import call_command

from pacificmind.accounts.models import User
from tests import cast

DESK, NURSE, PRESCRIBER = "desk@clinic.example", "nurse@clinic.example", "doctor@clinic.example"


@contextmanager
def database_open() -> Iterator[None]:
    """Playwright keeps an event loop in this thread; the tests read the database all the same."""
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
        else:
            os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = before


@dataclass(frozen=True)
class Staff:
    """Who works here."""

    desk: User
    nurse: User
    prescriber: User


def open_clinic() -> Staff:
    """Site, rooms, kinds of visit, consents to sign, staff with verified addresses."""
    site = cast.site()
    cast.visit_types()
    cast.room(site, "Blue")
    cast.room(site, "Green")
    call_command("publish_consents")
    people = {
        DESK: cast.receptionist(site),
        NURSE: cast.clinician(site, name="Nora Nurse").user,
        PRESCRIBER: cast.prescriber(site, name="Dora Doctor").user,
    }
    for email, person in people.items():
        person.email = email
        person.save(update_fields=["email"])
        EmailAddress.objects.create(user=person, email=email, verified=True, primary=True)
    return Staff(people[DESK], people[NURSE], people[PRESCRIBER])
