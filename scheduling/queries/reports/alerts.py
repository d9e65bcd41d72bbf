"""How fast safety alerts were taken, month by month: counts and minutes, nobody's name."""

from collections.abc import Sequence
from datetime import date

from intake.queries.alert_times import AlertTime, alert_times, follow_ups_in_time
from pacificmind.clinic.models import Site
from scheduling.domain.figures import Span, month_after, percentile
from scheduling.queries.reports.shapes import ALL_SITES, Cell, Table, few_words, share

COLUMNS = (
    "Month", "Site", "Urgent", "Alerts", "In time", "Median, min", "90th, min", "Paged again", "Waiting",
)  # fmt: skip


def times_to_take(sites: Sequence[Site], span: Span) -> Table:
    """For each month, site and tier, then all sites: how many alerts, and after how many minutes a person had them.

    Of fewer than FEWEST alerts nothing but that is told: it would be somebody's own hour.
    """
    rows: list[list[Cell]] = []
    for month in _months(span):
        alerts: dict[str, list[AlertTime]] = {}
        due: dict[str, tuple[int, int]] = {}
        for site in sites:
            bounds = Span(month, month_after(month)).instants(site.tz)
            alerts[site.name] = alert_times(site.pk, bounds.start, bounds.end)
            due[site.name] = follow_ups_in_time(site.pk, bounds.start, bounds.end)
            rows += _rows(month, site.name, [alerts[site.name]], [due[site.name]])
        if len(sites) > 1:
            rows += _rows(month, ALL_SITES, list(alerts.values()), list(due.values()))
    return Table(COLUMNS, rows)


def _rows(
    month: date, where: str, alerts: Sequence[Sequence[AlertTime]], due: Sequence[tuple[int, int]]
) -> list[list[Cell]]:
    """The rows of a site, or of several together, which are given one by one."""
    name = f"{month:%B %Y}"
    rows: list[list[Cell]] = []
    for words, urgent_now in (("Now", True), ("Today", False)):
        parts = [[one for one in found if one.urgent_now is urgent_now] for found in alerts]
        rows.append([name, where, words, *_taken(parts)])
    return [*rows, [name, where, "Follow-ups due", *_followed_up(due), None, None, None, None]]


def _taken(parts: Sequence[Sequence[AlertTime]]) -> list[Cell]:
    found = [one for part in parts for one in part]
    few = few_words([len(part) for part in parts])
    if few is not None or not found:
        return [0 if few is None else few, None, None, None, None, None]
    minutes = [one.minutes for one in found if one.minutes is not None]
    return [
        len(found),
        share(sum(one.in_time for one in found), len(found)),
        percentile(minutes, 50),
        percentile(minutes, 90),
        sum(one.escalated for one in found),
        len(found) - len(minutes),
    ]


def _followed_up(parts: Sequence[tuple[int, int]]) -> list[Cell]:
    due, done = sum(due for due, _ in parts), sum(done for _, done in parts)
    few = few_words([due for due, _ in parts])
    return [due, share(done, due)] if few is None else [few, None]


def _months(span: Span) -> list[date]:
    found, month = [], span.first
    while month < span.until:
        found.append(month)
        month = month_after(month)
    return found
