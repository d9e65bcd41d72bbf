"""What a repair proposes: for each patient the lawful layout with the fewest changes, together through shared supply.

Exact for one patient. Many are planned one after the other, by the first visit that is hit, each on what those before
have left; whoever found nothing is tried once more when all have moved, then all of them are searched together. Reads
only: saving checks everything again.
"""

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from intake.queries.reevaluations import last_day
from intake.queries.standing_bulk import standings
from pacificmind.clinic.models import ClinicSettings, Site
from pacificmind.clock import now
from scheduling.domain import protocol as rules
from scheduling.domain import repair as domain
from scheduling.domain.errors import ASK_THE_CLINICIAN
from scheduling.domain.intervals import Interval
from scheduling.domain.slots import FreeStart
from scheduling.domain.walltime import day_of, wall_of
from scheduling.models import Appointment, PossibleTimes, Series
from scheduling.models.appointment import TREATMENTS
from scheduling.queries import repair as queries
from scheduling.services import protocol
from scheduling.services.repair_book import Book, Spot, span_of
from scheduling.services.repair_parts import Change, PatientPlan, Plan, Stuck
from scheduling.services.repair_series import SeriesWork
from scheduling.services.repair_together import together

LOOK_AHEAD, AFTER_LAST = timedelta(weeks=6), timedelta(weeks=3)
NO_TIME = (
    "No free time keeps the rules in the weeks ahead. What would help: another site, another time of day, or a "
    "clinician's word on a later date."
)


def propose(scope: queries.Scope, *, leave_out: Sequence[uuid.UUID] = ()) -> Plan:
    """The repair of a scope, `leave_out` naming patients who stay as they are."""
    patients = [one for one in scope.patients if one not in set(leave_out)]
    work = Work.of(scope, patients)
    plans = {patient_id: work.plan(patient_id) for patient_id in patients}
    again = [patient_id for patient_id, plan in plans.items() if plan.stuck]
    if len(again) < len(plans):
        for patient_id in again:
            work.start_over(patient_id)
            plans[patient_id] = work.plan(patient_id)
    plans |= together(work, plans)
    return Plan(scope.cause, tuple(plans.values()), scope.absence)


