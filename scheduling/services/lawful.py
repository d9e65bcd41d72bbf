"""Free times that are lawful as well: for one more infusion of a series, for a booster. Reads only.

What is offered here is checked again when it is booked; what is not offered would be refused.
"""

import uuid
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta

from django.db.models import Max

from intake.models import BoosterOrder
from intake.queries import standing
from intake.queries.reevaluations import last_day, looks_in_favour
from pacificmind.clinic.models import Site
from pacificmind.clock import now
from scheduling.domain import errors
from scheduling.domain import protocol as rules
from scheduling.domain.slots import FreeStart
from scheduling.domain.walltime import day_of
from scheduling.models import ACTIVE, Appointment, Kind, Series
from scheduling.models.appointment import TREATMENTS
from scheduling.queries import calendar
from scheduling.services import protocol


def around(day: date, gap: int) -> Iterable[date]:
    """The days that lie less than `gap` from `day`, itself included."""
    return (day + timedelta(days=n) for n in range(1 - gap, gap))


def days_in_force(patient_id: uuid.UUID, site: Site, kind: str, days: Sequence[date]) -> list[date]:
    """Those of the days (ascending) on which P6 and P7 allow the visit here. One decision governs a span of days."""
    return [] if standing.urgent_alert_open(patient_id) else _days_cleared(patient_id, site, kind, days)


def _days_cleared(patient_id: uuid.UUID, site: Site, kind: str, days: Sequence[date]) -> list[date]:
    """P6 alone: those of the days (ascending) that the governing decision covers."""
    decision = standing.latest_decision(patient_id)
    if decision is None:
        return []
    first = next((day for day in days if day >= decision.from_on), None)
    force = first and standing.clearance_in_force(patient_id, on=first, site_id=site.pk, kind=kind)
    if not first or not force or force.until_on is None:
        return []
    return [day for day in days if first <= day <= force.until_on]


def lawful_starts(series: Series, *, from_day: date, until_day: date, with_deviations: bool = False) -> list[FreeStart]:
    """Free starts on [from_day, until_day) at which one more infusion of the series may be booked.

    `with_deviations`: also those that leave a week with too few visits, which only a prescriber may choose (P4).
    """
    before, limits = protocol.series_days(series), protocol.policy()
    boosters = Appointment.objects.filter(patient_id=series.patient_id, kind=Kind.BOOSTER, status__in=ACTIVE)
    near = {day for one in boosters for day in around(one.day, limits.booster_gap_days)}
    thin = {found.week for found in rules.deviations(before, limits)}

    def lawful(day: date) -> bool:
        if day in near or rules.check_infusion(before, day, limits) or _needs_review(series, before, day):
            return False
        after = {found.week for found in rules.deviations(before.with_day(day), limits)}
        return with_deviations or not after - thin

    return _free(series.patient_id, series.site, Kind.INFUSION, from_day, until_day, lawful)


def _needs_review(series: Series, before: rules.SeriesDays, day: date) -> bool:
    try:
        protocol.check_pause(series, (*before.days, day), {day})
    except errors.ReviewNeeded:
        return True
    return False


def lawful_booster_starts(order: BoosterOrder, site: Site, *, from_day: date, until_day: date) -> list[FreeStart]:
    """Free starts on [from_day, until_day) at which a booster of this order may be booked (P2, P10)."""
    if order.status != BoosterOrder.Status.OPEN:
        return []
    given, limits = sorted(protocol.treatment_days(order.patient_id)), protocol.policy()
    until = last_day(order)

    def lawful(day: date) -> bool:
        return day <= until and not rules.check_booster(day, given, limits)

    return _free(order.patient_id, site, Kind.BOOSTER, from_day, until_day, lawful)


def own_booster_days(order: BoosterOrder, site: Site, from_day: date, until_day: date) -> set[date]:
    """The days of [from_day, until_day) on which the patient may book a booster of this order themselves (P6, P7, P10).

    The calendar is not asked; the re-evaluation only for how long it holds.
    """
    until = last_day(order)
    given, limits = sorted(protocol.treatment_days(order.patient_id)), protocol.policy()
    asked = [from_day + timedelta(days=n) for n in range((until_day - from_day).days)]
    days = days_in_force(order.patient_id, site, Kind.BOOSTER, asked)
    return {day for day in days if day <= until and not rules.check_booster(day, given, limits)}


