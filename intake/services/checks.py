"""Checks that are due again, such as the prescription monitoring every six months (CLINICAL 8)."""

from django.db.models import Exists, OuterRef

from intake.models import Clearance, StaffResult
from intake.queries.standing import CLEARED
from pacificmind.clock import now, today
from pacificmind.tasks.models import Kind, Queue, Task
from pacificmind.tasks.services import close_tasks, open_task


def ask_again() -> int:
    """Open a task for each patient under a decision whose check is due again; close what was done; how many."""
    present = now()
    live = Clearance.objects.filter(
        patient=OuterRef("patient"),
        decision__in=CLEARED,
        withdrawn_at__isnull=True,
        until_on__gte=present.date(),
    )
    newer = StaffResult.objects.filter(
        patient=OuterRef("patient"), kind=OuterRef("kind"), void_at__isnull=True, done_on__gt=OuterRef("done_on")
    )
    due = StaffResult.objects.filter(
        Exists(live), ~Exists(newer), void_at__isnull=True, again_on__lte=present.date()
    ).select_related("patient__site")
    found = {row.patient_id: row for row in due if row.again_on and row.again_on <= today(row.patient.site.zone)}
    over = Task.objects.filter(kind=Kind.RESULT_AGAIN, done_at__isnull=True).exclude(subject_id__in=found)
    for patient_id in list(over.values_list("subject_id", flat=True)):
        close_tasks(patient_id, Kind.RESULT_AGAIN, by=None, outcome="checked again")
    for patient_id, row in found.items():
        open_task(
            Kind.RESULT_AGAIN,
            subject_type="intake.patient",
            subject_id=patient_id,
            queue=Queue.CLINICIANS,
            due_at=present,
            site_id=row.patient.site_id,
            patient_id=patient_id,
        )
    return len(found)
