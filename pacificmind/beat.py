"""Beat, leaving a sign of life in the database: whether it lives can be told apart from whether workers do."""

import time
from typing import Any

import structlog
from django.db import DatabaseError, InterfaceError
from django_celery_beat.schedulers import DatabaseScheduler

log = structlog.get_logger(__name__)
_EVERY = 10.0  # seconds


class Scheduler(DatabaseScheduler):  # type: ignore[misc]  # comes without types
    """The database's scheduler, writing down every ten seconds that it ticked."""

    _written = 0.0

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Send what is due; how many seconds until the next."""
        wait: float = super().tick(*args, **kwargs)
        if time.monotonic() - self._written >= _EVERY:
            self._written = time.monotonic()
            _alive()
        return min(wait, _EVERY)


def _alive() -> None:
    from pacificmind.messaging.upkeep import CLOCK, alive  # late: models are loaded after the scheduler's module

    try:
        alive(CLOCK)
    except (DatabaseError, InterfaceError) as error:  # the database is away: the next tick tries again
        log.warning("beat could not write its sign of life", error=type(error).__name__)
