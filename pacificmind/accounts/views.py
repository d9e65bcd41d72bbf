"""Where a log-in leads, and the sign-up."""

from typing import Any

from allauth.account.views import SignupView
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from pacificmind.accounts.access import SignedInRequest, page, public
from pacificmind.accounts.models import PRESCRIBER, Role

FIRST_PAGES = (
    (Role.FRONT_DESK, "desk-inbox"),
    (PRESCRIBER, "review-queue"),
    (Role.CLINICIAN, "desk-arrivals-today"),  # a nurse decides nothing: today's visits
    (Role.MANAGER, "manage-settings"),
    (Role.PATIENT, "patient-home"),
)


@require_safe
@page()
def start(request: SignedInRequest) -> HttpResponseBase:
    """The first page of whoever signed in: staff at their work, patients at home, or back to an invitation."""
    if "claim" in request.session:
        return redirect("claim-again")
    for role, name in FIRST_PAGES:
        if role in request.user.roles:
            return redirect(name)
    return redirect("home")


class SignUp(SignupView):  # type: ignore[misc]  # allauth is untyped
    """allauth's own, with the address filled in that was left with a request: it never stands in an address line."""

    def get_initial(self) -> dict[str, Any]:
        """The e-mail of the request that this browser has just sent."""
        told = self.request.session.get("asked") or {}
        return {**super().get_initial(), **({"email": told["email"]} if told.get("email") else {})}


_sign_up = SignUp.as_view()


@public
def sign_up(request: HttpRequest) -> HttpResponseBase:
    """Create an account."""
    response: HttpResponseBase = _sign_up(request)
    return response
