"""The patient's visits in their own calendar: the page that makes the private address, and the address itself."""

import hashlib

from allauth.core.internal import ratelimit
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from pacificmind.accounts.access import SignedInRequest, page, public
from pacificmind.accounts.models import Role
from pacificmind.audit.services import viewed
from pacificmind.clinic.models import Site
from pacificmind.clock import now
from pacificmind.ui.dates import ago_words, when_words
from pacificmind.ui.parts import Row
from scheduling.domain.errors import BookingRefused
from scheduling.forms.patient import FeedForm
from scheduling.models.waiting import CalendarFeed
from scheduling.services import feed
from scheduling.views.patient.common import own_patient

LIMITS = {"feed": "120/h/key", "unknown-feed": "60/h/ip"}
APP = "scheduling"
TRY_AGAIN = 3600  # seconds


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@page(Role.PATIENT)
def own_calendar(request: SignedInRequest) -> HttpResponse:
    """Make the address, see it once, end it. The address itself stands in no address of a page."""
    patient = own_patient(request.user)
    if patient is None:
        return redirect("patient-about")
    if request.method == "POST" and request.POST.get("action") == "end":
        if feed.revoke(by=request.user, patient=patient):
            messages.success(request, "Ended. Calendars that used the address no longer hear from us.")
        return redirect("patient-calendar")
    form = FeedForm(request.POST or None, initial={"offer": feed.offered(request.user)})
    address = ""
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        try:
            token = feed.make(by=request.user, patient=patient, offer=told["offer"], request_id=told["request_id"])
        except BookingRefused as refusal:
            messages.warning(request, refusal.say_patient)
            return redirect("patient-calendar")
        address = settings.BASE_URL.rstrip("/") + reverse("calendar-feed", args=[token])
    if request.method != "POST":
        viewed("patient-calendar", by=request.user, patient_id=patient.pk)
    known = feed.current(patient.pk)
    words = {
        "form": form,
        "address": address,
        "webcal": "webcal://" + address.partition("://")[2],
        "feed": known,
        "rows": _rows(known, patient.site) if known else [],
    }
    return render(request, "patient/calendar.html", words)


def _rows(known: CalendarFeed, site: Site) -> list[Row]:
    read_at = known.last_read_at
    return [
        Row("Made", when_words(known.made_at, site.tz, now())),
        Row("Last read by a calendar", ago_words(read_at, site.tz, now()) if read_at else "Not yet"),
    ]


@public
@require_safe
def calendar_feed(request: HttpRequest, token: str) -> HttpResponseBase:
    """The calendar that devices read. An address that is unknown and one that was ended are the same 404."""
    found = feed.find(token)
    limit, key = ("feed", str(found.pk)) if found else ("unknown-feed", None)
    if ratelimit.consume(request, app=APP, action=limit, config=LIMITS, key=key, limit_get=True) is None:
        return HttpResponse(status=429, headers={"Retry-After": str(TRY_AGAIN), "Cache-Control": "no-store"})
    if found is None:
        raise Http404
    content = feed.read(found)
    response = HttpResponse(content, content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = 'inline; filename="appointments.ics"'
    response["Cache-Control"] = "private, no-cache"
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    response["ETag"] = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    return get_conditional_response(request, etag=response["ETag"], response=response) or response
