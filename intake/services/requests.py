"""Requests for a consultation, and invitations to claim a record that was entered at the desk."""

import hashlib
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.crypto import salted_hmac

from intake.domain.library import crisis_words
from intake.domain.people import RecordRefused
from intake.models import ConsultationRequest, Patient
from intake.services.safety import read_words
from pacificmind.accounts.models import Invitation, Role, RoleGrant, User
from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from pacificmind.clinic.models import ClinicSettings
from pacificmind.clock import now
from pacificmind.idempotency.services import once
from pacificmind.messaging.models import Recipient
from pacificmind.messaging.services import owe, void
from pacificmind.tasks.models import Kind, Queue
from pacificmind.tasks.services import close_tasks, open_task

RECEIVED, CLAIM = "request-received", "claim-invitation"
SOURCE = "request"  # where the words of an alert stood
SUBJECT = "intake.consultationrequest"
OPEN = (ConsultationRequest.Status.NEW, ConsultationRequest.Status.TRYING)
INVITATION_LASTS = timedelta(days=14)
NOBODY = uuid.UUID(int=0)
_SALT = "intake.claim-invitation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What somebody wrote in the public form."""

    site_id: str
    given_name: str
    family_name: str
    telehealth: bool = False
    times: Sequence[str] = ()
    times_note: str = ""
    birth_on: date | None = None
    email: str = ""
    phone: str = ""
    reach: str = ConsultationRequest.Reach.PHONE
    may_leave_message: bool = False
    language: str = "en"
    reason: str = ""

    @property
    def needs_person(self) -> bool:
        """Whether words of crisis stand in the text (CLINICAL 4.1; false alarms are expected)."""
        return crisis_words(self.reason) or crisis_words(self.times_note)


def submit_request(*, by: User | None, asked: Asked, request_id: uuid.UUID | None = None) -> ConsultationRequest:
    """Keep a request, open its tasks and owe the answer, all in one transaction; a repeat returns the first row."""
    content = asdict(asked)
    with (
        transaction.atomic(durable=True),
        once(request_id, user_id=by.pk if by else None, intent="request-consultation", asked=content) as state,
    ):
        if state.repeated:
            return ConsultationRequest.objects.select_related("site").get(pk=state.result["request"])
        patient = Patient.objects.filter(user=by).first() if by else None
        row = ConsultationRequest.objects.create(patient=patient, needs_person=asked.needs_person, **content)
        state.result = {"request": str(row.pk)}
        if patient is not None:
            read_words(by=by, patient=patient, texts=[asked.reason, asked.times_note], source=SOURCE)
        _open_tasks(row)
        if row.email:
            owe(
                RECEIVED,
                subject=row,
                subject_version=1,
                recipient_type=Recipient.REQUEST,
                recipient_id=row.pk,
                due_at=now(),
                site_id=row.site_id,
            )
        record(Action.CREATE, "ask for a consultation", by=by, subject=row, patient_id=row.patient_id)
    return row


def sent_before(request: str | None, asked: Asked) -> ConsultationRequest | None:
    """The open request that this browser sent last, where it says the very same: sent again from the back button."""
    if request is None:
        return None
    rows = ConsultationRequest.objects.select_related("site").filter(pk=request, status__in=OPEN)
    return rows.filter(**asdict(asked)).first()


def read_refused(*, by: User | None, asked: Asked, before: str | None = None) -> uuid.UUID | bool:
    """Words of crisis in a request that cannot be kept as it is: a clinician reads them all the same.

    Of a known patient they are a safety alert: True. Of somebody else who says how to be reached they are a request
    without a name, and its key comes back; `before` is that of such a request, which is not made twice. Without any way
    to be reached nobody can be told: False.
    """
    with transaction.atomic(durable=True):
        patient = Patient.objects.select_related("site").filter(user=by).first() if by else None
        if patient is not None:
            texts = [asked.reason, asked.times_note]
            return read_words(by=by, patient=patient, texts=texts, source=SOURCE) is not None
        if not asked.needs_person or not (asked.email or asked.phone):
            return False
        same = ConsultationRequest.objects.filter(reason=asked.reason, times_note=asked.times_note)
        known = same.filter(pk=before).first() if before else None
        if known is not None:
            return known.pk
        row = ConsultationRequest.objects.create(needs_person=True, **asdict(asked))
        _open_tasks(row)
        record(Action.CREATE, "read an unfinished request", by=by, subject=row)
        return row.pk


