"""The clinic's own settings and its kinds of visit."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from pacificmind.accounts.access import SignedInRequest, page
from pacificmind.clinic.models import ClinicSettings, Site
from scheduling.forms.manage import ClinicForm, VisitTypeForm
from scheduling.models import Appointment, VisitType
from scheduling.services import rooms
from scheduling.services import settings as services
from scheduling.views.manage.shared import asks_first, carried_out, look_first, saved, values_of

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
def visit_type(request: SignedInRequest, kind: str) -> HttpResponseBase:
    """How long a kind of visit takes, who books it and when, and what it needs."""
    row = get_object_or_404(VisitType, pk=kind)
    seen = services.seen_of(row, rooms.TYPE_FIELDS)
    form = VisitTypeForm(request.POST if request.method == "POST" else None, instance=row, initial={"seen": seen})
    context = {"form": form, "title": "A kind of visit"}
    if "change" in request.POST:
        return render(request, "manage/visit_type.html", context)
    if asks_first(request, form) and "needs" in form.changed_data:
        hit = rooms.visits_without_needs(kind, form.cleaned_data["needs"])
        if hit:
            return look_first(request, context, hit)
    left_out: list[Appointment] = []

    def save(data: dict[str, Any]) -> None:
        values = values_of(data, rooms.TYPE_FIELDS)
        left_out.extend(
            rooms.save_visit_type(
                by=request.user, kind=kind, seen=data["seen"], values=values, request_id=data["request_id"]
            )
        )

    if carried_out(form, save):
        saved(request, left_out, "Saved. It holds for visits booked from now on.")
        return redirect("manage-settings")
    return render(request, "manage/visit_type.html", context)
