"""What intake writes to people: pages to clinicians. No patient, no answer, no diagnosis: the portal says the rest."""

from datetime import timedelta

from intake.domain.paging import FIRST, ROUND
from intake.models import Intake, Patient, SafetyAlert
from intake.queries.intake import last_saved_at
from intake.services import friendly
from intake.services.unfinished import UNFINISHED
from pacificmind.clinic.models import ClinicSettings
from pacificmind.clock import now
from pacificmind.messaging.models import Message
from pacificmind.messaging.registry import SAFETY_PAGE, Purpose, Void, Words, register

PATH = "/"  # the start page leads each member of staff to their own board
NEW = ["There is a new safety alert. Please open the portal and take it."]
AGAIN = ["A safety alert is still waiting for somebody. Please open the portal and take it now."]


def safety_page(message: Message) -> Words | Void:
    """The page, as long as the alert waits for somebody to take it."""
    alert = (
        SafetyAlert.objects.filter(pk=message.subject_id)
        .only("acknowledged_at", "closed_at", "raised_at", "tier_raised_at", "released_at")
        .first()
    )
    if alert is None:
        return Void("The alert is no longer there.")
    if not alert.waits:
        return Void("Somebody has taken the alert.")
    return Words(
        subject="Safety alert - open the portal",
        context={"lines": AGAIN if message.subject_version % ROUND > FIRST else NEW, "path": PATH},
        template="staff",
    )


def unfinished(message: Message) -> Words | Void:
    """Questions that were begun wait to be finished; not while somebody is at them again."""
    intake = Intake.objects.select_related("patient").filter(pk=message.subject_id).first()
    if intake is None or intake.submitted_at is not None:
        return Void("They have sent their answers.")
    if intake.patient.status != Patient.Status.ACTIVE:
        return Void("The record is closed.")
    days = ClinicSettings.current().unfinished_after_days
    if (last_saved_at(intake) or intake.started_at) > now() - timedelta(days=days) + timedelta(hours=12):
        return Void("They have gone on with it since.")
    return Words(key="unfinished", context={"path": "/intake/"})


def friendly_note(message: Message) -> Words | Void:
    """A short hello that asks for nothing, while nothing speaks against it."""
    alert = SafetyAlert.objects.select_related("patient", "site").filter(pk=message.subject_id).first()
    why = friendly.why_not(alert, message.due_at) if alert is not None else friendly.NO_MORE
    return Void(why) if why else Words(key=friendly.NOTE)


def register_messages() -> None:
    """Tell the ledger; called once, when the app is ready."""
    register(Purpose(name=SAFETY_PAGE, label="Page to staff", render=safety_page, to_patients=False))
    register(Purpose(name=friendly.NOTE, label="A friendly note", render=friendly_note, clinical=True))
    register(Purpose(name=UNFINISHED, label="Unfinished answers", render=unfinished))
