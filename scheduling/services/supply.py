"""Leave and closures: entered under the locks that bookings take, so that none slips in between (DESIGN 3)."""

import uuid
from collections.abc import Iterable, Sequence
from datetime import date, datetime

from django.core.exceptions import PermissionDenied
from django.db.models import Q

from pacificmind.accounts.models import Clinician, Role, User
from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from pacificmind.clinic.models import Site
from pacificmind.clock import now
from pacificmind.idempotency.services import once
from pacificmind.tasks.models import Kind as TaskKind
from pacificmind.tasks.models import Queue
from pacificmind.tasks.services import open_task
from scheduling.domain import errors
from scheduling.domain.walltime import DAY, opening
from scheduling.models import Appointment, Closure, Leave, Room, Status
from scheduling.services.locks import booking, lock

TO_COME = (Status.HELD, Status.BOOKED, Status.ARRIVED)


def hit_by(condition: Q, *, starts_at: datetime, ends_at: datetime) -> list[Appointment]:
    """Visits to come that lie in a time which is taken away: what to show before it is saved."""
    visits = Appointment.objects.filter(condition, status__in=TO_COME, starts_at__lt=ends_at)
    visits = visits.filter(ends_at__gt=max(starts_at, now()))
    return list(visits.select_related("patient", "site").order_by("starts_at"))


def enter_leave(
    *,
    by: User,
    clinician_id: uuid.UUID,
    starts_at: datetime,
    ends_at: datetime,
    reason: str = "",
    is_break: bool = False,
    request_id: uuid.UUID | None = None,
) -> tuple[Leave, list[Appointment]]:
    """Enter a leave or a break. The visits it hits stay, each with a task to move it; none can be booked into it."""
    asked = {"clinician": clinician_id, "from": starts_at, "until": ends_at, "reason": reason, "break": is_break}
    with booking(), once(request_id, user_id=by.pk, intent="leave", asked=asked) as request:
        if request.repeated:
            leave = Leave.objects.get(pk=request.result["leave"])
            return leave, hit_by(Q(clinician_id=clinician_id), starts_at=starts_at, ends_at=ends_at)
        needs_manager(by)
        lock(clinicians=[clinician_id])
        Clinician.objects.get(pk=clinician_id)
        if ends_at <= starts_at:
            raise errors.BookingRefused("The leave must end after it starts.")
        if Leave.objects.filter(clinician_id=clinician_id, starts_at__lt=ends_at, ends_at__gt=starts_at).exists():
            raise errors.BookingRefused("This overlaps a leave that is entered already.")
        leave = Leave.objects.create(
            clinician_id=clinician_id, starts_at=starts_at, ends_at=ends_at, reason=reason, is_break=is_break
        )
        hit = hit_by(Q(clinician_id=clinician_id), starts_at=starts_at, ends_at=ends_at)
        request.result = {"leave": str(leave.pk)}
        ask_to_move(hit)
        record(Action.CREATE, "enter leave", by=by, subject=leave, changes={"visits": len(hit)})
    return leave, hit


def enter_closure(
    *,
    by: User,
    site_id: str,
    room_id: uuid.UUID | None,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    request_id: uuid.UUID | None = None,
) -> tuple[Closure, list[Appointment]]:
    """Close a site or one of its rooms for a time. As with leave, the visits it hits become tasks."""
    asked = {"site": site_id, "room": room_id, "from": starts_at, "until": ends_at, "reason": reason}
    condition = Q(room_id=room_id) if room_id else Q(site_id=site_id)
    with booking(), once(request_id, user_id=by.pk, intent="closure", asked=asked) as request:
        if request.repeated:
            closure = Closure.objects.get(pk=request.result["closure"])
            return closure, hit_by(condition, starts_at=starts_at, ends_at=ends_at)
        needs_manager(by)
        rooms = Room.objects.filter(site_id=site_id)
        if room_id is not None and not rooms.filter(pk=room_id).exists():
            raise errors.BookingRefused("This room is not at this site. Choose one of its rooms.")
        lock_site(site_id, room_id)
        if ends_at <= starts_at:
            raise errors.BookingRefused("The closure must end after it starts.")
        if closed_already(site_id, starts_at=starts_at, ends_at=ends_at, room_id=room_id):
            raise errors.BookingRefused("This is closed for the whole of that time already.")
        closure = Closure.objects.create(
            site_id=site_id, room_id=room_id, starts_at=starts_at, ends_at=ends_at, reason=reason
        )
        hit = hit_by(condition, starts_at=starts_at, ends_at=ends_at)
        request.result = {"closure": str(closure.pk)}
        ask_to_move(hit)
        record(Action.CREATE, "enter closure", by=by, subject=closure, changes={"visits": len(hit)})
    return closure, hit


