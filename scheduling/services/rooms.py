"""Rooms and kinds of visit: a manager's to change; visits that no longer fit become tasks."""

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Q

from pacificmind.accounts.models import User
from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from scheduling.domain import errors
from scheduling.models import Appointment, Room, VisitType
from scheduling.models.appointment import TREATMENTS
from scheduling.services.locks import lock
from scheduling.services.settings import managing, to_come, write
from scheduling.services.supply import ask_to_move

ROOM_FIELDS = ("name", "for_infusions", "features", "turnover_minutes", "in_use")
TYPE_FIELDS = (
    "name",
    "minutes",
    "all_lanes",
    "patient_may_book",
    "desk_may_book",
    "turnover_minutes",
    "buffer_minutes",
    "notice_hours",
    "horizon_days",
    "needs",
)
TAKES_AWAY = {"in_use", "for_infusions", "features"}  # of a room: what can leave a visit without its place


def save_room(
    *,
    by: User,
    site_id: str,
    room_id: uuid.UUID | None,
    seen: str,
    values: Mapping[str, Any],
    request_id: uuid.UUID | None = None,
) -> tuple[Room, list[Appointment]]:
    """Add a room (`room_id` None) or change one; with the visits that a room out of use can no longer hold."""
    asked = {"site": site_id, "room": room_id, "seen": seen, **values}
    with managing(by, "room", request_id, asked) as state:
        if state.repeated:
            return Room.objects.get(pk=state.result["room"]), []
        same_name = Room.objects.filter(site_id=site_id, name__iexact=values["name"]).exclude(
            pk__in=[room_id] if room_id else []
        )
        if same_name.exists():
            raise errors.BookingRefused("Another room here has this name. Choose a different one.")
        if room_id is None:
            room = Room.objects.create(site_id=site_id, **values)
            record(Action.CREATE, "add room", by=by, subject=room)
            hit: list[Appointment] = []
        else:
            room, hit = _change_room(by, site_id, room_id, seen, values)
        state.result = {"room": str(room.pk)}
    return room, hit


def _change_room(
    by: User, site_id: str, room_id: uuid.UUID, seen: str, values: Mapping[str, Any]
) -> tuple[Room, list[Appointment]]:
    lock(rooms=[room_id])
    room = Room.objects.get(pk=room_id, site_id=site_id)
    changed = write(room, values, ROOM_FIELDS, seen)
    hit = visits_without_room(room) if TAKES_AWAY & set(changed) else []
    ask_to_move(hit)
    if changed:
        changes = {"fields": changed, "visits": len(hit)}
        record(Action.CHANGE, "change room", by=by, subject=room, changes=changes)
    return room, hit


def visits_without_room(room: Room) -> list[Appointment]:
    """Visits to come in a room that, as it is given, cannot hold them: to be shown before it is saved.

    It may be out of use, no longer for infusions, or without something that their kind needs.
    """
    visits = to_come(Q(room_id=room.pk))
    if not room.in_use:
        return visits
    lacking = {one.kind for one in VisitType.objects.all() if not set(one.needs) <= set(room.features)}
    if not room.for_infusions:
        lacking |= set(TREATMENTS)
    return [visit for visit in visits if visit.kind in lacking]


def visits_without_needs(kind: str, needs: Iterable[str]) -> list[Appointment]:
    """Visits to come of a kind that are booked in a room without all that the kind needs."""
    wanted = set(needs)
    return [visit for visit in to_come(Q(kind=kind)) if visit.room and not wanted <= set(visit.room.features)]


def save_visit_type(
    *, by: User, kind: str, seen: str, values: Mapping[str, Any], request_id: uuid.UUID | None = None
) -> list[Appointment]:
    """Change a kind of visit. Visits that are booked keep their times; those whose room lacks what is now needed."""
    with managing(by, "visit-type", request_id, {"kind": kind, "seen": seen, **values}) as state:
        if state.repeated:
            return []
        row = VisitType.objects.select_for_update().get(pk=kind)
        changed = write(row, values, TYPE_FIELDS, seen)
        hit = visits_without_needs(kind, row.needs) if "needs" in changed else []
        ask_to_move(hit)
        if changed:
            changes = {"fields": changed, "visits": len(hit)}
            record(Action.CHANGE, "change visit type", by=by, subject=row, changes=changes)
    return hit
