"""Check-ins: how the patient is in the days, weeks and months after a treatment, counted anew from each one.

After the first infusion of a series on days 1 and 3, after its last infusion and after each booster on all days of the
clinic's setting (CLINICAL 1.9).
"""

import uuid
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef

from intake.domain.decisions import Stale
from intake.domain.inquiry import THOUGHTS
from intake.domain.outcomes import course
from intake.models import Inquiry, Patient
from intake.queries import inquiries as queries
from intake.queries.outcomes import measures_of
from intake.services import inquiries
from pacificmind.accounts.models import User
from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from pacificmind.clinic.models import ClinicSettings
from pacificmind.clock import now
from pacificmind.messaging.models import Message, Recipient
from pacificmind.messaging.services import Owed, owe_many, void
from pacificmind.tasks.models import Kind as TaskKind
from pacificmind.tasks.models import Queue, Task
from pacificmind.tasks.services import close_tasks, open_task
from scheduling.models import ACTIVE, Appointment, Kind, Series, Status
from scheduling.models.appointment import TREATMENTS
from scheduling.services import authority

CHECK_IN, TALK = "check-in", "talk-with-us"
HOUR = 10  # local wall clock: a decent hour
FIRST_DAYS = 3  # after the first infusion of a series: days 1 and 3 (CLINICAL 1.9: +24 h, +48 to 72 h)
OPEN_FOR = timedelta(days=14)  # at most, and no longer than until the next one
CATCH_UP = timedelta(hours=3)  # far longer than a worker or the clock is ever away unnoticed
NEWER = "A newer visit counts now."


def begin(visit: Appointment) -> None:
    """A treatment took place: older check-ins end, and those that count from it are owed, in the same transaction."""
    stop(visit.patient_id, why=NEWER)
    days = _days(visit)
    if not days:
        return
    given = Appointment.objects.filter(
        patient_id=visit.patient_id, kind__in=TREATMENTS, status=Status.FULFILLED
    ).count()
    wanted = [
        inquiries.Wanted(
            patient_id=visit.patient_id,
            site_id=visit.site_id,
            visit_id=visit.pk,
            visit_version=0,
            days_after=day,
            opens_at=at(visit, day),
            expires_at=min(at(visit, following) if following else at(visit, day) + OPEN_FOR, at(visit, day) + OPEN_FOR),
            treatments=given,
        )
        for day, following in zip(days, [*days[1:], None], strict=True)
    ]
    inquiries.make(wanted)
    owe_many(
        [
            Owed(CHECK_IN, row, 1, Recipient.PATIENT, row.patient_id, row.opens_at, site_id=row.site_id)
            for row in queries.check_ins_after(visit.pk)
        ]
    )


def stop(patient_id: uuid.UUID, *, why: str) -> int:
    """End the check-ins that are not answered, and what is owed about them; how many."""
    ended = inquiries.end(patient_id, why=why)
    for key in ended:
        void(key, why=why, purposes=[CHECK_IN])
    return len(ended)


def at(visit: Appointment, days: int) -> datetime:
    """When a check-in opens: so many days after, at the same decent hour of the site's wall clock."""
    on = visit.day + timedelta(days=days)
    return datetime.combine(on, time(HOUR), tzinfo=visit.site.tz).astimezone(UTC)


def _days(visit: Appointment) -> list[int]:
    days = sorted(set(ClinicSettings.current().check_in_days))
    series = visit.series
    if visit.kind == Kind.BOOSTER or series is None or series.status != Series.Status.OPEN:
        return days
    done = Appointment.objects.filter(series=series, status=Status.FULFILLED)
    if done.count() > 1:
        return []
    following = _next_day(visit)
    first = [day for day in days if day <= FIRST_DAYS]
    return [day for day in first if following is None or visit.day + timedelta(days=day) < following]


def _next_day(visit: Appointment) -> date | None:
    """The day of the next treatment that is planned."""
    coming = Appointment.objects.filter(
        patient_id=visit.patient_id, kind__in=TREATMENTS, status__in=ACTIVE, day__gt=visit.day
    )
    return coming.order_by("day").values_list("day", flat=True).first()


