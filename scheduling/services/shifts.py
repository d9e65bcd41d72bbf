"""When a clinician works: the week, days of their own, leave taken back, access ended; under the booking's locks."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time

from django.db.models import Q

from pacificmind.accounts.models import Clinician, User
from pacificmind.accounts.services import changing_staff, close_account
from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from pacificmind.idempotency.services import once
from scheduling.domain import errors, week
from scheduling.models import Appointment, Closure, Leave, ShiftException, WeeklyShift
from scheduling.services.locks import booking, lock
from scheduling.services.settings import CHANGED, fits, seen_hours, to_come
from scheduling.services.supply import ask_to_move, needs_manager


def weekly_shifts(clinician_id: uuid.UUID) -> list[week.Range]:
    """A clinician's week, at all sites."""
    rows = WeeklyShift.objects.filter(clinician_id=clinician_id)
    return sorted(week.Range(row.weekday, row.starts, row.ends, row.site_id) for row in rows)


def set_weekly_shifts(
    *, by: User, clinician_id: uuid.UUID, seen: str, ranges: Sequence[week.Range], request_id: uuid.UUID | None = None
) -> list[Appointment]:
    """Set a clinician's week; the visits to come that now lie outside of it: each has a task to move it."""
    asked = {"clinician": clinician_id, "seen": seen, "week": [str(one) for one in sorted(ranges)]}
    with booking(), once(request_id, user_id=by.pk, intent="weekly-shifts", asked=asked) as state:
        needs_manager(by)
        if state.repeated:
            return []
        lock(clinicians=[clinician_id])
        clinician, before = Clinician.objects.get(pk=clinician_id), weekly_shifts(clinician_id)
        if seen_hours(before) != seen:
            raise errors.BookingRefused(CHANGED)
        if wrong := week.problems(ranges):
            raise errors.BookingRefused(wrong[0].say)
        if sorted(ranges) == before:
            return []
        WeeklyShift.objects.filter(clinician_id=clinician_id).delete()
        WeeklyShift.objects.bulk_create(
            WeeklyShift(
                clinician_id=clinician_id, site_id=one.site_id, weekday=one.weekday, starts=one.starts, ends=one.ends
            )
            for one in ranges
        )
        left_out = _left_out(clinician_id, before, ranges)
        ask_to_move(left_out)
        changes = {"fields": ["weekly_shifts"], "visits": len(left_out)}
        record(Action.CHANGE, "change weekly shifts", by=by, subject=clinician, changes=changes)
    return left_out


def _left_out(clinician_id: uuid.UUID, before: Sequence[week.Range], after: Sequence[week.Range]) -> list[Appointment]:
    """Visits that the old week held and the new one does not; days with a shift of their own are not the week's."""
    own_days = set(ShiftException.objects.filter(clinician_id=clinician_id).values_list("on", flat=True))
    return [
        visit
        for visit in to_come(Q(clinician_id=clinician_id))
        if visit.day not in own_days
        and fits(visit, before, site_id=visit.site_id)
        and not fits(visit, after, site_id=visit.site_id)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnDay:
    """One date on which a clinician works other hours than every week, or, without times, not at all."""

    clinician_id: uuid.UUID
    site_id: str
    on: date
    starts: time | None = None
    ends: time | None = None


def visits_left_out(day: OwnDay) -> list[Appointment]:
    """Visits of that date which the other shift does not hold: what to show before it is saved."""
    visits = to_come(Q(clinician_id=day.clinician_id, day=day.on))
    if day.starts is None or day.ends is None:
        return visits
    hours = [week.Range(day.on.weekday(), day.starts, day.ends, day.site_id)]
    hours += [
        week.Range(day.on.weekday(), row.starts, row.ends, row.site_id)
        for row in ShiftException.objects.filter(clinician_id=day.clinician_id, on=day.on)
        if row.starts is not None and row.ends is not None
    ]
    return [visit for visit in visits if not fits(visit, hours, site_id=visit.site_id)]


def enter_own_day(*, by: User, day: OwnDay, request_id: uuid.UUID | None = None) -> list[Appointment]:
    """Enter another shift, or a day off, on one date; the visits that no longer fit, each with a task to move it."""
    asked = {name: getattr(day, name) for name in ("clinician_id", "site_id", "on", "starts", "ends")}
    with booking(), once(request_id, user_id=by.pk, intent="own-day", asked=asked) as state:
        needs_manager(by)
        if state.repeated:
            return []
        lock(clinicians=[day.clinician_id])
        _check_own_day(day)
        left_out = visits_left_out(day)
        row = ShiftException.objects.create(**asked)
        ask_to_move(left_out)
        record(Action.CREATE, "enter shift of one day", by=by, subject=row, changes={"visits": len(left_out)})
    return left_out


def _check_own_day(day: OwnDay) -> None:
    if (day.starts is None) != (day.ends is None):
        raise errors.BookingRefused("Enter both times, or neither for a day off.")
    if day.starts is not None and day.ends is not None and day.ends <= day.starts:
        raise errors.BookingRefused("The shift must end after it starts.")
    for row in ShiftException.objects.filter(clinician_id=day.clinician_id, on=day.on):
        if row.starts is None or row.ends is None or day.starts is None or day.ends is None:
            raise errors.BookingRefused("This date has a shift of its own already. Remove that one first.")
        if row.starts < day.ends and day.starts < row.ends:
            raise errors.BookingRefused("This overlaps a shift that is entered already.")


def remove_own_day(*, by: User, own_day_id: int) -> None:
    """Take an exception back: the date follows the week again. Doing it twice does no harm."""
    with booking():
        needs_manager(by)
        row = ShiftException.objects.filter(pk=own_day_id).first()
        if row is None:
            return
        lock(clinicians=[row.clinician_id])
        record(Action.DELETE, "remove shift of one day", by=by, subject=row)
        row.delete()


def take_leave_back(*, by: User, leave_id: uuid.UUID) -> None:
    """Remove a leave. Tasks to move visits stay: whether a visit was moved meanwhile is the desk's to say."""
    with booking():
        needs_manager(by)
        row = Leave.objects.filter(pk=leave_id).first()
        if row is None:
            return
        lock(clinicians=[row.clinician_id])
        record(Action.DELETE, "take leave back", by=by, subject=row)
        row.delete()


def open_again(*, by: User, closure_id: uuid.UUID) -> None:
    """Remove a closure; tasks to move visits stay, as with a leave."""
    with booking():
        needs_manager(by)
        row = Closure.objects.filter(pk=closure_id).first()
        if row is None:
            return
        record(Action.DELETE, "remove closure", by=by, subject=row)
        row.delete()


def end_access(*, by: User, user_id: uuid.UUID, request_id: uuid.UUID | None = None) -> list[Appointment]:
    """Send somebody away at once; a clinician's visits to come, each with a task to move it."""
    with changing_staff(by), once(request_id, user_id=by.pk, intent="end-access", asked={"user": user_id}) as state:
        user = User.objects.select_for_update().get(pk=user_id)
        if state.repeated or not user.is_active or not user.is_of_the_clinic:
            return []
        clinician = Clinician.objects.filter(user=user).first()
        lock(clinicians=[clinician.pk] if clinician else [])
        visits = to_come(Q(clinician=clinician)) if clinician else []
        close_account(user, by=by)
        ask_to_move(visits)
    return visits
