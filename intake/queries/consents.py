"""Consent documents and signatures."""

import uuid
from dataclasses import dataclass

from django.db.models import QuerySet

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
    return Consent.objects.filter(patient_id=patient_id).select_related("document").order_by("-signed_at")


def _standing(document: ConsentDocument, signed: list[Consent]) -> Standing:
    in_force = next((one for one in signed if one.withdrawn_at is None and one.document_id == document.pk), None)
    if in_force is not None:
        return Standing(document, in_force, "signed")
    last = signed[0] if signed else None
    if last is None:
        return Standing(document, None, "to-sign")
    return Standing(document, last, "withdrawn" if last.document_id == document.pk else "changed")
