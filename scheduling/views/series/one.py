"""One series: its time line, what is held, deviations, what the patient is still to get; more, review, end."""

import uuid
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_http_methods, require_safe

from intake.models import Patient
from pacificmind.accounts.access import SignedInRequest, page
from pacificmind.accounts.models import PRESCRIBER, Role, User
from pacificmind.audit.services import viewed
from pacificmind.clock import now
from pacificmind.messaging.registry import label_of
from scheduling.domain import errors
from scheduling.domain import protocol as rules
from scheduling.domain.errors import BookingRefused
from scheduling.forms.people import EndForm
from scheduling.forms.series import ReviewForm, SpanForm, Start, StartForm
from scheduling.models import ACTIVE, Kind, Series, Status
from scheduling.queries import closing as losses
from scheduling.queries import outcomes
from scheduling.queries import series as queries
from scheduling.queries import visits as visit_queries
from scheduling.queries.history import series_history
from scheduling.services import booking, closing, protocol
from scheduling.services import series as services
from scheduling.services.lawful import lawful_starts
from scheduling.views.series import line
from scheduling.views.series.starts import SPAN, labelled


@dataclass(frozen=True)
class May:
    """What the user may do with a series; the pages and the services ask the same."""

    treats: bool
    prescribes: bool

    @classmethod
    def of(cls, user: User, series: Series) -> "May":
        """By role and site."""
        treats = series.site_id in user.sites(Role.CLINICIAN)
        return cls(treats, treats and PRESCRIBER in user.roles)


def _series(user: User, pk: uuid.UUID) -> Series:
    return get_object_or_404(queries.series_seen_by(user), pk=pk)


@require_safe
@page(Role.FRONT_DESK, Role.CLINICIAN)
def show(request: SignedInRequest, series: uuid.UUID) -> HttpResponse:
    """The series as a whole."""
    found = _series(request.user, series)
    visits = queries.visits_of(found)
    viewed("series", by=request.user, subject=found, patient_id=found.patient_id)
    active = [visit for visit in visits if visit.status in ACTIVE]
    owed = queries.messages_owed([found.pk, *(visit.pk for visit in visits)])
    reviews, shown = queries.open_reviews(found), visit_queries.shown(visits, at=now())
    releases = list(found.releases.select_related("by"))
    context = {
        "series": found,
        "patient": found.patient,
        "may": May.of(request.user, found),
        "cards": line.cards(found, shown, releases, reviews, today=protocol.today_at(found)),
        "next": line.next_of(shown),
        "done": sum(visit.status == Status.FULFILLED for visit in visits),
        "held": [visit for visit in active if visit.status == Status.HELD],
        "missed": [visit for visit in visits if visit.status == Status.NOSHOW],
        "open": found.status == Series.Status.OPEN,
        "remaining": found.order.infusions - len(active),
        "repair_url": _repair_url(found),
        "deviations": queries.deviations_of(found),
        "overrides": queries.overrides_of(found),
        "reviews": reviews,
        "late": any(task.due_at < now() for task in reviews),
        "owed": [(label_of(message.purpose), message.get_channel_display(), message.due_at) for message in owed],
        "history": series_history(found, visits, every="all" in request.GET),
    }
    return render(request, "series/show.html", context)


def _repair_url(series: Series) -> str:
    try:
        return reverse("desk-repair-series", args=[series.pk])
    except NoReverseMatch:
        return ""


@require_http_methods(["GET", "HEAD", "POST"])
@page(Role.FRONT_DESK, Role.CLINICIAN)
def add(request: SignedInRequest, series: uuid.UUID) -> HttpResponse:
    """One more visit of the order, at a lawful free time."""
    found = _series(request.user, series)
    if found.status != Series.Status.OPEN:
        raise Http404
    may, day = May.of(request.user, found), _from_day(request, found)
    until = day + SPAN
    starts = lawful_starts(found, from_day=day, until_day=until, with_deviations=may.prescribes)
    choices = labelled(starts, found.site)
    form = StartForm(request.POST or None, choices=choices, submit="Book this visit", reason=may.prescribes)
    if request.method == "POST" and form.is_valid():
        try:
            booking.book(by=request.user, wish=_wish(found, form), request_id=form.cleaned_data["request_id"])
        except BookingRefused as refused:
            form.add_error("start", refused.say)
        else:
            messages.success(request, "The visit is booked.")
            return redirect("desk-series", found.pk)
    viewed("add a visit to a series", by=request.user, subject=found, patient_id=found.patient_id)
    context = {"series": found, "patient": found.patient, "form": form, "starts": starts, "from_day": day}
    return render(request, "series/add.html", {**context, "until_day": until - timedelta(days=1), "later": until})


