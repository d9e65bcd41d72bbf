"""Free starts as choices of a form, under their days: those at the half hour, or all of a day that has none."""

from collections.abc import Iterable
from datetime import date, timedelta

from pacificmind.clinic.models import Site
from pacificmind.clock import now
from pacificmind.ui.dates import date_words, local, time_words
from scheduling.domain.slots import FreeStart
from scheduling.forms.series import start_key

SPAN = timedelta(days=14)
EVERY_MINUTES = 30
Group = tuple[str, list[tuple[str, str]]]


def labelled(starts: Iterable[FreeStart], site: Site) -> list[Group]:
    """The starts under their days, as grouped choices."""
    by_day: dict[date, list[FreeStart]] = {}
    for one in starts:
        by_day.setdefault(local(one.start, site.tz).date(), []).append(one)
    today = local(now(), site.tz).date()
    return [(date_words(day, today), _choices(found, site)) for day, found in by_day.items()]


def _choices(starts: list[FreeStart], site: Site) -> list[tuple[str, str]]:
    round_ones = [one for one in starts if one.start.minute % EVERY_MINUTES == 0] or starts
    return [(start_key(one), time_words(local(one.start, site.tz))) for one in round_ones]
