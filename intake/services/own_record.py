"""What patients do with their own record: open it, say how we may write to them, ask to be called."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta

from allauth.account.models import EmailAddress
from django.db import transaction
from django.db.models import Q, QuerySet

from intake.domain.people import RecordRefused
from intake.models import ConsultationRequest, ContactConsent, Patient
from intake.services.requests import OPEN
from pacificmind.accounts.models import User
from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from pacificmind.clock import now, today
from pacificmind.idempotency.services import once
from pacificmind.messaging.services import void_for
from pacificmind.messaging.topics import keep as keep_topics
from pacificmind.prepared import PreparedValues, among
from pacificmind.tasks.models import Kind, Queue, Task
from pacificmind.tasks.services import open_task

ADULT = 18  # CLINICAL D60
CALL_WITHIN = timedelta(days=1)
EMAIL_WORDING = (
    "You may write to me by e-mail about my visits, my questions and news in the portal. E-mails name no treatment "
    "and no diagnosis. I can end this at any time."
)
SMS_WORDING = (
    "You may send me text messages about my visits to the mobile number I gave. How many depends on my visits. "
    "Message and data rates may apply. Reply STOP to end, HELP for help. My care does not depend on this."
)
WORDINGS = {ContactConsent.Channel.EMAIL: EMAIL_WORDING, ContactConsent.Channel.SMS: SMS_WORDING}


class TooYoung(RecordRefused):
    """The portal and the treatment are for adults."""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What patients tell about themselves when their record is opened."""

    given_name: str
    family_name: str
    birth_on: date
    phone: str
    site_id: str
    preferred_name: str = ""
    language: str = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Channels:
    """Which channels they agreed to, and from which network address."""

    email: bool
    sms: bool
    address: str | None = None


def age_on(birth_on: date, day: date) -> int:
    """Completed years on `day`; somebody born on February 29 is a year older from March 1 on."""
    return day.year - birth_on.year - ((day.month, day.day) < (birth_on.month, birth_on.day))


def open_record(*, by: User, about: About, channels: Channels, request_id: uuid.UUID | None = None) -> Patient:
    """Open the record of a signed-in user; where there is one already, it is returned as it is.

    Never joined with a record entered at the desk, however alike: that needs an invitation. Raises TooYoung.
    """
    asked = {**asdict(about), "email": channels.email, "sms": channels.sms}
    with transaction.atomic(durable=True), once(request_id, user_id=by.pk, intent="open-record", asked=asked):
        User.objects.select_for_update(no_key=True).get(pk=by.pk)
        if (known := Patient.objects.filter(user=by).first()) is not None:
            return known
        if age_on(about.birth_on, today("America/Los_Angeles")) < ADULT:
            raise TooYoung("Our treatment is for adults of 18 years and older.")
        patient = Patient.objects.create(user=by, email=by.email, **asdict(about))
        _keep_consents(patient, channels, source="about-you page")
        linked = _link_request(by, patient)
        record(
            Action.CREATE,
            "open a record",
            by=by,
            subject=patient,
            patient_id=patient.pk,
            changes={"request": str(linked.pk)} if linked else {},
        )
    return patient


def asked_for(by: User) -> tuple[str, str] | None:
    """Site and language of the newest open request from their verified address: the form about them begins with it."""
    return _open_requests(by).order_by("-made_at").values_list("site_id", "language").first()


def _open_requests(by: User) -> QuerySet[ConsultationRequest]:
    if not EmailAddress.objects.filter(user=by, email__iexact=by.email, verified=True).exists():
        return ConsultationRequest.objects.none()
    return ConsultationRequest.objects.filter(email__iexact=by.email, patient__isnull=True, status__in=OPEN)


def _link_request(by: User, patient: Patient) -> ConsultationRequest | None:
    """Join the newest open request from the same verified address; one that names another birth date or name is not."""
    found = (
        _open_requests(by)
        .select_for_update(of=("self",), no_key=True)
        .filter(Q(birth_on__isnull=True) | Q(birth_on=patient.birth_on))
        .filter(Q(given_name__iexact=patient.given_name) | Q(family_name__iexact=patient.family_name))
        .order_by("-made_at")
        .first()
    )
    if found is not None:
        found.patient = patient
        found.save(update_fields=["patient"])
        Task.objects.filter(subject_id=found.pk).update(patient_id=patient.pk)
    return found


