"""The messages that follow a review: that there is news in the portal or something to answer, and nothing else."""

from intake.models import Clearance, Patient, PatientQuestion
from pacificmind.clock import now
from pacificmind.messaging.models import Channel, Message, Recipient
from pacificmind.messaging.registry import Purpose, Void, Words, register
from pacificmind.messaging.services import owe, void_for

DECISION_READY = "decision-ready"
QUESTION_ASKED = "question-asked"


def owe_news(clearance: Clearance, patient: Patient) -> None:
    """Tell the patient once that there is news; news about an earlier decision that did not leave yet is taken back."""
    void_for(patient.pk, why="A newer decision was signed.", purposes=[DECISION_READY])
    _owe(DECISION_READY, clearance, patient)


def owe_question(question: PatientQuestion, patient: Patient) -> None:
    """Tell the patient that something waits; of several questions asked before it leaves, one message is enough."""
    void_for(patient.pk, why="Another question was asked: one message tells of both.", purposes=[QUESTION_ASKED])
    _owe(QUESTION_ASKED, question, patient)


def _owe(purpose: str, subject: Clearance | PatientQuestion, patient: Patient) -> None:
    owe(
        purpose,
        subject=subject,
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
    return Words(key="decision-ready")


def render_question(message: Message) -> Words | Void:
    """Neutral words, as long as something waits for an answer."""
    question = PatientQuestion.objects.filter(pk=message.subject_id).only("patient_id").first()
    if question is None:
        return Void("The question is no longer there.")
    waits = PatientQuestion.objects.filter(
        patient_id=question.patient_id, answered_at__isnull=True, taken_back_at__isnull=True
    )
    if not waits.exists():
        return Void("It was answered, or is no longer asked.")
    return Words(key="question-asked", context={"path": "/questions/"})


def register_messages() -> None:
    """Make the purposes known; called once, when the app is ready."""
    register(Purpose(DECISION_READY, "News about a decision", render))
    register(Purpose(QUESTION_ASKED, "Something to answer in the portal", render_question))
