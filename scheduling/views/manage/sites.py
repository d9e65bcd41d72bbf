"""Sites and their rooms."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from pacificmind.accounts.access import SignedInRequest, page
from pacificmind.accounts.models import User
from pacificmind.clinic.models import Site
from pacificmind.clock import now
from pacificmind.ui.forms import RequestIdForm
from scheduling.domain.walltime import day_of
from scheduling.forms.manage import AddSiteForm, RoomForm, SiteForm
from scheduling.models import Appointment, Closure, OpeningHours, Room
from scheduling.services import rooms, supply
from scheduling.services import settings as services
from scheduling.views.manage.shared import asks_first, carried_out, look_first, repair_url, saved, values_of

FORM = ["GET", "HEAD", "POST"]


@require_http_methods(FORM)
@page("manager")
def new(request: SignedInRequest) -> HttpResponseBase:
    """Add a site; its hours and rooms come next."""
    form = AddSiteForm(request.POST if request.method == "POST" else None)

    def save(data: dict[str, Any]) -> None:
        values = values_of(data, services.SITE_FIELDS)
        services.add_site(by=request.user, slug=data["slug"], values=values, request_id=data["request_id"])

    if carried_out(form, save):
        messages.success(request, "The site is added. Set its opening hours and add its rooms next.")
        return redirect("manage-site", form.cleaned_data["slug"])
    return render(request, "manage/site_new.html", {"form": form})


@require_http_methods(FORM)
@page("manager")
def site(request: SignedInRequest, site: str) -> HttpResponseBase:
    """One site: where it is, when it is open, its rooms, its closures."""
    row = get_object_or_404(Site, pk=site)
    seen = services.seen_of(row, services.SITE_FIELDS)
    form = SiteForm(request.POST if request.method == "POST" else None, instance=row, initial={"seen": seen})

    def save(data: dict[str, Any]) -> None:
        values = values_of(data, services.SITE_FIELDS)
        services.save_site(
            by=request.user, site_id=site, seen=data["seen"], values=values, request_id=data["request_id"]
        )

    if carried_out(form, save):
        messages.success(request, "Saved.")
        return redirect("manage-site", site)
    row.refresh_from_db()
    context = {
        "form": form,
        "site": row,
        "today": day_of(now(), row.tz),
        "hours": OpeningHours.objects.filter(site=row),
        "rooms": Room.objects.filter(site=row),
        "closures": _closures(request.user, row),
        "plain": RequestIdForm(auto_id=False),
    }
    return render(request, "manage/site.html", context)


def _closures(user: User, site: Site) -> list[tuple[Closure, int, str]]:
    """Closures that are not over, with how many visits still lie in each, and where they are repaired."""
    found = Closure.objects.filter(site=site, ends_at__gt=now()).select_related("room").order_by("starts_at")
    counted = supply.still_hit(site, found)
    return [(one, many, repair_url(user, "desk-repair-closure", one.pk)) for one, many in counted]


@require_http_methods(FORM)
@page("manager")
def room(request: SignedInRequest, site: str, room: uuid.UUID | None = None) -> HttpResponseBase:
    """Add a room or change one. What takes visits their place is shown before it is saved."""
    place = get_object_or_404(Site, pk=site)
    row = get_object_or_404(Room, pk=room, site=place) if room else Room(site=place)
    seen = services.seen_of(row, rooms.ROOM_FIELDS) if room else ""
    form = RoomForm(request.POST if request.method == "POST" else None, instance=row, initial={"seen": seen})
    context = {"form": form, "site": place, "is_new": room is None, "title": "Change a room"}
    if "change" in request.POST:
        return render(request, "manage/room.html", context)
    if asks_first(request, form) and (hit := _would_hit(form, room)):
        return look_first(request, context, hit)
    left_out: list[Appointment] = []

    def save(data: dict[str, Any]) -> None:
        _, found = rooms.save_room(
            by=request.user,
            site_id=site,
            room_id=room,
            seen=data["seen"],
            values=values_of(data, rooms.ROOM_FIELDS),
            request_id=data["request_id"],
        )
        left_out.extend(found)

    if carried_out(form, save):
        saved(request, left_out)
        return redirect("manage-site", site)
    return render(request, "manage/room.html", context)


def _would_hit(form: RoomForm, room: uuid.UUID | None) -> list[Appointment]:
    if room is None or not rooms.TAKES_AWAY & set(form.changed_data):
        return []
    return rooms.visits_without_room(Room(pk=room, **values_of(form.cleaned_data, rooms.ROOM_FIELDS)))
