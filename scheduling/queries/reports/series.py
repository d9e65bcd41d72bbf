"""How series ended and how long people waited for their first infusion; small figures are withheld."""

from collections import Counter
from collections.abc import Mapping, Sequence

from django.db.models import Count, Exists, Min, OuterRef, Subquery

from intake.models import ConsultationRequest, Patient
from pacificmind.clinic.models import Site
from pacificmind.clock import now
from scheduling.domain.figures import Span, percentile, told
from scheduling.domain.walltime import day_of
from scheduling.models import ACTIVE, Appointment, Kind, Series, Status
from scheduling.queries.reports.shapes import ALL_SITES, TOO_FEW, WITHHELD, Cell, Table, few_words, share


def unfinished(sites: Sequence[Site], span: Span) -> Table:
    """How series ended that ended in the span, and how many are open with nothing planned."""
    found = {site: _ended(site, span) for site in sites}
    stalled = {site: _stalled(site) for site in sites}
    also = sorted({kind for one in found.values() for kind in one})
    kinds = list(dict.fromkeys(["Completed", *map(str, Patient.Closed.labels), *also]))
    rows: list[list[Cell]] = []
    for site, ended in found.items():
        counts = dict(zip(kinds, told([ended[kind] for kind in kinds]), strict=True))
        rows += _endings(site.name, counts, ended.total(), stalled[site], TOO_FEW)
    if len(sites) > 1:
        # Of a kind that is withheld at one site the sum would give it away.
        together = {kind: _sum_of_told([row[2] for row in rows if row[0] == kind]) for kind in kinds}
        total = sum(ended.total() for ended in found.values())
        rows += _endings(ALL_SITES, together, total, sum(stalled.values()), WITHHELD)
    return Table(("How it ended", "Site", "Series", "Share of all that ended"), rows)


def _ended(site: Site, span: Span) -> Counter[str]:
    bounds = span.instants(site.tz)
    over = Series.objects.filter(site=site, closed_at__gte=bounds.start, closed_at__lt=bounds.end)
    found: Counter[str] = Counter()
    for row in over.order_by().values("status", "closed_why").annotate(many=Count("pk")):
        found[_ending(row["status"], row["closed_why"])] += row["many"]
    return found


def _endings(site: str, counts: Mapping[str, int | None], total: int, stalled: int, instead: str) -> list[list[Cell]]:
    """The rows of a site; `instead` stands where a count is not told."""
    rows: list[list[Cell]] = [
        [kind, site, instead if many is None else many, None if many is None else share(many, total)]
        for kind, many in counts.items()
    ]
    return [*rows, ["All that ended", site, total, None], ["Open now, nothing planned", site, stalled, None]]


def _sum_of_told(cells: Sequence[Cell]) -> int | None:
    counts = [cell for cell in cells if isinstance(cell, int)]
    return sum(counts) if len(counts) == len(cells) else None


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
    found = {site.name: days_to_first(site, span) for site in sites}
    rows = [_waited(name, days, few_words([len(days)])) for name, days in found.items()]
    if len(sites) > 1:
        all_days = [day for days in found.values() for day in days]
        rows.append(_waited(ALL_SITES, all_days, few_words([len(days) for days in found.values()])))
    return Table(("Site", "Patients", "Median, days", "90th percentile, days"), rows)


def _waited(name: str, days: Sequence[int], few: str | None) -> list[Cell]:
    if few is not None:
        return [name, few, None, None]
    return [name, len(days), percentile(days, 50), percentile(days, 90)]
