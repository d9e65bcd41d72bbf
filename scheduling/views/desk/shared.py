"""What the front desk's pages share: whose site it is, the tabs, the way between days."""

from dataclasses import dataclass
from datetime import date

from django.http import Http404
from django.urls import reverse

from pacificmind.accounts.models import User
from pacificmind.clinic.models import Site
from pacificmind.clock import now
from pacificmind.ui.parts import Tab
from scheduling.domain.walltime import DAY, day_of
from scheduling.queries.visits import sites_seen_by

READERS = ("front_desk", "clinician", "manager")
WRITERS = ("front_desk", "clinician")
BY_SCRIPT = "X-Board"  # a header that a form cannot send: the answer is a part of the page
JUST_BOOKED = "booked"  # in the address of a visit's page: say that it was


@dataclass(frozen=True)
class Place:
    """The site that a page is about, the others that its reader may switch to, and today there."""

    site: Site
    sites: list[Site]
    today: date
    may_write: bool


def place_of(user: User, slug: str) -> Place:
    """The site of an address; 404 for one that the user does not see, the same as for one that does not exist."""
    sites = sites_seen_by(user)
    site = next((one for one in sites if one.slug == slug), None)
    if site is None:
        raise Http404
    return Place(site, sites, day_of(now(), site.tz), may_write=slug in user.sites())


def first_site(user: User, slug: str = "") -> Site:
    """The site asked for, or the user's first; 404 for staff without any."""
    sites = sites_seen_by(user)
    if not sites:
        raise Http404
    if slug:
        return place_of(user, slug).site
    own = user.sites()
    return next((one for one in sites if one.slug in own), sites[0])


def frame(place: Place, day: date, view: str) -> dict[str, object]:
    """The context of every page about a day: tabs, sites, and the days around it."""
    step = 7 * DAY if view == "desk-calendar-week" else DAY
    return {
        "site": place.site,
        "day": day,
        "is_today": day == place.today,
        "view": view,
        "may_write": place.may_write,
        "tabs": [Tab(label, _url(name, place.site, day), current=name == view) for label, name in TABS],
        "site_tabs": [Tab(one.name, _url(view, one, day), current=one == place.site) for one in place.sites],
        "previous_url": _url(view, place.site, day - step),
        "next_url": _url(view, place.site, day + step),
        "today_url": _url(view, place.site, place.today),
    }


TABS = (("Day", "desk-calendar"), ("Week", "desk-calendar-week"), ("Arrivals", "desk-arrivals"))


def _url(view: str, site: Site, day: date) -> str:
    return reverse(view, args=[site.slug, day.isoformat()])
