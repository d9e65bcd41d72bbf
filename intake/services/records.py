"""One durable transaction for changes of records at the desk, its refusals said in words."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import OperationalError, connection, transaction

from intake.domain.people import RecordRefused
from pacificmind.idempotency.services import RequestReused

_NOT_NOW = ("55P03", "40P01")  # lock not available, deadlock
BUSY = "Somebody else is working on this at this moment. Nothing was saved: please send it once more."


@contextmanager
def changing_records() -> Iterator[None]:
    """A lock that cannot be had in 3 s, or a form used twice, becomes a RecordRefused."""
    try:
        with transaction.atomic(durable=True):
            with connection.cursor() as cursor:
                longest = f"{int(settings.LOCK_TIMEOUT.total_seconds())}s"
                cursor.execute("SELECT set_config('lock_timeout', %s, true)", [longest])
            yield
    except OperationalError as error:
        if getattr(error.__cause__, "pgcode", None) in _NOT_NOW:
            raise RecordRefused(BUSY) from error
        raise
    except RequestReused as error:
        raise RecordRefused(RequestReused.say) from error
