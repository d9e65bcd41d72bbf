"""The chain over the record: seal what has committed, and check what was sealed.

Writers never wait for it (RELIABILITY M13, M14): each row carries the id of its transaction, and a sealer takes, in one
go, all rows of transactions that have ended. It proves that sealed rows are as they were. Against an owner of the
tables who cuts off rows and seals together, keep the logged digests elsewhere: one goes to `verify_audit --head`.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from django.db import connection, transaction

from pacificmind.audit.models import Entry, Seal

log = structlog.get_logger(__name__)
START = "0" * 64
_LOCK = 7_306_651  # advisory: one sealer at a time
_CHUNK = 2_000
# A transaction that was open at the seal before may bring older rows; none stays open for an hour (settings).
_SLACK = timedelta(hours=1)
_FIELDS = (
    "id",
    "xid",
    "at",
    "actor_id",
    "actor_roles",
    "action",
    "subject_type",
    "subject_id",
    "patient_id",
    "what",
    "changes",
    "reason",
    "reference",
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check found. `problem` is empty when all is well; `unsealed` rows are too young to be proven."""

    rows: int
    seals: int
    unsealed: int
    head: str
    problem: str = ""


class Broken(Exception):
    """The record is not as it was sealed."""


def seal() -> Seal | None:
    """Add one link over all rows of transactions that have ended since the last; None when there are none.

    Where two run at once, one does nothing: a chain cannot fork (`previous` is unique as well).
    """
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        if cursor.fetchone() != (True,):
            return None
        last = Seal.objects.order_by("-id").first()
        begin, previous = (last.until_xid, last.digest) if last else (0, START)
        # Every transaction below this has ended, so the next statement sees all that it will ever have written.
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        (end,) = cursor.fetchone() or (0,)
        if end <= begin or not Entry.objects.filter(xid__gte=begin, xid__lt=end).exists():
            return None
        digest, rows = _digest(begin, end, previous)
        made = Seal.objects.create(from_xid=begin, until_xid=end, rows=rows, digest=digest, previous=previous)
    log.info("audit sealed", seal=made.pk, rows=rows, digest=digest)
    return made


def _digest(begin: int, end: int, previous: str) -> tuple[str, int]:
    """SHA-256 over the link before, the range and its rows in order; and how many rows there are."""
    running = hashlib.sha256(f"{previous} {begin} {end}\n".encode())
    count = 0
    for row in _rows(begin, end):
        running.update(canonical(row))
        count += 1
    return running.hexdigest(), count


def _rows(begin: int, end: int) -> Iterator[tuple[Any, ...]]:
    found = Entry.objects.filter(xid__gte=begin, xid__lt=end).order_by("xid", "id")
    return found.values_list(*_FIELDS).iterator(chunk_size=_CHUNK)


def canonical(row: tuple[Any, ...]) -> bytes:
    """One row as bytes: the same for the same content, whatever reads it."""
    plain = [value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value for value in row]
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), default=str).encode() + b"\n"


def verify(head: str = "") -> Verdict:
    """Read the whole record again and compare it with its seals. `head`: a digest that must be among them."""
    rows = 0
    previous: Seal | None = None
    try:
        with transaction.atomic():
            given = _last_number()
            digests = {START}
            for link in Seal.objects.order_by("id"):
                _check_link(link, previous)
                rows += link.rows
                digests.add(link.digest)
                previous = link
            if given > (previous.pk if previous else 0):
                raise Broken(f"seal {given} is gone: the end of the chain was cut off")
            _check_future()
        if head and head not in digests:
            raise Broken(f"no seal has the digest {head}: seals were cut off or made anew")
    except Broken as broken:
        return Verdict(rows, _position(previous), 0, previous.digest if previous else START, str(broken))
    unsealed = Entry.objects.filter(xid__gte=previous.until_xid if previous else 0).count()
    return Verdict(rows, Seal.objects.count(), unsealed, previous.digest if previous else START)


def _position(link: Seal | None) -> int:
    return Seal.objects.filter(pk__lte=link.pk).count() if link else 0


def _check_link(link: Seal, before: Seal | None) -> None:
    expected = (before.digest, before.until_xid) if before else (START, 0)
    if (link.previous, link.from_xid) != expected:
        raise Broken(f"seal {link.pk} does not follow the one before it: a seal is missing or was changed")
    running = hashlib.sha256(f"{link.previous} {link.from_xid} {link.until_xid}\n".encode())
    first = last = None
    count = 0
    for row in _rows(link.from_xid, link.until_xid):
        running.update(canonical(row))
        first, last, count = first or row[0], row[0], count + 1
        earliest = before.made_at - _SLACK if before else None
        if earliest is not None and row[2] < earliest:
            raise Broken(f"row {row[0]} says {row[2]:%Y-%m-%d %H:%M:%S}Z, long before seal {link.pk} began: back-dated")
    if (running.hexdigest(), count) != (link.digest, link.rows):
        span = f"rows {first} to {last}" if count else "rows"
        found = "" if count == link.rows else f"; sealed were {link.rows} rows, found {count}"
        raise Broken(f"first bad {span} of seal {link.pk}: changed, removed or added{found}")


def _last_number() -> int:
    """The number of the last seal ever handed out. No sealer is at work from here to the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [_LOCK])
        cursor.execute("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM audit_seal_id_seq")
        (given,) = cursor.fetchone() or (0,)
    return int(given)


def _check_future() -> None:
    """Refuse a row whose transaction number was never given out: it would stay unsealed for ever."""
    newest = Entry.objects.order_by("-xid", "-id").values_list("xid", "pk").first()  # before asking for the limit
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
        (ahead,) = cursor.fetchone() or (0,)
    if newest is not None and newest[0] >= ahead:
        raise Broken(f"first bad row {newest[1]}: its transaction has not happened yet")