def _keep_consents(patient: Patient, channels: Channels, *, source: str) -> list[str]:
    """Add a row for each channel whose state changed; the channels that did."""
    wanted = {ContactConsent.Channel.EMAIL: channels.email, ContactConsent.Channel.SMS: channels.sms}
    present = consents_of(patient.pk)
    changed = [channel for channel, given in wanted.items() if present.get(channel.value) != given]
    ContactConsent.objects.bulk_create(
        ContactConsent(
            patient=patient,
            channel=channel,
            given=wanted[channel],
            wording=WORDINGS[channel],
            source=source,
            address=channels.address,
        )
        for channel in changed
    )
    return [channel.value for channel in changed]


def consents_of(patient_id: uuid.UUID) -> dict[str, bool]:
    """The last word on each channel; a channel nobody spoke of is not in it."""
    rows = ContactConsent.objects.filter(patient_id=patient_id).order_by("at", "id")
    return dict(rows.values_list("channel", "given"))


def consents_of_all(patient_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, dict[str, bool]]:
    """The last word on each channel of many patients, in one query."""
    found: dict[uuid.UUID, dict[str, bool]] = {}
    for patient_id, channel, given in _CONSENTS(patients=list(patient_ids)):
        found.setdefault(patient_id, {})[channel] = given
    return found


_CONSENTS = PreparedValues(
    lambda: (
        ContactConsent.objects.filter(among("patient", "patients"))
        .order_by("at", "id")
        .values_list("patient_id", "channel", "given")
    )
)


def change_contact(
    *,
    by: User,
    phone: str,
    language: str,
    channels: Channels,
    topics: Mapping[str, bool] | None = None,
    request_id: uuid.UUID | None = None,
) -> Patient:
    """Change how the patient is reached, and which sorts of mail they want (`topics`, where they were asked).

    Without any channel left, what is owed to them is taken back.

    Raises Patient.DoesNotExist for a user without a record.
    """
    asked = {"phone": phone, "language": language, "email": channels.email, "sms": channels.sms}
    asked |= {"topics": dict(topics or {})}
    with (
        transaction.atomic(durable=True),
        once(request_id, user_id=by.pk, intent="change-contact", asked=asked) as state,
    ):
        patient = Patient.objects.select_for_update(of=("self",), no_key=True).get(user=by)
        if state.repeated:
            return patient
        fields = [
            name for name, new in (("phone", phone), ("language", language)) if str(getattr(patient, name)) != new
        ]
        if fields:
            patient.phone, patient.language, patient.version = phone, language, patient.version + 1
            patient.save(update_fields=[*fields, "version"])
        changed = _keep_consents(patient, channels, source="contact page")
        keep_topics(patient.pk, topics or {}, by=by, source="contact page", address=channels.address)
        if "email" in changed and not channels.email and not channels.sms:
            # With texts still agreed to, delivery itself asks each channel's consent before it sends.
            void_for(patient.pk, why="They asked not to get messages.")
        record(
            Action.CHANGE,
            "change contact",
            by=by,
            subject=patient,
            patient_id=patient.pk,
            changes={"fields": [*fields, *(f"consent {name}" for name in changed)]},
        )
    return patient


def ask_for_call(*, by: User, patient: Patient) -> None:
    """The patient would rather be called: a task for the front desk; pressed twice, there is still one."""
    if not patient.phone:
        raise RecordRefused("We do not have your telephone number yet. Please enter it first.")
    with transaction.atomic(durable=True):
        open_task(
            Kind.PATIENT_CALL,
            subject_type="intake.patient",
            subject_id=patient.pk,
            queue=Queue.FRONT_DESK,
            due_at=now() + CALL_WITHIN,
            site_id=patient.site_id,
            patient_id=patient.pk,
        )
        record(Action.CREATE, "ask to be called", by=by, subject=patient, patient_id=patient.pk)
