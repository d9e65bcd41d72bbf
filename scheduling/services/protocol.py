"""The protocol asked inside the booking transaction, and the numbers and places that follow from a layout."""

import uuid
from collections.abc import Collection, Iterable
from datetime import date, timedelta

from django.db.models import Max, QuerySet

from intake.models import BoosterOrder, Patient, Reevaluation
from intake.queries import standing
from intake.queries.reevaluations import holds_through, looks_in_favour, newest_too_old
from intake.queries.standing_bulk import standings
from pacificmind.accounts.models import PRESCRIBER, User
from pacificmind.clinic.models import ClinicSettings
from pacificmind.clock import now
from pacificmind.prepared import Prepared, PreparedValues, Told, among
from scheduling.domain import errors, places
from scheduling.domain import protocol as rules
from scheduling.models import ACTIVE, Appointment, Deviation, Kind, Series, StageRelease, Status
from scheduling.models.appointment import TREATMENTS


def _treatments() -> QuerySet[Appointment, Appointment]:
    """A patient's active infusions and boosters."""
    return Appointment.objects.filter(patient=Told("patient"), kind__in=TREATMENTS, status__in=ACTIVE)


_DAYS = PreparedValues(lambda: _treatments().exclude(among("pk", "without")).values_list("day", "weekly_place", "kind"))
_SERIES_DAYS = PreparedValues(
    lambda: (
        Appointment.objects.filter(series=Told("series"), status__in=ACTIVE)
        .exclude(among("pk", "without"))
        .values_list("day", "status")
    )
)
_TREATMENTS = Prepared(lambda: _treatments().order_by("day"))
_DEVIATIONS = PreparedValues(lambda: Deviation.objects.filter(series=Told("series")).values_list("week"))
_LAST_INFUSION = PreparedValues(
    lambda: (
        Appointment.objects.filter(patient=Told("patient"), kind=Kind.INFUSION, status=Status.FULFILLED)
        .order_by("-day")
        .values_list("day")[:1]
    )
)


def policy() -> rules.Policy:
    """The protocol's numbers with the clinic's settings."""
    clinic = ClinicSettings.current()
    return rules.Policy(
        stage_size=clinic.stage_size,
        pause_days=clinic.pause_days,
        booster_gap_days=clinic.booster_gap_days,
        new_series_gap_days=clinic.rest_days,
    )


def treatment_days(patient_id: uuid.UUID, *, without: Iterable[uuid.UUID] = ()) -> dict[date, int]:
    """Days of the patient's active infusions and boosters, each with its weekly place."""
    return {day: place for day, place, _ in _DAYS(patient=patient_id, without=list(without))}


def series_days(series: Series, *, without: Iterable[uuid.UUID] = ()) -> rules.SeriesDays:
    """The series as the rules see it, leaving out the visits that are being moved."""
    without = list(without)
    visits = _SERIES_DAYS(series=series.pk, without=without)
    own = tuple(sorted(day for day, _ in visits))
    others = tuple(sorted(set(treatment_days(series.patient_id, without=without)) - set(own)))
    return rules.SeriesDays(
        days=own,
        per_week=series.order.per_week,
        ordered=series.order.infusions,
        others=others,
        first_on=min((day for day, status in visits if status == Status.FULFILLED), default=None),
    )


def needs_standing(patient: Patient, *, on: date, site_id: str, kind: str, moved_later: bool = False) -> bool:
    """P6 and P7, both refused in the same words. Answers whether conditions and consent make the visit booked.

    A visit may be moved to a later time over an open alert (P7); the gate at the door still asks.
    """
    clearance = standing.clearance_in_force(patient.pk, on=on, site_id=site_id, kind=kind)
    if clearance is None:
        raise errors.NotCleared
    if not moved_later and standing.urgent_alert_open(patient.pk):
        raise errors.SafetyHold
    return not standing.conditions_open(clearance) and standing.consent_signed(patient.pk)


def standing_on(patient: Patient, days: Iterable[date], *, site_id: str, kind: str) -> bool:
    """P6 and P7 for several days at once, as `needs_standing` asks them for one; one query."""
    found = standings([patient.pk])[patient.pk]
    if not all(found.covers(on=day, site_id=site_id, kind=kind) for day in days):
        raise errors.NotCleared
    if found.urgent:
        raise errors.SafetyHold
    return found.consent and not (found.decision or {}).get("conditions_open", True)


def check_infusions(
    series: Series,
    before: rules.SeriesDays,
    new_days: Iterable[date],
    *,
    by: User | None,
    deviation_reason: str = "",
    was: rules.SeriesDays | None = None,
) -> None:
    """P1, P2, P3, P5 and P9 for new infusions of a series, and P4 where they would make a planned deviation.

    `before`: the series without the visits that move. `was`: the series as it stood, where some move: it is what the
    new weeks are compared with.
    """
    after, new = before, frozenset(new_days)
    for day in sorted(new):
        after = after.with_day(day)
    check_change(series, was or before, after, new, by=by, reason=deviation_reason)


