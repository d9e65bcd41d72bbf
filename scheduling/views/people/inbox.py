"""The inbox of consultation requests, and one request."""

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from intake.domain.people import RecordRefused
from intake.models import ConsultationRequest
from intake.services import inbox as services
from intake.services import patients
from pacificmind.accounts.access import SignedInRequest, page
from pacificmind.accounts.models import Role, User
from pacificmind.audit.models import Action
from pacificmind.audit.services import record, viewed
from pacificmind.tasks.models import Kind, Task
from pacificmind.ui.forms import RequestIdForm
from pacificmind.ui.parts import Tab
from scheduling.forms.people import AttemptForm, ChooseForm, CloseForm, FindForm, VersionForm
from scheduling.queries import people

PER_PAGE = 25
STATE = ConsultationRequest.Status
LABELS = {STATE.NEW: "New", STATE.TRYING: "Trying to reach", STATE.BOOKED: "Booked", STATE.CLOSED: "Closed"}
EMPTY = {
    STATE.NEW: "When somebody asks for a consultation on the public page, it stands here.",
    STATE.TRYING: "Requests with a call that reached nobody wait here for the next one.",
    STATE.BOOKED: "Requests whose consultation is booked stand here.",
    STATE.CLOSED: "Requests that came to an end without a visit stand here.",
}


@require_http_methods(["GET", "HEAD", "POST"])
@page("front_desk", "clinician")
def inbox(request: SignedInRequest) -> HttpResponseBase:
    """Requests of the user's sites by state; a search, by POST, looks through all of them and changes nothing."""
    wishes = people.requests_of(request.user)
    form = FindForm(request.POST if request.method == "POST" else None)
    state = request.GET.get("state", STATE.NEW)
    if state not in LABELS:
        raise Http404
    searching = form.is_bound and form.is_valid()
    with transaction.atomic():
        if searching:
            rows = people.matching(wishes, form.looked).select_related("site").order_by("-made_at", "pk")
        else:
            rows = people.inbox(wishes, state)
        shown = Paginator(rows, PER_PAGE if not searching else people.MOST_FOUND).get_page(request.GET.get("page"))
        found = people.counts(wishes)
        context = {
            "page": shown,
            "rows": people.inbox_rows(list(shown)),
            "tabs": [_tab(one, state, found, searching) for one in LABELS],
            "find": form,
            "searching": searching,
            "state_label": LABELS[STATE(state)],
            "empty": EMPTY[STATE(state)],
        }
        ids = [str(wish.pk) for wish in shown]
        record(Action.VIEW, "desk-inbox", by=request.user, changes={"requests": ids})
        viewed("desk-inbox", by=request.user, patients=[w.patient_id for w in shown if w.patient_id])
        return render(request, "desk/inbox.html", context)


def _tab(one: STATE, state: str, found: dict[str, int], searching: bool) -> Tab:
    return Tab(LABELS[one], f"{reverse('desk-inbox')}?state={one}", one == state and not searching, found[one])


@require_safe
@page("front_desk", "clinician")
def show(request: SignedInRequest, wish: uuid.UUID) -> HttpResponseBase:
    """One request: what they wrote, how to reach them, what was tried."""
    return _show(request, _wish(request, wish))


@require_POST
@page("front_desk")
def attempt(request: SignedInRequest, wish: uuid.UUID) -> HttpResponseBase:
    """Note a call."""
    form = AttemptForm(request.POST, prefix="call")
    return _do(request, wish, form, "call", _attempt, "Noted.")


def _attempt(request: SignedInRequest, wish: ConsultationRequest, data: dict[str, Any]) -> None:
    services.log_attempt(outcome=data["attempt"], note=data["note"], **_about(request, wish, data))


@require_POST
@page("front_desk")
def close(request: SignedInRequest, wish: uuid.UUID) -> HttpResponseBase:
    """Close it with what came of it."""
    form = CloseForm(request.POST, prefix="close")
    return _do(request, wish, form, "close", _close, "The request is closed.")


def _close(request: SignedInRequest, wish: ConsultationRequest, data: dict[str, Any]) -> None:
    services.close_request(outcome=data["outcome"], **_about(request, wish, data))


@require_POST
@page("front_desk")
def reopen(request: SignedInRequest, wish: uuid.UUID) -> HttpResponseBase:
    """Take it up again."""
    form = VersionForm(request.POST)
    return _do(request, wish, form, "reopen", _reopen, "The request is open again.")


def _reopen(request: SignedInRequest, wish: ConsultationRequest, data: dict[str, Any]) -> None:
    services.reopen_request(**_about(request, wish, data))


