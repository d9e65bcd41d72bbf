"""What the ledger has for the patients of a repair, and a visit cancelled at the desk."""

from typing import Any

from pacificmind.messaging.models import Message
from pacificmind.messaging.registry import Void, Words, get
from scheduling.models import Appointment
from scheduling.services import booking
from tests.scheduling.repair.conftest import Clinic


def told(purpose: str = "visits-changed", status: str = "owed") -> list[Message]:
    return list(Message.objects.filter(purpose=purpose, status=status).order_by("recipient_id"))


def render(message: Message) -> Words | Void | Any:
    known = get(message.purpose)
    assert known is not None
    return known.render(message)


def cancel(clinic: Clinic, visit: Appointment) -> None:
    booking.cancel(by=clinic.desk, visit_id=visit.pk, version=visit.version, why="Travels")
