"""Sign consent documents, on a screen or on paper; take a signature back. E-SIGN 15 USC 7001(c), CLINICAL 8."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from intake.consents import access_code, statements
from intake.models import Consent, ConsentDocument, Patient
from intake.queries.consents import agreed_to_screens, current_document
from pacificmind.accounts.models import Role, User
from pacificmind.audit import services as audit
from pacificmind.audit.models import Action
from pacificmind.clock import now, today
from pacificmind.idempotency.services import once

ELECTRONIC = ConsentDocument.Kind.ELECTRONIC
OLDEST_PAPER = timedelta(days=3650)
LONGEST_NAME, LONGEST_WHY = 160, 300


class ConsentRefused(Exception):
    """The signature cannot be taken; the text says what to do. `field` names the field that is meant, if one is."""

    def __init__(self, say: str, field: str = "") -> None:
        super().__init__(say)
        self.field = field


CHANGED = "This text was changed while you were reading. Please read it once more."
UNTICKED = "Please tick each statement, or talk with us about what is not clear."
UNNAMED = "Please type your name."
FIRST = "Before you sign on a screen, please read what that means. It takes a minute."
CODE = "This is not the code that stands at the end of the text. It shows us that you can read documents here."


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """From where somebody signs: what E-SIGN asks to keep of it."""

    address: str | None = None
    user_agent: str = ""
    auth_method: str = ""


def sign_consent(
    *,
    by: User,
    patient: Patient,
    kind: str,
    sha256: str,
    typed_name: str,
    agreed: Collection[str],
    device: Device,
    code: str = "",
    request_id: uuid.UUID | None = None,
) -> Consent:
    """Sign the current document of a kind, if it is still the one that was shown (`sha256`) and all is ticked.

    The agreement to sign on screens comes first, with the `code` that stands at the end of its text: it shows that
    documents can be read on this device. Signing the same version twice gives back the first signature.
    Raises ConsentRefused, PermissionDenied.
    """
    if patient.user_id != by.pk:
        raise PermissionDenied
    if not typed_name.strip():
        raise ConsentRefused(UNNAMED, "typed_name")
    asked = {"patient": patient.pk, "kind": kind, "sha256": sha256, "name": typed_name, "agreed": sorted(agreed)}
    with (
        transaction.atomic(durable=True),
        once(request_id, user_id=by.pk, intent="sign-consent", asked=asked) as intention,
    ):
        if intention.repeated:
            return Consent.objects.get(pk=intention.result["consent"])
        document = _checked(kind, sha256, agreed)
        disclosure = agreed_to_screens(patient.pk)
        if kind == ELECTRONIC:
            if code.strip().upper() != access_code(document.sha256):
                raise ConsentRefused(CODE, "code")
        elif disclosure is None and current_document(ELECTRONIC) is not None:
            raise ConsentRefused(FIRST)
        consent, new = _put(
            patient,
            document,
            typed_name=typed_name.strip(),
            agreed=list(statements(document.text)),
            zone=patient.site.zone,
            signed_by=by,
            address=device.address,
            user_agent=device.user_agent[:300],
            auth_method=device.auth_method[:60],
            disclosure=None if kind == ELECTRONIC else disclosure,
            access_shown=kind == ELECTRONIC or disclosure is not None,
        )
        if new:
            changes = {"document": document.kind, "version": document.version}
            audit.record(Action.SIGN, "sign-consent", by=by, subject=consent, patient_id=patient.pk, changes=changes)
        intention.result = {"consent": str(consent.pk)}
        return consent


def _checked(kind: str, sha256: str, agreed: Collection[str]) -> ConsentDocument:
    document = current_document(kind)
    if document is None or document.sha256 != sha256:
        raise ConsentRefused(CHANGED)
    if set(statements(document.text)) - set(agreed):
        raise ConsentRefused(UNTICKED)
    return document


def record_paper(
    *,
    by: User,
    patient: Patient,
    document: ConsentDocument,
    signed_on: date,
    signed_name: str,
    request_id: uuid.UUID | None = None,
) -> Consent:
    """Enter a signature that the patient gave on paper: which version, by what name, on which day.

    By the front desk or a clinician of the patient's site. Only the current version opens the door (P6); older ones
    are kept as what they are. Raises ConsentRefused, PermissionDenied.
    """
    if patient.site_id not in by.sites(Role.FRONT_DESK, Role.CLINICIAN):
        raise PermissionDenied
    name, day = signed_name.strip(), today(patient.site.zone)
    if not name:
        raise ConsentRefused("Write the name that stands under the document.", "signed_name")
    if not day - OLDEST_PAPER <= signed_on <= day:
        raise ConsentRefused("Enter the day that stands on the paper: not in the future.", "signed_on")
    asked = {"patient": patient.pk, "document": document.pk, "on": signed_on, "name": name}
    with (
        transaction.atomic(durable=True),
        once(request_id, user_id=by.pk, intent="paper-consent", asked=asked) as intention,
    ):
        if intention.repeated:
            return Consent.objects.get(pk=intention.result["consent"])
        consent, new = _put(
            patient,
            document,
            how=Consent.How.PAPER,
            typed_name=name[:LONGEST_NAME],
            agreed=list(statements(document.text)),
            zone=patient.site.zone,
            entered_by=by,
            paper_signed_on=signed_on,
            copy_to="paper",
        )
        if new:
            changes = {"document": document.kind, "version": document.version, "how": "paper"}
            audit.record(
                Action.CREATE, "enter-paper-consent", by=by, subject=consent, patient_id=patient.pk, changes=changes
            )
        intention.result = {"consent": str(consent.pk)}
        return consent


def withdraw_consent(*, by: User, consent: Consent, why: str = "") -> None:
    """Take a signature back, by the patient; or by staff of the site, who were told so. What was signed stays readable.

    Raises ConsentRefused where staff give no reason, PermissionDenied.
    """
    own = consent.patient.user_id == by.pk
    if not own and consent.patient.site_id not in by.sites(Role.FRONT_DESK, Role.CLINICIAN):
        raise PermissionDenied
    reason = why.strip()[:LONGEST_WHY]
    if not own and not reason:
        raise ConsentRefused("Say how the patient took it back.", "why")
    with transaction.atomic(durable=True):
        live = Consent.objects.filter(pk=consent.pk, withdrawn_at__isnull=True)
        if live.update(withdrawn_at=now(), withdrawn_by=by, withdrawn_why=reason):
            audit.record(Action.CHANGE, "withdraw-consent", by=by, subject=consent, patient_id=consent.patient_id)


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
