"""Who comes today, who is here, who is late, and what is next for each."""

from datetime import date

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from pacificmind.accounts.access import SignedInRequest, page
from pacificmind.audit.services import viewed
from pacificmind.clock import now
from scheduling.domain.walltime import DAY
from scheduling.forms.desk import steps_for
from scheduling.queries import board
from scheduling.queries.visits import patient_ids, shown, visits_of_days
from scheduling.views.desk.calendar import jump
from scheduling.views.desk.shared import READERS, frame, place_of


@require_safe
@page(*READERS)
def today(request: SignedInRequest) -> HttpResponse:
    """To today's arrivals at the user's first site."""
    return jump(request, "desk-arrivals")


@require_safe
@page(*READERS)
def day(request: SignedInRequest, site: str, day: date) -> HttpResponse:
    """The list of a day by time: readiness, escort, state, the next step."""
    place = place_of(request.user, site)
    found = shown(visits_of_days(place.site, day, day + DAY), at=now())
    viewed("arrivals", by=request.user, patients=patient_ids(one.visit for one in found))
    rows = [(one, steps_for(one.visit, user=request.user, at=now()) if place.may_write else []) for one in found]
    context = {**frame(place, day, "desk-arrivals"), "rows": rows, "counts": board.counts_of(found), "now": now()}
    return render(request, "desk/arrivals.html", context)
