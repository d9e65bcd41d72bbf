"""Whether it is really they who act: a confirmation by password or second factor in this session, and how long ago.

A log-in alone is none: it may have been hours ago, or somebody else's hands may be on the keyboard since.
"""

import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.reauthentication import reauthenticate_by_password
from django.http import HttpRequest

from pacificmind.accounts.models import User

RECENT = timedelta(minutes=5)  # between a confirmation and a signature (NIST 800-63B asks for an hour at most)
WORDS = {"password": "password", "totp": "code of an app", "webauthn": "passkey", "recovery_codes": "recovery code"}


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Who confirmed, how and when, by the clock of the server itself."""

    user_id: uuid.UUID
    method: str
    at: datetime

    @property
    def words(self) -> str:
        """Such as "password"."""
        return WORDS.get(self.method, self.method)

    def holds_for(self, user: User, *, within: timedelta = RECENT) -> bool:
        """Whether it is this user's, and recent; one in the future is none."""
        return self.user_id == user.pk and timedelta() <= datetime.fromtimestamp(_clock(), UTC) - self.at <= within


def confirmed(request: HttpRequest, *, within: timedelta = RECENT) -> Confirmed | None:
    """The user's last confirmation in this session, if it is recent; one in the future is none."""
    user = request.user
    if not isinstance(user, User):
        return None
    records = [one for one in get_authentication_records(request, user) if one.get("reauthenticated")]
    if not records:
        return None
    last = records[-1]
    at = datetime.fromtimestamp(float(last["at"]), UTC)
    found = Confirmed(user.pk, str(last.get("type") or last["method"]), at)
    return found if found.holds_for(user, within=within) else None


def of_this_moment(user: User, method: str) -> Confirmed:
    """For who has just checked it."""
    return Confirmed(user.pk, method, datetime.fromtimestamp(_clock(), UTC))


def _clock() -> float:
    """Seconds as the library that stamps the records counts them: never the clock that the demo moves."""
    return time.time()


def remember_password(request: HttpRequest) -> None:
    """Keep that the password was given a moment ago, for the next signatures; the caller has checked it."""
    reauthenticate_by_password(request)


def how_signed_in(request: HttpRequest) -> str:
    """The ways by which this session was signed in, such as "password, totp": an audit field of a signature."""
    found = [
        str(one.get("type") or one.get("method", ""))
        for one in get_authentication_records(request, request.user if isinstance(request.user, User) else None)
    ]
    return ", ".join(dict.fromkeys(name for name in found if name))[:60]
