"""The page behind the link of an offer. Opening it changes nothing: mail scanners open links.

Day and time are shown after the date of birth alone; that it was given is kept in the session for a few minutes.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from pacificmind.accounts.access import public
from pacificmind.accounts.models import User
from pacificmind.audit.services import viewed
from pacificmind.clock import now
from scheduling.domain.errors import BookingRefused
from scheduling.forms.waitlist import AnswerForm, BirthForm
from scheduling.models import Offer
from scheduling.services import waitlist_claim as claims
from scheduling.services.waitlist_offers import offer_of

SHOWN = "earlier-time"  # in the session: the offer whose date of birth was given, and until when that holds
SHOWN_FOR = timedelta(minutes=20)
NOT_THIS = "This is not the date of birth that we have. Look at it once more. After three tries we call you instead."


@public
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest, token: str) -> HttpResponse:
    """Asks for the date of birth; then the earlier time, or what became of it."""
    offer = offer_of(token)
    if offer is not None and _known(request, offer):
        return _shown(request, token, offer)
    if offer is None or not claims.is_open(offer):
        return _dead(request)
    form = BirthForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if claims.knows_birth_date(offer_id=offer.pk, birth_on=form.cleaned_data["birth_on"]):
            _remember(request, offer)
            return redirect("earlier-time", token=token)
        offer.refresh_from_db()
        if not claims.is_open(offer):
            return _dead(request)
        form.add_error("birth_on", NOT_THIS)
    return render(request, "waitlist/birth.html", {"form": form})


def _dead(request: HttpRequest) -> HttpResponse:
    """The same for a link that never was, was used, is too old or was tried too often."""
    return render(request, "waitlist/dead.html", status=404)


def _remember(request: HttpRequest, offer: Offer) -> None:
    request.session.cycle_key()
    request.session[SHOWN] = {"offer": str(offer.pk), "until": (now() + SHOWN_FOR).isoformat()}
    if not request.user.is_authenticated:
        request.session.set_expiry(int(SHOWN_FOR.total_seconds()))


def _known(request: HttpRequest, offer: Offer) -> bool:
    known = request.session.get(SHOWN) or {}
    return known.get("offer") == str(offer.pk) and datetime.fromisoformat(known["until"]) > now()


def _shown(request: HttpRequest, token: str, offer: Offer, refused: str = "") -> HttpResponse:
    visit = offer.waiting.visit
    state = "open" if claims.is_open(offer) else str(offer.status)
    context = {
        "offer": offer,
        "visit": visit,
        "site": visit.site,
        "state": "expired" if state == Offer.Status.OPEN and not claims.is_open(offer) else state,
        "refused": refused,
        "token": token,
        "form": AnswerForm(auto_id=False),
    }
    with transaction.atomic():
        viewed("earlier time", by=request.user, subject=offer, patient_id=visit.patient_id)
        return render(request, "waitlist/offer.html", context)


@public
@never_cache
@require_POST
def answer(request: HttpRequest, token: str) -> HttpResponse:
    """Take it or keep the visit as it is. Taking it is the booking; pressed twice it is one."""
    offer = offer_of(token)
    form = AnswerForm(request.POST)
    if offer is None or not _known(request, offer) or not form.is_valid():
        return redirect("earlier-time", token=token)
    by = request.user if isinstance(request.user, User) and offer.waiting.patient.user_id == request.user.pk else None
    try:
        if form.cleaned_data["answer"] == "take":
            claims.claim(offer_id=offer.pk, by=by)
        else:
            claims.decline(offer_id=offer.pk, by=by)
    except BookingRefused as refusal:
        return _shown(request, token, offer_of(token) or offer, refusal.say_patient)
    return redirect("earlier-time", token=token)
