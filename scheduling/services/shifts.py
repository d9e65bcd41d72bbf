"""When a clinician works: the week, days of their own, leave taken back, access ended; under the booking's locks."""

import uuid
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, time

from django.db.models import Q

from pacificmind.accounts.models import Clinician, Role, RoleGrant, User
from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from pacificmind.clinic.models import Site
from pacificmind.idempotency.services import once
from scheduling.domain import errors, week
from scheduling.models import Appointment, Closure, Leave, ShiftException, WeeklyShift
from scheduling.services.locks import booking, lock
from scheduling.services.repair_tasks import close_fitting
from scheduling.services.settings import CHANGED, fits, seen_hours, to_come
from scheduling.services.supply import ask_to_move, hit_by, needs_manager


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
        _works_there(clinician, {one.site_id for one in ranges} - {one.site_id for one in before})
        left_out = left_out_by_shifts(clinician_id, ranges)
        WeeklyShift.objects.filter(clinician_id=clinician_id).delete()
        WeeklyShift.objects.bulk_create(
            WeeklyShift(
                clinician_id=clinician_id, site_id=one.site_id, weekday=one.weekday, starts=one.starts, ends=one.ends
            )
            for one in ranges
        )
        ask_to_move(left_out)
        changes = {"fields": ["weekly_shifts"], "visits": len(left_out)}
        record(Action.CHANGE, "change weekly shifts", by=by, subject=clinician, changes=changes)
    return left_out


def sites_of(clinician: Clinician) -> set[str]:
    """The sites at which somebody is a clinician."""
    grants = RoleGrant.objects.filter(user_id=clinician.user_id, role=Role.CLINICIAN)
    return {site_id for site_id in grants.values_list("site_id", flat=True) if site_id}


def home_site(clinician: Clinician) -> Site:
    """The site whose clock a clinician's leave is likely written in: where they work on most days of the week."""
    shifts = WeeklyShift.objects.filter(clinician=clinician).values_list("site_id", flat=True)
    most = Counter(shifts).most_common(1)
    site = Site.objects.filter(pk=most[0][0]).first() if most else Site.objects.first()
    return site or Site()


def _works_there(clinician: Clinician, sites: Collection[str]) -> None:
    """Raise unless somebody is a clinician of these sites."""
    if missing := set(sites) - sites_of(clinician):
        name = Site.objects.get(pk=min(missing)).name
        raise errors.BookingRefused(f"They are no clinician of {name}. Give them that role there first.")


def left_out_by_shifts(clinician_id: uuid.UUID, after: Sequence[week.Range]) -> list[Appointment]:
    """Visits that the week as it is holds and this one would not: to be shown before it is saved.

    Days with a shift of their own are not the week's.
    """
    before = weekly_shifts(clinician_id)
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
    rows = ShiftException.objects.filter(clinician_id=day.clinician_id, on=day.on)
    hours = [week.Range(day.on.weekday(), day.starts, day.ends, day.site_id), *_ranges(rows)]
    return [visit for visit in visits if not fits(visit, hours, site_id=visit.site_id)]


def _ranges(rows: Iterable[ShiftException]) -> list[week.Range]:
    """Exceptions of one date as a week's hours; a day off is none."""
    return [
        week.Range(row.on.weekday(), row.starts, row.ends, row.site_id)
        for row in rows
        if row.starts is not None and row.ends is not None
    ]


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


def in_order(starts: time, ends: time) -> bool:
    """Whether the end comes after the start; 00:00 is the midnight that ends the day."""
    return week.end_minutes(ends) > week.minutes(starts)


def _check_own_day(day: OwnDay) -> None:
    if (day.starts is None) != (day.ends is None):
        raise errors.BookingRefused("Enter both times, or neither for a day off.")
    if day.starts is not None and day.ends is not None and not in_order(day.starts, day.ends):
        raise errors.BookingRefused("The shift must end after it starts.")
    for row in ShiftException.objects.filter(clinician_id=day.clinician_id, on=day.on):
        if row.starts is None or row.ends is None or day.starts is None or day.ends is None:
            raise errors.BookingRefused("This date has a shift of its own already. Remove that one first.")
        entered = week.Range(day.on.weekday(), row.starts, row.ends)
        if week.problems([entered, week.Range(day.on.weekday(), day.starts, day.ends)]):
            raise errors.BookingRefused("This overlaps a shift that is entered already.")


def left_out_without(row: ShiftException) -> list[Appointment]:
    """Visits of the date that its own shift holds and that would have none without it: shown before it is removed."""
    rows = list(ShiftException.objects.filter(clinician_id=row.clinician_id, on=row.on))
    before, others = _ranges(rows), [one for one in rows if one.pk != row.pk]
    after = _ranges(others) if others else weekly_shifts(row.clinician_id)
    return [
        visit
        for visit in to_come(Q(clinician_id=row.clinician_id, day=row.on))
        if fits(visit, before, site_id=visit.site_id) and not fits(visit, after, site_id=visit.site_id)
    ]


def remove_own_day(*, by: User, own_day_id: int) -> list[Appointment]:
    """Take an exception back: the date follows the week again. The visits it held have a task each.

    Doing it twice does no harm.
    """
    with booking():
        needs_manager(by)
        row = ShiftException.objects.filter(pk=own_day_id).first()
        if row is None:
            return []
        lock(clinicians=[row.clinician_id])
        left_out = left_out_without(row)
        ask_to_move(left_out)
        record(Action.DELETE, "remove shift of one day", by=by, subject=row, changes={"visits": len(left_out)})
        row.delete()
    return left_out


def take_leave_back(*, by: User, leave_id: uuid.UUID) -> None:
    """Remove a leave. The tasks to move visits that have their place again are closed, the others stay."""
    with booking():
        needs_manager(by)
        row = Leave.objects.filter(pk=leave_id).first()
        if row is None:
            return
        lock(clinicians=[row.clinician_id])
        hit = hit_by(Q(clinician_id=row.clinician_id), starts_at=row.starts_at, ends_at=row.ends_at)
        record(Action.DELETE, "take leave back", by=by, subject=row)
        row.delete()
        close_fitting(hit, by=by)


def open_again(*, by: User, closure_id: uuid.UUID) -> None:
    """Remove a closure; the tasks to move visits that fit again are closed, as with a leave."""
    with booking():
        needs_manager(by)
        row = Closure.objects.filter(pk=closure_id).first()
        if row is None:
            return
        where = Q(room_id=row.room_id) if row.room_id else Q(site_id=row.site_id)
        hit = hit_by(where, starts_at=row.starts_at, ends_at=row.ends_at)
        record(Action.DELETE, "remove closure", by=by, subject=row)
        row.delete()
        close_fitting(hit, by=by)
