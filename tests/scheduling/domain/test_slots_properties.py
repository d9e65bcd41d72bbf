"""What holds for free starts whatever the calendar: drawn at random around the changes of clocks and midnight.

The oracle of `test_slots` asks minute by minute; here hypothesis looks for the calendar on which the engine is wrong.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.domain.hours import Hours
from scheduling.domain.intervals import Interval
from scheduling.domain.slots import (
    Calendar,
    Clinician,
    FreeStart,
    LaneUse,
    Room,
    VisitShape,
    Wanted,
    choice_at,
    free_choices,
    free_starts,
)
from tests.scheduling.domain.test_slots import LA, oracle, turnover, wall

SPRING, AUTUMN = date(2026, 3, 8), date(2026, 11, 1)
DAYS = [SPRING, AUTUMN, date(2027, 3, 14), date(2027, 11, 7), date(2026, 7, 1)]
MINUTES = st.sampled_from([0, 5, 15, 30, 45, 60, 90, 120])


@st.composite
def wall_ranges(draw: st.DrawFn) -> tuple[time, time]:
    """A range of hours, over midnight and until midnight too; never empty."""
    start = draw(st.integers(0, 23))
    end = (start + draw(st.integers(1, 23))) % 24
    return time(start, draw(st.sampled_from([0, 30]))), time(end, 0) if end != start else time(0)


HOURS = st.builds(
    lambda most, odd: Hours({weekday: odd if weekday == 6 else most for weekday in range(7)}),
    st.lists(wall_ranges(), max_size=2),
    st.lists(wall_ranges(), max_size=2),
)


@st.composite
def periods(draw: st.DrawFn, day: date) -> Interval:
    """A time in use, within a day and a half before and after the first midnight."""
    start = wall(day, 0).astimezone(UTC) + timedelta(minutes=5 * draw(st.integers(-18 * 12, 42 * 12)))
    return Interval(start, start + timedelta(minutes=draw(st.sampled_from([5, 25, 60, 120, 300]))))


@st.composite
def cases(draw: st.DrawFn) -> tuple[Calendar, Wanted]:
    day = draw(st.sampled_from(DAYS))
    busy = st.lists(periods(day), max_size=3)
    staff = []
    for name in ("cho", "lee"):
        lanes = draw(st.integers(1, 3))
        uses = [
            LaneUse(period, draw(st.sampled_from([(0, 1), (lanes - 1, lanes), (0, lanes)]))) for period in draw(busy)
        ]
        staff.append(Clinician(name, name, draw(HOURS), lanes, draw(st.lists(periods(day), max_size=1)), uses))
    own = st.sampled_from([None, timedelta(), timedelta(minutes=35)])
    rooms = [Room(name, name, draw(busy), draw(own)) for name in ("a", "b")]
    closed = draw(st.lists(periods(day), max_size=1))
    shape = VisitShape(
        timedelta(minutes=draw(st.sampled_from([5, 25, 60, 120]))),
        timedelta(minutes=draw(MINUTES)),
        timedelta(minutes=draw(MINUTES)),
        all_lanes=draw(st.booleans()),
        needs_room=draw(st.booleans()),
        grid_minutes=draw(st.sampled_from([5, 15, 30, 60])),
    )
    wanted = Wanted(
        shape,
        day,
        day + timedelta(days=draw(st.integers(1, 2))),
        draw(st.one_of(st.none(), st.just(wall(day, 9)))),
        draw(st.lists(periods(day), max_size=1)),
        draw(st.sampled_from([None, "lee"])),
        draw(st.sampled_from([None, "b"])),
    )
    return Calendar(LA, draw(HOURS), closed, rooms, staff), wanted


def clear_of(busy: list[Interval], start: datetime, end: datetime) -> bool:
    return all(end <= one.start or one.end <= start for one in busy)


@given(cases())
@settings(max_examples=120, deadline=None)
def test_the_engine_answers_as_the_oracle_does(case: tuple[Calendar, Wanted]) -> None:
    calendar, wanted = case
    assert free_starts(calendar, wanted) == oracle(calendar, wanted)


@given(cases())
@settings(max_examples=150, deadline=None)
def test_nothing_that_is_in_use_is_offered_with_turnover_and_buffer(case: tuple[Calendar, Wanted]) -> None:
    calendar, wanted = case
    rooms = {room.id: room for room in calendar.rooms}
    staff = {one.id: one for one in calendar.clinicians}
    for found in free_choices(calendar, wanted):
        end = found.start + wanted.shape.length
        assert clear_of([*calendar.closures, *wanted.patient_busy], found.start, end)
        if found.room is not None:
            room = rooms[found.room]
            assert clear_of(list(room.busy), found.start, end + turnover(room, wanted.shape))
        who = staff[found.clinician]
        lanes = set(range(*found.lanes))
        taken = [use.period for use in who.in_use if lanes & set(range(*use.lanes))]
        assert clear_of(taken, found.start, end + wanted.shape.buffer)
        assert clear_of(list(who.away), found.start, end)
        assert lanes <= set(range(who.lanes))


@given(cases())
@settings(max_examples=150, deadline=None)
def test_each_wall_time_is_offered_once_in_order_and_exists(case: tuple[Calendar, Wanted]) -> None:
    calendar, wanted = case
    found = [one.start for one in free_starts(calendar, wanted)]
    walls = [start.astimezone(LA).replace(tzinfo=None, fold=0) for start in found]
    assert found == sorted(set(found))
    assert walls == sorted(set(walls))
    assert all(start.astimezone(LA).fold == 0 for start in found)
    assert not [one for one in walls if one.date() == SPRING and one.hour == 2]


@given(cases())
@settings(max_examples=80, deadline=None)
def test_one_start_alone_is_chosen_as_in_the_list(case: tuple[Calendar, Wanted]) -> None:
    """What the booking asks about one start is what the lists offer, and nothing between."""
    calendar, wanted = case
    offered = {one.start: one for one in free_starts(calendar, wanted)}
    first = wall(wanted.from_day, 0).astimezone(UTC)
    for minute in range(0, 26 * 60, wanted.shape.grid_minutes):
        start = first + timedelta(minutes=minute)
        here = start.astimezone(LA)
        if here.date() < wanted.until_day and (here.hour * 60 + here.minute) % wanted.shape.grid_minutes == 0:
            assert choice_at(calendar, wanted, start) == offered.get(start)


def test_the_second_of_two_autumn_times_is_not_offered_even_when_asked_for() -> None:
    always = Hours({weekday: [(time(), time())] for weekday in range(7)})
    calendar = Calendar(LA, always, (), [Room("a", "a")], [Clinician("cho", "cho", always)])
    wanted = Wanted(VisitShape(timedelta(minutes=30)), AUTUMN, AUTUMN + timedelta(days=1))
    first = datetime(2026, 11, 1, 1, 30, tzinfo=LA)
    assert isinstance(choice_at(calendar, wanted, first.astimezone(UTC)), FreeStart)
    assert choice_at(calendar, wanted, first.replace(fold=1).astimezone(UTC)) is None
    assert choice_at(calendar, wanted, first.astimezone(UTC) + timedelta(seconds=1)) is None


def test_a_site_open_around_the_clock_loses_no_hour_on_either_day() -> None:
    """25 hours hold 24 starts by the wall clock, each once; 23 hours hold 23."""
    always = Hours({weekday: [(time(), time())] for weekday in range(7)})
    calendar = Calendar(LA, always, (), [Room("a", "a")], [Clinician("cho", "cho", always)])
    shape = VisitShape(timedelta(hours=1), grid_minutes=60)
    counts = [len(free_starts(calendar, Wanted(shape, day, day + timedelta(days=1)))) for day in (SPRING, AUTUMN)]
    assert counts == [23, 24]
