"""Records of another site: opened by a clinician for a reason; looked at afterwards by a manager."""

import uuid

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from intake.domain.decisions import DecisionRefused, Stale
from intake.forms.openings import OpenRecordForm
from intake.forms.review import add_problems
from intake.queries import openings as reading
from intake.services import openings as services
from pacificmind.accounts.access import SignedInRequest, page
from pacificmind.accounts.models import Role
from pacificmind.audit.services import viewed
from pacificmind.clinic.models import ClinicSettings

ROWS = 25


@require_http_methods(["GET", "HEAD", "POST"])
@page(Role.CLINICIAN)
def open_record(request: SignedInRequest) -> HttpResponse:
    """Say whose record and why; then read it for a while."""
    form = OpenRecordForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            made = services.open_record(by=request.user, **form.asked())
        except DecisionRefused as error:
            add_problems(form, error.problems)
        except Stale as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "The record is open to you for reading. A manager and the patient are told why.")
            return redirect("patient-record", made.patient_id)
    minutes = ClinicSettings.current().opening_minutes
    return render(request, "review/open_record.html", {"form": form, "minutes": minutes})


@require_safe
@page(Role.MANAGER)
def openings(request: SignedInRequest) -> HttpResponse:
    """Every record that was opened across sites, those that nobody has looked at first."""
    rows = Paginator(reading.for_managers(), ROWS).get_page(request.GET.get("page"))
    viewed("openings", by=request.user, patients=[row.patient_id for row in rows])
    return render(request, "review/openings.html", {"rows": rows})


@require_POST
@page(Role.MANAGER)
def looked_at(request: SignedInRequest, opening_id: uuid.UUID) -> HttpResponse:
    """A manager has looked at one."""
    services.looked_at(by=request.user, opening=get_object_or_404(reading.for_managers(), pk=opening_id))
    messages.success(request, "Marked as looked at.")
    return redirect("manage-openings")
