"""The review page with its decision, and the patient's record."""

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from intake.domain.decisions import DecisionRefused, Stale
from intake.forms.questions import AskForm
from intake.forms.review import DecisionForm, ReevaluationForm, WithdrawForm, add_problems
from intake.models import BoosterOrder, Clearance, Intake
from intake.queries import openings, presence, queue, record_page, review, review_page
from intake.queries.review_page import ReviewPage
from intake.services import clearance as services
from intake.services import conditions
from intake.services import presence as present
from intake.services.guards import WrongPassword
from pacificmind.accounts import reauth
from pacificmind.accounts.access import SignedInRequest, page
from pacificmind.accounts.models import PRESCRIBER, Role
from pacificmind.audit.services import viewed
from pacificmind.ui.forms import RequestIdForm


@require_http_methods(["GET", "HEAD", "POST"])
@page(Role.CLINICIAN)
def review_intake(request: SignedInRequest, intake_id: uuid.UUID) -> HttpResponse:
    """Read a submitted intake, and decide about it."""
    if request.method == "POST":
        return _decide(request, get_object_or_404(review.submitted_intakes(request.user), pk=intake_id))
    versions = list(review.versions(review.readable_intakes(request.user), intake_id))
    intake = next((one for one in versions if one.pk == intake_id), None)
    if intake is None:
        raise Http404
    return _show(request, review_page.of(intake, versions), None)


def _form(request: SignedInRequest, found: ReviewPage, data: Any = None) -> DecisionForm:
    return DecisionForm(
        data,
        standing=found.standing,
        sites=found.sites,
        home=found.intake.patient.site_id,
        contraindications=found.contraindications,
        seen=found.seen,
        found=found.marks,
        confirmed=reauth.confirmed(request),
    )


def _show(request: SignedInRequest, found: ReviewPage, form: DecisionForm | None) -> HttpResponse:
    """The page; whoever reads it under an opening of the record (another site's patient) finds nothing to change."""
    intake = found.intake
    if form is not None:  # shown again, it goes on from what this page shows
        data = request.POST.copy()
        data["seen"], data["found"] = found.seen, found.marks
        form.data = data
    is_own = intake.patient.site_id in request.user.sites(Role.CLINICIAN)
    opening = None if is_own else openings.in_force(request.user, intake.patient_id)
    others = presence.readers(intake, but=request.user)
    reason = opening.words if opening else ""
    viewed("review", by=request.user, subject=intake, patient_id=intake.patient_id, reason=reason)
    may_decide = is_own and PRESCRIBER in request.user.roles and found.standing.newest
    context = {
        "page": found,
        "form": form or (_form(request, found) if may_decide else None),
        "readers": others,
        "is_own": is_own,
        "opening": opening,
        "ask": AskForm(auto_id="ask_%s"),
        "button": RequestIdForm(auto_id=False),
    }
    return render(request, "review/review.html", context)


def _decide(request: SignedInRequest, intake: Intake) -> HttpResponse:
    if PRESCRIBER not in request.user.roles:
        raise PermissionDenied
    found = review_page.of(intake)
    form = _form(request, found, request.POST)
    if form.is_valid() and _signed(request, intake, form):
        return _after(request, intake)
    return _show(request, found, form)


def _after(request: SignedInRequest, intake: Intake) -> HttpResponse:
    """To the next intake that waits and that nobody else reads; to the list where there is none, or where asked."""
    said = "Your decision is signed. The patient gets a message that there is news."
    following = None if request.POST.get("then") == "list" else queue.next_after(request.user, intake)
    if following is None:
        messages.success(request, said)
        return redirect("review-queue")
    messages.success(request, f"{said} This is the next intake.")
    return redirect("review", following.pk)


def _signed(request: SignedInRequest, intake: Intake, form: DecisionForm) -> bool:
    """Whether the decision was signed; if not, the form says why."""
    asked = form.asked()
    try:
        services.sign_decision(
            by=request.user,
            intake=intake,
            decision=asked.decision,
            conditions=asked.conditions,
            sites=asked.sites,
            visit_kinds=asked.visit_kinds,
            until_on=asked.until_on,
            note=asked.note,
            words=asked.words,
            overrides=asked.overrides,
            order=asked.order,
            booster=asked.booster,
            request_id=form.cleaned_data["request_id"],
            seen=form.cleaned_data["seen"] or "none",
            found=form.cleaned_data["found"],
            signed=form.signer(request, intake.patient_id),
        )
    except WrongPassword as error:
        form.add_error("password", str(error))
    except DecisionRefused as error:
        add_problems(form, error.problems)
    except Stale as error:
        form.add_error(None, str(error))
    return not form.errors


