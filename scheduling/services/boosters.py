"""Boosters: when the plan starts, what is owed, what ends it."""

import uuid
from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from django.db.models import QuerySet

from intake.models import BoosterOrder, Patient
from intake.queries import standing
from pacificmind.accounts.models import User
from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from pacificmind.clock import now
from pacificmind.messaging.models import Message, Recipient
from pacificmind.messaging.models import Status as MessageStatus
from pacificmind.messaging.services import Owed, owe_many, void
from pacificmind.tasks.models import Kind as TaskKind
from pacificmind.tasks.models import Queue
from pacificmind.tasks.services import open_task
from scheduling.domain import errors
from scheduling.domain.often import often
from scheduling.models import ACTIVE, Appointment, Kind, Series, Status
from scheduling.services import checkins, notify
from scheduling.services.locks import booking, lock

BOOKED_ALREADY = "A booster is booked already."
SERIES_RUNS = "A series is running."
LOOKS_FIRST = "A clinician looks first."
PASSING = (BOOKED_ALREADY, SERIES_RUNS, LOOKS_FIRST)  # reasons that may pass: the reminder is owed again then


def start(series: Series) -> None:
    """The last infusion of a series is done: the booster plan that the clinician chose begins on its day."""
    order = BoosterOrder.objects.filter(patient_id=series.patient_id, status=BoosterOrder.Status.WAITING).first()
    last = Appointment.objects.filter(series=series, status=Status.FULFILLED).order_by("-day").first()
    if order is None or last is None:
        return
    order.status, order.started_on = BoosterOrder.Status.OPEN, last.day
    order.save(update_fields=["status", "started_on"])
    notify.boosters_owed(order, site_id=series.site_id, zone=series.site.tz)


def after_fulfilled(visit: Appointment) -> None:
    """A booster took place: the next one counts from its day, until as many were given as ordered."""
    order = visit.booster_order
    if order is None:
        return
    given = Appointment.objects.filter(booster_order=order, status=Status.FULFILLED).count()
    order.version += 1
    order.started_on = visit.day
    if given >= order.count:
        order.status = BoosterOrder.Status.CLOSED
    order.save(update_fields=["version", "started_on", "status"])
    void(order.pk, why="A booster took place.", before_version=order.version)
    if order.status == BoosterOrder.Status.OPEN:
        notify.boosters_owed(order, site_id=visit.site_id, zone=visit.site.tz)


def remind_again(order_id: uuid.UUID) -> int:
    """Owe a new reminder where the last was not sent for a reason that has passed: a booking, an alert, a lapse.

    1 where one is owed, otherwise 0. Under a version of its own, so that it is neither the old one nor sent twice.
    """
    order = BoosterOrder.objects.select_related("patient__site").get(pk=order_id)
    if not _lost_its_reminder(order):
        return 0
    with booking():
        lock(patients=[order.patient_id])
        order = BoosterOrder.objects.select_related("patient__site").get(pk=order_id)
        if not _lost_its_reminder(order):
            return 0
        told = set(_rows(order).filter(status=MessageStatus.SENT).values_list("purpose", flat=True))
        order.version += 1
        order.save(update_fields=["version"])
        void(order.pk, why="A newer reminder takes its place.", before_version=order.version)
        _owe_from_now_on(order, told)
    return 1


def _rows(order: BoosterOrder) -> QuerySet[Message]:
    """The reminders of the plan's present version."""
    return Message.objects.filter(
        subject_id=order.pk, subject_version=order.version, purpose__in=(notify.BOOSTER_DUE, notify.BOOSTER_AGAIN)
    )


def _lost_its_reminder(order: BoosterOrder) -> bool:
    """Whether a reminder of the present version was void for what has passed, and nothing stands in the way now."""
    if (
        order.as_needed
        or order.status != BoosterOrder.Status.OPEN
        or now().astimezone(order.patient.site.tz).date() > order.until_on
    ):
        return False
    lost = _rows(order).filter(status=MessageStatus.VOID, why__in=PASSING)
    return lost.exists() and not why_not_now(order)


