"""The statements that take rows of the ledger in hand. Bare SQL: of what a message costs, the ORM would be the most."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from pacificmind.clock import now
from pacificmind.messaging.models import Message
from pacificmind.messaging.registry import SAFETY_PAGE
from pacificmind.statements import Statement

BATCH = 50
LEASE = timedelta(seconds=90)  # longer than a run with a slow mail at its end: then whoever held the rows is gone

_LEASE = """
UPDATE messaging_message SET claimed_at = %(now)s
WHERE id IN (
    SELECT id FROM messaging_message
    WHERE status = 'owed' AND due_at <= %(now)s AND (claimed_at IS NULL OR claimed_at < %(lapsed)s)
        AND channel <> ALL(%(without)s) {only}
    ORDER BY due_at LIMIT %(most)s FOR UPDATE SKIP LOCKED)
RETURNING *
"""
_PAGES = _LEASE.format(only=f"AND purpose = '{SAFETY_PAGE}'")
_ALL = _LEASE.format(only="")
_MARK = Statement("""
WITH before AS (
    UPDATE messaging_message SET status = 'sent', done_at = %(done_at)s, provider_reference = %(reference)s
    WHERE id = %(before)s::uuid AND status = 'sending' AND claimed_at = %(before_claimed)s)
UPDATE messaging_message
SET status = 'sending', claimed_at = %(now)s, tries = LEAST(tries + 1, 30000), why = '', segments = %(parts)s,
    provider_reference = '', delivery = '', language = %(language)s, wording = %(wording)s
WHERE id = %(id)s AND status = 'owed' AND claimed_at = %(lease)s
RETURNING tries
""")
_SENT = """
UPDATE messaging_message SET status = 'sent', done_at = %(done_at)s, provider_reference = %(reference)s
WHERE id = %(before)s AND status = 'sending' AND claimed_at = %(before_claimed)s
"""
_GIVE_BACK = """
UPDATE messaging_message SET claimed_at = NULL WHERE id = ANY(%s::uuid[]) AND status = 'owed' AND claimed_at = %s
"""


class Taken:
    """A row that the other side accepted, until that is written down."""

    __slots__ = ("claimed_at", "done_at", "pk", "reference")

    def __init__(self, row: Message, reference: str) -> None:
        self.pk, self.claimed_at, self.done_at, self.reference = row.pk, row.claimed_at, now(), reference[:200]

    def values(self) -> dict[str, Any]:
        """For the statements."""
        return {
            "before": str(self.pk),
            "before_claimed": self.claimed_at,
            "done_at": self.done_at,
            "reference": self.reference,
        }


_NOTHING: dict[str, Any] = {"before": None, "before_claimed": None, "done_at": None, "reference": ""}


def lease(*, without: Collection[str] = (), most: int = BATCH) -> list[Message]:
    """Some rows that are due, for us alone for a while: pages about safety first, then by age; no others' rows wait.

    `without` leaves out channels on which nobody answers.
    """
    present = now()
    told = {"now": present, "lapsed": present - LEASE, "without": list(without), "most": most}
    rows = list(Message.objects.raw(_PAGES, told)) or list(Message.objects.raw(_ALL, told))
    return sorted(rows, key=lambda row: row.due_at)


def mark(row: Message, *, parts: int = 0, language: str = "", wording: int = 0, after: Taken | None = None) -> bool:
    """Mark a leased row `sending`, and write down what was accepted before it; one statement, one commit.

    False when the row is not ours any more: taken back, put off, or leased by another because we were too slow.
    """
    present = now()
    told: dict[str, Any] = {
        "now": present, "id": row.pk, "lease": row.claimed_at, "parts": parts, "language": language, "wording": wording,
    }  # fmt: skip
    with connection.cursor() as cursor:
        _MARK.run(cursor, {**told, **(after.values() if after else _NOTHING)})
        found = cursor.fetchone()
    if found is None:
        return False
    row.status, row.claimed_at, row.tries, row.why, row.segments = "sending", present, found[0], "", parts
    return True


def sent(taken: Taken) -> bool:
    """Write down that it was accepted; False when the sweep had handed it to a person."""
    with connection.cursor() as cursor:
        cursor.execute(_SENT, taken.values())
        return bool(cursor.rowcount)


def give_back(rows: Sequence[Message]) -> None:
    """Let go of leased rows that were not sent."""
    by_lease: dict[datetime | None, list[str]] = {}
    for row in rows:
        by_lease.setdefault(row.claimed_at, []).append(str(row.pk))
    with connection.cursor() as cursor:
        for claimed_at, ids in by_lease.items():
            cursor.execute(_GIVE_BACK, [ids, claimed_at])
