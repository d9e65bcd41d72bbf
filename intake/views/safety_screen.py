"""The suicide screen asked in person: a clinician reads out each question and notes the answer."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from intake.domain import asq
from intake.forms.crisis import AsqForm
from intake.models import AsqSitting, SafetyAlert
from intake.queries import board
from intake.queries.asq import given
from intake.services.asq import save_asq_answer
from pacificmind.accounts.access import SignedInRequest, page
from pacificmind.accounts.models import Role
from pacificmind.audit.services import viewed

URGENT_NOW = "These answers are urgent now. Stay with the patient, and take the alert."
ENDED = "The questions are answered. Take the alert and document what you found."


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@page(Role.CLINICIAN)
def screen(request: SignedInRequest, alert_id: uuid.UUID) -> HttpResponse:
    """The next question of the screen that belongs to an alert; each answer is evaluated as it is stored."""
    found = get_object_or_404(board.alerts_of(request.user), pk=alert_id)
    sitting = board.screen_to_ask(found, request.user)
    number = asq.next_number(given(sitting)) if sitting else None
    if sitting is None or number is None:
        return redirect("safety-alert", found.pk)
    language = found.patient.language
    if request.method != "POST" or request.POST.get("number") != str(number):  # a page of before: it is stored already
        return _show(request, found, AsqForm(number, language), number)
    form = AsqForm(number, language, request.POST)
    if not form.is_valid():
        return _show(request, found, form, number)
    return _save(request, found, sitting, number, form)


def _save(
    request: SignedInRequest, found: SafetyAlert, sitting: AsqSitting, number: int, form: AsqForm
) -> HttpResponse:
    saved = save_asq_answer(
        by=request.user,
        patient=found.patient,
        number=number,
        value=form.cleaned_data["answer"],
        words=form.cleaned_data.get("words", ""),
        sitting_id=sitting.pk,
    )
    about = saved.alert or found
    if saved.next_number is not None and saved.sitting.ended_at is None:
        return redirect("safety-screen", about.pk)
    now = about.tier == SafetyAlert.Tier.URGENT_2 and about.closed_at is None
    (messages.error if now else messages.success)(request, URGENT_NOW if now else ENDED)
    return redirect("safety-alert", about.pk)


def _show(request: SignedInRequest, found: SafetyAlert, form: AsqForm, number: int) -> HttpResponse:
    viewed("safety-screen", by=request.user, subject=found, patient_id=found.patient_id)
    context = {
        "alert": found,
        "form": form,
        "number": number,
        "language": form.instrument.language,
        "notice": form.instrument.licence,
    }
    return render(request, "safety/screen.html", context)