@require_POST
@page(Role.CLINICIAN)
def here(request: SignedInRequest, intake_id: uuid.UUID) -> HttpResponse:
    """The page is still open before them. Says who else reads it, and the newest decision; keeps no session alive."""
    intake = get_object_or_404(review.readable_intakes(request.user), pk=intake_id)
    present.here(by=request.user, intake=intake)
    request.session.modified = False
    found = presence.readers(intake, but=request.user)
    told = {
        "open": [one.name for one in found if one.is_open],
        "opened": [one.name for one in found if not one.is_open],
        "decision": presence.newest_decision(intake.patient_id),
    }
    return JsonResponse(told, headers={"Cache-Control": "no-store"})


@require_safe
@page(Role.CLINICIAN)
def patient_record(request: SignedInRequest, patient_id: uuid.UUID) -> HttpResponse:
    """Everything about one patient that a clinician of the site may see."""
    patient = get_object_or_404(review.readable_patients(request.user), pk=patient_id)
    is_own = patient.site_id in request.user.sites(Role.CLINICIAN)
    opening = None if is_own else openings.in_force(request.user, patient.pk)
    reason = opening.words if opening else ""
    viewed("patient-record", by=request.user, subject=patient, patient_id=patient.pk, reason=reason)
    found = record_page.of(patient, every="all" in request.GET)
    is_prescriber = is_own and PRESCRIBER in request.user.roles
    context = {"page": found, "is_prescriber": is_prescriber, "is_own": is_own, "opening": opening}
    return render(request, "review/record.html", context)


@require_POST
@page(Role.CLINICIAN)
def mark_condition(request: SignedInRequest, condition_id: int) -> HttpResponse:
    """Mark a condition as met."""
    condition = get_object_or_404(record_page.conditions_of(request.user), pk=condition_id)
    conditions.mark_condition_met(by=request.user, condition=condition)
    messages.success(request, "Marked as met.")
    return redirect("patient-record", condition.clearance.patient_id)


@require_POST
@page(Role.CLINICIAN)
def reopen_condition(request: SignedInRequest, condition_id: int) -> HttpResponse:
    """A condition is not met after all."""
    condition = get_object_or_404(record_page.conditions_of(request.user), pk=condition_id)
    conditions.reopen_condition(by=request.user, condition=condition)
    messages.success(
        request, "The condition is open again. Visits that are booked stay, and do not start until it is met."
    )
    return redirect("patient-record", condition.clearance.patient_id)


@require_http_methods(["GET", "HEAD", "POST"])
@page(PRESCRIBER)
def withdraw(request: SignedInRequest, clearance_id: uuid.UUID) -> HttpResponse:
    """Ask once, naming what will be affected; then withdraw."""
    found = get_object_or_404(record_page.clearances_of(request.user), pk=clearance_id)
    form = WithdrawForm(request.POST or None, confirmed=reauth.confirmed(request))
    if request.method == "POST" and form.is_valid() and _withdrawn(request, found, form):
        messages.success(request, "The clearance is withdrawn. Visits that are booked are put to a clinician.")
        return redirect("patient-record", found.patient_id)
    viewed("withdraw-clearance", by=request.user, subject=found, patient_id=found.patient_id)
    return render(request, "review/withdraw.html", {"clearance": found, "form": form})


def _withdrawn(request: SignedInRequest, found: Clearance, form: WithdrawForm) -> bool:
    data = form.cleaned_data
    return _went(
        form,
        lambda: services.withdraw_clearance(
            by=request.user,
            clearance=found,
            why=data["why"],
            request_id=data["request_id"],
            signed=form.signer(request, found.patient_id),
        ),
    )


def _went(form: forms.Form, act: Any) -> bool:
    try:
        act()
    except WrongPassword as error:
        form.add_error("password", str(error))
    except DecisionRefused as error:
        add_problems(form, error.problems)
    except Stale as error:
        form.add_error(None, str(error))
    return not form.errors


@require_http_methods(["GET", "HEAD", "POST"])
@page(PRESCRIBER)
def reevaluate(request: SignedInRequest, order_id: uuid.UUID) -> HttpResponse:
    """Record that a prescriber looked at the patient again before a booster."""
    order: BoosterOrder = get_object_or_404(record_page.booster_orders_of(request.user), pk=order_id)
    form = ReevaluationForm(request.POST or None, confirmed=reauth.confirmed(request))
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        if _went(
            form,
            lambda: services.record_reevaluation(
                by=request.user,
                order=order,
                supports_booster=data["supports_booster"],
                note=data["note"],
                request_id=data["request_id"],
                signed=form.signer(request, order.patient_id),
            ),
        ):
            messages.success(request, "The re-evaluation is recorded.")
            return redirect("patient-record", order.patient_id)
    viewed("reevaluate", by=request.user, subject=order, patient_id=order.patient_id)
    context = {
        "order": order,
        "form": form,
        "questionnaires": record_page.questionnaires(order.patient, every="all" in request.GET),
    }
    return render(request, "review/reevaluate.html", context)
