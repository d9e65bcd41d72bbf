"""When a patient can come: kept once, heeded by every plan, repair and offer."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, time

from pacificmind.accounts.models import User
from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from pacificmind.clock import now
from pacificmind.idempotency.services import once
from scheduling.domain import errors
from scheduling.models import PossibleTimes
from scheduling.queries.visits import patients_seen_by
from scheduling.services.locks import booking as transaction
from scheduling.services.locks import lock

FIELDS = ("weekdays", "from_time", "until_time", "not_on", "clinician_id")


@dataclass(frozen=True, kw_only=True)
class Times:
    """`weekdays` Monday 0, none named means any; starts in [from_time, until_time); `not_on` days that are out."""

    weekdays: Collection[int] = ()
    from_time: time | None = None
    until_time: time | None = None
    not_on: Collection[date] = ()
    clinician_id: uuid.UUID | None = None


def keep_times(*, by: User, patient_id: uuid.UUID, times: Times, request_id: uuid.UUID | None = None) -> PossibleTimes:
    """Keep when a patient can come. No visit changes by it: those that no longer fit are shown for repair."""
    asked = {"patient": patient_id, "times": str(times)}
    with transaction(), once(request_id, user_id=by.pk, intent="possible times", asked=asked) as request:
        if request.repeated:
            return PossibleTimes.objects.get(pk=patient_id)
        patient = patients_seen_by(by).get(pk=patient_id)
        lock(patients=[patient.pk])
        if times.from_time and times.until_time and times.until_time <= times.from_time:
            raise errors.BookingRefused("The time until which the patient can come must lie after the time from.")
        values = {
            "weekdays": sorted(set(times.weekdays)),
            "from_time": times.from_time,
            "until_time": times.until_time,
            "not_on": sorted(set(times.not_on)),
            "clinician_id": times.clinician_id,
        }
        kept, _ = PossibleTimes.objects.update_or_create(
            patient=patient, defaults={**values, "changed_at": now(), "changed_by": by}
        )
        changes = {"fields": list(FIELDS)}
        record(Action.CHANGE, "keep possible times", by=by, subject=kept, patient_id=patient.pk, changes=changes)
    return kept
