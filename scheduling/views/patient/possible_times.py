"""Which times suit the patient: asked once, heeded whenever their visits are planned."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from pacificmind.accounts.access import SignedInRequest, page
from pacificmind.accounts.models import Role
from pacificmind.audit.services import viewed
from pacificmind.clock import today
from scheduling.domain.errors import BookingRefused
from scheduling.forms.patient_times import PossibleTimesForm
from scheduling.models import Kind
from scheduling.queries import calendar
from scheduling.services import possible_times as services
from scheduling.views.patient.common import own_patient


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@page(Role.PATIENT)
def possible_times(request: SignedInRequest) -> HttpResponse:
    """Say which weekdays, times of day and days do, and with whom."""
    patient = own_patient(request.user)
    if patient is None:
        return redirect("patient-about")
    known, day = services.times_of(patient), today(patient.site.zone)
    form = PossibleTimesForm(
        request.POST or None,
        known=known,
        clinicians=list(calendar.clinicians_for(patient.site, Kind.INFUSION)),
        today=day,
        initial=PossibleTimesForm.initial_of(known, services.seen(known), day),
    )
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        try:
            services.keep_times(
                by=request.user,
                patient_id=patient.pk,
                shown=told["seen"],
                times=form.times(),
                request_id=told["request_id"],
            )
        except BookingRefused as refusal:
            form.add_error(None, refusal.say_patient)
            # What was typed stays; sent again, it is meant to replace what stands there now.
            again = request.POST.copy()
            again["seen"] = services.seen(services.times_of(patient))
            form.data = again
        else:
            messages.success(request, "Saved. We plan your visits by these times from now on.")
            return redirect("patient-possible-times")
    if request.method != "POST":
        viewed("patient-possible-times", by=request.user, patient_id=patient.pk)
    return render(request, "patient/possible_times.html", {"form": form, "site": patient.site})
