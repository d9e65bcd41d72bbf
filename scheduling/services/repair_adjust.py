"""Another lawful time for one visit of a proposed repair, chosen by hand; the rest of the proposal stays."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from django.core.exceptions import PermissionDenied

from intake.queries.reevaluations import last_day
from intake.queries.standing_bulk import Standing, standings
from pacificmind.accounts.models import User
from pacificmind.clinic.models import Site
from scheduling.domain import errors
from scheduling.domain import protocol as rules
from scheduling.domain.intervals import Interval
from scheduling.domain.slots import FreeStart
from scheduling.domain.walltime import day_of, wall_of
from scheduling.models import Appointment, Kind, PossibleTimes, Series, Status
from scheduling.models.appointment import TREATMENTS
from scheduling.queries import repair as queries
from scheduling.services import protocol
from scheduling.services import repair_rows as rows
from scheduling.services.repair_book import Book, Spot, span_of
from scheduling.services.repair_parts import Change, PatientPlan, Plan, Stuck

AHEAD = timedelta(weeks=6)
NOBODY = uuid.UUID(int=0)


@dataclass(frozen=True)
class Picked:
    """One visit of a plan: whose, which, where it would go (None where no place was found)."""

    patient: PatientPlan
    visit: Appointment | None
    series: Series | None
    spot: Spot | None

    @property
    def site(self) -> Site:
        """Where it takes place."""
        return rows.what(self.visit, self.series)[0]

    @property
    def kind(self) -> str:
        """What it is."""
        return rows.what(self.visit, self.series)[1]


def key_of(change: Change | Stuck, index: int) -> str:
    """The name of a visit of a patient's plan in forms: its id, or its place in the plan where it is to be made."""
    return str(change.visit_id) if change.visit_id else f"new-{index}"


def pick(by: User, plan: Plan, patient_id: uuid.UUID, key: str) -> Picked:
    """The visit of that name. PermissionDenied for what the plan or the user's sites do not hold."""
    one = next((each for each in plan.patients if each.patient_id == patient_id), None)
    every: list[Change | Stuck] = [*one.changes, *one.stuck] if one else []
    found = next((each for n, each in enumerate(every) if key_of(each, n) == key), None)
    if one is None or found is None:
        raise PermissionDenied
    visit = Appointment.objects.select_related(*rows.WITH).filter(pk=found.visit_id or NOBODY).first()
    run = (found.series_id if isinstance(found, Change) else None) or NOBODY
    series = visit.series if visit else Series.objects.select_related("order", "site").filter(pk=run).first()
    picked = Picked(one, visit, series, found.spot if isinstance(found, Change) else None)
    if (visit is None and series is None) or picked.site.pk not in queries.sites_of(by):
        raise PermissionDenied
    return picked


def options(plan: Plan, picked: Picked) -> list[FreeStart]:
    """Free and lawful starts for the visit while all others go where the plan says, each once, first free first."""
    work = _Around.of(plan, picked)
    found = {one.start: one for one in reversed(work.free()) if work.may(day_of(one.start, picked.site.tz))}
    times = PossibleTimes.objects.filter(patient_id=picked.patient.patient_id).first()
    taken = picked.spot.starts_at if picked.spot else None
    return [
        one
        for start, one in sorted(found.items())
        if start != taken and queries.possible_at(times, wall_of(start, picked.site.tz))
    ]


def take(plan: Plan, picked: Picked, key: str, start: FreeStart) -> Plan:
    """The plan with the visit at another start; its new weeks with too few visits counted again (P4)."""
    spot = Spot.of(start)
    one = picked.patient
    if picked.spot is None and picked.visit is not None:
        more = Change(spot, picked.visit.pk, picked.visit.series_id)
        stuck = tuple(each for each in one.stuck if each.visit_id != picked.visit.pk)
        changed = replace(one, changes=(*one.changes, more), stuck=stuck)
    else:
        changes = tuple(
            replace(each, spot=spot) if key_of(each, n) == key else each for n, each in enumerate(one.changes)
        )
        changed = replace(one, changes=changes)
    if picked.series is not None:
        changed = replace(changed, thin=_thin(changed, picked.series))
    patients = tuple(changed if each.patient_id == one.patient_id else each for each in plan.patients)
    return replace(plan, patients=patients)


def _days(one: PatientPlan, series: Series, without: Iterable[uuid.UUID | None] = ()) -> list[date]:
    """The days of a series as the plan has it."""
    moved = {change.visit_id for change in one.changes}
    visits = Appointment.objects.filter(series=series, pk__in=list(one.seen)).exclude(pk__in=[m for m in moved if m])
    stays = [day for pk, day in visits.values_list("pk", "day") if pk not in set(without)]
    tz = series.site.tz
    return sorted(stays + [day_of(c.spot.starts_at, tz) for c in one.changes if c.series_id == series.pk])


def _thin(one: PatientPlan, series: Series) -> tuple[str, ...]:
    before, limits = protocol.series_days(series), protocol.policy()
    known = {each.week for each in rules.deviations(before, limits)}
    known |= set(series.deviations.values_list("week", flat=True))
    after = replace(before, days=tuple(_days(one, series)))
    return tuple(each.say for each in rules.deviations(after, limits) if each.week not in known)


