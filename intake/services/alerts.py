"""Take a safety alert, hand it on, document it, follow it up. Nothing here closes several at once (CLINICAL 4.2)."""

import uuid
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.core.exceptions import PermissionDenied
from django.db.models import F, Q, Value
from django.db.models.functions import Greatest

from intake.domain.decisions import DecisionRefused, Problem, Stale, check_follow_up
from intake.domain.paging import FIRST
from intake.models import SafetyAlert, SafetyEvent, SafetyPlan
from intake.queries.board import FOLLOW_UP, alerts_of, heirs
from intake.services import friendly
from intake.services.guards import deciding
from intake.services.paging import page
from intake.services.safety import begin_anew, note
from pacificmind.accounts.models import Role, User
from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from pacificmind.clock import now, today
from pacificmind.idempotency.services import once
from pacificmind.messaging.registry import SAFETY_PAGE
from pacificmind.messaging.services import void
from pacificmind.tasks.models import Kind, Queue, Task
from pacificmind.tasks.services import close_tasks, open_task

LATE = "late"
FOLLOW_UP_BY = time(18)  # wall time at the site on the day of the follow-up
SUBJECT = "intake.safetyalert"


@dataclass(frozen=True, slots=True, kw_only=True)
class Documented:
    """What a clinician records before an alert can be closed (TJC NPSG.15.01.01 EP3, EP4)."""

    tool: str
    level: str
    plan: str
    safety_plan: str
    follow_up_on: date
    disposition: str


def _may_act(by: User, alert: SafetyAlert) -> None:
    """Clinicians of the alert's site, who holds it, and who was paged about it. Raises PermissionDenied."""
    if not by.is_active or Role.CLINICIAN not in by.roles or not alerts_of(by).filter(pk=alert.pk).exists():
        raise PermissionDenied


def acknowledge(*, by: User, alert: SafetyAlert, request_id: uuid.UUID | None = None) -> None:
    """Take an alert. Of several clinicians who press at once one has it; the others are told who (Stale)."""
    _may_act(by, alert)
    with deciding(), once(request_id, user_id=by.pk, intent="take-alert", asked={"alert": str(alert.pk)}) as state:
        if state.repeated:
            return
        mine = Q(owner__isnull=True) | Q(owner=by)  # who had it takes it once more when it became more urgent
        if SafetyAlert.objects.waiting().filter(mine, pk=alert.pk).update(acknowledged_at=_taken_now(), owner=by):
            _own(by, alert, "take-alert", SafetyEvent.Kind.TAKEN)
        else:
            _told_who_has_it(by, alert)


def _taken_now() -> Greatest:
    """This moment; not before it was given back, where clocks differ: it is taken all the same.

    One that became more urgent while the button was pressed has to be taken once more.
    """
    return Greatest(Value(now()), F("released_at"))


def take_over(*, by: User, alert: SafetyAlert, owner_id: uuid.UUID, request_id: uuid.UUID | None = None) -> None:
    """Take an alert from the clinician who has it, if it is still they (shift's end). Raises Stale otherwise."""
    _may_act(by, alert)
    asked = {"alert": str(alert.pk), "owner": str(owner_id)}
    with deciding(), once(request_id, user_id=by.pk, intent="take-over-alert", asked=asked) as state:
        if state.repeated:
            return
        theirs = SafetyAlert.objects.open().filter(pk=alert.pk, owner_id=owner_id)
        if theirs.update(owner=by):
            SafetyAlert.objects.waiting().filter(pk=alert.pk, owner=by).update(acknowledged_at=_taken_now())
            _own(by, alert, "take-over-alert", SafetyEvent.Kind.TAKEN_OVER)
        else:
            _told_who_has_it(by, alert)


