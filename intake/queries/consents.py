"""Consent documents and signatures."""

import uuid
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from intake.models import Consent, ConsentDocument


@dataclass(frozen=True, slots=True)
class Standing:
    """One kind of consent as the patient sees it: the document to sign now, and the signature under it if there is one.

    `state` is `signed`, `to-sign`, `changed` (an older version was signed) or `withdrawn`.
    """

    document: ConsentDocument
    signature: Consent | None
    state: str


def current_document(kind: str) -> ConsentDocument | None:
    """The highest version of a kind."""
    return ConsentDocument.objects.filter(kind=kind).order_by("-version").first()


def current_consent(patient_id: uuid.UUID, kind: str) -> Consent | None:
    """The patient's signature under the current version, if it was not withdrawn."""
    document = current_document(kind)
    if document is None:
        return None
    return Consent.objects.filter(patient_id=patient_id, document=document, withdrawn_at__isnull=True).first()


def agreed_to_screens(patient_id: uuid.UUID) -> Consent | None:
    """The patient's agreement to sign on a screen, under the version in force."""
    return current_consent(patient_id, ConsentDocument.Kind.ELECTRONIC)


def standings(patient_id: uuid.UUID) -> list[Standing]:
    """Every kind of consent with what the patient did about it, in two queries."""
    newest: dict[str, ConsentDocument] = {}
    for document in ConsentDocument.objects.order_by("kind", "version"):
        newest[document.kind] = document
    signed = list(signatures(patient_id))
    order = list(ConsentDocument.Kind.values)
    found = [_standing(now, [one for one in signed if one.document.kind == kind]) for kind, now in newest.items()]
    return sorted(found, key=lambda standing: order.index(standing.document.kind))


def signatures(patient_id: uuid.UUID) -> QuerySet[Consent]:
    """All signatures of a patient, newest first."""
    rows = Consent.objects.filter(patient_id=patient_id).select_related("document", "disclosure__document")
    return rows.select_related("entered_by", "withdrawn_by", "signed_by").order_by("-signed_at")


def versions_of(kind: str) -> QuerySet[ConsentDocument]:
    """Every version of a kind, the newest first, with how many signatures in force stand under it."""
    live = Count("consent", filter=Q(consent__withdrawn_at__isnull=True))
    return (
        ConsentDocument.objects.filter(kind=kind)
        .select_related("published_by")
        .annotate(signed=live)
        .order_by("-version")
    )


def newest_of_each() -> list[ConsentDocument]:
    """The version in force of every kind, in the order of the kinds."""
    order = list(ConsentDocument.Kind.values)
    newest: dict[str, ConsentDocument] = {}
    live = Count("consent", filter=Q(consent__withdrawn_at__isnull=True))
    for row in ConsentDocument.objects.select_related("published_by").annotate(signed=live).order_by("version"):
        newest[row.kind] = row
    return sorted(newest.values(), key=lambda row: order.index(row.kind))


def last_signed(patient_id: uuid.UUID, kind: str) -> Consent | None:
    """The patient's newest signature of a kind, of whatever version: what a new version is compared with."""
    return signatures(patient_id).filter(document__kind=kind).first()


def _standing(document: ConsentDocument, signed: list[Consent]) -> Standing:
    in_force = next((one for one in signed if one.withdrawn_at is None and one.document_id == document.pk), None)
    if in_force is not None:
        return Standing(document, in_force, "signed")
    last = signed[0] if signed else None
    if last is None:
        return Standing(document, None, "to-sign")
    return Standing(document, last, "withdrawn" if last.document_id == document.pk else "changed")
