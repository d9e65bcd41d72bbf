"""Orders that wait to be laid out, and the open series of the user's sites."""

from typing import Any

from django.core.paginator import Page, Paginator
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from pacificmind.accounts.access import SignedInRequest, page
from pacificmind.accounts.models import Role
from pacificmind.audit.services import viewed
from pacificmind.ui.parts import Tab
from scheduling.queries import series as queries

ROWS, LONGEST_SEARCH = 25, 80
WAITING, OPEN, OVER = "waiting", "open", "over"


@require_http_methods(["GET", "HEAD", "POST"])
@page(Role.FRONT_DESK, Role.CLINICIAN)
def series_list(request: SignedInRequest) -> HttpResponse:
    """Three lists as tabs: to lay out, open, over; series can be searched by name, which no address carries."""
    lists = {
        WAITING: queries.orders_to_lay_out(request.user),
        OPEN: queries.open_series(request.user),
        OVER: queries.over(request.user),
    }
    asked = request.GET.get("tab", "")
    tab = asked if asked in lists else WAITING
    words = request.POST.get("q", "").replace("\0", "").strip()[:LONGEST_SEARCH] if tab != WAITING else ""
    wanted: Any = queries.named(lists[tab], words) if words else lists[tab]  # type: ignore[arg-type]  # series by now
    rows: Page[Any] = Paginator(wanted, ROWS).get_page(request.GET.get("page"))
    shown = list(rows.object_list)
    patients = [row.clearance.patient_id if tab == WAITING else row.patient_id for row in shown]
    with transaction.atomic():
        viewed("series list", by=request.user, patients=patients)
    here = reverse("desk-series-list")
    tabs = [
        Tab(label, f"{here}?tab={name}" if name != WAITING else here, current=tab == name, count=lists[name].count())
        for label, name in (("To lay out", WAITING), ("Open series", OPEN), ("Over", OVER))
    ]
    context = {"rows": rows, "shown": shown, "tab": tab, "tabs": tabs, "q": words, "clear_url": f"{here}?tab={tab}"}
    return render(request, "series/list.html", context)
