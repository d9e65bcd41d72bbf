"""P8: held visits are never freed by software; as they come near without a review, more and more people are told.

The review opens one infusion before the stage ends, or a day before its deadline at the latest. The deadline is the
close of the last working day before the held visit. Then it escalates, and again on the morning of the visit: to the
managers and once more to the prescribers, each time as a task of its own.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, F, Q

from pacificmind.clock import now
from pacificmind.tasks.models import Kind as TaskKind
from pacificmind.tasks.models import Queue, Task
from pacificmind.tasks.services import close_tasks, open_task
from scheduling.domain import protocol as rules
from scheduling.models import Appointment, Series, Status
from scheduling.queries.workdays import last_close_before, opens_on
from scheduling.services import stages

OPENS_AT_LATEST = timedelta(days=1)  # before the deadline, whatever took place by then


@dataclass(frozen=True)
class Held:
    """A series' next visit that waits for its review, and when people are told of it."""

    series: Series
    visit: Appointment
    fulfilled: int

    @property
    def deadline(self) -> datetime:
        """The close of the last working day before the visit; a day before it where there was none."""
        return last_close_before(self.visit.site, self.visit.day) or self.visit.starts_at - timedelta(days=1)

    @property
    def morning(self) -> datetime:
        """When the site opens on the day of the visit."""
        return min(opens_on(self.visit.site, self.visit.day), self.visit.starts_at)

    @property
    def opens(self) -> bool:
        """Whether the review is open: by what took place, or because its deadline is near."""
        after = rules.review_opens_after(self.series.released_to + 1)
        return self.fulfilled >= after or now() >= self.deadline - OPENS_AT_LATEST

    @property
    def step(self) -> datetime | None:
        """The last moment of escalation that has come; None before the deadline."""
        return max((at for at in (self.deadline, self.morning) if at <= now()), default=None)


def look_after() -> int:
    """Open what is to be reviewed, move its deadline along with the visit, escalate; how many series wait."""
    waiting = next_held()
    for one in waiting:
        if one.opens:
            stages.open_review(one.series)
        _keep_deadline(one)
    escalate(waiting)
    return sum(one.opens for one in waiting)


def next_held() -> list[Held]:
    """The next visit of each open series that is held for its stage; one held for a condition is another matter."""
    done = Count("series__visits", filter=Q(series__visits__status=Status.FULFILLED))
    visits = (
        Appointment.objects.filter(
            status=Status.HELD,
            number__gt=F("series__released_to"),
            ends_at__gt=now(),
            series__status=Series.Status.OPEN,
        )
        .select_related("site", "series__site", "series__order")
        .annotate(done=done)
        .order_by("series_id", "starts_at")
    )
    first: dict[uuid.UUID, Held] = {}
    for visit in visits:
        if visit.series is not None:
            first.setdefault(visit.series.pk, Held(visit.series, visit, visit.done))
    return list(first.values())


def _keep_deadline(one: Held) -> None:
    """The review's task is due at the deadline of the visit as it is planned now."""
    task = Task.objects.filter(kind=TaskKind.SERIES_REVIEW, subject_id=one.series.pk, done_at__isnull=True).first()
    if task is not None and task.due_at != (due_at := max(one.deadline, task.opened_at)):
        Task.objects.filter(pk=task.pk).update(due_at=due_at)


def escalate(waiting: Iterable[Held]) -> None:
    """A step whose moment has come is taken once; tasks about a visit that was released, moved or is over close."""
    late = [one for one in waiting if one.step is not None]
    about = {subject for one in late for subject in (one.series.pk, one.visit.pk)}
    over = Task.objects.filter(kind=TaskKind.HELD_VISIT_NEAR, done_at__isnull=True).exclude(subject_id__in=about)
    for subject in list(over.values_list("subject_id", flat=True)):
        close_tasks(subject, TaskKind.HELD_VISIT_NEAR, by=None, outcome="no longer near")
    for one in late:
        _tell(one, one.visit.pk, "scheduling.appointment", Queue.PRESCRIBERS)
        _tell(one, one.series.pk, "scheduling.series", Queue.MANAGERS)


def _tell(one: Held, subject_id: uuid.UUID, subject_type: str, queue: Queue) -> None:
    """The task of the present step, unless it was opened before, done or not; the one of the step before is closed."""
    step = one.step
    if step is None:
        return
    if Task.objects.filter(kind=TaskKind.HELD_VISIT_NEAR, subject_id=subject_id, opened_at__gte=step).exists():
        return
    with transaction.atomic():
        close_tasks(subject_id, TaskKind.HELD_VISIT_NEAR, by=None, outcome="asked again")
        open_task(
            TaskKind.HELD_VISIT_NEAR,
            subject_type=subject_type,
            subject_id=subject_id,
            queue=queue,
            due_at=one.visit.starts_at if step >= one.morning else one.morning,
            site_id=one.visit.site_id,
            patient_id=one.visit.patient_id,
        )
