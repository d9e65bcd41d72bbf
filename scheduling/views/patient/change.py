"""Move or cancel a visit of one's own, within the clinic's notice."""

from datetime import datetime, timedelta
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from intake.services.safety import read_words
from intake.views import failsafe
from pacificmind.accounts.access import SignedInRequest, page
from pacificmind.accounts.models import Role
from pacificmind.audit.services import viewed
from pacificmind.clock import now
from pacificmind.ui.dates import when_words
from pacificmind.ui.forms import RequestIdForm, form_helper
from pacificmind.ui.parts import Tab
from scheduling.domain import errors
from scheduling.forms.patient import CancelForm, MoveForm, VideoVisitMoveForm
from scheduling.models import Appointment
from scheduling.models.appointment import TREATMENTS
from scheduling.queries import patient_times
from scheduling.queries.patient_known import visit_words
from scheduling.services.lawful import own_moves
from scheduling.services.own_visits import cancel_own, move_own
from scheduling.views.patient.choose import button_words, links, read_day
from scheduling.views.patient.common import own_visit
from scheduling.views.patient.visit import may_change_online

CANCELLED = "Your visit is cancelled."
CANCELLED_TREATMENT = "Your visit is cancelled. The front desk calls you within a day to find a new time with you."


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@page(Role.PATIENT)
def move(request: SignedInRequest, visit_id: UUID) -> HttpResponse:
    """Free times to move to; with one chosen (`at`), the button that moves."""
    visit = own_visit(request, visit_id)
    start = patient_times.from_stamp(request.GET.get("at", ""))
    if request.method != "POST":
        viewed("patient-visit-move", by=request.user, subject=visit, patient_id=visit.patient_id)
    if not may_change_online(visit):
        return render(request, "patient/too_late.html", {"visit": visit, "what": "move"})
    if start is None:
        return _times(request, visit)
    return _move_to(request, visit, start)


def _times(request: SignedInRequest, visit: Appointment) -> HttpResponse:
    part = request.GET.get("part", "")
    part = part if part in patient_times.PARTS else ""
    from_day = read_day(request.GET.get("from", ""))
    offer = patient_times.offer(search_of(visit, part=part), from_day=from_day)
    kept = f"&part={part}" if part else ""
    words = {
        "visit": visit,
        "what": visit_words(visit),
        "treatment": visit.kind in TREATMENTS,
        "days": [(day.on, links(day.starts, request.path)) for day in offer.days],
        "parts": [Tab(word, f"?part={code}", code == part) for code, word in patient_times.PARTS.items()],
        "later": f"?from={offer.next_from}{kept}" if offer.next_from else "",
        "first": f"?part={part}" if from_day else "",
        "helps": [Tab("Any time of day", "?part=")] if part and not offer.days else [],
        "call_form": RequestIdForm(),
    }
    return render(request, "patient/move.html", words)


def search_of(visit: Appointment, *, part: str = "") -> patient_times.Search:
    """The starts to which the patient may move a visit: all that `booking.move` accepts from them, and no other.

    On the clinic's grid, within its notice and horizon; never where it stands already.
    """
    first, last = patient_times.span()
    plan = own_moves(visit, from_day=first, until_day=last)
    return patient_times.Search(
        site=visit.site,
        kind=visit.kind,
        patient_id=visit.patient_id,
        telehealth=visit.telehealth,
        without=(visit.pk,),
        part=part,
        lawful=lambda start: start != visit.starts_at and (plan is None or plan(start)),
        apart=timedelta(),
    )


def _move_to(request: SignedInRequest, visit: Appointment, start: datetime) -> HttpResponse:
    form = (VideoVisitMoveForm if visit.telehealth else MoveForm)(
        request.POST or None, initial={"version": visit.version}
    )
    form.helper = form_helper(f"Move to {button_words(start, visit.site)}")
    near: list[datetime] = []
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        try:
            move_own(
                by=request.user,
                visit=visit,
                version=told["version"],
                starts_at=start,
                state=told.get("state", ""),
                request_id=told["request_id"],
            )
        except errors.BookingRefused as refusal:
            form.add_error(None, refusal.say_patient)
            near = patient_times.nearest(search_of(visit), start)
        else:
            words = when_words(start, visit.site.tz, now(), visit.site.name)
            messages.success(request, f"Moved to {words}.")
            return redirect("patient-visit", visit_id=visit.pk)
    words_of_page = {
        "form": form,
        "visit": visit,
        "what": visit_words(visit),
        "start": start,
        "near": links(near, request.path),
        "back": reverse("patient-visit-move", args=[visit.pk]),
    }
    return render(request, "patient/move_confirm.html", words_of_page)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@failsafe.kept_when_signed_out
@page(Role.PATIENT)
def cancel(request: SignedInRequest, visit_id: UUID) -> HttpResponse:
    """Asks once, and says what is lost and what happens next."""
    try:
        visit = own_visit(request, visit_id)
    except Http404:
        if failsafe.needs_help_now(request):
            return failsafe.crisis_unsaved(request, 404, carry=False)
        raise
    treatment = visit.kind in TREATMENTS
    if request.method != "POST":
        viewed("patient-visit-cancel", by=request.user, subject=visit, patient_id=visit.patient_id)
        if not may_change_online(visit):
            return render(request, "patient/too_late.html", {"visit": visit, "what": "cancel"})
    form = CancelForm(request.POST or None, initial={"version": visit.version})
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        crisis = _in_crisis(request, visit, told["why"])
        try:
            cancel_own(
                by=request.user,
                visit=visit,
                version=told["version"],
                why="" if crisis else told["why"],  # the front desk reads this
                request_id=told["request_id"],
            )
        except errors.BookingRefused as refusal:
            form.add_error(None, refusal.say_patient)
        else:
            messages.success(request, CANCELLED_TREATMENT if treatment else CANCELLED)
            return redirect("intake-crisis" if crisis else "patient-visits" if treatment else "patient-home")
    if form.errors and _in_crisis(request, visit, request.POST.get("why", "")):
        return redirect("intake-crisis")
    words = {"form": form, "visit": visit, "what": visit_words(visit), "treatment": treatment}
    return render(request, "patient/cancel.html", words)


def _in_crisis(request: SignedInRequest, visit: Appointment, why: str) -> bool:
    """Words of crisis in the reason of a cancellation are an alert, whatever becomes of the visit."""
    return read_words(by=request.user, patient=visit.patient, texts=[why], source="visit") is not None
