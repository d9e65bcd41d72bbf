"""Between visits: readings and results on a patient's record, and entries taken back."""

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from intake.domain.decisions import DecisionRefused, Stale
from intake.forms.measures import ResultForm, VitalsForm, VoidForm, minute
from intake.forms.review import add_problems
from intake.models import Patient, StaffResult, VitalSigns
from intake.queries import measures as reading
from intake.queries import review
from intake.services import measures as services
from pacificmind.accounts.access import SignedInRequest, page
from pacificmind.accounts.models import Role
from pacificmind.audit.services import viewed
from pacificmind.clock import now

FORM = ["GET", "HEAD", "POST"]
READINGS, RESULT = "readings", "result"


@require_http_methods(FORM)
@page(Role.CLINICIAN)
def measure(request: SignedInRequest, patient_id: uuid.UUID) -> HttpResponse:
    """Enter readings of a patient outside of an infusion visit."""
    patient = get_object_or_404(review.patients_of(request.user), pk=patient_id)
    local = now().astimezone(patient.site.tz)
    form = VitalsForm(
        request.POST if request.method == "POST" else None,
        zone=patient.site.tz,
        in_visit=False,
        initial={"on": local.date(), "at": minute(local)},
    )

    def save() -> None:
        services.record_vitals(
            by=request.user,
            patient_id=patient.pk,
            site_id=patient.site_id,
            asked=form.asked(),
            request_id=form.cleaned_data["request_id"],
        )

    if form.is_bound and form.is_valid() and saved(form, save):
        messages.success(request, "The readings are entered.")
        return redirect("patient-record", patient.pk)
    return _show(request, patient, form, READINGS)


@require_http_methods(FORM)
@page(Role.CLINICIAN)
def result(request: SignedInRequest, patient_id: uuid.UUID) -> HttpResponse:
    """Enter a result: urine screen, pregnancy test, ECG, CURES, in-person evaluation."""
    patient = get_object_or_404(review.patients_of(request.user), pk=patient_id)
    local = now().astimezone(patient.site.tz)
    form = ResultForm(
        request.POST if request.method == "POST" else None,
        initial={"done_on": local.date(), "done_by": request.user.name},
    )

    entered: list[StaffResult] = []

    def save() -> None:
        row = services.record_result(
            by=request.user,
            patient_id=patient.pk,
            site_id=patient.site_id,
            request_id=form.cleaned_data["request_id"],
            **form.asked(),
        )
        entered.append(row)

    if form.is_bound and form.is_valid() and saved(form, save):
        met = reading.condition_met_with(entered[0])
        say = f' It meets a condition of the decision: "{met}". Open it again if that is not so.' if met else ""
        if opened := reading.condition_opened_by(entered[0]):
            say = f' A condition of the decision is open: "{opened}". Mark it as met once you have judged this result.'
        (messages.warning if opened else messages.success)(request, f"The result is entered.{say}")
        return redirect("patient-record", patient.pk)
    return _show(request, patient, form, RESULT)


def saved(form: forms.Form, act: Any) -> bool:
    """Whether the service took it; if not, the form says why."""
    try:
        act()
    except DecisionRefused as error:
        add_problems(form, error.problems)
    except Stale as error:
        form.add_error(None, str(error))
    return not form.errors


def _show(request: SignedInRequest, patient: Patient, form: forms.Form, what: str) -> HttpResponse:
    viewed(f"enter-{what}", by=request.user, subject=patient, patient_id=patient.pk)
    context = {"patient": patient, "form": form, "what": what}
    return render(request, "measures/enter.html", context)


@require_http_methods(FORM)
@page(Role.CLINICIAN)
def void_vitals(request: SignedInRequest, entry_id: uuid.UUID) -> HttpResponse:
    """Take readings back that were entered in error."""
    return _void(request, get_object_or_404(reading.vitals_of(request.user), pk=entry_id))


@require_http_methods(FORM)
@page(Role.CLINICIAN)
def void_result(request: SignedInRequest, entry_id: uuid.UUID) -> HttpResponse:
    """Take a result back that was entered in error."""
    return _void(request, get_object_or_404(reading.results_of(request.user), pk=entry_id))


def _void(request: SignedInRequest, row: VitalSigns | StaffResult) -> HttpResponse:
    form = VoidForm(request.POST if request.method == "POST" else None)

    def save() -> None:
        data = form.cleaned_data
        services.void_entry(by=request.user, row=row, why=data["why"], request_id=data["request_id"])

    if form.is_bound and form.is_valid() and saved(form, save):
        messages.success(request, "Marked as entered in error.")
        return redirect("patient-record", row.patient_id)
    viewed("void-entry", by=request.user, subject=row, patient_id=row.patient_id)
    vitals = reading.shown([row])[0] if isinstance(row, VitalSigns) else None
    context = {"row": row, "vitals": vitals, "form": form, "patient": row.patient}
    return render(request, "measures/void.html", context)