def own_moves(visit: Appointment, *, from_day: date, until_day: date) -> Callable[[datetime], bool] | None:
    """Whether the patient's plan lets them move this visit themselves to a start on the days [from_day, until_day).

    What `booking.move` will ask of a patient, read once: however many starts are asked about, no further query. None
    for a visit without a plan. The visit comes with its site, series, order and booster order.
    """
    if visit.kind not in TREATMENTS:
        return None
    asked = [from_day + timedelta(days=n) for n in range((until_day - from_day).days)]
    days = set(_days_cleared(visit.patient_id, visit.site, visit.kind, asked))
    held = standing.urgent_alert_open(visit.patient_id)
    plan = lawful_moves(visit)
    fits = {day for day in days if plan(day)}

    def lawful(start: datetime) -> bool:
        # P7: over an open alert a visit may be put off, but not be brought forward
        return day_of(start, visit.site.tz) in fits and (not held or start > visit.starts_at)

    return lawful


def lawful_moves(visit: Appointment) -> Callable[[date], bool]:
    """Whether a treatment may stand on a day instead of its own: no new deviation, no review point crossed (P1 to P5,
    P8 to P10). Neither the standing (P6, P7) nor the calendar is asked.
    """
    return _series_moves(visit, visit.series) if visit.series is not None else _booster_moves(visit)


def _series_moves(visit: Appointment, series: Series) -> Callable[[date], bool]:
    limits = protocol.policy()
    before = protocol.series_days(series, without=[visit.pk])
    boosters = Appointment.objects.filter(patient_id=visit.patient_id, kind=Kind.BOOSTER, status__in=ACTIVE)
    near = {day for one in boosters.values_list("day", flat=True) for day in around(one, limits.booster_gap_days)}
    kept = set(series.deviations.values_list("week", flat=True))
    was = protocol.series_days(series)
    released_at = series.releases.aggregate(last=Max("at"))["last"]
    released_on = day_of(released_at, series.site.tz) if released_at else date.min
    last_on = protocol.last_infusion_on(visit.patient_id) if before.first_on is None else None
    rested_on = last_on + timedelta(days=limits.new_series_gap_days) if last_on else date.min
    first_stage = (visit.number or 0) <= series.released_to

    def lawful(day: date) -> bool:
        after, number = before.with_day(day), 1 + sum(one < day for one in before.days)
        if day in near or day < rested_on or (number <= series.released_to) != first_stage:
            return False
        if rules.check_change(was, after, {day}, limits):
            return False
        if {found.week for found in rules.new_deviations(was, after, limits)} - kept:
            return False
        pauses = [found.days for found in rules.pauses(after.days, limits)]
        return all(released_on > earlier for earlier, later in pauses if later == day)

    return lawful


def _booster_moves(visit: Appointment) -> Callable[[date], bool]:
    order = visit.booster_order
    if order is None or not _booster_stands(order, visit):
        return lambda day: False
    given, limits = sorted(protocol.treatment_days(visit.patient_id, without=[visit.pk])), protocol.policy()
    until = last_day(order, visits=[visit.pk])
    return lambda day: day <= until and not rules.check_booster(day, given, limits)


def _booster_stands(order: BoosterOrder, visit: Appointment) -> bool:
    """P10 apart from the days: the order runs, has room for this visit, and a re-evaluation speaks for it."""
    others = Appointment.objects.filter(booster_order=order, status__in=ACTIVE).exclude(pk=visit.pk).count()
    usable = looks_in_favour(order, visits=[visit.pk]).exists()
    return order.status == BoosterOrder.Status.OPEN and others < order.count and usable


def _free(
    patient_id: uuid.UUID, site: Site, kind: str, from_day: date, until_day: date, lawful: Callable[[date], bool]
) -> list[FreeStart]:
    asked = [from_day + timedelta(days=n) for n in range((until_day - from_day).days)]
    days = {day for day in days_in_force(patient_id, site, kind, asked) if lawful(day)}
    if not days:
        return []
    found = calendar.free_starts(
        site,
        kind,
        from_day=min(days),
        until_day=max(days) + timedelta(days=1),
        patient_id=patient_id,
        not_before=now(),
    )
    return [one for one in found if day_of(one.start, site.tz) in days]
