"""Weeks of hours: a site's opening hours, a clinician's shifts; and days of their own. Effects are shown first."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from pacificmind.accounts.access import SignedInRequest, page
from pacificmind.accounts.models import Clinician
from pacificmind.clinic.models import Site
from pacificmind.ui.forms import RequestIdForm
from scheduling.forms.away import OwnDayForm
from scheduling.forms.week import WeekForm
from scheduling.models import Appointment, ShiftException
from scheduling.services import settings, shifts
from scheduling.views.manage.shared import asks_first, carried_out, look_first, saved

FORM = ["GET", "HEAD", "POST"]


@require_http_methods(FORM)
@page("manager")
def opening_hours(request: SignedInRequest, site: str) -> HttpResponseBase:
    """When a site is open, every week."""
    place = get_object_or_404(Site, pk=site)
    ranges = settings.opening_hours(site)
    form = WeekForm(request.POST if request.method == "POST" else None, ranges=ranges, seen=settings.seen_hours(ranges))
    context: dict[str, Any] = {"form": form, "site": place, "title": "Opening hours"}
    if asks_first(request, form) and "change" not in request.POST:
        hit = settings.left_out_by_hours(site, form.ranges)
        if hit:
            return look_first(request, context, hit)
    left_out: list[Appointment] = []

    def save(data: dict[str, Any]) -> None:
        left_out.extend(
            settings.set_opening_hours(
                by=request.user, site_id=site, seen=data["seen"], ranges=form.ranges, request_id=data["request_id"]
            )
        )

    if "change" not in request.POST and carried_out(form, save):
        saved(request, left_out)
        return redirect("manage-site", site)
    return render(request, "manage/hours.html", context)


@require_http_methods(FORM)
@page("manager")
def weekly_shifts(request: SignedInRequest, person: uuid.UUID) -> HttpResponseBase:
    """When a clinician works, every week; at sites where they are a clinician, or work already."""
    who = get_object_or_404(Clinician.objects.select_related("user"), user_id=person)
    ranges = shifts.weekly_shifts(who.pk)
    known = shifts.sites_of(who) | {one.site_id for one in ranges}
    sites = [(site.pk, site.name) for site in Site.objects.filter(pk__in=known)]
    data = request.POST if request.method == "POST" else None
    form = WeekForm(data, ranges=ranges, seen=settings.seen_hours(ranges), sites=sites)
    context: dict[str, Any] = {"form": form, "person": who.user, "title": "Weekly shifts", "sites": sites}
    if asks_first(request, form) and "change" not in request.POST:
        hit = shifts.left_out_by_shifts(who.pk, form.ranges)
        if hit:
            return look_first(request, context, hit)
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

    if "change" not in request.POST and carried_out(form, save):
        saved(request, left_out)
        return redirect("manage-person", person)
    return render(request, "manage/hours.html", context)


@require_http_methods(FORM)
@page("manager")
def own_day(request: SignedInRequest, person: uuid.UUID) -> HttpResponseBase:
    """Another shift on one date. Visits that no longer fit are shown before it is saved."""
    who = get_object_or_404(Clinician.objects.select_related("user"), user_id=person)
    form = OwnDayForm(request.POST if request.method == "POST" else None, initial={"site": shifts.home_site(who)})
    context: dict[str, Any] = {"form": form, "person": who.user, "title": f"Another shift of {who.user}"}
    left_out: list[Appointment] = []
    if "change" in request.POST:
        return render(request, "manage/taken_away.html", context)
    if asks_first(request, form):
        hit = shifts.visits_left_out(_day(who, form.cleaned_data))
        if hit:
            return look_first(request, context, hit)

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
    """Take it back: the date follows the week again. Visits that only this shift holds are shown first."""
    row = ShiftException.objects.filter(pk=own_day, clinician__user_id=person).select_related("clinician__user").first()
    if row is None:
        messages.success(request, "This date follows the week.")
        return redirect("manage-person", person)
    if "confirm" not in request.POST and (hit := shifts.left_out_without(row)):
        title = f"Remove the shift of {row.on:%B} {row.on.day}"
        context = {"form": RequestIdForm(), "person": row.clinician.user, "title": title, "no_change": True}
        return look_first(request, context, hit)
    saved(
        request,
        shifts.remove_own_day(by=request.user, own_day_id=row.pk),
        "Removed. This date follows the week again.",
    )
    return redirect("manage-person", person)
