"""The steps of a visit: arrived, checked in, started, completed, did not come. Each a POST that is done once."""

import uuid
from collections.abc import Callable
from typing import Any, cast

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from pacificmind.accounts.access import SignedInRequest, page
from scheduling.domain import errors
from scheduling.forms.desk_steps import CheckInForm, CompleteForm, StepForm, step_form
from scheduling.models import Appointment
from scheduling.queries.arrivals import FILTERS
from scheduling.services import door
from scheduling.views.desk.shared import WRITERS
from scheduling.views.desk.visits import show_visit, visit_of

More = Callable[[Any], dict[str, Any]]


def _nothing(form: StepForm) -> dict[str, Any]:
    return {}


def _take(
    request: SignedInRequest, pk: uuid.UUID, name: str, service: Callable[..., Appointment], done: str, more: More
) -> HttpResponse:
    """One step: the service says whether it may be; a refusal is said on the visit's page, as it is now."""
    visit = visit_of(request, pk, to_change=True)
    form = step_form(name, visit)(request.POST, auto_id=f"id_{name}_{visit.pk.hex[:8]}_%s")
    if not form.is_valid():
        return show_visit(request, visit, refused="Please check what is marked below.", form=form, step=name)
    data = form.cleaned_data
    try:
        service(by=request.user, visit_id=pk, version=data["version"], request_id=data["request_id"], **more(form))
    except errors.BookingRefused as refused:
        fresh = visit_of(request, pk, to_change=True)
        return show_visit(request, fresh, refused=refused.say, form=_again(form, refused, fresh), step=name)
    messages.success(request, done)
    if data["back"] == "arrivals":
        here = reverse("desk-arrivals", args=[visit.site_id, visit.day.isoformat()])
        return redirect(f"{here}?show={data['show']}" if data["show"] in FILTERS else here)
    return redirect("desk-visit", visit=pk)


def _again(form: StepForm, refused: errors.BookingRefused, visit: Appointment) -> StepForm:
    """The form with what was typed; a new id and the present version, so that it can be sent once more on purpose."""
    data = cast(QueryDict, form.data).copy()
    if isinstance(refused, errors.RequestReused):
        data["request_id"] = str(uuid.uuid4())
    data["version"] = str(visit.version)
    form.data = data
    return form


@require_POST
@page(*WRITERS)
def arrive(request: SignedInRequest, visit: uuid.UUID) -> HttpResponse:
    """The patient is here."""
    return _take(request, visit, "arrive", door.arrive, "Marked as arrived.", _nothing)


@require_POST
@page(*WRITERS)
def check_in(request: SignedInRequest, visit: uuid.UUID) -> HttpResponse:
    """The gate at the door, and the person who takes the patient home."""

    def escort(form: Any) -> dict[str, Any]:
        if not isinstance(form, CheckInForm):
            return {}
        return {name: form.cleaned_data[name] for name in ("escort_name", "escort_phone", "fasted")}

    return _take(request, visit, "check-in", door.check_in, "Checked in.", escort)


@require_POST
@page("clinician")
def start(request: SignedInRequest, visit: uuid.UUID) -> HttpResponse:
    """The visit begins; a clinician says so."""
    return _take(request, visit, "start", door.begin, "Started.", _nothing)


@require_POST
@page(*WRITERS)
def complete(request: SignedInRequest, visit: uuid.UUID) -> HttpResponse:
    """The visit is over; after an infusion with the discharge list."""

    def points(form: Any) -> dict[str, Any]:
        return {"discharge": form.points} if isinstance(form, CompleteForm) else {}

    return _take(request, visit, "complete", door.fulfil, "Completed.", points)


@require_POST
@page(*WRITERS)
def no_show(request: SignedInRequest, visit: uuid.UUID) -> HttpResponse:
    """The patient did not come."""
    return _take(request, visit, "no-show", door.no_show, "Marked: did not come. The place is free again.", _nothing)
