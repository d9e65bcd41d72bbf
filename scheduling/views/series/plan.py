"""Lay a series out: wishes, the plan proposed, its alternatives, one button that books all of it."""

import uuid
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from intake.models import SeriesOrder
from pacificmind.accounts.access import SignedInRequest, page
from pacificmind.accounts.models import PRESCRIBER, Role, User
from pacificmind.audit.services import viewed
from pacificmind.clinic.models import ClinicSettings, Site
from scheduling.domain.errors import BookingRefused
from scheduling.domain.walltime import day_of
from scheduling.forms.series import LayOutForm, WishesForm
from scheduling.models import Kind, Series
from scheduling.queries.calendar import clinicians_for
from scheduling.queries.series import orders_seen_by
from scheduling.services import plan_help, plan_words
from scheduling.services import series as services
from scheduling.services.planning import HORIZON_WEEKS, Proposal, Proposed, Wishes, propose
from scheduling.views.series.sealed import seal, unseal
from scheduling.views.series.weeks import Cell, weeks_of

LOST = "This page was incomplete. Nothing was booked: here is a fresh plan."


@dataclass(frozen=True)
class Asked:
    """What the address asks for: the site, the wishes, which of the plans is shown."""

    form: WishesForm
    site: Site
    choice: int


@require_http_methods(["GET", "HEAD", "POST"])
@page(Role.FRONT_DESK, Role.CLINICIAN)
def plan(request: SignedInRequest, order: uuid.UUID) -> HttpResponse:
    """The proposal for an order; POST books the plan that is shown."""
    found = get_object_or_404(orders_seen_by(request.user), pk=order)
    if request.method == "POST":
        return _book(request, found)
    if laid_out := Series.objects.filter(order=found).first():
        return redirect("desk-series", laid_out.pk)
    return _page(request, found)


def _book(request: SignedInRequest, order: SeriesOrder) -> HttpResponse:
    may_deviate = PRESCRIBER in request.user.roles
    form = LayOutForm(request.POST, needs_reason=may_deviate and "deviation_reason" in request.POST)
    sealed = unseal(request.POST.get("plan", ""), order.pk)
    if sealed is None:
        form.is_valid()
        return _page(request, order, form=form, said=LOST)
    if not form.is_valid():
        return _page(request, order, form=form)
    site_id, slots = sealed
    try:
        series = services.lay_out(
            by=request.user,
            order_id=order.pk,
            site_id=site_id,
            slots=slots,
            deviation_reason=form.cleaned_data.get("deviation_reason", ""),
            request_id=form.cleaned_data["request_id"],
        )
    except BookingRefused as refused:
        if laid_out := Series.objects.filter(order=order).first():
            messages.info(request, "Somebody else has laid this series out already. Here it is.")
            return redirect("desk-series", laid_out.pk)
        return _page(request, order, said=f"{refused.say} Nothing was booked. Here is a fresh plan.")
    messages.success(request, f"{len(slots)} visits are laid out. The patient gets one message about all of them.")
    return redirect("desk-series", series.pk)


def _page(
    request: SignedInRequest, order: SeriesOrder, *, form: LayOutForm | None = None, said: str = ""
) -> HttpResponse:
    asked = _asked(request.user, order, request.GET)
    proposal = propose(order, site=asked.site, wishes=asked.form.wishes())
    patient = order.clearance.patient
    viewed("lay out a series", by=request.user, patient_id=patient.pk)
    context = {
        "order": order,
        "patient": patient,
        "site": asked.site,
        "wishes": asked.form,
        "proposal": proposal,
        "said": said,
        **_chosen(request, order, asked, proposal, form),
        **_help(request.user, order, asked, proposal),
    }
    return render(request, "series/plan.html", context)


def _help(user: User, order: SeriesOrder, asked: Asked, proposal: Proposal) -> dict[str, Any]:
    """What would help, as links: where there is no plan, or none without a week that only a prescriber may thin."""
    if proposal.rule == "P6" or (proposal.possible and not proposal.choices[0].deviates):
        return {}
    sites = list(Site.objects.filter(pk__in=user.sites()))
    found = plan_help.ways(order, site=asked.site, sites=sites, wishes=asked.form.wishes())
    return {
        "why": plan_words.why_only(proposal.say),
        "ways": [{"url": f"?{asked_for(way.site, way.wishes)}", "words": way.words} for way in found],
    }


def asked_for(site: Site, wishes: Wishes) -> str:
    """The address that asks for these wishes."""
    data = QueryDict(mutable=True)
    _fill_in(data, wishes)
    data["site"], data["weeks"] = site.pk, str(wishes.horizon_weeks)
    data["earliest_on"] = wishes.earliest_on.isoformat() if wishes.earliest_on else ""
    return data.urlencode()