@dataclass
class Work:
    """Everything read once, and the book that fills as patients are planned."""

    scope: queries.Scope
    hit: Mapping[uuid.UUID, Appointment]
    visits: Mapping[uuid.UUID, Sequence[Appointment]]
    loose: Mapping[uuid.UUID, Sequence[Appointment]]
    standing: Mapping[uuid.UUID, Any]
    times: Mapping[uuid.UUID, PossibleTimes]
    book: Book
    limits: rules.Policy
    soonest: datetime  # nobody is asked to come sooner than the clinic's notice; by hand the desk may
    booster_until: dict[uuid.UUID, date] = field(default_factory=dict, init=False)

    @classmethod
    def of(cls, scope: queries.Scope, patients: Sequence[uuid.UUID]) -> "Work":
        every = queries.active_of(patients)
        by_patient: dict[uuid.UUID, list[Appointment]] = defaultdict(list)
        for visit in every:
            by_patient[visit.patient_id].append(visit)
        named = {visit.pk for visit in scope.hit}
        waiting = Appointment.objects.filter(pk__in=[visit.pk for visit in every])
        flagged = set(queries.with_open_task(waiting).values_list("pk", flat=True))
        here = [v for v in every if v.site_id in scope.sites and queries.is_movable(v)]
        hit = {v.pk: v for v in here if v.pk in named | flagged}
        series = {visit.series_id for visit in hit.values() if visit.series_id}
        series |= {scope.fill.pk} if scope.fill else set()
        series.discard(None)
        loose = {
            patient: [v for v in here if v.patient_id == patient and (v.pk in hit or v.series_id in series)]
            for patient in by_patient
        }
        flat = [visit for found in loose.values() for visit in found]
        span = span_of(flat or every, least=LOOK_AHEAD, after=AFTER_LAST)
        book = Book(span, flat, absence=scope.absence, together=len(patients))
        book.put_back(flat)
        kept = PossibleTimes.objects.filter(patient_id__in=patients)
        return cls(
            scope,
            hit,
            by_patient,
            loose,
            standings(patients),
            {one.patient_id: one for one in kept},
            book,
            protocol.policy(),
            now() + timedelta(hours=ClinicSettings.current().notice_hours),
        )

    def start_over(self, patient_id: uuid.UUID) -> None:
        """Put the patient's visits back where they are."""
        self.book.forget([visit.pk for visit in self.loose.get(patient_id, ())])
        self.book.put_back(self.loose.get(patient_id, ()))

    def plan(self, patient_id: uuid.UUID) -> PatientPlan:
        """The patient's series first, then every other visit that has to go."""
        loose = self.loose.get(patient_id, ())
        by_series: dict[uuid.UUID, Series] = {v.series.pk: v.series for v in loose if v.series is not None}
        if self.scope.fill is not None and self.scope.fill.patient_id == patient_id:
            by_series.setdefault(self.scope.fill.pk, self.scope.fill)
        plan = PatientPlan(patient_id)
        for one in by_series.values():
            plan = plan.join(SeriesWork(self, one).plan())
        for visit in loose:
            if visit.series_id is None:
                plan = plan.join(self.single(visit))
        return plan

    def busy(self, patient_id: uuid.UUID) -> list[Interval]:
        """When the patient has visits that stay whatever happens."""
        keep = {visit.pk for visit in self.loose.get(patient_id, ())}
        coming = (v for v in self.visits.get(patient_id, ()) if v.pk not in keep and v.ends_at > now())
        return [Interval(v.starts_at, v.ends_at) for v in coming]

    def days_of(self, patient_id: uuid.UUID, site: Site, kind: str) -> list[date]:
        """Days of the span on which the decision covers the visit; none over an open alert (P6, P7)."""
        days = self.book.span.days()
        if kind not in TREATMENTS:
            return days
        known = self.standing[patient_id]
        return [] if known.urgent else [d for d in days if known.covers(on=d, site_id=site.pk, kind=kind)]

    def single(self, visit: Appointment) -> PatientPlan:
        """A visit of no series: the nearest lawful time, with the same clinician first."""
        days = set(self.days_of(visit.patient_id, visit.site, visit.kind))
        if not days:
            return self._stuck([visit], "P6", ASK_THE_CLINICIAN)
        starts = [one for one in self.starts_of(visit) if day_of(one.start, visit.site.tz) in days]
        if visit.booster_order is not None:
            starts = [one for one in starts if self._booster_may(visit, day_of(one.start, visit.site.tz))]
        room = str(visit.room_id) if visit.room_id else None
        found = domain.nearest(starts, to=visit.starts_at, clinician=str(visit.clinician_id), room=room)
        if found is None:
            return self._stuck([visit], "P10" if visit.booster_order is not None else "", NO_TIME)
        spot = Spot.of(found)
        self.book.put(visit.pk, visit.patient_id, visit.site, visit.kind, spot)
        return PatientPlan(visit.patient_id, {visit.pk: visit.version}, (Change(spot, visit.pk),))

    def starts_of(self, visit: Appointment) -> list[FreeStart]:
        """Free starts for a visit at which the patient can come."""
        found = self.book.free(
            visit.site,
            visit.kind,
            patient_id=visit.patient_id,
            busy=self.busy(visit.patient_id),
            without=[visit.pk],
            telehealth=visit.telehealth,
            same=[visit.starts_at],
        )
        walls = {start: wall_of(start, visit.site.tz) for start in {one.start for one in found}}
        return self.suiting(visit.patient_id, found, walls, same=[visit.starts_at])

    def suiting(
        self,
        patient_id: uuid.UUID,
        starts: Sequence[FreeStart],
        walls: Mapping[datetime, datetime],
        *,
        same: Sequence[datetime],
    ) -> list[FreeStart]:
        """Those at which the patient can come and of which they hear in time; the `same` times may stay sooner."""
        times, soonest, kept = self.times.get(patient_id), self.soonest, set(same)
        return [
            one
            for one in starts
            if (one.start >= soonest or one.start in kept) and queries.possible_at(times, walls[one.start])
        ]

    def _booster_may(self, visit: Appointment, day: date) -> bool:
        others = self.treatments(visit.patient_id, without=[visit.pk])
        order = visit.booster_order
        if order is None:
            return False
        if visit.pk not in self.booster_until:
            self.booster_until[visit.pk] = last_day(order, visits=[visit.pk])
        return day <= self.booster_until[visit.pk] and not rules.check_booster(day, others, self.limits)

    def treatments(self, patient_id: uuid.UUID, *, without: Sequence[uuid.UUID]) -> list[date]:
        """Days of the patient's infusions and boosters, as they are now."""
        found = self.visits.get(patient_id, ())
        return sorted(v.day for v in found if v.kind in TREATMENTS and v.pk not in set(without))

    def _stuck(self, visits: Sequence[Appointment], rule: str, say: str) -> PatientPlan:
        seen = {visit.pk: visit.version for visit in visits}
        return PatientPlan(visits[0].patient_id, seen, stuck=tuple(Stuck(visit.pk, rule, say) for visit in visits))
