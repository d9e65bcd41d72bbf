"""When pages about an alert go out. Pure: the moment and the clinic's minutes are arguments."""

from dataclasses import dataclass
from datetime import datetime, timedelta

FIRST, SECOND, THIRD, FOURTH = 1, 2, 3, 4  # steps: at once, then the three escalations; after that it repeats
ROUND = 1_000_000  # steps at most until an alert is taken (years): each further round's messages count from here
OFTEN_FOR = timedelta(days=1)  # of repeats at the clinic's pace; then it calls once an hour, without end
SLOW = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Escalation:
    """After how long a page goes out again while nobody has taken an alert (CLINICAL 4.2: 5, 10, 15 minutes)."""

    first: timedelta = timedelta(minutes=5)
    second: timedelta = timedelta(minutes=10)
    third: timedelta = timedelta(minutes=15)
    every: timedelta = timedelta(minutes=10)


def steps_due(
    *, now_urgent: bool, since: datetime, late_at: datetime, moment: datetime, known: int, times: Escalation
) -> list[int]:
    """The steps after `known` whose time has come, in order; of the endless repeats only the newest.

    Repeats have no end. After a day they come once an hour: the numbers of those between are left out, so that a
    number always stands for the same moment.

    URGENT-2 (`now_urgent`) counts from `since`; what is urgent today begins again when it is late, at `late_at`.
    """
    urgent = [since + times.first, since + times.second, since + times.third]
    named = urgent if now_urgent else [late_at]
    due = [step for step, at in enumerate(named, SECOND) if at <= moment]
    repeats = _repeats(moment - named[-1], times.every)
    if repeats > 0:
        due.append(SECOND + len(named) - 1 + repeats)
    return [step for step in due if step > known]


def version(round_: int, step: int) -> int:
    """The version of a page's message: the rounds of an alert never share one."""
    return round_ * ROUND + step


def _repeats(waited: timedelta, every: timedelta) -> int:
    """The number of the newest repeat after so long; 0 before the first."""
    found, often = waited // every, OFTEN_FOR // every
    if found <= often:
        return max(found, 0)
    return found - (found - often) % max(SLOW // every, 1)
