"""The safety board: open alerts and follow-ups that a clinician may act on, and how their pages fare."""

import hashlib
import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, Count, IntegerField, Max, Q, QuerySet, Value, When
from phonenumber_field.phonenumber import to_python

from intake.domain.library import instrument
from intake.models import Answer, AsqSitting, SafetyAlert, SafetyEvent
from intake.models.safety import UNTAKEN, AlertQuerySet
from intake.queries.asq import Line, lines
from intake.queries.oncall import Duty, coming
from intake.queries.reading import in_words
from intake.queries.safety import whereabouts
from intake.sections import CONTACT, all_items
from pacificmind.accounts.models import Role, RoleGrant, User
from pacificmind.clock import now
from pacificmind.messaging.models import Message, Recipient, Status
from pacificmind.messaging.registry import SAFETY_PAGE
from pacificmind.tasks.models import Kind, Task
from pacificmind.ui.context import phone_words

FOLLOW_UP = Kind.SAFETY_FOLLOW_UP
NOTE = "friendly-note"  # what intake.services.friendly owes
HEARD = {  # how words came, where they did not come as an answer that is kept
    "not sent": "Written on a page that could not be stored: something else on it was missing.",
    "another window": "Written in one window while another one had stored something else, which stands in the answers.",
    "another page": "Said on a page of another account, or on one that was not complete: find out who it was.",
    "page left open": "Said on a page of this patient while somebody else was signed in there: find out who it was.",
    "whereabouts": "Written where we ask where they are.",
    "visit": "Written to the reason why a visit was cancelled.",
    "request": "Written in a request for a consultation.",
    "text message": "Sent as a text message.",
    "shared number": "Sent as a text message from a number that several patients have: find out who wrote.",
}


def alerts_of(by: User) -> AlertQuerySet:
    """Every alert of the clinician's sites, those they hold, and the open ones they were paged about from elsewhere.

    Whoever is paged has to be able to take it: on call for another site, or the third escalation.
    """
    paged = Message.objects.filter(purpose=SAFETY_PAGE, recipient_type=Recipient.USER, recipient_id=by.pk)
    mine = Q(site__in=by.sites(Role.CLINICIAN)) | Q(owner=by)
    if by.sites(Role.CLINICIAN):
        mine |= Q(closed_at__isnull=True, pk__in=paged.values("subject_id"))
    return SafetyAlert.objects.filter(mine).select_related("patient__site", "site", "owner", "closed_by", "answer")


def open_alerts(by: User) -> QuerySet[SafetyAlert]:
    """Open alerts: highest tier first, those that wait for somebody before the others, then the oldest."""
    waiting_first = Case(When(UNTAKEN, then=Value(0)), default=Value(1), output_field=IntegerField())
    return alerts_of(by).open().order_by("-tier", waiting_first, "raised_at", "pk")


def heirs(alert: SafetyAlert) -> list[User]:
    """To whom an alert can be handed over: the other clinicians of its site, by name."""
    grants = RoleGrant.objects.filter(role=Role.CLINICIAN, site_id=alert.site_id, user__is_active=True)
    found = User.objects.filter(pk__in=grants.values("user_id")).order_by("name", "pk")
    return [one for one in found if one.pk != alert.owner_id]


@dataclass(frozen=True, slots=True)
class Paging:
    """How the pages about an alert fare: how many people got one, how many are on their way, how many do not leave."""

    people: int = 0
    waiting: int = 0
    failing: int = 0


def paging_of(alerts: Collection[SafetyAlert]) -> dict[uuid.UUID, Paging]:
    """The pages about these alerts, in one query. One that was tried and is owed again does not leave."""
    rows = (
        Message.objects.filter(purpose=SAFETY_PAGE, subject_id__in=[alert.pk for alert in alerts])
        .order_by()
        .values("subject_id")
        .annotate(
            people=Count("recipient_id", filter=Q(status=Status.SENT), distinct=True),
            waiting=Count("pk", filter=Q(status__in=(Status.OWED, Status.SENDING))),
            failing=Count("pk", filter=Q(status=Status.FAILED) | Q(status=Status.OWED, tries__gt=0)),
        )
    )
    return {row["subject_id"]: Paging(row["people"], row["waiting"], row["failing"]) for row in rows}