def enter_holidays(
    *, by: User, site_id: str, days: Sequence[tuple[date, str]], request_id: uuid.UUID | None = None
) -> list[Appointment]:
    """Close a site on whole days, each with its name; days that are closed already are left as they are."""
    asked = {"site": site_id, "days": [(f"{on}", name) for on, name in days]}
    with booking(), once(request_id, user_id=by.pk, intent="holidays", asked=asked) as request:
        if request.repeated:
            return []
        needs_manager(by)
        site = Site.objects.get(pk=site_id)
        lock_site(site_id)
        hit = hit_by_holidays(site, days)
        for on, name in days:
            starts_at, ends_at = whole_day(on, site)
            if not closed_already(site_id, starts_at=starts_at, ends_at=ends_at):
                row = Closure.objects.create(site=site, starts_at=starts_at, ends_at=ends_at, reason=name[:80])
                record(Action.CREATE, "enter closure", by=by, subject=row)
        ask_to_move(hit)
    return hit


def hit_by_holidays(site: Site, days: Sequence[tuple[date, str]]) -> list[Appointment]:
    """Visits to come on these days at the site: what to show before they are entered."""
    here = Q(site=site, day__in=[on for on, _ in days], status__in=TO_COME, ends_at__gt=now())
    return list(Appointment.objects.filter(here).select_related("patient", "site").order_by("starts_at"))


def whole_day(on: date, site: Site) -> tuple[datetime, datetime]:
    """From midnight to midnight at the site's wall clock."""
    return opening(on, 0, site.tz), opening(on + DAY, 0, site.tz)


def closed_already(site_id: str, *, starts_at: datetime, ends_at: datetime, room_id: uuid.UUID | None = None) -> bool:
    """Whether one closure of the site, or of this room, covers all of this time."""
    whole = Closure.objects.filter(site_id=site_id, starts_at__lte=starts_at, ends_at__gte=ends_at)
    return whole.filter(Q(room=None) | Q(room_id=room_id) if room_id else Q(room=None)).exists()


def lock_site(site_id: str, room_id: uuid.UUID | None = None) -> None:
    """What a booking at the site locks, its patients apart; of its rooms one, where one is named."""
    rooms = Room.objects.filter(site_id=site_id)
    works = Q(weeklyshift__site_id=site_id) | Q(shiftexception__site_id=site_id)
    lock(
        clinicians=set(Clinician.objects.filter(works).values_list("pk", flat=True)),
        rooms=[room_id] if room_id else set(rooms.values_list("pk", flat=True)),
    )


def needs_manager(by: User) -> None:
    """Raise PermissionDenied unless `by` is a manager."""
    if Role.MANAGER not in by.roles:
        raise PermissionDenied


def still_hit(site: Site, closures: Iterable[Closure]) -> list[tuple[Closure, int]]:
    """Closures of a site, each with how many visits to come still lie in it."""
    listed = list(closures)
    visits = _within(Q(site=site), listed)
    return [(one, sum(_in(one, visit) for visit in visits if one.room_id in (None, visit.room_id))) for one in listed]


def still_hit_by_leave(clinician: Clinician, leaves: Iterable[Leave]) -> list[tuple[Leave, int]]:
    """Leaves of a clinician, each with how many visits to come still lie in it."""
    listed = list(leaves)
    visits = _within(Q(clinician=clinician), listed)
    return [(one, sum(_in(one, visit) for visit in visits)) for one in listed]


def _within(condition: Q, spans: Sequence[Closure | Leave]) -> list[Appointment]:
    if not spans:
        return []
    starts_at, ends_at = min(one.starts_at for one in spans), max(one.ends_at for one in spans)
    return hit_by(condition, starts_at=starts_at, ends_at=ends_at)


def _in(span: Closure | Leave, visit: Appointment) -> bool:
    return visit.starts_at < span.ends_at and span.starts_at < visit.ends_at


def ask_to_move(visits: list[Appointment]) -> None:
    """A task for the front desk about each visit whose time or place is no longer there."""
    for visit in visits:
        open_task(
            TaskKind.VISIT_TO_MOVE,
            subject_type="scheduling.appointment",
            subject_id=visit.pk,
            queue=Queue.FRONT_DESK,
            due_at=now(),
            site_id=visit.site_id,
            patient_id=visit.patient_id,
        )
