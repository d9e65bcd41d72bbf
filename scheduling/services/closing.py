"""The end of a series or of a whole record: visits freed, messages void, nobody left waiting (DESIGN 4)."""

import uuid
from collections.abc import Iterable
from typing import Any

from intake.models import BoosterOrder, ConsultationRequest, Patient
from pacificmind.accounts.models import User
from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from pacificmind.clock import now
from pacificmind.idempotency.services import once
from pacificmind.messaging.services import void, void_for
from pacificmind.tasks.models import Kind as TaskKind
from pacificmind.tasks.models import Task
from scheduling.domain import errors
from scheduling.models import Appointment, CalendarFeed, Offer, Series, Status, Waiting
from scheduling.services import authority, boosters, checkins, notify
from scheduling.services.locks import booking, lock

FREED = (Status.HELD, Status.BOOKED)
HERE = (Status.ARRIVED, Status.CHECKED_IN)
SERIES_CLOSED, RECORD_CLOSED = "The series was closed.", "The patient's record was closed."
#: Closed by those who document them, never by software (CLINICAL 4).
KEPT_TASKS = (TaskKind.SAFETY_ALERT, TaskKind.SAFETY_FOLLOW_UP, TaskKind.REQUEST_IN_CRISIS)
_HERE_NOW = "The patient is here now. Complete or cancel today's visit first, then close."
_WAITING = (BoosterOrder.Status.WAITING, BoosterOrder.Status.OPEN)


class AlreadyClosed(errors.Stale):
    """Somebody closed it, or opened it again, since the page was opened."""

    default_say = "Somebody else closed or opened this meanwhile. Look at it as it is now, then decide again."


def close_series(*, by: User, series_id: uuid.UUID, why: str, request_id: uuid.UUID | None = None) -> Series:
    """End an open series before its last visit. `why` is one of Patient.Closed; `died` closes the whole record.

    The visits to come are freed and the patient is told once. An ordered booster plan begins only where the series
    finished early and something of it took place; otherwise it ends with the series.
    """
    reason = Patient.Closed(why)
    asked = {"series": series_id, "why": why}
    with booking(), once(request_id, user_id=by.pk, intent="close series", asked=asked) as request:
        seen = Series.objects.get(pk=series_id)
        if request.repeated:
            return seen
        authority.needs_staff(by, seen.site_id)
        patient = _locked(seen.patient_id)
        series = _open_series(seen.pk)
        if reason == Patient.Closed.DIED and patient.status == Patient.Status.ACTIVE:
            _close_record(patient, reason, by)
        else:
            _end_series(series, reason, by)
            notify.series_booked(series, [])
            checkins.after_closing(series, goes_on=reason == Patient.Closed.FINISHED)
    return Series.objects.get(pk=series_id)


def close_patient(
    *, by: User, patient_id: uuid.UUID, version: int, why: str, request_id: uuid.UUID | None = None
) -> Patient:
    """Close a record: series, visits at every site, waitlist, feed, messages and tasks end; nothing is sent any more.

    Staff of the patient's site only. Open safety alerts stay with those who document them.
    """
    reason = Patient.Closed(why)
    asked = {"patient": patient_id, "version": version, "why": why}
    with booking(), once(request_id, user_id=by.pk, intent="close patient", asked=asked) as request:
        seen = Patient.objects.get(pk=patient_id)
        if request.repeated:
            return seen
        authority.needs_staff(by, seen.site_id)
        patient = _locked(patient_id)
        if patient.version != version or patient.status != Patient.Status.ACTIVE:
            raise AlreadyClosed
        _close_record(patient, reason, by)
    return patient


def reopen_patient(*, by: User, patient_id: uuid.UUID, version: int, request_id: uuid.UUID | None = None) -> Patient:
    """Open a closed record again. What was freed stays free: visits are booked anew, a series needs a new order."""
    asked = {"patient": patient_id, "version": version}
    with booking(), once(request_id, user_id=by.pk, intent="reopen patient", asked=asked) as request:
        seen = Patient.objects.get(pk=patient_id)
        if request.repeated:
            return seen
        authority.needs_staff(by, seen.site_id)
        patient = _locked(patient_id)
        if patient.version != version or patient.status != Patient.Status.CLOSED:
            raise AlreadyClosed
        _save(patient, status=Patient.Status.ACTIVE, closed_why="")
        record(
            Action.CHANGE, "reopen patient", by=by, subject=patient, patient_id=patient.pk, changes={"status": "active"}
        )
    return patient


def _locked(patient_id: uuid.UUID) -> Patient:
    lock(patients=[patient_id])
    return Patient.objects.get(pk=patient_id)


def _open_series(series_id: uuid.UUID) -> Series:
    series = (
        Series.objects.select_related("order", "site").select_for_update(of=("self",), no_key=True).get(pk=series_id)
    )
    if series.status != Series.Status.OPEN:
        raise AlreadyClosed
    return series


