"""Sessions in the database, as Django keeps them, in one plain statement to read and one to write.

Each request of somebody signed in reads its session and moves its end on: the ORM's query and its transaction around a
single update cost more than the rest of a short request.
"""

from typing import Any

from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.db import connection
from django.utils import timezone

_READ = "SELECT session_data FROM django_session WHERE session_key = %s AND expire_date > %s"
_WRITE = "UPDATE django_session SET session_data = %s, expire_date = %s WHERE session_key = %s"


class SessionStore(DatabaseStore):
    """The same table, rows and signatures as Django's own."""

    def load(self) -> dict[str, Any]:
        """What the session holds; an unknown or ended one is empty and loses its key."""
        with connection.cursor() as cursor:
            cursor.execute(_READ, [self.session_key, timezone.now()])  # noqa: TID251  the real clock ends sessions
            row = cursor.fetchone()
        if row is None:
            self._session_key = None
            return {}
        found: dict[str, Any] = self.decode(row[0])
        return found

    def save(self, must_create: bool = False) -> None:
        """Write it; UpdateError where it was ended meanwhile."""
        if must_create or self.session_key is None:
            super().save(must_create)
            return
        data = self.encode(self._get_session(no_load=False))  # type: ignore[attr-defined]
        with connection.cursor() as cursor:
            cursor.execute(_WRITE, [data, self.get_expiry_date(), self.session_key])
            if cursor.rowcount != 1:
                raise UpdateError