def after_closing(series: Series, *, goes_on: bool) -> None:
    """A series was closed early: check-ins count from its last infusion where it finished, and end otherwise."""
    if not goes_on:
        stop(series.patient_id, why="The series was closed.")
        return
    last = (
        Appointment.objects.select_related("site", "series")
        .filter(series=series, status=Status.FULFILLED)
        .order_by("-day")
        .first()
    )
    if last is not None:
        begin(last)


def look_for_relapse(inquiry: Inquiry) -> bool:
    """Whether the PHQ-9 of a check-in is a relapse (CLINICAL 1.10): then a clinician talks with the patient.

    A prompt, never a verdict: a task, and a kind message. No reminder of a booster leaves while the task is open.
    """
    first = _series_began(inquiry.visit_id)
    found = course("PHQ-9", measures_of([inquiry.patient_id])[inquiry.patient_id], first)
    latest = found.latest
    if latest is None or not latest.relapse or latest.measure.at < inquiry.opens_at:
        return False
    with transaction.atomic(durable=True):
        open_task(
            TaskKind.TALK_FIRST,
            subject_type="intake.patient",
            subject_id=inquiry.patient_id,
            queue=Queue.CLINICIANS,
            due_at=now() + timedelta(days=1),
            site_id=inquiry.site_id,
            patient_id=inquiry.patient_id,
        )
        owe_many([Owed(TALK, inquiry, 1, Recipient.PATIENT, inquiry.patient_id, now(), site_id=inquiry.site_id)])
    return True


def catch_up() -> int:
    """Look for relapses where the process ended between the answer and what follows from it; how many were found."""
    told = Message.objects.filter(purpose=TALK, subject_id=OuterRef("pk"))
    answered = Inquiry.objects.filter(
        ~Exists(told), kind=Inquiry.Kind.AFTER, done__contains=[THOUGHTS], begun_at__gt=now() - CATCH_UP
    )
    return sum(look_for_relapse(inquiry) for inquiry in answered)


def _series_began(visit_id: uuid.UUID) -> datetime | None:
    """When the first infusion of the series began after which we ask; for a booster, that of the last series before."""
    visit = Appointment.objects.filter(pk=visit_id).first()
    if visit is None:
        return None
    infusions = Appointment.objects.filter(
        patient_id=visit.patient_id, kind=Kind.INFUSION, status=Status.FULFILLED, starts_at__lte=visit.starts_at
    )
    last = infusions.order_by("-starts_at").first()
    if last is None:
        return None
    return infusions.filter(series=last.series).order_by("starts_at").values_list("starts_at", flat=True).first()


def talk_is_open(patient_id: uuid.UUID) -> bool:
    """Whether a clinician still has to talk with the patient about a check-in."""
    return Task.objects.filter(kind=TaskKind.TALK_FIRST, patient_id=patient_id, done_at__isnull=True).exists()


def looked(*, by: User, patient_id: uuid.UUID, talked: bool, shown: Mapping[str, str]) -> None:
    """A clinician has read the check-ins of a patient; `talked`: and has talked with them, so that task closes too.

    `shown` are the marks of the check-ins on their page, by key. Where one says more by now, nothing is kept: Stale.
    """
    rows = [row for row in queries.check_ins_of(patient_id) if row.looked_at is None]
    if any(shown.get(str(row.pk)) != queries.mark_of(row) for row in rows):
        raise Stale(inquiries.MEANWHILE)
    for row in rows:
        inquiries.look(by=by, inquiry_id=row.pk, mark=shown[str(row.pk)])
    if not talked:
        return
    with transaction.atomic(durable=True):
        patient = Patient.objects.get(pk=patient_id)
        authority.needs_clinician(by, patient.site_id)
        if close_tasks(patient_id, TaskKind.TALK_FIRST, by=by, outcome="talked"):
            record(Action.CHANGE, "talk about a check-in", by=by, subject=patient, patient_id=patient_id)
