"""Owe a message, take it back, and what the front desk does about one that did not leave."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.db.models import Model, QuerySet

from pacificmind.accounts.models import Role, User
from pacificmind.audit import services as audit
from pacificmind.audit.models import Action
from pacificmind.clock import now
from pacificmind.idempotency.services import once
from pacificmind.messaging.models import Message, Recipient, Status
from pacificmind.messaging.registry import SAFETY_PAGE
from pacificmind.statements import Statement, send
from pacificmind.tasks.models import Kind
from pacificmind.tasks.services import close_tasks

_OWE = Statement("""
INSERT INTO messaging_message (id, purpose, subject_type, subject_id, subject_version, recipient_type, recipient_id,
    channel, site_id, due_at, status, tries, provider_reference, why, delivery, segments, made_at)
SELECT gen_random_uuid(), u.*, 'owed', 0, '', '', '', 0, %s
FROM unnest(%s::text[], %s::text[], %s::text[]::uuid[], %s::int[], %s::text[], %s::text[]::uuid[], %s::text[],
    %s::text[], %s::timestamptz[]) AS u
ON CONFLICT ON CONSTRAINT message_is_owed_once DO NOTHING
""")


@dataclass(frozen=True, slots=True)
class Owed:
    """One message to owe: what about, to whom, by which channel, when."""

    purpose: str
    subject: Model
    subject_version: int
    recipient_type: str
    recipient_id: uuid.UUID
    due_at: datetime
    channel: str = "email"
    site_id: str | None = None


def owe_many(rows: Sequence[Owed]) -> int:
    """Owe messages in one statement, within the transaction of what causes them; how many are new.

    A message owed already for the same subject, version, channel and recipient is left as it is.
    """
    if not rows:
        return 0
    with connection.cursor() as cursor:
        _OWE.run(cursor, _told(rows))
        return int(cursor.rowcount)


def owe_all(rows: Sequence[Owed]) -> None:
    """As owe_many, where nobody asks how many are new: within `together` it costs no round trip of its own."""
    if rows:
        send(_OWE, _told(rows))


def _told(rows: Sequence[Owed]) -> list[object]:
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("a message is owed in the transaction of its cause")
    columns: list[list[object]] = [
        [row.purpose for row in rows],
        [row.subject._meta.label_lower for row in rows],
        [str(row.subject.pk) for row in rows],
        [row.subject_version for row in rows],
        [str(row.recipient_type) for row in rows],
        [str(row.recipient_id) for row in rows],
        [str(row.channel) for row in rows],
        [row.site_id for row in rows],
        [row.due_at for row in rows],
    ]
    return [now(), *columns]


def owe(
    purpose: str,
    *,
    subject: Model,
    subject_version: int,
    recipient_type: str,
    recipient_id: uuid.UUID,
    due_at: datetime,
    channel: str = "email",
    site_id: str | None = None,
) -> bool:
    """Owe one message; whether it is new. See owe_many."""
    row = Owed(purpose, subject, subject_version, recipient_type, recipient_id, due_at, channel, site_id)
    return owe_many([row]) == 1


def void(subject_id: uuid.UUID, *, why: str, purposes: Iterable[str] = (), before_version: int | None = None) -> int:
    """Take back what is owed about a subject, in the caller's transaction; how many.

    `purposes` limits it to these, `before_version` to older versions of the subject. What is being sent stays.
    """
    owed = Message.objects.filter(subject_id=subject_id)
    if before_version is not None:
        owed = owed.filter(subject_version__lt=before_version)
    return _void(owed, why, purposes)


def owe_again(subject_id: uuid.UUID, *, purpose: str, why: str) -> int:
    """Owe again, at once, what was taken back for this reason, in the caller's transaction; how many."""
    taken = Message.objects.filter(subject_id=subject_id, purpose=purpose, status=Status.VOID, why=why)
    return taken.update(status=Status.OWED, due_at=now(), done_at=None, why="", claimed_at=None)


def void_for(recipient_id: uuid.UUID, *, why: str, purposes: Iterable[str] = (), channel: str = "") -> int:
    """Take back all that is owed to a person, or on one channel: consent withdrawn, record closed; how many."""
    owed = Message.objects.filter(recipient_id=recipient_id)
    return _void(owed.filter(channel=channel) if channel else owed, why, purposes)


def _void(rows: QuerySet[Message], why: str, purposes: Iterable[str]) -> int:
    if wanted := list(purposes):
        rows = rows.filter(purpose__in=wanted)
    return rows.filter(status=Status.OWED).update(status=Status.VOID, why=why, done_at=now())


def retry(message_id: uuid.UUID, *, by: User, request_id: uuid.UUID | None = None) -> bool:
    """Send a failed message again: it is owed now, and all that is checked before sending is checked again."""
    changes = {"status": Status.OWED, "due_at": now(), "done_at": None, "tries": 0, "why": "", "claimed_at": None}
    return _settle(message_id, "send message again", changes, "sent again", by=by, request_id=request_id)


def mark_called(message_id: uuid.UUID, *, by: User, request_id: uuid.UUID | None = None) -> bool:
    """The front desk called the person instead of a message that did not leave."""
    changes = {"status": Status.VOID, "done_at": now(), "why": f"{by} called instead."}
    return _settle(message_id, "called instead of message", changes, "called", by=by, request_id=request_id)


def void_by_hand(message_id: uuid.UUID, *, by: User, request_id: uuid.UUID | None = None) -> bool:
    """Somebody decided that a message that is owed or did not leave is not needed."""
    changes = {"status": Status.VOID, "done_at": now(), "why": f"{by} decided that it is not needed."}
    return _settle(message_id, "void message", changes, "not needed", by=by, request_id=request_id, also=(Status.OWED,))


def _settle(
    message_id: uuid.UUID,
    intent: str,
    changes: dict[str, object],
    outcome: str,
    *,
    by: User,
    request_id: uuid.UUID | None,
    also: tuple[Status, ...] = (),
) -> bool:
    """One decision about a failed message, once; False when it had been decided already."""
    with transaction.atomic(durable=True):
        asked = {"message": message_id}
        with once(request_id, user_id=by.pk, intent=intent, asked=asked) as intention:
            row = Message.objects.select_for_update().get(pk=message_id)
            _authorise(row, by)
            if intention.repeated or row.status not in (Status.FAILED, *also):
                return False
            for name, value in changes.items():
                setattr(row, name, value)
            row.save(update_fields=list(changes))
            close_tasks(row.pk, Kind.MESSAGE_FAILED, Kind.MESSAGE_STUCK, by=by, outcome=outcome)
            audit.record(
                Action.CHANGE,
                intent,
                by=by,
                subject=row,
                patient_id=patient_of(row),
                changes={"fields": sorted(changes)},
            )
            return True


def _authorise(row: Message, by: User) -> None:
    allowed = Role.MANAGER in by.roles or row.site_id in by.sites(Role.FRONT_DESK)
    if not allowed or row.purpose == SAFETY_PAGE:
        raise PermissionDenied


def patient_of(row: Message) -> uuid.UUID | None:
    """The patient a message goes to, for the audit; None for staff and for requests."""
    return row.recipient_id if row.recipient_type == Recipient.PATIENT else None
