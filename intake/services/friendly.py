"""Friendly contacts after an alert was closed: short notes that ask for nothing, on days of the clinic's setting.

Caring contacts (CLINICAL 4.2, point 7). Never before a person has closed the alert. They end with a newer alert, a
closed record, the patient's own wish, or a clinician's word. Whoever no mail reaches gets a call.
"""

import uuid
from datetime import UTC, datetime, time, timedelta
from functools import partial

from django.db import transaction

from intake.models import Patient, SafetyAlert, SafetyEvent
from intake.recipients import patient_address
from intake.services.each import each
from pacificmind.clinic.models import ClinicSettings, FriendlyBy
from pacificmind.clock import now
from pacificmind.messaging.kinds import FRIENDLY
from pacificmind.messaging.models import Message, Recipient, Status
from pacificmind.messaging.services import Owed, owe_many, void
from pacificmind.messaging.topics import ended_of
from pacificmind.tasks.models import Kind, Queue, Task
from pacificmind.tasks.services import close_tasks, open_task

NOTE = "friendly-note"
SUBJECT = "intake.safetyalert"
HOUR = time(10)  # local wall clock: a decent hour
CATCH_UP = timedelta(days=3)  # a note that is later than this is left out: the next one follows
NO_MORE = "It is not needed any more."  # the front desk reads this: it says nothing of an alert
LATE = "It is too late for this one; the next one follows."
NEWER = "A newer one counts now."


def plan(alert: SafetyAlert) -> int:
    """An alert was closed: owe the notes of the clinic's days, in the same transaction; how many. Older ones end."""
    for key in (
        SafetyAlert.objects.filter(patient_id=alert.patient_id).exclude(pk=alert.pk).values_list("pk", flat=True)
    ):
        stop(key, why=NEWER)
    settings = ClinicSettings.current()
    if settings.friendly_by != FriendlyBy.MESSAGE:
        return 0
    return owe_many(
        [
            Owed(NOTE, alert, day, Recipient.PATIENT, alert.patient_id, at(alert, day), site_id=alert.site_id)
            for day in sorted(set(settings.friendly_days))
        ]
    )


def stop(alert_id: uuid.UUID, *, why: str = NO_MORE) -> None:
    """No further contact after this alert, in the caller's transaction."""
    void(alert_id, why=why, purposes=[NOTE])
    close_tasks(alert_id, Kind.FRIENDLY_CALL, by=None, outcome="no longer")


def at(alert: SafetyAlert, days: int) -> datetime:
    """When a contact is made: so many days after the alert was closed, at a decent hour of the site's wall clock."""
    closed = alert.closed_at or now()
    on = closed.astimezone(alert.site.tz).date() + timedelta(days=days)
    return datetime.combine(on, HOUR, tzinfo=alert.site.tz).astimezone(UTC)


def why_not(alert: SafetyAlert, due_at: datetime) -> str:
    """Why a contact is not made now, in words that the front desk may read; empty where it is."""
    return NO_MORE if _ended(alert) else LATE if due_at < now() - CATCH_UP else ""


def _ended(alert: SafetyAlert) -> bool:
    if alert.closed_at is None or alert.patient.status != Patient.Status.ACTIVE:
        return True
    if SafetyAlert.objects.open().filter(patient_id=alert.patient_id).exists():
        return True
    return alert.events.filter(kind=SafetyEvent.Kind.CONTACTS_END).exists() or FRIENDLY in ended_of(alert.patient_id)


def calls() -> int:
    """Open the tasks of calls whose day has come, and close those that are not needed any more; how many are open new.

    A call takes the place of a note where the clinic calls, and where no mail reaches the patient.
    """
    days = ClinicSettings.current().friendly_days
    if not days:
        return 0
    since = now() - timedelta(days=max(days) + 1) - CATCH_UP
    newest = SafetyAlert.objects.filter(closed_at__gt=since).order_by("patient_id", "-closed_at")
    keys = newest.distinct("patient_id").values_list("pk", flat=True)
    return each(list(keys), partial(_call, days=days), sweep="friendly calls")


def _call(pk: uuid.UUID, *, days: list[int]) -> int:
    alert = SafetyAlert.objects.select_related("patient", "site").get(pk=pk)
    due = max((when for day in days if (when := at(alert, day)) <= now()), default=None)
    if due is None:
        return 0
    with transaction.atomic():
        calls = Task.objects.filter(kind=Kind.FRIENDLY_CALL, subject_id=pk)
        if why := why_not(alert, due):
            if why != LATE:  # a call that is open already stays: a weekend is as long as that
                close_tasks(pk, Kind.FRIENDLY_CALL, by=None, outcome="no longer")
            return 0
        if calls.filter(opened_at__gte=due).exists() or _is_written(alert, due):
            return 0
        open_task(
            Kind.FRIENDLY_CALL,
            subject_type=SUBJECT,
            subject_id=pk,
            queue=Queue.CLINICIANS,
            due_at=now() + timedelta(days=1),
            site_id=alert.site_id,
            patient_id=alert.patient_id,
        )
    return 1


def _is_written(alert: SafetyAlert, due: datetime) -> bool:
    """Whether a note of that day has left, or will."""
    notes = Message.objects.filter(purpose=NOTE, subject_id=alert.pk, due_at=due)
    if notes.filter(status__in=(Status.SENT, Status.SENDING)).exists():
        return True
    address = patient_address(alert.patient_id)
    reached = address is not None and bool(address.email) and address.may_email
    return reached and notes.filter(status=Status.OWED).exists()