def _owe_from_now_on(order: BoosterOrder, told: Collection[str]) -> None:
    """One reminder at the next decent hour, and the second one where its day is still to come.

    `told`: those that have left already are not sent a second time.
    """
    zone, site_id = order.patient.site.tz, order.patient.site_id
    wall = now().astimezone(zone)
    first = wall.date() if wall.hour < notify.BOOSTER_HOUR else wall.date() + timedelta(days=1)
    rows = [(notify.BOOSTER_DUE, first)] if notify.BOOSTER_DUE not in told else []
    if order.started_on is not None and notify.BOOSTER_AGAIN not in told:
        second = order.started_on + timedelta(days=order.after_days + order.window_days // 2)
        if second > first or not rows:
            rows.append((notify.BOOSTER_AGAIN, max(first, second)))
    owe_many(
        [
            Owed(
                purpose,
                order,
                order.version,
                Recipient.PATIENT,
                order.patient_id,
                datetime(on.year, on.month, on.day, notify.BOOSTER_HOUR, tzinfo=zone).astimezone(UTC),
                site_id=site_id,
            )
            for purpose, on in rows
            if on <= order.until_on
        ]
    )


def decline(*, by: User, order_id: uuid.UUID) -> BoosterOrder:
    """The patient wants no booster: nothing more is owed about it. They can ask again at any time."""
    with booking():
        seen = BoosterOrder.objects.get(pk=order_id, patient__user=by)
        lock(patients=[seen.patient_id])
        order = BoosterOrder.objects.select_for_update(no_key=True).get(pk=order_id)
        if order.status not in (BoosterOrder.Status.OPEN, BoosterOrder.Status.WAITING):
            raise errors.Stale
        order.status, order.version = BoosterOrder.Status.DECLINED, order.version + 1
        order.started_on = order.started_on or now().date()
        order.save(update_fields=["status", "version", "started_on"])
        void(order.pk, why="The patient declined.")
        record(
            Action.CHANGE,
            "decline boosters",
            by=by,
            subject=order,
            patient_id=order.patient_id,
            changes={"status": "declined"},
        )
    return order


def ask(*, by: User, patient: Patient) -> None:
    """The patient thinks they need a booster: a clinician talks with them first, whatever the calendar has."""
    with booking():
        open_task(
            TaskKind.BOOSTER_ASK,
            subject_type="intake.patient",
            subject_id=patient.pk,
            queue=Queue.CLINICIANS,
            due_at=now() + timedelta(days=1),
            site_id=patient.site_id,
            patient_id=patient.pk,
        )
        record(Action.CREATE, "ask about a booster", by=by, subject=patient, patient_id=patient.pk)


def why_not_now(order: BoosterOrder) -> str:
    """Why no reminder is due now, in words for the ledger, or nothing.

    None after a booking, while a series runs, over an open safety alert, while a clinician still has to talk about a
    check-in, or without a clearance in force.
    """
    coming = Appointment.objects.filter(patient_id=order.patient_id, status__in=ACTIVE).exclude(status=Status.FULFILLED)
    if coming.filter(kind=Kind.BOOSTER).exists():
        return BOOKED_ALREADY
    if Series.objects.filter(patient_id=order.patient_id, status=Series.Status.OPEN).exists():
        return SERIES_RUNS
    if order.patient.status != Patient.Status.ACTIVE:
        return "The patient's record is closed."
    site = order.patient.site
    today = now().astimezone(site.tz).date()
    clearance = standing.clearance_in_force(order.patient_id, on=today, site_id=site.pk, kind=Kind.BOOSTER)
    if clearance is None or standing.alert_open(order.patient_id) or checkins.talk_is_open(order.patient_id):
        return LOOKS_FIRST
    return ""


def often_words(patient_id: uuid.UUID) -> str:
    """Why a prescriber looks at how often boosters come, or nothing (CLINICAL 1.7)."""
    visits = Appointment.objects.filter(patient_id=patient_id, kind=Kind.BOOSTER, status__in=ACTIVE)
    return often(visits.values_list("day", flat=True))


def ask_if_often(visit: Appointment) -> None:
    """A booster was booked: where they come often, a prescriber looks at the plan. Nothing is refused by it."""
    if visit.kind == Kind.BOOSTER and often_words(visit.patient_id):
        open_task(
            TaskKind.VISITS_OFTEN,
            subject_type="intake.patient",
            subject_id=visit.patient_id,
            queue=Queue.PRESCRIBERS,
            due_at=min(visit.starts_at, now() + timedelta(days=2)),
            site_id=visit.site_id,
            patient_id=visit.patient_id,
        )
