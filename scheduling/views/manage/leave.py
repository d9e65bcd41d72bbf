"""Times taken away: leave and breaks of a clinician, closures of a site or room, holidays.

What they hit is shown before they are saved.
"""

import uuid
from datetime import date
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from pacificmind.accounts.access import SignedInRequest, page
from pacificmind.accounts.models import Clinician
from pacificmind.clinic.models import Site
from pacificmind.clock import now
from pacificmind.ui.dates import span_words
from scheduling.domain.holidays import Holiday, federal_holidays
from scheduling.forms.away import ClosureForm, HolidaysForm, LeaveForm, SpanForm
from scheduling.models import Appointment, Closure, Leave, OpeningHours
from scheduling.services import shifts, supply
from scheduling.views.manage.shared import asks_first, carried_out, look_first, saved

FORM = ["GET", "HEAD", "POST"]
YEARS_AHEAD = 2


@require_http_methods(FORM)
@page("manager")
def leave(request: SignedInRequest, person: uuid.UUID) -> HttpResponseBase:
    """Enter a leave or a break."""
    who = get_object_or_404(Clinician.objects.select_related("user"), user_id=person)
    form = LeaveForm(request.POST if request.method == "POST" else None, site=shifts.home_site(who))
    context: dict[str, Any] = {"form": form, "person": who.user, "title": f"Time away of {who.user}"}
    if "change" in request.POST:
        return render(request, "manage/taken_away.html", context)
    if asks_first(request, form):
        return _preview(request, form, context, Q(clinician_id=who.pk))
    hit: list[Appointment] = []
    entered: list[uuid.UUID] = []

    def save(data: dict[str, Any]) -> None:
        row, found = supply.enter_leave(
            by=request.user,
            clinician_id=who.pk,
            **form.span(),
            reason=data["reason"],
            is_break=data["kind"] == "break",
            request_id=data["request_id"],
        )
        hit.extend(found)
        entered.append(row.pk)

    if carried_out(form, save):
        if hit:
            return _to_repair(request, "It is entered.", "desk-repair-leave", entered[0])
        saved(request, hit, "It is entered.")
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
    if asks_first(request, form):
        room = form.cleaned_data["room"]
        return _preview(request, form, context, Q(room=room) if room else Q(site=place))
    hit: list[Appointment] = []
    entered: list[uuid.UUID] = []

    def save(data: dict[str, Any]) -> None:
        row, found = supply.enter_closure(
            by=request.user,
            site_id=site,
            room_id=data["room"].pk if data["room"] else None,
            **form.span(),
            reason=data["reason"],
            request_id=data["request_id"],
        )
        hit.extend(found)
        entered.append(row.pk)

    if carried_out(form, save):
        if hit:
            return _to_repair(request, "The closure is entered.", "desk-repair-closure", entered[0])
        saved(request, hit, "The closure is entered.")
        return redirect("manage-site", site)
    return render(request, "manage/taken_away.html", context)


@require_http_methods(FORM)
@page("manager")
def holidays(request: SignedInRequest, site: str) -> HttpResponseBase:
    """Tick the holidays of a year on which a site is closed; those still to come are offered."""
    place = get_object_or_404(Site, pk=site)
    this_year = now().astimezone(place.tz).year
    year = _year(request, this_year)
    left, closed = _holidays(place, year)
    form = HolidaysForm(request.POST if request.method == "POST" else None, holidays=left)
    context = {
        "form": form,
        "site": place,
        "title": f"Holidays {year}",
        "year": year,
        "years": range(this_year, this_year + YEARS_AHEAD + 1),
        "closed": closed,
    }
    if "change" in request.POST:
        return render(request, "manage/holidays.html", context)
    if asks_first(request, form):
        days = [(one.on, one.name) for one in form.chosen()]
        return look_first(request, context, supply.hit_by_holidays(place, days))
    hit: list[Appointment] = []

    def save(data: dict[str, Any]) -> None:
        days = [(one.on, one.name) for one in form.chosen()]
        hit.extend(supply.enter_holidays(by=request.user, site_id=site, days=days, request_id=data["request_id"]))

    if carried_out(form, save):
        saved(request, hit, "The holidays are entered as closures.")
        return redirect("manage-site", site)
    return render(request, "manage/holidays.html", context)


def _year(request: SignedInRequest, this_year: int) -> int:
    try:
        asked = int(request.GET.get("year", this_year))
    except ValueError:
        return this_year
    return min(max(asked, this_year), this_year + YEARS_AHEAD)


def _holidays(site: Site, year: int) -> tuple[list[Holiday], list[Holiday]]:
    """The holidays to come on days of the week when the site opens: those open still, and those closed already."""
    today: date = now().astimezone(site.tz).date()
    open_on = set(OpeningHours.objects.filter(site=site).values_list("weekday", flat=True)) or set(range(7))
    to_come = [one for one in federal_holidays(year) if one.on >= today and one.on.weekday() in open_on]
    spans = [supply.whole_day(one.on, site) for one in to_come]
    closures = list(Closure.objects.filter(site=site, room=None, ends_at__gt=now()))
    is_closed = [any(c.starts_at <= start and end <= c.ends_at for c in closures) for start, end in spans]
    pairs = list(zip(to_come, is_closed, strict=True))
    return [one for one, closed in pairs if not closed], [one for one, closed in pairs if closed]


@require_POST
@page("manager")
def leave_end(request: SignedInRequest, person: uuid.UUID, leave: uuid.UUID) -> HttpResponseBase:
    """Take a leave back."""
    row = Leave.objects.filter(pk=leave, clinician__user_id=person).first()
    if row is not None:
        shifts.take_leave_back(by=request.user, leave_id=row.pk)
    messages.success(request, "The leave is taken back. Tasks of visits that have their place again are closed.")
    return redirect("manage-person", person)


@require_POST
@page("manager")
def closure_end(request: SignedInRequest, site: str, closure: uuid.UUID) -> HttpResponseBase:
    """Remove a closure."""
    row = Closure.objects.filter(pk=closure, site_id=site).first()
    if row is not None:
        shifts.open_again(by=request.user, closure_id=row.pk)
    messages.success(request, "The closure is removed. Tasks of visits that have their place again are closed.")
    return redirect("manage-site", site)


def _to_repair(request: SignedInRequest, words: str, name: str, which: uuid.UUID) -> HttpResponseBase:
    """On to the proposal of other times for what it hits: until that is saved, the front desk has a task for each."""
    said = "Here is a proposal for the visits that lie in it. You may leave it: the front desk has a task for each."
    messages.success(request, f"{words} {said}")
    return redirect(name, which)


def _preview(request: SignedInRequest, form: SpanForm, context: dict[str, Any], condition: Q) -> HttpResponseBase:
    span = form.span()
    words = span_words(span["starts_at"], span["ends_at"], form.zone, now())
    return look_first(request, {**context, "span": words}, supply.hit_by(condition, **span))
