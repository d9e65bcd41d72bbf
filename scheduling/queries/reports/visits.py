"""Visits nobody came to, weeks that were too thin, places outside the ordinary: counts of what the calendar shows."""

from collections.abc import Iterable, Sequence

from django.db.models import Count, Q

from pacificmind.clinic.models import Site
from scheduling.domain.figures import Span
from scheduling.models import Appointment, Deviation, Kind, Override, Status
from scheduling.queries.reports.shapes import ALL_SITES, Cell, Table, share


def no_shows(sites: Sequence[Site], span: Span) -> Table:
    """By site and kind, then the site as a whole, then all sites together: one query."""
    grouped = (
        Appointment.objects.filter(site__in=sites, day__gte=span.first, day__lt=span.until)
        .order_by()
        .values("site_id", "kind")
        .annotate(
            came=Count("pk", filter=Q(status=Status.FULFILLED)), missed=Count("pk", filter=Q(status=Status.NOSHOW))
        )
    )
    found = {(row["site_id"], row["kind"]): (row["came"], row["missed"]) for row in grouped}
    rows: list[list[Cell]] = []
    for site in sites:
        parts = [(str(kind.label), *found.get((site.pk, kind.value), (0, 0))) for kind in Kind]
        parts.append(("All kinds", *_sum(part[1:] for part in parts)))
        rows += _lines(site.name, parts)
    if len(sites) > 1:
        of_kind = {kind: _sum(pair for (_, name), pair in found.items() if name == kind.value) for kind in Kind}
        parts = [(str(kind.label), *pair) for kind, pair in of_kind.items()]
        rows += _lines(ALL_SITES, [*parts, ("All kinds", *_sum(of_kind.values()))])
    return Table(("Visit", "Site", "Took place", "Did not come", "Share that did not come"), rows)


def _sum(pairs: Iterable[tuple[int, int]]) -> tuple[int, int]:
    found = list(pairs)
    return sum(came for came, _ in found), sum(missed for _, missed in found)


def _lines(site: str, parts: Iterable[tuple[str, int, int]]) -> list[list[Cell]]:
    return [[words, site, came, missed, share(missed, came + missed)] for words, came, missed in parts]


def deviations(sites: Sequence[Site], span: Span) -> Table:
    """Weeks below two infusions, and visits placed outside the ordinary."""
    found = [_counts(site, span) for site in sites]
    rows: list[list[Cell]] = [
        [words, site.name, many] for site, one in zip(sites, found, strict=True) for words, many in one.items()
    ]
    if len(sites) > 1:
        rows += [[words, ALL_SITES, sum(one[words] for one in found)] for words in found[0]]
    return Table(("What", "Site", "How many"), rows)


def _counts(site: Site, span: Span) -> dict[str, int]:
    bounds = span.instants(site.tz)
    within = Q(at__gte=bounds.start, at__lt=bounds.end)
    weeks = Deviation.objects.filter(within, series__site=site).order_by().values_list("planned")
    planned = dict(weeks.annotate(many=Count("pk")))
    kinds = Override.objects.filter(within, visit__site=site).order_by().values_list("rule")
    placed = dict(kinds.annotate(many=Count("pk")))
    given = Appointment.objects.filter(
        site=site, kind=Kind.INFUSION, status=Status.FULFILLED, day__gte=span.first, day__lt=span.until
    )
    return {
        "Weeks below two visits, planned with a reason": planned.get(True, 0),
        "Weeks below two visits, not planned": planned.get(False, 0),
        **{f"Visits placed: {rule.label.lower()}": placed.get(rule.value, 0) for rule in Override.Rule},
        "Infusions given, to compare with": given.count(),
    }
