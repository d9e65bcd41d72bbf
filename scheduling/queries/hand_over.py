"""Who can take over an infusion under way: attends infusions, is on shift, has a lane free for the rest of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta

from psycopg2.extras import NumericRange

from pacificmind.accounts.models import Clinician
from scheduling.domain import slots
from scheduling.domain.hours import Hours
from scheduling.domain.intervals import Interval
from scheduling.domain.walltime import DAY, day_of
from scheduling.models import Appointment, Status
from scheduling.models.appointment import TREATMENTS
from scheduling.queries import calendar
from scheduling.queries.lanes import lanes_of

LEAST = timedelta(minutes=1)  # what is left of a visit that runs over
ALL_DAY = Hours(weekly={weekday: [(time(), time())] for weekday in range(7)})


@dataclass(frozen=True)
class Taker:
    """Somebody who attends infusions at the site; `lanes` to take, or None and `why` not."""

    clinician: Clinician
    lanes: NumericRange | None
    why: str = ""


def may_be_handed_over(visit: Appointment) -> bool:
    """An infusion or booster whose patient is checked in, started or not."""
    return visit.kind in TREATMENTS and visit.status == Status.CHECKED_IN


def takers(visit: Appointment, *, at: datetime, among: Sequence[Clinician] | None = None) -> list[Taker]:
    """Everybody else who attends at the visit's site, by name, and whether they can take it from `at` to its end."""
    people = list(calendar.clinicians_for(visit.site, visit.kind) if among is None else among)
    people = sorted((one for one in people if one.pk != visit.clinician_id), key=str)
    start = at.astimezone(UTC).replace(second=0, microsecond=0)
    rest = max(visit.ends_at - start, LEAST)
    day = day_of(start, visit.site.tz)
    supply, _ = calendar.supply_for(
        visit.site,
        visit.kind,
        None,
        from_day=day,
        until_day=day + DAY,
        without=[visit.pk],
        clinicians=[one.pk for one in people],
        rooms=[],
    )
    over = _running_over(people, at)
    wanted = slots.Wanted(
        shape=slots.VisitShape(length=rest, needs_room=False, grid_minutes=1), from_day=day, until_day=day + DAY
    )
    # The patient is in the chair: the site's hours do not matter any more, the clinician's do.
    open_site = replace(supply, hours=ALL_DAY, closures=[])
    return [_taker(one, open_site, wanted, start, over) for one in people]


def _running_over(people: Sequence[Clinician], at: datetime) -> list[Appointment]:
    """Visits of these clinicians that should be over and are not: their lanes are in use still."""
    return list(
        Appointment.objects.filter(
            clinician__in=people, status=Status.CHECKED_IN, finished_at__isnull=True, ends_at__lte=at
        ).filter(starts_at__gt=at - DAY)
    )


def _taker(
    one: Clinician, supply: slots.Calendar, wanted: slots.Wanted, start: datetime, over: Sequence[Appointment]
) -> Taker:
    not_there = Taker(one, None, "is not on shift until this visit ends")
    known = next((found for found in supply.clinicians if found.id == str(one.pk)), None)
    if known is None:  # since they were listed
        return not_there
    until = start + wanted.shape.length
    late = [
        slots.LaneUse(Interval(start, until), (lanes_of(visit).start, lanes_of(visit).stop))
        for visit in over
        if visit.clinician_id == one.pk
    ]
    now_so = replace(known, in_use=[*known.in_use, *late])
    choice = slots.choice_at(replace(supply, clinicians=[now_so]), wanted, start)
    if choice is not None:
        return Taker(one, NumericRange(*choice.lanes, "[)"))
    idle = slots.choice_at(replace(supply, clinicians=[replace(known, in_use=[])]), wanted, start)
    return Taker(one, None, "has no place free until this visit ends") if idle else not_there
