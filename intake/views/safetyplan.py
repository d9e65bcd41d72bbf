"""A patient's plan for hard hours: their own page, and the clinician's page of the same plan."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from intake.domain.plan import PARTS
from intake.forms.safetyplan import PlanForm
from intake.models import Patient, SafetyAlert, SafetyPlan
from intake.queries.safety import must_see
from intake.services.safetyplan import PlanChanged, newest_plan, save_plan
from intake.views.intake import for_patient
from intake.views.typed import told_clinicians
from pacificmind.accounts.access import SignedInRequest, page
from pacificmind.accounts.models import Role
from pacificmind.audit.services import viewed
from pacificmind.idempotency.services import RequestReused


def _rows(plan: SafetyPlan | None) -> list[tuple[str, str]]:
    return [(part.title, getattr(plan, part.name)) for part in PARTS] if plan else []


@require_safe
@for_patient
def own(request: SignedInRequest, patient: Patient) -> HttpResponseBase:
    """The patient's plan, to read and to print."""
    plan = newest_plan(patient.pk)
    viewed("safety-plan", by=request.user, subject=plan, patient_id=patient.pk)
    return render(request, "safety/own_plan.html", {"plan": plan, "rows": _rows(plan), "site": patient.site})


@require_http_methods(["GET", "HEAD", "POST"])
@for_patient
def edit_own(request: SignedInRequest, patient: Patient) -> HttpResponseBase:
    """The patient writes or changes it."""
    context = {"back_url": reverse("safety-plan"), "back_label": "My safety plan", "clinician": False}
    answer = _edit(request, patient, context, as_clinician=False)
    return answer if answer is not None else redirect("intake-crisis" if must_see(patient) else "safety-plan")


@require_http_methods(["GET", "HEAD", "POST"])
@page(Role.CLINICIAN)
def edit_for(request: SignedInRequest, patient_id: uuid.UUID) -> HttpResponseBase:
    """A clinician writes it with the patient: those of the site, and whoever holds an open alert of theirs."""
    patients = Patient.objects.select_related("site")
    held = SafetyAlert.objects.open().filter(owner=request.user).values("patient_id")
    allowed = patients.filter(site__in=request.user.sites(Role.CLINICIAN)) | patients.filter(pk__in=held)
    patient = get_object_or_404(allowed, pk=patient_id)
    back = reverse("patient-record", args=[patient.pk])
    context = {"back_url": back, "back_label": "Record", "clinician": True, "patient": patient}
    answer = _edit(request, patient, context, as_clinician=True)
    return answer if answer is not None else redirect("patient-safety-plan", patient.pk)


def _edit(
    request: SignedInRequest, patient: Patient, context: dict[str, Any], *, as_clinician: bool
) -> HttpResponse | None:
    """The page with the form; None once it is saved."""
    plan = newest_plan(patient.pk)
    form = PlanForm(request.POST if request.method == "POST" else None, plan=plan)
    if form.is_bound and form.is_valid():
        try:
            save_plan(
                by=request.user,
                patient=patient,
                parts=form.parts(),
                seen=form.version_seen,
                as_clinician=as_clinician,
                request_id=form.cleaned_data["request_id"],
            )
        except PlanChanged as changed:
            form.add_error(None, str(changed))
            form.seen_now(changed.newest)
            plan = changed.newest
            context["other"] = _rows(plan)
        except RequestReused as problem:
            form.add_error(None, problem.say)
        else:
            messages.success(request, "The plan is saved.")
            return None
    if form.errors and not as_clinician:
        known = [words for _, words in _rows(plan)]
        new = [text for part in PARTS if (text := request.POST.get(part.name, "")) not in known]
        context["crisis"] = told_clinicians(request, new)
    viewed("safety-plan", by=request.user, subject=plan, patient_id=patient.pk)
    context |= {"form": form, "plan": plan, "rows": _rows(plan), "site": patient.site}
    return render(request, "safety/edit_plan.html", context)
