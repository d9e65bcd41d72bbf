"""Record a look or a change, in the transaction that makes it."""

import json
import uuid
from typing import Any

import structlog
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.db.models import Model

from pacificmind.accounts.models import User
from pacificmind.audit.models import Action
from pacificmind.statements import Statement, send

_RECORD = Statement("""
INSERT INTO audit_entry (action, what, actor_id, actor_roles, changes, reason, reference,
                         subject_type, subject_id, patient_id)
VALUES (%(action)s, %(what)s, %(actor_id)s, %(actor_roles)s, %(changes)s, %(reason)s, %(reference)s,
        %(subject_type)s, %(subject_id)s, %(patient_id)s)
""")
# A week of both sites is some 250 rows: as values of a statement of the ORM they cost more than reading the week.
_VIEWED = """
INSERT INTO audit_entry (action, what, actor_id, actor_roles, changes, reason, reference,
                         subject_type, subject_id, patient_id)
SELECT %(action)s, %(what)s, %(actor_id)s::uuid, %(actor_roles)s::varchar[], %(changes)s::jsonb, %(reason)s,
       %(reference)s, 'intake.patient', patient, patient::uuid
  FROM unnest(%(patients)s::text[]) WITH ORDINALITY AS seen (patient, place) ORDER BY place"""
_WHY_LENGTH = 500


def record(
    action: Action,
    what: str,
    *,
    by: User | AnonymousUser | None,
    subject: Model | None = None,
    patient_id: uuid.UUID | None = None,
    changes: dict[str, Any] | None = None,
    reason: str = "",
) -> None:
    """Add one row: who (None is the software itself) did what to what.

    `what` names the page or the intention; `changes` holds names of fields and ids, never answers.
    A failure to record is raised: what cannot be recorded is not done and not shown.
    """
    values = {
        **_who_did_what(action, what, by, changes=changes, reason=reason),
        "subject_type": subject._meta.label_lower if subject is not None else "",
        "subject_id": str(subject.pk) if subject is not None else "",
        "patient_id": patient_id,
    }
    send(_RECORD, values)


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
    elif patients:
        values = _who_did_what(Action.VIEW, what, by, reason=reason)
        with connection.cursor() as cursor:
            cursor.execute(_VIEWED, {**values, "patients": [str(one) for one in dict.fromkeys(patients)]})


def _who_did_what(
    action: Action,
    what: str,
    by: User | AnonymousUser | None,
    *,
    changes: dict[str, Any] | None = None,
    reason: str = "",
) -> dict[str, Any]:
    known = by if isinstance(by, User) else None
    return {
        "action": action.value,
        "what": what,
        "actor_id": known.pk if known else None,
        "actor_roles": sorted(known.roles) if known else [],
        "changes": json.dumps(changes or {}),
        "reason": reason[:_WHY_LENGTH],
        "reference": structlog.contextvars.get_contextvars().get("request_ref", ""),
    }
