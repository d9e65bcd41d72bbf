"""The ledger for the front desk, and for a patient what we wrote."""

import uuid
from collections.abc import Callable

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from pacificmind.accounts.access import SignedInRequest, page
from pacificmind.accounts.models import Role
from pacificmind.audit.models import Action
from pacificmind.audit.services import record, viewed
from pacificmind.idempotency.services import RequestReused
from pacificmind.messaging import inbound, inbox, overview, queries, registry, services
from pacificmind.messaging.models import Status
from pacificmind.ui.forms import RequestIdForm

_PER_PAGE = 40
_LETTERS = 20


@require_safe
@page("front_desk", "manager")
def desk_ledger(request: SignedInRequest) -> HttpResponse:
    """Messages of the user's sites: what left, what is planned, what needs a person, each with its reason."""
    status = request.GET.get("status", Status.FAILED)
    status = status if status in Status.values else Status.FAILED
    purposes = [purpose for purpose in registry.purposes() if purpose.name != registry.SAFETY_PAGE]
    purpose = request.GET.get("purpose", "")
    purpose = purpose if purpose in {known.name for known in purposes} else ""
    rows = queries.ledger(request.user)
    rows = rows.filter(purpose=purpose) if purpose else rows
    shown = Paginator(queries.in_order(rows, status), _PER_PAGE).get_page(request.GET.get("page"))
    viewed("desk-ledger", by=request.user, patients=queries.patients_of(shown))
    context = {
        "page": shown,
        "lines": [(line, RequestIdForm(auto_id=False)) for line in queries.lines(shown)],
        "tabs": queries.tabs(queries.counts(rows), status, request.path, purpose),
        "purposes": purposes,
        "purpose": purpose,
        "status_key": status,
    }
    return render(request, "ledger/desk.html", context)


@require_POST
@page("front_desk", "manager")
def retry(request: SignedInRequest, message_id: uuid.UUID) -> HttpResponse:
    """Send it again."""
    return _settle(request, _message(request, message_id), services.retry, "It is sent again within a minute.")


@require_POST
@page("front_desk", "manager")
def called(request: SignedInRequest, message_id: uuid.UUID) -> HttpResponse:
    """They were called instead."""
    return _settle(request, _message(request, message_id), services.mark_called, "Noted: you called instead.")


@require_POST
@page("front_desk", "manager")
def void(request: SignedInRequest, message_id: uuid.UUID) -> HttpResponse:
    """It is not needed."""
    return _settle(request, _message(request, message_id), services.void_by_hand, "It is not sent any more.")


def _message(request: SignedInRequest, message_id: uuid.UUID) -> uuid.UUID:
    """The message, if this user may see it."""
    return get_object_or_404(queries.ledger(request.user), pk=message_id).pk


def _settle(
    request: SignedInRequest, pk: uuid.UUID, service: Callable[..., bool], done: str, *, back: str = "desk-ledger"
) -> HttpResponse:
    form = RequestIdForm(request.POST)
    if not form.is_valid():
        messages.error(request, "This page was incomplete. Nothing was changed: please press the button once more.")
        return redirect(back)
    try:
        service(pk, by=request.user, request_id=form.cleaned_data["request_id"])
    except RequestReused as error:
        messages.error(request, error.say)
    else:
        messages.success(request, done)
    return redirect(back)


@require_safe
@page("manager")
def manage_messages(request: SignedInRequest) -> HttpResponse:
    """Counts alone, and signs of life: no patient is on this page."""
    found, signs = overview.rows(), overview.signs()
    record(Action.VIEW, "manage-messages", by=request.user)
    context = {
        "rows": [overview.total(found), *found] if found else [],
        "signs": signs,
        "silent": any(sign.silent for sign in signs),
        "zone": queries.ZONE,
    }
    return render(request, "ledger/overview.html", context)


@require_safe
@page("front_desk", "clinician")
def desk_texts(request: SignedInRequest) -> HttpResponse:
    """What patients wrote by text, for a person to read and call."""
    shown = Paginator(queries.texts(request.user), _PER_PAGE).get_page(request.GET.get("page"))
    viewed("desk-texts", by=request.user, patients=[row.patient_id for row in shown if row.patient_id])
    desk = request.user.sites(Role.FRONT_DESK)
    lines = [
        (line, RequestIdForm(auto_id=False), line.row.alarming or line.row.site_id in desk)
        for line in queries.text_lines(shown)
    ]
    return render(request, "ledger/texts.html", {"page": shown, "lines": lines})


@require_POST
@page("front_desk", "clinician")
def text_called(request: SignedInRequest, text_id: uuid.UUID) -> HttpResponse:
    """Somebody read it and called."""
    row = get_object_or_404(queries.texts(request.user), pk=text_id)
    if inbound.wrote_again(row):
        messages.warning(request, "They wrote again since. Read the newest words, then call.")
        return redirect("desk-texts")
    return _settle(request, row.pk, inbound.called, "Noted: you called.", back="desk-texts")


@require_safe
@page("patient")
def patient_messages(request: SignedInRequest) -> HttpResponse:
    """What waits for the patient within the portal, and what we wrote to them by mail and text."""
    patient = getattr(request.user, "patient", None)
    if patient is None:
        return render(request, "ledger/patient.html", {"lines": []})
    letters = Paginator(queries.letters_to(patient.pk), _LETTERS).get_page(request.GET.get("letters"))
    shown = Paginator(queries.written_to(patient.pk), _PER_PAGE).get_page(request.GET.get("page"))
    viewed("patient-messages", by=request.user, patient_id=patient.pk)
    waiting = queries.unread(letters)
    context = {
        "letters_page": letters,
        "letters": [(letter, letter.pk in waiting) for letter in letters],
        "page": shown,
        "lines": queries.lines(shown),
        "zone": patient.site.zone,
    }
    return render(request, "ledger/patient.html", context)


@require_safe
@page("patient")
def patient_letter(request: SignedInRequest, letter_id: uuid.UUID) -> HttpResponse:
    """One message within the portal. That it was opened is written into the record, and so it counts as read."""
    patient = getattr(request.user, "patient", None)
    if patient is None:
        raise Http404
    letter = get_object_or_404(queries.letters_to(patient.pk), pk=letter_id)
    inbox.opened(letter, by=request.user)
    return render(request, "ledger/letter.html", {"letter": letter, "zone": patient.site.zone})
