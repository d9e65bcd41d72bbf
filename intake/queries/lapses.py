"""Decisions that no longer clear, as clinicians of the site read them."""

import uuid

from django.db.models import QuerySet

from intake.models import Finding, Lapse
from pacificmind.accounts.models import Role, User


def open_lapse(patient_id: uuid.UUID) -> Lapse | None:
    """What made the patient's newest decision lapse, if that waits for a prescriber."""
    rows = Lapse.objects.filter(clearance__patient=patient_id, settled_at__isnull=True)
    return rows.select_related("clearance__patient__site", "found_on").first()


def lapses_of(by: User) -> QuerySet[Lapse]:
    """Lapses of patients of the clinician's sites."""
    rows = Lapse.objects.filter(clearance__patient__site__in=by.sites(Role.CLINICIAN))
    return rows.select_related("clearance__patient__site", "found_on")


def found_by(lapse: Lapse) -> list[Finding]:
    """The findings that made it lapse, as they read now."""
    intake = lapse.found_on or lapse.clearance.intake
    return list(intake.findings.filter(rule__in=lapse.rules))
