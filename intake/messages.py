"""What intake writes to people: pages to clinicians. No patient, no answer, no diagnosis: the portal says the rest."""

from intake.domain.paging import FIRST, RAISED
from intake.models import SafetyAlert
from pacificmind.messaging.models import Message
from pacificmind.messaging.registry import SAFETY_PAGE, Purpose, Void, Words, register

PATH = "/"  # the start page leads each member of staff to their own board
NEW = ["There is a new safety alert. Please open the portal and take it."]
AGAIN = ["A safety alert is still waiting for somebody. Please open the portal and take it now."]


def safety_page(message: Message) -> Words | Void:
    """The page, as long as the alert waits for somebody to take it."""
    alert = (
        SafetyAlert.objects.filter(pk=message.subject_id)
        .only("acknowledged_at", "closed_at", "raised_at", "tier_raised_at")
        .first()
    )
    if alert is None:
        return Void("The alert is no longer there.")
    if not alert.waits:
        return Void("Somebody has taken the alert.")
    return Words(
        subject="Safety alert - open the portal",
        context={"lines": AGAIN if message.subject_version % RAISED > FIRST else NEW, "path": PATH},
        template="staff",
    )


def register_messages() -> None:
    """Tell the ledger; called once, when the app is ready."""
    register(Purpose(name=SAFETY_PAGE, label="Page to staff", render=safety_page, to_patients=False))