def screens_of(alerts: Collection[SafetyAlert]) -> dict[uuid.UUID, str]:
    """How the suicide screen of each alert stands, in words, in one query."""
    rows = AsqSitting.objects.filter(alert__in=[alert.pk for alert in alerts]).order_by("started_at")
    return {row.alert_id: screen_words(row) for row in rows if row.alert_id is not None}


def screen_words(sitting: AsqSitting) -> str:
    """How a sitting stands."""
    if sitting.outcome:
        return f"Suicide screen: {AsqSitting.Outcome(sitting.outcome).label.lower()}"
    return "Suicide screen: left before the end" if sitting.left_at else "Suicide screen: being answered"


def screen_to_ask(alert: SafetyAlert, by: User) -> AsqSitting | None:
    """The sitting of an alert that is not finished, for a clinician of the patient's site to ask in person."""
    if alert.patient.site_id not in by.sites(Role.CLINICIAN):
        return None
    return alert.sittings.filter(ended_at__isnull=True).first()


def screen_lines(alert: SafetyAlert) -> list[tuple[AsqSitting, str, list[Line]]]:
    """The sittings of an alert with their questions and answers, newest first."""
    found = alert.sittings.prefetch_related("answers").order_by("-started_at")
    return [(sitting, screen_words(sitting), lines(sitting)) for sitting in found]


@dataclass(frozen=True, slots=True)
class Contacts:
    """The friendly contacts after a closed alert: when one was made, when the next are due, whether they were ended."""

    made: tuple[datetime, ...] = ()
    coming: tuple[datetime, ...] = ()
    ended: bool = False


def contacts_after(alert: SafetyAlert) -> Contacts:
    """How they stand: notes of the ledger, and calls that were made."""
    notes = Message.objects.filter(purpose=NOTE, subject_id=alert.pk).order_by("due_at")
    calls = Task.objects.filter(kind=Kind.FRIENDLY_CALL, subject_id=alert.pk)
    sent = [row.done_at for row in notes if row.status == Status.SENT and row.done_at is not None]
    called = calls.filter(done_by__isnull=False).values_list("done_at", flat=True)
    owed = [row.due_at for row in notes if row.status in (Status.OWED, Status.SENDING)]
    waiting = calls.filter(done_at__isnull=True).values_list("due_at", flat=True)
    return Contacts(
        made=tuple(sorted([*sent, *(at for at in called if at is not None)])),
        coming=tuple(sorted([*owed, *waiting])),
        ended=alert.events.filter(kind=SafetyEvent.Kind.CONTACTS_END).exists(),
    )