@dataclass
class _Around:
    """What surrounds one visit of a plan: supply, the patient's other days, the decision."""

    picked: Picked
    book: Book
    busy: list[Interval]
    days: rules.SeriesDays | None
    others: list[date]
    boosters: list[date]
    standing: Standing
    known: dict[date, bool] = field(default_factory=dict)

    @classmethod
    def of(cls, plan: Plan, picked: Picked) -> "_Around":
        moved = [c.visit_id for one in plan.patients for c in one.changes if c.visit_id]
        own = [picked.visit.pk] if picked.visit else []
        loose = list(Appointment.objects.select_related("site").filter(pk__in=[*moved, *own]))
        where = [*loose, *([picked.visit] if picked.visit else [])]
        book = Book(span_of(where, least=AHEAD, after=AHEAD), loose, absence=plan.absence)
        _put_all(book, plan, picked)
        mine = queries.active_of([picked.patient.patient_id])
        gone = {visit.pk for visit in loose}
        busy = [Interval(v.starts_at, v.ends_at) for v in mine if v.pk not in gone]
        at = picked.spot.starts_at if picked.spot else None
        treated = [v.day for v in mine if v.kind in TREATMENTS and v.pk not in gone]
        treated += [
            day_of(c.spot.starts_at, picked.site.tz) for c in picked.patient.changes if c.series_id and not _same(c, at)
        ]
        boosters = [v.day for v in mine if v.kind == Kind.BOOSTER and v.pk not in gone]
        whose = picked.patient.patient_id
        days = _series_days(picked, treated)
        return cls(picked, book, busy, days, sorted(treated), boosters, standings([whose])[whose])

    def free(self) -> list[FreeStart]:
        """Free starts with every room and clinician, the visit's own clinician last to stay in a dict of starts."""
        found = self.book.free(
            self.picked.site,
            self.picked.kind,
            patient_id=self.picked.patient.patient_id,
            busy=self.busy,
            telehealth=rows.what(self.picked.visit, self.picked.series)[2],
        )
        own = str(self.picked.visit.clinician_id) if self.picked.visit else ""
        return sorted(found, key=lambda one: one.clinician != own)

    def may(self, day: date) -> bool:
        """Whether the protocol allows the visit on that day (P1 to P3, P5 to P7, P9, P10)."""
        if self.picked.kind not in TREATMENTS:
            return True
        if day not in self.known:
            self.known[day] = self._covered(day) and self._lawful(day)
        return self.known[day]

    def _covered(self, day: date) -> bool:
        later = self.picked.visit is not None and day > self.picked.visit.day  # P7: later stays possible
        covers = self.standing.covers(on=day, site_id=self.picked.site.pk, kind=self.picked.kind)
        return bool(covers and (later or not self.standing.urgent))

    def _lawful(self, day: date) -> bool:
        limits, visit = protocol.policy(), self.picked.visit
        if self.picked.series is None or self.days is None:
            order = visit.booster_order if visit else None
            if visit is None or order is None:
                return False
            until = last_day(order, visits=[visit.pk])
            return day <= until and not rules.check_booster(day, self.others, limits)
        near = any(rules.booster_too_close(booster, [day], limits) for booster in self.boosters)
        if near or rules.check_infusion(self.days, day, limits):
            return False
        try:
            protocol.check_pause(self.picked.series, (*self.days.days, day), {day})
        except errors.ReviewNeeded:
            return False
        return True


def _same(change: Change, at: datetime | None) -> bool:
    return change.spot.starts_at == at


def _series_days(picked: Picked, treated: list[date]) -> rules.SeriesDays | None:
    """The series without the visit that is placed."""
    if picked.series is None:
        return None
    gone = [picked.visit.pk] if picked.visit else []
    days = _days(picked.patient, picked.series, gone)
    if picked.spot is not None:
        days.remove(day_of(picked.spot.starts_at, picked.site.tz))
    first = Appointment.objects.filter(series=picked.series, status=Status.FULFILLED).order_by("day").first()
    order = picked.series.order
    others = tuple(sorted(set(treated) - set(days)))
    return rules.SeriesDays(tuple(days), order.per_week, order.infusions, others, first.day if first else None)


def _put_all(book: Book, plan: Plan, picked: Picked) -> None:
    """Every other visit at the place the plan gives it."""
    ids = [c.visit_id for one in plan.patients for c in one.changes if c.visit_id]
    visits = {v.pk: v for v in Appointment.objects.select_related("site").filter(pk__in=ids)}
    runs = {c.series_id for one in plan.patients for c in one.changes if c.series_id}
    series = {s.pk: s for s in Series.objects.select_related("site").filter(pk__in=runs)}
    for one in plan.patients:
        for change in one.changes:
            own = one.patient_id == picked.patient.patient_id and change.spot == picked.spot
            visit = visits.get(change.visit_id) if change.visit_id else None
            if own or (visit is None and change.series_id not in series):
                continue
            site, kind, _ = rows.what(visit, series[change.series_id] if visit is None and change.series_id else None)
            book.put(change.visit_id or uuid.uuid4(), one.patient_id, site, kind, change.spot)
