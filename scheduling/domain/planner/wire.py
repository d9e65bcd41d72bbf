"""The planner's problem and answer as JSON values (INTERFACES.md, `plan_series`).

What cannot be read raises `Unreadable`, whose text names the field and what it should be.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from scheduling.domain.errors import NonexistentTime
from scheduling.domain.planner.plan import plan_series
from scheduling.domain.planner.problem import (
    NO_WISHES,
    Candidate,
    Impossible,
    Layout,
    Objective,
    Preferred,
    SeriesProblem,
)
from scheduling.domain.protocol import Deviation
from scheduling.domain.walltime import to_utc

DAY_SHAPE = re.compile(r"\d{4}-\d{2}-\d{2}")
START_SHAPE = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?")
TIME_SHAPE = re.compile(r"\d{2}:\d{2}")
END_OF_DAY = "24:00"
#: A typing error in a year would make the search walk through centuries.
YEARS, MAX_DAYS = range(2000, 2200), 1100


class Unreadable(ValueError):
    """A problem that cannot be read; the text says which field and why."""


def answer(value: object) -> dict[str, Any]:
    """The answer to one decoded line; raises `Unreadable`."""
    problem = problem_from(value)
    result = plan_series(problem)
    identity = _mapping(value, "a problem").get("id")
    if isinstance(result, Impossible):
        days = [day.isoformat() for day in result.days]
        return {"id": identity, "impossible": {"rule": result.rule, "days": days, "say": result.say}}
    return {
        "id": identity,
        "layout": _layout(result.best),
        "objective": _objective(result.best.objective),
        "deviations": [_deviation(deviation) for deviation in result.best.deviations],
        "alternatives": [_layout(layout) for layout in result.alternatives],
    }


# Out


def _layout(layout: Layout) -> list[dict[str, Any]]:
    return [
        {"number": visit.number, "start": _wall(visit.start), "room": visit.room, "clinician": visit.clinician}
        for visit in layout.visits
    ]


def _objective(best: Objective) -> list[Any]:
    """Eight parts; the last is starts, rooms and clinicians, so that lists compare as the objective does."""
    return [
        best.deviations,
        best.series_weeks,
        best.outside_preferred,
        best.last_day,
        best.time_changes,
        best.clinician_changes,
        best.room_changes,
        [[_wall(start) for start in best.starts], list(best.rooms), list(best.clinicians)],
    ]


def _deviation(deviation: Deviation) -> dict[str, Any]:
    return {
        "rule": "P4",
        "week": deviation.week,
        "from": deviation.starts_on.isoformat(),
        "until": deviation.ends_on.isoformat(),
        "infusions": deviation.infusions,
        "say": deviation.say,
    }


def _wall(start: datetime) -> str:
    return start.isoformat(timespec="seconds" if start.second else "minutes")


# In


def problem_from(value: object) -> SeriesProblem:
    """One decoded line as a problem; raises `Unreadable`."""
    line = _mapping(value, "a problem")
    zone, order = _zone(line.get("zone")), _mapping(line.get("order"), "order")
    series = [_day(day, "series_days") for day in _list(line.get("series_days", []), "series_days")]
    if len(series) != len(set(series)):
        raise Unreadable("series_days names a day twice")
    candidates = _candidates(line.get("candidates"), zone)
    _not_too_wide([*series, *(candidate.start.date() for candidate in candidates)])
    try:
        return SeriesProblem(
            infusions=_whole(order.get("infusions"), "order.infusions"),
            per_week=_whole(order.get("per_week"), "order.per_week"),
            candidates=candidates,
            existing=frozenset(_day(day, "existing") for day in _list(line.get("existing", []), "existing")),
            series_days=frozenset(series),
            preferred=_preferred(line.get("preferred")),
        )
    except Unreadable:
        raise
    except ValueError as error:
        raise Unreadable(f"order: {error}") from error


def _candidates(value: object, zone: ZoneInfo) -> list[Candidate]:
    return [_candidate(one, f"candidates[{index}]", zone) for index, one in enumerate(_list(value, "candidates"))]


def _not_too_wide(days: Sequence[date]) -> None:
    if any(day.year not in YEARS for day in days):
        raise Unreadable(f"days should lie in the years {YEARS[0]} to {YEARS[-1]}")
    if days and (max(days) - min(days)).days > MAX_DAYS:
        raise Unreadable(f"candidates and series_days should lie within {MAX_DAYS} days")


def _candidate(value: object, field: str, zone: ZoneInfo) -> Candidate:
    one = _mapping(value, field)
    start = _shaped(one.get("start"), START_SHAPE, f"{field}.start", "a wall time such as 2026-12-01T09:00")
    try:
        wall = datetime.fromisoformat(start)
        to_utc(wall, zone)
    except NonexistentTime as error:
        raise Unreadable(f"{field}.start: {error.say}") from error
    except (ValueError, OverflowError) as error:
        raise Unreadable(f"{field}.start: {error}") from error
    return Candidate(wall, _name(one.get("room"), f"{field}.room"), _name(one.get("clinician"), f"{field}.clinician"))


def _preferred(value: object) -> Preferred:
    if value is None:
        return NO_WISHES
    wishes = _mapping(value, "preferred")
    named = [_whole(day, "preferred.weekdays") for day in _list(wishes.get("weekdays") or [], "preferred.weekdays")]
    if any(not 0 <= day <= 6 for day in named):
        raise Unreadable("preferred.weekdays: weekdays are 0 (Monday) to 6 (Sunday)")
    since, until = (_time(wishes.get(edge), f"preferred.{edge}") for edge in ("from", "until"))
    if since and until and until <= since:
        raise Unreadable("preferred: until must be after from")
    return Preferred(frozenset(named), since, until)


def _zone(value: object) -> ZoneInfo:
    name = _name(value, "zone")
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError) as error:
        raise Unreadable(f"zone: there is no time zone {name!r}") from error


def _time(value: object, field: str) -> time | None:
    """A wall time; None for none, and for 24:00, which ends the day."""
    if value is None or (value == END_OF_DAY and field.endswith("until")):
        return None
    text = _shaped(value, TIME_SHAPE, field, "a time such as 08:00")
    try:
        return time.fromisoformat(text)
    except ValueError as error:
        raise Unreadable(f"{field}: {error}") from error


def _day(value: object, field: str) -> date:
    text = _shaped(value, DAY_SHAPE, field, "days such as 2026-12-01")
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Unreadable(f"{field}: {text}: {error}") from error


def _shaped(value: object, shape: re.Pattern[str], field: str, should_be: str) -> str:
    if not isinstance(value, str) or not shape.fullmatch(value):
        raise Unreadable(f"{field} should be {should_be}")
    return value


def _name(value: object, field: str) -> str:
    if not isinstance(value, str) or not value:
        raise Unreadable(f"{field} should be a name")
    return value


def _whole(value: object, field: str) -> int:
    if type(value) is not int:
        raise Unreadable(f"{field} should be a whole number")
    return value


def _list(value: object, field: str) -> list[object]:
    if not isinstance(value, list):
        raise Unreadable(f"{field} should be a list")
    return value


def _mapping(value: object, field: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise Unreadable(f"{field} should be an object")
    return value