def finished(*, by: User | None, before: str, row: ConsultationRequest) -> None:
    """Who had left words in an unfinished request has sent it whole: one call is enough. A clinician reads both."""
    with transaction.atomic(durable=True):
        rows = ConsultationRequest.objects.select_for_update(of=("self",), no_key=True).filter(status__in=OPEN)
        draft = rows.filter(pk=before).exclude(pk=row.pk).first()
        if draft is None:
            return
        draft.status, draft.outcome, draft.version = (
            ConsultationRequest.Status.CLOSED,
            "Sent again in full",
            draft.version + 1,
        )
        draft.save(update_fields=["status", "outcome", "version"])
        close_tasks(draft.pk, Kind.REQUEST_CALL_BACK, by=by, outcome="sent again in full")
        record(Action.CHANGE, "finish a request", by=by, subject=draft, changes={"fields": ["status"]})


def _open_tasks(row: ConsultationRequest) -> None:
    answer_within = timedelta(hours=ClinicSettings.current().request_response_hours)
    tasks = [(Kind.REQUEST_CALL_BACK, Queue.FRONT_DESK, now() + answer_within)]
    if row.needs_person and row.patient_id is None:  # of a known patient it is a safety alert
        tasks.append((Kind.REQUEST_IN_CRISIS, Queue.CLINICIANS, now()))
    for kind, queue, due_at in tasks:
        open_task(
            kind,
            subject_type=SUBJECT,
            subject_id=row.pk,
            queue=queue,
            due_at=due_at,
            site_id=row.site_id,
            patient_id=row.patient_id,
        )


def answered_online(*, by: User, patient_id: uuid.UUID) -> int:
    """The patient chose a time themselves: their open requests need no call back any more; how many there were.

    A task to read words of crisis stays open: a clinician closes it.
    """
    with transaction.atomic(durable=True):
        rows = ConsultationRequest.objects.select_for_update(of=("self",), no_key=True)
        found = list(rows.filter(patient_id=patient_id, patient__user=by, status__in=OPEN))
        for row in found:
            row.status, row.outcome, row.version = (
                ConsultationRequest.Status.BOOKED,
                "chose a time online",
                row.version + 1,
            )
            row.save(update_fields=["status", "outcome", "version"])
            close_tasks(row.pk, Kind.REQUEST_CALL_BACK, by=by, outcome="chose a time online")
            record(
                Action.CHANGE,
                "answer a request online",
                by=by,
                subject=row,
                patient_id=patient_id,
                changes={"fields": ["status"]},
            )
    return len(found)


# Invitations to claim a record


def token_hash(token: str) -> str:
    """What the table keeps of a token: its SHA-256, which opens nothing."""
    return hashlib.sha256(token.encode()).hexdigest()


def tokens_of(invitation_id: uuid.UUID) -> list[str]:
    """The 256-bit token of an invitation under the present key and each older one.

    Made from the key and the row's id whenever it is needed, so that neither the table nor the ledger holds it.
    """
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    digests = [salted_hmac(_SALT, str(invitation_id), secret=key, algorithm="sha256").digest() for key in keys]
    return [urlsafe_b64encode(digest).decode().rstrip("=") for digest in digests]


