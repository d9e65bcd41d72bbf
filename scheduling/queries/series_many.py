"""What laying out several series at once has to read: which orders wait, and the days of all their patients."""

import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from django.db.models import QuerySet

from intake.models import SeriesOrder
from intake.queries.standing_bulk import Standing, standings
from pacificmind.accounts.models import User
from pacificmind.clinic.models import Site
from scheduling.domain.intervals import Interval
from scheduling.models import ACTIVE, Appointment, Kind, PossibleTimes, Series, Status
from scheduling.models.appointment import TREATMENTS
from scheduling.queries.series import orders_to_lay_out

MOST = 100  # laid out together


@dataclass(frozen=True)
class Known:
    """What is known of one patient: everything that keeps an infusion away from a time or a day."""

    standing: Standing | None
    times: PossibleTimes | None
    open_series: bool = False
    busy: list[Interval] = field(default_factory=list)
    treatments_on: set[date] = field(default_factory=set)
    boosters_on: set[date] = field(default_factory=set)
    last_infusion_on: date | None = None


def orders_of(user: User, site: Site) -> QuerySet[SeriesOrder]:
    """The orders that wait to be laid out for patients of this site, the oldest first."""
    return orders_to_lay_out(user).filter(clearance__patient__site=site)


def known_of(patients: Iterable[uuid.UUID]) -> dict[uuid.UUID, Known]:
    """What is known of each of these patients."""
    ids = set(patients)
    standing, times = standings(ids), {one.patient_id: one for one in PossibleTimes.objects.filter(patient__in=ids)}
    running = set(
        Series.objects.filter(patient__in=ids, status=Series.Status.OPEN).values_list("patient_id", flat=True)
    )
    found = {one: Known(standing.get(one), times.get(one), one in running) for one in ids}
    last: dict[uuid.UUID, list[date]] = defaultdict(list)
    visits = Appointment.objects.filter(patient__in=ids, status__in=ACTIVE)
    for visit in visits.only("patient_id", "kind", "status", "day", "starts_at", "ends_at"):
        one = found[visit.patient_id]
        one.busy.append(Interval(visit.starts_at, visit.ends_at))
        if visit.kind in TREATMENTS:
            one.treatments_on.add(visit.day)
        if visit.kind == Kind.BOOSTER:
            one.boosters_on.add(visit.day)
        if visit.kind == Kind.INFUSION and visit.status == Status.FULFILLED:
            last[visit.patient_id].append(visit.day)
    return {one: _with_last(known, last.get(one, [])) for one, known in found.items()}


def _with_last(known: Known, days: list[date]) -> Known:
    return Known(
        known.standing,
        known.times,
        known.open_series,
        known.busy,
        known.treatments_on,
        known.boosters_on,
        max(days, default=None),
    )
