"""A proposed repair on its way through the browser: signed, so that it cannot be altered there; ids and times only.

What it says is checked again, whole, when it is saved.
"""

import uuid
from datetime import datetime
from typing import Any

from django.core import signing

from scheduling.models import Repair
from scheduling.services.repair_book import Spot
from scheduling.services.repair_parts import Change, PatientPlan, Plan, Stuck

SALT = "scheduling.repair"


def seal(plan: Plan, door: str) -> str:
    """The plan as a form carries it, for the page it was proposed on."""
    return signing.dumps([door, str(plan.cause), [_out(one) for one in plan.patients]], salt=SALT, compress=True)


def unseal(text: str, door: str) -> Plan | None:
    """The plan; None for what we did not seal for this page."""
    try:
        made_for, cause, patients = signing.loads(text, salt=SALT)
        if made_for != door:
            return None
        return Plan(Repair.Cause(cause), tuple(_in(one) for one in patients))
    except (signing.BadSignature, ValueError, TypeError, KeyError, IndexError):
        return None


def _out(one: PatientPlan) -> list[Any]:
    return [
        str(one.patient_id),
        {str(pk): version for pk, version in one.seen.items()},
        [_change_out(change) for change in one.changes],
        [[str(stuck.visit_id) if stuck.visit_id else None, stuck.rule, stuck.say] for stuck in one.stuck],
        list(one.thin),
    ]


def _change_out(change: Change) -> list[Any]:
    spot = change.spot
    ids = [str(pk) if pk else None for pk in (change.visit_id, change.series_id, spot.room_id, spot.clinician_id)]
    return [*ids, spot.starts_at.isoformat(), list(spot.lanes)]


def _in(found: list[Any]) -> PatientPlan:
    patient, seen, changes, stuck, thin = found
    return PatientPlan(
        uuid.UUID(patient),
        {uuid.UUID(pk): int(version) for pk, version in seen.items()},
        tuple(_change_in(each) for each in changes),
        tuple(Stuck(_id(visit), rule, say) for visit, rule, say in stuck),
        tuple(thin),
    )


def _change_in(found: list[Any]) -> Change:
    visit, series, room, clinician, start, lanes = found
    spot = Spot(datetime.fromisoformat(start), uuid.UUID(clinician), (int(lanes[0]), int(lanes[1])), _id(room))
    return Change(spot, _id(visit), _id(series))


def _id(text: str | None) -> uuid.UUID | None:
    return uuid.UUID(text) if text else None