def _wish(series: Series, form: StartForm) -> booking.Wish:
    chosen: Start = form.cleaned_data["start"]
    return booking.Wish(
        patient_id=series.patient_id,
        kind=Kind.INFUSION,
        site_id=series.site_id,
        starts_at=chosen.starts_at,
        room_id=chosen.room_id,
        clinician_id=chosen.clinician_id,
        series_id=series.pk,
        deviation_reason=form.cleaned_data.get("deviation_reason", ""),
    )


def _from_day(request: SignedInRequest, series: Series) -> date:
    span = SpanForm(request.GET)
    span.is_valid()
    today = protocol.today_at(series)
    asked = span.cleaned_data.get("day") or today
    return min(max(asked, today), today + timedelta(days=366))


@require_http_methods(["GET", "HEAD", "POST"])
@page(Role.FRONT_DESK, Role.CLINICIAN)
def close(request: SignedInRequest, series: uuid.UUID) -> HttpResponse:
    """End a series before its last visit; asks once and names what is lost."""
    found = _series(request.user, series)
    form = EndForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            closed = closing.close_series(by=request.user, series_id=found.pk, **form.cleaned_data)
        except BookingRefused as refused:
            form.add_error(None, refused.say)
        else:
            died = closed.closed_why == Patient.Closed.DIED.label
            words = "The whole record is closed. Nothing more is sent." if died else "Its visits are free again."
            messages.success(request, f"The series is closed. {words}")
            return redirect("desk-series", found.pk)
    viewed("close a series", by=request.user, subject=found, patient_id=found.patient_id)
    context = {"series": found, "patient": found.patient, "form": form, "loss": losses.of_series(found)}
    return render(request, "series/close.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@page(Role.CLINICIAN)
def review(request: SignedInRequest, series: uuid.UUID) -> HttpResponse:
    """How it goes, for clinicians; a prescriber releases the next stage or lets it go on after a pause."""
    found = _series(request.user, series)
    may = May.of(request.user, found)
    if not may.treats:
        raise Http404
    form = ReviewForm(request.POST or None, initial={"version": found.version})
    if request.method == "POST" and form.is_valid():
        act = services.review_pause if "pause" in request.POST else services.release_stage
        try:
            act(by=request.user, series_id=found.pk, **form.cleaned_data)
        except BookingRefused as refused:
            form.add_error(None, refused.say)
        else:
            messages.success(request, "Your review is signed. What it frees is booked.")
            return redirect("desk-series", found.pk)
    viewed("review a series", by=request.user, subject=found, patient_id=found.patient_id)
    return render(request, "series/review.html", {**_review_context(found), "may": may, "form": form})


def _review_context(series: Series) -> dict[str, Any]:
    done, opens = services.fulfilled(series), rules.review_opens_after(series.released_to + 1)
    to = min(series.released_to + series.stage_size, series.order.infusions)
    left = series.released_to < series.order.infusions
    return {
        "series": series,
        "patient": series.patient,
        "scores": queries.scores_of(series.patient_id),
        "releases": series.releases.select_related("by").order_by("-at"),
        "done": done,
        "opens_after": opens,
        "may_release": series.status == Series.Status.OPEN and left and done >= opens,
        "all_released": not left,
        "from_number": series.released_to + 1,
        "to_number": to,
        "pause": _pause(series),
        "little_gain": bool(outcomes.little_gain_since([series])) and done in outcomes.review_points(),
    }


def _pause(series: Series) -> str:
    """The pause that waits for a review, in words."""
    days = protocol.series_days(series).days
    for pause in rules.pauses(days, protocol.policy()):
        try:
            protocol.check_pause(series, days, {pause.days[1]})
        except errors.ReviewNeeded:
            return pause.say
    return ""
