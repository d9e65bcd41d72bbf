"""When pages go out again, and the times that nobody covers: both on the nights the clocks change."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from intake.domain.paging import Escalation, steps_due
from intake.domain.rota import NoSuchTime, Span, gaps, instant

LA = ZoneInfo("America/Los_Angeles")
START = datetime(2026, 3, 9, 10, 0, tzinfo=LA)


def due(minutes: float, *, urgent: bool = True, known: int = 1, times: Escalation | None = None) -> list[int]:
    return steps_due(
        now_urgent=urgent,
        since=START,
        late_at=START + timedelta(hours=8),
        moment=START + timedelta(minutes=minutes),
        known=known,
        times=times or Escalation(),
    )


@pytest.mark.parametrize(
    ("minutes", "steps"),
    [(4.9, []), (5, [2]), (9.9, [2]), (10, [2, 3]), (15, [2, 3, 4]), (24.9, [2, 3, 4]), (25, [2, 3, 4, 5])],
)
def test_pages_at_5_10_and_15_minutes_and_then_every_ten(minutes: float, steps: list[int]) -> None:
    assert due(minutes) == steps


def test_after_an_outage_only_the_newest_of_the_repeats_goes_out() -> None:
    assert due(15 + 600, known=4) == [64]
    assert due(15 + 600, known=64) == []


def test_repeats_have_no_end_and_after_a_day_come_once_an_hour() -> None:
    for years in (1, 19):
        start = years * 365 * 24 * 60
        newest = due(start)[-1]
        assert due(start, known=newest) == []
        assert due(start + 60, known=newest), "within the hour another"
        seen = {due(start + minute)[-1] for minute in range(6 * 60)}
        assert 6 <= len(seen) <= 7, "one an hour"


def test_the_minutes_are_the_clinics() -> None:
    minutes = [timedelta(minutes=n) for n in (2, 4, 6, 1)]
    assert due(6, times=Escalation(*minutes)) == [2, 3, 4]
    assert due(8, times=Escalation(*minutes)) == [2, 3, 4, 6]


def test_what_is_urgent_today_is_paged_again_once_it_is_late_and_then_without_end() -> None:
    assert due(8 * 60 - 1, urgent=False) == []
    assert due(8 * 60, urgent=False) == [2]
    assert due(8 * 60 + 30, urgent=False) == [2, 5]


def test_a_time_that_the_clock_jumps_over_is_refused() -> None:
    with pytest.raises(NoSuchTime, match="go forward"):
        instant(datetime(2026, 3, 8, 2, 30), LA)
    before, after = (instant(datetime(2026, 3, 8, *wall), LA) for wall in ((1, 59), (3, 0)))
    assert after - before == timedelta(minutes=1)


def test_an_hour_that_comes_twice_is_the_first_for_both_ends_so_that_no_gap_opens() -> None:
    night = instant(datetime(2026, 10, 31, 18), LA)
    change = instant(datetime(2026, 11, 1, 1, 30), LA)
    morning = instant(datetime(2026, 11, 1, 8), LA)
    assert (change - night, morning - change) == (timedelta(hours=7.5), timedelta(hours=7.5))
    assert gaps([Span(night, change), Span(change, morning)], Span(night, morning)) == ()


def test_gaps() -> None:
    def at(hour: float) -> datetime:
        return START + timedelta(hours=hour)

    whole = Span(at(0), at(10))
    assert gaps([], whole) == (whole,)
    assert gaps([Span(at(-5), at(20))], whole) == ()
    assert gaps([Span(at(2), at(4)), Span(at(4), at(6))], whole) == (Span(at(0), at(2)), Span(at(6), at(10)))
    assert gaps([Span(at(3), at(4)), Span(at(1), at(8))], whole) == (Span(at(0), at(1)), Span(at(8), at(10)))
