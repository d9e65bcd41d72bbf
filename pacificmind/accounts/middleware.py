"""Sessions as long as the role allows; staff only with a second factor."""

from collections.abc import Callable

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect

from pacificmind.accounts.models import User

Handler = Callable[[HttpRequest], HttpResponseBase]
_OPEN = ("/accounts/", "/static/", "/healthz", "/readyz")


class SessionLength:
    """Ends a session that was idle: staff after 15 minutes, patients after an hour (HIPAA 164.312(a)(2)(iii))."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        user = request.user
        if isinstance(user, User):
            length = settings.STAFF_SESSION if user.is_of_the_clinic else settings.PATIENT_SESSION
            request.session.set_expiry(int(length.total_seconds()))
        return self.get_response(request)


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
            and not is_mfa_enabled(user)
        ):
            return redirect("mfa_index")
        return self.get_response(request)
