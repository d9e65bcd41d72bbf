"""Sessions as long as the role allows; staff only with a second factor."""

from collections.abc import Callable

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect

from pacificmind.accounts.models import User
from pacificmind.clock import now

Handler = Callable[[HttpRequest], HttpResponseBase]
_MOVED_ON, _STEP = "moved_on", 60  # seconds
_OPEN = ("/accounts/", "/static/", "/healthz", "/readyz")


class SessionLength:
    """Ends a session that was idle: staff after 15 minutes, patients after an hour (HIPAA 164.312(a)(2)(iii)).

    Its end moves on at most once a minute, so that not every request writes: it may come that minute early, never late.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if isinstance(request.user, User):
            move_on(request.session, request.user)
        return self.get_response(request)


def move_on(session: SessionBase, user: User) -> None:
    """Let the session last as long as the user's role allows from now on, unless that was done within a minute."""
    length = settings.STAFF_SESSION if user.is_of_the_clinic else settings.PATIENT_SESSION
    lasts, moment = int(length.total_seconds()), int(now().timestamp())
    known, moved = session.get(_MOVED_ON, (0, 0))
    if known != lasts or not 0 <= moment - moved < _STEP:
        session[_MOVED_ON] = (lasts, moment)
        session.set_expiry(lasts)


def logged_in(sender: object, request: HttpRequest, user: User, **more: object) -> None:
    """The session that a log-in begins has its end at once: the first page need not write it again."""
    move_on(request.session, user)


class SecondFactor:
    """Sends staff who have no second factor to set one up, wherever they wanted to go. Not in the demo."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        user = request.user
        if (
            not settings.DEMO
            and isinstance(user, User)
            and user.is_of_the_clinic
            and not request.path.startswith(_OPEN)
            and not _has_second_factor(user)
        ):
            return redirect("mfa_index")
        return self.get_response(request)


def _has_second_factor(user: User) -> bool:
    """As read with the user of the session (backends.Backend); asked here for one that came another way."""
    told: bool | None = getattr(user, "told_second_factor", None)
    return Authenticator.objects.filter(user=user).exists() if told is None else told
