"""Consents: what there is to sign, the exact text, the copy, withdrawing."""

import uuid

from django.contrib import messages
from django.http import Http404, HttpResponseBase, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from intake.consents import Block, blocks
from intake.forms.consent import ConsentForm
from intake.models import ConsentDocument, Patient
from intake.queries.consents import current_consent, current_document, signatures, standings
from intake.services import consents as signing
from intake.views.intake import for_patient
from pacificmind.accounts.access import SignedInRequest
from pacificmind.audit.services import viewed
from pacificmind.idempotency.services import RequestReused


@require_safe
@for_patient
def overview(request: SignedInRequest, patient: Patient) -> HttpResponseBase:
    """Every document, what is still to sign, and the copies of what was signed."""
    viewed("consents", by=request.user, patient_id=patient.pk)
    context = {"standings": standings(patient.pk), "signatures": signatures(patient.pk), "site": patient.site}
    return render(request, "intake/consents.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@for_patient
def sign(request: SignedInRequest, patient: Patient, kind: str) -> HttpResponseBase:
    """The exact text, the statements to tick and the typed name."""
    document = current_document(kind)
    if document is None:
        raise Http404
    if request.method != "POST":
        if (signature := current_consent(patient.pk, kind)) is not None:
            return redirect("consent-signed", pk=signature.pk)
        viewed("consent", by=request.user, subject=document, patient_id=patient.pk)
    form = ConsentForm(document, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            signature = signing.sign_consent(
                by=request.user,
                patient=patient,
                kind=kind,
                sha256=form.cleaned_data["sha256"],
                typed_name=form.cleaned_data["typed_name"],
                agreed=form.agreed,
                address=request.META.get("REMOTE_ADDR") or None,
                user_agent=request.headers.get("User-Agent", ""),
                request_id=form.cleaned_data["request_id"],
            )
        except signing.ConsentRefused as problem:
            form = _once_more(form, document, request.POST, str(problem))
        except RequestReused as problem:
            form.add_error(None, problem.say)
        else:
            messages.success(request, "Signed. Your copy is on this page.")
            return redirect("consent-signed", pk=signature.pk)
    context = {"document": document, "blocks": _without_statements(document.text), "form": form}
    return render(request, "intake/consent.html", context)


@require_safe
@for_patient
def signed(request: SignedInRequest, patient: Patient, pk: uuid.UUID) -> HttpResponseBase:
    """The copy: the text as it was signed, and all that was recorded with the signature."""
    consent = get_object_or_404(signatures(patient.pk), pk=pk)
    viewed("consent-copy", by=request.user, subject=consent, patient_id=patient.pk)
    context = {"consent": consent, "document": consent.document, "blocks": _without_statements(consent.document.text)}
    return render(request, "intake/consent_signed.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@for_patient
def withdraw(request: SignedInRequest, patient: Patient, pk: uuid.UUID) -> HttpResponseBase:
    """Ask once what withdrawing means; then do it."""
    consent = get_object_or_404(signatures(patient.pk), pk=pk)
    if request.method == "POST":
        signing.withdraw_consent(by=request.user, consent=consent)
        messages.success(request, "Your consent is withdrawn.")
        return redirect("consents")
    viewed("consent-withdraw", by=request.user, subject=consent, patient_id=patient.pk)
    return render(request, "intake/consent_withdraw.html", {"consent": consent, "document": consent.document})


def _without_statements(text: str) -> list[Block]:
    return [block for block in blocks(text) if block.kind != "statements"]


def _once_more(form: ConsentForm, document: ConsentDocument, posted: QueryDict, problem: str) -> ConsentForm:
    """The form with the problem on top; where the text changed, for the text that is shown now."""
    if problem == signing.CHANGED:
        data = posted.copy()
        data["sha256"] = document.sha256
        for name in [name for name in data if name.startswith("agree-")]:
            del data[name]
        fresh = ConsentForm(document, data)
        fresh.full_clean()
        fresh.add_error(None, problem)
        return fresh
    form.add_error(None, problem)
    return form
