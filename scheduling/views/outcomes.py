"""Answers over time: the patient's own page, and the clinician's page about a patient."""

import uuid

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from intake.queries.review import patients_of
from pacificmind.accounts.access import SignedInRequest, page
from pacificmind.accounts.models import Role
from pacificmind.audit.services import viewed
from scheduling.queries import outcomes
from scheduling.views.patient.common import own_patient


@never_cache
@require_safe
@page(Role.PATIENT)
def own(request: SignedInRequest) -> HttpResponse:
    """The patient's own answers over time, with the visits marked, and a table of the same."""
    patient = own_patient(request.user)
    if patient is None:
        return redirect("patient-about")
    viewed("own-outcomes", by=request.user, patient_id=patient.pk)
    return render(request, "outcomes/own.html", {"patient": patient, "found": outcomes.read(patient)})


@never_cache
@require_safe
@page(Role.CLINICIAN)
def clinic(request: SignedInRequest, patient: uuid.UUID) -> HttpResponse:
    """Baseline, response, remission, relapse and the totals behind them, for clinicians of the patient's sites."""
    found = get_object_or_404(patients_of(request.user), pk=patient)
    viewed("outcomes", by=request.user, patient_id=found.pk)
    return render(request, "outcomes/clinic.html", {"patient": found, "found": outcomes.read(found)})
