"""The planner's answer by trying everything: written from INTERFACES.md alone, it shares no code with the planner."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import combinations, pairwise, product

from scheduling.domain.planner import Candidate, SeriesProblem

Key = tuple[object, ...]


@dataclass(frozen=True)
class Best:
    key: Key
    visits: tuple[Candidate, ...]


def lawful(problem: SeriesProblem, new: Sequence[date], without: str = "") -> bool:
    """P2, P3 and P5 of the new days; what fixed days do among themselves is not theirs."""
    fixed = problem.existing | problem.series_days
    if without != "P3":
        apart = {3: 2, 2: 3}[problem.per_week]
        if any(abs((a - b).days) < apart for a, b in combinations(new, 2)):
            return False
        if any(abs((a - b).days) < apart for a in new for b in fixed):
            return False
    if without != "P2" and any(_in_window(new, fixed, day) > 3 for day in _around(new)):
        return False
    return without == "P5" or not _too_many_in_a_week(problem, new)


def _around(new: Sequence[date]) -> Iterator[date]:
    """The first days of all windows of seven that hold a new day."""
    for day in new:
        yield from (day - timedelta(days=back) for back in range(7))


def _in_window(new: Sequence[date], fixed: frozenset[date], first: date) -> int:
    last = first + timedelta(days=6)
    return sum(first <= day <= last for day in (*new, *fixed))


def _too_many_in_a_week(problem: SeriesProblem, new: Sequence[date]) -> bool:
    weeks = [week(problem, new, day) for day in new]
    kept = [week(problem, new, day) for day in problem.series_days]
    return any(weeks.count(one) + kept.count(one) > problem.per_week for one in weeks)


def week(problem: SeriesProblem, new: Sequence[date], day: date) -> int:
    return (day - min((*new, *problem.series_days))).days // 7


def weeks_and_deviations(problem: SeriesProblem, new: Sequence[date]) -> tuple[int, int]:
    weeks = [week(problem, new, day) for day in (*new, *problem.series_days)]
    thin = sum(weeks.count(one) < 2 for one in range(min(weeks), max(weeks)))
    return thin, max(weeks) - min(weeks) + 1


def deviations_changed_weeks(problem: SeriesProblem, new: Sequence[date]) -> tuple[int, int, int]:
    """The first parts of the key, which the days decide: on each day a visit is kept where one can be."""
    thin, weeks = weeks_and_deviations(problem, new)
    kept = {one.start.date() for one in problem.candidates if one in problem.planned}
    return thin, len(set(new) - kept) if problem.planned else 0, weeks


def day_sets(problem: SeriesProblem, without: str = "") -> list[tuple[date, ...]]:
    days = sorted({candidate.start.date() for candidate in problem.candidates})
    missing = problem.infusions - len(problem.series_days)
    return [new for new in combinations(days, missing) if lawful(problem, new, without)]


def changed(problem: SeriesProblem, visits: Sequence[Candidate]) -> int:
    return sum(visit not in problem.planned for visit in visits) if problem.planned else 0


def key_of(problem: SeriesProblem, new: Sequence[date], visits: Sequence[Candidate]) -> Key:
    steps = list(pairwise(visits))
    thin, weeks = weeks_and_deviations(problem, new)
    return (
        thin,
        changed(problem, visits),
        weeks,
        sum(not _liked(problem, visit.start) for visit in visits),
        (max((*new, *problem.series_days)) - date(1970, 1, 1)).days,
        sum(a.start.time() != b.start.time() for a, b in steps),
        sum(a.clinician != b.clinician for a, b in steps),
        sum(a.room != b.room for a, b in steps),
        tuple(visit.start for visit in visits),
        tuple(visit.room for visit in visits),
        tuple(visit.clinician for visit in visits),
    )


def _liked(problem: SeriesProblem, start: datetime) -> bool:
    wish = problem.preferred
    return (
        (not wish.weekdays or start.weekday() in wish.weekdays)
        and (wish.since is None or wish.since <= start.time())
        and (wish.until is None or start.time() < wish.until)
    )


def best_of(problem: SeriesProblem, sets: Sequence[tuple[date, ...]]) -> Best | None:
    if not sets:
        return None
    fewest = min(deviations_changed_weeks(problem, new) for new in sets)
    on = {new: [[c for c in problem.candidates if c.start.date() == day] for day in new] for new in sets}
    found = (
        Best(key_of(problem, new, visits), visits)
        for new, choices in on.items()
        if deviations_changed_weeks(problem, new) == fewest
        for visits in product(*choices)
    )
    return min(found, key=lambda best: best.key)


def plan(problem: SeriesProblem, alternatives: int = 3) -> list[Best]:
    """The best layout and its alternatives; empty when there is none."""
    sets, found = day_sets(problem), list[Best]()
    while len(found) <= alternatives:
        best = best_of(problem, sets)
        if best is None:
            break
        found.append(best)
        days = {visit.start.date() for visit in best.visits}
        thin = best.key[0]
        sets = [n for n in sets if len(days - set(n)) >= 2 and weeks_and_deviations(problem, n)[0] == thin]
    return found


def blocking_rule(problem: SeriesProblem) -> str:
    return next((rule for rule in ("P2", "P3", "P5") if day_sets(problem, rule)), "candidates")
