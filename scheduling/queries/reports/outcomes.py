"""How series went, by the patients' own answers; of fewer than ten people nothing is told."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, F, Q

from intake.domain.outcomes import Course
from intake.models import Inquiry
from pacificmind.clinic.models import Site
from pacificmind.clock import now
from scheduling.domain.figures import Span, percentile
from scheduling.domain.walltime import day_of
from scheduling.models import Series
from scheduling.queries.outcomes import courses
from scheduling.queries.reports.shapes import Cell, Share, Table, share

FEWEST = 10  # people; below it somebody's answers could be guessed
COLUMNS = ("Site", "Series that ended", "Measured before and after", "Response", "Remission", "Relapsed since")
AT_THE_END = timedelta(days=14)  # a total answered this long after the last infusion still speaks of the series


@dataclass(frozen=True, slots=True)
class _End:
    patient: uuid.UUID
    response: bool
    remission: bool
    relapse_days: int | None


def results(sites: Sequence[Site], span: Span) -> Table:
    """Response, remission and relapse of the series that ended in the span: one row a site."""
    found = [(site.name, *_of(site, span)) for site in sites]
    rows: list[list[Cell]] = [[*one[:-3], _range(*one[-3:])] for one in found]
    lines = [[round(cell.value, 1) if isinstance(cell, Share) else cell for cell in one] for one in found]
    return Table((*COLUMNS, "Days to relapse"), rows, (*COLUMNS, "Median days", "Least days", "Most days"), lines)


def check_ins(sites: Sequence[Site], span: Span) -> Table:
    """How many check-ins that opened in the span were answered to the end, by days after the visit."""
    rows: list[list[Cell]] = []
    for site in sites:
        bounds = span.instants(site.tz)
        until = min(bounds.end, now())
        # One that ended before it opened (a newer visit counts) was never asked.
        asked = Inquiry.objects.filter(
            Q(ended_at__isnull=True) | Q(ended_at__gt=F("opens_at")),
            kind=Inquiry.Kind.AFTER, site=site, opens_at__gte=bounds.start, opens_at__lt=until,
        )  # fmt: skip
        counted = asked.order_by().values("days_after").annotate(
            many=Count("pk"), answered=Count("sent_at"), people=Count("patient", distinct=True)
        )  # fmt: skip
        if not counted:
            rows.append(["No check-in opened", site.name, 0, 0, None])
        for row in sorted(counted, key=lambda row: row["days_after"]):
            few = row["people"] < FEWEST
            told: list[Cell] = [f"Fewer than {FEWEST}", None, None] if few else [
                row["many"], row["answered"], share(row["answered"], row["many"])
            ]  # fmt: skip
            rows.append([_after(row["days_after"]), site.name, *told])
    return Table(("Check-in", "Site", "Asked", "Answered", "Share answered"), rows)


def _after(days: int) -> str:
    return "1 day after" if days == 1 else f"{days} days after"


def _range(median: Cell, least: Cell, most: Cell) -> Cell:
    return None if median is None else f"median {median}, {least} to {most}"


def _of(site: Site, span: Span) -> list[Cell]:
    bounds = span.instants(site.tz)
    over = Series.objects.filter(site=site, closed_at__gte=bounds.start, closed_at__lt=bounds.end)
    series = list(over.select_related("site"))
    told = courses(series)
    ended = [one for run in series if (one := _end(run, *told[run.pk])) is not None]
    few = f"Fewer than {FEWEST}"
    if len({one.patient for one in ended}) < FEWEST:
        return [len(series), few if ended else 0, None, None, None, None, None, None]
    response, remission = (sum(told) for told in zip(*((one.response, one.remission) for one in ended), strict=True))
    known: list[Cell] = [len(series), len(ended), share(response, len(ended)), share(remission, len(ended))]
    lost = [one.relapse_days for one in ended if one.relapse_days is not None]
    if len({one.patient for one in ended if one.relapse_days is not None}) < FEWEST:
        return [*known, few if lost else 0, None, None, None]
    return [*known, len(lost), percentile(lost, 50), min(lost), max(lost)]


def _end(run: Series, read: Course, ended_at: datetime | None) -> _End | None:
    """How a series ended by its last total up to two weeks after the last infusion; None where there is none."""
    if ended_at is None:
        return None
    told = [one for one in read.after if one.measure.at <= ended_at + AT_THE_END and one.response is not None]
    if not told:
        return None
    relapse = next((one for one in read.after if one.relapse and one.measure.at > ended_at), None)
    zone = run.site.tz
    days = (day_of(relapse.measure.at, zone) - day_of(ended_at, zone)).days if relapse else None
    return _End(run.patient_id, bool(told[-1].response), bool(told[-1].remission), days)
