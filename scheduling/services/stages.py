"""A series on its way: released in stages, held again, reviewed after a pause. Its end is in `closing`."""

import uuid
from datetime import datetime, timedelta

from pacificmind.accounts.models import User
from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from pacificmind.clock import now
from pacificmind.idempotency.services import once
from pacificmind.tasks.models import Kind as TaskKind
from pacificmind.tasks.models import Queue
from pacificmind.tasks.services import close_tasks, open_task
from scheduling.domain import errors
from scheduling.domain import protocol as rules
from scheduling.models import ACTIVE, Appointment, Series, StageRelease, Status
from scheduling.queries.workdays import review_due_at
from scheduling.services import authority, notify, protocol
from scheduling.services.locks import booking as transaction
from scheduling.services.locks import lock


def release_stage(
    *, by: User, series_id: uuid.UUID, note: str, version: int | None = None, request_id: uuid.UUID | None = None
) -> Series:
    """P8: a prescriber looked; the infusions up to the next review point are booked, each checked like a booking.

    Raises ReviewNeeded before the review is open (one infusion before the stage ends), Stale unless the series still
    has this `version` (two who press at once release one stage).
    """
    asked = {"series": series_id, "note": note, "version": version}
    with transaction(), once(request_id, user_id=by.pk, intent="release", asked=asked) as request:
        seen = Series.objects.get(pk=series_id)
        if request.repeated:
            return seen
        series = _for_review(by, seen, version)
        if series.released_to >= series.order.infusions:
            raise errors.SeriesFull("Every visit of this series is released already.")
        if fulfilled(series) < (opens := rules.review_opens_after(series.released_to + 1)):
            raise errors.ReviewNeeded(f"The review opens after visit {opens} took place.")
        series.released_to = min(series.released_to + series.stage_size, series.order.infusions)
        _sign(by, series, note, "release a stage", TaskKind.SERIES_REVIEW, TaskKind.PAUSE_REVIEW)
    return series


def review_pause(
    *, by: User, series_id: uuid.UUID, note: str, version: int | None = None, request_id: uuid.UUID | None = None
) -> Series:
    """P9: a prescriber looked after a pause; the series goes on within its stage, which is not moved."""
    asked = {"series": series_id, "note": note, "version": version}
    with transaction(), once(request_id, user_id=by.pk, intent="review pause", asked=asked) as request:
        seen = Series.objects.get(pk=series_id)
        if request.repeated:
            return seen
        series = _for_review(by, seen, version)
        _sign(by, series, note, "review a pause", TaskKind.PAUSE_REVIEW)
    return series


def _for_review(by: User, seen: Series, version: int | None) -> Series:
    """The open series under the patient's lock, for a prescriber of its site."""
    authority.needs_prescriber(by, seen.site_id)
    lock(patients=[seen.patient_id])
    series = Series.objects.select_related("order", "site").select_for_update(of=("self",), no_key=True).get(pk=seen.pk)
    if series.status != Series.Status.OPEN:
        raise errors.SeriesFull("This series is closed.")
    if version not in (None, series.version):
        raise errors.Stale("Someone else changed this series meanwhile. Look at it as it is now, then decide again.")
    return series


def _sign(by: User, series: Series, note: str, what: str, *done: TaskKind) -> None:
    """Keep who looked and when, with what was written before; book what may be booked now; close the tasks."""
    series.version += 1
    series.save(update_fields=["released_to", "version"])
    before = StageRelease.objects.filter(series=series, released_to=series.released_to).first()
    notes = "\n".join(text for text in (before.note if before else "", note.strip()) if text)
    StageRelease.objects.update_or_create(
        series=series, released_to=series.released_to, defaults={"by": by, "note": notes, "at": now()}
    )
    notify.held_booked(series, book_held(series.patient_id), anew=False)
    close_tasks(series.pk, *done, by=by, outcome="released")
    record(
        Action.SIGN,
        what,
        by=by,
        subject=series,
        patient_id=series.patient_id,
        changes={"released_to": series.released_to},
    )


def fulfilled(series: Series) -> int:
    """How many infusions of the series took place."""
    return Appointment.objects.filter(series=series, status=Status.FULFILLED).count()


