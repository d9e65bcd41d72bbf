"""What the patient's pages share."""

from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from intake.models import Patient
from pacificmind.accounts.access import SignedInRequest
from pacificmind.accounts.models import User
from pacificmind.prepared import Prepared, Told
from scheduling.models import Appointment
from scheduling.queries.patient_known import own_visits

_OWN = Prepared(lambda: Patient.objects.select_related("site", "user").filter(user=Told("user")).order_by("pk")[:1])


def own_patient(user: User) -> Patient | None:
    """The user's own record, where there is one."""
    return _OWN.first(user=user.pk)


def own_visit(request: SignedInRequest, visit_id: UUID) -> Appointment:
    """A visit of the user's own; 404 for another's, the same as for none."""
    return get_object_or_404(own_visits(request.user), pk=visit_id)


def address_of(request: HttpRequest) -> str | None:
    """The network address, as it is kept beside a consent."""
    return request.META.get("REMOTE_ADDR") or None
