"""How series ended and how long people waited for their first infusion; small figures are withheld."""

from collections import Counter
from collections.abc import Sequence

from django.db.models import Count, Exists, Min, OuterRef, Subquery

from intake.models import ConsultationRequest, Patient
from pacificmind.clinic.models import Site
from pacificmind.clock import now
from scheduling.domain.figures import FEWEST, Span, percentile, told
from scheduling.domain.walltime import day_of
from scheduling.models import ACTIVE, Appointment, Kind, Series, Status
from scheduling.queries.reports.shapes import TOO_FEW, Cell, Table, share


def unfinished(sites: Sequence[Site], span: Span) -> Table:
    """How series ended that ended in the span, and how many are open with nothing planned."""
    rows: list[list[Cell]] = []
    for site in sites:
        bounds = span.instants(site.tz)
        over = Series.objects.filter(site=site, closed_at__gte=bounds.start, closed_at__lt=bounds.end)
        found: Counter[str] = Counter()
        for row in over.order_by().values("status", "closed_why").annotate(many=Count("pk")):
            found[_ending(row["status"], row["closed_why"])] += row["many"]
        kinds = list(dict.fromkeys(["Completed", *map(str, Patient.Closed.labels), *sorted(found)]))
        total = found.total()
        for words, many in zip(kinds, told([found[kind] for kind in kinds]), strict=True):
            of_all = None if many is None else share(many, total)
            rows.append([words, site.name, TOO_FEW if many is None else many, of_all])
        rows.append(["All that ended", site.name, total, None])
        rows.append(["Open now, nothing planned", site.name, _stalled(site), None])
    return Table(("How it ended", "Site", "Series", "Share of all that ended"), rows)


def _ending(status: str, why: str) -> str:
    return "Completed" if status == Series.Status.COMPLETED else why


def _stalled(site: Site) -> int:
    coming = Appointment.objects.filter(series=OuterRef("pk"), status__in=ACTIVE, ends_at__gt=now())
    coming = coming.exclude(status=Status.FULFILLED)
    return Series.objects.filter(~Exists(coming), site=site, status=Series.Status.OPEN).count()


def days_to_first(site: Site, span: Span) -> list[int]:
    """For each patient whose first infusion of all took place in the span: days since they first asked."""
    earlier = Appointment.objects.filter(
        patient=OuterRef("patient"), kind=Kind.INFUSION, status=Status.FULFILLED, starts_at__lt=OuterRef("starts_at")
    )
    asked = (
        ConsultationRequest.objects.filter(patient=OuterRef("patient"), made_at__lte=OuterRef("starts_at"))
        .order_by()
        .values("patient")
        .annotate(first=Min("made_at"))
        .values("first")
    )
    firsts = (
        Appointment.objects.filter(site=site, kind=Kind.INFUSION, status=Status.FULFILLED)
        .filter(~Exists(earlier), day__gte=span.first, day__lt=span.until)
        .annotate(asked_at=Subquery(asked))
        .exclude(asked_at__isnull=True)
    )
    pairs = firsts.values_list("day", "asked_at")
    return [(day - day_of(asked_at, site.tz)).days for day, asked_at in pairs]


def first_infusion(sites: Sequence[Site], span: Span) -> Table:
    """Median and 90th percentile; of few patients neither, since it would be somebody's own time."""
    rows: list[list[Cell]] = []
    for site in sites:
        days = days_to_first(site, span)
        if 0 < len(days) < FEWEST:
            rows.append([site.name, TOO_FEW, None, None])
        else:
            rows.append([site.name, len(days), percentile(days, 50), percentile(days, 90)])
    return Table(("Site", "Patients", "Median, days", "90th percentile, days"), rows)