def promote(patient_id: uuid.UUID, *, leaves_at: datetime | None = None) -> int:
    """Book the patient's held visits whose stage is released and for which everything is met; how many.

    Under the caller's lock on the patient. The patient is told once, however many they are; at `leaves_at`, else now.
    """
    booked = book_held(patient_id)
    run = next((visit.series for visit in booked if visit.series is not None), None)
    notify.held_booked(run, booked, leaves_at=leaves_at)
    return len(booked)


def book_held(patient_id: uuid.UUID) -> list[Appointment]:
    """As `promote`, without a word to the patient: the visits that are booked now.

    What is not met stays held: software neither frees nor forces a visit.
    """
    held = Appointment.objects.select_related("series__order", "series__site", "site", "patient").filter(
        patient_id=patient_id, status=Status.HELD, starts_at__gt=now()
    )
    booked = []
    for visit in held.order_by("starts_at"):
        if visit.series is not None and (visit.number or 0) > visit.series.released_to:
            continue
        try:
            ok = protocol.needs_standing(visit.patient, on=visit.day, site_id=visit.site_id, kind=visit.kind)
            if visit.series is not None:
                protocol.check_pause(visit.series, protocol.series_days(visit.series).days, {visit.day})
        except errors.BookingRefused:
            continue
        if ok:
            visit.status, visit.version = Status.BOOKED, visit.version + 1
            visit.save(update_fields=["status", "version"])
            booked.append(visit)
    return booked


def align_stage(series: Series, *, leaves_at: datetime | None = None) -> None:
    """After numbers shifted: a booked visit that now lies past the review point is held again; then promote."""
    notify.visits_held(series, hold_beyond(series), leaves_at=leaves_at)
    promote(series.patient_id, leaves_at=leaves_at)
    ask_about_pauses(series)


def hold_beyond(series: Series) -> list[Appointment]:
    """Hold the booked visits that lie past the review point; which. The patient is told by the caller."""
    series.refresh_from_db(fields=["released_to"])
    beyond = Appointment.objects.select_related("site").filter(
        series=series, status=Status.BOOKED, number__gt=series.released_to, starts_at__gt=now()
    )
    held = list(beyond)
    for visit in held:
        visit.status, visit.version = Status.HELD, visit.version + 1
        visit.save(update_fields=["status", "version"])
    return held


def ask_about_pauses(series: Series) -> None:
    """P9: a pause that came about by a cancellation or a missed visit is put before a prescriber."""
    days = protocol.series_days(series).days
    for pause in rules.pauses(days, protocol.policy()):
        after_on = pause.days[1]
        try:
            protocol.check_pause(series, days, {after_on})
        except errors.ReviewNeeded:
            open_task(
                TaskKind.PAUSE_REVIEW,
                subject_type="scheduling.series",
                subject_id=series.pk,
                queue=Queue.PRESCRIBERS,
                due_at=review_due_at(series.site, after_on),
                site_id=series.site_id,
                patient_id=series.patient_id,
            )


def after_fulfilled(series: Series) -> None:
    """Open the review one infusion before the stage ends; complete the series after its last infusion."""
    from scheduling.services import boosters

    visits = Appointment.objects.filter(series=series, status__in=ACTIVE)
    done = visits.filter(status=Status.FULFILLED).count()
    if done >= series.order.infusions:
        series.status, series.closed_at, series.version = Series.Status.COMPLETED, now(), series.version + 1
        series.save(update_fields=["status", "closed_at", "version"])
        boosters.start(series)
    elif done >= rules.review_opens_after(series.released_to + 1) and series.released_to < series.order.infusions:
        open_review(series)


def open_review(series: Series) -> None:
    """A task for a prescriber; due at the close of the last working day before the next held visit (P8).

    In a day where no visit is held.
    """
    held = Appointment.objects.filter(
        series=series, status=Status.HELD, number__gt=series.released_to, starts_at__gt=now()
    )
    first = held.order_by("starts_at").first()
    due_at = review_due_at(series.site, first.day) if first else now() + timedelta(days=1)
    open_task(
        TaskKind.SERIES_REVIEW,
        subject_type="scheduling.series",
        subject_id=series.pk,
        queue=Queue.PRESCRIBERS,
        due_at=max(due_at, now()),
        site_id=series.site_id,
        patient_id=series.patient_id,
    )
