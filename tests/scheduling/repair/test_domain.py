"""The pure part of repair: which visit takes which place, what counts as planned, which time is nearest."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from scheduling.domain.hours import Hours
from scheduling.domain.intervals import Interval
from scheduling.domain.planner import Candidate
from scheduling.domain.repair import Use, assign, nearest, planned_candidates, with_uses
from scheduling.domain.slots import Calendar, Clinician, FreeStart, Room

MONDAY = datetime(2027, 1, 4, 9)


def place(day: int, hour: int = 9, room: str = "A", who: str = "cho") -> Candidate:
    return Candidate(MONDAY + timedelta(days=day, hours=hour - 9), room, who)


def test_a_visit_keeps_its_place_then_its_time_then_its_day() -> None:
    now = {"one": place(0), "two": place(2), "three": place(4)}
    chosen = [place(0), place(2, who="diaz"), place(4, hour=13)]
    assert assign(now, chosen) == [("one", chosen[0]), ("two", chosen[1]), ("three", chosen[2])]


def test_the_others_follow_by_date_and_the_latest_places_are_new() -> None:
    now = {"one": place(0), "two": place(2)}
    chosen = [place(1), place(3), place(6)]
    assert assign(now, chosen) == [("one", chosen[0]), ("two", chosen[1]), (None, chosen[2])]
    assert assign({}, chosen) == [(None, one) for one in chosen]


def test_a_visit_that_stands_is_not_pushed_by_one_that_has_to_go() -> None:
    now = {"hit": place(0), "stands": place(2)}
    assert assign(now, [place(2), place(4)]) == [("stands", place(2)), ("hit", place(4))]


def test_what_stands_may_stay_and_what_is_hit_may_keep_its_time() -> None:
    stands, instead, other = place(2), place(0, who="diaz"), place(5)
    planned, candidates = planned_candidates([stands], [place(0).start], [instead, other])
    assert planned == [stands, instead]
    assert candidates == [instead, other, stands]


def test_the_same_clinician_comes_first_then_the_nearest_time_then_the_room() -> None:
    start = datetime(2027, 1, 4, 17, tzinfo=UTC)
    near, far = start + timedelta(hours=1), start + timedelta(days=1)
    free = [
        FreeStart(near, "A", "diaz", (0, 1)),
        FreeStart(far, "B", "cho", (0, 1)),
        FreeStart(far, "A", "cho", (0, 1)),
    ]
    assert nearest(free, to=start, clinician="cho", room="A") == free[2]
    assert nearest(free[:1], to=start, clinician="cho", room="A") == free[0]
    assert nearest([], to=start, clinician="cho", room="A") is None


def test_a_noted_visit_takes_its_room_until_it_is_free_and_its_lane_until_its_buffer_is_over() -> None:
    start = datetime(2027, 1, 4, 17, tzinfo=UTC)
    end, free_at = start + timedelta(hours=2), start + timedelta(hours=2, minutes=15)
    empty = Calendar(
        zone=ZoneInfo("America/Los_Angeles"),
        hours=Hours(),
        rooms=[Room("A", "A"), Room("B", "B")],
        clinicians=[Clinician("cho", "Cho", Hours(), lanes=2)],
    )
    use = Use("cho", (1, 2), Interval(start, end), "A", free_at, timedelta(minutes=10))
    found = with_uses(empty, [use])
    assert [room.busy for room in found.rooms] == [[Interval(start, free_at)], ()]
    (taken,) = found.clinicians[0].in_use
    assert (taken.period, taken.lanes) == (Interval(start, end + timedelta(minutes=10)), (1, 2))
    assert empty.rooms[0].busy == ()
