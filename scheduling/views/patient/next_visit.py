"""A further visit after a series: what it is, and the wish to talk about one. A reminder leads here."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from intake.models import BoosterOrder, Patient
from pacificmind.accounts.access import SignedInRequest, page
from pacificmind.accounts.models import Role
from pacificmind.audit.services import viewed
from pacificmind.tasks.models import Kind, Task
from pacificmind.ui.forms import RequestIdForm
from scheduling.domain.errors import BookingRefused, Stale
from scheduling.services import boosters, own_boosters
from scheduling.views.patient.common import own_patient

RUNNING = (BoosterOrder.Status.WAITING, BoosterOrder.Status.OPEN)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@page(Role.PATIENT)
def next_visit(request: SignedInRequest) -> HttpResponse:
    """Ask to talk about a further visit, or say not now."""
    patient = own_patient(request.user)
    if patient is None:
        return redirect("patient-about")
    order = BoosterOrder.objects.filter(patient=patient).order_by("-ordered_at").first()
    if request.method == "POST":
        return _answer(request, patient, order)
    viewed("patient-next-visit", by=request.user, patient_id=patient.pk)
    asked = Task.objects.filter(kind=Kind.BOOSTER_ASK, subject_id=patient.pk, done_at__isnull=True).exists()
    words = {
        "asked": asked,
        "running": order is not None and order.status in RUNNING,
        "declined": order is not None and order.status == BoosterOrder.Status.DECLINED,
        "ready": own_boosters.ready(patient) is not None,
        "online": own_boosters.online(),
        "coming": own_boosters.coming(patient),
        "form": RequestIdForm(),
    }
    return render(request, "patient/next_visit.html", words)


def _answer(request: SignedInRequest, patient: Patient, order: BoosterOrder | None) -> HttpResponse:
    try:
        if request.POST.get("answer") == "not-now":
            _decline(request, order)
            messages.success(request, "We do not remind you any more. You can ask us at any time.")
        else:
            boosters.ask(by=request.user, patient=patient)
            messages.success(request, "Thank you. A clinician gets in touch with you within a day.")
    except BookingRefused as refusal:
        messages.warning(request, refusal.say_patient)
    return redirect("patient-next-visit")


def _decline(request: SignedInRequest, order: BoosterOrder | None) -> None:
    """Say not now; said twice, or where nothing is planned, there is nothing left to do."""
    if order is None or order.status not in RUNNING:
        return
    try:
        boosters.decline(by=request.user, order_id=order.pk)
    except Stale:
        order.refresh_from_db()
        if order.status in RUNNING:
            raise
