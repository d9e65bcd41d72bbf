"""Choose the time of a further visit, after a clinician has looked again. A reminder never leads here."""

from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from intake.models import BoosterOrder, Patient
from pacificmind.accounts.access import SignedInRequest, page
from pacificmind.accounts.models import Role
from pacificmind.audit.services import viewed
from pacificmind.clinic.models import Site
from pacificmind.clock import now
from pacificmind.ui.dates import when_words
from pacificmind.ui.forms import RequestIdForm, form_helper
from pacificmind.ui.parts import Tab
from scheduling.domain import errors
from scheduling.forms.patient import BookForm
from scheduling.models import Kind, Status
from scheduling.queries import calendar, patient_times
from scheduling.services import own_boosters
from scheduling.views.patient.choose import button_words, links, read_day
from scheduling.views.patient.common import own_patient


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@page(Role.PATIENT)
def next_times(request: SignedInRequest) -> HttpResponse:
    """The free times that fit the plan; with one chosen (`at`), the button that books it."""
    patient = own_patient(request.user)
    if patient is None:
        return redirect("patient-about")
    order = own_boosters.ready(patient)
    start = patient_times.from_stamp(request.GET.get("at", ""))
    if request.method == "POST" and start is not None:  # a form sent twice finds its visit, ready or not
        return _confirm(request, patient, order, start)
    if order is None or not own_boosters.online():
        return redirect("patient-next-visit")
    viewed("patient-next-times", by=request.user, patient_id=patient.pk)
    return _times(request, patient, order) if start is None else _confirm(request, patient, order, start)


def _times(request: SignedInRequest, patient: Patient, order: BoosterOrder) -> HttpResponse:
    sites = own_boosters.sites_of(patient, order)
    site = _site(request, sites) or patient.site
    part = request.GET.get("part", "")
    part = part if part in patient_times.PARTS else ""
    from_day = read_day(request.GET.get("from", ""))
    offer = patient_times.offer(own_boosters.search(order, site, part=part), from_day=from_day)
    kept = f"site={site.pk}" + (f"&part={part}" if part else "")
    words = {
        "site": site,
        "minutes": calendar.visit_type(Kind.BOOSTER).minutes,
        "days": [(day.on, links(day.starts, f"{request.path}?site={site.pk}")) for day in offer.days],
        "sites": [Tab(one.name, f"?site={one.pk}", one == site) for one in sites],
        "parts": [
            Tab(word, f"?site={site.pk}&part={code}", code == part) for code, word in patient_times.PARTS.items()
        ],
        "later": f"?{kept}&from={offer.next_from}" if offer.next_from else "",
        "first": f"?{kept}" if from_day else "",
        "helps": [Tab("Any time of day", f"?site={site.pk}")] if part and not offer.days else [],
        "call_form": RequestIdForm(),
        "phone": patient.phone,
    }
    return render(request, "patient/next_times.html", words)


def _site(request: SignedInRequest, sites: list[Site]) -> Site | None:
    """The site in the address, where it is one of these; else the first of them."""
    return next((one for one in sites if one.pk == request.GET.get("site")), sites[0] if sites else None)


def _confirm(request: SignedInRequest, patient: Patient, order: BoosterOrder | None, start: datetime) -> HttpResponse:
    site = next((one for one in Site.objects.all() if one.pk == request.GET.get("site")), patient.site)
    form = BookForm(request.POST or None)
    form.helper = form_helper(f"Book {button_words(start, site)}")
    near: list[datetime] = []
    if request.method == "POST" and form.is_valid():
        try:
            visit = own_boosters.choose(
                by=request.user,
                patient=patient,
                site=site,
                starts_at=start,
                request_id=form.cleaned_data["request_id"],
            )
        except errors.BookingRefused as refusal:
            form.add_error(None, refusal.say_patient)
            near = patient_times.nearest(own_boosters.search(order, site), start) if order is not None else []
        else:
            done = "Booked" if visit.status == Status.BOOKED else "Planned, and not certain yet"
            messages.success(request, f"{done}: {when_words(start, site.tz, now(), site.name)}.")
            return redirect("patient-visit", visit_id=visit.pk)
    words = {
        "form": form,
        "site": site,
        "start": start,
        "minutes": calendar.visit_type(Kind.BOOSTER).minutes,
        "near": links(near, f"{request.path}?site={site.pk}"),
        "back": f"{reverse('patient-next-times')}?site={site.pk}",
    }
    return render(request, "patient/next_confirm.html", words)
