"""Owe a message, take it back, and what the front desk does about one that did not leave."""

import uuid
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import repeat
from operator import eq, is_
from typing import Any, NamedTuple

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
from pacificmind.rows import random_ids
from pacificmind.statements import Statement, send
from pacificmind.tasks.models import Kind
from pacificmind.tasks.services import close_tasks

# Each array is a column, or one value that all rows share: unnest fills up the shorter ones with NULL.
_OWE = Statement("""
INSERT INTO messaging_message (id, purpose, subject_type, subject_id, subject_version, recipient_type, recipient_id,
    due_at, channel, site_id, status, tries, provider_reference, why, delivery, segments, made_at)
SELECT u.id, coalesce(u.purpose, a.purpose[1]), coalesce(u.subject_type, a.subject_type[1]),
    coalesce(u.subject_id, a.subject_id[1]), coalesce(u.subject_version, a.subject_version[1]),
    coalesce(u.recipient_type, a.recipient_type[1]), coalesce(u.recipient_id, a.recipient_id[1]),
    coalesce(u.due_at, a.due_at[1]), coalesce(u.channel, a.channel[1]), nullif(coalesce(u.site_id, a.site_id[1]), ''),
    'owed', 0, '', '', '', 0, %s
FROM (SELECT %s::uuid[] AS id, %s::text[] AS purpose, %s::text[] AS subject_type, %s::uuid[] AS subject_id,
        %s::int[] AS subject_version, %s::text[] AS recipient_type, %s::uuid[] AS recipient_id,
        %s::timestamptz[] AS due_at, %s::text[] AS channel, %s::text[] AS site_id) AS a,
    unnest(a.id, a.purpose, a.subject_type, a.subject_id, a.subject_version, a.recipient_type, a.recipient_id,
        a.due_at, a.channel, a.site_id)
    AS u(id, purpose, subject_type, subject_id, subject_version, recipient_type, recipient_id, due_at, channel, site_id)
ON CONFLICT ON CONSTRAINT message_is_owed_once DO NOTHING
""")


class Owed(NamedTuple):
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
    purposes, subjects, versions, kinds, recipients, dues, channels, sites = zip(*rows, strict=True)
    about, due = _shared(subjects, by=is_), _shared(dues, by=is_)  # equal by wall clock may be an hour apart
    return [
        now(),
        _array(random_ids(len(rows))),
        _names(purposes),
        _names([one._meta.label_lower for one in about]),
        _array([one.pk.hex for one in about]),
        _array([str(one) for one in versions]),
        _names(kinds),
        _array([one.hex for one in recipients]),
        _array([one.isoformat() for one in due]),
        _names(channels),
        _names([one or "" for one in sites]),
    ]


def _shared(values: Sequence[Any], *, by: Callable[[Any, Any], bool] = eq) -> Sequence[Any]:
    """A column as it is sent: its one value where all have the same."""
    return values[:1] if all(map(by, values, repeat(values[0]))) else values


def _names(values: Sequence[str]) -> list[str]:
    return [str(one) for one in _shared(values)]


def _array(values: Sequence[str]) -> str:
    """The text of an array: of ids, numbers and instants, where there is nothing to quote; quicker than a list."""
    return f"{{{','.join(_shared(values))}}}"


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
