"""The safety board: open alerts with their clocks, and what is recorded about each."""

import uuid
from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from intake.domain.decisions import DecisionRefused, Stale
from intake.forms.alerts import GiveBackForm
from intake.forms.review import AlertForm, add_problems
from intake.models import SafetyAlert
from intake.queries import board
from intake.services import alerts as services
from intake.services.safetyplan import newest_plan
from pacificmind.accounts.access import SignedInRequest, page
from pacificmind.accounts.models import Role
from pacificmind.audit.services import viewed
from pacificmind.clock import now, today
from pacificmind.ui.forms import RequestIdForm

BACK = "back"  # before the names of the fields that give an alert back: two forms stand on its page


@require_safe
@page(Role.CLINICIAN)
def safety_board(request: SignedInRequest) -> HttpResponse:
    """Open alerts and follow-ups of the clinician's sites."""
    alerts, follow_ups = list(board.open_alerts(request.user)), board.follow_ups(request.user)
    pages, screens = board.paging_of(alerts), board.screens_of(alerts)
    patients = [alert.patient_id for alert in alerts] + [row.alert.patient_id for row in follow_ups]
    viewed("safety-board", by=request.user, patients=patients)
    context = {
        "alerts": [
            {"alert": one, "paging": pages.get(one.pk, board.Paging()), "screen": screens.get(one.pk, "")}
            for one in alerts
        ],
        "failing": any(pages[one.pk].failing for one in alerts if one.waits and one.pk in pages),
        "duties": board.duties_now(request.user),
        "follow_ups": follow_ups,
        "now": now(),
        "pulse": board.pulse(request.user, alerts),
    }
    return render(request, "safety/board.html", context)


@require_safe
@page(Role.CLINICIAN)
def pulse(request: SignedInRequest) -> HttpResponse:
    """A mark that changes with the board. Does not keep the session alive: nobody may be looking (HIPAA 164.312)."""
    request.session.modified = False
    mark = str(board.pulse(request.user))
    return HttpResponse(mark, content_type="text/plain", headers={"Cache-Control": "no-store"})


@require_http_methods(["GET", "HEAD", "POST"])
@page(Role.CLINICIAN)
def alert(request: SignedInRequest, alert_id: uuid.UUID) -> HttpResponse:
    """One alert: what was answered, how to reach the patient, and the documentation that closes it."""
    found = get_object_or_404(board.alerts_of(request.user), pk=alert_id)
    day = today(found.site.zone)
    back = GiveBackForm(heirs=board.heirs(found), prefix=BACK)
    form = AlertForm(request.POST, today=day) if request.method == "POST" else AlertForm(today=day)
    if form.is_bound and form.is_valid() and _closed(request, found, form):
        messages.success(request, "The alert is documented and closed. A follow-up task is open.")
        return redirect("safety-board")
    return _show(request, found, form, back)


def _show(request: SignedInRequest, found: SafetyAlert, form: AlertForm, back: GiveBackForm) -> HttpResponse:
    viewed("safety-alert", by=request.user, subject=found, patient_id=found.patient_id)
    context = {
        "alert": found,
        "form": form,
        "back": back,
        "button": RequestIdForm(),
        "is_mine": found.owner_id == request.user.pk,
        "question": board.question_behind(found),
        "answered": board.what_was_answered(found),
        "contact": board.contact(found),
        "screens": board.screen_lines(found),
        "to_ask": board.screen_to_ask(found, request.user),
        "history": board.history(found),
        "contacts": board.contacts_after(found) if found.closed_at else None,
        "plan": newest_plan(found.patient_id),
        "now": now(),
    }
    return render(request, "safety/alert.html", context)


def _closed(request: SignedInRequest, found: SafetyAlert, form: AlertForm) -> bool:
    data = dict(form.cleaned_data)
    request_id = data.pop("request_id")
    try:
        services.close_alert(
            by=request.user, alert=found, documented=services.Documented(**data), request_id=request_id
        )
    except DecisionRefused as error:
        add_problems(form, error.problems)
    except Stale as error:
        form.add_error(None, str(error))
    return not form.errors


@require_POST
@page(Role.CLINICIAN)
def take(request: SignedInRequest, alert_id: uuid.UUID) -> HttpResponse:
    """Take an alert, or take it over from the clinician who is named in the form."""
    found = get_object_or_404(board.alerts_of(request.user), pk=alert_id)
    request_id = RequestIdForm(request.POST)
    key = request_id.cleaned_data["request_id"] if request_id.is_valid() else None
    owner = _uuid(request.POST.get("owner", ""))
    if owner is None:
        return _answer(request, found, lambda: services.acknowledge(by=request.user, alert=found, request_id=key))
    return _answer(
        request, found, lambda: services.take_over(by=request.user, alert=found, owner_id=owner, request_id=key)
    )


@require_POST
@page(Role.CLINICIAN)
def give_back(request: SignedInRequest, alert_id: uuid.UUID) -> HttpResponse:
    """Who has an alert gives it back, or hands it over."""
    found = get_object_or_404(board.alerts_of(request.user), pk=alert_id)
    back = GiveBackForm(request.POST, heirs=board.heirs(found), prefix=BACK)
    if back.is_valid():
        data = back.cleaned_data
        try:
            services.give_back(
                by=request.user, alert=found, why=data["why"], to_id=data["to"], request_id=data["request_id"]
            )
        except DecisionRefused as error:
            add_problems(back, error.problems)
        except Stale as error:
            messages.warning(request, str(error))
            return redirect("safety-board")
        else:
            messages.success(request, "You have given it back. The clock runs again, and pages are on their way.")
            return redirect("safety-board")
    return _show(request, found, AlertForm(today=today(found.site.zone)), back)


@require_POST
@page(Role.CLINICIAN)
def end_contacts(request: SignedInRequest, alert_id: uuid.UUID) -> HttpResponse:
    """No more friendly notes after this alert."""
    found = get_object_or_404(board.alerts_of(request.user), pk=alert_id)
    try:
        services.end_contacts(by=request.user, alert=found)
    except Stale as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, "No more friendly notes leave after this alert.")
    return redirect("safety-alert", found.pk)


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _answer(request: SignedInRequest, found: SafetyAlert, act: Callable[[], None]) -> HttpResponse:
    try:
        act()
    except Stale as error:
        messages.warning(request, str(error))
        return redirect("safety-board")
    messages.success(request, "You have this alert. Reach the patient first, then write down what you found.")
    return redirect("safety-alert", found.pk)


@require_POST
@page(Role.CLINICIAN)
def followed_up(request: SignedInRequest, alert_id: uuid.UUID) -> HttpResponse:
    """Record that the follow-up took place."""
    found = get_object_or_404(board.alerts_of(request.user), pk=alert_id)
    try:
        if request.POST.get("do") == "not-reached":
            services.follow_up_not_reached(by=request.user, alert=found)
            messages.info(request, "Kept. The follow-up stays on the list: try again, or somebody else does.")
            return redirect("safety-board")
        services.record_follow_up(by=request.user, alert=found)
    except Stale as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, "The follow-up is recorded.")
    return redirect("safety-board")
