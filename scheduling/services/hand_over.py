"""Pass an infusion under way from one who attends to another. The patient is told nothing: the visit is the same."""

import itertools
import uuid

from psycopg2.extras import NumericRange

from pacificmind.accounts.models import Clinician, Role, User
from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from pacificmind.clock import now
from pacificmind.idempotency.services import once
from scheduling.domain import errors
from scheduling.models import ACTIVE, Appointment, HandOver
from scheduling.queries import calendar
from scheduling.queries import hand_over as queries
from scheduling.queries.lanes import lanes_of
from scheduling.services import authority
from scheduling.services.locks import booking, law_checked_at_the_end, lock


def hand_over(
    *,
    by: User,
    visit_id: uuid.UUID,
    version: int,
    to_clinician_id: uuid.UUID,
    reason: str = "",
    request_id: uuid.UUID | None = None,
) -> Appointment:
    """Give the rest of the visit to another who attends, in a lane of theirs. Stale unless it has this `version`.

    Raises BookingRefused where the visit is not under way, or the other cannot take it.
    """
    asked = {"visit": visit_id, "version": version, "to": to_clinician_id}
    with booking(), once(request_id, user_id=by.pk, intent="hand-over", asked=asked) as request:
        seen = Appointment.objects.get(pk=visit_id)
        authority.needs_staff(by, seen.site_id, Role.FRONT_DESK, Role.CLINICIAN)
        if request.repeated:
            return seen
        lock(patients=[seen.patient_id], clinicians={seen.clinician_id, to_clinician_id})
        visit = _current(visit_id, version)
        to = calendar.clinicians_for(visit.site, visit.kind).filter(pk=to_clinician_id).first()
        if to is None or to.pk == visit.clinician_id:
            raise errors.BookingRefused("Choose somebody else who attends infusions at this site.")
        lanes = _lanes_of(visit, to)
        before = visit.clinician
        _write(visit, to, lanes)
        HandOver.objects.create(
            visit=visit, from_clinician=before, to_clinician=to, reason=reason.strip()[:200], by=by, at=now()
        )
        record(
            Action.CHANGE,
            "hand over",
            by=by,
            subject=visit,
            patient_id=visit.patient_id,
            changes={"fields": ["clinician"], "from": str(before.pk), "to": str(to.pk)},
        )
    return visit


def _current(visit_id: uuid.UUID, version: int) -> Appointment:
    visit = (
        Appointment.objects.select_related("patient", "site", "clinician__user")
        .select_for_update(of=("self",), no_key=True)
        .get(pk=visit_id)
    )
    if visit.version != version:
        raise errors.Stale
    if not queries.may_be_handed_over(visit):
        raise errors.BookingRefused("Only an infusion whose patient is checked in is handed over. Move it instead.")
    return visit


def _lanes_of(visit: Appointment, to: Clinician) -> NumericRange:
    taker = queries.takers(visit, at=now(), among=[to])[0]
    if taker.lanes is None:
        raise errors.BookingRefused(f"{to} {taker.why}. Choose somebody else.")
    return taker.lanes


def _write(visit: Appointment, to: Clinician, lanes: NumericRange) -> None:
    """The row keeps its times, so that in the other's lane it also covers what is past: old visits there step aside."""
    with law_checked_at_the_end():
        for old in _overlapping(visit, to):
            if set(lanes_of(old)) & set(range(lanes.lower, lanes.upper)):
                Appointment.objects.filter(pk=old.pk).update(lanes=_aside(old, to, beside=(visit, lanes)))
        visit.clinician, visit.lanes = to, lanes
        visit.version += 1
        visit.save(update_fields=["clinician", "lanes", "version"])


def _overlapping(visit: Appointment, to: Clinician) -> list[Appointment]:
    """The other's visits that overlap this one's planned time."""
    found = Appointment.objects.filter(
        clinician=to, status__in=ACTIVE, starts_at__lt=visit.ends_at, ends_at__gt=visit.starts_at
    )
    return list(found.exclude(pk=visit.pk).order_by("starts_at", "pk"))


def _aside(old: Appointment, to: Clinician, *, beside: tuple[Appointment, NumericRange]) -> NumericRange:
    """The lowest lanes for a visit that is over, clear of all that overlaps it; how many there are matters no more."""
    new, taken = beside
    width = len(lanes_of(old))
    used = {lane for one in _overlapping(old, to) for lane in lanes_of(one)}
    if new.starts_at < old.ends_at and old.starts_at < new.ends_at:
        used |= set(range(taken.lower, taken.upper))
    first = next(n for n in itertools.count() if used.isdisjoint(range(n, n + width)))
    return NumericRange(first, first + width, "[)")
