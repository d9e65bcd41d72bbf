"""Pages of the record."""

import uuid
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from pacificmind.accounts.access import SignedInRequest, page
from pacificmind.audit import queries
from pacificmind.audit.models import Action, Entry
from pacificmind.audit.services import record, viewed
from pacificmind.messaging.registry import names_of

_PER_PAGE = 50
_ZONE = "America/Los_Angeles"  # the record has no site; its times are shown in the clinics' zone, named on the page


class LogFilter(forms.Form):
    """What a manager looks for."""

    action = forms.ChoiceField(required=False, choices=[("", "Everything"), *Action.choices])
    actor = forms.CharField(required=False, max_length=80)
    patient = forms.UUIDField(required=False)
    since = forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}))


@require_safe
@page("patient")
def who_looked(request: SignedInRequest) -> HttpResponse:
    """Who of the clinic looked at or changed what is kept about the patient."""
    patient = getattr(request.user, "patient", None)
    if patient is None:
        return render(request, "audit/who_looked.html", {"lines": [], "zone": _ZONE})
    with_own = request.GET.get("own") == "1"
    rows = queries.about_patient(patient.pk, own_user_id=request.user.pk, with_own=with_own)
    shown = _page(request, rows)
    lines = queries.lines(shown, reader=request.user, own_record=True)
    viewed("who-looked", by=request.user, patient_id=patient.pk)
    context = {"page": shown, "lines": lines, "with_own": with_own, "zone": patient.site.zone}
    return render(request, "audit/who_looked.html", context)


@require_safe
@page("front_desk", "clinician", "prescriber", "manager")
def own_actions(request: SignedInRequest) -> HttpResponse:
    """What a member of staff did."""
    shown = _page(request, queries.actions_of(request.user))
    lines = queries.lines(shown, reader=request.user)
    viewed("audit-own", by=request.user)
    return render(request, "audit/own.html", {"page": shown, "lines": lines, "zone": _ZONE})


@require_safe
@page("manager")
def log(request: SignedInRequest) -> HttpResponse:
    """The whole record, filtered; looking at it is recorded with what was looked for."""
    form = LogFilter(request.GET)
    if not form.is_valid():
        raise Http404
    wanted: dict[str, Any] = form.cleaned_data
    since = datetime.combine(wanted["since"], time(), tzinfo=ZoneInfo(_ZONE)) if wanted["since"] else None
    rows = queries.log(action=wanted["action"], actor=wanted["actor"], patient_id=wanted["patient"], since=since)
    shown = _page(request, rows)
    lines = queries.lines(shown, reader=request.user)
    names = names_of("patient", [line.patient_id for line in lines if line.patient_id])
    asked = sorted(name for name, value in wanted.items() if value)
    patient_id: uuid.UUID | None = wanted["patient"]
    record(Action.VIEW, "audit-log", by=request.user, patient_id=patient_id, changes={"filters": asked})
    shown_lines = [(line, names.get(line.patient_id) if line.patient_id else "") for line in lines]
    context = {"page": shown, "lines": shown_lines, "filter": form, "actions": Action.choices, "zone": _ZONE}
    return render(request, "audit/log.html", context)


def _page(request: SignedInRequest, rows: QuerySet[Entry]) -> Page[Entry]:
    return Paginator(rows, _PER_PAGE).get_page(request.GET.get("page"))
