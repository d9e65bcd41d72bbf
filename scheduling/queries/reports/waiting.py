"""Who waits for an earlier time, and what became of the places that were offered."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Count, Min

from pacificmind.clinic.models import Site
from pacificmind.clock import now
from scheduling.domain.figures import Span
from scheduling.domain.walltime import day_of
from scheduling.models import Offer, Waiting
from scheduling.queries.reports.shapes import ALL_SITES, Cell, Table


def waiting_list(sites: Sequence[Site], span: Span) -> Table:
    """Who waits now, and what became of the places that were offered in the span."""
    found = [_of(site, span) for site in sites]
    rows: list[list[Cell]] = [[site.name, *one] for site, one in zip(sites, found, strict=True)]
    if len(sites) > 1:
        waits, longest, *offers = zip(*found, strict=True)
        days = [one for one in longest if one is not None]
        counts = [sum(one or 0 for one in column) for column in (waits, *offers)]
        rows.append([ALL_SITES, counts[0], max(days, default=None), *counts[1:]])
    states = [str(status.label) for status in Offer.Status]
    return Table(("Site", "Waiting now", "Longest wait, days", "Offers made", *states), rows)


def _of(site: Site, span: Span) -> list[int | None]:
    """Waiting now, the longest wait, offers made, and what became of them."""
    bounds, zone = span.instants(site.tz), site.tz
    here = Waiting.objects.filter(site=site, status=Waiting.Status.WAITING)
    waits = here.aggregate(many=Count("pk"), since=Min("made_at"))
    offers = Offer.objects.filter(waiting__site=site, made_at__gte=bounds.start, made_at__lt=bounds.end)
    became = dict(offers.order_by().values_list("status").annotate(many=Count("pk")))
    since: datetime | None = waits["since"]
    longest = (day_of(now(), zone) - day_of(since, zone)).days if since else None
    statuses = [became.get(status.value, 0) for status in Offer.Status]
    return [waits["many"], longest, sum(became.values()), *statuses]
