"""The messages that follow a review: that there is news in the portal or something to answer, and nothing else."""

from intake.models import BoosterOrder, Clearance, Patient, PatientQuestion, Reevaluation
from intake.queries.reevaluations import looks_in_favour
from pacificmind.clock import now
from pacificmind.messaging.models import Channel, Message, Recipient
from pacificmind.messaging.registry import Purpose, Void, Words, register
from pacificmind.messaging.services import owe, void_for

DECISION_READY = "decision-ready"
NEXT_VISIT_READY = "next-visit-ready"
QUESTION_ASKED = "question-asked"


def owe_news(clearance: Clearance, patient: Patient) -> None:
    """Tell the patient once that there is news; news about an earlier decision that did not leave yet is taken back."""
    void_for(patient.pk, why="A newer decision was signed.", purposes=[DECISION_READY])
    _owe(DECISION_READY, clearance, patient)


def owe_question(question: PatientQuestion, patient: Patient) -> None:
    """Tell the patient that something waits; of several questions asked before it leaves, one message is enough."""
    void_for(patient.pk, why="Another question was asked: one message tells of both.", purposes=[QUESTION_ASKED])
    _owe(QUESTION_ASKED, question, patient)


def owe_next_visit(reevaluation: Reevaluation, patient: Patient) -> None:
    """Tell the patient once that somebody has looked again, and that a time can be found."""
    void_for(patient.pk, why="A newer look takes its place.", purposes=[NEXT_VISIT_READY])
    _owe(NEXT_VISIT_READY, reevaluation, patient)


def _owe(purpose: str, subject: Clearance | PatientQuestion | Reevaluation, patient: Patient) -> None:
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


def render_next_visit(message: Message) -> Words | Void:
    """Neutral words, as long as a time can still be found for it."""
    found = Reevaluation.objects.select_related("order").filter(pk=message.subject_id).first()
    if found is None or found.used_by is not None:
        return Void("A visit is booked on it.")
    if found.order.status != BoosterOrder.Status.OPEN:
        return Void("The plan has ended, or waits.")
    if not looks_in_favour(found.order).exists():
        return Void("A newer look takes its place.")
    return Words(key=NEXT_VISIT_READY, context={"path": "/next-visit/"})


def register_messages() -> None:
    """Make the purposes known; called once, when the app is ready."""
    register(Purpose(DECISION_READY, "News about a decision", render))
    register(Purpose(NEXT_VISIT_READY, "A next visit can be booked", render_next_visit))
    register(Purpose(QUESTION_ASKED, "Something to answer in the portal", render_question))
