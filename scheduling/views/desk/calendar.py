"""A site's day and week, and the day on paper."""

from datetime import date

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from pacificmind.accounts.access import SignedInRequest, page
from pacificmind.audit.services import viewed
from pacificmind.clock import now
from scheduling.forms.desk import JumpForm
from scheduling.queries import board
from scheduling.queries.visits import patient_ids
from scheduling.views.desk.shared import READERS, first_site, frame, place_of

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
    """The day: a column per room, a row per half hour, free places as links."""
    place = place_of(request.user, site)
    found = board.day_board(place.site, day, at=now(), may_book=place.may_write)
    viewed("calendar, day", by=request.user, patients=patient_ids(one.visit for one in found.shown))
    context = {**frame(place, day, "desk-calendar"), "board": found, "now": now()}
    return render(request, "desk/calendar_day.html", context)


@require_safe
@page(*READERS)
def week(request: SignedInRequest, site: str, day: date) -> HttpResponse:
    """The week: a list per day."""
    place = place_of(request.user, site)
    days = board.week_board(place.site, day, at=now())
    viewed("calendar, week", by=request.user, patients=patient_ids(one.visit for d in days for one in d.shown))
    context = {**frame(place, day, "desk-calendar-week"), "days": days, "monday": board.monday_of(day)}
    return render(request, "desk/calendar_week.html", context)


@require_safe
@page(*READERS)
def sheet(request: SignedInRequest, site: str, day: date) -> HttpResponse:
    """The day sheet: for the printer, and for when the power is out."""
    place = place_of(request.user, site)
    found = board.day_board(place.site, day, at=now(), may_book=False)
    viewed("day sheet", by=request.user, patients=patient_ids(one.visit for one in found.active))
    return render(request, "desk/print_day.html", {**frame(place, day, "desk-print"), "board": found, "now": now()})