def check_change(
    series: Series,
    was: rules.SeriesDays,
    after: rules.SeriesDays,
    new: Collection[date],
    *,
    by: User | None,
    reason: str = "",
) -> list[Deviation]:
    """P1 to P5, P9 and P10 over a series that changes from `was` to `after`, in which the days `new` are new.

    A week that becomes too thin needs a prescriber and a reason: it is kept, and returned.
    """
    limits = policy()
    if new and min(after.days) in new and after.first_on is None:
        rest_between_series(series.patient_id, min(after.days))
    broken = [*rules.check_change(was, after, new, limits), *_near_boosters(series.patient_id, new, limits)]
    if any(violation.rule == "P1" for violation in broken):
        raise errors.SeriesFull
    if broken:
        raise errors.ProtocolViolation(broken)
    check_pause(series, after.days, set(new))
    kept = {week for (week,) in _DEVIATIONS(series=series.pk)}
    thin = [found for found in rules.new_deviations(was, after, limits) if found.week not in kept]
    if thin and (by is None or PRESCRIBER not in by.roles or not reason.strip()):
        raise errors.ProtocolViolation([rules.Violation("P4", (found.starts_on,), found.say) for found in thin])
    return Deviation.objects.bulk_create(
        Deviation(series=series, week=found.week, planned=True, reason=reason.strip()[:300], by=by) for found in thin
    )


def _near_boosters(patient_id: uuid.UUID, new_days: Iterable[date], limits: rules.Policy) -> list[rules.Violation]:
    """P10 from the other side: an infusion keeps its days from a booster that is booked already."""
    days = [day for day, _, kind in _DAYS(patient=patient_id, without=[]) if kind == Kind.BOOSTER]
    return [violation for day in days for violation in rules.booster_too_close(day, new_days, limits)]


def check_pause(series: Series, days: Iterable[date], concerned: set[date]) -> None:
    """P9: after 14 days or more without an infusion, a release signed during the pause comes first."""
    for pause in rules.pauses(days, policy()):
        before, after = pause.days
        if after not in concerned:
            continue
        released = StageRelease.objects.filter(series=series).aggregate(last=Max("at"))["last"]
        if released is None or released.astimezone(series.site.tz).date() <= before:
            raise errors.ReviewNeeded(pause.say)


def check_booster(order: BoosterOrder, day: date, *, without: Iterable[uuid.UUID] = ()) -> Reevaluation:
    """P10: an order that runs, a re-evaluation in its favour that holds on that day, and 7 days to any infusion.

    One that no visit has used, or that one of the visits `without` (those that move) stands on already.
    """
    without = list(without)
    if order.status != BoosterOrder.Status.OPEN or day > order.until_on:
        raise errors.ReviewNeeded
    used = Appointment.objects.filter(booster_order=order, status__in=ACTIVE).exclude(pk__in=without).count()
    if used >= order.count:
        raise errors.SeriesFull("All boosters of this order are booked (P10). Another one needs a new order.")
    free = looks_in_favour(order, on=day, visits=without).first()
    if free is None:
        raise errors.ReviewNeeded(_why_no_look(order, without))
    if broken := rules.check_booster(day, sorted(treatment_days(order.patient_id, without=without)), policy()):
        raise errors.ProtocolViolation(broken)
    return free


def _why_no_look(order: BoosterOrder, without: Iterable[uuid.UUID]) -> str:
    look = looks_in_favour(order, visits=without).first() or newest_too_old(order, visits=without)
    if look is None:
        return ""
    through = holds_through(order, look)
    return f"The re-evaluation holds through {through:%B} {through.day} (P10). A prescriber looks again first."


def stand_on(visit: Appointment, look: Reevaluation) -> None:
    """A booster that was moved stands on this re-evaluation, and leaves the one it stood on."""
    if look.used_by == visit.pk or visit.booster_order is None:
        return
    visit.booster_order.reevaluations.filter(used_by=visit.pk).update(used_by=None)
    look.used_by = visit.pk
    look.save(update_fields=["used_by"])


def settle(patient_id: uuid.UUID, series: Series | None) -> None:
    """Number the series' active infusions by date and deal the weekly places in turn.

    Neither is news to the patient: versions stay. Rows that are right already are not written.
    """
    visits = _TREATMENTS(patient=patient_id)
    dealt = places.weekly_places([visit.day for visit in visits])
    fitting = places.places_fit({visit.day: visit.weekly_place or 0 for visit in visits})
    number = 0
    for visit, place in zip(visits, dealt, strict=True):
        right = {"weekly_place": visit.weekly_place if fitting else place, "number": visit.number}
        if series is not None and visit.series_id == series.pk:
            number += 1
            right["number"] = number
        if right != {"weekly_place": visit.weekly_place, "number": visit.number}:
            Appointment.objects.filter(pk=visit.pk).update(**right)


def status_for(kind: str, *, standing_ok: bool, number: int, series: Series | None) -> Status:
    """Booked when everything is met and its stage is released, otherwise held (P6, P8)."""
    if kind not in TREATMENTS:
        return Status.BOOKED
    released = series is None or number <= series.released_to
    return Status.BOOKED if standing_ok and released else Status.HELD


def rest_between_series(patient_id: uuid.UUID, first_on: date) -> None:
    """A new series starts 14 days (a setting) after the last infusion of the one before."""
    rest = timedelta(days=policy().new_series_gap_days)
    last = last_infusion_on(patient_id)
    if last is not None and first_on < last + rest:
        raise errors.ReviewNeeded(f"A new series starts at least {rest.days} days after the last infusion.")


def last_infusion_on(patient_id: uuid.UUID) -> date | None:
    """The day of the patient's last infusion that took place."""
    return next((day for (day,) in _LAST_INFUSION(patient=patient_id)), None)


def today_at(series_or_visit: Series | Appointment) -> date:
    """Today at its site."""
    return now().astimezone(series_or_visit.site.tz).date()