def invite_patient(*, by: User, patient_id: uuid.UUID, request_id: uuid.UUID | None = None) -> Invitation:
    """Invite a patient entered at the desk to claim the record; invitations sent before stop working.

    Raises PermissionDenied unless `by` is front desk or clinician of the patient's site, RecordRefused in words for
    the front desk where the record has an account, no e-mail or no date of birth.
    """
    with (
        transaction.atomic(durable=True),
        once(request_id, user_id=by.pk, intent="invite-patient", asked={"patient": patient_id}) as state,
    ):
        if state.repeated:
            return Invitation.objects.get(pk=state.result["invitation"])
        patient = Patient.objects.select_for_update(of=("self",), no_key=True).get(pk=patient_id)
        if patient.site_id not in by.sites():
            raise PermissionDenied
        if patient.user_id is not None:
            raise RecordRefused("This patient has an account already.")
        if patient.status != Patient.Status.ACTIVE:
            raise RecordRefused("This record is closed. Open it again first.")
        if not patient.email or patient.birth_on is None:
            raise RecordRefused("Enter the patient's e-mail address and date of birth first: both are needed to claim.")
        _end_invitations(patient_id)
        key = uuid.uuid4()
        invitation = Invitation.objects.create(
            id=key,
            email=patient.email,
            patient_id=patient_id,
            token_hash=token_hash(tokens_of(key)[0]),
            expires_at=now() + INVITATION_LASTS,
            made_by=by,
        )
        state.result = {"invitation": str(invitation.pk)}
        owe(
            CLAIM,
            subject=invitation,
            subject_version=1,
            recipient_type=Recipient.PATIENT,
            recipient_id=patient_id,
            due_at=now(),
            site_id=patient.site_id,
        )
        record(Action.CREATE, "invite a patient", by=by, subject=invitation, patient_id=patient_id)
    return invitation


def _end_invitations(patient_id: uuid.UUID) -> None:
    earlier = Invitation.objects.filter(patient_id=patient_id, used_at__isnull=True)
    for key in earlier.values_list("pk", flat=True):
        void(key, why="A newer invitation was sent.")
    earlier.update(used_at=now())


def invitation_of(token: str) -> Invitation | None:
    """The invitation that this token opens now; None for one that is unknown, used or too old."""
    found = Invitation.objects.filter(token_hash=token_hash(token), patient_id__isnull=False, used_at__isnull=True)
    return found.filter(expires_at__gt=now()).first()


def claim_record(*, by: User, token: str, birth_on: date) -> Patient:
    """Connect a record with the account of whoever holds its invitation and knows its date of birth.

    A repeat by the same account returns the record. Raises RecordRefused, in words for the patient; which of token,
    date or record was wrong is not told beyond that. The caller limits how often it is tried.
    """
    with transaction.atomic(durable=True):
        invitation = (
            Invitation.objects.select_for_update(of=("self",))
            .filter(token_hash=token_hash(token), patient_id__isnull=False)
            .first()
        )
        if invitation is None:
            raise RecordRefused(LINK_IS_OLD)
        patient = Patient.objects.select_for_update(of=("self",), no_key=True).get(pk=invitation.patient_id or NOBODY)
        if patient.user_id == by.pk:
            return patient
        if invitation.used_at is not None or invitation.expires_at <= now() or patient.user_id is not None:
            raise RecordRefused(LINK_IS_OLD)
        if Patient.objects.filter(user=by).exists():
            raise RecordRefused(
                "Your account has a record already. Please call us: we bring the two together with you."
            )
        if patient.birth_on != birth_on:
            raise RecordRefused("This is not the date of birth that we have. Look at it once more, or call us.")
        patient.user, patient.version = by, patient.version + 1
        patient.save(update_fields=["user", "version"])
        invitation.used_at = now()
        invitation.save(update_fields=["used_at"])
        RoleGrant.objects.get_or_create(user=by, role=Role.PATIENT, site=None)
        record(
            Action.CHANGE, "claim a record", by=by, subject=patient, patient_id=patient.pk, changes={"fields": ["user"]}
        )
    return patient


LINK_IS_OLD = "This link does not work any more. Please call us: we send you a new one."
