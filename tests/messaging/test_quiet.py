"""Texts arrive between 8:00 and 21:00 where the person is."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from pacificmind.messaging.quiet import is_quiet, moved_earlier, next_opening

LA = ZoneInfo("America/Los_Angeles")
NY = ZoneInfo("America/New_York")


def _la(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LA)


@pytest.mark.parametrize(
    ("wall", "earlier", "later"),
    [
        ("2026-03-09T08:00", "2026-03-09T08:00", "2026-03-09T08:00"),
        ("2026-03-09T20:59", "2026-03-09T20:59", "2026-03-09T20:59"),
        ("2026-03-09T21:00", "2026-03-09T20:30", "2026-03-10T08:00"),
        ("2026-03-09T07:59", "2026-03-08T20:30", "2026-03-09T08:00"),
        ("2026-03-08T03:30", "2026-03-07T20:30", "2026-03-08T08:00"),
        ("2026-11-01T01:30", "2026-10-31T20:30", "2026-11-01T08:00"),
    ],
)
def test_a_step_in_the_night_moves_earlier_and_a_late_one_waits(wall: str, earlier: str, later: str) -> None:
    assert moved_earlier(_la(wall), LA) == _la(earlier)
    assert next_opening(_la(wall), LA) == _la(later)


def test_the_night_is_that_of_the_recipient() -> None:
    evening = _la("2026-06-01T18:30")
    assert not is_quiet(evening, LA)
    assert is_quiet(evening, NY), "21:30 in New York"
    assert moved_earlier(evening, NY) == datetime(2026, 6, 1, 20, 30, tzinfo=NY)
