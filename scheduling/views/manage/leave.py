"""Times taken away: leave of a clinician, closure of a site or room. What they hit is shown before they are saved.

Visits are told by time, kind and place: the manager needs no patient's name to decide.
"""

import uuid
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from pacificmind.accounts.access import SignedInRequest, page
from pacificmind.accounts.models import Clinician
from pacificmind.clinic.models import Site
from scheduling.forms.manage import ClosureForm, LeaveForm, SpanForm
from scheduling.models import Appointment, Closure, Leave, WeeklyShift
from scheduling.services import shifts, supply
from scheduling.views.manage.shared import carried_out, saved

FORM = ["GET", "HEAD", "POST"]


@require_http_methods(FORM)
@page("manager")
def leave(request: SignedInRequest, person: uuid.UUID) -> HttpResponseBase:
    """Enter a leave."""
    who = get_object_or_404(Clinician.objects.select_related("user"), user_id=person)
    form = LeaveForm(request.POST if request.method == "POST" else None, zone=_zone_of(who).tz)
    context: dict[str, Any] = {"form": form, "person": who.user, "title": f"Leave of {who.user}"}
    if "change" in request.POST:
        return render(request, "manage/taken_away.html", context)
    if _asks_first(request, form):
        return _preview(request, form, context, Q(clinician_id=who.pk))
    hit: list[Appointment] = []

    def save(data: dict[str, Any]) -> None:
        assert form.starts_at is not None
        assert form.ends_at is not None
        _, found = supply.enter_leave(
            by=request.user,
            clinician_id=who.pk,
            starts_at=form.starts_at,
            ends_at=form.ends_at,
            reason=data["reason"],
            request_id=data["request_id"],
        )
        hit.extend(found)

    if carried_out(form, save):
        saved(request, hit, "The leave is entered.")
        return redirect("manage-person", person)
    return render(request, "manage/taken_away.html", context)


@require_http_methods(FORM)
@page("manager")
def closure(request: SignedInRequest, site: str) -> HttpResponseBase:
    """Close a site, or one of its rooms, for a time."""
    place = get_object_or_404(Site, pk=site)
    form = ClosureForm(request.POST if request.method == "POST" else None, site=place)
    context: dict[str, Any] = {"form": form, "site": place, "title": f"Close {place.name} for a time"}
    if "change" in request.POST:
        return render(request, "manage/taken_away.html", context)
    if _asks_first(request, form):
        room = form.cleaned_data["room"]
        return _preview(request, form, context, Q(room=room) if room else Q(site=place))
    hit: list[Appointment] = []

    def save(data: dict[str, Any]) -> None:
        assert form.starts_at is not None
        assert form.ends_at is not None
        _, found = supply.enter_closure(
            by=request.user,
            site_id=site,
            room_id=data["room"].pk if data["room"] else None,
            starts_at=form.starts_at,
            ends_at=form.ends_at,
            reason=data["reason"],
            request_id=data["request_id"],
        )
        hit.extend(found)

    if carried_out(form, save):
        saved(request, hit, "The closure is entered.")
        return redirect("manage-site", site)
    return render(request, "manage/taken_away.html", context)


@require_POST
@page("manager")
def leave_end(request: SignedInRequest, person: uuid.UUID, leave: uuid.UUID) -> HttpResponseBase:
    """Take a leave back."""
    row = Leave.objects.filter(pk=leave, clinician__user_id=person).first()
    if row is not None:
        shifts.take_leave_back(by=request.user, leave_id=row.pk)
    messages.success(request, "The leave is taken back. Tasks to move visits stay until the front desk closes them.")
    return redirect("manage-person", person)


@require_POST
@page("manager")
def closure_end(request: SignedInRequest, site: str, closure: uuid.UUID) -> HttpResponseBase:
    """Remove a closure."""
    row = Closure.objects.filter(pk=closure, site_id=site).first()
    if row is not None:
        shifts.open_again(by=request.user, closure_id=row.pk)
    messages.success(request, "The closure is removed. Tasks to move visits stay until the front desk closes them.")
    return redirect("manage-site", site)


def _asks_first(request: SignedInRequest, form: SpanForm) -> bool:
    return form.is_bound and form.is_valid() and "confirm" not in request.POST


def _preview(request: SignedInRequest, form: SpanForm, context: dict[str, Any], condition: Q) -> HttpResponseBase:
    assert form.starts_at is not None
    assert form.ends_at is not None
    hit = supply.hit_by(condition, starts_at=form.starts_at, ends_at=form.ends_at)
    span = {"starts_at": form.starts_at, "ends_at": form.ends_at, "zone": form.zone}
    return render(request, "manage/taken_away.html", {**context, **span, "preview": True, "hit": hit})


def _zone_of(who: Clinician) -> Site:
    """The site whose clock a clinician's leave is written in: where they work most days of the week."""
    shift = WeeklyShift.objects.filter(clinician=who).select_related("site").first()
    site = shift.site if shift else Site.objects.first()
    return site or Site()
