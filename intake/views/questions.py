"""Questions of clinicians: asked and read on the review page, answered by the patient in the portal."""

import uuid
from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from intake.domain.decisions import DecisionRefused, Stale
from intake.forms.questions import AnswerForm, AskForm
from intake.forms.review import add_problems
from intake.models import Patient, PatientQuestion
from intake.queries import questions as reading
from intake.queries import review
from intake.services import questions as services
from intake.views.intake import for_patient
from intake.views.typed import told_clinicians
from pacificmind.accounts.access import SignedInRequest, page
from pacificmind.accounts.models import Role
from pacificmind.audit.services import viewed

READ = "Marked as read."


@require_http_methods(["GET", "HEAD", "POST"])
@page(Role.CLINICIAN)
def ask(request: SignedInRequest, intake_id: uuid.UUID) -> HttpResponse:
    """Ask the patient for more; from the review page in one step, or on a page of its own."""
    intake = get_object_or_404(review.submitted_intakes(request.user), pk=intake_id)
    form = AskForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        data = form.cleaned_data
        try:
            services.ask(by=request.user, intake=intake, text=data["text"], request_id=data["request_id"])
        except DecisionRefused as error:
            add_problems(form, error.problems)
        except Stale as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "Asked. A mail tells the patient that something waits in the portal.")
            return redirect("review", intake.pk)
    viewed("ask-patient", by=request.user, subject=intake, patient_id=intake.patient_id)
    context = {"form": form, "intake": intake, "asked": reading.on_review(intake.patient)}
    return render(request, "review/ask.html", context)


@require_POST
@page(Role.CLINICIAN)
def mark_read(request: SignedInRequest, question_id: uuid.UUID) -> HttpResponse:
    """An answer was read."""
    return _act(request, question_id, services.mark_read, READ)


@require_POST
@page(Role.CLINICIAN)
def take_back(request: SignedInRequest, question_id: uuid.UUID) -> HttpResponse:
    """A question is no longer asked."""
    return _act(request, question_id, services.take_back, "The question is no longer asked.")


def _act(request: SignedInRequest, question_id: uuid.UUID, service: Callable[..., None], done: str) -> HttpResponse:
    question = get_object_or_404(reading.questions_of(request.user), pk=question_id)
    try:
        service(by=request.user, question=question)
    except Stale as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, done)
    return redirect("review", question.intake_id)


@require_safe
@for_patient
def overview(request: SignedInRequest, patient: Patient) -> HttpResponseBase:
    """What waits for an answer, and what was answered."""
    viewed("questions", by=request.user, patient_id=patient.pk)
    rows = list(reading.of_patient(patient))
    context = {
        "waiting": [row for row in rows if row.answered_at is None],
        "answered": [row for row in rows if row.answered_at is not None],
        "site": patient.site,
    }
    return render(request, "intake/questions.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@for_patient
def answer(request: SignedInRequest, patient: Patient, question_id: uuid.UUID) -> HttpResponseBase:
    """One question, and the place to write back. Words of crisis lead to help at once."""
    question = get_object_or_404(reading.of_patient(patient), pk=question_id)
    form = AnswerForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        data = form.cleaned_data
        try:
            alert = services.answer(
                by=request.user, question=question, text=data["answer"], request_id=data["request_id"]
            )
        except DecisionRefused as error:
            add_problems(form, error.problems)
        except Stale as error:
            form.add_error(None, str(error))
        else:
            if alert is not None:
                return redirect("intake-crisis")
            messages.success(request, "Sent. Your clinician reads it with your other answers.")
            return redirect("patient-questions")
    viewed("question", by=request.user, subject=question, patient_id=patient.pk)
    return render(request, "intake/question.html", _shown(request, question, form))


def _shown(request: SignedInRequest, question: PatientQuestion, form: AnswerForm) -> dict[str, object]:
    """Words of crisis in an answer that could not be stored are told to the clinicians, and the page leads to help."""
    unread = bool(form.errors) and told_clinicians(request, [request.POST.get("answer", "")])
    return {"question": question, "form": form, "crisis": unread, "site": question.patient.site}
