"""The message after a decision: neutral words, and nothing that is no longer so."""

import pytest

from intake.messages_review import render
from intake.models import Clearance
from intake.services.clearance import withdraw_clearance
from pacificmind.messaging import compose
from pacificmind.messaging.models import Message
from pacificmind.messaging.registry import Address, Void, Words, get
from tests import cast
from tests.intake.review import people

pytestmark = pytest.mark.django_db
NEVER = ("ketamine", "depress", "infusion", "psych", "ptsd", "clear", "refus", "denied", "decision")


def owed() -> Message:
    return Message.objects.get(status="owed")


def test_it_says_only_that_there_is_news() -> None:
    doctor = cast.prescriber()
    people.sign(doctor, people.answered(cast.patient()), decision="not_cleared", words="Not now.")
    message = owed()
    words = render(message)
    assert isinstance(words, Words)
    mail = compose.mail(message, words, Address(email="a@example.com", phone="", name="Ana"))
    said = f"{mail.subject} {mail.body}".lower()
    assert "news" in said
    assert not [word for word in NEVER if word in said]
    assert get("decision-ready") is not None


def test_a_withdrawn_or_overtaken_decision_is_not_announced() -> None:
    doctor = cast.prescriber()
    intake = people.answered(cast.patient())
    people.sign(doctor, intake)
    first = owed()
    withdraw_clearance(
        by=doctor.user, signed=cast.confirmed(doctor.user), clearance=Clearance.objects.get(), why="Blood pressure"
    )
    assert isinstance(render(first), Void)
    people.sign(doctor, intake)
    assert isinstance(render(owed()), Words)
    assert isinstance(render(first), Void)
