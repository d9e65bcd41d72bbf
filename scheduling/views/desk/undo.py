"""The way back from a move by staff, until its patient is told: kept in the session of who moved the visit."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from pacificmind.accounts.access import SignedInRequest, page
from pacificmind.clock import now
from pacificmind.ui.dates import local, time_words, when_words
from pacificmind.ui.forms import RequestIdForm
from scheduling.domain.errors import BookingRefused
from scheduling.models import Appointment
from scheduling.services import move_undo, notify
from scheduling.services.repair_rows import columns_of
from scheduling.views.desk.shared import BY_SCRIPT, WRITERS

KEPT = "desk-moved"  # in the session: the last move, its columns of before
GONE = "This can no longer be taken back here. Move the visit once more instead."


@dataclass(frozen=True)
class WayBack:
    """A move that can be taken back until `until`; `was`: where the visit goes then. `told`: whether news is owed."""

    visit: Appointment
    until: datetime
    was: str
    told: bool
    form: RequestIdForm

    @property
    def words(self) -> str:
        """Until when, and who is told of what."""
        until = time_words(local(self.until, self.visit.site.tz))
        return f"The patient is told at {until}." if self.told else f"Until {until} it can be taken back."


def keep(request: SignedInRequest, before: Appointment, moved: Appointment, *, reasons: bool) -> None:
    """Remember where a move began. With `reasons` it was meant: what they allowed is kept, and it is not taken back.

    `before` is as it was read ahead of the move; a second press of the button finds it moved already.
    """
    until = notify.grace_ends()
    if reasons or until <= now() or moved.version != before.version + 1:
        return
    request.session[KEPT] = {
        "visit": str(moved.pk),
        "version": moved.version,
        "before": columns_of(before),
        "until": until.isoformat(),
    }


def way_back(request: SignedInRequest, visit: Appointment) -> WayBack | None:
    """What its page offers about the move of a moment ago; None where there was none, or it is too late."""
    kept = _kept(request, visit)
    if kept is None:
        return None
    start, until = datetime.fromisoformat(kept["before"]["starts_at"]), datetime.fromisoformat(kept["until"])
    return WayBack(
        visit,
        until,
        was=when_words(start, visit.site.tz, now()),
        told=notify.is_owed_news(visit),
        form=RequestIdForm(auto_id=False),
    )


def _kept(request: SignedInRequest, visit: Appointment) -> dict[str, Any] | None:
    kept = request.session.get(KEPT)
    if not kept or kept["visit"] != str(visit.pk) or kept["version"] != visit.version:
        return None
    return kept if datetime.fromisoformat(kept["until"]) > now() else None


@require_POST
@page(*WRITERS)
def undo(request: SignedInRequest, visit: uuid.UUID) -> HttpResponse:
    """Put the visit back; nobody was told."""
    from scheduling.views.desk.visits import visit_of

    seen = visit_of(request, visit, to_change=True)
    form, kept = RequestIdForm(request.POST), _kept(request, seen)
    if kept is None or not form.is_valid():
        return _said(request, seen, GONE, done=False)
    try:
        back = move_undo.undo(
            by=request.user,
            visit_id=seen.pk,
            version=kept["version"],
            before=kept["before"],
            request_id=form.cleaned_data["request_id"],
        )
    except BookingRefused as refused:
        return _said(request, seen, refused.say, done=False)
    del request.session[KEPT]
    when = when_words(back.starts_at, back.site.tz, now(), str(back.room or "video"))
    return _said(request, back, f"Taken back. The visit is on {when} again, and nobody was told.", done=True)


def _said(request: SignedInRequest, visit: Appointment, words: str, *, done: bool) -> HttpResponse:
    if BY_SCRIPT in request.headers:
        return HttpResponse(words, content_type="text/plain; charset=utf-8", status=200 if done else 409)
    (messages.success if done else messages.error)(request, words)
    return redirect("desk-visit", visit=visit.pk)
