"""The one place that takes locks: patients, then clinicians, then rooms, each by id (RELIABILITY M1 to M3).

Locks come late, in one order, once a transaction; what is decided is read after them. They make the answer kind and
quick; the constraints of the database keep the law even where a writer forgets them.
"""

import uuid
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import IntegrityError, OperationalError, connection, transaction

from intake.models import Patient
from pacificmind.accounts.models import Clinician
from pacificmind.clinic.models import settings_read_once
from pacificmind.idempotency import services as idempotency
from pacificmind.statements import Statement, send, together
from scheduling.domain import errors
from scheduling.models import Room
from scheduling.queries.visit_types import types_read_once

LOCK_NOT_AVAILABLE, DEADLOCK, SERIALIZATION = "55P03", "40P01", "40001"
LAW = (
    "one_patient_per_room",
    "clinician_lanes_are_not_double_booked",
    "patient_is_in_one_place",
    "series_numbers_are_distinct",
    "a_clear_day_between_infusions",
    "at_most_3_infusions_in_7_days",
)


def lock(
    *,
    patients: Collection[uuid.UUID] = (),
    clinicians: Collection[uuid.UUID] = (),
    rooms: Collection[uuid.UUID] = (),
) -> None:
    """Lock these rows until the transaction ends; Busy after 3 s.

    FOR NO KEY UPDATE: rows that merely point at a patient, a safety alert above all, never wait for a booking.
    """
    send(_WAIT, [f"{int(settings.LOCK_TIMEOUT.total_seconds())}s"])
    for take, ids in zip(_TAKE, (patients, clinicians, rooms), strict=True):
        _lock(take, sorted(set(ids)))


_WAIT = Statement("SELECT set_config('lock_timeout', %s, true)")
_ROW = "SELECT 1 FROM {} WHERE id = %s FOR NO KEY UPDATE"
_TAKE = [Statement(_ROW.format(model._meta.db_table)) for model in (Patient, Clinician, Room)]


def _lock(take: Statement, ids: list[uuid.UUID]) -> None:
    """One after the other, on the way to what is read under them: while it waits for one, it holds those before.

    Each by itself, so that nothing but the order of the ids decides which is waited for.
    """
    for one in ids:
        send(take, [one])


@contextmanager
def booking() -> Iterator[None]:
    """One durable transaction in which the database's refusals are said in the words of the friendly checks."""
    try:
        with transaction.atomic(durable=True), types_read_once(), settings_read_once(), together():
            yield
    except IntegrityError as error:
        refusal = errors.refusal_of(_constraint(error))
        if refusal is None:
            raise
        raise refusal from error
    except OperationalError as error:
        if getattr(error.__cause__, "pgcode", None) in (LOCK_NOT_AVAILABLE, DEADLOCK, SERIALIZATION):
            raise errors.Busy from error
        raise
    except idempotency.RequestReused as error:
        raise errors.RequestReused from error


def _constraint(error: IntegrityError) -> str | None:
    return getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)


@contextmanager
def law_checked_at_the_end() -> Iterator[None]:
    """Let several visits move through one another's places; the law is checked before this returns, not at commit."""
    names = ", ".join(LAW)
    with connection.cursor() as cursor:
        cursor.execute(f"SET CONSTRAINTS {names} DEFERRED")
        yield
        cursor.execute(f"SET CONSTRAINTS {names} IMMEDIATE")
