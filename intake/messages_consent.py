"""The message that a document has a new version to sign: that something waits in the portal, and nothing else."""

from intake.models import Clearance, Consent, ConsentDocument, Patient
from pacificmind.clock import now
from pacificmind.messaging.models import Channel, Message, Recipient
from pacificmind.messaging.registry import Purpose, Void, Words, register
from pacificmind.messaging.services import Owed, owe_many

DOCUMENT_TO_SIGN = "document-to-sign"


def owe_documents(document: ConsentDocument, before: ConsentDocument) -> int:
    """Tell those who signed the version before and whose decision is in force: they sign again. How many.

    Nobody whose treatment is over is written to; whoever comes back finds it as their next step.
    """
    moment = now()
    cleared = Clearance.objects.filter(until_on__gte=moment.date(), withdrawn_at__isnull=True).values("patient")
    signed = Consent.objects.filter(document=before, withdrawn_at__isnull=True).values("patient")
    found = list(
        Patient.objects.filter(pk__in=signed, status=Patient.Status.ACTIVE, user__isnull=False).filter(pk__in=cleared)
    )
    return owe_many(
        [
            Owed(
                purpose=DOCUMENT_TO_SIGN,
                subject=patient,
                subject_version=document.pk,  # a document has no random id of its own
                recipient_type=Recipient.PATIENT,
                recipient_id=patient.pk,
                due_at=moment,
                channel=Channel.EMAIL,
                site_id=patient.site_id,
            )
            for patient in found
        ]
    )


def render(message: Message) -> Words | Void:
    """Neutral words, as long as the version is the newest and not signed."""
    document = ConsentDocument.objects.filter(pk=message.subject_version).defer("text").first()
    if document is None:
        return Void("The document is no longer there.")
    if ConsentDocument.objects.filter(kind=document.kind, version__gt=document.version).exists():
        return Void("A newer version was published.")
    if Consent.objects.filter(document=document, patient=message.subject_id, withdrawn_at__isnull=True).exists():
        return Void("It was signed already.")
    return Words(key="document-to-sign", context={"path": "/consents/"})


def register_messages() -> None:
    """Make the purpose known; called once, when the app is ready."""
    register(Purpose(DOCUMENT_TO_SIGN, "A document to read and sign", render))
