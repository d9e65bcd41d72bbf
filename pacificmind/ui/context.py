"""What every page knows about the clinic. Works with the database down: then the settings speak."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest
from phonenumber_field.phonenumber import PhoneNumber, to_python

NAME = "Pacific Mind Health"
US = 1  # country calling code


@dataclass(frozen=True, slots=True)
class Clinic:
    """The clinic's name, its telephone as people write it, and when somebody answers it."""

    name: str
    phone: str
    hours: str = ""


def fallback() -> Clinic:
    """The clinic as the settings know it: no database asked."""
    return Clinic(getattr(settings, "CLINIC_NAME", NAME), phone_words(to_python(getattr(settings, "CLINIC_PHONE", ""))))


def phone_words(phone: object) -> str:
    """A telephone number as people here write it: (213) 555-0142; another country's keeps its prefix."""
    if isinstance(phone, str) and phone.startswith("+"):  # one of a visit is kept as it was written
        phone = to_python(phone)
    if isinstance(phone, PhoneNumber) and phone.is_valid():
        return str(phone.as_national if phone.country_code == US else phone.as_international)
    return str(phone or "")


def current() -> Clinic:
    """The clinic as its manager set it, or the fallback when the database does not answer."""
    from pacificmind.clinic.models import ClinicSettings  # late: error pages must load without any model

    try:
        row = ClinicSettings.current()
    except (DatabaseError, InterfaceError):
        return fallback()
    spare = fallback()
    return Clinic(row.name or spare.name, phone_words(row.phone) or spare.phone, row.hours)


def clinic(request: HttpRequest) -> dict[str, object]:
    """Context processor: `demo`, `clinic_name`, `clinic_phone`, `clinic_hours`, `support`."""
    found = current()
    return {
        "demo": bool(getattr(settings, "DEMO", False)),
        "clinic_name": found.name,
        "clinic_phone": found.phone,
        "clinic_hours": found.hours,
        "support": {"phone": found.phone, "ref": getattr(request, "ref", "")},
    }
