"""What was written to and fro: a message to read in the portal, a text that needs a call."""

from django.db import transaction

from intake.models import Patient
from pacificmind.clock import now
from pacificmind.demo.clinic.steps import Clinic
from pacificmind.demo.clinic.supply import LA
from pacificmind.demo.clinic.walk import at
from pacificmind.messaging import inbound
from pacificmind.messaging.inbox import write_to_inbox

_TITLE = "Before your next visit"
_BODY = (
    "Dear Nadia,\n\nthank you for telling us about the new tablet. Please bring its box along, so that we can read "
    "what is in it.\n\nNothing else changes: come as planned, and bring who takes you home."
)


def tell(clinic: Clinic) -> None:
    """One message to read, one text to call about."""
    nadia = Patient.objects.get(family_name="Rahman")
    with at(now()), transaction.atomic():
        write_to_inbox(
            patient_id=nadia.pk,
            kind="note",
            subject=nadia,
            title=_TITLE,
            body=_BODY,
            by=clinic.prescriber(LA),
            site_id=LA,
            path="/your-visits/",
            link_label="See your visits",
        )
    amy = Patient.objects.get(family_name="Collins")
    inbound.receive(reference="demo-1", phone=str(amy.phone), text="Traffic is bad, I may be ten minutes late")
