"""A decision that lapsed or ends soon, with the visits that are booked: for a prescriber. Nothing is cancelled."""

import uuid
from datetime import date

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from intake.domain.decisions import DecisionRefused, Stale
from intake.forms.review import SettleForm, add_problems
from intake.models import Patient
from intake.queries import lapses as reading
from intake.queries import record_page, review
from intake.services import lapses
from intake.services.guards import WrongPassword
from pacificmind.accounts import reauth
from pacificmind.accounts.access import SignedInRequest, page
from pacificmind.accounts.models import PRESCRIBER, Role
from pacificmind.audit.services import viewed
from pacificmind.clock import now
from scheduling.models import Appointment, Status
from scheduling.models.appointment import TREATMENTS
from scheduling.queries.visits import with_names

TO_COME = (Status.HELD, Status.BOOKED, Status.ARRIVED)


@require_http_methods(["GET", "HEAD", "POST"])
@page(Role.CLINICIAN)
def show(request: SignedInRequest, patient: uuid.UUID) -> HttpResponse:
    """What governs, why it does not hold, the visits; a prescriber may let it hold."""
    who = get_object_or_404(review.patients_of(request.user), pk=patient)
    lapse = reading.open_lapse(who.pk)
    may_settle = PRESCRIBER in request.user.roles and lapse is not None and lapse.why == "changed"
    form = None
    if may_settle and lapse is not None:
        form = SettleForm(
            request.POST if request.method == "POST" else None,
            initial={"rules": " ".join(lapse.rules)},
            confirmed=reauth.confirmed(request),
        )
        if form.is_bound and form.is_valid() and _settled(request, form, who):
            messages.success(request, "Recorded: the decision still holds.")
            return redirect("patient-decision", patient=who.pk)
    viewed("patient-decision", by=request.user, subject=who, patient_id=who.pk)
    found = record_page.of(who)
    context = {
        "patient": who,
        "page": found,
        "newest": next((intake for intake in found.intakes if intake.submitted_at), None),
        "lapse": lapse,
        "found": reading.found_by(lapse) if lapse else [],
        "form": form,
        "visits": _visits(who),
        "ends_in": _days_left(who),
    }
    return render(request, "desk/patient_decision.html", context)


def _settled(request: SignedInRequest, form: SettleForm, who: Patient) -> bool:
    lapse = reading.open_lapse(who.pk)
    data = form.cleaned_data
    if lapse is None or " ".join(lapse.rules) != data["rules"]:
        form.add_error(None, "Something was found or settled meanwhile. Read it first.")
        return False
    try:
        lapses.settle(
            by=request.user,
            lapse=lapse,
            why=data["why"],
            request_id=data["request_id"],
            signed=form.signer(request, who.pk),
        )
    except WrongPassword as error:
        form.add_error("password", str(error))
    except DecisionRefused as error:
        add_problems(form, error.problems)
    except Stale as error:
        form.add_error(None, str(error))
    return not form.errors


def _visits(who: Patient) -> list[Appointment]:
    coming = Appointment.objects.filter(patient=who, kind__in=TREATMENTS, status__in=TO_COME, ends_at__gt=now())
    return list(with_names(coming).order_by("starts_at"))


def _days_left(who: Patient) -> int | None:
    """Days until the governing decision ends; negative once it has; None where none clears."""
    governing = record_page.decisions_of(who).first()
    if governing is None or governing.until_on is None or governing.withdrawn_at is not None:
        return None
    today: date = now().astimezone(who.site.tz).date()
    return (governing.until_on - today).days
