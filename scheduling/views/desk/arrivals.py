"""Who comes today, who is here, who is late, and what is next for each."""

from collections.abc import Sequence
from datetime import date

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from pacificmind.accounts.access import SignedInRequest, page
from pacificmind.audit.services import viewed
from pacificmind.clock import now
from pacificmind.ui.parts import Tab
from scheduling.domain.walltime import DAY
from scheduling.forms.desk_steps import steps_for
from scheduling.queries import arrivals
from scheduling.queries.visits import Shown, patient_ids, shown, visits_of_days
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
    """The list of a day: what needs a person first, then who is here, who is expected, who is done."""
    place, at = place_of(request.user, site), now()
    found = shown(visits_of_days(place.site, day, day + DAY), at=at)
    only = request.GET.get("show", "")
    only = only if only in arrivals.FILTERS else ""
    made = arrivals.groups(found, at=at, only=only)
    viewed("arrivals", by=request.user, patients=patient_ids(row.shown.visit for group in made for row in group.rows))
    lists = [
        (group, [(row, steps_for(row.shown.visit, user=request.user, at=at) if place.may_write else [])
                 for row in group.rows])
        for group in made
    ]  # fmt: skip
    here = reverse("desk-arrivals", args=[place.site.slug, day.isoformat()])
    context = {
        **frame(place, day, "desk-arrivals"),
        "groups": lists,
        "many": len(found),
        "only": only,
        "here": here,
        "filters": _filters(found, here, only),
        "now": at,
    }
    return render(request, "desk/arrivals.html", context)


def _filters(found: Sequence[Shown], here: str, only: str) -> list[tuple[Tab, bool]]:
    """The counts as links, each with whether it stands out."""
    many = arrivals.counts(found)
    return [
        (
            Tab(title, f"{here}?show={key}", current=only == key, count=many[key]),
            key in arrivals.PERSON and many[key] > 0,
        )
        for key, (title, _) in arrivals.FILTERS.items()
    ]
