"""A patient's boosters and questionnaires, for clinicians."""

import uuid
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from intake.domain.decisions import DecisionRefused, Stale
from intake.models import BoosterOrder, Patient
from intake.queries.asq import open_sitting_of
from intake.queries.reevaluations import holds_through, looks_in_favour, newest_too_old
from intake.queries.review import patients_of
from intake.services.questionnaires import record_questionnaire
from pacificmind.accounts.access import SignedInRequest, page
from pacificmind.accounts.models import Role
from pacificmind.audit.services import viewed
from pacificmind.clock import now
from pacificmind.messaging.registry import label_of
from scheduling.domain.errors import BookingRefused
from scheduling.forms.series import Phq9Form, SpanForm, Start, StartForm
from scheduling.models import ACTIVE, Appointment, Kind
from scheduling.queries import series as queries
from scheduling.services import booking
from scheduling.services.boosters import often_words
from scheduling.services.lawful import lawful_booster_starts
from scheduling.views.series.starts import SPAN, labelled


@require_http_methods(["GET", "HEAD", "POST"])
@page(Role.CLINICIAN)
def booster(request: SignedInRequest, patient: uuid.UUID) -> HttpResponse:
    """The booster order, what it needs, and the lawful times; POST books one."""
    found = get_object_or_404(patients_of(request.user), pk=patient)
    order = queries.running_booster_order(found.pk)
    context = _context(request, found, order)
    form = StartForm(request.POST or None, choices=labelled(context["starts"], found.site), submit="Book this visit")
    if request.method == "POST" and order is not None and form.is_valid():
        chosen: Start = form.cleaned_data["start"]
        wish = booking.Wish(
            patient_id=found.pk,
            kind=Kind.BOOSTER,
            site_id=found.site_id,
            starts_at=chosen.starts_at,
            room_id=chosen.room_id,
            clinician_id=chosen.clinician_id,
            booster_order_id=order.pk,
        )
        try:
            visit = booking.book(by=request.user, wish=wish, request_id=form.cleaned_data["request_id"])
        except BookingRefused as refused:
            form.add_error("start", refused.say)
        else:
            messages.success(request, "The visit is booked.")
            return redirect("desk-visit", visit.pk)
    viewed("boosters", by=request.user, patient_id=found.pk)
    return render(request, "series/booster.html", {**context, "form": form})


def _context(request: SignedInRequest, patient: Patient, order: BoosterOrder | None) -> dict[str, Any]:
    if order is None:
        return {"patient": patient, "order": None, "starts": []}
    today = now().astimezone(patient.site.tz).date()
    span = SpanForm(request.GET)
    span.is_valid()
    day = min(max(span.cleaned_data.get("day") or today, today), max(order.until_on, today))
    visits = Appointment.objects.filter(booster_order=order).select_related("site").order_by("starts_at")
    free = looks_in_favour(order).first()
    used = sum(visit.status in ACTIVE for visit in visits)
    running = order.status == BoosterOrder.Status.OPEN
    starts = (
        lawful_booster_starts(order, patient.site, from_day=day, until_day=day + SPAN)
        if running and free and used < order.count
        else []
    )
    return {
        "patient": patient,
        "order": order,
        "visits": visits,
        "used": used,
        "reevaluation": free,
        "holds_through": holds_through(order, free) if free else None,
        "too_old": newest_too_old(order) if free is None else None,
        "running": running,
        "starts": starts,
        "from_day": day,
        "until_day": day + SPAN - timedelta(days=1),
        "later": day + SPAN,
        "owed": [
            (label_of(message.purpose), message.get_channel_display(), message.due_at)
            for message in queries.messages_owed([order.pk])
        ],
        "scores": queries.scores_of(patient.pk),
        "often": often_words(patient.pk),
    }


@require_http_methods(["GET", "HEAD", "POST"])
@page(Role.CLINICIAN)
def phq9(request: SignedInRequest, patient: uuid.UUID) -> HttpResponse:
    """The nine items as the patient answers them now, entered by a clinician."""
    found = get_object_or_404(patients_of(request.user), pk=patient)
    form = Phq9Form(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            row = record_questionnaire(
                by=request.user, patient=found, items=form.items, request_id=form.cleaned_data["request_id"]
            )
        except (DecisionRefused, Stale) as refused:
            form.add_error(None, str(refused))
        else:
            item9 = form.items[-1] or 0
            _say(request, row.score is not None, item9)
            sitting = open_sitting_of(found.pk) if item9 else None
            if sitting is not None and sitting.alert_id is not None:
                return redirect("safety-screen", sitting.alert_id)
            return redirect("clinic-booster", found.pk)
    viewed("questionnaire", by=request.user, patient_id=found.pk)
    context = {"patient": found, "form": form, "scores": queries.scores_of(found.pk)}
    return render(request, "series/phq9.html", context)


def _say(request: SignedInRequest, scored: bool, item9: int) -> None:
    if item9:
        messages.error(
            request,
            "The answer to question 9 opened a safety alert. Stay with the patient, ask these questions, take it now.",
        )
    elif scored:
        messages.success(request, "The answers are recorded.")
    else:
        messages.warning(request, "The answers are recorded, but too few for a score. Ask the missing questions again.")
