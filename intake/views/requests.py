"""The public request for a consultation, and the claim of a record that was entered at the desk."""

import json
import uuid

from allauth.core.internal import ratelimit
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from intake.domain.library import crisis_words
from intake.domain.people import RecordRefused
from intake.forms.requests import ClaimForm, RequestForm
from intake.models import ConsultationRequest, Patient
from intake.services import requests as services
from pacificmind.accounts.access import public
from pacificmind.accounts.models import User
from pacificmind.clinic.models import ClinicSettings, Site
from pacificmind.idempotency.services import RequestReused
from pacificmind.ui import context
from pacificmind.ui.errors import page_sheets
from pacificmind.ui.middleware import reference

LIMITS = {
    "ask": "10/h/ip",
    "ask-in-crisis": "60/h/ip",  # words of crisis are kept where others are asked to wait; a flood of them is not
    "claim": "5/h/key,20/d/key",
}
APP = "intake"
ASK = "/ask/"  # where the form is posted
ASKED = "asked"  # in the session: what the next pages may say about the request that was just sent
DRAFT = "draft"  # in the session: an unfinished request whose words were put before a clinician
CLAIM = "claim"  # in the session: the invitation to come back to after signing in
REMEMBERED = 3600  # seconds
CARRIED_MOST = 60_000  # characters typed that a page of rescue carries along
TOO_MANY = (
    "Many requests came from your connection in the last hour, so this one was not sent. What you wrote is still "
    "here: please try again later, or call us."
)


def _in_crisis(request: HttpRequest) -> bool:
    """Whether words of crisis stand in what was posted, whatever becomes of the form."""
    return any(crisis_words(request.POST.get(name, "")) for name in ("reason", "times_note"))


def _limited(request: HttpRequest, action: str, key: str | None = None) -> bool:
    return ratelimit.consume(request, app=APP, action=action, config=LIMITS, key=key) is None


@public
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def request_consultation(request: HttpRequest) -> HttpResponse:
    """The form that anyone can send."""
    user = request.user if isinstance(request.user, User) else None
    crisis = request.method == "POST" and _in_crisis(request)
    form = RequestForm(request.POST or None, initial=_known(user))
    if request.method == "POST" and form.is_valid():
        if before := services.sent_before((request.session.get(ASKED) or {}).get("request"), form.asked()):
            return _sent(request, before)
        if _limited(request, "ask-in-crisis" if crisis else "ask"):
            form.add_error(None, TOO_MANY)
        else:
            try:
                row = services.submit_request(by=user, asked=form.asked(), request_id=form.cleaned_data["request_id"])
            except RequestReused as error:
                form.add_error(None, error.say)
            else:
                return _sent(request, row)
    hours = ClinicSettings.current().request_response_hours
    words = {
        "form": form,
        "crisis": crisis,
        "read": crisis and _read_refused(request, user, form),
        "hours": hours,
        "any_site": Site.objects.filter(open_to_requests=True).exists(),
    }
    return render(request, "requests/form.html", words)


def _read_refused(request: HttpRequest, user: User | None, form: RequestForm) -> bool:
    """Whether the words of crisis in a form that was not kept were put before a clinician."""
    told = form.told_so_far()
    if told is None or _limited(request, "ask-in-crisis"):
        return False
    found = services.read_refused(by=user, asked=told, before=request.session.get(DRAFT))
    if isinstance(found, bool):
        return found
    request.session[DRAFT] = str(found)
    return True


def _known(user: User | None) -> dict[str, object]:
    """What a signed-in patient need not type again."""
    patient = Patient.objects.filter(user=user).first() if user else None
    if patient is None:
        return {"email": user.email} if user else {}
    names = ("given_name", "family_name", "birth_on", "phone")
    return {**{name: getattr(patient, name) for name in names}, "site": patient.site_id, "email": user and user.email}


def _sent(request: HttpRequest, row: ConsultationRequest) -> HttpResponse:
    """The crisis page at once where words of crisis stand in it, else what happens next."""
    if draft := request.session.pop(DRAFT, None):
        services.finished(by=request.user if isinstance(request.user, User) else None, before=draft, row=row)
    request.session[ASKED] = {"request": str(row.pk), "email": row.email}
    if not request.user.is_authenticated:
        request.session.set_expiry(REMEMBERED)
    if row.needs_person:
        return render(request, "requests/help.html", {"site": row.site})
    return redirect("request-received")


@public
@never_cache
@require_safe
def received(request: HttpRequest) -> HttpResponse:
    """What happens next, for whoever has just sent a request from this browser."""
    known = request.session.get(ASKED)
    row = ConsultationRequest.objects.select_related("site").filter(pk=known["request"]).first() if known else None
    if row is None:
        return redirect("request-consultation")
    return render(
        request,
        "requests/received.html",
        {
            "site": row.site,
            "mailed": bool(row.email),
            "reach": row.reach,
            "hours": ClinicSettings.current().request_response_hours,
            "can_choose": request.user.is_authenticated,
        },
    )


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def claim(request: HttpRequest, token: str) -> HttpResponse:
    """Connect a record with the account one is signed in to: a POST with the date of birth."""
    invitation = services.invitation_of(token)
    mine = isinstance(request.user, User) and Patient.objects.filter(user=request.user).exists()
    if invitation is None:
        return redirect("patient-home") if mine else render(request, "patient/claim_old.html", status=404)
    if not isinstance(request.user, User):
        request.session[CLAIM] = str(invitation.pk)  # not the token: sessions are rows as well
        here = {"next": request.path, "login": reverse("account_login"), "sign_up": reverse("account_signup")}
        return render(request, "patient/claim_sign_in.html", here)
    form = ClaimForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if _limited(request, "claim", key=str(invitation.pk)):
            form.add_error(None, "This was tried several times. Please wait an hour, or call us: we help you at once.")
        else:
            try:
                services.claim_record(by=request.user, token=token, birth_on=form.cleaned_data["birth_on"])
            except RecordRefused as error:
                form.add_error(None, error.say)
            else:
                request.session.pop(CLAIM, None)
                return redirect("patient-home")
    return render(request, "patient/claim.html", {"form": form})


@public
@never_cache
@require_safe
def claim_again(request: HttpRequest) -> HttpResponse:
    """Back to the invitation that was opened before signing in."""
    known = request.session.pop(CLAIM, None)
    token = services.tokens_of(uuid.UUID(known))[0] if known else ""
    return redirect("claim", token=token) if token else redirect("start")


def rescue(request: HttpRequest, status: int) -> HttpResponse | None:
    """Where a request could not be kept: the crisis page all the same, and a page that keeps what was typed.

    Asks nothing of the database, the session or a context processor (pacificmind.ui.errors.register_rescue).
    """
    if request.method != "POST" or request.path != ASK:
        return None
    pairs = [(name, value) for name, values in request.POST.lists() for value in values]
    kept = [(name, value) for name, value in pairs if name != "csrfmiddlewaretoken"]
    clinic = context.fallback()
    page = render_to_string(
        "requests/unsaved.html",
        {
            "clinic_name": clinic.name,
            "clinic_phone": clinic.phone,
            "sheets": page_sheets(),
            "ref": reference(request),
            "token": get_token(request),
            "action": request.path,
            "crisis": _in_crisis(request),
            "kept": kept if len(json.dumps(kept)) <= CARRIED_MOST else [],
        },
    )
    response = HttpResponse(page, status=status)
    response["Cache-Control"] = "no-store"
    return response
