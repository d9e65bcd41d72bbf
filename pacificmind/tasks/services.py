"""Open, take and close tasks."""

import uuid
from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction

from pacificmind.accounts.models import User
from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from pacificmind.clock import now
from pacificmind.idempotency.services import once
from pacificmind.tasks import queries
from pacificmind.tasks.models import Kind, Queue, Task


def open_task(
    kind: Kind,
    *,
    subject_type: str,
    subject_id: uuid.UUID,
    queue: Queue,
    due_at: datetime,
    site_id: str | None = None,
    patient_id: uuid.UUID | None = None,
) -> None:
    """Open a task, or leave the one that is open about this subject already. Belongs into the cause's transaction."""
    Task.objects.bulk_create(
        [
            Task(
                kind=kind,
                subject_type=subject_type,
                subject_id=subject_id,
                queue=queue,
                due_at=due_at,
                site_id=site_id,
                patient_id=patient_id,
            )
        ],
        ignore_conflicts=True,
    )


def close_tasks(subject_id: uuid.UUID, *kinds: Kind, by: User | None, outcome: str) -> int:
    """Close the open tasks of these kinds about a subject; how many. `outcome` is a word, nothing clinical."""
    return Task.objects.filter(subject_id=subject_id, kind__in=kinds, done_at__isnull=True).update(
        done_at=now(), done_by=by, outcome=outcome
    )


def take(task_id: uuid.UUID, *, by: User, request_id: uuid.UUID | None = None) -> bool:
    """Make an open task one's own; False when somebody else has it or it is done."""
    with (
        transaction.atomic(durable=True),
        once(request_id, user_id=by.pk, intent="take task", asked={"task": task_id}) as intention,
    ):
        row = _mine(task_id, by)
        if intention.repeated:
            return row.owner_id == by.pk
        if row.done_at is not None or row.owner_id not in (None, by.pk):
            return False
        row.owner = by
        row.save(update_fields=["owner"])
        record(Action.CHANGE, "take task", by=by, subject=row, patient_id=row.patient_id, changes={"fields": ["owner"]})
        return True


def finish(task_id: uuid.UUID, *, by: User, request_id: uuid.UUID | None = None) -> bool:
    """Say that a task is done; False when it was already. PermissionDenied for one that its own page closes."""
    with (
        transaction.atomic(durable=True),
        once(request_id, user_id=by.pk, intent="finish task", asked={"task": task_id}) as intention,
    ):
        row = _mine(task_id, by)
        if intention.repeated or row.done_at is not None:
            return False
        if row.kind not in queries.BY_HAND:
            raise PermissionDenied
        row.done_at, row.done_by, row.outcome = now(), by, "done"
        row.save(update_fields=["done_at", "done_by", "outcome"])
        fields = {"fields": ["done_at", "done_by", "outcome"]}
        record(Action.CHANGE, "finish task", by=by, subject=row, patient_id=row.patient_id, changes=fields)
        return True


def _mine(task_id: uuid.UUID, by: User) -> Task:
    """The task under lock, if it is in a queue of this user's."""
    row = queries.tasks_for(by).select_for_update(of=("self",)).filter(pk=task_id).first()
    if row is None:
        raise PermissionDenied
    return row