def give_back(
    *, by: User, alert: SafetyAlert, why: str, to_id: uuid.UUID | None = None, request_id: uuid.UUID | None = None
) -> None:
    """Who has an alert gives it back, to nobody or to a clinician of the site who is named: clock and pages begin anew.

    Whoever is named has to take it, too, and is paged with who is on call. Raises DecisionRefused, Stale,
    PermissionDenied.
    """
    _may_act(by, alert)
    asked = {"alert": str(alert.pk), "why": why, "to": str(to_id or "")}
    with deciding(), once(request_id, user_id=by.pk, intent="give-alert-back", asked=asked) as state:
        if state.repeated:
            return
        rows = SafetyAlert.objects.select_for_update(of=("self",)).select_related("owner", "patient__site")
        row = rows.get(pk=alert.pk)
        if row.closed_at is not None or row.owner_id != by.pk:
            _told_who_has_it(by, alert)
        heir = next((one for one in heirs(row) if one.pk == to_id), None)
        problems = [] if why.strip() else [Problem("why", "Say why you give it back.")]
        if to_id is not None and heir is None:
            problems.append(Problem("to", "Choose a clinician of this site, or nobody."))
        if problems:
            raise DecisionRefused(*problems)
        _give(by, row, heir, why.strip())


def _waited(row: SafetyAlert) -> str:
    """How long the round that ends had waited for somebody, in minutes, and whether that was too long (EP7)."""
    until = now() if row.waits or row.acknowledged_at is None else row.acknowledged_at
    minutes = int((until - row.counts_from).total_seconds() // 60)
    return f"{minutes} {LATE}" if until > row.acknowledge_by else str(minutes)


def _give(by: User, row: SafetyAlert, heir: User | None, why: str) -> None:
    moment, waited = now(), _waited(row)
    if row.acknowledged_at is not None and row.acknowledged_at >= moment:  # taken and given back in one instant
        moment = row.acknowledged_at + timedelta(microseconds=1)
    row.owner, row.released_at = heir, moment
    if heir is None:
        row.acknowledged_at = None
    begin_anew(row, moment, ["owner", "acknowledged_at", "released_at"])
    kind = SafetyEvent.Kind.HANDED if heir else SafetyEvent.Kind.RELEASED
    note(row, kind, by=by, value=waited, words=f"To {heir}. {why}" if heir else why)
    page(row, FIRST, moment)
    changes = {"owner": str(heir.pk) if heir else None}
    record(Action.CHANGE, "give-alert-back", by=by, subject=row, patient_id=row.patient_id, changes=changes)


def _own(by: User, alert: SafetyAlert, what: str, kind: SafetyEvent.Kind) -> None:
    row = SafetyAlert.objects.get(pk=alert.pk)
    note(row, kind, by=by)
    if not row.waits:  # it may have become more urgent at this moment: then the new pages go out
        close_tasks(alert.pk, Kind.ALERT_UNTAKEN, by=by, outcome="taken")
        void(alert.pk, why="Somebody has taken the alert.", purposes=[SAFETY_PAGE])
    Task.objects.filter(kind=Kind.SAFETY_ALERT, subject_id=alert.pk, done_at__isnull=True).update(owner=by)
    record(Action.CHANGE, what, by=by, subject=alert, patient_id=alert.patient_id, changes={"owner": str(by.pk)})


def _told_who_has_it(by: User, alert: SafetyAlert) -> None:
    known = SafetyAlert.objects.select_related("owner").get(pk=alert.pk)
    if known.closed_at is not None:
        raise Stale("This alert was closed already.")
    if known.owner_id != by.pk:
        raise Stale(f"{known.owner} has this alert now." if known.owner else "Nobody has this alert now.")


def close_alert(*, by: User, alert: SafetyAlert, documented: Documented, request_id: uuid.UUID | None = None) -> None:
    """Document an alert and close it; a follow-up task opens for the day that was named. Only who has it may.

    Raises DecisionRefused (what is missing, field by field), Stale, PermissionDenied.
    """
    _may_act(by, alert)
    asked = {"alert": str(alert.pk), **{name: str(getattr(documented, name)) for name in Documented.__slots__}}
    with deciding(), once(request_id, user_id=by.pk, intent="close-alert", asked=asked) as state:
        if state.repeated:
            return
        row = SafetyAlert.objects.select_for_update(of=("self",)).select_related("site", "owner").get(pk=alert.pk)
        if row.closed_at is not None:
            raise Stale("This alert was closed already.")
        if row.owner_id != by.pk:
            raise Stale(f"{row.owner} has this alert." if row.owner_id else "Take this alert first.")
        problems = [*_missing(documented), *check_follow_up(documented.follow_up_on, today(row.site.zone))]
        made = documented.safety_plan == SafetyAlert.Plan.MADE
        if made and not SafetyPlan.objects.filter(patient_id=row.patient_id).exists():
            problems.append(Problem("safety_plan", "No plan is in the portal yet. Write it first, or choose paper."))
        if problems:
            raise DecisionRefused(*problems)
        _close(by, row, documented)


def _missing(documented: Documented) -> list[Problem]:
    words = {
        "tool": "Name the assessment you used.",
        "level": "Choose the level you found.",
        "plan": "Write down the plan.",
        "safety_plan": "Say how it stands with a safety plan.",
        "disposition": "Say what happens with the patient now.",
    }
    return [Problem(name, say) for name, say in words.items() if not str(getattr(documented, name)).strip()]


def _close(by: User, row: SafetyAlert, documented: Documented) -> None:
    row.closed_at, row.closed_by = now(), by
    for name in Documented.__slots__:
        setattr(row, name, getattr(documented, name))
    row.save(update_fields=["closed_at", "closed_by", *Documented.__slots__])
    note(row, SafetyEvent.Kind.CLOSED, by=by)
    friendly.plan(row)
    close_tasks(row.pk, Kind.SAFETY_ALERT, by=by, outcome="closed")
    open_task(
        FOLLOW_UP,
        subject_type=SUBJECT,
        subject_id=row.pk,
        queue=Queue.CLINICIANS,
        due_at=datetime.combine(documented.follow_up_on, FOLLOW_UP_BY, tzinfo=row.site.tz),
        site_id=row.site_id,
        patient_id=row.patient_id,
    )
    fields = ["closed_at", *Documented.__slots__]
    record(Action.SIGN, "close-alert", by=by, subject=row, patient_id=row.patient_id, changes={"fields": fields})


def end_contacts(*, by: User, alert: SafetyAlert) -> None:
    """The patient wants no friendly notes after this alert, or a clinician thinks better of them. Twice is once."""
    _may_act(by, alert)
    with deciding():
        row = SafetyAlert.objects.select_for_update(of=("self",)).get(pk=alert.pk)
        if row.closed_at is None:
            raise Stale("This alert is still open: document it first.")
        if row.events.filter(kind=SafetyEvent.Kind.CONTACTS_END).exists():
            return
        note(row, SafetyEvent.Kind.CONTACTS_END, by=by)
        friendly.stop(row.pk)
        record(Action.CHANGE, "end-friendly-contacts", by=by, subject=row, patient_id=row.patient_id)


def record_follow_up(*, by: User, alert: SafetyAlert) -> None:
    """The follow-up after a closed alert took place: its task is done. Raises Stale where it was done already."""
    _may_act(by, alert)
    with deciding():
        if not SafetyAlert.objects.filter(pk=alert.pk, closed_at__isnull=False).exists():
            raise Stale("This alert is still open: document it first.")
        if not close_tasks(alert.pk, FOLLOW_UP, by=by, outcome="followed-up"):
            raise Stale("This follow-up was recorded already.")
        note(SafetyAlert.objects.get(pk=alert.pk), SafetyEvent.Kind.FOLLOWED_UP, by=by)
        record(Action.CHANGE, "record-follow-up", by=by, subject=alert, patient_id=alert.patient_id)


def follow_up_not_reached(*, by: User, alert: SafetyAlert) -> None:
    """Somebody tried to reach the patient for the follow-up and did not: kept, and the follow-up stays owed."""
    _may_act(by, alert)
    with deciding():
        if not Task.objects.filter(kind=FOLLOW_UP, subject_id=alert.pk, done_at__isnull=True).exists():
            raise Stale("This follow-up was recorded already.")
        note(SafetyAlert.objects.get(pk=alert.pk), SafetyEvent.Kind.NOT_REACHED, by=by)
        record(Action.CHANGE, "follow-up-not-reached", by=by, subject=alert, patient_id=alert.patient_id)
