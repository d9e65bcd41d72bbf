"""A proposal for several series on its way through the browser: signed, for this user and site alone."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from django.core import signing

from scheduling.services.repair_book import Spot
from scheduling.services.series_many import Proposed
from scheduling.services.series_many_save import SeriesPlan

SALT = "scheduling.series.many"


def seal(user_id: object, site_id: str, series: Sequence[Proposed]) -> str:
    """The proposal as a form carries it."""
    lines = [[str(one.order.pk), *(_line(spot) for spot in one.spots)] for one in series]
    return signing.dumps([str(user_id), site_id, lines], salt=SALT, compress=True)


def _line(spot: Spot) -> str:
    return f"{spot.starts_at.isoformat()}|{spot.room_id}|{spot.clinician_id}|{spot.lanes[0]}"


def unseal(text: str, user_id: object) -> tuple[str, list[SeriesPlan]] | None:
    """The site and what was proposed for it; None for what we did not seal for this user."""
    try:
        owner, site_id, lines = signing.loads(text, salt=SALT)
        if owner != str(user_id):
            return None
        return site_id, [SeriesPlan(uuid.UUID(order), [_spot(line) for line in rest]) for order, *rest in lines]
    except (signing.BadSignature, ValueError, TypeError):
        return None


def _spot(line: str) -> Spot:
    start, room, clinician, lane = line.split("|")
    return Spot(datetime.fromisoformat(start), uuid.UUID(clinician), (int(lane), int(lane) + 1), uuid.UUID(room))
