"""Who may open a page. The roles a page names are also what the authorization matrix test reads."""

from collections.abc import Callable
from functools import update_wrapper
from typing import Any, Concatenate, ParamSpec, TypeVar, cast
from urllib.parse import urlsplit, urlunsplit

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponseBase
from django.utils.http import url_has_allowed_host_and_scheme

from pacificmind.accounts.models import User

P = ParamSpec("P")
R = TypeVar("R", bound=HttpResponseBase)
PUBLIC = "public"
SIGNED_IN = "signed-in"


class SignedInRequest(HttpRequest):
    """A request whose user is known to be one of ours."""

    user: User


View = Callable[Concatenate[SignedInRequest, P], HttpResponseBase]


def page(*roles: str) -> Callable[[View[P]], Callable[Concatenate[HttpRequest, P], HttpResponseBase]]:
    """Limit a view to users who hold one of the roles; without any, to whoever is signed in.

    Nobody signed in: to the log-in, and back. Another role: 403. A GET runs in one transaction with the audit of
    what it shows, so that nothing is shown that was not recorded; a POST leaves its transaction to the service.
    """

    def decorate(view: View[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(_page_of(request))
            if roles and not request.user.roles.intersection(roles):
                raise PermissionDenied
            signed_in = cast(SignedInRequest, request)
            # Read by now: every further look need not go through Django's proxy.
            signed_in.user = getattr(request.user, "_wrapped", request.user)
            if request.method in ("GET", "HEAD"):
                with transaction.atomic():
                    return view(signed_in, *args, **kwargs)
            return view(signed_in, *args, **kwargs)

        update_wrapper(guarded, view)
        cast(Any, guarded).access = roles or (SIGNED_IN,)
        return guarded

    return decorate


def _page_of(request: HttpRequest) -> str:
    """Where to go on after signing in: the page that a form stood on, for its own address may answer to forms alone."""
    came_from = request.headers.get("Referer", "")
    if request.method in ("GET", "HEAD") or not url_has_allowed_host_and_scheme(came_from, {request.get_host()}):
        return request.get_full_path()
    parts = urlsplit(came_from)
    return urlunsplit(("", "", parts.path or "/", parts.query, ""))


def public(view: Callable[Concatenate[HttpRequest, P], R]) -> Callable[Concatenate[HttpRequest, P], R]:
    """Say that a view is open to anyone."""
    cast(Any, view).access = (PUBLIC,)
    return view
