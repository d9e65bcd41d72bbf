"""The board of a day and of a week, and the day on paper."""

from datetime import date

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe
from phonenumber_field.phonenumber import to_python

from pacificmind.accounts.access import SignedInRequest, page
from pacificmind.audit.services import viewed
from pacificmind.clock import now
from pacificmind.ui.context import phone_words
from scheduling.domain.walltime import DAY
from scheduling.forms.desk import JumpForm
from scheduling.queries.board_supply import Scope, supply_of
from scheduling.queries.visits import patient_ids, shown, visits_of_days
from scheduling.views.desk.board_blocks import on_paper
from scheduling.views.desk.board_page import Asked, draw
from scheduling.views.desk.shared import READERS, first_site, place_of

VIEWS = {"week": "desk-calendar-week", "arrivals": "desk-arrivals"}


@require_safe
@page(*READERS)
def today(request: SignedInRequest) -> HttpResponse:
    """To the calendar of the user's first site, today; or to the site, day and view chosen in the jump form."""
    return jump(request, "desk-calendar")


def jump(request: SignedInRequest, view: str) -> HttpResponse:
    """Where a form "go to this day" leads; a day that cannot be read is today."""
    form = JumpForm(request.GET)
    form.is_valid()
    site = first_site(request.user, form.cleaned_data.get("site") or "")
    day = form.cleaned_data.get("on") or now().astimezone(site.tz).date()
    return redirect(VIEWS.get(form.cleaned_data.get("view") or "", view), site=site.slug, day=day.isoformat())


@require_safe
@page(*READERS)
def day(request: SignedInRequest, site: str, day: date) -> HttpResponse:
    """The day: a column per room or clinician, a row per half hour, free places as links."""
    return _board(request, Asked.of(request, request.user, site, day, week=False))


@require_safe
@page(*READERS)
def week(request: SignedInRequest, site: str, day: date) -> HttpResponse:
    """The week: a row per room or clinician, a column per day."""
    return _board(request, Asked.of(request, request.user, site, day, week=True))


def _board(request: SignedInRequest, asked: Asked) -> HttpResponse:
    drawn = draw(asked, request.user)
    drawn.record(request.user)
    template = "desk/calendar_week.html" if asked.week else "desk/calendar_day.html"
    return render(request, template, {**drawn.context, "part": drawn.template})


@require_safe
@page(*READERS)
def sheet(request: SignedInRequest, site: str, day: date) -> HttpResponse:
    """The day sheet: for the printer, and for when the power is out."""
    place = place_of(request.user, site)
    found = [one for one in shown(visits_of_days(place.site, day, day + DAY), at=now()) if one.visit.is_active]
    supply = supply_of(Scope([place.site], day, day + DAY))
    viewed("day sheet", by=request.user, patients=patient_ids(one.visit for one in found))
    context = {
        "site": place.site,
        "others": [one for one in place.sites if one != place.site],
        "day": day,
        "rows": [
            (one, on_paper(one, lost=supply.has_lost(one.visit)), phone_words(to_python(one.visit.escort_phone)))
            for one in found
        ],
        "now": now(),
        "tomorrow": place.today + DAY,
    }
    return render(request, "desk/print_day.html", context)
