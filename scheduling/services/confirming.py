"""The patient says that they come: by the link of a mail, in the portal, or by text (scheduling.confirming).

Kept with the start it was said for, so that it does not hold for another time. No news: the version stays.
"""

import uuid

from django.db import transaction

from pacificmind.accounts.models import User
from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from pacificmind.clock import now
from scheduling.models import Appointment, Status
from scheduling.models.appointment import Confirmed
from scheduling.services import authority


def confirm(*, visit_id: uuid.UUID, how: Confirmed, by: User | None = None, version: int | None = None) -> bool:
    """Keep that the patient comes; whether the visit stands and is confirmed now. Twice is once.

    `version`: the visit as it was written about. `by` is None for the holder of a link or of the telephone.
    """
    with transaction.atomic(durable=True):
        visit = Appointment.objects.select_for_update(of=("self",), no_key=True).get(pk=visit_id)
        authority.may_change(by, visit)
        if visit.status != Status.BOOKED or visit.starts_at <= now() or version not in (None, visit.version):
            return False
        _keep(visit, how, by)
    return True


def _keep(visit: Appointment, how: Confirmed, by: User | None) -> None:
    if visit.is_confirmed:
        return
    visit.confirmed_at, visit.confirmed_for, visit.confirmed_how = now(), visit.starts_at, how
    visit.save(update_fields=["confirmed_at", "confirmed_for", "confirmed_how"])
    record(
        Action.CHANGE,
        "confirm a visit",
        by=by,
        subject=visit,
        patient_id=visit.patient_id,
        changes={"fields": ["confirmed_at"]},
    )
