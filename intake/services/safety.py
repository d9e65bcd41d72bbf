"""Raise an alert where an answer needs a person, raise its tier, mark it amended: in the transaction of its cause."""

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F

from intake.domain.library import crisis_words
from intake.domain.paging import FIRST
from intake.models import Answer, Patient, SafetyAlert, SafetyEvent
from intake.queries.safety import unseen
from intake.services.duetimes import end_of_working_day
from intake.services.guards import one_at_a_time
from intake.services.paging import SUBJECT, page
from pacificmind.accounts.models import User
from pacificmind.audit import services as audit
from pacificmind.audit.models import Action
from pacificmind.clinic.models import ClinicSettings
from pacificmind.clock import now
from pacificmind.tasks.models import Kind, Queue, Task
from pacificmind.tasks.services import open_task

Events = SafetyEvent.Kind
WORDS_LENGTH = 20_000  # of words that are kept with an alert: a text may have been refused for its length


def raise_alert(
    *,
    patient: Patient,
    tier: str,
    trigger: str,
    answer: Answer | None = None,
    value: str = "",
    words: str = "",
    by: User | None = None,
) -> SafetyAlert:
    """Store an alert with its owner's queue and clock, and owe the pages, in the caller's transaction.

    An open alert about the same answer that says as much or more is left as it is: a double click raises one.
    `words` are what was written, where they are kept nowhere else for whoever takes the alert to read.
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
        words=words[:WORDS_LENGTH],
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
    note(alert, Events.RAISED, by=by, trigger=trigger, value=value)
    page(alert, FIRST, moment)
    audit.record(Action.CREATE, "raise-safety-alert", by=by, subject=alert, patient_id=patient.pk)
    return alert


NOT_SENT = "not sent"  # where words stood that are kept nowhere but with their alert
ANOTHERS = "another page"  # the same of a page that was made for somebody else than who was signed in
LEFT_OPEN = "page left open"  # and for whom it was made


def read_words(
    *, by: User | None, patient: Patient, texts: Iterable[str], source: str = NOT_SENT
) -> SafetyAlert | None:
    """Words of crisis on a page that could not be stored, or that is no answer: evaluated all the same (CLINICAL 4.1).

    The alert keeps the words, since nothing else does. The same once more while it is open raises no other, nor does a
    text that only goes on where it was saved while it was typed, until somebody has taken the alert: they have not read
    what came after.
    """
    words = " / ".join(text.strip() for text in texts if crisis_words(text))
    return _kept_with(by, patient, words, source, SafetyAlert.Tier.URGENT_1) if words else None


def hear_somebody(
    *, by: User, signed_in: Patient, opened_by: Patient | None, words: str, tier: str = SafetyAlert.Tier.URGENT_1
) -> None:
    """What needs a person came from a page of another account: nobody knows who said it, so it is no answer of either.

    It is an alert for each of the two, which says so. `opened_by`: whom the page was made for, where that is known.
    """
    meant = {signed_in.pk: (signed_in, ANOTHERS)}
    if opened_by is not None and opened_by.closed_why != Patient.Closed.DIED:
        meant[opened_by.pk] = (opened_by, LEFT_OPEN)
    with transaction.atomic():
        for _, (patient, source) in sorted(meant.items()):
            _kept_with(by, patient, words, source, tier)


def _kept_with(by: User | None, patient: Patient, words: str, source: str, tier: str) -> SafetyAlert:
    """The open alert that says these words already, or a new one that keeps them."""
    words = words[:WORDS_LENGTH]
    with transaction.atomic():
        one_at_a_time(patient.pk)
        known = SafetyAlert.objects.open().filter(patient=patient, trigger=SafetyAlert.Trigger.WORDS, value=source)
        same = next((one for one in known if _says(one, words) and one.tier >= tier), None)
        return same or raise_alert(
            patient=patient, tier=tier, trigger=SafetyAlert.Trigger.WORDS, value=source, words=words, by=by
        )


def _says(alert: SafetyAlert, words: str) -> bool:
    return alert.words.startswith(words) or (alert.waits and words.startswith(alert.words))


def raise_tier(
    alert: SafetyAlert, tier: str, *, trigger: str, value: str = "", by: User | None = None
) -> SafetyAlert | None:
    """Make an open alert more urgent: its clock and its pages begin anew, who has it keeps it and is paged too.

    The alert as it stands, also where it was as urgent already; None where it was closed meanwhile.
    """
    row = SafetyAlert.objects.select_for_update(of=("self",)).select_related("owner", "patient__site").get(pk=alert.pk)
    if row.closed_at is not None:
        return None
    if tier <= row.tier:
        return row
    moment = now()
    row.tier, row.tier_raised_at = tier, moment
    begin_anew(row, moment, ["tier", "tier_raised_at"])
    note(row, Events.TIER, by=by, trigger=trigger, value=value)
    page(row, FIRST, moment)
    audit.record(
        Action.CHANGE, "raise-tier", by=by, subject=row, patient_id=row.patient_id, changes={"fields": ["tier"]}
    )
    return row


def begin_anew(row: SafetyAlert, moment: datetime, changed: list[str]) -> None:
    """Save what changed of a locked alert, and let its clock and its steps run from this moment: a round of its own."""
    row.step, row.round = FIRST, row.round + 1
    row.acknowledge_by = acknowledge_by(row.tier, moment, row.patient)
    row.save(update_fields=[*changed, "step", "round", "acknowledge_by"])
    tasks = Task.objects.filter(kind=Kind.SAFETY_ALERT, subject_id=row.pk, done_at__isnull=True)
    tasks.update(due_at=row.acknowledge_by, owner=row.owner_id)


def acknowledge_by(tier: str, moment: datetime, patient: Patient) -> datetime:
    """URGENT-2 within the clinic's minutes, URGENT-1 by the end of the working day at the patient's site."""
    if tier == SafetyAlert.Tier.URGENT_2:
        return moment + timedelta(minutes=ClinicSettings.current().alert_ack_minutes)
    return end_of_working_day(moment, patient.site.tz)


def ask_today(patient: Patient, *, subject_type: str = "", subject_id: uuid.UUID | None = None) -> None:
    """A task for the clinicians of the site, the same business day: a question was left open (CLINICAL 4.1, REVIEW).

    `subject_type` and `subject_id` point at what they read first, such as an earlier assessment; else the patient.
    """
    open_task(
        Kind.SAFETY_REVIEW,
        subject_type=subject_type or "intake.patient",
        subject_id=subject_id or patient.pk,
        queue=Queue.CLINICIANS,
        due_at=end_of_working_day(now(), patient.site.tz),
        site_id=patient.site_id,
        patient_id=patient.pk,
    )


def amend(answer: Answer, *, by: User | None = None) -> int:
    """Mark the open alerts about an answer that was changed. They stay open: a person decides. How many."""
    return mark_amended(list(SafetyAlert.objects.open().filter(answer=answer, amended=False)), by=by)


def mark_amended(alerts: list[SafetyAlert], *, by: User | None = None) -> int:
    """The same for alerts that are known. One that was closed stays as it was: the answer is kept all the same."""
    marked = [one for one in alerts if SafetyAlert.objects.open().filter(pk=one.pk, amended=False).update(amended=True)]
    for alert in marked:
        alert.amended = True
        note(alert, Events.AMENDED, by=by)
    return len(marked)


def crisis_seen(*, by: User | None, patient: Patient) -> int:
    """The patient goes on from the crisis page: it has been seen for the alerts it spoke of. How many.

    `by` is None for who proved themselves at a link.
    """
    if by is not None and patient.user_id != by.pk:
        raise PermissionDenied
    with transaction.atomic(durable=True):
        one_at_a_time(patient.pk)
        seen = unseen(patient).update(seen_tier=F("tier"), seen_at=now())
        if seen:
            audit.record(Action.CHANGE, "crisis-page-seen", by=by, patient_id=patient.pk)
    return seen


def note(
    alert: SafetyAlert,
    kind: SafetyEvent.Kind,
    *,
    by: User | None = None,
    trigger: str = "",
    value: str = "",
    words: str = "",
) -> None:
    """Add to what happened to an alert."""
    SafetyEvent.objects.create(
        alert=alert, kind=kind, by=by, tier=alert.tier, trigger=trigger, value=value[:20], words=words[:400]
    )


def _same(answer: Answer, value: str) -> SafetyAlert | None:
    open_ones = SafetyAlert.objects.open().filter(answer=answer)
    return next((alert for alert in open_ones if alert.value >= value), None)
