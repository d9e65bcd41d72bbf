"""How fast safety alerts were taken, month by month: counts and minutes, nobody's name."""

from collections.abc import Sequence
from datetime import date

from intake.queries.alert_times import AlertTime, alert_times, follow_ups_in_time
from pacificmind.clinic.models import Site
from scheduling.domain.figures import FEWEST, Span, month_after, percentile
from scheduling.queries.reports.shapes import TOO_FEW, Cell, Table, share

COLUMNS = (
    "Month", "Site", "Urgent", "Alerts", "In time", "Median, min", "90th, min", "Paged again", "Waiting",
)  # fmt: skip


def times_to_take(sites: Sequence[Site], span: Span) -> Table:
    """For each month, site and tier: how many alerts, and after how many minutes a person had them.

    Of fewer than FEWEST alerts nothing but that is told: it would be somebody's own hour.
    """
    rows: list[list[Cell]] = []
    for month in _months(span):
        for site in sites:
            bounds = Span(month, month_after(month)).instants(site.tz)
            found = alert_times(site.pk, bounds.start, bounds.end)
            for words, urgent_now in (("Now", True), ("Today", False)):
                rows.append(_row(month, site, words, [one for one in found if one.urgent_now is urgent_now]))
            rows.append(_followed_up(month, site, *follow_ups_in_time(site.pk, bounds.start, bounds.end)))
    return Table(COLUMNS, rows)


def _row(month: date, site: Site, words: str, found: Sequence[AlertTime]) -> list[Cell]:
    name = f"{month:%B %Y}"
    if not found:
        return [name, site.name, words, 0, None, None, None, None, None]
    if len(found) < FEWEST:
        return [name, site.name, words, TOO_FEW, None, None, None, None, None]
    minutes = [one.minutes for one in found if one.minutes is not None]
    return [
        name,
        site.name,
        words,
        len(found),
        share(sum(one.in_time for one in found), len(found)),
        percentile(minutes, 50),
        percentile(minutes, 90),
        sum(one.escalated for one in found),
        len(found) - len(minutes),
    ]


def _followed_up(month: date, site: Site, due: int, done: int) -> list[Cell]:
    few = 0 < due < FEWEST
    return [
        f"{month:%B %Y}", site.name, "Follow-ups due", TOO_FEW if few else due,
        None if few else share(done, due), None, None, None, None,
    ]  # fmt: skip


def _months(span: Span) -> list[date]:
    found, month = [], span.first
    while month < span.until:
        found.append(month)
        month = month_after(month)
    return found
