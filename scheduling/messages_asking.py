"""The words of what we ask for: check-ins, a talk, what is missing before a visit. Neutral: no drug, no diagnosis."""

from django.urls import reverse

from intake.models import Inquiry, Patient
from intake.queries import standing
from intake.services import inquiries
from pacificmind.clock import now
from pacificmind.messaging import registry
from pacificmind.messaging.models import Message
from pacificmind.messaging.registry import Purpose, Void, Words
from scheduling.models import Appointment, Status
from scheduling.services import checkins, watch_owed

COMING = (Status.HELD, Status.BOOKED)


def check_in(message: Message) -> Words | Void:
    """How are you, with the link to the questions."""
    row = Inquiry.objects.select_related("patient").filter(pk=message.subject_id).first()
    if row is None or row.ended_at is not None:
        return Void(row.ended_why if row is not None else "There is nothing to ask any more.")
    if row.sent_at is not None:
        return Void("They have answered already.")
    if row.patient.status != Patient.Status.ACTIVE:
        return Void("The record is closed.")
    if row.expires_at <= now():
        return Void("It is too late for this one; the next one follows.")
    token = inquiries.token_of(row)
    if token is None:
        return Void("The server's key was changed since.")
    return Words(key="check-in", context={"path": reverse("inquiry", args=[token])})


def talk(message: Message) -> Words | Void:
    """After answers that a clinician would like to talk about: kind, and never an offer."""
    row = Inquiry.objects.filter(pk=message.subject_id).first()
    if row is None or not checkins.talk_is_open(row.patient_id):
        return Void("A clinician has talked with them.")
    return Words(key="talk-with-us", context={"path": "/home/"})


def papers(message: Message) -> Words | Void:
    """Something has to be read and signed before a visit."""
    visit = _coming(message)
    if isinstance(visit, Void):
        return visit
    if standing.consent_signed(visit.patient_id):
        return Void("It is signed.")
    return Words(key="papers", context={"path": "/consents/"})


def missing(message: Message) -> Words | Void:
    """We still wait for something that was agreed on; what it is, the portal says."""
    visit = _coming(message)
    if isinstance(visit, Void):
        return visit
    decision = standing.latest_decision(visit.patient_id)
    if decision is None or not standing.conditions_open(decision):
        return Void("Nothing is missing any more.")
    return Words(key="missing", context={"path": "/home/"})


def _coming(message: Message) -> Appointment | Void:
    visit = Appointment.objects.filter(pk=message.subject_id).first()
    if visit is None or visit.status not in COMING or visit.starts_at <= now():
        return Void("The visit is no longer to come.")
    return visit


def register() -> None:
    """Make the purposes known."""
    for purpose, label, render in [
        (checkins.CHECK_IN, "Check-in", check_in),
        (checkins.TALK, "Please call us", talk),
        (watch_owed.PAPERS, "Something to sign", papers),
        (watch_owed.PAPERS_AGAIN, "Something to sign, once more", papers),
        (watch_owed.MISSING, "Something is missing before a visit", missing),
    ]:
        registry.register(Purpose(purpose, label, render, clinical=purpose == checkins.TALK))
