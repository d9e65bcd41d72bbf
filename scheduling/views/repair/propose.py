"""The proposal: before and after for each patient, some left out, one visit at another time, saved whole."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render

from intake.models import Patient
from pacificmind.accounts.access import SignedInRequest
from pacificmind.accounts.models import PRESCRIBER
from pacificmind.audit.services import viewed
from pacificmind.clinic.models import ClinicSettings
from scheduling.domain.errors import BookingRefused
from scheduling.domain.slots import FreeStart
from scheduling.forms.repair import RepairForm
from scheduling.forms.series import start_key
from scheduling.queries.repair import Scope
from scheduling.services import repair, repair_adjust
from scheduling.services.repair_parts import Plan
from scheduling.services.repair_plan import propose
from scheduling.views.repair.lines import cards_of
from scheduling.views.repair.sealed import seal, unseal
from scheduling.views.series.starts import labelled

LOST = "This page was incomplete. Nothing was saved: here is a fresh proposal."
GONE = "This time is no longer offered. Choose another one."
SHOWN_DAYS = 14


@dataclass(frozen=True)
class Door:
    """How somebody came to a repair: its name in seals, the words on top, the way back, what it is about."""

    key: str
    title: str
    lead: str
    back_url: str
    back_label: str
    scope: Scope


def answer(request: SignedInRequest, door: Door) -> HttpResponse:
    """The page of a repair by any door; every button of it."""
    if request.method != "POST":
        return _page(request, door, propose(door.scope))
    form = RepairForm(request.POST)
    plan = unseal(request.POST.get("plan", ""), door.key)
    plan = replace(plan, absence=door.scope.absence) if plan else None
    if not form.is_valid() or plan is None:
        return _page(request, door, propose(door.scope), said=LOST)
    out = form.cleaned_data["out"]
    if "adjust" in request.POST:
        return _adjust(request, door, plan, request.POST["adjust"], out)
    if "take" in request.POST:
        return _take(request, door, plan, request.POST, out)
    if "keep" in request.POST:
        return _page(request, door, plan, out=out)
    if "without" in request.POST:
        out = [*out, *(one.patient_id for one in plan.patients if one.thin)]
        return _page(request, door, propose(door.scope, leave_out=out), out=out)
    ticked = form.cleaned_data["patient"]
    left = [*out, *(one.patient_id for one in plan.patients if one.patient_id not in ticked)]
    if "save" not in request.POST:
        back = form.cleaned_data["patient"] if "again" in request.POST else []
        out = [one for one in left if one not in back]
        return _page(request, door, propose(door.scope, leave_out=out), out=out)
    return _save(request, door, plan.only(ticked), form, left)


def _save(request: SignedInRequest, door: Door, plan: Plan, form: RepairForm, out: Sequence[uuid.UUID]) -> HttpResponse:
    reason = form.cleaned_data["deviation_reason"]
    if plan.deviates and PRESCRIBER in request.user.roles and not reason.strip():
        form.fields["deviation_reason"].required = True
        form.full_clean()
        return _page(request, door, plan, form=form, out=out)
    try:
        made = repair.save(
            by=request.user, plan=plan, deviation_reason=reason, request_id=form.cleaned_data["request_id"]
        )
    except BookingRefused as refused:
        return _page(request, door, propose(door.scope, leave_out=out), said=refused.say, out=out)
    told = sum(bool(one.changes) for one in plan.patients)
    minutes = ClinicSettings.current().repair_grace_minutes
    who = "1 patient" if told == 1 else f"{told} patients"
    words = f"Saved. {who} will be told in {minutes} minutes; until then it can be undone."
    messages.success(request, words if told else "Saved. Nobody is told, for no visit changed.")
    return redirect("desk-repair", made.pk)


def _page(
    request: SignedInRequest,
    door: Door,
    plan: Plan,
    *,
    form: RepairForm | None = None,
    said: str = "",
    out: Sequence[uuid.UUID] = (),
) -> HttpResponse:
    cards = cards_of(plan)
    may_deviate = PRESCRIBER in request.user.roles
    form = form or RepairForm(initial={})
    left_out = Patient.objects.filter(pk__in=list(out)).order_by("family_name", "given_name")
    with transaction.atomic():
        viewed("repair", by=request.user, patients=[card.patient.pk for card in cards] + [one.pk for one in left_out])
        context = {
            "door": door,
            "cards": cards,
            "plan": seal(plan, door.key),
            "form": form,
            "said": said,
            "left_out": left_out,
            "beyond": door.scope.beyond,
            "moved": sum(card.moved for card in cards),
            "stuck": sum(card.stuck for card in cards),
            "told": sum(bool(card.moved) for card in cards),
            "deviates": plan.deviates,
            "thin": sum(bool(card.thin) for card in cards),
            "needs_reason": plan.deviates and may_deviate,
            "may_save": not plan.is_empty and (not plan.deviates or may_deviate),
            "minutes": ClinicSettings.current().repair_grace_minutes,
        }
        return render(request, "repair/propose.html", context, status=200)


def _named(value: str) -> tuple[uuid.UUID, str]:
    """Whose visit and which, out of a button."""
    whose, _, key = value.partition("|")
    try:
        return uuid.UUID(whose), key
    except ValueError as error:
        raise Http404 from error


def _picked(request: SignedInRequest, plan: Plan, value: str) -> tuple[repair_adjust.Picked, str]:
    whose, key = _named(value)
    try:
        return repair_adjust.pick(request.user, plan, whose, key), key
    except PermissionDenied as error:
        raise Http404 from error


def _adjust(
    request: SignedInRequest, door: Door, plan: Plan, value: str, out: Sequence[uuid.UUID], *, said: str = ""
) -> HttpResponse:
    """Other lawful times for one visit of the proposal."""
    picked, _ = _picked(request, plan, value)
    starts = repair_adjust.options(plan, picked)
    days = labelled(starts, picked.site)
    patient = Patient.objects.get(pk=picked.patient.patient_id)
    with transaction.atomic():
        viewed("repair: another time", by=request.user, subject=patient, patient_id=patient.pk)
        context: dict[str, Any] = {
            "door": door,
            "patient": patient,
            "site": picked.site,
            "visit": picked.visit,
            "spot": picked.spot,
            "days": days[:SHOWN_DAYS],
            "more": max(len(days) - SHOWN_DAYS, 0),
            "value": value,
            "plan": seal(plan, door.key),
            "out": out,
            "form": RepairForm(initial={}),
            "said": said,
        }
        return render(request, "repair/adjust.html", context)


def _take(request: SignedInRequest, door: Door, plan: Plan, data: QueryDict, out: Sequence[uuid.UUID]) -> HttpResponse:
    """The chosen time taken into the proposal."""
    picked, key = _picked(request, plan, data.get("which", ""))
    found = _chosen(repair_adjust.options(plan, picked), data.get("take", ""))
    if found is None:
        return _adjust(request, door, plan, data.get("which", ""), out, said=GONE)
    return _page(request, door, repair_adjust.take(plan, picked, key, found), out=out)


def _chosen(starts: Sequence[FreeStart], text: str) -> FreeStart | None:
    return next((one for one in starts if start_key(one) == text), None)
