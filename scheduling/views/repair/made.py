"""A saved repair: what it changed, when the patients are told, and the way back until then. When patients can come."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from pacificmind.accounts.access import SignedInRequest, page
from pacificmind.audit.services import viewed
from pacificmind.clock import now
from pacificmind.messaging.models import Status as MessageStatus
from pacificmind.ui.forms import RequestIdForm
from scheduling.domain.errors import BookingRefused
from scheduling.forms.repair import PossibleTimesForm, initial_of
from scheduling.models import Kind, Repair
from scheduling.queries import repair as queries
from scheduling.queries.calendar import clinicians_for
from scheduling.queries.visits import patients_seen_by
from scheduling.services import possible_times, repair_undo
from scheduling.views.repair.doors import FORM, STAFF, WITH_PATIENTS
from scheduling.views.repair.lines import made_cards


def _repair(request: SignedInRequest, pk: uuid.UUID) -> Repair:
    return get_object_or_404(queries.repairs_seen_by(request.user), pk=pk)


@require_safe
@page(*STAFF)
def show(request: SignedInRequest, repair: uuid.UUID) -> HttpResponse:
    """What a repair changed, and whether it can still be undone."""
    return _page(request, _repair(request, repair))


def _page(request: SignedInRequest, repair: Repair, said: str = "") -> HttpResponse:
    visits = queries.visits_of(repair)
    owed = list(queries.messages_of(repair).order_by("pk"))
    viewed("a repair", by=request.user, patients=[visit.patient_id for visit in visits])
    cards = made_cards(repair, visits)
    context = {
        "repair": repair,
        "site": repair.site,
        "cards": cards,
        "calls": [card.patient for card in cards if card.is_soon(now()) or not card.patient.email],
        "leaves": repair.leaves.select_related("clinician__user").order_by("starts_at"),
        "closures": repair.closures.select_related("room", "site").order_by("starts_at"),
        "why_not": repair_undo.why_not(repair, owed),
        "waiting": sum(one.status == MessageStatus.OWED for one in owed),
        "owed": len(owed),
        "still": queries.with_open_task(queries.coming(request.user)).count(),
        "form": RequestIdForm(auto_id=False),
        "may_open": set(WITH_PATIENTS) & request.user.roles,
        "said": said,
    }
    return render(request, "repair/made.html", context)


@require_POST
@page(*STAFF)
def undo(request: SignedInRequest, repair: uuid.UUID) -> HttpResponse:
    """Take it back as a whole."""
    found = _repair(request, repair)
    form = RequestIdForm(request.POST)
    if not form.is_valid():
        messages.error(request, "This page was incomplete. Nothing was changed: please press the button once more.")
        return redirect("desk-repair", found.pk)
    try:
        repair_undo.undo(by=request.user, repair_id=found.pk, request_id=form.cleaned_data["request_id"])
    except BookingRefused as refused:
        return _page(request, _repair(request, repair), said=refused.say)
    messages.success(request, "Undone. Every visit is where it was, and nobody was told.")
    return redirect("desk-repair", found.pk)


@require_http_methods(FORM)
@page(*WITH_PATIENTS)
def times(request: SignedInRequest, patient: uuid.UUID) -> HttpResponse:
    """When a patient can come; what no longer fits is offered for repair."""
    found = get_object_or_404(patients_seen_by(request.user), pk=patient)
    kept, people = possible_times.times_of(found), clinicians_for(found.site, Kind.INFUSION)
    form = PossibleTimesForm(request.POST or None, initial=initial_of(kept), clinicians=people)
    if request.method == "POST" and form.is_valid():
        try:
            told = form.cleaned_data
            possible_times.keep_times(
                by=request.user,
                patient_id=found.pk,
                shown=told["seen"],
                times=form.times(),
                request_id=told["request_id"],
            )
        except BookingRefused as refused:
            form.add_error(None, refused.say)
            # What was typed stays; sent again, it is meant to replace what stands there now.
            again = request.POST.copy()
            again["seen"] = possible_times.seen(possible_times.times_of(found))
            form.data = again
        else:
            if queries.of_patient(request.user, found).hit:
                messages.success(request, "The times are kept. Some visits no longer fit: here is a proposal.")
                return redirect("desk-repair-patient", found.pk)
            messages.success(request, "The times are kept. Every visit to come fits them.")
            return redirect("desk-patient", found.pk)
    viewed("possible times", by=request.user, subject=found, patient_id=found.pk)
    return render(request, "repair/times.html", {"patient": found, "form": form, "kept": kept})
