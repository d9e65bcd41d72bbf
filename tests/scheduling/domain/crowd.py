"""Crowds: many patients who want the same few rooms, made from a seed; for tests and for the bench.

A clinic day from 8 to 18 with four rooms, four clinicians with two lanes each and shifts of their own, some visits
booked already. Patients come on some weekdays, some only in the morning or after noon, and are away now and then.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from scheduling.domain.planner import Candidate, Preferred, SeriesProblem
from scheduling.domain.planner.many import Shared

MONDAY = date(2027, 1, 4)
OPENS, LAST_START, EVERY = 8 * 60, 16 * 60, 30
LENGTH, TURNOVER = timedelta(minutes=120), timedelta(minutes=15)
ROOMS = ("R1", "R2", "R3", "R4")
#: The clinicians and, for each, the weekdays and the hours of their shifts.
SHIFTS = {
    "cho": (frozenset({0, 1, 2, 3, 4}), 8, 18),
    "diaz": (frozenset({0, 1, 2, 3, 4}), 8, 14),
    "ito": (frozenset({0, 2, 4}), 10, 18),
    "lee": (frozenset({1, 3, 4}), 8, 18),
}
HOURS = ((None, None), (None, None), (None, time(12, 30)), (time(12), None))


@dataclass(frozen=True)
class Crowd:
    """Problems in the order in which the patients asked, and what they share."""

    problems: tuple[SeriesProblem, ...]
    shared: Shared


def crowd(patients: int, seed: int, *, weeks: int = 6, booked: float = 0.1, every: int = EVERY) -> Crowd:
    """`patients` series of 6 to 8 in `weeks` weeks; `booked`: the part of the rooms' time that is taken already."""
    rng = random.Random(seed)
    supply = {
        day: starts
        for offset in range(7 * weeks)
        if (day := MONDAY + timedelta(days=offset)).weekday() < 5 and (starts := _starts(day, rng, booked, every))
    }
    lanes = dict.fromkeys(SHIFTS, 2)
    return Crowd(tuple(_problem(rng, supply) for _ in range(patients)), Shared(LENGTH, TURNOVER, lanes=lanes))


def _starts(day: date, rng: random.Random, booked: float, every: int) -> list[Candidate]:
    minutes = range(OPENS, LAST_START + 1, every)
    taken = {room: [m for m in minutes if rng.random() < booked / 5] for room in ROOMS}
    apart = (LENGTH + TURNOVER).seconds // 60
    return [
        Candidate(datetime.combine(day, time(minute // 60, minute % 60)), room, who)
        for minute in minutes
        for room in ROOMS
        if all(abs(minute - other) >= apart for other in taken[room])
        for who, (weekdays, since, until) in SHIFTS.items()
        if day.weekday() in weekdays and since * 60 <= minute <= until * 60 - LENGTH.seconds // 60
    ]


def _problem(rng: random.Random, supply: dict[date, list[Candidate]]) -> SeriesProblem:
    weekdays = set(rng.sample(range(5), rng.choice([3, 4, 5, 5])))
    since, until = rng.choice(HOURS)
    first = MONDAY + timedelta(days=rng.choice([0, 0, 0, 4, 7]))
    away = set(rng.sample(sorted(supply), rng.choice([0, 0, 2, 5])))
    days = [day for day in supply if day >= first and day.weekday() in weekdays and day not in away]
    can = [one for day in days for one in supply[day] if _suits(one.start.time(), since, until)]
    liked = Preferred(frozenset(rng.sample(sorted(weekdays), 2)) if rng.random() < 0.3 else frozenset())
    return SeriesProblem(rng.choice([6, 7, 8]), rng.choice([2, 3, 3]), can, preferred=liked)


def _suits(at: time, since: time | None, until: time | None) -> bool:
    return (since is None or at >= since) and (until is None or at < until)


def unlawful(crowd: Crowd, layouts: Sequence[Sequence[Candidate] | None]) -> list[str]:
    """What is wrong with these layouts taken together, by its own reading of the rules; empty when all is lawful."""
    wrong = list[str]()
    for number, (problem, visits) in enumerate(zip(crowd.problems, layouts, strict=True)):
        if visits is not None:
            wrong += [f"{number}: {what}" for what in _unlawful_alone(problem, visits)]
    every = [visit for visits in layouts if visits for visit in visits]
    for room in {visit.room for visit in every}:
        stay = crowd.shared.length + crowd.shared.room_turnover.get(room, crowd.shared.turnover)
        if _most_at_once([v.start for v in every if v.room == room], stay) > 1:
            wrong.append(f"{room} is taken twice")
    for who in {visit.clinician for visit in every}:
        stay = crowd.shared.length + crowd.shared.buffer
        if _most_at_once([v.start for v in every if v.clinician == who], stay) > crowd.shared.lanes.get(who, 1):
            wrong.append(f"{who} has too many at once")
    return wrong


def _most_at_once(starts: Sequence[datetime], stay: timedelta) -> int:
    return max((sum(start <= at < start + stay for start in starts) for at in starts), default=0)


def _unlawful_alone(problem: SeriesProblem, visits: Sequence[Candidate]) -> list[str]:
    from tests.scheduling.domain import oracle

    days = [visit.start.date() for visit in visits]
    wrong = [] if len(set(days)) == problem.missing else ["not whole"]
    wrong += [] if set(visits) <= set(problem.candidates) else ["not a candidate"]
    return wrong + ([] if oracle.lawful(problem, days) else ["against P2, P3 or P5"])