def _close_record(patient: Patient, why: Patient.Closed, by: User) -> None:
    """All that a closed record ends, under the caller's lock. Nothing is owed to the patient after it."""
    for series in Series.objects.filter(patient=patient, status=Series.Status.OPEN).select_related("order", "site"):
        _end_series(series, why, by)
    _free(Appointment.objects.filter(patient=patient), by, RECORD_CLOSED)
    for order in BoosterOrder.objects.filter(patient=patient, status__in=_WAITING):
        _end_order(order, BoosterOrder.Status.CLOSED, RECORD_CLOSED)
    _end_waiting(Waiting.objects.filter(patient=patient))
    CalendarFeed.objects.filter(patient=patient, revoked_at__isnull=True).update(revoked_at=now())
    checkins.stop(patient.pk, why="The record was closed.")
    _end_messages(patient)
    open_tasks = Task.objects.filter(patient_id=patient.pk, done_at__isnull=True).exclude(kind__in=KEPT_TASKS)
    open_tasks.update(done_at=now(), done_by=by, outcome="record closed")
    _save(patient, status=Patient.Status.CLOSED, closed_why=why)
    record(
        Action.CHANGE,
        "close patient",
        by=by,
        subject=patient,
        patient_id=patient.pk,
        changes={"status": "closed", "why": str(why)},
    )


def _end_series(series: Series, why: Patient.Closed, by: User) -> None:
    visits = Appointment.objects.filter(series=series)
    _free(visits, by, SERIES_CLOSED)
    _end_waiting(Waiting.objects.filter(visit__series=series))
    series.status, series.closed_why, series.closed_at = Series.Status.CLOSED, why.label, now()
    series.version += 1
    series.save(update_fields=["status", "closed_why", "closed_at", "version"])
    void(series.pk, why=SERIES_CLOSED)
    Task.objects.filter(subject_id=series.pk, done_at__isnull=True).update(
        done_at=now(), done_by=by, outcome="series closed"
    )
    _boosters_after(series, why)
    record(
        Action.CHANGE,
        "close a series",
        by=by,
        subject=series,
        patient_id=series.patient_id,
        changes={"status": "closed", "why": str(why)},
    )


def _boosters_after(series: Series, why: Patient.Closed) -> None:
    """No booster unless ordered: the order that waits for this series begins, or ends with it."""
    order = BoosterOrder.objects.filter(patient_id=series.patient_id, status=BoosterOrder.Status.WAITING).first()
    if order is None:
        return
    given = Appointment.objects.filter(series=series, status=Status.FULFILLED).exists()
    if why == Patient.Closed.FINISHED and given:
        boosters.start(series)
    else:
        _end_order(order, BoosterOrder.Status.CLOSED, SERIES_CLOSED)


def _end_order(order: BoosterOrder, status: str, why: str) -> None:
    order.status, order.version = status, order.version + 1
    order.save(update_fields=["status", "version"])
    void(order.pk, why=why)


def _free(visits: Any, by: User, why: str) -> None:
    """Take the visits to come out of the calendar, each with its own line in the audit.

    Who is here is not sent away by a form: the visit is completed or cancelled first.
    """
    if visits.filter(status__in=HERE).exists():
        raise errors.BookingRefused(_HERE_NOW)
    for visit in visits.filter(status__in=FREED, ends_at__gt=now()).select_related("booster_order"):
        visit.status, visit.version, visit.cancelled_why = Status.CANCELLED, visit.version + 1, why
        visit.save(update_fields=["status", "version", "cancelled_why"])
        void(visit.pk, why=why)
        if visit.booster_order is not None:
            visit.booster_order.reevaluations.filter(used_by=visit.pk).update(used_by=None)
        _end_waiting(Waiting.objects.filter(visit=visit))
        done = {"done_at": now(), "done_by": by, "outcome": "visit freed"}
        Task.objects.filter(subject_id=visit.pk, done_at__isnull=True).exclude(kind__in=KEPT_TASKS).update(**done)
        record(
            Action.CHANGE,
            "cancel a visit",
            by=by,
            subject=visit,
            patient_id=visit.patient_id,
            changes={"status": "cancelled"},
        )


def _end_waiting(rows: Any) -> None:
    """Nobody is called about a place they no longer want; what was held for them is free for the next."""
    ids = list(rows.filter(status=Waiting.Status.WAITING).values_list("pk", flat=True))
    if not ids:
        return
    for offer in Offer.objects.filter(waiting__in=ids, status=Offer.Status.OPEN):
        offer.status, offer.version, offer.answered_at = Offer.Status.WITHDRAWN, offer.version + 1, now()
        offer.save(update_fields=["status", "version", "answered_at"])
        void(offer.pk, why="The patient no longer waits.")
    Waiting.objects.filter(pk__in=ids).update(status=Waiting.Status.ENDED, ended_why="Closed")
    _void_all(ids, "The patient no longer waits.")


def _end_messages(patient: Patient) -> None:
    """What is owed to the person, under any name they have here: as a patient, and as somebody who once asked."""
    void_for(patient.pk, why=RECORD_CLOSED)
    asked = ConsultationRequest.objects.filter(patient=patient).values_list("pk", flat=True)
    for request_id in asked:
        void_for(request_id, why=RECORD_CLOSED)


def _void_all(subjects: Iterable[uuid.UUID], why: str) -> None:
    for subject in subjects:
        void(subject, why=why)


def _save(patient: Patient, **values: Any) -> None:
    for name, value in values.items():
        setattr(patient, name, value)
    patient.version += 1
    patient.save(update_fields=[*values, "version"])