def _asked(user: User, order: SeriesOrder, query: QueryDict) -> Asked:
    sites = list(Site.objects.filter(pk__in=user.sites()))
    home = order.clearance.patient.site_id
    wanted = next((key for key in (query.get("site"), home) if key in [site.pk for site in sites]), sites[0].pk)
    site = next(site for site in sites if site.pk == wanted)
    data = query.copy()  # what is not said is shown as it is taken
    data["site"] = site.pk
    data.setdefault("weeks", str(HORIZON_WEEKS))
    if not set(query) - {"choice"}:
        _fill_in(data, Wishes.kept_for(order.clearance.patient_id))
    form = WishesForm(data, sites=sites, clinicians=clinicians_for(site, Kind.INFUSION))
    form.is_valid()
    choice = query.get("choice", "")
    return Asked(form, site, int(choice) if choice.isascii() and choice.isdigit() and len(choice) == 1 else 0)


def _fill_in(data: QueryDict, kept: Wishes) -> None:
    """When the patient can come, as it is kept: what the form begins with."""
    data.setlist("weekdays", [str(day) for day in sorted(kept.weekdays)])
    data["from_time"] = f"{kept.from_time:%H:%M}" if kept.from_time else ""
    data["until_time"] = f"{kept.until_time:%H:%M}" if kept.until_time else ""
    data["blackout_on"] = " ".join(f"{day:%m/%d/%Y}" for day in sorted(kept.blackout_on))
    data["clinician"] = str(kept.prefer_clinician or "")


def _chosen(
    request: SignedInRequest, order: SeriesOrder, asked: Asked, proposal: Proposal, form: LayOutForm | None
) -> dict[str, Any]:
    """The plan that is shown, as a calendar and a list, with the form that books it and the links to the others."""
    if not proposal.possible:
        return {}
    index = min(asked.choice, len(proposal.choices) - 1)
    chosen = proposal.choices[index]
    stage = min(ClinicSettings.current().stage_size, order.infusions)
    cells = _cells(chosen, asked.site, stage)
    prescribes = PRESCRIBER in request.user.roles and asked.site.pk in request.user.sites(Role.CLINICIAN)
    sealed, asks = seal(order.pk, asked.site.pk, chosen.slots), prescribes and chosen.deviates
    return {
        "index": index,
        "chosen": chosen,
        "weeks": weeks_of(cells),
        "rows": _rows(chosen, proposal, stage),
        "stage": stage,
        "held_from": stage + 1,
        "held_words": _held_words(stage, len(chosen.slots)),
        "options": _options(request.GET, proposal, index),
        "may_book": prescribes or not chosen.deviates,
        "form": _again(form, sealed, asks) if form else LayOutForm(initial={"plan": sealed}, needs_reason=asks),
    }


def _again(form: LayOutForm, sealed: str, asks: bool) -> LayOutForm:
    """The refused form with the plan that is now shown: what is seen is what will be booked."""
    names = ("request_id", "deviation_reason")
    again = LayOutForm({**{name: form.data.get(name, "") for name in names}, "plan": sealed}, needs_reason=asks)
    again.is_valid()
    return again


def _cells(chosen: Proposed, site: Site, stage: int) -> list[Cell]:
    return [
        Cell(day_of(slot.starts_at, site.tz), number, slot.starts_at, held=number > stage)
        for number, slot in enumerate(chosen.slots, start=1)
    ]


def _rows(chosen: Proposed, proposal: Proposal, stage: int) -> list[dict[str, Any]]:
    return [
        {
            "number": number,
            "starts_at": slot.starts_at,
            "room": proposal.names.get(str(slot.room_id), ""),
            "clinician": proposal.names.get(str(slot.clinician_id), ""),
            "status": "held" if number > stage else "booked",
        }
        for number, slot in enumerate(chosen.slots, start=1)
    ]


def _held_words(stage: int, visits: int) -> str:
    """Such as "Visits 4 to 6 are planned and wait for your clinician's review."."""
    if visits <= stage:
        return ""
    which = f"Visit {visits} is" if visits == stage + 1 else f"Visits {stage + 1} to {visits} are"
    return f"{which} planned and {'waits' if visits == stage + 1 else 'wait'} for the clinician's review."


def _options(query: QueryDict, proposal: Proposal, index: int) -> list[dict[str, Any]]:
    found = []
    for number, one in enumerate(proposal.choices):
        changed = query.copy()
        changed["choice"] = str(number)
        words = "The best plan" if number == 0 else one.words[0]
        found.append({"url": f"?{changed.urlencode()}", "words": words, "current": number == index})
    return found
