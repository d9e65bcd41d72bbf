"""A week painted: who works where and when at a site, or where one person works."""

import uuid
from datetime import date

from django.http import Http404, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from pacificmind.accounts.access import SignedInRequest, page
from pacificmind.accounts.models import Clinician
from pacificmind.clinic.models import Site
from pacificmind.clock import now
from pacificmind.ui.parts import Tab
from scheduling.domain.walltime import day_of
from scheduling.queries import work_week
from scheduling.queries.work_week import DAYS_A_WEEK, monday_of
from scheduling.services.shifts import home_site


@require_safe
@page("manager")
def today(request: SignedInRequest) -> HttpResponseBase:
    """This week at the first site."""
    site = Site.objects.first()
    if site is None:
        raise Http404
    return redirect("manage-week", site.pk, day_of(now(), site.tz).isoformat())


@require_safe
@page("manager")
def of_site(request: SignedInRequest, site: str, day: date) -> HttpResponseBase:
    """Everybody who works at a site in the week of this day, and when it is open."""
    place = get_object_or_404(Site, pk=site)
    monday = monday_of(day)
    tabs = [Tab(one.name, _url("manage-week", one.pk, monday), current=one == place) for one in Site.objects.all()]
    context = {
        "site": place,
        "week": work_week.week_of_site(place, monday),
        "tabs": tabs,
        **_around("manage-week", place.pk, monday, day_of(now(), place.tz)),
    }
    return render(request, "manage/week.html", context)


@require_safe
@page("manager")
def of_person(request: SignedInRequest, person: uuid.UUID, day: date) -> HttpResponseBase:
    """One clinician's week, a line for each site."""
    who = get_object_or_404(Clinician.objects.select_related("user"), user_id=person)
    monday = monday_of(day)
    context = {
        "person": who.user,
        "week": work_week.week_of_person(who, monday),
        **_around("manage-person-week", person, monday, day_of(now(), home_site(who).tz)),
    }
    return render(request, "manage/week.html", context)


def _around(name: str, which: object, monday: date, today: date) -> dict[str, object]:
    """The week itself, and the way to others."""
    return {
        "monday": monday,
        "today": today,
        "previous_url": _url(name, which, date.fromordinal(monday.toordinal() - DAYS_A_WEEK)),
        "next_url": _url(name, which, date.fromordinal(monday.toordinal() + DAYS_A_WEEK)),
        "today_url": _url(name, which, today),
    }


def _url(name: str, which: object, day: date) -> str:
    return reverse(name, args=[which, day.isoformat()])
