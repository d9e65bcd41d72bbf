"""A board that stands open: its version, its rows anew, and a visit dropped somewhere else on it."""

import uuid
from datetime import date
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from pacificmind.accounts.access import SignedInRequest, page
from pacificmind.audit.services import viewed
from pacificmind.clock import now
from pacificmind.ui.dates import ago_words, when_words
from scheduling.domain import errors
from scheduling.forms.desk import MoveForm
from scheduling.models import Appointment
from scheduling.queries import visits as queries
from scheduling.queries.board_live import version
from scheduling.queries.history import history
from scheduling.services import booking
from scheduling.views.desk import free
from scheduling.views.desk.board_page import Asked, draw
from scheduling.views.desk.shared import BY_SCRIPT, READERS, WRITERS
from scheduling.views.desk.undo import keep, way_back
from scheduling.views.desk.visits import visit_of
from scheduling.views.desk.words import visit_rows

MOST_MARKS = 5000
NO_ROOM = "This visit is by video and takes no room. Cancel it and book another one to see the patient here."
NEEDS_ROOM = "This visit is not by video: it needs a room."
ELSEWHERE = "A visit stays at its site, in a room and with a clinician of it. Cancel it there and book it here."


@require_safe
@page(*READERS)
def pulse(request: SignedInRequest, site: str, day: date) -> HttpResponse:
    """The version of what is shown. No audit, and the session is not kept alive: nobody may be looking."""
    asked = Asked.of(request, request.user, site, day)
    request.session.modified = False
    found = version(asked.scope, at=now())
    return HttpResponse(found, content_type="text/plain", headers={"Cache-Control": "no-store"})


@require_POST
@page(*READERS)
def live(request: SignedInRequest, site: str, day: date) -> HttpResponse:
    """The board anew, for a page that has some of it already: only the rows that it has not are audited.

    `seen`: the marks of the rows that it has. The session is not kept alive.
    """
    asked = Asked.of(request, request.user, site, day)
    request.session.modified = False
    seen = set(request.POST.get("seen", "").split(",")[:MOST_MARKS])
    with transaction.atomic():
        drawn = draw(asked, request.user)
        drawn.record(request.user, seen=seen)
        answer = render(request, drawn.template, drawn.context)
    answer["Cache-Control"] = "no-store"
    return answer


@require_POST
@page(*WRITERS)
def drop(request: SignedInRequest, visit: uuid.UUID) -> HttpResponse:
    """Move a visit to where it was dropped; or say the rule and offer the nearest times that are free and lawful."""
    seen = visit_of(request, visit, to_change=True)
    form = MoveForm(request.POST, site=seen.site, user=request.user)
    if not form.is_valid():
        return _refused(request, seen, _unreadable(form), [])
    data = form.cleaned_data
    if say := _not_in_this_column(request, seen):
        return _refused(request, seen, say, free.nearest(free.of_visit(seen), form.wanted(), then_too=True))
    try:
        moved = booking.move(
            by=request.user,
            visit_id=seen.pk,
            version=data["version"],
            starts_at=data["starts_at"],
            clinician_id=data["clinician_id"],
            room_id=None if seen.telehealth else data["room_id"],
            request_id=data["request_id"],
        )
    except errors.Stale:
        now_so = visit_of(request, visit, to_change=True)
        return _refused(request, now_so, conflict_words(now_so), [])
    except errors.BookingRefused as refused:
        taken = isinstance(refused, errors.SlotTaken)
        say = ELSEWHERE if form.names_another_site() else refused.say
        return _refused(request, seen, say, free.nearest(free.of_visit(seen), form.wanted(), then_too=taken))
    keep(request, seen, moved, reasons=False)
    return _moved(request, visit_of(request, moved.pk))


def _not_in_this_column(request: SignedInRequest, visit: Appointment) -> str:
    """Why a visit cannot stand in the column of a room, or in that of video visits: a drag changes neither."""
    room = request.POST.get("room")
    if room is None or bool(room) != visit.telehealth:
        return ""
    return NO_ROOM if visit.telehealth else NEEDS_ROOM


def _unreadable(form: MoveForm) -> str:
    """Why the place itself is none: a time that the clocks skip, a room of another site, a page cut short."""
    for name in ("on", "at"):
        if form.errors.get(name):
            return str(form.errors[name][0])
    if {"room", "clinician"} & form.errors.keys():
        return ELSEWHERE
    return "This page was incomplete. Nothing was changed. Open the calendar again."


def _moved(request: SignedInRequest, visit: Appointment) -> HttpResponse:
    words = f"Moved to {when_words(visit.starts_at, visit.site.tz, now(), str(visit.room or 'video'))}."
    if BY_SCRIPT in request.headers:
        return render(request, "desk/board_moved.html", {"words": words, "back": way_back(request, visit)})
    messages.success(request, words)
    return redirect("desk-calendar", site=visit.site_id, day=visit.day.isoformat())


def conflict_words(visit: Appointment) -> str:
    """Who changed the visit last, when, and how it is now."""
    zone, said = visit.site.tz, ""
    if changes := history(visit):
        said = f"{changes[0].what} by {changes[0].who}, {ago_words(changes[0].at, zone, now())}. "
    if visit.status not in booking.MOVABLE:
        return f"{said}It is now {visit.get_status_display().lower()} and cannot be moved."
    when = when_words(visit.starts_at, zone, now(), str(visit.room or "video"))
    return f"{said}It is now on {when}, with {visit.clinician}. Nothing was overwritten."


def _refused(request: SignedInRequest, visit: Appointment, say: str, near: list[Any]) -> HttpResponse:
    """The reason with the nearest times as buttons: a part of the page for a script, else a page."""
    with transaction.atomic():
        viewed("move a visit", by=request.user, subject=visit, patient_id=visit.patient_id)
        context = {
            "visit": visit,
            "site": visit.site,
            "say": say,
            "near": near,
            "request_id": uuid.uuid4(),
            "rows": visit_rows(queries.shown([visit], at=now())[0], short=True),
            "may_move": visit.status in booking.MOVABLE,
        }
        by_script = BY_SCRIPT in request.headers
        template = "desk/board_refusal.html" if by_script else "desk/board_refused.html"
        return render(request, template, context, status=409 if by_script else 200)
