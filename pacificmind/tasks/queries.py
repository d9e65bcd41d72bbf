"""What a person must do: the queues of whoever looks."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.urls import reverse

from pacificmind.accounts.models import PRESCRIBER, Role, User
from pacificmind.clock import now
from pacificmind.messaging.registry import names_of
from pacificmind.tasks.models import Kind, Queue, Task
from pacificmind.ui.nav import resolve

ZONE = "America/Los_Angeles"  # for tasks of no site
# Where the work of a kind is done: finishing it there closes the task.
OWN_PAGE = {
    Kind.REQUEST_CALL_BACK: "desk-inbox",
    Kind.REQUEST_IN_CRISIS: "desk-inbox",
    Kind.SAFETY_ALERT: "safety-board",
    Kind.INTAKE_REVIEW: "review-queue",
    Kind.RULES_TO_SIGN: "clinic-rules",
    Kind.VISIT_TO_MOVE: "desk-repairs",
    Kind.VISIT_UNLAWFUL: "desk-repairs",
    Kind.MESSAGE_FAILED: "desk-ledger",
    Kind.MESSAGE_STUCK: "desk-ledger",
    Kind.WAITLIST_CALL: "desk-waitlist",
    Kind.ON_CALL_GAP: "manage-on-call",
    Kind.TEXT_ANSWERED: "desk-texts",
    Kind.TEXT_IN_CRISIS: "desk-texts",
    Kind.RECORD_OPENED: "manage-openings",
}
# For the rest: the page of what it is about. Managers read visits, not series and patients.
SUBJECT_PAGE = {
    "scheduling.appointment": "desk-visit",
    "scheduling.series": "desk-series",
    "intake.patient": "desk-patient",
    "intake.intake": "review",
    "intake.safetyalert": "safety-alert",
}
# Kinds whose work is done on a page of their own about the patient.
PATIENT_PAGE = {
    Kind.CLEARANCE_LAPSED: "patient-decision",
    Kind.DECISION_ENDS: "patient-decision",
    Kind.RESULT_AGAIN: "patient-record",
    Kind.CHECK_IN_LOOK: "clinic-check-ins",
    Kind.TALK_FIRST: "clinic-check-ins",
}
REVIEWED = (Kind.SERIES_REVIEW, Kind.PAUSE_REVIEW)
BY_HAND = frozenset(
    {
        Kind.SAFETY_VISIT,
        Kind.DEVIATION,
        Kind.CLEARANCE_LAPSED,
        Kind.DECISION_ENDS,
        Kind.PATIENT_ASKED,
        Kind.CONDITION_OPEN,
        Kind.SCREENING_CHANGED,
        Kind.PATIENT_CALL,
        Kind.BOOSTER_ASK,
        Kind.SAFETY_REVIEW,
        Kind.ALERT_UNTAKEN,
        Kind.ESCORT_OPEN,
        Kind.VISITS_OFTEN,
        Kind.WAITLIST_CALL,
        Kind.HELD_VISIT_NEAR,
        Kind.FRIENDLY_CALL,
    }
)


@dataclass(frozen=True, slots=True)
class Line:
    """A task in words: those of its kind, and whom it is about."""

    row: Task
    words: str
    patient: str
    state: str
    zone: str
    url: str
    can_take: bool
    can_finish: bool


def tasks_for(user: User) -> QuerySet[Task]:
    """Tasks of the user's queues: front desk and clinicians of their sites, managers theirs."""
    wanted = Q(pk__in=[])
    desk, treating = user.sites(Role.FRONT_DESK), user.sites(Role.CLINICIAN)
    wanted |= Q(queue=Queue.FRONT_DESK, site_id__in=desk)
    queues = [Queue.CLINICIANS, Queue.PRESCRIBERS] if PRESCRIBER in user.roles else [Queue.CLINICIANS]
    if treating:
        wanted |= Q(queue__in=queues) & (Q(site_id__in=treating) | Q(site__isnull=True))
    if Role.MANAGER in user.roles:
        wanted |= Q(queue=Queue.MANAGERS)
    return Task.objects.filter(wanted)


def open_of(rows: QuerySet[Task]) -> QuerySet[Task]:
    """What is open, by when it is due."""
    return rows.filter(done_at__isnull=True).select_related("owner", "site").order_by("due_at", "pk")


def done_of(rows: QuerySet[Task]) -> QuerySet[Task]:
    """What is done, newest first."""
    return rows.filter(done_at__isnull=False).select_related("owner", "done_by", "site").order_by("-done_at", "pk")


def lines(rows: Iterable[Task]) -> list[Line]:
    """Tasks in words; patients' names in one query."""
    shown = list(rows)
    names = names_of("patient", [row.patient_id for row in shown if row.patient_id])
    pages = {kind: resolve(name) for kind, name in OWN_PAGE.items()}
    return [_line(row, names, pages) for row in shown]


def _line(row: Task, names: dict[uuid.UUID, str], pages: dict[Kind, str]) -> Line:
    kind = Kind(row.kind)
    is_open = row.done_at is None
    return Line(
        row=row,
        words=kind.label,
        patient=names.get(row.patient_id, "A patient") if row.patient_id else "",
        state="done" if not is_open else "late" if row.due_at < now() else "open",
        zone=row.site.zone if row.site else ZONE,
        url=pages.get(kind) or _page_of(row),
        can_take=is_open and row.owner_id is None,
        can_finish=is_open and kind in BY_HAND,
    )


def _page_of(row: Task) -> str:
    """Where the thing that a task is about is read by those whose task it is; empty where they have no such page."""
    name = "series-review" if row.kind in REVIEWED else SUBJECT_PAGE.get(row.subject_type, "")
    if row.kind == Kind.SAFETY_REVIEW and name == "desk-patient":
        name = "patient-record"  # clinicians alone have it, and they need the answers
    if row.subject_type == "intake.patient":
        name = PATIENT_PAGE.get(Kind(row.kind), name)
    if not name or (row.queue == Queue.MANAGERS and name != "desk-visit"):
        return ""
    return reverse(name, args=[row.subject_id])
