"""Hand an infusion under way to another who attends."""

import uuid
from typing import Any, cast

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from pacificmind.accounts.access import SignedInRequest, page
from pacificmind.audit.services import viewed
from pacificmind.clock import now
from scheduling.domain import errors
from scheduling.forms.hand_over import HandOverForm
from scheduling.queries import hand_over as reads
from scheduling.queries import visits as queries
from scheduling.services import hand_over as service
from scheduling.views.desk.board import conflict_words
from scheduling.views.desk.booking import renew
from scheduling.views.desk.shared import WRITERS
from scheduling.views.desk.visits import visit_of
from scheduling.views.desk.words import visit_rows


@require_http_methods(["GET", "HEAD", "POST"])
@page(*WRITERS)
def hand_over(request: SignedInRequest, visit: uuid.UUID) -> HttpResponse:
    """Who takes over: those who can, and why the others cannot."""
    seen = visit_of(request, visit, to_change=True)
    takers = _takers(seen)
    form = HandOverForm(request.POST or None, initial={"version": seen.version}, takers=takers)
    if form.is_valid():
        data = form.cleaned_data
        try:
            service.hand_over(
                by=request.user,
                visit_id=seen.pk,
                version=data["version"],
                to_clinician_id=uuid.UUID(data["to"]),
                reason=data["reason"],
                request_id=data["request_id"],
            )
        except errors.BookingRefused as refused:
            seen = visit_of(request, visit, to_change=True)
            takers = _takers(seen)
            _say(form, refused, seen)
        else:
            messages.success(request, "Handed over.")
            return redirect("desk-visit", visit=seen.pk)
    with transaction.atomic():
        viewed("hand over a visit", by=request.user, subject=seen, patient_id=seen.patient_id)
        context = {
            "visit": seen,
            "site": seen.site,
            "rows": visit_rows(queries.shown([seen], at=now())[0], short=True),
            "form": form,
            "possible": reads.may_be_handed_over(seen),
            "free": [one for one in takers if one.lanes is not None],
            "others": [one for one in takers if one.lanes is None],
        }
        return render(request, "desk/hand_over.html", context)


def _takers(visit: Any) -> list[reads.Taker]:
    return reads.takers(visit, at=now()) if reads.may_be_handed_over(visit) else []


def _say(form: HandOverForm, refused: errors.BookingRefused, visit: Any) -> None:
    """The refusal in the form, which goes on from the visit as it is now."""
    stale = isinstance(refused, errors.Stale)
    form.add_error(None, conflict_words(visit) if stale else refused.say)
    renew(form, refused)
    if stale:
        form.data = cast(QueryDict, form.data).copy()
        form.data["version"] = str(visit.version)
