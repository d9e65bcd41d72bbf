"""The review queue: three lists as tabs, narrowed by site, flag and name through links and one search field."""

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from intake.models import Clearance, Intake
from intake.queries import presence, questions, review
from pacificmind.accounts.access import SignedInRequest, page
from pacificmind.accounts.models import Role, User
from pacificmind.audit.services import viewed
from pacificmind.clinic.models import Site
from pacificmind.ui.parts import Tab

ROWS = 25
LONGEST_SEARCH = 80
DECIDE, WAITING, DECIDED = "decide", "waiting", "decided"
TABS = {DECIDE: "To decide", WAITING: "Waiting for the patient", DECIDED: "Decided lately"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for; words it does not know mean everything."""

    tab: str = DECIDE
    site: str = ""
    flag: str = ""
    q: str = ""

    @classmethod
    def of(cls, query: QueryDict, sites: list[str], name: str = "") -> "Asked":
        """Read it from an address, and the name looked for from a form: a name is never part of an address."""
        tab, site, flag = (query.get(name, "") for name in ("tab", "site", "flag"))
        return cls(
            tab=tab if tab in TABS else DECIDE,
            site=site if site in sites else "",
            flag=flag if flag in review.FLAG_FILTERS else "",
            q=name.replace("\0", "").strip()[:LONGEST_SEARCH],
        )

    def url(self, **changes: str) -> str:
        """The address of this list with some of it changed."""
        changed = replace(self, **changes)
        told = {name: getattr(changed, name) for name in ("tab", "site", "flag") if getattr(changed, name)}
        if changed.tab == DECIDE:
            told.pop("tab")
        else:
            told.pop("flag", None)
        return reverse("review-queue") + (f"?{urlencode(told)}" if told else "")


@require_http_methods(["GET", "HEAD", "POST"])
@page(Role.CLINICIAN)
def review_queue(request: SignedInRequest) -> HttpResponse:
    """Intakes that wait for a decision, and those that wait for the patient or were decided lately."""
    sites = list(review.clinician_sites(request.user))
    asked = Asked.of(request.GET, [site.slug for site in sites], request.POST.get("q", ""))
    with transaction.atomic():
        rows: Page[Any] = Paginator(_rows(request.user, asked), ROWS).get_page(request.GET.get("page"))
        viewed("review-queue", by=request.user, patients=[row.patient_id for row in rows])
        _mark(rows, asked, request.user)
        return render(request, "review/queue.html", _context(request.user, asked, rows, sites))


def _mark(rows: Page[Any], asked: Asked, user: User) -> None:
    """What patients were asked or wrote back, and what colleagues read at present: two queries."""
    if asked.tab != DECIDE:
        return
    states = questions.states([row.patient_id for row in rows])
    read = presence.being_read([row.pk for row in rows], but=user)
    for row in rows:
        row.asked_state = states.get(row.patient_id, "")
        row.is_read = row.pk in read


def _context(user: User, asked: Asked, rows: Page[Any], sites: list[Site]) -> dict[str, Any]:
    return {
        "rows": rows,
        "asked": asked,
        "tabs": [
            Tab(label, asked.url(tab=key, flag=""), current=asked.tab == key, count=_of_tab(user, key).count())
            for key, label in TABS.items()
        ],
        "sites": _links(asked, "site", {"": "All sites", **{site.slug: site.name for site in sites}}),
        "flags": _links(asked, "flag", {"": "All", **review.FLAG_FILTERS}) if asked.tab == DECIDE else [],
        "clear_url": Asked(tab=asked.tab).url(),
        "search_url": asked.url(),
    }


def _of_tab(user: User, tab: str) -> QuerySet[Intake] | QuerySet[Clearance]:
    if tab == WAITING:
        return review.waiting_for_patient(user)
    return review.decided_lately(user) if tab == DECIDED else review.awaiting(user)


def _rows(user: User, asked: Asked) -> QuerySet[Intake] | QuerySet[Clearance]:
    rows: QuerySet[Intake] | QuerySet[Clearance]
    rows = review.with_flag(review.awaiting(user), asked.flag) if asked.tab == DECIDE else _of_tab(user, asked.tab)
    if asked.site:
        rows = review.at_site(rows, asked.site)
    return review.named(rows, asked.q)


def _links(asked: Asked, name: str, words: dict[str, str]) -> list[Tab]:
    now = getattr(asked, name)
    return [Tab(label, asked.url(**{name: key}), current=now == key) for key, label in words.items()]
