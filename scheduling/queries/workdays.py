"""When a site works: for deadlines that end with a working day."""

from datetime import UTC, date, datetime, time, timedelta

from pacificmind.clinic.models import Site
from pacificmind.clock import now
from scheduling.domain.protocol import review_deadline
from scheduling.models import Closure, OpeningHours

LOOK_BACK = timedelta(days=14)
MORNING = time(8)


def review_due_at(site: Site, held_on: date) -> datetime:
    """P8: the close of the last working day of the site before `held_on`; now where that is past or there is none."""
    return max(last_close_before(site, held_on) or now(), now())


def last_close_before(site: Site, day: date) -> datetime | None:
    """When the site closes on its last working day before `day`; None where it had none for two weeks."""
    closes: dict[int, time] = {}
    for row in OpeningHours.objects.filter(site=site).order_by("closes"):
        closes[row.weekday] = time.max if row.closes == time() else max(row.closes, closes.get(row.weekday, time()))
    days = [day - timedelta(days=n) for n in range(LOOK_BACK.days, 0, -1)]
    ends = {one: _at(one, closes[one.weekday()], site) for one in days if one.weekday() in closes}
    closed = list(Closure.objects.filter(site=site, room__isnull=True, starts_at__lte=_at(day, time(), site)))
    working = [one for one, end in ends.items() if not any(c.starts_at < end <= c.ends_at for c in closed)]
    last = review_deadline(day, working)
    return ends[last] if last else None


def opens_on(site: Site, day: date) -> datetime:
    """When somebody is at the site on `day`: its opening, or 8:00 on a day without hours."""
    first = OpeningHours.objects.filter(site=site, weekday=day.weekday()).order_by("opens").first()
    return _at(day, first.opens if first else MORNING, site)


def _at(day: date, wall: time, site: Site) -> datetime:
    return datetime.combine(day, wall, site.tz).astimezone(UTC)
