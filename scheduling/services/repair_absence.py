"""Somebody ill, a room out of use, a site closed: entered in the same transaction as the repair of what it hits.

The front desk and clinicians may enter one day so, of their own sites; a manager as long as it takes.
"""

import uuid
from datetime import datetime, timedelta

from django.core.exceptions import PermissionDenied
from django.db.models import Q

from pacificmind.accounts.models import Clinician, Role, User
from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from pacificmind.clinic.models import Site
from scheduling.domain.intervals import Interval, subtract
from scheduling.domain.repair import Absence
from scheduling.models import Appointment, Closure, Leave, Repair, Room
from scheduling.queries.repair import sites_of
from scheduling.services import supply
from scheduling.services.repair_tasks import close_fitting

ONE_DAY = timedelta(hours=25)  # the longest there is, in November
OUT_OF_USE, CLOSED = "Out of use", "Closed for the day"


def to_lock(absence: Absence) -> tuple[set[uuid.UUID], set[uuid.UUID]]:
    """Clinicians and rooms whose bookings must wait for it."""
    if absence.clinician:
        return {uuid.UUID(absence.clinician)}, set()
    if absence.room:
        return set(), {uuid.UUID(absence.room)}
    works = Q(weeklyshift__site_id=absence.site) | Q(shiftexception__site_id=absence.site)
    return (
        set(Clinician.objects.filter(works).values_list("pk", flat=True)),
        set(Room.objects.filter(site_id=absence.site).values_list("pk", flat=True)),
    )


def enter(*, by: User, absence: Absence, repair: Repair) -> bool:
    """Write it, with a task about every visit it hits: the repair closes those it finds a time for. False where all of
    it was entered before.

    Belongs into the repair's transaction, under `to_lock`. PermissionDenied for what is not of the user's sites.
    """
    site_of(by, absence)
    if Role.MANAGER not in by.roles and absence.gone.end - absence.gone.start > ONE_DAY:
        raise PermissionDenied
    new = _leave(by, absence, repair) if absence.clinician else _closure(by, absence, repair)
    supply.ask_to_move(_hit(absence))
    return new


def site_of(by: User, absence: Absence) -> Site:
    """The first of the user's sites that it is about; PermissionDenied where it is about none."""
    sites = Site.objects.filter(pk__in=sites_of(by))
    if absence.clinician:
        works = Clinician.objects.filter(pk=absence.clinician)
        booked = Appointment.objects.filter(clinician_id=absence.clinician).values("site")
        sites = sites.filter(
            Q(weeklyshift__clinician__in=works) | Q(shiftexception__clinician__in=works) | Q(pk__in=booked)
        )
    elif absence.room:
        sites = sites.filter(room__pk=absence.room)
    else:
        sites = sites.filter(pk=absence.site)
    found = sites.order_by("name").first()
    if found is None:
        raise PermissionDenied
    return found


def take_back(*, by: User, repair: Repair) -> None:
    """Remove what was entered with a repair that is undone; tasks about visits that fit again are closed."""
    rows: list[Leave | Closure] = [*repair.leaves.all(), *repair.closures.all()]
    hit: list[Appointment] = []
    for row in rows:
        hit += supply.hit_by(_condition_of(row), starts_at=row.starts_at, ends_at=row.ends_at)
        what = "take leave back" if isinstance(row, Leave) else "remove closure"
        record(Action.DELETE, what, by=by, subject=row, changes={"repair": str(repair.pk)})
        row.delete()
    close_fitting(hit, by=by)


def _leave(by: User, absence: Absence, repair: Repair) -> bool:
    """A leave for what of the time is not entered yet: a break within the day stays as it is."""
    there = Leave.objects.filter(
        clinician_id=absence.clinician, starts_at__lt=absence.gone.end, ends_at__gt=absence.gone.start
    )
    known = [Interval(*span) for span in there.values_list("starts_at", "ends_at")]
    free = subtract([absence.gone], known)
    for left in free:
        row = Leave.objects.create(
            clinician_id=uuid.UUID(absence.clinician), starts_at=left.start, ends_at=left.end, repair_id=repair.pk
        )
        _record(by, "enter leave", row, absence)
    return bool(free)


def _closure(by: User, absence: Absence, repair: Repair) -> bool:
    room = Room.objects.filter(pk=absence.room).first() if absence.room else None
    site_id, span = room.site_id if room else absence.site, _span(absence)
    if supply.closed_already(site_id, **span, room_id=room.pk if room else None):
        return False
    reason = OUT_OF_USE if room else CLOSED
    row = Closure.objects.create(site_id=site_id, room=room, **span, reason=reason, repair_id=repair.pk)
    _record(by, "enter closure", row, absence)
    return True


def _record(by: User, what: str, row: Leave | Closure, absence: Absence) -> None:
    record(Action.CREATE, what, by=by, subject=row, changes={"visits": len(_hit(absence))})


def _hit(absence: Absence) -> list[Appointment]:
    if absence.clinician:
        condition = Q(clinician_id=absence.clinician)
    else:
        condition = Q(room_id=absence.room) if absence.room else Q(site_id=absence.site, telehealth=False)
    return supply.hit_by(condition, **_span(absence))


def _span(absence: Absence) -> dict[str, datetime]:
    return {"starts_at": absence.gone.start, "ends_at": absence.gone.end}


def _condition_of(row: Leave | Closure) -> Q:
    if isinstance(row, Leave):
        return Q(clinician_id=row.clinician_id)
    return Q(room_id=row.room_id) if row.room_id else Q(site_id=row.site_id)
