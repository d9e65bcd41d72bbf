"""The clinic's settings, sites, rooms, kinds of visit, opening hours: a manager's to change, under the booking's locks.

Each change compares what was seen (`seen`, from `seen_of`) with what is there, so that two managers do not overwrite
each other; what is stored is audited with the names of the fields.
"""

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from django.db.models import Model, Q

from pacificmind.accounts.models import Clinician, User
from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from pacificmind.clinic.models import ClinicSettings, Site
from pacificmind.clock import now
from pacificmind.idempotency.services import Once, digest, once
from scheduling.domain import errors, week
from scheduling.domain.intervals import Interval
from scheduling.models import Appointment, OpeningHours, Room, VisitType
from scheduling.services.locks import booking, lock
from scheduling.services.supply import TO_COME, ask_to_move, needs_manager

CHANGED = "Somebody else changed this meanwhile. Nothing was saved: look at it as it is now."
ROOM_FIELDS = ("name", "for_infusions", "turnover_minutes", "in_use")
SITE_FIELDS = ("name", "address", "phone", "zone", "state", "open_to_requests")
TYPE_FIELDS = ("name", "minutes", "patient_may_book")
CLINIC_FIELDS = tuple(field.name for field in ClinicSettings._meta.fields if field.name != "id")


def seen_of(row: Model, names: Iterable[str]) -> str:
    """A digest of these columns: what a form carries, to tell later whether the row is still as it was shown."""
    return digest({name: str(getattr(row, name)) for name in names})


def seen_hours(ranges: Iterable[week.Range]) -> str:
    """The same of a week of hours."""
    return digest({"week": [str(one) for one in sorted(ranges)]})


def opening_hours(site_id: str) -> list[week.Range]:
    """A site's week."""
    rows = OpeningHours.objects.filter(site_id=site_id)
    return sorted(week.Range(row.weekday, row.opens, row.closes) for row in rows)


@contextmanager
def _managing(by: User, intent: str, request_id: uuid.UUID | None, asked: dict[str, Any]) -> Iterator[Once]:
    with booking(), once(request_id, user_id=by.pk, intent=intent, asked=asked) as state:
        needs_manager(by)
        yield state


def _write(row: Model, values: Mapping[str, Any], names: Sequence[str], seen: str) -> list[str]:
    """Write what differs from what was seen; the names of the columns. The row is locked by the caller."""
    if seen_of(row, names) != seen:
        raise errors.BookingRefused(CHANGED)
    changed = sorted(name for name in names if str(getattr(row, name)) != str(values[name]))
    for name in changed:
        setattr(row, name, values[name])
    if changed:
        row.save(update_fields=changed)
    return changed


def save_clinic(*, by: User, seen: str, values: Mapping[str, Any], request_id: uuid.UUID | None = None) -> None:
    """Change the clinic's settings."""
    with _managing(by, "clinic-settings", request_id, {"seen": seen, **values}) as state:
        if state.repeated:
            return
        ClinicSettings.objects.get_or_create(id=1)
        row = ClinicSettings.objects.select_for_update().get(id=1)
        if changed := _write(row, values, CLINIC_FIELDS, seen):
            record(Action.CHANGE, "change clinic settings", by=by, subject=row, changes={"fields": changed})


def save_site(
    *, by: User, site_id: str, seen: str, values: Mapping[str, Any], request_id: uuid.UUID | None = None
) -> None:
    """Change a site. Its time zone stays while visits are to come: their times would no longer be what people wrote."""
    with _managing(by, "site", request_id, {"site": site_id, "seen": seen, **values}) as state:
        if state.repeated:
            return
        row = Site.objects.select_for_update().get(pk=site_id)
        if values["zone"] != row.zone and Appointment.objects.filter(site=row, status__in=TO_COME, ends_at__gt=now()):
            raise errors.BookingRefused("Visits are booked here. The time zone can change when none is to come.")
        if changed := _write(row, values, SITE_FIELDS, seen):
            record(Action.CHANGE, "change site", by=by, subject=row, changes={"fields": changed})


def set_opening_hours(
    *, by: User, site_id: str, seen: str, ranges: Sequence[week.Range], request_id: uuid.UUID | None = None
) -> list[Appointment]:
    """Set a site's week; the visits to come that now lie outside of it: each has a task to move it."""
    asked = {"site": site_id, "seen": seen, "week": [str(one) for one in sorted(ranges)]}
    with _managing(by, "opening-hours", request_id, asked) as state:
        if state.repeated:
            return []
        _lock_site(site_id)
        site, before = Site.objects.get(pk=site_id), opening_hours(site_id)
        if seen_hours(before) != seen:
            raise errors.BookingRefused(CHANGED)
        if wrong := week.problems(ranges):
            raise errors.BookingRefused(wrong[0].say)
        if sorted(ranges) == before:
            return []
        OpeningHours.objects.filter(site_id=site_id).delete()
        OpeningHours.objects.bulk_create(
            OpeningHours(site_id=site_id, weekday=one.weekday, opens=one.starts, closes=one.ends) for one in ranges
        )
        left_out = [one for one in to_come(Q(site_id=site_id)) if fits(one, before) and not fits(one, ranges)]
        ask_to_move(left_out)
        changes = {"fields": ["opening_hours"], "visits": len(left_out)}
        record(Action.CHANGE, "change opening hours", by=by, subject=site, changes=changes)
    return left_out


def to_come(condition: Q) -> list[Appointment]:
    """Visits to come, in order."""
    rows = Appointment.objects.filter(condition, status__in=TO_COME, starts_at__gt=now())
    return list(rows.select_related("site", "room", "clinician__user").order_by("starts_at"))


def fits(visit: Appointment, ranges: Sequence[week.Range], *, site_id: str = "") -> bool:
    """Whether a visit lies within a week's hours, at the wall clock of its site."""
    return week.holds(ranges, Interval(visit.starts_at, visit.ends_at), visit.site.tz, site_id=site_id)


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
    with _managing(by, "room", request_id, asked) as state:
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
    changed = _write(room, values, ROOM_FIELDS, seen)
    hit = visits_without_room(room) if {"in_use", "for_infusions"} & set(changed) else []
    ask_to_move(hit)
    if changed:
        changes = {"fields": changed, "visits": len(hit)}
        record(Action.CHANGE, "change room", by=by, subject=room, changes=changes)
    return room, hit


def visits_without_room(room: Room) -> list[Appointment]:
    """Visits to come in a room that, as it is given, cannot hold them: out of use, or no longer for infusions."""
    if not room.in_use:
        return to_come(Q(room_id=room.pk))
    return [] if room.for_infusions else to_come(Q(room_id=room.pk, kind__in=("infusion", "booster")))


def save_visit_type(
    *, by: User, kind: str, seen: str, values: Mapping[str, Any], request_id: uuid.UUID | None = None
) -> None:
    """Change a kind of visit. Visits that are booked keep their length."""
    with _managing(by, "visit-type", request_id, {"kind": kind, "seen": seen, **values}) as state:
        if state.repeated:
            return
        row = VisitType.objects.select_for_update().get(pk=kind)
        if changed := _write(row, values, TYPE_FIELDS, seen):
            record(Action.CHANGE, "change visit type", by=by, subject=row, changes={"fields": changed})


def _lock_site(site_id: str) -> None:
    """What a booking at the site locks, its patients apart."""
    lock(
        clinicians=set(Clinician.objects.filter(weeklyshift__site_id=site_id).values_list("pk", flat=True)),
        rooms=set(Room.objects.filter(site_id=site_id).values_list("pk", flat=True)),
    )
