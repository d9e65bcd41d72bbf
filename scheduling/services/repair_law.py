"""The law over a series that was laid out anew, as strict as for a single move (P1 to P5, P9, P10)."""

import uuid
from collections.abc import Collection, Sequence
from datetime import date

from pacificmind.accounts.models import PRESCRIBER, User
from pacificmind.clock import now
from scheduling.domain import errors
from scheduling.domain import protocol as rules
from scheduling.domain.intervals import Interval
from scheduling.models import ACTIVE, Appointment, Deviation, Kind, Repair, Series, Status
from scheduling.services import protocol


def check_series(
    series: Series, new: Collection[date], *, before: rules.SeriesDays, by: User, reason: str, repair: Repair
) -> None:
    """Whether the days of now keep the protocol where they are new; a new deviation needs a prescriber's reason (P4).

    `before`: the series as it was. Unlike a move, which forgets the visit that moves, it compares with all of it.
    """
    after, limits = protocol.series_days(series), protocol.policy()
    broken = [v for v in rules.check_series(after, limits) if set(new) & set(v.days) or v.rule == "P1"]
    boosters = Appointment.objects.filter(patient_id=series.patient_id, kind=Kind.BOOSTER, status__in=ACTIVE)
    for booster_on in boosters.values_list("day", flat=True):
        broken += rules.booster_too_close(booster_on, new, limits)
    if broken:
        raise errors.ProtocolViolation(broken)
    if after.days and min(after.days) in new and not _begun(series):
        protocol.rest_between_series(series.patient_id, min(after.days))
    protocol.check_pause(series, after.days, set(new))
    _accept_thin(series, rules.deviations(after, limits), rules.deviations(before, limits), by, reason, repair)


def _begun(series: Series) -> bool:
    return Appointment.objects.filter(series=series, status=Status.FULFILLED).exists()


def _accept_thin(
    series: Series,
    after: Sequence[rules.Deviation],
    before: Sequence[rules.Deviation],
    by: User,
    reason: str,
    repair: Repair,
) -> None:
    known = {one.week for one in before} | set(series.deviations.values_list("week", flat=True))
    thin = [one for one in after if one.week not in known]
    if not thin:
        return
    if PRESCRIBER not in by.roles or not reason.strip():
        raise errors.ProtocolViolation([rules.Violation("P4", (one.starts_on,), one.say) for one in thin])
    Deviation.objects.bulk_create(
        Deviation(series=series, week=one.week, planned=True, reason=reason.strip()[:300], by=by, at=repair.made_at)
        for one in thin
    )


def busy_elsewhere(patient_id: uuid.UUID, without: Collection[uuid.UUID]) -> list[Interval]:
    """When the patient has visits to come that this repair does not move, at every site."""
    visits = Appointment.objects.filter(patient_id=patient_id, status__in=ACTIVE, ends_at__gt=now())
    spans = visits.exclude(pk__in=list(without)).values_list("starts_at", "ends_at")
    return [Interval(starts, ends) for starts, ends in spans]
