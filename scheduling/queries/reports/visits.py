"""Visits nobody came to, weeks that were too thin, places outside the ordinary: counts of what the calendar shows."""

from collections.abc import Sequence

from django.db.models import Count, Q

from pacificmind.clinic.models import Site
from scheduling.domain.figures import Span
from scheduling.models import Appointment, Deviation, Kind, Override, Status
from scheduling.queries.reports.shapes import Cell, Table, share


def no_shows(sites: Sequence[Site], span: Span) -> Table:
    """By site and kind, then the site as a whole: one query."""
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
        parts.append(("All kinds", sum(part[1] for part in parts), sum(part[2] for part in parts)))
        rows += [[words, site.name, came, missed, share(missed, came + missed)] for words, came, missed in parts]
    return Table(("Visit", "Site", "Took place", "Did not come", "Share that did not come"), rows)


def deviations(sites: Sequence[Site], span: Span) -> Table:
    """Weeks below two infusions, and visits placed outside the ordinary."""
    rows: list[list[Cell]] = []
    for site in sites:
        bounds = span.instants(site.tz)
        within = Q(at__gte=bounds.start, at__lt=bounds.end)
        weeks = Deviation.objects.filter(within, series__site=site).order_by().values_list("planned")
        planned = dict(weeks.annotate(many=Count("pk")))
        kinds = Override.objects.filter(within, visit__site=site).order_by().values_list("rule")
        placed = dict(kinds.annotate(many=Count("pk")))
        given = Appointment.objects.filter(
            site=site, kind=Kind.INFUSION, status=Status.FULFILLED, day__gte=span.first, day__lt=span.until
        )
        rows += [
            ["Weeks below two visits, planned with a reason", site.name, planned.get(True, 0)],
            ["Weeks below two visits, not planned", site.name, planned.get(False, 0)],
            *([f"Visits placed: {rule.label.lower()}", site.name, placed.get(rule.value, 0)] for rule in Override.Rule),
            ["Infusions given, to compare with", site.name, given.count()],
        ]
    return Table(("What", "Site", "How many"), rows)
