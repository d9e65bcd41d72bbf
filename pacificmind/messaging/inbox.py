"""Letters: words that stay in the portal. The mail about one says only that something waits."""

import uuid

from django.db import transaction
from django.db.models import Model
from django.urls import reverse

from pacificmind.accounts.models import User
from pacificmind.audit.models import Action
from pacificmind.audit.services import record, viewed
from pacificmind.clock import now
from pacificmind.messaging.models import Letter, Message, Recipient
from pacificmind.messaging.queries import unread
from pacificmind.messaging.registry import Purpose, Void, Words, register
from pacificmind.messaging.services import Owed, owe_many

WAITS = "letter-waits"
LOOKED = "patient-letter"  # what the record calls a patient's look at a letter of theirs


def write_to_inbox(
    *,
    patient_id: uuid.UUID,
    kind: str,
    subject: Model,
    title: str,
    body: str,
    by: User | None,
    subject_version: int = 1,
    site_id: str | None = None,
    path: str = "",
    link_label: str = "",
    tell: bool = True,
) -> Letter:
    """Write to a patient within the portal, in the caller's transaction, and owe the mail that says so (`tell`).

    `kind` is a short name of why ("ask-for-more"), `subject` and its version what it is about: for these a letter is
    written once, and a second call returns the first. `body` is plain text with blank lines between paragraphs and
    may carry detail; `path` leads to a page of the portal ("/intake/"). Recorded as a change of the patient's data.
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("a letter is written in the transaction of its cause")
    letter, new = Letter.objects.get_or_create(
        patient_id=patient_id,
        kind=kind,
        about_id=subject.pk,
        about_version=subject_version,
        defaults={
            "about_type": subject._meta.label_lower,
            "title": title,
            "body": body,
            "path": path,
            "link_label": link_label,
            "written_by": by,
            "site_id": site_id,
            "made_at": now(),
        },
    )
    if not new:
        return letter
    record(Action.CREATE, "write to a patient", by=by, subject=letter, patient_id=patient_id, changes={"kind": kind})
    if tell:
        owe_many([Owed(WAITS, letter, 1, Recipient.PATIENT, patient_id, now(), site_id=site_id)])
    return letter


def opened(letter: Letter, *, by: User) -> None:
    """The patient looks at a letter: the record of it is also what makes the letter read."""
    viewed(LOOKED, by=by, subject=letter, patient_id=letter.patient_id)


def _waits(message: Message) -> Words | Void:
    """That something waits: neither what nor from whom."""
    letter = Letter.objects.filter(pk=message.subject_id).first()
    if letter is None:
        return Void("The message in the portal is no longer there.")
    if not unread([letter]):
        return Void("They have read it already.")
    return Words(key="letter-waits", context={"path": reverse("patient-letter", args=[letter.pk])})


def register_messages() -> None:
    """Tell the ledger; called once, when the app is ready."""
    register(Purpose(WAITS, "Message in the portal", _waits))
