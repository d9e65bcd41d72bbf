"""Free times that are lawful as well: for one more infusion of a series, for a booster. Reads only.

What is offered here is checked again when it is booked; what is not offered would be refused.
"""

import uuid
from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta

from intake.models import BoosterOrder
from intake.queries import standing
from pacificmind.clinic.models import Site
from pacificmind.clock import now
from scheduling.domain import errors
from scheduling.domain import protocol as rules
from scheduling.domain.slots import FreeStart
from scheduling.domain.walltime import day_of
from scheduling.models import ACTIVE, Appointment, Kind, Series
from scheduling.queries import calendar
from scheduling.services import protocol


def around(day: date, gap: int) -> Iterable[date]:
    """The days that lie less than `gap` from `day`, itself included."""
    return (day + timedelta(days=n) for n in range(1 - gap, gap))


def days_in_force(patient_id: uuid.UUID, site: Site, kind: str, days: Sequence[date]) -> list[date]:
    """Those of the days (ascending) on which P6 and P7 allow the visit here. One decision governs a span of days."""
    decision = standing.latest_decision(patient_id)
    if decision is None or standing.urgent_alert_open(patient_id):
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

    def lawful(day: date) -> bool:
        return day <= order.until_on and not rules.check_booster(day, given, limits)

    return _free(order.patient_id, site, Kind.BOOSTER, from_day, until_day, lawful)


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
