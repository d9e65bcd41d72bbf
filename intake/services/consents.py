"""Publish consent documents, sign them, take a signature back."""

import uuid
from collections.abc import Collection, Iterable

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from intake.consents import Document, statements
from intake.models import Consent, ConsentDocument, Patient
from intake.queries.consents import current_document
from pacificmind.accounts.models import User
from pacificmind.audit import services as audit
from pacificmind.audit.models import Action
from pacificmind.clock import now
from pacificmind.idempotency.services import once


class ConsentRefused(Exception):
    """The signature cannot be taken; the text says what to do."""


CHANGED = "This text was changed while you were reading. Please read it once more."
UNTICKED = "Please tick each statement, or talk with us about what is not clear."
UNNAMED = "Please type your name."


class TextChanged(Exception):
    """A published version has another text now. Publish it under a new version."""


def publish(found: Iterable[Document]) -> list[ConsentDocument]:
    """Store the documents that are new; those returned. A published version is never changed: raises TextChanged."""
    with transaction.atomic(durable=True):
        made = []
        for document in found:
            known = ConsentDocument.objects.filter(kind=document.kind, version=document.version).first()
            if known is None:
                made.append(_store(document))
            elif known.sha256 != document.sha256 or known.title != document.title:
                raise TextChanged(f"{document.kind}, version {document.version}")
        return made


def sign_consent(
    *,
    by: User,
    patient: Patient,
    kind: str,
    sha256: str,
    typed_name: str,
    agreed: Collection[str],
    address: str | None,
    user_agent: str,
    request_id: uuid.UUID | None = None,
) -> Consent:
    """Sign the current document of a kind, if it is still the one that was shown (`sha256`) and all is ticked.

    Signing the same version twice gives back the first signature. Raises ConsentRefused, PermissionDenied.
    """
    if patient.user_id != by.pk:
        raise PermissionDenied
    if not typed_name.strip():
        raise ConsentRefused(UNNAMED)
    asked = {"patient": patient.pk, "kind": kind, "sha256": sha256, "name": typed_name, "agreed": sorted(agreed)}
    with (
        transaction.atomic(durable=True),
        once(request_id, user_id=by.pk, intent="sign-consent", asked=asked) as intention,
    ):
        if intention.repeated:
            return Consent.objects.get(pk=intention.result["consent"])
        document = current_document(kind)
        if document is None or document.sha256 != sha256:
            raise ConsentRefused(CHANGED)
        if set(statements(document.text)) - set(agreed):
            raise ConsentRefused(UNTICKED)
        consent, new = _put(
            patient,
            document,
            typed_name=typed_name.strip(),
            agreed=list(statements(document.text)),
            zone=patient.site.zone,
            signed_by=by,
            address=address,
            user_agent=user_agent[:300],
        )
        if new:
            changes = {"document": document.kind, "version": document.version}
            audit.record(Action.SIGN, "sign-consent", by=by, subject=consent, patient_id=patient.pk, changes=changes)
        intention.result = {"consent": str(consent.pk)}
        return consent


def withdraw_consent(*, by: User, consent: Consent) -> None:
    """Take a signature back. What was signed stays readable. Raises PermissionDenied."""
    if consent.patient.user_id != by.pk:
        raise PermissionDenied
    with transaction.atomic(durable=True):
        if Consent.objects.filter(pk=consent.pk, withdrawn_at__isnull=True).update(withdrawn_at=now()):
            audit.record(Action.CHANGE, "withdraw-consent", by=by, subject=consent, patient_id=consent.patient_id)


def _store(document: Document) -> ConsentDocument:
    made = ConsentDocument.objects.create(
        kind=document.kind,
        version=document.version,
        title=document.title,
        text=document.text,
        sha256=document.sha256,
    )
    audit.record(
        Action.CREATE,
        "publish-consent-document",
        by=None,
        subject=made,
        changes={"kind": made.kind, "version": made.version},
    )
    return made


def _put(patient: Patient, document: ConsentDocument, **values: object) -> tuple[Consent, bool]:
    """The signature in force under this document, made where there is none; whether it is new."""
    in_force = Consent.objects.filter(patient=patient, document=document, withdrawn_at__isnull=True)
    if known := in_force.first():
        return known, False
    try:
        with transaction.atomic():
            return Consent.objects.create(patient=patient, document=document, sha256=document.sha256, **values), True
    except IntegrityError:  # signed in another tab at this moment
        return in_force.get(), False
