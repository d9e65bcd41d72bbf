"""Raise an alert where an answer needs a person, page the clinicians, and page again while nobody has taken it."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction

from intake.models import Answer, Patient, SafetyAlert
from intake.services.duetimes import end_of_working_day
from pacificmind.accounts.models import Clinician, Role, RoleGrant, User
from pacificmind.audit import services as audit
from pacificmind.audit.models import Action
from pacificmind.clinic.models import ClinicSettings
from pacificmind.clock import now
from pacificmind.messaging.models import Recipient
from pacificmind.messaging.registry import SAFETY_PAGE
from pacificmind.messaging.services import Owed, owe_many
from pacificmind.tasks.models import Kind, Queue
from pacificmind.tasks.services import open_task

SUBJECT = "intake.safetyalert"
FIRST_PAGE = 1  # a message's subject_version is the step of its page
ESCALATE_AFTER = (timedelta(minutes=5), timedelta(minutes=10), timedelta(minutes=15))  # URGENT-2, CLINICAL 4.2
EVERY_SITE_FROM = 3  # the second escalation and later ones go to the prescribers of every site


def raise_alert(
    *,
    patient: Patient,
    tier: str,
    trigger: str,
    answer: Answer | None = None,
    value: str = "",
    by: User | None = None,
) -> SafetyAlert:
    """Store an alert with its owner's queue and clock, and owe the pages, in the caller's transaction.

    An open alert about the same answer that says as much or more is left as it is: a double click raises one.
    Nothing here waits for a lock on the patient that a booking may hold.
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("an alert is raised in the transaction of its cause")
    if answer is not None and (known := _same(answer, value)):
        return known
    moment = now()
    alert = SafetyAlert.objects.create(
        patient=patient,
        site_id=patient.site_id,
        tier=tier,
        trigger=trigger,
        answer=answer,
        value=value,
        raised_at=moment,
        acknowledge_by=acknowledge_by(tier, moment, patient),
    )
    open_task(
        Kind.SAFETY_ALERT,
        subject_type=SUBJECT,
        subject_id=alert.pk,
        queue=Queue.CLINICIANS,
        due_at=alert.acknowledge_by,
        site_id=alert.site_id,
        patient_id=patient.pk,
    )
    page(alert, FIRST_PAGE, moment)
    audit.record(Action.CREATE, "raise-safety-alert", by=by, subject=alert, patient_id=patient.pk)
    return alert


def acknowledge_by(tier: str, moment: datetime, patient: Patient) -> datetime:
    """URGENT-2 within the clinic's minutes, URGENT-1 by the end of the working day at the patient's site."""
    if tier == SafetyAlert.Tier.URGENT_2:
        return moment + timedelta(minutes=ClinicSettings.current().alert_ack_minutes)
    return end_of_working_day(moment, patient.site.tz)


def amend(answer: Answer) -> int:
    """Mark the open alerts about an answer that was changed. They stay open: a person decides. How many."""
    return SafetyAlert.objects.filter(answer=answer, closed_at__isnull=True, amended=False).update(amended=True)


def page(alert: SafetyAlert, step: int, moment: datetime) -> int:
    """Owe a page to each prescriber of the site, later ones to those of every site; how many are new."""
    people = on_call(alert.site_id if step < EVERY_SITE_FROM else None)
    if not people and step < EVERY_SITE_FROM:
        people = on_call(None)
        open_task(
            Kind.ON_CALL_GAP,
            subject_type=SUBJECT,
            subject_id=alert.pk,
            queue=Queue.MANAGERS,
            due_at=moment,
            site_id=alert.site_id,
        )
    return owe_many([_owed(alert, step, moment, person) for person in people])


def on_call(site_id: str | None) -> list[User]:
    """Who is paged: the prescribers of a site, or of all sites."""
    grants = RoleGrant.objects.filter(role=Role.CLINICIAN, user__is_active=True)
    if site_id is not None:
        grants = grants.filter(site_id=site_id)
    prescribers = Clinician.objects.filter(is_prescriber=True).values("user_id")
    return list(User.objects.filter(pk__in=grants.values("user_id")).filter(pk__in=prescribers).order_by("pk"))


def escalate_pages() -> int:
    """Page again for every alert that nobody has taken in time; how many pages are new. Safe to run at any time."""
    moment = now()
    waiting = SafetyAlert.objects.filter(acknowledged_at__isnull=True, closed_at__isnull=True, raised_at__lt=moment)
    pages = 0
    for alert in waiting.order_by("raised_at"):
        for step in steps_due(alert, moment):
            with transaction.atomic():
                pages += page(alert, step, moment)
    return pages


def steps_due(alert: SafetyAlert, moment: datetime) -> Iterable[int]:
    """The escalation steps (2 and up) whose time has come: three for URGENT-2, one for URGENT-1."""
    if alert.tier == SafetyAlert.Tier.URGENT_2:
        return [step for step, after in enumerate(ESCALATE_AFTER, FIRST_PAGE + 1) if moment >= alert.raised_at + after]
    return [FIRST_PAGE + 1] if moment >= alert.acknowledge_by else []


def _same(answer: Answer, value: str) -> SafetyAlert | None:
    open_ones = SafetyAlert.objects.filter(answer=answer, closed_at__isnull=True)
    return next((alert for alert in open_ones if alert.value >= value), None)


def _owed(alert: SafetyAlert, step: int, moment: datetime, person: User) -> Owed:
    return Owed(
        purpose=SAFETY_PAGE,
        subject=alert,
        subject_version=step,
        recipient_type=Recipient.USER,
        recipient_id=person.pk,
        due_at=moment,
        site_id=alert.site_id,
    )
