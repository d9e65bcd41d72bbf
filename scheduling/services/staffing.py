"""Staff as the calendars see them: what somebody may no longer do, or access ended, leaves no visit without a task."""

import uuid

from django.db.models import Q

from pacificmind.accounts import services
from pacificmind.accounts.invitations import StaffRefused
from pacificmind.accounts.models import Clinician, Role, User
from pacificmind.accounts.services import Staff, changing_staff, close_account
from pacificmind.idempotency.services import once
from scheduling.models import Appointment, Kind, WeeklyShift
from scheduling.models.appointment import TREATMENTS
from scheduling.services.locks import lock
from scheduling.services.settings import to_come
from scheduling.services.shifts import sites_of
from scheduling.services.supply import ask_to_move


def visits_of(clinician: Clinician | None) -> list[Appointment]:
    """Visits to come of a clinician: what to show before their access is ended."""
    return to_come(Q(clinician=clinician)) if clinician else []


def visits_beyond(clinician: Clinician, staff: Staff) -> list[Appointment]:
    """Visits to come that somebody could no longer hold as `staff` says: no prescriber, attends none, fewer lanes."""
    lost: list[str] = []
    if clinician.is_prescriber and not staff.is_prescriber:
        lost += [Kind.CONSULTATION, Kind.FOLLOW_UP]
    if clinician.attends_infusions and not staff.attends_infusions:
        lost += TREATMENTS
    hit = Q(kind__in=lost)
    if staff.lanes < clinician.lanes:
        hit |= Q(kind__in=TREATMENTS, lanes__endswith__gt=staff.lanes)
    return to_come(Q(clinician=clinician) & hit)


def change_staff(
    *, by: User, user_id: uuid.UUID, seen: str, staff: Staff, request_id: uuid.UUID | None = None
) -> list[Appointment]:
    """Change somebody's name, roles and what they may do; the visits they can no longer hold have a task each.

    Raises StaffRefused while they have shifts at a site where they would be no clinician any more.
    """
    hit: list[Appointment] = []

    def before_it_is_written(user: User) -> None:
        clinician = Clinician.objects.filter(user=user).first()
        if clinician is None:
            return
        lock(clinicians=[clinician.pk])
        lost = sites_of(clinician) - {site for role, site in staff.grants if role == Role.CLINICIAN}
        shift = WeeklyShift.objects.filter(clinician=clinician, site_id__in=lost).select_related("site").first()
        if shift is not None:
            say = f"They have weekly shifts in {shift.site.name}. Take those out of their week first."
            raise StaffRefused(say, field="clinician")
        hit.extend(visits_beyond(clinician, staff))
        ask_to_move(hit)

    services.change_staff(
        by=by, user_id=user_id, seen=seen, staff=staff, request_id=request_id, before=before_it_is_written
    )
    return hit


def end_access(*, by: User, user_id: uuid.UUID, request_id: uuid.UUID | None = None) -> list[Appointment]:
    """Send somebody away at once; a clinician's visits to come, each with a task to move it."""
    with changing_staff(by), once(request_id, user_id=by.pk, intent="end-access", asked={"user": user_id}) as state:
        user = User.objects.select_for_update().get(pk=user_id)
        if state.repeated or not user.is_active or not user.is_of_the_clinic:
            return []
        clinician = Clinician.objects.filter(user=user).first()
        lock(clinicians=[clinician.pk] if clinician else [])
        visits = visits_of(clinician)
        close_account(user, by=by)
        ask_to_move(visits)
    return visits
