"""When pages about an alert go out. Pure: the moment and the clinic's minutes are arguments."""

from dataclasses import dataclass
from datetime import datetime, timedelta

FIRST, SECOND, THIRD, FOURTH = 1, 2, 3, 4  # steps: at once, then the three escalations; after that it repeats
RAISED = 1_000  # added to a message's version once the tier rose: the steps begin anew, each a row of its own
MOST = 900  # steps: nights and days of pages; further ones would reach into those of the raised tier


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

    URGENT-2 (`now_urgent`) counts from `since`; what is urgent today begins again when it is late, at `late_at`.
    """
    urgent = [since + times.first, since + times.second, since + times.third]
    named = urgent if now_urgent else [late_at]
    due = [step for step, at in enumerate(named, SECOND) if at <= moment]
    repeats = (moment - named[-1]) // times.every
    if repeats > 0:
        due.append(min(SECOND + len(named) - 1 + repeats, MOST))
    return [step for step in due if step > known]
