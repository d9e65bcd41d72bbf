"""When a site works: for deadlines that end with a working day."""

from datetime import UTC, date, datetime, time, timedelta

from pacificmind.clinic.models import Site
from pacificmind.clock import now
from scheduling.domain.protocol import review_deadline
from scheduling.models import Closure, OpeningHours

LOOK_BACK = timedelta(days=14)


def review_due_at(site: Site, held_on: date) -> datetime:
    """P8: the close of the last working day of the site before `held_on`; now where there is none left."""
    closes: dict[int, time] = {}
    for row in OpeningHours.objects.filter(site=site).order_by("closes"):
        closes[row.weekday] = time.max if row.closes == time() else max(row.closes, closes.get(row.weekday, time()))
    first = max(held_on - LOOK_BACK, now().astimezone(site.tz).date())
    days = [first + timedelta(days=n) for n in range((held_on - first).days)]
    ends = {day: _at(day, closes[day.weekday()], site) for day in days if day.weekday() in closes}
    closed = list(Closure.objects.filter(site=site, room__isnull=True, starts_at__lte=_at(held_on, time(), site)))
    working = [day for day, end in ends.items() if not any(c.starts_at < end <= c.ends_at for c in closed)]
    last = review_deadline(held_on, working)
    return max(ends[last], now()) if last else now()


def _at(day: date, wall: time, site: Site) -> datetime:
    return datetime.combine(day, wall, site.tz).astimezone(UTC)
