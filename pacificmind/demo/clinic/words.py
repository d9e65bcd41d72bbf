"""What the clinic says in its own words, and somebody who would rather read Spanish."""

from dataclasses import replace
from datetime import time

from intake.models import Patient
from intake.services import own_record
from pacificmind.accounts.models import User
from pacificmind.demo.clinic import staff
from pacificmind.demo.clinic.steps import Clinic, owner
from pacificmind.demo.clinic.walk import at
from pacificmind.messaging import wording
from pacificmind.messaging.catalogue import shipped


def tell(clinic: Clinic) -> None:
    """The manager words a cancellation more warmly, twice; a patient chooses Spanish."""
    words = shipped("visit-cancelled", "en")
    again = "You can choose another time in your portal, or call us."
    warmer = ("We are sorry that it does not work out. " + again, "If you like, " + again[0].lower() + again[1:])
    for version, (back, said) in enumerate(zip((6, 3), warmer, strict=True)):
        with at(clinic.back(back, time(16))):
            mail = words.mail.replace(again, said)
            wording.keep(replace(words, mail=mail), by=User.objects.get(email=staff.MANAGER), after=version)
    patient = Patient.objects.select_related("user").get(email="victor.alvarez@example.com")
    with at(clinic.back(1, time(18))):
        own_record.change_contact(
            by=owner(patient),
            phone=str(patient.phone),
            language="es",
            channels=own_record.Channels(email=True, sms=False),
        )
