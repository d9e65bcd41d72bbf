"""Record a look or a change, in the transaction that makes it."""

import uuid
from typing import Any

import structlog
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.db.models import Model

from pacificmind.accounts.models import User
from pacificmind.audit.models import Action, Entry
from pacificmind.prepared import insert

# A week of both sites is some 250 rows: as values of a statement of the ORM they cost more than reading the week.
_VIEWED = """INSERT INTO audit_entry (action, what, actor_id, actor_roles, changes, reason, reference,
                         subject_type, subject_id, patient_id)
SELECT %(action)s, %(what)s, %(actor_id)s::uuid, %(actor_roles)s::varchar[], %(changes)s::jsonb, %(reason)s,
       %(reference)s, 'intake.patient', patient, patient::uuid
  FROM unnest(%(patients)s::text[]) WITH ORDINALITY AS seen (patient, place) ORDER BY place"""


def record(
    action: Action,
    what: str,
    *,
    by: User | AnonymousUser | None,
    subject: Model | None = None,
    patient_id: uuid.UUID | None = None,
    changes: dict[str, Any] | None = None,
    reason: str = "",
) -> Entry:
    """Add one row: who (None is the software itself) did what to what.

    `what` names the page or the intention; `changes` holds names of fields and ids, never answers.
    A failure to record is raised: what cannot be recorded is not done and not shown.
    """
    known = by if isinstance(by, User) else None
    entry = Entry(
        action=action,
        what=what,
        actor_id=known.pk if known else None,
        actor_roles=sorted(known.roles) if known else [],
        subject_type=subject._meta.label_lower if subject is not None else "",
        subject_id=str(subject.pk) if subject is not None else "",
        patient_id=patient_id,
        changes=changes or {},
        reason=reason[:500],
        reference=structlog.contextvars.get_contextvars().get("request_ref", ""),
    )
    insert(entry)
    return entry


def viewed(
    what: str,
    *,
    by: User | AnonymousUser,
    subject: Model | None = None,
    patient_id: uuid.UUID | None = None,
    patients: list[uuid.UUID] | None = None,
    reason: str = "",
) -> None:
    """Record that somebody looked: at one patient, or at a list of them (a row for each, in one insert)."""
    if patients is None:
        record(Action.VIEW, what, by=by, subject=subject, patient_id=patient_id, reason=reason)
        return
    if not patients:
        return
    known = by if isinstance(by, User) else None
    columns = {
        "action": Action.VIEW.value,
        "what": what,
        "actor_id": str(known.pk) if known else None,
        "actor_roles": sorted(known.roles) if known else [],
        "changes": "{}",
        "reason": reason,
        "reference": structlog.contextvars.get_contextvars().get("request_ref", ""),
    }
    with connection.cursor() as cursor:
        cursor.execute(_VIEWED, {**columns, "patients": [str(one) for one in dict.fromkeys(patients)]})
