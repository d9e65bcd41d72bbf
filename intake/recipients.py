"""Patients and people who asked for a consultation, as recipients of messages; and what intake writes to them."""

import uuid
from collections.abc import Iterable

from django.db.models import TextField
from django.db.models.functions import Cast
from django.urls import reverse

from intake.models import ConsultationRequest, Patient
from intake.services.own_record import consents_of_all
from intake.services.requests import CLAIM, NOBODY, RECEIVED, token_hash, tokens_of
from pacificmind.accounts.models import Invitation
from pacificmind.clinic.models import ClinicSettings
from pacificmind.clock import now
from pacificmind.messaging import registry
from pacificmind.messaging.models import Message, Recipient
from pacificmind.messaging.registry import Address, Purpose, Void, Words
from pacificmind.messaging.said import Day, Phrase
from pacificmind.prepared import Prepared, among
from pacificmind.ui.dates import local


def patient_address(patient_id: uuid.UUID) -> Address | None:
    """How a patient is reached now: the address they sign in with, else the one the desk entered.

    E-mail is open until they say no (the desk asks before it enters one); texts are closed until they say yes.
    """
    return patient_addresses([patient_id]).get(patient_id)


def patient_addresses(ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Address]:
    """The same for many, in two queries."""
    found = _REACHED(patients=list(ids))
    agreed = consents_of_all([patient.pk for patient in found])
    return {patient.pk: _address(patient, agreed.get(patient.pk, {})) for patient in found}


_REACHED = Prepared(  # numbers as they stand: reading one costs more than all the rest
    lambda: (
        Patient.objects.filter(among("pk", "patients"))
        .select_related("site", "user")
        .only("status", "language", "email", "given_name", "preferred_name", "site__zone", "user__email")
        .annotate(number=Cast("phone", TextField()))
    )
)


def _address(patient: Patient, agreed: dict[str, bool]) -> Address:
    active = patient.status == Patient.Status.ACTIVE
    return Address(
        email=patient.mail_address,
        phone=patient.number,  # type: ignore[attr-defined]  # added by the query
        name=patient.called,
        language=patient.language,
        zone=patient.site.zone,
        may_email=active and agreed.get("email", True),
        may_sms=active and agreed.get("sms", False),
        why_not="They asked not to be written to this way." if active else "The record is closed.",
    )


def patient_names(ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Full names, in one query."""
    rows = Patient.objects.filter(pk__in=list(ids)).only("given_name", "family_name")
    return {patient.pk: patient.full_name for patient in rows}


def request_address(request_id: uuid.UUID) -> Address | None:
    """How somebody who asked for a consultation is reached."""
    row = ConsultationRequest.objects.select_related("site").filter(pk=request_id).first()
    if row is None:
        return None
    return Address(
        email=row.email, phone=str(row.phone or ""), name=row.given_name, language=row.language, zone=row.site.zone
    )


def request_names(ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Full names of people who asked, in one query."""
    rows = ConsultationRequest.objects.filter(pk__in=list(ids)).only("given_name", "family_name")
    return {row.pk: f"{row.given_name} {row.family_name}" for row in rows}


def received(message: Message) -> Words | Void:
    """That a request arrived, and what happens next."""
    row = ConsultationRequest.objects.filter(pk=message.subject_id).first()
    if row is None or row.status == ConsultationRequest.Status.CLOSED:
        return Void("The request was closed before the message left.")
    hours = ClinicSettings.current().request_response_hours
    context = {"hours": hours, "how": Phrase(f"by_{row.reach}"), "path": reverse("account_signup")}
    return Words(key="request-received", context=context)


def claim(message: Message) -> Words | Void:
    """The link that connects a record with an account. Its token exists in the mail alone."""
    invitation = Invitation.objects.filter(pk=message.subject_id).first()
    if invitation is None or invitation.used_at is not None or invitation.expires_at <= now():
        return Void("The invitation was used, replaced or is too old.")
    token = next((one for one in tokens_of(invitation.pk) if token_hash(one) == invitation.token_hash), None)
    if token is None:
        return Void("The server's key was changed since. Send a new invitation.")
    patient = Patient.objects.select_related("site").filter(pk=invitation.patient_id or NOBODY).first()
    if patient is None:
        return Void("The record is no longer there.")
    zone = patient.site.tz
    until = Day(local(invitation.expires_at, zone).date(), local(now(), zone).year)
    return Words(key="claim", context={"path": reverse("claim", args=[token]), "until": until})


def register() -> None:
    """Make recipients and purposes known; called once, when the app is ready."""
    registry.register_recipient(Recipient.PATIENT, patient_address, names=patient_names, many=patient_addresses)
    registry.register_recipient(Recipient.REQUEST, request_address, names=request_names)
    registry.register(Purpose(RECEIVED, "Request received", received))
    registry.register(Purpose(CLAIM, "Invitation to the portal", claim))
