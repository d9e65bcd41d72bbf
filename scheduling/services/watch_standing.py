"""Decisions that do not hold for what is booked, or end soon: one task a patient. No visit is touched."""

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime, time, timedelta

from django.db.models import Exists, OuterRef, Q

from intake.models import BoosterOrder, Clearance, Patient
from intake.queries.standing import CLEARED
from intake.queries.standing_bulk import Standing
from pacificmind.clinic.models import ClinicSettings
from pacificmind.clock import now
from pacificmind.tasks.models import Kind as TaskKind
from pacificmind.tasks.models import Queue, Task
from pacificmind.tasks.services import close_tasks, open_task
from scheduling.models import Appointment, Series

SUBJECT = "intake.patient"
ASK_WITHIN = timedelta(hours=8)
QUIET_AFTER_DONE = timedelta(days=1)  # somebody said that it is done: the same is not asked again at once


def not_covered(visits: Iterable[Appointment], known: Mapping[uuid.UUID, Standing]) -> int:
    """Put each patient with a visit that no decision covers to a prescriber; close what is covered again; how many.

    The page of the task lists the visits.
    """
    first: dict[uuid.UUID, Appointment] = {}
    for visit in visits:
        if not known[visit.patient_id].covers(on=visit.day, site_id=visit.site_id, kind=visit.kind):
            first.setdefault(visit.patient_id, visit)
    kind = TaskKind.CLEARANCE_LAPSED
    over = Task.objects.filter(kind=kind, subject_type=SUBJECT, done_at__isnull=True).exclude(subject_id__in=first)
    for patient_id in list(over.values_list("subject_id", flat=True)):
        if not _lapse_open(patient_id):
            close_tasks(patient_id, kind, by=None, outcome="covered again")
    settled = _settled(kind, first)
    homes = dict(Patient.objects.filter(pk__in=first).values_list("pk", "site_id"))
    for patient_id, visit in first.items():
        if patient_id not in settled:
            _ask(kind, patient_id, homes[patient_id], due_at=min(visit.starts_at, now() + ASK_WITHIN))
    return len(first)


def ends_soon() -> int:
    """Decisions that end within the clinic's days while treatment goes on are put to a prescriber; how many."""
    days = timedelta(days=ClinicSettings.current().ends_soon_days)
    newer = Clearance.objects.filter(patient=OuterRef("patient"), signed_at__gt=OuterRef("signed_at"))
    series = Series.objects.filter(patient=OuterRef("patient"), status=Series.Status.OPEN)
    running = (BoosterOrder.Status.WAITING, BoosterOrder.Status.OPEN)
    boosters = BoosterOrder.objects.filter(patient=OuterRef("patient"), status__in=running)
    present = now()
    ending = Clearance.objects.filter(
        ~Exists(newer),
        Q(Exists(series)) | Q(Exists(boosters)),
        decision__in=CLEARED,
        withdrawn_at__isnull=True,
        until_on__range=(present.date() - timedelta(days=1), (present + days).date()),
        patient__status=Patient.Status.ACTIVE,
    ).select_related("patient__site")
    found = {one.patient_id: one for one in ending}
    settled = _settled(TaskKind.DECISION_ENDS, found)
    for patient_id, one in found.items():
        if patient_id not in settled and one.until_on is not None:
            last = datetime.combine(one.until_on, time(8), tzinfo=one.patient.site.tz)
            _ask(TaskKind.DECISION_ENDS, patient_id, one.patient.site_id, due_at=last)
    return len(found)


def _lapse_open(patient_id: uuid.UUID) -> bool:
    return Clearance.objects.filter(patient=patient_id, lapses__settled_at__isnull=True, lapses__isnull=False).exists()


def _settled(kind: TaskKind, patients: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    rows = Task.objects.filter(
        kind=kind, subject_id__in=list(patients), done_at__gt=now() - QUIET_AFTER_DONE, done_by__isnull=False
    )
    return set(rows.values_list("subject_id", flat=True))


def _ask(kind: TaskKind, patient_id: uuid.UUID, site_id: str, *, due_at: datetime) -> None:
    open_task(
        kind,
        subject_type=SUBJECT,
        subject_id=patient_id,
        queue=Queue.PRESCRIBERS,
        due_at=due_at,
        site_id=site_id,
        patient_id=patient_id,
    )
