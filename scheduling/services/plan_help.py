"""What would help where a series has no plan, or none without a thin week: each way is tried before it is named."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from intake.models import SeriesOrder
from pacificmind.clinic.models import Site
from scheduling.domain.policy import day_words
from scheduling.services import plan_words
from scheduling.services.planning import MAX_HORIZON_WEEKS, Proposal, Wishes, propose

MOST = 4  # ways that are named: the first that work


@dataclass(frozen=True)
class Way:
    """One thing asked otherwise, and what comes of it: at which site, with which wishes, in words."""

    site: Site
    wishes: Wishes
    words: str


def ways(order: SeriesOrder, *, site: Site, sites: Sequence[Site], wishes: Wishes) -> list[Way]:
    """The changes of what was asked that lead to a plan in which no week is thin; one at a time, then all at once.

    `sites`: those where the reader may look. Each costs a plan of its own, so that this is asked only when needed.
    """
    found = []
    for what, there, asked in _changes(site, sites, wishes):
        answer = propose(order, site=there, wishes=asked)
        if answer.possible and not answer.choices[0].deviates:
            found.append(Way(there, asked, f"{what}: {_outcome(answer)}"))
        if len(found) == MOST:
            break
    if not found and (free := _without_limits(wishes)) != wishes:
        answer = propose(order, site=site, wishes=free)
        if answer.possible and not answer.choices[0].deviates:
            found.append(Way(site, free, f"Without all of these limits: {_outcome(answer)}"))
    return found


def _changes(site: Site, sites: Sequence[Site], wishes: Wishes) -> Iterator[tuple[str, Site, Wishes]]:
    if wishes.weekdays:
        yield "Any weekday", site, replace(wishes, weekdays=frozenset())
    if wishes.from_time or wishes.until_time:
        yield "Any time of day", site, replace(wishes, from_time=None, until_time=None)
    if wishes.blackout_on:
        yield "The days that are not possible, too", site, replace(wishes, blackout_on=frozenset())
    if wishes.earliest_on:
        yield "From today on", site, replace(wishes, earliest_on=None)
    if wishes.horizon_weeks < MAX_HORIZON_WEEKS:
        words = f"Looking {plan_words.count(MAX_HORIZON_WEEKS, 'week')} ahead"
        yield words, site, replace(wishes, horizon_weeks=MAX_HORIZON_WEEKS)
    for other in sites:
        if other != site:
            yield f"In {other.name}", other, replace(wishes, prefer_clinician=None)


def _without_limits(wishes: Wishes) -> Wishes:
    return Wishes(prefer_clinician=wishes.prefer_clinician, horizon_weeks=MAX_HORIZON_WEEKS)


def _outcome(answer: Proposal) -> str:
    days = answer.choices[0].layout.days
    return f"from {day_words(days[0])} to {day_words(days[-1])}"
