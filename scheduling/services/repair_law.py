"""The law over a series that was laid out anew, as strict as for a single move (P1 to P5, P9, P10)."""

import uuid
from collections.abc import Collection
from datetime import date

from pacificmind.accounts.models import User
from pacificmind.clock import now
from scheduling.domain import protocol as rules
from scheduling.domain.intervals import Interval
from scheduling.models import ACTIVE, Appointment, Deviation, Repair, Series
from scheduling.services import protocol


def check_series(
    series: Series, new: Collection[date], *, before: rules.SeriesDays, by: User, reason: str, repair: Repair
) -> None:
    """Whether the days of now keep the protocol; a new deviation needs a prescriber's reason (P4).

    `before`: the series as it was.
    """
    kept = protocol.check_change(series, before, protocol.series_days(series), new, by=by, reason=reason)
    Deviation.objects.filter(pk__in=[one.pk for one in kept]).update(at=repair.made_at)


def busy_elsewhere(patient_id: uuid.UUID, without: Collection[uuid.UUID]) -> list[Interval]:
    """When the patient has visits to come that this repair does not move, at every site."""
    visits = Appointment.objects.filter(patient_id=patient_id, status__in=ACTIVE, ends_at__gt=now())
    spans = visits.exclude(pk__in=list(without)).values_list("starts_at", "ends_at")
    return [Interval(starts, ends) for starts, ends in spans]
