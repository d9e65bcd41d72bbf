"""What clinicians asked patients, and what these wrote back."""

import uuid
from collections.abc import Iterable

from django.db.models import Q, QuerySet

from intake.models import Patient, PatientQuestion
from pacificmind.accounts.models import Role, User

OPEN = Q(answered_at__isnull=True, taken_back_at__isnull=True)
UNREAD = Q(answered_at__isnull=False, read_at__isnull=True)


def of_patient(patient: Patient) -> QuerySet[PatientQuestion]:
    """Everything a patient was asked, newest first, but what was taken back before they answered."""
    rows = PatientQuestion.objects.filter(patient=patient, taken_back_at__isnull=True)
    return rows.select_related("asked_by").order_by("-asked_at", "pk")


def waiting(patient_id: uuid.UUID) -> int:
    """How many questions wait for the patient."""
    return PatientQuestion.objects.filter(OPEN, patient_id=patient_id).count()


def on_review(patient: Patient) -> list[PatientQuestion]:
    """All questions to a patient for the review page, oldest first."""
    rows = PatientQuestion.objects.filter(patient=patient, taken_back_at__isnull=True)
    return list(rows.select_related("asked_by", "read_by"))


def questions_of(by: User) -> QuerySet[PatientQuestion]:
    """Questions to patients of the clinician's sites."""
    return PatientQuestion.objects.filter(patient__site__in=by.sites(Role.CLINICIAN)).select_related("patient__site")


def states(patients: Iterable[uuid.UUID]) -> dict[uuid.UUID, str]:
    """For the queue: "answered" where something is unread, else "asked" where something waits for the patient."""
    rows = PatientQuestion.objects.filter(OPEN | UNREAD, patient__in=list(patients))
    found: dict[uuid.UUID, str] = {}
    for patient_id, answered_at in rows.values_list("patient_id", "answered_at"):
        if answered_at is not None or patient_id not in found:
            found[patient_id] = "answered" if answered_at is not None else "asked"
    return found
