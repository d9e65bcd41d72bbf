"""How series went, by the patients' own answers; of fewer than ten people nothing is told."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count, F, Q

from intake.domain.outcomes import Course
from intake.models import Inquiry
from pacificmind.clinic.models import Site
from pacificmind.clock import now
from scheduling.domain.figures import Span, percentile
from scheduling.domain.walltime import day_of
from scheduling.models import Series
from scheduling.queries.outcomes import courses
from scheduling.queries.reports.shapes import ALL_SITES, Cell, Share, Table, few_people, share

FEWEST = 10  # people; below it somebody's answers could be guessed
COLUMNS = ("Site", "Series that ended", "Measured before and after", "Response", "Remission", "Relapsed since")
AT_THE_END = timedelta(days=14)  # a total answered this long after the last infusion still speaks of the series


_Asked = tuple[int, int, list[uuid.UUID]]


@dataclass(frozen=True, slots=True)
class _End:
    patient: uuid.UUID
    response: bool
    remission: bool
    relapse_days: int | None


def results(sites: Sequence[Site], span: Span) -> Table:
    """Response, remission and relapse of the series that ended in the span: one row a site, and one of all."""
    over = {site.name: _over(site, span) for site in sites}
    found = [(name, *_of([one])) for name, one in over.items()]
    if len(sites) > 1:
        found.append((ALL_SITES, *_of(list(over.values()))))
    rows: list[list[Cell]] = [[*one[:-3], _range(*one[-3:])] for one in found]
    lines = [[round(cell.value, 1) if isinstance(cell, Share) else cell for cell in one] for one in found]
    return Table((*COLUMNS, "Days to relapse"), rows, (*COLUMNS, "Median days", "Least days", "Most days"), lines)


def check_ins(sites: Sequence[Site], span: Span) -> Table:
    """How many check-ins that opened in the span were answered to the end, by days after the visit."""
    found = {site.name: _asked(site, span) for site in sites}
    rows = [row for name, one in found.items() for row in _answered(name, [one])]
    if len(sites) > 1:
        rows += _answered(ALL_SITES, list(found.values()))
    return Table(("Check-in", "Site", "Asked", "Answered", "Share answered"), rows)


def _asked(site: Site, span: Span) -> dict[int, _Asked]:
    """By days after the visit: how many were asked, how many answered, and who they were."""
    bounds = span.instants(site.tz)
    until = min(bounds.end, now())
    # One that ended before it opened (a newer visit counts) was never asked.
    asked = Inquiry.objects.filter(
        Q(ended_at__isnull=True) | Q(ended_at__gt=F("opens_at")),
        kind=Inquiry.Kind.AFTER, site=site, opens_at__gte=bounds.start, opens_at__lt=until,
    )  # fmt: skip
    counted = asked.order_by().values("days_after").annotate(
        many=Count("pk"), answered=Count("sent_at"), people=ArrayAgg("patient", distinct=True)
    )  # fmt: skip
    return {row["days_after"]: (row["many"], row["answered"], row["people"]) for row in counted}


def _answered(where: str, parts: Sequence[dict[int, _Asked]]) -> list[list[Cell]]:
    """The rows of a site, or of several together, which are given one by one."""
    rows: list[list[Cell]] = []
    for days in sorted({days for one in parts for days in one}):
        of_day = [one[days] for one in parts if days in one]
        few = few_people([people for _, _, people in of_day], FEWEST)
        many, answered = sum(one[0] for one in of_day), sum(one[1] for one in of_day)
        figures: list[Cell] = [few, None, None] if few is not None else [many, answered, share(answered, many)]
        rows.append([_after(days), where, *figures])
    return rows or [["No check-in opened", where, 0, 0, None]]


def _after(days: int) -> str:
    return "1 day after" if days == 1 else f"{days} days after"


def _range(median: Cell, least: Cell, most: Cell) -> Cell:
    return None if median is None else f"median {median}, {least} to {most}"


def _over(site: Site, span: Span) -> tuple[int, list[_End]]:
    """How many series of a site ended in the span, and how those ended that were measured."""
    bounds = span.instants(site.tz)
    over = Series.objects.filter(site=site, closed_at__gte=bounds.start, closed_at__lt=bounds.end)
    series = list(over.select_related("site"))
    read = courses(series)
    return len(series), [one for run in series if (one := _end(run, *read[run.pk])) is not None]


def _of(parts: Sequence[tuple[int, list[_End]]]) -> list[Cell]:
    """The figures of a site, or of several together, which are given one by one."""
    series, ended = sum(many for many, _ in parts), [one for _, found in parts for one in found]
    if not ended or (few := few_people([_people(found) for _, found in parts], FEWEST)) is not None:
        return [series, few if ended else 0, None, None, None, None, None, None]
    response, remission = (sum(told) for told in zip(*((one.response, one.remission) for one in ended), strict=True))
    known: list[Cell] = [series, len(ended), share(response, len(ended)), share(remission, len(ended))]
    lost = [one.relapse_days for one in ended if one.relapse_days is not None]
    few = few_people([_people(one for one in found if one.relapse_days is not None) for _, found in parts], FEWEST)
    if not lost or few is not None:
        return [*known, few if lost else 0, None, None, None]
    return [*known, len(lost), percentile(lost, 50), min(lost), max(lost)]


def _people(found: Iterable[_End]) -> set[uuid.UUID]:
    return {one.patient for one in found}


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
