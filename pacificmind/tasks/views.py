"""The list of what is to be done."""

import uuid
from collections.abc import Callable

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from pacificmind.accounts.access import SignedInRequest, page
from pacificmind.audit.services import viewed
from pacificmind.idempotency.services import RequestReused
from pacificmind.tasks import queries, services, summary
from pacificmind.ui.forms import RequestIdForm
from pacificmind.ui.parts import Tab

_PER_PAGE = 40
STAFF = ("front_desk", "clinician", "prescriber", "manager")


@require_safe
@page(*STAFF)
def task_list(request: SignedInRequest) -> HttpResponse:
    """Open tasks of the user's queues by when they are due; those one has taken; those that are done."""
    show = request.GET.get("show", "open")
    everything = queries.tasks_for(request.user)
    opened = queries.open_of(everything)
    mine = opened.filter(owner=request.user)
    rows = {"mine": mine, "done": queries.done_of(everything)}.get(show, opened)
    shown = Paginator(rows, _PER_PAGE).get_page(request.GET.get("page"))
    viewed("desk-tasks", by=request.user, patients=[row.patient_id for row in shown if row.patient_id])
    context = {
        "page": shown,
        "lines": [(line, RequestIdForm(auto_id=False)) for line in queries.lines(shown)],
        "tabs": [
            Tab("Open", request.path, show not in ("mine", "done"), opened.count()),
            Tab("Yours", "?show=mine", show == "mine", mine.count()),
            Tab("Done", "?show=done", show == "done"),
        ],
        "show": show,
        "summary": summary.wants(request.user),
    }
    return render(request, "tasks/list.html", context)


@require_POST
@page(*STAFF)
def choose_summary(request: SignedInRequest) -> HttpResponse:
    """Get the morning summary, or no longer."""
    wanted = request.POST.get("wanted") == "yes"
    summary.choose(by=request.user, wanted=wanted)
    said = "You get a mail each working morning that says how much waits." if wanted else "No more morning mails."
    messages.success(request, said)
    return redirect("desk-tasks")


@require_POST
@page(*STAFF)
def take(request: SignedInRequest, task_id: uuid.UUID) -> HttpResponse:
    """Make it one's own."""
    return _act(request, task_id, services.take, "It is yours now.", "Somebody else has it already.")


@require_POST
@page(*STAFF)
def finish(request: SignedInRequest, task_id: uuid.UUID) -> HttpResponse:
    """Say that it is done."""
    return _act(request, task_id, services.finish, "Done.", "It was done already.")


def _act(
    request: SignedInRequest, task_id: uuid.UUID, service: Callable[..., bool], done: str, else_: str
) -> HttpResponse:
    row = get_object_or_404(queries.tasks_for(request.user), pk=task_id)
    form = RequestIdForm(request.POST)
    if not form.is_valid():
        messages.error(request, "This page was incomplete. Nothing was changed: please press the button once more.")
        return redirect("desk-tasks")
    try:
        acted = service(row.pk, by=request.user, request_id=form.cleaned_data["request_id"])
    except RequestReused as error:
        messages.error(request, error.say)
    else:
        messages.success(request, done) if acted else messages.info(request, else_)
    return redirect("desk-tasks")
