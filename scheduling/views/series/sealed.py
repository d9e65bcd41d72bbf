"""The chosen plan on its way through the browser: signed, so that it cannot be altered there.

What it says is checked again, whole, when it is booked; the seal keeps nonsense away from that check.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime

from django.core import signing

from scheduling.services.series import Slot

SALT = "scheduling.series.plan"


def seal(order_id: uuid.UUID, site_id: str, slots: Sequence[Slot]) -> str:
    """The plan as a form carries it."""
    lines = [f"{slot.starts_at.isoformat()}|{slot.room_id}|{slot.clinician_id}" for slot in slots]
    return signing.dumps([str(order_id), site_id, lines], salt=SALT, compress=True)


def unseal(text: str, order_id: uuid.UUID) -> tuple[str, list[Slot]] | None:
    """The site and the slots; None for what we did not seal for this order."""
    try:
        order, site_id, lines = signing.loads(text, salt=SALT)
        if order != str(order_id):
            return None
        return site_id, [_slot(line) for line in lines]
    except (signing.BadSignature, ValueError, TypeError):
        return None


def _slot(line: str) -> Slot:
    start, room, clinician = line.split("|")
    return Slot(datetime.fromisoformat(start), uuid.UUID(room), uuid.UUID(clinician))
