"""Consents as staff handle them: on paper, taken back, copies; and new versions of documents by a manager."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from intake.consents import blocks, fingerprint
from intake.forms.consent import DocumentForm, PaperForm, TakenBackForm
from intake.models import Consent, ConsentDocument, Patient
from intake.queries.consents import newest_of_each, signatures, standings, versions_of
from intake.services import consents as signing
from intake.services import documents as publishing
from pacificmind.accounts.access import SignedInRequest, page
from pacificmind.accounts.models import Role
from pacificmind.audit.services import viewed
from pacificmind.clock import today
from pacificmind.idempotency.services import RequestReused

FORM = ["GET", "HEAD", "POST"]
DESK = (Role.FRONT_DESK, Role.CLINICIAN)


def _patient(request: SignedInRequest, patient_id: uuid.UUID) -> Patient:
    """A patient of the user's site; 404 for another's, the same as for none."""
    mine = Patient.objects.filter(site__in=request.user.sites(*DESK)).select_related("site")
    return get_object_or_404(mine, pk=patient_id)


@require_safe
@page(*DESK)
def of_patient(request: SignedInRequest, patient_id: uuid.UUID) -> HttpResponse:
    """What a patient signed, what is missing, paper to print."""
    patient = _patient(request, patient_id)
    viewed("consents-of-patient", by=request.user, subject=patient, patient_id=patient.pk)
    context = {"patient": patient, "standings": standings(patient.pk), "signatures": signatures(patient.pk)}
    return render(request, "documents/patient.html", context)


@require_http_methods(FORM)
@page(*DESK)
def paper(request: SignedInRequest, patient_id: uuid.UUID) -> HttpResponse:
    """Enter a document that was signed on paper."""
    patient = _patient(request, patient_id)
    documents = newest_of_each()
    form = PaperForm(
        request.POST if request.method == "POST" else None,
        documents=documents,
        initial={"signed_on": today(patient.site.zone), "signed_name": patient.full_name},
    )
    if form.is_bound and form.is_valid():
        data = form.cleaned_data
        document = next(row for row in documents if row.pk == data["document"])
        try:
            made = signing.record_paper(
                by=request.user,
                patient=patient,
                document=document,
                signed_on=data["signed_on"],
                signed_name=data["signed_name"],
                request_id=data["request_id"],
            )
        except signing.ConsentRefused as problem:
            form.add_error(problem.field or None, str(problem))
        except RequestReused as problem:
            form.add_error(None, problem.say)
        else:
            messages.success(request, "Entered. Keep the paper.")
            return redirect("desk-consent-copy", patient_id=patient.pk, consent_id=made.pk)
    viewed("enter-paper-consent", by=request.user, subject=patient, patient_id=patient.pk)
    return render(request, "documents/paper.html", {"patient": patient, "form": form})


@require_http_methods(FORM)
@page(*DESK)
def copy(request: SignedInRequest, patient_id: uuid.UUID, consent_id: uuid.UUID) -> HttpResponse:
    """The copy of a signature, to read, to print, or to take back for the patient."""
    patient = _patient(request, patient_id)
    consent = get_object_or_404(signatures(patient.pk), pk=consent_id)
    form = TakenBackForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            signing.withdraw_consent(by=request.user, consent=consent, why=form.cleaned_data["why"])
        except signing.ConsentRefused as problem:
            form.add_error(problem.field or None, str(problem))
        else:
            messages.success(request, "Taken back for the patient.")
            return redirect("desk-consents", patient_id=patient.pk)
    viewed("consent-copy", by=request.user, subject=consent, patient_id=patient.pk)
    return render(request, "documents/copy.html", _copy(patient, consent, form))


def _copy(patient: Patient, consent: Consent, form: TakenBackForm) -> dict[str, Any]:
    text = consent.document.text
    return {
        "patient": patient,
        "consent": consent,
        "document": consent.document,
        "blocks": blocks(text),
        "is_intact": fingerprint(text) == consent.sha256,
        "form": form,
    }


@require_safe
@page(*DESK, Role.MANAGER)
def blank(request: SignedInRequest, kind: str) -> HttpResponse:
    """The version in force with lines for the signature, to print and sign on paper."""
    document = _newest(kind)
    context = {"document": document, "blocks": blocks(document.text), "boxes": True}
    return render(request, "documents/blank.html", context)


def _newest(kind: str) -> ConsentDocument:
    found = versions_of(kind).first()
    if found is None:
        raise Http404
    return found


@require_safe
@page(Role.MANAGER)
def manage(request: SignedInRequest) -> HttpResponse:
    """Every document with the version in force."""
    return render(request, "documents/manage.html", {"documents": newest_of_each()})


@require_safe
@page(Role.MANAGER)
def read(request: SignedInRequest, kind: str, version: int) -> HttpResponse:
    """One version as it was published, and the others."""
    versions = list(versions_of(kind))
    document = next((row for row in versions if row.version == version), None)
    if document is None:
        raise Http404
    context = {
        "document": document,
        "versions": versions,
        "blocks": blocks(document.text),
        "is_intact": fingerprint(document.text) == document.sha256,
    }
    return render(request, "documents/version.html", context)


@require_http_methods(FORM)
@page(Role.MANAGER)
def new_version(request: SignedInRequest, kind: str) -> HttpResponse:
    """Write the next version, see it as patients will, then publish it."""
    newest = _newest(kind)
    initial = {"after": newest.version, "title": newest.title, "text": newest.text}
    form = DocumentForm(request.POST if request.method == "POST" else None, initial=initial)
    preview = None
    if form.is_bound and form.is_valid():
        data = form.cleaned_data
        try:
            if "publish" in request.POST:
                made = publishing.publish_version(by=request.user, kind=kind, **data)
                messages.success(request, f"Version {made.version} is in force. It cannot be changed any more.")
                return redirect("manage-document", kind=kind, version=made.version)
            publishing.check_text(data["title"], data["text"].replace("\r\n", "\n").strip() + "\n", newest)
            preview = blocks(data["text"])
        except publishing.DocumentRefused as problem:
            form.add_error(problem.field or None, str(problem))
        except RequestReused as problem:
            form.add_error(None, problem.say)
    context = {"form": form, "newest": newest, "preview": preview, "next": newest.version + 1}
    return render(request, "documents/new_version.html", context)
