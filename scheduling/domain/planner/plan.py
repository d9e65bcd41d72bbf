"""`plan_series`: the best lawful layout of one series, alternatives, or what makes it impossible."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import pairwise

from scheduling.domain.planner.days import DayGraph, best_days
from scheduling.domain.planner.impossible import why_impossible
from scheduling.domain.planner.problem import (
    EPOCH_ORDINAL,
    MAX_ALTERNATIVES,
    Candidate,
    Impossible,
    Layout,
    Objective,
    Plan,
    SeriesProblem,
    Visit,
)
from scheduling.domain.planner.steps import DIFFERENT_DAYS, Lawful
from scheduling.domain.planner.supply import Supply
from scheduling.domain.planner.visits import best_visits
from scheduling.domain.policy import WEEK
from scheduling.domain.protocol import SeriesDays, deviations


def plan_series(problem: SeriesProblem, alternatives: int = MAX_ALTERNATIVES) -> Plan | Impossible:
    """The best layout by `Objective` with up to `alternatives` others, or why there is none.

    An alternative is the best layout with the same number of deviations whose days differ in two or more from the best
    layout and from each alternative before it; its weeks, days and times may be worse. A series that lacks nothing
    has an empty layout.
    """
    supply = Supply(problem)
    if not problem.missing:
        return Plan(layout_of(problem, ()))
    lawful: Lawful = {}
    graph = best_days(supply.day_problem(), lawful=lawful)
    if graph is None:
        return why_impossible(supply)
    found = [_layout(supply, graph)]
    while len(found) <= alternatives and problem.missing >= DIFFERENT_DAYS:
        elsewhere = supply.day_problem(differ_from=[layout.days for layout in found])
        other = best_days(elsewhere, graph.deviations, lawful)
        if other is None:
            break
        found.append(_layout(supply, other))
    return Plan(found[0], tuple(found[1:]))


def _layout(supply: Supply, graph: DayGraph) -> Layout:
    visits = best_visits(graph, supply.choices)
    chosen = [Candidate(supply.start(day, seconds), room, clinician) for day, (seconds, clinician, room) in visits]
    return layout_of(supply.problem, chosen)


def layout_of(problem: SeriesProblem, chosen: Sequence[Candidate]) -> Layout:
    """The layout of `chosen` starts (ascending) with numbers, objective and deviations; checks no rule."""
    days = [candidate.start.date() for candidate in chosen]
    series = sorted({*days, *problem.series_days})
    number = {day: index for index, day in enumerate(series, start=1)}
    thin = deviations(SeriesDays(tuple(series), problem.per_week, problem.infusions), problem.policy)
    visits = tuple(
        Visit(number[day], one.start, one.room, one.clinician) for day, one in zip(days, chosen, strict=True)
    )
    return Layout(visits, _objective(problem, chosen, series, len(thin)), thin)


def _objective(problem: SeriesProblem, chosen: Sequence[Candidate], series: Sequence[date], thin: int) -> Objective:
    return Objective(
        deviations=thin,
        changed=sum(one not in problem.planned for one in chosen) if problem.planned else 0,
        series_weeks=(series[-1] - series[0]).days // WEEK + 1,
        outside_preferred=sum(not problem.preferred.likes(one.start) for one in chosen),
        last_day=series[-1].toordinal() - EPOCH_ORDINAL,
        time_changes=_changes(one.start.time() for one in chosen),
        clinician_changes=_changes(one.clinician for one in chosen),
        room_changes=_changes(one.room for one in chosen),
        starts=tuple(one.start for one in chosen),
        rooms=tuple(one.room for one in chosen),
        clinicians=tuple(one.clinician for one in chosen),
    )


def _changes(values: Iterable[object]) -> int:
    return sum(one != following for one, following in pairwise(values))
