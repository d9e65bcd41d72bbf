"""Sweeps: what no transaction could do at its time, found by looking (DESIGN 3 and 5)."""

from datetime import timedelta

from django.db import transaction
from django.db.models import F

from intake.models import BoosterOrder
from intake.queries import standing
from pacificmind.clock import now
from pacificmind.messaging.models import Message
from pacificmind.tasks.models import Kind as TaskKind
from pacificmind.tasks.models import Queue
from pacificmind.tasks.services import open_task
from scheduling.models import Appointment, Series, Status
from scheduling.models.appointment import TREATMENTS
from scheduling.services import notify, series
from scheduling.services.locks import booking, lock

LOOK_AHEAD = timedelta(days=60)


def owe_boosters() -> int:
    """Owe the reminders of running booster orders that have none yet for their present version; how many orders."""
    found = 0
    for order in BoosterOrder.objects.filter(status=BoosterOrder.Status.OPEN).select_related("patient__site"):
        if Message.objects.filter(subject_id=order.pk, subject_version=order.version).exists():
            continue
        with transaction.atomic(durable=True):
            notify.boosters_owed(order, site_id=order.patient.site_id, zone=order.patient.site.tz)
            found += 1
    return found


def look_after() -> int:
    """Promote held visits that are ready now; make tasks of booked visits that may not start as things stand."""
    return promote_ready() + visits_without_standing() + stages_to_review()


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


def visits_without_standing() -> int:
    """A booked infusion without a clearance in force, or over an open urgent alert, is put before a clinician.

    It is never cancelled by software: withdrawing a hoped-for treatment is itself a risk (CLINICAL 4.2).
    """
    coming = Appointment.objects.filter(
        kind__in=TREATMENTS, status__in=(Status.BOOKED, Status.HELD, Status.ARRIVED), starts_at__lt=now() + LOOK_AHEAD
    ).filter(ends_at__gt=now())
    found = 0
    for visit in coming:
        if standing.urgent_alert_open(visit.patient_id):
            found += _ask(visit, TaskKind.SAFETY_VISIT)
        elif not standing.clearance_in_force(visit.patient_id, on=visit.day, site_id=visit.site_id, kind=visit.kind):
            found += _ask(visit, TaskKind.CLEARANCE_LAPSED)
    return found


def _ask(visit: Appointment, kind: TaskKind) -> int:
    open_task(
        kind,
        subject_type="scheduling.appointment",
        subject_id=visit.pk,
        queue=Queue.PRESCRIBERS,
        due_at=min(visit.starts_at, now() + timedelta(hours=8)),
        site_id=visit.site_id,
        patient_id=visit.patient_id,
    )
    return 1


def stages_to_review() -> int:
    """A series whose next held visit lies within two days and whose review was never opened gets its task."""
    soon = now() + timedelta(days=2)
    waiting = Series.objects.filter(
        status=Series.Status.OPEN,
        visits__status=Status.HELD,
        visits__number__gt=F("released_to"),  # held for its stage; one held for a condition is another matter
        visits__starts_at__range=(now(), soon),
    ).distinct()
    for one in waiting:
        series.open_review(one)
    return len(waiting)
