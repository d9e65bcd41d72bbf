"""Book one visit at the desk: choose the patient, then kind, time, clinician and room."""

import uuid
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from intake.models import BoosterOrder, Patient
from pacificmind.accounts.access import SignedInRequest, page
from pacificmind.audit.services import viewed
from pacificmind.clinic.models import Site
from pacificmind.clock import now
from scheduling.domain import errors
from scheduling.domain.walltime import at as wall_at
from scheduling.forms.desk import BookForm, FindPatientForm, book_initial
from scheduling.models import Appointment, Kind, Series
from scheduling.queries import visits as queries
from scheduling.services import booking
from scheduling.views.desk import free
from scheduling.views.desk.shared import JUST_BOOKED, WRITERS, place_of
from scheduling.views.desk.words import birth_words, patient_rows


def _site(request: SignedInRequest, slug: str) -> Site:
    """A site at which the user works; 404 for any other."""
    place = place_of(request.user, slug)
    if not place.may_write:
        raise Http404
    return place.site


def prefill(request: HttpRequest) -> dict[str, str]:
    """Day, time and room from the calendar's link (`on`, `at`, `room`); what cannot be read is left out."""
    found: dict[str, str] = {}
    if not request.GET:
        return found
    try:
        found["on"] = f"{datetime.strptime(request.GET.get('on', ''), '%Y-%m-%d').date()}"  # noqa: DTZ007  a date
        found["at"] = f"{datetime.strptime(request.GET.get('at', ''), '%H:%M'):%H:%M}"  # noqa: DTZ007  a wall time
        for name in ("room", "clinician"):
            if name in request.GET:
                found[name] = str(uuid.UUID(request.GET[name]))
    except ValueError:
        pass
    return found


def _wanted(request: HttpRequest, site: Site) -> datetime | None:
    """The instant of the calendar's link, where there is one."""
    found = prefill(request)
    try:
        return wall_at(date.fromisoformat(found["on"]), time.fromisoformat(found["at"]), site.tz)
    except (KeyError, OverflowError, errors.NonexistentTime):
        return None


@require_http_methods(["GET", "HEAD", "POST"])
@page(*WRITERS)
def choose_patient(request: SignedInRequest, site: str) -> HttpResponse:
    """Whose visit it is. The search is posted: a name stands in no address and no log."""
    place = _site(request, site)
    form = FindPatientForm(request.POST or None)
    found: list[Patient] | None = None
    if form.is_valid():
        with transaction.atomic():
            found = queries.find_patients(request.user, form.cleaned_data["q"])
            viewed("find a patient to book", by=request.user, patients=[one.pk for one in found])
    context = {
        "site": place,
        "form": form,
        "found": None if found is None else [(one, f"born {birth_words(one)}") for one in found],
        "query": urlencode(prefill(request)),
        "wanted": _wanted(request, place),
    }
    return render(request, "desk/book_patient.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@page(*WRITERS)
def book(request: SignedInRequest, site: str, patient: uuid.UUID) -> HttpResponse:
    """The booking form; a refusal comes back into it with the nearest lawful free times as buttons."""
    who = queries.patient_seen_by(request.user, patient)
    if who is None:
        raise Http404
    place = who.site if who.site_id == site and site in request.user.sites() else _site(request, site)
    running = Running(who)
    form = BookForm(
        request.POST or None,
        initial={**book_initial(who, place, running), **prefill(request)},
        site=place,
        user=request.user,
        running=running,
    )
    near: list[Any] = []
    law = ""
    if form.is_valid():
        data = form.cleaned_data
        try:
            visit = booking.book(by=request.user, wish=_wish(data, who, place, running), request_id=data["request_id"])
        except errors.BookingRefused as refused:
            form.add_error(None, refused.say)
            form.offer_override(refused)
            renew(form, refused)
            near, law = free.instead(_asked(data, who, place, running), form.wanted())
        else:
            return redirect(f"{reverse('desk-visit', args=[visit.pk])}?{JUST_BOOKED}")
    with transaction.atomic():
        viewed("book a visit", by=request.user, patient_id=who.pk)
        coming = _coming(who)
    context = {
        "site": place,
        "rows": patient_rows(who),
        "form": form,
        "near": near,
        "law": law,
        "series": running.series,
        "coming": coming,
    }
    return render(request, "desk/book.html", context)


def renew(form: Any, refused: errors.BookingRefused) -> None:
    """After "this form was already sent": what was typed stays, under a new id, so that it can be sent on purpose."""
    if isinstance(refused, errors.RequestReused):
        form.data = form.data.copy()
        form.data["request_id"] = str(uuid.uuid4())


class Running:
    """The patient's open series and running booster order, each read when it is asked for first."""

    def __init__(self, who: Patient) -> None:
        self._patient_id = who.pk

    @cached_property
    def series(self) -> Series | None:
        """The open series."""
        return queries.open_series(self._patient_id)

    @cached_property
    def order(self) -> BoosterOrder | None:
        """The running order of boosters."""
        return queries.open_booster_order(self._patient_id)

    def __call__(self, kind: str) -> Series | BoosterOrder | None:
        """What a visit of this kind belongs to."""
        return self.series if kind == Kind.INFUSION else self.order if kind == Kind.BOOSTER else None


def _wish(data: dict[str, Any], who: Patient, site: Site, running: Running) -> booking.Wish:
    belongs = running(data["kind"])
    return booking.Wish(
        patient_id=who.pk,
        kind=data["kind"],
        site_id=site.pk,
        starts_at=data["starts_at"],
        clinician_id=data["clinician_id"],
        room_id=data["room_id"],
        telehealth=data["telehealth"],
        series_id=belongs.pk if isinstance(belongs, Series) else None,
        booster_order_id=belongs.pk if isinstance(belongs, BoosterOrder) else None,
        patient_state=data["patient_state"],
        fallback_phone=data["fallback_phone"],
        deviation_reason=data.get("deviation_reason", ""),
        override_reason=data["override_reason"],
    )


def _asked(data: dict[str, Any], who: Patient, site: Site, running: Running) -> free.Asked:
    belongs = running(data["kind"])
    return free.Asked(
        site=site,
        kind=data["kind"],
        patient_id=who.pk,
        telehealth=data["telehealth"],
        series=belongs if isinstance(belongs, Series) else None,
        order=belongs if isinstance(belongs, BoosterOrder) else None,
        clinician_id=data["clinician_id"],
        room_id=data["room_id"],
    )


def _coming(who: Patient) -> list[Appointment]:
    """The patient's next visits, so that nobody books twice what is booked already."""
    visits = queries.with_names(Appointment.objects.filter(patient=who, ends_at__gt=now() - timedelta(days=1)))
    return [visit for visit in visits.order_by("starts_at")[:10] if visit.is_active]