def history(alert: SafetyAlert) -> list[SafetyEvent]:
    """What happened to an alert, in order."""
    return list(alert.events.select_related("by").order_by("at", "pk"))


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A follow-up that is owed after a closed alert; how often it was tried, and when last."""

    alert: SafetyAlert
    due_at: datetime
    tries: int = 0
    tried_at: datetime | None = None


def follow_ups(by: User) -> list[FollowUp]:
    """Follow-ups not recorded yet, the next one due first."""
    closed = alerts_of(by).filter(closed_at__isnull=False)
    tasks = Task.objects.filter(kind=FOLLOW_UP, done_at__isnull=True, subject_id__in=closed.values("pk"))
    due = {task.subject_id: task.due_at for task in tasks.order_by("due_at")}
    rows = {alert.pk: alert for alert in closed.filter(pk__in=due)}
    tried = SafetyEvent.objects.filter(alert__in=due, kind=SafetyEvent.Kind.NOT_REACHED).order_by()
    tries = {
        row["alert"]: (row["many"], row["last"])
        for row in tried.values("alert").annotate(many=Count("pk"), last=Max("at"))
    }
    return [FollowUp(rows[pk], due_at, *tries.get(pk, (0, None))) for pk, due_at in due.items() if pk in rows]


@dataclass(frozen=True, slots=True)
class Pulse:
    """A mark that changes with the board, how many alerts wait for somebody, and when the newest came (seconds)."""

    mark: str
    waiting: int
    newest: int

    def __str__(self) -> str:
        return f"{self.mark} {self.waiting} {self.newest}"


def pulse(by: User, rows: Iterable[SafetyAlert] | None = None) -> Pulse:
    """What the open page asks for: nothing of a patient. `rows` are the open alerts where they are known already."""
    found = list(open_alerts(by)) if rows is None else list(rows)
    told = "|".join(f"{row.pk}{row.owner_id}{row.tier}{row.amended}{row.acknowledged_at}{row.step}" for row in found)
    waiting = [row for row in found if row.waits]
    return Pulse(
        mark=hashlib.sha256(told.encode()).hexdigest()[:16],
        waiting=len(waiting),
        newest=max((int(row.counts_from.timestamp() * 1_000) for row in waiting), default=0),
    )


def duties_now(by: User) -> list[Duty]:
    """Who is on call now at the clinician's sites."""
    moment, own = now(), by.sites(Role.CLINICIAN)
    return [
        duty
        for duty in coming(moment)
        if duty.able and duty.starts_at <= moment and any(site.pk in own for site in duty.sites)
    ]


def what_was_answered(alert: SafetyAlert) -> str:
    """The patient's own answer in words, as it was when the alert was raised: "Several days (1)"."""
    if alert.trigger == SafetyAlert.Trigger.PHQ9_ITEM_9:
        item = instrument("PHQ-9").scored_items[8]
        return next((f"{o.text} ({o.value})" for o in item.options if str(o.value) == alert.value), alert.value)
    if alert.trigger == SafetyAlert.Trigger.ASQ:
        return ""  # the questions and answers stand below, one by one
    return HEARD.get(alert.value, alert.value) or (in_words(None, alert.answer.value) if alert.answer else "")


def question_behind(alert: SafetyAlert) -> str:
    """The question that was answered, in its fixed wording; empty where there is none."""
    if alert.trigger == SafetyAlert.Trigger.PHQ9_ITEM_9:
        return instrument("PHQ-9").scored_items[8].text
    item = alert.answer.item if alert.answer else ""
    return next((question.label for question in all_items() if question.id == item), "")


@dataclass(frozen=True, slots=True)
class Contact:
    """How to reach the patient now: what they said when they answered, and what is on record."""

    place: str
    call_back: str
    emergency_name: str
    emergency_phone: str
    phone: str
    told_at: datetime | None = None

    @property
    def call_back_words(self) -> str:
        """The number as people write it."""
        return _as_written(self.call_back)

    @property
    def emergency_phone_words(self) -> str:
        """The same of the emergency contact's."""
        return _as_written(self.emergency_phone)


def _as_written(phone: str) -> str:
    return phone_words(to_python(phone)) or phone


def contact(alert: SafetyAlert) -> Contact:
    """Where the patient said they were last and which number to call; else from earlier answers and the record."""
    said = {
        row.item: str(row.value or "")
        for row in Answer.objects.filter(intake__patient=alert.patient, section=CONTACT).order_by("intake__number")
    }
    patient, last = alert.patient, whereabouts(alert.patient_id)
    return Contact(
        place=last.place or said.get("contact.place", ""),
        call_back=last.phone or said.get("contact.phone", ""),
        emergency_name=last.emergency_name or said.get("contact.emergency_name") or patient.emergency_name,
        emergency_phone=last.emergency_phone
        or said.get("contact.emergency_phone")
        or str(patient.emergency_phone or ""),
        phone=str(patient.phone or ""),
        told_at=last.told_at,
    )
