"""Free starts against an oracle that asks every grid time, minute by minute, whether all is free."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from scheduling.domain.hours import Hours, WallRange, open_intervals
from scheduling.domain.intervals import Interval
from scheduling.domain.slots import (
    Calendar,
    Clinician,
    FreeStart,
    LaneUse,
    Room,
    VisitShape,
    Wanted,
    free_choices,
    free_starts,
    is_free,
)

LA = ZoneInfo("America/Los_Angeles")
MINUTE = timedelta(minutes=1)
TUESDAY = date(2026, 12, 1)
HOUR = VisitShape(timedelta(hours=1))


def wall(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=LA)


def during(day: date, start: int, end: int) -> Interval:
    return Interval(wall(day, start), wall(day, end))


def daily(start: int, end: int) -> Hours:
    return Hours({weekday: [(time(start), time(end % 24))] for weekday in range(7)})


def clinic(
    hours: Hours,
    *,
    rooms: list[Room] | None = None,
    staff: list[Clinician] | None = None,
    closed: tuple[Interval, ...] = (),
) -> Calendar:
    cast = [Clinician("cho", "Cho", daily(0, 24))] if staff is None else staff
    return Calendar(LA, hours, closed, [Room("r1", "Room 1")] if rooms is None else rooms, cast)


def starts(calendar: Calendar, wanted: Wanted) -> list[str]:
    return [f"{one.start.astimezone(LA):%H:%M}" for one in free_starts(calendar, wanted)]


def one_day(shape: VisitShape = HOUR, day: date = TUESDAY, **more: object) -> Wanted:
    return Wanted(shape, day, day + timedelta(days=1), **more)  # type: ignore[arg-type]


def test_starts_fit_whole_visits_into_opening_hours() -> None:
    assert starts(clinic(daily(9, 11)), one_day()) == ["09:00", "09:30", "10:00"]


def test_turnover_may_run_past_closing_but_not_into_the_next_visit() -> None:
    shape = VisitShape(timedelta(hours=1), turnover=timedelta(minutes=30))
    busy = [Room("r1", "Room 1", [during(TUESDAY, 11, 12)])]
    assert starts(clinic(daily(9, 13), rooms=busy), one_day(shape)) == ["09:00", "09:30", "12:00"]


def test_a_visit_may_begin_when_the_room_is_free_again() -> None:
    busy = [Room("r1", "Room 1", [during(TUESDAY, 9, 10)])]
    assert starts(clinic(daily(9, 12), rooms=busy), one_day())[0] == "10:00"


def test_an_infusion_takes_one_lane_and_a_consultation_all() -> None:
    staff = [Clinician("cho", "Cho", daily(9, 12), 2, (), [LaneUse(during(TUESDAY, 10, 11), (0, 1))])]
    [at_nine, *_], at_ten = (free_starts(clinic(daily(h, 12), staff=staff), one_day())[:1] for h in (9, 10))
    assert (at_nine.lanes, at_ten[0].lanes) == ((0, 1), (1, 2))
    assert starts(clinic(daily(9, 12), staff=staff), one_day(VisitShape(timedelta(hours=1), all_lanes=True))) == [
        "09:00",
        "11:00",
    ]


def test_the_preferred_clinician_comes_first_and_the_others_by_name() -> None:
    staff = [Clinician(name, name, daily(9, 11)) for name in ("lee", "cho", "diaz")]
    calendar = clinic(daily(9, 10), staff=staff, rooms=[Room("b", "B"), Room("a", "A")])
    choices = free_choices(calendar, one_day(prefer="diaz"))
    assert [(one.clinician, one.room) for one in choices] == [
        (clinician, room) for clinician in ("diaz", "cho", "lee") for room in ("a", "b")
    ]
    assert [one.clinician for one in free_starts(calendar, one_day())] == ["cho"]


def test_an_exception_replaces_the_hours_of_its_date() -> None:
    hours = Hours(daily(9, 12).weekly, {TUESDAY: [(time(14), time(15))], TUESDAY + timedelta(days=1): []})
    wanted = Wanted(HOUR, TUESDAY, TUESDAY + timedelta(days=2))
    assert starts(clinic(hours), wanted) == ["14:00"]


def test_closures_leave_notice_and_the_patients_own_visits_take_time_away() -> None:
    staff = [Clinician("cho", "Cho", daily(8, 18), away=[during(TUESDAY, 10, 11)])]
    calendar = clinic(daily(8, 18), staff=staff, closed=(during(TUESDAY, 16, 18),))
    wanted = one_day(not_before=wall(TUESDAY, 9), patient_busy=[during(TUESDAY, 12, 14)])
    assert starts(calendar, wanted) == ["09:00", "11:00", "14:00", "14:30", "15:00"]


def test_telehealth_needs_no_room() -> None:
    shape = VisitShape(timedelta(hours=1), needs_room=False)
    [found] = free_starts(clinic(daily(9, 10), rooms=[]), one_day(shape))
    assert found.room is None
    assert free_starts(clinic(daily(9, 10), rooms=[]), one_day()) == []


def test_hours_may_cross_midnight() -> None:
    night = Hours({1: [(time(22), time(1))]})
    wanted = Wanted(HOUR, TUESDAY, TUESDAY + timedelta(days=2))
    assert starts(clinic(night), wanted) == ["22:00", "22:30", "23:00", "23:30", "00:00"]
    assert starts(clinic(night), one_day()) == ["22:00", "22:30", "23:00", "23:30"]


@pytest.mark.parametrize("day", [date(2026, 3, 8), date(2027, 3, 14)])
def test_in_spring_no_start_is_made_up(day: date) -> None:
    found = starts(clinic(daily(0, 24)), one_day(VisitShape(timedelta(minutes=30)), day))
    assert len(found) == len(set(found)) == 46
    assert not [start for start in found if start.startswith("02:")]


@pytest.mark.parametrize("day", [date(2026, 11, 1), date(2027, 11, 7)])
def test_in_autumn_no_start_is_doubled_and_none_lost(day: date) -> None:
    found = free_starts(clinic(daily(0, 24)), one_day(VisitShape(timedelta(minutes=30)), day))
    assert len({one.start.astimezone(LA).replace(tzinfo=None, fold=0) for one in found}) == len(found) == 48
    assert all(one.start.astimezone(LA).fold == 0 for one in found)


def test_an_empty_range_of_hours_is_refused() -> None:
    with pytest.raises(ValueError, match="end after they start"):
        open_intervals(Hours({1: [(time(9), time(9))]}), LA, TUESDAY, TUESDAY + timedelta(days=1))


def test_a_range_of_no_days_has_no_starts() -> None:
    assert free_starts(clinic(daily(9, 17)), Wanted(HOUR, TUESDAY, TUESDAY)) == []


# Against the oracle


def random_hours(rng: random.Random) -> Hours:
    def one() -> WallRange:
        start = rng.randrange(0, 23)
        return time(start, rng.choice([0, 10, 30])), time((start + rng.randint(2, 12)) % 24)

    weekly = {weekday: [one() for _ in range(rng.choice([0, 1, 1, 2]))] for weekday in range(7)}
    return Hours(weekly, {})


def random_busy(rng: random.Random, first: datetime) -> list[Interval]:
    begin = [first + timedelta(minutes=15 * rng.randrange(-8, 4 * 72)) for _ in range(rng.randint(0, 5))]
    return [Interval(start, start + timedelta(minutes=rng.choice([15, 45, 200]))) for start in begin]


def random_case(seed: int) -> tuple[Calendar, Wanted]:
    rng = random.Random(seed)
    days = [date(2026, 3, 7), date(2026, 10, 31), date(2027, 3, 13), date(2027, 11, 6), date(2026, 7, 1)]
    day = rng.choice(days)
    first = wall(day, 0).astimezone(UTC)
    staff = [
        Clinician(
            name,
            name,
            random_hours(rng),
            lanes,
            random_busy(rng, first)[:1],
            [LaneUse(one, rng.choice([(0, 1), (0, lanes)])) for one in random_busy(rng, first)],
        )
        for name, lanes in (("cho", 1), ("lee", 2))
    ]
    own = [None, timedelta(), timedelta(minutes=40)]
    rooms = [Room(name, name, random_busy(rng, first), rng.choice(own)) for name in ("a", "b")]
    calendar = Calendar(LA, random_hours(rng), random_busy(rng, first)[:1], rooms, staff)
    shape = VisitShape(
        timedelta(minutes=rng.choice([25, 60, 120])),
        timedelta(minutes=rng.choice([0, 15])),
        timedelta(minutes=rng.choice([0, 0, 20])),
        all_lanes=rng.random() < 0.3,
        needs_room=rng.random() < 0.8,
        grid_minutes=rng.choice([15, 30]),
    )
    bound = first + timedelta(hours=rng.randrange(24)) if rng.random() < 0.5 else None
    return calendar, Wanted(shape, day, day + timedelta(days=rng.randint(1, 3)), bound, random_busy(rng, first)[:2])


def free_during(busy: list[Interval], start: datetime, length: timedelta) -> bool:
    return all(start + length <= one.start or one.end <= start for one in busy)


def open_at(hours: Hours, instant: datetime) -> bool:
    """Whether the wall clock stands inside the hours that began today or yesterday.

    An edge in the autumn hour that comes twice means its first occurrence: all of the second lies after it.
    """
    here = instant.astimezone(LA)
    local = here.replace(tzinfo=None) if not here.fold else datetime.combine(here.date(), time(1, 59, 59))
    for day in (local.date(), local.date() - timedelta(days=1)):
        for start, end in hours.of(day):
            begin, until = datetime.combine(day, start), datetime.combine(day, end)
            if begin <= local < (until if end > start else until + timedelta(days=1)):
                return True
    return False


def oracle(calendar: Calendar, wanted: Wanted) -> list[FreeStart]:
    shape, found = wanted.shape, list[FreeStart]()
    instant, seen = wall(wanted.from_day, 0).astimezone(UTC), set[datetime]()
    while (local := instant.astimezone(LA).replace(tzinfo=None, fold=0)).date() < wanted.until_day:
        on_grid = (local.hour * 60 + local.minute) % shape.grid_minutes == 0
        if on_grid and local not in seen and (choice := choose(calendar, wanted, instant)):
            found.append(choice)
        seen.add(local)
        instant += timedelta(minutes=5)
    return found


def turnover(room: Room, shape: VisitShape) -> timedelta:
    return shape.turnover if room.turnover is None else room.turnover


def choose(calendar: Calendar, wanted: Wanted, start: datetime) -> FreeStart | None:
    shape = wanted.shape
    minutes = [start + MINUTE * i for i in range(int(shape.length / MINUTE))]
    if wanted.not_before and start < wanted.not_before:
        return None
    if not free_during([*calendar.closures, *wanted.patient_busy], start, shape.length):
        return None
    if not all(open_at(calendar.hours, minute) for minute in minutes):
        return None
    rooms = [
        room.id
        for room in sorted(calendar.rooms, key=lambda room: room.id != wanted.prefer_room)
        if free_during(list(room.busy), start, shape.length + turnover(room, shape))
    ]
    for one in sorted(calendar.clinicians, key=lambda one: one.id != wanted.prefer):
        lanes = [(0, one.lanes)] if shape.all_lanes else [(lane, lane + 1) for lane in range(one.lanes)]
        for low, high in lanes:
            used = [use.period for use in one.in_use if set(range(*use.lanes)) & set(range(low, high))]
            free = free_during(used, start, shape.length + shape.buffer)
            if (
                free
                and free_during(list(one.away), start, shape.length)
                and all(open_at(one.hours, minute) for minute in minutes)
                and (rooms or not shape.needs_room)
            ):
                return FreeStart(start, rooms[0] if shape.needs_room else None, one.id, (low, high))
    return None


@pytest.mark.parametrize("block", range(4))
def test_free_starts_equal_the_oracle(block: int) -> None:
    found = 0
    for seed in range(block * 25, block * 25 + 25):
        calendar, wanted = random_case(seed)
        answer = free_starts(calendar, wanted)
        assert answer == oracle(calendar, wanted), seed
        assert all(is_free(calendar, wanted, one) for one in answer)
        found += len(answer)
    assert found > 100
