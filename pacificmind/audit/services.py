"""Record a look or a change, in the transaction that makes it."""

import uuid
from typing import Any

import structlog
from django.contrib.auth.models import AnonymousUser
from django.db.models import Model

from pacificmind.accounts.models import User
from pacificmind.audit.models import Action, Entry


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
    return Entry.objects.create(
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
    known = by if isinstance(by, User) else None
    reference = structlog.contextvars.get_contextvars().get("request_ref", "")
    Entry.objects.bulk_create(
        Entry(
            action=Action.VIEW,
            what=what,
            actor_id=known.pk if known else None,
            actor_roles=sorted(known.roles) if known else [],
            subject_type="intake.patient",
            subject_id=str(patient),
            patient_id=patient,
            reason=reason,
            reference=reference,
        )
        for patient in dict.fromkeys(patients)
    )
