"""Sweeps: what no transaction could do at its time, found by looking (DESIGN 3 and 5)."""

import uuid
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from intake.models import BoosterOrder, Consent, ConsentDocument
from intake.queries.standing_bulk import standings
from intake.services.checks import ask_again
from pacificmind.clock import now
from pacificmind.messaging.models import Message
from pacificmind.messaging.models import Status as MessageStatus
from pacificmind.tasks.models import Kind as TaskKind
from pacificmind.tasks.models import Queue, Task
from pacificmind.tasks.services import close_tasks, open_task
from scheduling.models import Appointment, Status
from scheduling.models.appointment import TREATMENTS
from scheduling.services import boosters, checkins, gain, notify, series, watch_held, watch_owed, watch_standing
from scheduling.services.locks import booking, lock

LOOK_AHEAD = timedelta(days=60)
CONDITION_LEAD = timedelta(hours=72)  # a condition open this close to its visit waits for a person
QUIET_AFTER_DONE = timedelta(days=1)  # somebody said that it is done: the same is not asked again at once
ASK_WITHIN = timedelta(hours=8)


def owe_boosters() -> int:
    """Owe the reminders of running booster orders that have none for their present version, or lost theirs for a
    reason that has passed; how many orders.
    """
    running = BoosterOrder.objects.filter(status=BoosterOrder.Status.OPEN, as_needed=False)
    rows = Message.objects.filter(subject_id=OuterRef("pk"), subject_version=OuterRef("version"))
    lost = rows.filter(status=MessageStatus.VOID, why__in=boosters.PASSING)
    found = 0
    for order in running.filter(~Exists(rows)).select_related("patient__site"):
        with transaction.atomic(durable=True):
            notify.boosters_owed(order, site_id=order.patient.site_id, zone=order.patient.site.tz)
            found += 1
    for key in list(running.filter(Exists(lost)).values_list("pk", flat=True)):
        found += boosters.remind_again(key)
    return found


def look_after() -> int:
    """Promote held visits that are ready now; make tasks of what waits for a person; how much was found."""
    coming = list(_coming())
    return (
        promote_ready()
        + visits_without_standing(coming)
        + consents_withdrawn(coming)
        + conditions_open(coming)
        + gain.hold_little_gain()
        + checkins.catch_up()
        + watch_owed.look_after(coming)
        + watch_held.look_after()
        + watch_standing.ends_soon()
        + ask_again()
    )


def promote_ready() -> int:
    """Held visits of a released stage become booked once conditions are met and consent is signed."""
    held = Appointment.objects.filter(status=Status.HELD, starts_at__gt=now())
    patients = sorted(set(held.values_list("patient_id", flat=True)))
    done = 0
    for patient_id in patients:
        with booking():
            lock(patients=[patient_id])
            done += series.promote(patient_id)
    return done


def _coming() -> QuerySet[Appointment]:
    """Infusions and boosters that are planned, or whose patient is here, soonest first."""
    return (
        Appointment.objects.filter(
            kind__in=TREATMENTS,
            status__in=(Status.BOOKED, Status.HELD, Status.ARRIVED),
            starts_at__lt=now() + LOOK_AHEAD,
            ends_at__gt=now(),
        )
        .select_related("site")
        .order_by("starts_at")
    )


def visits_without_standing(coming: Sequence[Appointment] | None = None) -> int:
    """A booked infusion without a clearance in force, or over an open urgent alert, is put before a clinician.

    It is never cancelled by software: withdrawing a hoped-for treatment is itself a risk (CLINICAL 4.2).
    """
    visits = list(_coming()) if coming is None else coming
    known = standings({visit.patient_id for visit in visits})
    urgent = [visit for visit in visits if known[visit.patient_id].urgent]
    rest = [visit for visit in visits if not known[visit.patient_id].urgent]
    return _ask(urgent, TaskKind.SAFETY_VISIT) + watch_standing.not_covered(rest, known)


def consents_withdrawn(coming: Sequence[Appointment] | None = None) -> int:
    """A patient took back the consent to treatment and has a visit booked: a prescriber decides about the first."""
    visits = list(_coming()) if coming is None else coming
    booked = [visit for visit in visits if visit.status in (Status.BOOKED, Status.ARRIVED)]
    known = standings({visit.patient_id for visit in booked})
    withdrawn = set(
        Consent.objects.filter(
            patient_id__in=known, document__kind=ConsentDocument.Kind.TREATMENT, withdrawn_at__isnull=False
        ).values_list("patient_id", flat=True)
    )
    first: dict[uuid.UUID, Appointment] = {}
    for visit in booked:
        if visit.patient_id in withdrawn and not known[visit.patient_id].consent:
            first.setdefault(visit.patient_id, visit)
    return _ask(first.values(), TaskKind.SAFETY_VISIT)


def conditions_open(coming: Sequence[Appointment] | None = None) -> int:
    """A condition of the decision still open 72 hours before a visit is put before a clinician, until it is met."""
    visits = list(_coming()) if coming is None else coming
    soon = [visit for visit in visits if now() < visit.starts_at <= now() + CONDITION_LEAD]
    known = standings({visit.patient_id for visit in soon})
    waiting = []
    for visit in soon:
        one = known[visit.patient_id]
        covered = one.covers(on=visit.day, site_id=visit.site_id, kind=visit.kind)
        if covered and one.decision is not None and one.decision["conditions_open"]:
            waiting.append(visit)
    _close_all_but(TaskKind.CONDITION_OPEN, {visit.pk for visit in waiting}, outcome="met or no longer needed")
    return _ask(waiting, TaskKind.CONDITION_OPEN, queue=Queue.CLINICIANS, due_at=lambda visit: visit.starts_at)


def _close_all_but(kind: TaskKind, subjects: Collection[uuid.UUID], *, outcome: str) -> None:
    over = Task.objects.filter(kind=kind, done_at__isnull=True).exclude(subject_id__in=subjects)
    for subject in list(over.values_list("subject_id", flat=True)):
        close_tasks(subject, kind, by=None, outcome=outcome)


def _soon(visit: Appointment) -> datetime:
    return min(visit.starts_at, now() + ASK_WITHIN)


def _ask(
    visits: Iterable[Appointment],
    kind: TaskKind,
    *,
    queue: Queue = Queue.PRESCRIBERS,
    due_at: Callable[[Appointment], datetime] = _soon,
) -> int:
    """A task for each of the visits, unless a person has just said that it is done; how many visits."""
    found = list(visits)
    settled = set(
        Task.objects.filter(
            kind=kind,
            subject_id__in=[visit.pk for visit in found],
            done_at__gt=now() - QUIET_AFTER_DONE,
            done_by__isnull=False,
        ).values_list("subject_id", flat=True)
    )
    for visit in found:
        if visit.pk not in settled:
            open_task(
                kind,
                subject_type="scheduling.appointment",
                subject_id=visit.pk,
                queue=queue,
                due_at=due_at(visit),
                site_id=visit.site_id,
                patient_id=visit.patient_id,
            )
    return len(found)
