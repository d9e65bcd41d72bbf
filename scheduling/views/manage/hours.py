"""Weeks of hours: a site's opening hours, a clinician's shifts; and days of their own."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from pacificmind.accounts.access import SignedInRequest, page
from pacificmind.accounts.models import Clinician
from pacificmind.clinic.models import Site
from scheduling.forms.manage import OwnDayForm
from scheduling.forms.week import WeekForm
from scheduling.models import Appointment, ShiftException
from scheduling.services import settings, shifts
from scheduling.views.manage.shared import carried_out, saved

FORM = ["GET", "HEAD", "POST"]


@require_http_methods(FORM)
@page("manager")
def opening_hours(request: SignedInRequest, site: str) -> HttpResponseBase:
    """When a site is open, every week."""
    place = get_object_or_404(Site, pk=site)
    ranges = settings.opening_hours(site)
    data = request.POST if request.method == "POST" else None
    form = WeekForm(data, ranges=ranges, seen=settings.seen_hours(ranges))
    left_out: list[Appointment] = []

    def save(data: dict[str, Any]) -> None:
        left_out.extend(
            settings.set_opening_hours(
                by=request.user, site_id=site, seen=data["seen"], ranges=form.ranges, request_id=data["request_id"]
            )
        )

    if carried_out(form, save):
        saved(request, left_out)
        return redirect("manage-site", site)
    return render(request, "manage/hours.html", {"form": form, "site": place})


@require_http_methods(FORM)
@page("manager")
def weekly_shifts(request: SignedInRequest, person: uuid.UUID) -> HttpResponseBase:
    """When a clinician works, every week."""
    who = get_object_or_404(Clinician.objects.select_related("user"), user_id=person)
    ranges = shifts.weekly_shifts(who.pk)
    sites = [(site.pk, site.name) for site in Site.objects.all()]
    data = request.POST if request.method == "POST" else None
    form = WeekForm(data, ranges=ranges, seen=settings.seen_hours(ranges), sites=sites)
    left_out: list[Appointment] = []

    def save(data: dict[str, Any]) -> None:
        left_out.extend(
            shifts.set_weekly_shifts(
                by=request.user,
                clinician_id=who.pk,
                seen=data["seen"],
                ranges=form.ranges,
                request_id=data["request_id"],
            )
        )

    if carried_out(form, save):
        saved(request, left_out)
        return redirect("manage-person", person)
    return render(request, "manage/hours.html", {"form": form, "person": who.user})


@require_http_methods(FORM)
@page("manager")
def own_day(request: SignedInRequest, person: uuid.UUID) -> HttpResponseBase:
    """Another shift on one date. Visits that no longer fit are shown before it is saved."""
    who = get_object_or_404(Clinician.objects.select_related("user"), user_id=person)
    form = OwnDayForm(request.POST if request.method == "POST" else None)
    context: dict[str, Any] = {"form": form, "person": who.user, "title": f"Another shift of {who.user}"}
    left_out: list[Appointment] = []
    if "change" in request.POST:
        return render(request, "manage/taken_away.html", context)
    if form.is_bound and form.is_valid() and "confirm" not in request.POST:
        hit = shifts.visits_left_out(_day(who, form.cleaned_data))
        if hit:
            return render(request, "manage/taken_away.html", {**context, "preview": True, "hit": hit})

    def save(data: dict[str, Any]) -> None:
        left_out.extend(shifts.enter_own_day(by=request.user, day=_day(who, data), request_id=data["request_id"]))

    if carried_out(form, save):
        saved(request, left_out)
        return redirect("manage-person", person)
    return render(request, "manage/taken_away.html", context)


def _day(who: Clinician, data: dict[str, Any]) -> shifts.OwnDay:
    return shifts.OwnDay(
        clinician_id=who.pk, site_id=data["site"].pk, on=data["on"], starts=data["starts"], ends=data["ends"]
    )


@require_POST
@page("manager")
def own_day_end(request: SignedInRequest, person: uuid.UUID, own_day: int) -> HttpResponseBase:
    """Take it back: the date follows the week again."""
    row = ShiftException.objects.filter(pk=own_day, clinician__user_id=person).first()
    if row is not None:
        shifts.remove_own_day(by=request.user, own_day_id=row.pk)
    messages.success(request, "Removed. This date follows the week again.")
    return redirect("manage-person", person)
