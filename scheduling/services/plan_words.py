"""The planner's answer in the words of the front desk. Pure."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime

from pacificmind.ui.dates import time_words
from scheduling.domain.planner import WOULD_HELP, Impossible, Layout
from scheduling.domain.policy import day_words

LONG_PAUSE = (
    "The free times leave a pause of 14 days or more between two visits, and a clinician's review comes first then "
    f"(P9). {WOULD_HELP}"
)
SMALL = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight")


def why_best(best: Layout, names: Mapping[str, str]) -> tuple[str, ...]:
    """Why this layout is the best: a sentence for each part of the objective that the front desk can check."""
    goal = best.objective
    if goal.deviations:
        first = f"No plan keeps two visits in every week. This one has the fewest weeks with less: {goal.deviations}."
    else:
        first = "Every week has the visits that the plan needs."
    weeks = f"It takes {count(goal.series_weeks, 'week')}, the fewest possible, and ends on {day_words(best.days[-1])}."
    return (first, weeks, _steady(best, names))


def _steady(best: Layout, names: Mapping[str, str]) -> str:
    goal, first = best.objective, best.visits[0]
    parts = [
        f"at {_clock(first.start)}" if not goal.time_changes else _changes(goal.time_changes, "time of day"),
        f"with {names.get(first.clinician, 'one clinician')}"
        if not goal.clinician_changes
        else _changes(goal.clinician_changes, "clinician"),
        f"in {names.get(first.room, 'one room')}" if not goal.room_changes else _changes(goal.room_changes, "room"),
    ]
    lead = "Always " if not (goal.time_changes or goal.clinician_changes or goal.room_changes) else "As steady as "
    if lead == "Always ":
        return f"{lead}{', '.join(parts)}."
    return f"{lead}the free times allow: {', '.join(parts)}."


def _clock(wall: datetime) -> str:
    """A wall time in words; the site's clocks never change within its opening hours, so that no zone is named."""
    return time_words(wall.replace(tzinfo=UTC))


def _changes(times: int, what: str) -> str:
    return f"the {what} changes {'once' if times == 1 else 'twice' if times == 2 else f'{times} times'}"


def difference(best: Layout, other: Layout) -> str:
    """One line: how another layout differs from the best one."""
    return _sentence([*_in_length(best, other), *_in_days(best, other), *_in_steadiness(best, other)])


def _in_length(best: Layout, other: Layout) -> Iterable[str]:
    weeks = other.objective.series_weeks - best.objective.series_weeks
    if weeks:
        yield f"{SMALL[abs(weeks)] if abs(weeks) < len(SMALL) else abs(weeks)} week{_s(weeks)} {_than(weeks)}"
    days = other.objective.last_day - best.objective.last_day
    if days:
        yield f"ends {count(abs(days), 'day')} {'later' if days > 0 else 'earlier'}, on {day_words(other.days[-1])}"


def _in_days(best: Layout, other: Layout) -> Iterable[str]:
    new = sorted(set(other.days) - set(best.days))
    gone = sorted(set(best.days) - set(other.days))
    if new:
        yield f"{_short(new)} instead of {_short(gone)}"


def _in_steadiness(best: Layout, other: Layout) -> Iterable[str]:
    usual = best.visits[0].start.time()
    moved = sum(visit.start.time() != usual for visit in other.visits)
    if moved and moved < len(other.visits):
        yield f"{count(moved, 'visit')} at another time of day"
    elif moved:
        yield f"begins at {_clock(other.visits[0].start)}"
    more = other.objective.clinician_changes - best.objective.clinician_changes
    if more:
        yield "the clinician changes more often" if more > 0 else "the clinician changes less often"
    elif other.visits[0].clinician != best.visits[0].clinician:
        yield "another clinician"


def _short(days: list[date]) -> str:
    return ", ".join(f"{day:%a %b} {day.day}" for day in days)


def _than(weeks: int) -> str:
    return "longer" if weeks > 0 else "shorter"


def _s(number: int) -> str:
    return "" if abs(number) == 1 else "s"


def count(number: int, unit: str) -> str:
    """Such as "two visits"; digits past eight."""
    word = SMALL[number] if number < len(SMALL) else str(number)
    return f"{word} {unit}{_s(number)}"


def _sentence(parts: Iterable[str]) -> str:
    text = "; ".join(parts) or "the same days in another room"
    return f"{text[0].upper()}{text[1:]}."


def impossible(answer: Impossible, weeks: int) -> str:
    """The planner's own sentence, with how far ahead it looked."""
    return f"{answer.say} Looked at: {count(weeks, 'week')} ahead."


def why_only(say: str) -> str:
    """The same without what would help in general: for a page that names what does."""
    return say.replace(f" {WOULD_HELP}", "")
