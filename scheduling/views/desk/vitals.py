"""The readings of one treatment visit, entered by those who attend; the front desk has no such page."""

import uuid

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from intake.domain.decisions import DecisionRefused, Stale
from intake.domain.vitals import Step
from intake.forms.measures import StartForm, VitalsForm, minute
from intake.forms.review import add_problems
from intake.queries import measures as reading
from intake.services import measures
from intake.services.guards import WrongPassword
from pacificmind.accounts import reauth
from pacificmind.accounts.access import SignedInRequest, page
from pacificmind.accounts.models import PRESCRIBER, Role
from pacificmind.audit.services import viewed
from pacificmind.clock import now
from scheduling.domain import errors
from scheduling.models import Appointment, Status
from scheduling.models.appointment import TREATMENTS
from scheduling.queries import visits as queries
from scheduling.services import vitals

DECIDABLE = (Step.REST, Step.DECIDE, Step.OVERRIDE)


def _visit(request: SignedInRequest, pk: uuid.UUID) -> Appointment:
    """A treatment visit at a site where the user is a clinician; 404 for any other."""
    mine = queries.visits_seen_by(request.user).filter(site_id__in=request.user.sites(Role.CLINICIAN))
    found = get_object_or_404(mine, pk=pk)
    if found.kind not in TREATMENTS:
        raise Http404
    return found


@require_http_methods(["GET", "HEAD", "POST"])
@page(Role.CLINICIAN)
def readings(request: SignedInRequest, visit: uuid.UUID) -> HttpResponse:
    """Enter readings, and see what they mean for the start."""
    seen = _visit(request, visit)
    form = _form(request, seen)
    if form.is_bound and form.is_valid():
        try:
            data = form.cleaned_data
            vitals.record(
                by=request.user,
                visit_id=seen.pk,
                phase=data["phase"],
                asked=form.asked(),
                request_id=data["request_id"],
            )
        except DecisionRefused as error:
            add_problems(form, error.problems)
        except (Stale, errors.BookingRefused) as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "The readings are entered.")
            return redirect("desk-visit-vitals", visit=seen.pk)
    return _show(request, seen, form, None)


def _form(request: SignedInRequest, visit: Appointment) -> VitalsForm:
    local = now().astimezone(visit.site.tz)
    phase = "before" if visit.started_at is None else "during" if visit.status == Status.CHECKED_IN else "after"
    data = request.POST if request.method == "POST" else None
    initial = {"phase": phase, "on": local.date(), "at": minute(local)}
    return VitalsForm(data, zone=visit.site.tz, in_visit=True, initial=initial)


@require_POST
@page(Role.CLINICIAN)
def decide(request: SignedInRequest, visit: uuid.UUID) -> HttpResponse:
    """Record a decision about readings above a limit: it may start, or it does not."""
    seen = _visit(request, visit)
    form = StartForm(request.POST, confirmed=reauth.confirmed(request))
    start = "start" in request.POST
    if form.is_valid():
        data = form.cleaned_data
        row = get_object_or_404(reading.of_visit(seen.pk), pk=data["vitals"])
        try:
            measures.decide_start(
                by=request.user,
                vitals=row,
                start=start,
                reason=data["reason"],
                request_id=data["request_id"],
                signed=form.signer(request, seen.patient_id),
            )
        except WrongPassword as error:
            form.add_error("password", str(error))
        except DecisionRefused as error:
            add_problems(form, error.problems)
        except Stale as error:
            form.add_error(None, str(error))
        else:
            said = "It may start: your decision is recorded." if start else "Recorded: it does not start for now."
            messages.success(request, said)
            return redirect("desk-visit-vitals", visit=seen.pk)
    local = now().astimezone(seen.site.tz)
    empty = VitalsForm(zone=seen.site.tz, in_visit=True, initial={"phase": "before", "at": minute(local)})
    return _show(request, seen, empty, form)


def _start(request: SignedInRequest, vitals_id: uuid.UUID) -> StartForm:
    return StartForm(initial={"vitals": vitals_id}, confirmed=reauth.confirmed(request))


def _show(request: SignedInRequest, visit: Appointment, form: VitalsForm, refused: StartForm | None) -> HttpResponse:
    viewed("vital-signs", by=request.user, subject=visit, patient_id=visit.patient_id)
    rows = list(reading.of_visit(visit.pk))
    gate = reading.gate_of(visit.pk, now=now(), rows=rows)
    last = next((row for row in rows if row.void_at is None and reading.reading_of(row) == gate.last), None)
    waiting = visit.started_at is None and gate.step in DECIDABLE and last is not None
    context = {
        "visit": visit,
        "what": queries.what_words(visit),
        "rows": list(reversed(reading.shown(rows))),
        "form": form if vitals.may_enter(visit) else None,
        "gate": gate if visit.started_at is None else None,
        "say": vitals.words(gate, visit),
        "last": reading.shown([last])[0] if last else None,
        "decide": (refused or _start(request, last.pk)) if waiting and last else None,
        "may_let_start": gate.step is Step.DECIDE or (gate.step is Step.OVERRIDE and PRESCRIBER in request.user.roles),
        "limits": reading.limits(),
        "refused_start": refused is not None,
    }
    return render(request, "desk/vitals.html", context)
