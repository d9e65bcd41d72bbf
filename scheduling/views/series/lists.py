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
WAITING, OPEN = "waiting", "open"


@require_http_methods(["GET", "HEAD", "POST"])
@page(Role.FRONT_DESK, Role.CLINICIAN)
def series_list(request: SignedInRequest) -> HttpResponse:
    """Two lists as tabs: to lay out, and open; the second can be searched by name, which no address carries."""
    waiting, running = queries.orders_to_lay_out(request.user), queries.open_series(request.user)
    tab = OPEN if request.GET.get("tab") == OPEN else WAITING
    words = request.POST.get("q", "").replace("\0", "").strip()[:LONGEST_SEARCH]
    rows: Page[Any] = Paginator(queries.named(running, words) if tab == OPEN else waiting, ROWS).get_page(
        request.GET.get("page")
    )
    shown = list(rows.object_list)
    patients = [row.patient_id if tab == OPEN else row.clearance.patient_id for row in shown]
    with transaction.atomic():
        viewed("series list", by=request.user, patients=patients)
    here = reverse("desk-series-list")
    tabs = [
        Tab("To lay out", here, current=tab == WAITING, count=waiting.count()),
        Tab("Open series", f"{here}?tab={OPEN}", current=tab == OPEN, count=running.count()),
    ]
    context = {"rows": rows, "shown": shown, "tab": tab, "tabs": tabs, "q": words, "clear_url": f"{here}?tab={OPEN}"}
    return render(request, "series/list.html", context)
