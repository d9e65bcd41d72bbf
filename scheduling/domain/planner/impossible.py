"""Why there is no lawful layout, which days are in the way, and what would help."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from scheduling.domain.planner.days import best_days
from scheduling.domain.planner.problem import Impossible, SeriesProblem
from scheduling.domain.planner.supply import Supply
from scheduling.domain.policy import day_words
from scheduling.domain.protocol import SeriesDays, Violation, over_frequency, too_close, too_many_in_week

RULES = ("P2", "P3", "P5")
WOULD_HELP = "What would help: another site, another time of day, or one more week."
#: More days than this are counted, not named.
NAMED_DAYS = 4


def why_impossible(supply: Supply) -> Impossible:
    """The first rule without which a layout would exist and the days that would break it; else "candidates"."""
    for rule in RULES:
        graph = best_days(supply.day_problem(without=rule))
        if graph is not None:
            new = {supply.day(bit) for bit in graph.first_path()}
            return _blocked(supply.problem, rule, _in_the_way(supply.problem, rule, new))
    return _too_few(supply)


def _in_the_way(problem: SeriesProblem, rule: str, new: set[date]) -> list[date]:
    """The days on which the layout `new`, found without `rule`, breaks it."""
    everything = [*new, *(problem.existing | problem.series_days)]
    found: Iterable[Violation]
    if rule == "P2":
        found = too_many_in_week(everything, problem.policy)
    elif rule == "P3":
        found = too_close(everything, problem.per_week, problem.policy)
    else:
        days = tuple(new | problem.series_days)
        found = over_frequency(SeriesDays(days, problem.per_week, problem.infusions))
    return sorted({day for violation in found if new & set(violation.days) for day in violation.days})


def _blocked(problem: SeriesProblem, rule: str, days: list[date]) -> Impossible:
    apart = problem.policy.days_apart(problem.per_week)
    law = {
        "P2": f"no more than {problem.policy.max_in_7_days} infusions in any 7 days",
        "P3": f"infusions at least {apart} days apart",
        "P5": f"no more than {problem.per_week} infusions in a series week",
    }[rule]
    say = (
        f"{_count(problem.missing)} cannot be placed: {rule} allows {law}, and the free times need {_named(days)}. "
        f"{WOULD_HELP}"
    )
    return Impossible(rule, tuple(days), say)


def _too_few(supply: Supply) -> Impossible:
    """Not one rule alone: there are too few days, or several rules together leave too few of them."""
    days, missing = sorted(supply.day(bit) for bit in supply.by_day), supply.problem.missing
    if not days:
        why = "there are no free times at all."
    elif len(days) < missing:
        why = f"there are free times only on {_named(days)}."
    else:
        why = f"P2, P3 and P5 together leave too few of the free times on {_named(days)}."
    return Impossible("candidates", tuple(days), f"{_count(missing)} cannot be placed: {why} {WOULD_HELP}")


def _count(infusions: int) -> str:
    return "1 infusion" if infusions == 1 else f"{infusions} infusions"


def _named(days: list[date]) -> str:
    if len(days) > NAMED_DAYS:
        return f"{len(days)} days from {day_words(days[0])} to {day_words(days[-1])}"
    words = [day_words(day) for day in days]
    return words[0] if len(words) == 1 else f"{'; '.join(words[:-1])} and {words[-1]}"
