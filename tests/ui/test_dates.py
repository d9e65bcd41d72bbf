"""Instants in people's words, on the days when clocks change too."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.template import Context, Template

from pacificmind.ui import dates

LA = ZoneInfo("America/Los_Angeles")
NOW = datetime(2027, 3, 5, 20, 0, tzinfo=UTC)  # Friday noon in California


@dataclass(frozen=True)
class Place:
    name: str = "Long Beach"
    zone: str = "America/Los_Angeles"


def render(source: str, **context: object) -> str:
    return Template("{% load ui %}" + source).render(Context(context))


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("instant", "words"),
    [
        (utc(2027, 3, 9, 18, 30), "Tuesday, March 9, 10:30 am"),
        (utc(2027, 3, 9, 20, 0), "Tuesday, March 9, noon"),
        (utc(2027, 3, 9, 8, 0), "Tuesday, March 9, midnight"),
        (utc(2027, 3, 9, 8, 5), "Tuesday, March 9, 12:05 am"),
        (utc(2027, 3, 10, 7, 59), "Tuesday, March 9, 11:59 pm"),
        (utc(2028, 1, 3, 17, 0), "Monday, January 3, 2028, 9:00 am"),
        # clocks go forward on March 14, 2027: 1:59 am is followed by 3:00 am
        (utc(2027, 3, 14, 9, 59), "Sunday, March 14, 1:59 am"),
        (utc(2027, 3, 14, 10, 0), "Sunday, March 14, 3:00 am"),
        # and back on November 7: 1:30 am comes twice and is told apart
        (utc(2027, 11, 7, 8, 30), "Sunday, November 7, 1:30 am PDT"),
        (utc(2027, 11, 7, 9, 30), "Sunday, November 7, 1:30 am PST"),
        (utc(2027, 11, 7, 10, 0), "Sunday, November 7, 2:00 am"),
    ],
)
def test_when(instant: datetime, words: str) -> None:
    assert dates.when_words(instant, LA, NOW) == words


@pytest.mark.parametrize(
    ("instant", "words"),
    [
        (NOW - timedelta(seconds=20), "just now"),
        (NOW - timedelta(minutes=1), "1 minute ago"),
        (NOW - timedelta(minutes=59), "59 minutes ago"),
        (NOW - timedelta(hours=3), "3 hours ago"),
        (utc(2027, 3, 5, 5, 42), "yesterday, 9:42 pm"),
        (NOW - timedelta(days=3), "3 days ago"),
        (NOW - timedelta(days=30), "Wednesday, February 3"),
        (NOW + timedelta(seconds=20), "in less than a minute"),
        (NOW + timedelta(hours=2), "in 2 hours"),
        (NOW + timedelta(days=1), "tomorrow, noon"),
        (NOW + timedelta(days=7), "in 7 days"),
    ],
)
def test_ago(instant: datetime, words: str) -> None:
    assert dates.ago_words(instant, LA, NOW) == words


def test_ago_counts_elapsed_hours_through_the_repeated_hour() -> None:
    now = utc(2027, 11, 7, 12, 0)  # 4 am, after the clocks went back
    assert dates.ago_words(utc(2027, 11, 7, 8, 0), LA, now) == "4 hours ago"  # 1 am PDT: three by the wall


def test_minutes_just_before_midnight_stay_minutes() -> None:
    now = utc(2027, 3, 5, 8, 5)  # five past midnight
    assert dates.ago_words(now - timedelta(minutes=10), LA, now) == "10 minutes ago"


def test_a_naive_datetime_is_refused() -> None:
    with pytest.raises(ValueError, match="naive"):
        dates.when_words(datetime(2027, 3, 9, 10, 30), LA, NOW)


@time_machine.travel(NOW, tick=False)
def test_filters_name_the_place_once_and_only_when_given_a_site() -> None:
    at = utc(2027, 3, 9, 18, 30)
    assert render("{{ at|people_when:site }}", at=at, site=Place()) == "Tuesday, March 9, 10:30 am, Long Beach"
    assert render("{{ at|people_when:zone }}", at=at, zone="America/New_York") == "Tuesday, March 9, 1:30 pm"
    assert render("{{ at|people_time:site }}", at=at, site=Place()) == "10:30 am"
    assert render("{{ at|people_date:site }}", at=at, site=Place()) == "Tuesday, March 9"
    assert render("{{ day|people_date }}", day=date(2026, 12, 1)) == "Tuesday, December 1, 2026"
    assert render("{{ at|ago:site }}", at=NOW - timedelta(minutes=5), site=Place()) == "5 minutes ago"
    assert render("{{ at|people_when:site }}|{{ at|ago:site }}", at=None, site=Place()) == "|"


def test_an_instant_needs_a_zone() -> None:
    with pytest.raises(ValueError, match="zone"):
        render("{{ at|people_date }}", at=NOW)


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        ((2027, 3, 9, 8), (2027, 3, 10, 8), "all of Tuesday, March 9"),
        ((2027, 3, 14, 8), (2027, 3, 15, 7), "all of Sunday, March 14"),  # 23 hours long
        ((2027, 3, 9, 8), (2027, 3, 13, 8), "from Tuesday, March 9 through Friday, March 12"),
        ((2027, 3, 9, 20), (2027, 3, 9, 21, 30), "Tuesday, March 9, from noon until 1:30 pm"),
        ((2027, 3, 9, 20), (2027, 3, 10, 21), "from Tuesday, March 9, noon until Wednesday, March 10, 1:00 pm"),
    ],
)
def test_a_span_is_said_in_whole_days_where_it_is_such(
    start: tuple[int, ...], end: tuple[int, ...], words: str
) -> None:
    assert dates.span_words(utc(*start), utc(*end), LA, utc(2027, 3, 1, 20)) == words
