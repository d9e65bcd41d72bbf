"""Consents: what there is to sign, the exact text, the copy, withdrawing."""

import uuid

from django.contrib import messages
from django.http import Http404, HttpResponseBase, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from intake.consents import access_code, blocks, fingerprint, parts
from intake.forms.consent import ConsentForm
from intake.models import Consent, ConsentDocument, Patient
from intake.queries.consents import (
    agreed_to_screens,
    current_consent,
    current_document,
    last_signed,
    signatures,
    standings,
)
from intake.services import consents as signing
from intake.views.intake import for_patient
from pacificmind.accounts.access import SignedInRequest
from pacificmind.accounts.reauth import how_signed_in
from pacificmind.audit.services import viewed
from pacificmind.idempotency.services import RequestReused

ELECTRONIC = ConsentDocument.Kind.ELECTRONIC
WITHDRAWING = {  # what follows, told before it is done
    "electronic": (
        "From then on we bring you documents on paper.",
        "What you signed on a screen stays valid. To take one of those back as well, open its copy.",
    ),
    "treatment": (
        "Then no further treatment visit takes place until you sign again.",
        "Visits that are booked are not cancelled by this. Please call us, so that we decide about them together.",
        "A clinician is told, so that you are looked after.",
    ),
    "telehealth": (
        "Then we meet at the clinic, and no longer by video.",
        "If a video visit is booked, please call us: we find a time at the clinic.",
    ),
    "communications": (
        "Then please also say under 'How we reach you' that we may no longer write to you.",
        "Without mails you have to keep your visits in mind yourself, or we call you.",
    ),
    "privacy": ("We keep to the privacy notice all the same. This only says that you no longer confirm it.",),
}


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
    """The exact text, the statements to tick and the typed name; the agreement to sign on screens first."""
    document = current_document(kind)
    if document is None:
        raise Http404
    if kind != ELECTRONIC and _must_agree_first(patient):
        messages.info(request, signing.FIRST)
        return redirect(f"{reverse('consent', args=[ELECTRONIC])}?next={kind}")
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
                code=form.cleaned_data.get("code", ""),
                device=_device(request),
                request_id=form.cleaned_data["request_id"],
            )
        except signing.ConsentRefused as problem:
            form = _once_more(form, document, request.POST, problem)
        except RequestReused as problem:
            form.add_error(None, problem.say)
        else:
            return _after(request, signature)
    context = {
        "document": document,
        "blocks": parts(document.text)[0],
        "form": form,
        "before": last_signed(patient.pk, kind),
        "code": access_code(document.sha256) if kind == ELECTRONIC else "",
    }
    return render(request, "intake/consent.html", context)


def _must_agree_first(patient: Patient) -> bool:
    return agreed_to_screens(patient.pk) is None and current_document(ELECTRONIC) is not None


def _device(request: SignedInRequest) -> signing.Device:
    return signing.Device(
        address=request.META.get("REMOTE_ADDR") or None,
        user_agent=request.headers.get("User-Agent", ""),
        auth_method=how_signed_in(request),
    )


def _after(request: SignedInRequest, signature: Consent) -> HttpResponseBase:
    """To the copy; after the agreement to sign on screens, to the document that was wanted."""
    wanted = request.GET.get("next", "")
    if signature.document.kind == ELECTRONIC and wanted in ConsentDocument.Kind.values:
        messages.success(request, "Thank you. Now the document itself.")
        return redirect("consent", kind=wanted)
    messages.success(request, "Signed. Your copy is on this page.")
    return redirect("consent-signed", pk=signature.pk)


@require_safe
@for_patient
def signed(request: SignedInRequest, patient: Patient, pk: uuid.UUID) -> HttpResponseBase:
    """The copy: the text as it was signed, and all that was recorded with the signature."""
    consent = get_object_or_404(signatures(patient.pk), pk=pk)
    viewed("consent-copy", by=request.user, subject=consent, patient_id=patient.pk)
    context = {
        "consent": consent,
        "document": consent.document,
        "blocks": blocks(consent.document.text),
        "is_intact": fingerprint(consent.document.text) == consent.sha256,
    }
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
    context = {"consent": consent, "document": consent.document, "means": WITHDRAWING[consent.document.kind]}
    return render(request, "intake/consent_withdraw.html", context)


def _once_more(
    form: ConsentForm, document: ConsentDocument, posted: QueryDict, problem: signing.ConsentRefused
) -> ConsentForm:
    """The form with the problem on top; where the text changed, for the text that is shown now."""
    if str(problem) == signing.CHANGED:
        data = posted.copy()
        data["sha256"] = document.sha256
        for name in [name for name in data if name.startswith("agree-")]:
            del data[name]
        fresh = ConsentForm(document, data)
        fresh.full_clean()
        fresh.add_error(None, str(problem))
        return fresh
    form.add_error(problem.field if problem.field in form.fields else None, str(problem))
    return form
