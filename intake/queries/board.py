"""The safety board: open alerts and follow-ups of a clinician's sites."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, IntegerField, QuerySet, Value, When

from intake.domain.library import instrument
from intake.models import Answer, SafetyAlert
from intake.queries.reading import in_words
from intake.sections import CONTACT, all_items
from pacificmind.accounts.models import Role, User
from pacificmind.tasks.models import Kind, Task

FOLLOW_UP = Kind.SAFETY_FOLLOW_UP


def alerts_of(by: User) -> QuerySet[SafetyAlert]:
    """Every alert of the clinician's sites, with patient, site, owner, and the answer behind it."""
    return SafetyAlert.objects.filter(site__in=by.sites(Role.CLINICIAN)).select_related(
        "patient__site", "site", "owner", "closed_by", "answer"
    )


def open_alerts(by: User) -> QuerySet[SafetyAlert]:
    """Open alerts: highest tier first, those that nobody has before the others, then the oldest."""
    unowned_first = Case(When(owner__isnull=True, then=Value(0)), default=Value(1), output_field=IntegerField())
    return alerts_of(by).filter(closed_at__isnull=True).order_by("-tier", unowned_first, "raised_at", "pk")


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A follow-up that is owed after a closed alert."""

    alert: SafetyAlert
    due_at: datetime


def follow_ups(by: User) -> list[FollowUp]:
    """Follow-ups not recorded yet, the next one due first."""
    closed = alerts_of(by).filter(closed_at__isnull=False)
    tasks = Task.objects.filter(
        kind=FOLLOW_UP, done_at__isnull=True, site__in=by.sites(Role.CLINICIAN), subject_id__in=closed.values("pk")
    ).order_by("due_at")
    due = {task.subject_id: task.due_at for task in tasks}
    rows = {alert.pk: alert for alert in closed.filter(pk__in=due)}
    return [FollowUp(rows[pk], due_at) for pk, due_at in due.items() if pk in rows]


def pulse(by: User) -> str:
    """A mark that changes when an open alert comes, goes or changes hands. Says nothing else."""
    rows = open_alerts(by).values_list("pk", "owner_id")
    return hashlib.sha256("|".join(f"{pk}{owner}" for pk, owner in rows).encode()).hexdigest()[:16]


def what_was_answered(alert: SafetyAlert) -> str:
    """The patient's own answer in words, as it was when the alert was raised: "Several days (1)"."""
    if alert.trigger == SafetyAlert.Trigger.PHQ9_ITEM_9:
        item = instrument("PHQ-9").scored_items[8]
        return next((f"{o.text} ({o.value})" for o in item.options if str(o.value) == alert.value), alert.value)
    return alert.value or (in_words(None, alert.answer.value) if alert.answer else "")


def question_behind(alert: SafetyAlert) -> str:
    """The question that was answered, in its fixed wording; empty where there is none."""
    if alert.trigger == SafetyAlert.Trigger.PHQ9_ITEM_9:
        return instrument("PHQ-9").scored_items[8].text
    item = alert.answer.item if alert.answer else ""
    if alert.trigger == SafetyAlert.Trigger.ASQ:
        return next((q.text for q in instrument("ASQ").items if str(q.number) == item.rpartition(".")[2]), "")
    return next((question.label for question in all_items() if question.id == item), "")


@dataclass(frozen=True, slots=True)
class Contact:
    """How to reach the patient now: what they said when they answered, and what is on record."""

    place: str
    call_back: str
    emergency_name: str
    emergency_phone: str
    phone: str


def contact(alert: SafetyAlert) -> Contact:
    """Where the patient said they were and which number to call, from the newest intake; else from the record."""
    said = {
        row.item: str(row.value or "")
        for row in Answer.objects.filter(intake__patient=alert.patient, section=CONTACT).order_by("intake__number")
    }
    patient = alert.patient
    return Contact(
        place=said.get("contact.place", ""),
        call_back=said.get("contact.phone", ""),
        emergency_name=said.get("contact.emergency_name") or patient.emergency_name,
        emergency_phone=said.get("contact.emergency_phone") or str(patient.emergency_phone or ""),
        phone=str(patient.phone or ""),
    )
