"""Lay out several: whom, what is proposed for all of them together, one button that saves all of it or nothing."""

import uuid
from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from intake.models import SeriesOrder
from pacificmind.accounts.access import SignedInRequest, page
from pacificmind.accounts.models import Role
from pacificmind.audit.services import viewed
from pacificmind.clinic.models import ClinicSettings, Site
from pacificmind.ui.parts import Tab
from scheduling.domain.errors import BookingRefused
from scheduling.forms.series_many import OrdersForm, SaveManyForm, ids_of
from scheduling.queries.series_many import MOST, orders_of
from scheduling.services.plan_words import count
from scheduling.services.series_many import Proposal, Proposed, propose
from scheduling.services.series_many_save import OneRefused, lay_out_many
from scheduling.views.series.sealed_many import seal, unseal

LOST = "This page was incomplete. Nothing was booked: here is a fresh proposal."


@require_http_methods(["GET", "HEAD", "POST"])
@page(Role.FRONT_DESK, Role.CLINICIAN)
def many(request: SignedInRequest) -> HttpResponse:
    """Whom to lay out; POST proposes for those ticked, and with `step=save` saves what was proposed."""
    site = _site(request)
    if request.method != "POST":
        return _choose(request, site, None)
    if request.POST.get("step") == "save":
        return _save(request, site)
    form = OrdersForm(request.POST)
    if not form.is_valid():
        return _choose(request, site, form)
    return _propose(request, site, [*form.cleaned_data["orders"], *form.cleaned_data["waiting"]])


def _site(request: SignedInRequest) -> Site:
    """The site asked for, where the user works there; else the first of theirs."""
    sites = list(Site.objects.filter(pk__in=request.user.sites()).order_by("name"))
    asked = request.POST.get("site") or request.GET.get("site")
    return next((site for site in sites if site.pk == asked), sites[0])


def _choose(request: SignedInRequest, site: Site, form: OrdersForm | None) -> HttpResponse:
    waiting = orders_of(request.user, site)
    orders = list(waiting[:MOST])
    sites = Site.objects.filter(pk__in=request.user.sites()).order_by("name")
    with transaction.atomic():
        viewed("orders to lay out together", by=request.user, patients=[one.clearance.patient_id for one in orders])
    context = {
        "site": site,
        "tabs": [Tab(one.name, f"?site={one.pk}", current=one == site) for one in sites] if len(sites) > 1 else [],
        "orders": orders,
        "more": waiting.count() - len(orders) if len(orders) == MOST else 0,
        "form": form or OrdersForm(),
    }
    return render(request, "series/many.html", context)


def _propose(
    request: SignedInRequest,
    site: Site,
    wanted: Iterable[uuid.UUID],
    *,
    said: str = "",
    form: SaveManyForm | None = None,
) -> HttpResponse:
    orders = list(orders_of(request.user, site).filter(pk__in=set(wanted))[:MOST])
    found = propose(orders, site=site)
    with transaction.atomic():
        viewed("lay out several series", by=request.user, patients=[one.clearance.patient_id for one in orders])
    stage = ClinicSettings.current().stage_size
    context = {
        "site": site,
        "rows": [_row(one, found, stage) for one in found.placed],
        "left": [one for one in found.series if not one.spots],
        "visits": sum(len(one.spots) for one in found.placed),
        "said": said,
        "refused": form,
        "form": SaveManyForm(initial={"plan": seal(request.user.pk, site.pk, found.placed)}),
    }
    return render(request, "series/many_proposal.html", context)


def _row(one: Proposed, found: Proposal, stage: int) -> dict[str, Any]:
    visits = [
        {
            "number": number,
            "starts_at": spot.starts_at,
            "room": found.names.get(str(spot.room_id), ""),
            "clinician": found.names.get(str(spot.clinician_id), ""),
            "status": "held" if number > stage else "booked",
        }
        for number, spot in enumerate(one.spots, start=1)
    ]
    return {"order": one.order, "visits": visits, "first": visits[0], "last": visits[-1]}


def _save(request: SignedInRequest, site: Site) -> HttpResponse:
    form, sealed = SaveManyForm(request.POST), unseal(request.POST.get("plan", ""), request.user.pk)
    ticked = ids_of(request.POST.getlist("orders"))
    if sealed is None:
        return _propose(request, site, ticked, said=LOST)
    site_id, plans = sealed
    if site_id != site.pk or not form.is_valid():
        return _propose(request, site, [plan.order_id for plan in plans], form=form)
    chosen = [plan for plan in plans if plan.order_id in ticked]
    try:
        lay_out_many(by=request.user, site_id=site_id, plans=chosen, request_id=form.cleaned_data["request_id"])
    except BookingRefused as refused:
        said = f"{_whose(refused)}{refused.say} Nothing was booked. Here is a fresh proposal."
        return _propose(request, site, [plan.order_id for plan in plans], said=said)
    visits = count(sum(len(plan.spots) for plan in chosen), "visit")
    messages.success(request, f"Laid out for {count(len(chosen), 'patient')}: {visits} in all. Each gets one message.")
    return redirect("desk-series-list")


def _whose(refused: BookingRefused) -> str:
    """Such as "Ana Reyes: ", where it is about one of them."""
    if not isinstance(refused, OneRefused):
        return ""
    order = SeriesOrder.objects.select_related("clearance__patient").filter(pk=refused.order_id).first()
    return f"{order.clearance.patient.full_name}: " if order else ""