@require_POST
@page("clinician")
def read(request: SignedInRequest, wish: uuid.UUID) -> HttpResponseBase:
    """A clinician read words of crisis and saw to it."""
    form = RequestIdForm(request.POST)
    found = _wish(request, wish)
    if form.is_valid():
        services.read_in_crisis(
            by=request.user, consultation_request_id=found.pk, request_id=form.cleaned_data["request_id"]
        )
        messages.success(request, "Noted that you have read it.")
    return redirect("desk-request", found.pk)


@require_POST
@page("front_desk")
def choose(request: SignedInRequest, wish: uuid.UUID) -> HttpResponseBase:
    """Link a patient who is known already."""
    form = ChooseForm(request.POST)
    return _do(request, wish, form, "choose", _choose, "The request is linked to this patient.")


def _choose(request: SignedInRequest, wish: ConsultationRequest, data: dict[str, Any]) -> None:
    patient = get_object_or_404(people.patients_of(request.user), pk=data["patient"])
    services.choose_patient(patient_id=patient.pk, **_about(request, wish, data))


@require_POST
@page("front_desk")
def make_patient(request: SignedInRequest, wish: uuid.UUID) -> HttpResponseBase:
    """Make a patient of what the request says."""
    form = VersionForm(request.POST)
    return _do(request, wish, form, "make", _make, "The patient is entered. Now choose a time.")


def _make(request: SignedInRequest, wish: ConsultationRequest, data: dict[str, Any]) -> None:
    somebody_else = "somebody_else" in request.POST
    patients.patient_from_request(somebody_else=somebody_else, **_about(request, wish, data))


def _about(request: SignedInRequest, wish: ConsultationRequest, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "by": request.user,
        "consultation_request_id": wish.pk,
        "version": data["version"],
        "request_id": data["request_id"],
    }


def _wish(request: SignedInRequest, pk: uuid.UUID) -> ConsultationRequest:
    return get_object_or_404(people.requests_of(request.user).select_related("site", "patient"), pk=pk)


Act = Callable[[SignedInRequest, ConsultationRequest, dict[str, Any]], None]


def _do(
    request: SignedInRequest,
    pk: uuid.UUID,
    form: AttemptForm | CloseForm | VersionForm | ChooseForm,
    name: str,
    act: Act,
    done: str,
) -> HttpResponseBase:
    """Carry out one thing about a request; what is refused stands on the page again, with what was typed."""
    wish = _wish(request, pk)
    if form.is_valid():
        try:
            act(request, wish, form.cleaned_data)
        except RecordRefused as refused:
            form.add_error(None, refused.say)
        else:
            messages.success(request, done)
            return redirect("desk-request", wish.pk)
    return _show(request, _wish(request, pk), **{name: form})


def _show(request: SignedInRequest, wish: ConsultationRequest, **bound: Any) -> HttpResponse:
    start = {"version": wish.version}
    refused = next(iter(bound.values()), None)
    for form in bound.values():  # what was typed stays; the version becomes the one that is shown now
        form.data = {**form.data.dict(), form.add_prefix("version"): wish.version}
    with transaction.atomic():
        can_act = wish.site_id in request.user.sites(Role.FRONT_DESK)
        like = people.alike(wish, user=request.user) if can_act and wish.patient_id is None else []
        context = {
            "wish": wish,
            "row": people.inbox_rows([wish])[0],
            "can_act": can_act,
            "unread": _unread(request.user, wish),
            "read": RequestIdForm(),
            "open": wish.status in services.OPEN,
            "attempts": wish.attempts.select_related("by"),
            "like": [(one, _choice(one.patient_id, start)) for one in like],
            "call": bound.get("call") or AttemptForm(prefix="call", initial=start),
            "close": bound.get("close") or CloseForm(prefix="close", initial=start),
            "plain": VersionForm(initial=start),
            "outcome": services.OUTCOMES.get(wish.outcome, wish.outcome),
            "form": refused,
        }
        seen = [one.patient_id for one in like if one.patient_id]
        viewed("desk-request", by=request.user, subject=wish, patient_id=wish.patient_id)
        viewed("desk-request", by=request.user, patients=seen)
        return render(request, "desk/inbox_request.html", context)


def _unread(user: User, wish: ConsultationRequest) -> bool:
    """Whether this clinician should say that they have read words of crisis."""
    if not wish.needs_person or wish.site_id not in user.sites(Role.CLINICIAN):
        return False
    return Task.objects.filter(subject_id=wish.pk, kind=Kind.REQUEST_IN_CRISIS, done_at__isnull=True).exists()


def _choice(patient_id: uuid.UUID | None, start: dict[str, Any]) -> ChooseForm | None:
    return ChooseForm(initial={**start, "patient": patient_id}, auto_id=False) if patient_id else None
