"""The rest of the calendar: three weeks in which the rooms are two thirds full, in as few statements as can be.

Rows are written directly here (the past cannot be booked, and hundreds of bookings would take a minute); every
constraint of the database is met by them, and each visit has its audit row and its reminders.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta

from pacificmind.demo.clinic import background_rows as rows
from pacificmind.demo.clinic.ledger import Seat, Taken
from pacificmind.demo.clinic.steps import Clinic
from pacificmind.demo.clinic.supply import LA, LB
from pacificmind.demo.clinic.walk import plan

INFUSION, TALK = 120, 60
WALLS = {LA: (time(8), time(10, 15), time(12, 30), time(14, 45)), LB: (time(8, 30), time(10, 45), time(13), time(15))}
TALKS = (time(9), time(10), time(11), time(13), time(14), time(15), time(16))
MOST_INFUSIONS = {LA: (14, 14, 11), LB: (6, 6, 4)}  # a day, by week: of 16 and 8
TALKS_A_DAY = {LA: (5, 5, 3), LB: (3, 3, 2)}
NURSES = {LA: ("kim", "ortega"), LB: ("weiss", "delgado")}
INFUSIONS = 6
FRIDAY = 4


@dataclass(frozen=True)
class Course:
    """A series to be written: its days' seats, in order."""

    per_week: int
    seats: tuple[Seat, ...]


def fill(clinic: Clinic) -> None:
    """Series and talks at both sites."""
    people = itertools.count()
    for slug, site in clinic.supply.sites.items():
        taken = Taken.of(site)
        courses = list(_courses(clinic, slug, taken))
        rows.write_courses(clinic, site, courses, people)
        talks = list(_talks(clinic, slug, taken))
        rows.write_talks(clinic, site, talks, people)


def _courses(clinic: Clinic, slug: str, taken: Taken) -> Iterator[Course]:
    """Series one after the other, for as long as days have room below the wanted fill."""
    for week, weekday, per_week in itertools.product((-2, -1, 0, 1, 2), (0, 1, 2), (2, 3, 2)):
        for wall in WALLS[slug]:
            first = clinic.days.monday(week) + timedelta(days=weekday)
            days = plan(first, before=0, after=INFUSIONS - 1, per_week=per_week)
            if any(taken.count[day] >= _most(clinic, day, MOST_INFUSIONS[slug]) for day in days):
                continue
            if seats := _seats(clinic, slug, taken, days, wall):
                yield Course(per_week, seats)


def _most(clinic: Clinic, day: date, by_week: Sequence[int]) -> int:
    week = (day - clinic.days.monday(0)).days // 7
    return by_week[min(max(week, 0), len(by_week) - 1)]


def _seats(clinic: Clinic, slug: str, taken: Taken, days: Sequence[date], wall: time) -> tuple[Seat, ...]:
    """A seat on each day, at the wanted time or another; nothing where one day has none."""
    walls = [wall, *(other for other in WALLS[slug] if other != wall)]
    nurses = [clinic.staff.clinicians[key] for key in NURSES[slug]]
    found = []
    for day in days:
        rooms = clinic.supply.infusion_rooms[slug]
        tries = (taken.seat(day, each, INFUSION, rooms, nurses, 1) for each in walls)
        seat = next((one for one in tries if one), None)
        if seat is None:
            return ()
        found.append(seat)
    for seat in found:
        _take(taken, seat, INFUSION, 1)
    return tuple(found)


def _take(taken: Taken, seat: Seat, minutes: int, lanes: int) -> None:
    end = seat.start + timedelta(minutes=minutes)
    free_at = end + timedelta(minutes=seat.room.turnover_minutes) if seat.room else None
    whole = range(lanes) if lanes > 1 else [seat.lane]
    taken.take(seat.start, end, seat.clinician.pk, whole, seat.room.pk if seat.room else None, free_at)


def _talks(clinic: Clinic, slug: str, taken: Taken) -> Iterator[Seat]:
    """Consultations in the consulting room, and every fourth by video."""
    doctors = [clinic.staff.clinicians[key] for key in (("okafor", "reyes") if slug == LA else ("tran",))]
    for offset in range(21):
        day = clinic.days.monday(0) + timedelta(days=offset)
        wanted = _most(clinic, day, TALKS_A_DAY[slug]) if day.weekday() <= FRIDAY else 0
        for number in range(wanted):
            wall = TALKS[(number * 3 + offset) % len(TALKS)]
            room = None if number % 4 == 3 else clinic.supply.consulting_rooms[slug]
            if seat := taken.seat(day, wall, TALK, [room], doctors, rows.WHOLE_CLINICIAN):
                _take(taken, seat, TALK, rows.WHOLE_CLINICIAN)
                yield seat
