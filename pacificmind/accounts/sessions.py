"""Sessions in Django's own table: read by a statement that is put together once, saved in one round trip."""

from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.models import Session
from django.db import connection

from pacificmind.clock import unmoved
from pacificmind.prepared import Prepared, Told
from pacificmind.statements import Statement

_SESSION = Prepared(lambda: Session.objects.filter(session_key=Told("key"), expire_date__gt=Told("now")))
_SAVE = Statement('UPDATE "django_session" SET session_data = %s, expire_date = %s WHERE session_key = %s')


class SessionStore(db.SessionStore):
    """As Django's: every request reads one, and one that says what was done is saved with the answer."""

    def _get_session_from_db(self) -> Session | None:
        # By the clock that set its end: ours can be moved (journeys), and would end what has just begun.
        found = _SESSION.first(key=self.session_key, now=unmoved())
        if found is None:
            self._session_key = None
        return found

    def save(self, must_create: bool = False) -> None:
        """Save what is in it. UpdateError where it is gone: ended meanwhile, by a log-out in another window."""
        if must_create or self.session_key is None:
            super().save(must_create=must_create)
            return
        kept: dict[str, Any] = self._get_session()  # type: ignore[attr-defined]  # its stub leaves it out
        row = self.create_model_instance(kept)
        with connection.cursor() as cursor:
            _SAVE.run(cursor, [row.session_data, row.expire_date, row.session_key])
            if cursor.rowcount == 0:
                raise UpdateError
