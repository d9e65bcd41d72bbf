"""Which re-evaluation a booster can stand on (P10), and through which day it holds."""

import uuid
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from intake.models import BoosterOrder, Reevaluation
from pacificmind.clinic.models import ClinicSettings
from pacificmind.clock import today


def looks_in_favour(
    order: BoosterOrder, *, on: date | None = None, visits: Iterable[uuid.UUID] = ()
) -> QuerySet[Reevaluation]:
    """Those that a visit on this day (today at the patient's site) can stand on: its own first, then the newest.

    Unused, or used by one of `visits`. What a later one speaks against holds no more, nor what is too old by then.
    """
    zone = order.patient.site
    first = (on or today(zone.zone)) - timedelta(days=ClinicSettings.current().reevaluation_days)
    against = order.reevaluations.filter(supports_booster=False, at__gt=OuterRef("at"))
    usable = Q(used_by__isnull=True) | Q(used_by__in=list(visits))
    found = order.reevaluations.filter(~Exists(against), usable, supports_booster=True)
    fresh = found.filter(at__gte=datetime.combine(first, time.min, tzinfo=zone.tz))
    return fresh.order_by(F("used_by").asc(nulls_last=True), "-at")


def holds_through(order: BoosterOrder, look: Reevaluation) -> date:
    """The last day of a visit that can stand on it: as a decision, through that day at the patient's site."""
    days = timedelta(days=ClinicSettings.current().reevaluation_days)
    return look.at.astimezone(order.patient.site.tz).date() + days


def last_day(order: BoosterOrder, *, visits: Iterable[uuid.UUID] = ()) -> date:
    """The last day on which a booster of this order can take place as things stand; the order's own without a look."""
    through = [holds_through(order, look) for look in looks_in_favour(order, visits=visits)]
    return min(order.until_on, max(through, default=order.until_on))


def newest_too_old(order: BoosterOrder, *, visits: Iterable[uuid.UUID] = ()) -> Reevaluation | None:
    """The newest one, where it spoke for a booster, is used by no visit but these and no longer holds."""
    newest = order.reevaluations.order_by("-at").first()
    if newest is None or not newest.supports_booster or newest.used_by not in (None, *visits):
        return None
    return newest if holds_through(order, newest) < today(order.patient.site.zone) else None
