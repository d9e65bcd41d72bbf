"""The same questions in the portal: the patient is signed in and proves nothing more."""

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from intake.models import Inquiry
from intake.queries import inquiries as queries
from pacificmind.accounts.access import SignedInRequest, page
from pacificmind.accounts.models import Role
from scheduling.models.appointment import Confirmed
from scheduling.services import confirming
from scheduling.views.inquiry import flow
from scheduling.views.patient.common import own_visit


def _own(request: SignedInRequest, inquiry: UUID) -> tuple[Inquiry, flow.Door]:
    row = queries.own(request.user, inquiry)
    if row is None:
        raise Http404
    here, help_url = reverse("own-inquiry", args=[row.pk]), reverse("own-inquiry-help", args=[row.pk])
    return row, flow.Door(by=request.user, here=here, help=help_url, how=Confirmed.PORTAL)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@page(Role.PATIENT)
def show(request: SignedInRequest, inquiry: UUID) -> HttpResponse:
    """The questions, part by part."""
    row, door = _own(request, inquiry)
    return flow.run(request, row, door)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@page(Role.PATIENT)
def help_now(request: SignedInRequest, inquiry: UUID) -> HttpResponse:
    """Help now, and a way on."""
    row, door = _own(request, inquiry)
    return flow.help_now(request, row, door)


@never_cache
@require_POST
@page(Role.PATIENT)
def confirm(request: SignedInRequest, visit_id: UUID) -> HttpResponse:
    """I am coming."""
    visit = own_visit(request, visit_id)
    confirming.confirm(visit_id=visit.pk, how=Confirmed.PORTAL, by=request.user)
    return redirect("patient-visit", visit_id=visit.pk)
