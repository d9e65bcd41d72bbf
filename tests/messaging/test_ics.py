"""Calendar files read back with the right instants, around every change of clocks."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar, Timezone

from pacificmind.messaging.ics import invitation, uid_of
from tests.messaging.forbidden import forbidden_in

LA = ZoneInfo("America/Los_Angeles")


def _event(content: bytes) -> tuple[Calendar, Any]:
    calendar = Calendar.from_ical(content)
    (event,) = calendar.walk("VEVENT")
    return calendar, event


@pytest.mark.parametrize(
    "wall",
    [
        datetime(2026, 3, 7, 9), datetime(2026, 3, 8, 1, 30), datetime(2026, 3, 8, 9), datetime(2026, 3, 9, 9),
        datetime(2027, 3, 13, 9), datetime(2027, 3, 14, 9), datetime(2026, 10, 31, 9), datetime(2026, 11, 1, 0, 30),
        datetime(2026, 11, 1, 9), datetime(2026, 11, 2, 9), datetime(2028, 2, 29, 9),
    ],
    ids=str,
)  # fmt: skip
def test_a_calendar_that_knows_only_the_file_finds_the_instant(wall: datetime) -> None:
    start = wall.replace(tzinfo=LA).astimezone(UTC)
    end = start + timedelta(hours=2)
    content = invitation(uid_of("a"), 1, start, end, "America/Los_Angeles")
    # Under a name nobody knows, only the rules in the file itself can tell the instant.
    calendar, event = _event(content.replace(b"America/Los_Angeles", b"Nowhere/Known"))
    zone = cast(Timezone, calendar.walk("VTIMEZONE")[0]).to_tz()
    for name, instant in (("DTSTART", start), ("DTEND", end)):
        found = event[name].dt
        if str(found.tzinfo) != "UTC":
            found = found.replace(tzinfo=zone)
        assert found.astimezone(UTC) == instant


def test_a_moved_visit_keeps_its_name_and_a_cancelled_one_says_so() -> None:
    start = datetime(2026, 12, 1, 18, tzinfo=UTC)
    end = start + timedelta(hours=1)
    one = _event(invitation(uid_of("v"), 0, start, end, "America/Los_Angeles"))
    two = _event(invitation(uid_of("v"), 3, start, end, "America/Los_Angeles", method="CANCEL"))
    assert (one[1]["UID"], one[1]["SEQUENCE"], one[1]["STATUS"]) == ("v@pacificmind", 0, "CONFIRMED")
    assert (two[1]["UID"], two[1]["SEQUENCE"], two[1]["STATUS"]) == ("v@pacificmind", 3, "CANCELLED")
    assert (one[0]["METHOD"], two[0]["METHOD"]) == ("REQUEST", "CANCEL")
    assert one[1]["SUMMARY"] == "Appointment"


def test_long_and_strange_text_is_folded_and_escaped() -> None:
    place = "1 Olive Street; Suite 2, floor \\ 3\nLos Ángeles " + "ü" * 80
    start = datetime(2026, 12, 1, 18, tzinfo=UTC)
    content = invitation(uid_of("v"), 0, start, start + timedelta(hours=1), "America/Los_Angeles", location=place)
    assert max(len(line) for line in content.split(b"\r\n")) <= 75
    assert b"\\; Suite 2\\, floor \\\\ 3\\n" in content.replace(b"\r\n ", b"")
    assert str(_event(content)[1]["LOCATION"]) == place
    assert len(content) < 3_000
    assert forbidden_in(content.decode()) == []


@pytest.mark.parametrize(
    ("start", "end", "method"),
    [
        (datetime(2026, 12, 1), datetime(2026, 12, 2), "REQUEST"),
        (datetime(2026, 12, 2, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC), "REQUEST"),
        (datetime(2026, 12, 1, tzinfo=UTC), datetime(2026, 12, 2, tzinfo=UTC), "PUBLISH"),
    ],
    ids=["naive", "backwards", "method"],
)
def test_nonsense_is_refused(start: datetime, end: datetime, method: str) -> None:
    with pytest.raises(ValueError, match=r"REQUEST or CANCEL|aware instants"):
        invitation("a", 0, start, end, "America/Los_Angeles", method=method)
