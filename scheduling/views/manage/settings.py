"""The clinic's settings, its sites, rooms and kinds of visit."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from pacificmind.accounts.access import SignedInRequest, page
from pacificmind.clinic.models import ClinicSettings, Site
from pacificmind.clock import now
from pacificmind.ui.forms import RequestIdForm
from scheduling.forms.manage import ClinicForm, RoomForm, SiteForm, VisitTypeForm
from scheduling.models import Appointment, Closure, OpeningHours, Room, VisitType
from scheduling.services import settings as services
from scheduling.views.manage.shared import carried_out, saved, values_of

FORM = ["GET", "HEAD", "POST"]


@require_http_methods(FORM)
@page("manager")
def clinic(request: SignedInRequest) -> HttpResponseBase:
    """Name, telephone, hours, notice, and the numbers of the protocol that are the clinic's own."""
    row = ClinicSettings.current()
    seen = services.seen_of(row, services.CLINIC_FIELDS)
    form = ClinicForm(request.POST if request.method == "POST" else None, instance=row, initial={"seen": seen})

    def save(data: dict[str, Any]) -> None:
        values = values_of(data, services.CLINIC_FIELDS)
        services.save_clinic(by=request.user, seen=data["seen"], values=values, request_id=data["request_id"])

    if carried_out(form, save):
        messages.success(request, "Saved. It holds from now on.")
        return redirect("manage-settings")
    context = {"form": form, "sites": Site.objects.all(), "types": VisitType.objects.order_by("name")}
    return render(request, "manage/settings.html", context)


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
        "hours": OpeningHours.objects.filter(site=row),
        "rooms": Room.objects.filter(site=row),
        "closures": Closure.objects.filter(site=row, ends_at__gt=now()).select_related("room").order_by("starts_at"),
        "plain": RequestIdForm(auto_id=False),
    }
    return render(request, "manage/site.html", context)


@require_http_methods(FORM)
@page("manager")
def room(request: SignedInRequest, site: str, room: uuid.UUID | None = None) -> HttpResponseBase:
    """Add a room or change one. Taking it out of use shows first which visits that hits."""
    place = get_object_or_404(Site, pk=site)
    row = get_object_or_404(Room, pk=room, site=place) if room else Room(site=place)
    seen = services.seen_of(row, services.ROOM_FIELDS) if room else ""
    form = RoomForm(request.POST if request.method == "POST" else None, instance=row, initial={"seen": seen})
    hit = _would_hit(form, room)
    if hit and "confirm" not in request.POST:
        return _room_page(request, place, room, form, hit=hit)
    left_out: list[Appointment] = []

    def save(data: dict[str, Any]) -> None:
        _, found = services.save_room(
            by=request.user,
            site_id=site,
            room_id=room,
            seen=data["seen"],
            values=values_of(data, services.ROOM_FIELDS),
            request_id=data["request_id"],
        )
        left_out.extend(found)

    if carried_out(form, save):
        saved(request, left_out)
        return redirect("manage-site", site)
    return _room_page(request, place, room, form)


def _would_hit(form: RoomForm, room: uuid.UUID | None) -> list[Appointment]:
    if room is None or not form.is_bound or not form.is_valid():
        return []
    if not {"in_use", "for_infusions"} & set(form.changed_data):
        return []
    return services.visits_without_room(Room(pk=room, **values_of(form.cleaned_data, services.ROOM_FIELDS)))


def _room_page(
    request: SignedInRequest,
    place: Site,
    room: uuid.UUID | None,
    form: RoomForm,
    *,
    hit: list[Appointment] | None = None,
) -> HttpResponseBase:
    context = {"form": form, "site": place, "is_new": room is None, "hit": hit or []}
    return render(request, "manage/room.html", context)


@require_http_methods(FORM)
@page("manager")
def visit_type(request: SignedInRequest, kind: str) -> HttpResponseBase:
    """How long a kind of visit takes, and whether patients book it."""
    row = get_object_or_404(VisitType, pk=kind)
    seen = services.seen_of(row, services.TYPE_FIELDS)
    form = VisitTypeForm(request.POST if request.method == "POST" else None, instance=row, initial={"seen": seen})

    def save(data: dict[str, Any]) -> None:
        values = values_of(data, services.TYPE_FIELDS)
        services.save_visit_type(
            by=request.user, kind=kind, seen=data["seen"], values=values, request_id=data["request_id"]
        )

    if carried_out(form, save):
        messages.success(request, "Saved. Visits booked from now on take this long.")
        return redirect("manage-settings")
    return render(request, "manage/visit_type.html", {"form": form})
