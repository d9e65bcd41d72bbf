"""Carry an intention out once."""

import hashlib
import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction

from pacificmind.idempotency.models import Request
from pacificmind.statements import Statement, send

_CLAIM = Statement(
    "INSERT INTO idempotency_request (id, user_id, intent, asked, result) VALUES (%s, %s, %s, %s, %s)"
    " ON CONFLICT (id) DO NOTHING"
)
_RESULT = Statement("UPDATE idempotency_request SET result = %s::jsonb WHERE id = %s")


class RequestReused(Exception):
    """The same request id arrived with other content or from somebody else."""

    say = "This form was already used for something else. Open the page again and repeat what you wanted."


@dataclass
class Once:
    """What is known of an intention. `result` holds ids; where `repeated`, the first time's, and nothing is to do."""

    repeated: bool
    result: dict[str, Any] = field(default_factory=dict)


def digest(asked: dict[str, Any]) -> str:
    """SHA-256 of the content, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(asked, sort_keys=True, default=str).encode()).hexdigest()


@contextmanager
def once(
    request_id: uuid.UUID | None,
    *,
    user_id: uuid.UUID | None,
    intent: str,
    asked: dict[str, Any],
    result: dict[str, Any] | None = None,
) -> Iterator[Once]:
    """Within the caller's transaction: claim the request id, or give back what came of it the first time.

    A second copy that arrives while the first is at work waits for it to commit: the insert below meets its row.
    Without a request id (a sweep, the demo) the intention is simply carried out. `result` is what will come of it where
    that is known: ids are made by us. Raises RequestReused.
    """
    if request_id is None:
        yield Once(repeated=False)
        return
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("once() belongs into the transaction of the intention.")
    content, expected = digest(asked), result or {}
    with connection.cursor() as cursor:
        _CLAIM.run(cursor, [request_id, user_id, intent, content, json.dumps(expected)])
        claimed = cursor.rowcount == 1
    if claimed:
        state = Once(repeated=False, result=dict(expected))
        yield state
        if state.result != expected:
            send(_RESULT, [json.dumps(state.result), request_id])
        return
    first = Request.objects.get(id=request_id)
    if (first.user_id, first.intent, first.asked) != (user_id, intent, content):
        raise RequestReused
    yield Once(repeated=True, result=first.result)
