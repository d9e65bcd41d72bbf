"""Who may do what with visits: asked by every service, whichever door it is reached through."""

import uuid

from django.core.exceptions import PermissionDenied

from intake.models import Patient
from pacificmind.accounts.models import PRESCRIBER, Role, User
from scheduling.models import Appointment, Kind

PATIENT_KINDS = (Kind.CONSULTATION, Kind.FOLLOW_UP, Kind.BOOSTER)  # a booster only by P10: somebody looked again


def is_own(by: User, patient_id: uuid.UUID) -> bool:
    """Whether the user is this patient."""
    return Patient.objects.filter(pk=patient_id, user=by).exists()


def as_patient(by: User | None, patient_id: uuid.UUID, site_id: str) -> bool:
    """Whether `by` acts as the patient (narrower rules) rather than as staff of the site."""
    return by is not None and site_id not in by.sites() and is_own(by, patient_id)


def may_book(by: User | None, *, patient_id: uuid.UUID, site_id: str, kind: str) -> None:
    """Front desk and clinicians book at their sites; patients book for themselves what the clinic lets them."""
    if by is None or site_id in by.sites():
        return
    if kind in PATIENT_KINDS and is_own(by, patient_id):
        return
    raise PermissionDenied


def may_change(by: User | None, visit: Appointment) -> None:
    """Staff of the visit's site, and the patient whose visit it is."""
    if by is None or visit.site_id in by.sites() or is_own(by, visit.patient_id):
        return
    raise PermissionDenied


def needs_staff(by: User | None, site_id: str, *roles: str) -> None:
    """Staff of the site in one of these roles (front desk or clinician when none is named)."""
    if by is not None and site_id not in by.sites(*roles):
        raise PermissionDenied


def may_repair(by: User, site_id: str) -> None:
    """Staff of the site, and managers at every site."""
    if Role.MANAGER not in by.roles:
        needs_staff(by, site_id)


def needs_clinician(by: User, site_id: str) -> None:
    """A clinician of the site."""
    needs_staff(by, site_id, Role.CLINICIAN)


def needs_prescriber(by: User, site_id: str) -> None:
    """A prescriber of the site."""
    needs_clinician(by, site_id)
    if PRESCRIBER not in by.roles:
        raise PermissionDenied
