"""A patient's own wish to come earlier: join, change, leave, and answer what is held for them."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from pacificmind.accounts.access import SignedInRequest, page
from pacificmind.accounts.models import Role
from pacificmind.audit.services import viewed
from pacificmind.clock import now
from pacificmind.ui.dates import when_words
from pacificmind.ui.forms import RequestIdForm
from scheduling.domain.errors import BookingRefused
from scheduling.forms.waitlist import AnswerForm, WishForm, wish_initial
from scheduling.models import Appointment, PossibleTimes
from scheduling.queries.waitlist import MOVABLE, line_of
from scheduling.services import waitlist as services
from scheduling.services import waitlist_claim as claims
from scheduling.views.patient.common import own_visit

INCOMPLETE = "This page was incomplete. Nothing was changed: please press the button once more."


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@page(Role.PATIENT)
def earlier(request: SignedInRequest, visit_id: UUID) -> HttpResponse:
    """What is held for them, when an earlier time would suit, and the way off the list."""
    visit = own_visit(request, visit_id)
    if not can_wait(visit):
        return redirect("patient-visit", visit_id=visit.pk)
    line = line_of(visit)
    known = PossibleTimes.objects.filter(patient_id=visit.patient_id).first()
    form = WishForm(request.POST or None, initial=wish_initial(line.waiting if line else None, known), site=visit.site)
    if request.method == "POST" and form.is_valid():
        try:
            services.join(
                by=request.user, visit_id=visit.pk, wishes=form.wishes(), request_id=form.cleaned_data["request_id"]
            )
        except BookingRefused as refusal:
            form.add_error(None, refusal.say_patient)
        else:
            messages.success(request, "Saved. We write to you when an earlier time is free. Your visit stays as it is.")
            return redirect("patient-earlier", visit_id=visit.pk)
    if request.method != "POST":
        viewed("patient-earlier", by=request.user, subject=visit, patient_id=visit.patient_id)
    context = {"visit": visit, "line": line, "form": form, "once": RequestIdForm(auto_id=False)}
    return render(request, "waitlist/own.html", context)


def can_wait(visit: Appointment) -> bool:
    """Whether it is still to come, so that an earlier one would be better."""
    return visit.status in MOVABLE and visit.starts_at > now()


@require_POST
@page(Role.PATIENT)
def leave(request: SignedInRequest, visit_id: UUID) -> HttpResponse:
    """Wait no longer."""
    visit = own_visit(request, visit_id)
    line, form = line_of(visit), RequestIdForm(request.POST)
    if not form.is_valid():
        messages.error(request, INCOMPLETE)
    elif line is not None:
        try:
            services.leave(by=request.user, waiting_id=line.waiting.pk, request_id=form.cleaned_data["request_id"])
        except BookingRefused as refusal:
            messages.error(request, refusal.say_patient)
            return redirect("patient-earlier", visit_id=visit.pk)
        messages.success(request, "You no longer wait for an earlier time. Your visit stays as it is.")
    return redirect("patient-visit", visit_id=visit.pk)


@require_POST
@page(Role.PATIENT)
def answer(request: SignedInRequest, visit_id: UUID) -> HttpResponse:
    """Take the earlier time that is held, or keep the visit as it is."""
    visit = own_visit(request, visit_id)
    line, form = line_of(visit), AnswerForm(request.POST)
    offer = line.open_offer if line else None
    if not form.is_valid() or offer is None:
        messages.info(request, INCOMPLETE if offer else "No earlier time is held for you now.")
        return redirect("patient-visit", visit_id=visit.pk)
    try:
        if form.cleaned_data["answer"] == "take":
            claims.claim(offer_id=offer.pk, by=request.user)
            words = when_words(offer.starts_at, visit.site.tz, now(), visit.site.name)
            messages.success(request, f"Done. Your visit is now on {words}.")
        else:
            claims.decline(offer_id=offer.pk, by=request.user)
            messages.success(request, "Your visit stays as it is. You stay on the list for another earlier time.")
    except BookingRefused as refusal:
        messages.error(request, refusal.say_patient)
    return redirect("patient-visit", visit_id=visit.pk)
