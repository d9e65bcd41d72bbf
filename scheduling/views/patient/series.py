"""All visits of one's own, the treatment as a time line, with what can be done about each."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from pacificmind.accounts.access import SignedInRequest, page
from pacificmind.accounts.models import Role
from pacificmind.audit.services import viewed
from pacificmind.clinic.models import ClinicSettings
from pacificmind.tasks.models import Kind as TaskKind
from pacificmind.tasks.models import Task
from scheduling.queries import patient_series
from scheduling.services import own_boosters
from scheduling.views.patient.common import own_patient


@never_cache
@require_safe
@page(Role.PATIENT)
def visits(request: SignedInRequest) -> HttpResponse:
    """The time line of the series, then the other visits."""
    patient = own_patient(request.user)
    if patient is None:
        return redirect("patient-about")
    viewed("patient-visits", by=request.user, patient_id=patient.pk)
    words = {
        "patient": patient,
        "known": patient_series.read(request.user, every="all" in request.GET),
        "notice_hours": ClinicSettings.current().notice_hours,
        "we_call": Task.objects.filter(
            kind=TaskKind.PATIENT_CALL, subject_id=patient.pk, done_at__isnull=True
        ).exists(),
        "may_choose": own_boosters.online() and own_boosters.ready(patient) is not None,
    }
    return render(request, "patient/visits.html", words)
