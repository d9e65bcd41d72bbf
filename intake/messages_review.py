"""The message that follows a decision: that there is news in the portal, and nothing else."""

from intake.models import Clearance, Patient
from pacificmind.clock import now
from pacificmind.messaging.models import Channel, Message, Recipient
from pacificmind.messaging.registry import Purpose, Void, Words, register
from pacificmind.messaging.services import owe, void_for

DECISION_READY = "decision-ready"


def owe_news(clearance: Clearance, patient: Patient) -> None:
    """Tell the patient once that there is news; news about an earlier decision that did not leave yet is taken back."""
    void_for(patient.pk, why="A newer decision was signed.", purposes=[DECISION_READY])
    owe(
        DECISION_READY,
        subject=clearance,
        subject_version=1,
        recipient_type=Recipient.PATIENT,
        recipient_id=patient.pk,
        due_at=now(),
        channel=Channel.EMAIL,
        site_id=patient.site_id,
    )


def render(message: Message) -> Words | Void:
    """Neutral words; nothing where a newer decision has taken this one's place or it was withdrawn meanwhile."""
    clearance = Clearance.objects.filter(pk=message.subject_id).first()
    if clearance is None or clearance.withdrawn_at is not None:
        return Void("The decision was withdrawn before the message left.")
    newest = Clearance.objects.filter(patient_id=clearance.patient_id).order_by("-signed_at").first()
    if newest is None or newest.pk != clearance.pk:
        return Void("A newer decision was signed.")
    return Words(
        subject="There is news in your portal",
        context={
            "lines": [
                "A clinician has read what you sent and written to you.",
                "Sign in to read it and to see what happens next.",
            ],
        },
    )


def register_messages() -> None:
    """Make the purpose known; called once, when the app is ready."""
    register(Purpose(DECISION_READY, "News about a decision", render))
