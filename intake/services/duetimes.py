"""When something is due by the clinic's working day. Pure: the moment and the zone are arguments."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

DAY_STARTS, DAY_ENDS = time(8), time(18)  # local wall time, Monday to Friday; product default
AFTER_HOURS = timedelta(hours=2)  # into the next working day, for what came in after hours; product default
SATURDAY = 5


def end_of_working_day(moment: datetime, zone: ZoneInfo) -> datetime:
    """The close of the working day `moment` lies in; outside one, two hours into the next."""
    local = moment.astimezone(zone)
    if local.weekday() < SATURDAY and local.time() < DAY_ENDS:
        return _at(local, 0, DAY_ENDS, zone)
    days = 1
    while (local + timedelta(days=days)).weekday() >= SATURDAY:
        days += 1
    return _at(local, days, DAY_STARTS, zone) + AFTER_HOURS


def working_days_later(moment: datetime, days: int, zone: ZoneInfo) -> datetime:
    """The same wall time `days` working days on."""
    local, left, passed = moment.astimezone(zone), days, 0
    while left:
        passed += 1
        left -= (local + timedelta(days=passed)).weekday() < SATURDAY
    return _at(local, passed, local.time(), zone)


def _at(local: datetime, days: int, wall: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(local.date() + timedelta(days=days), wall, tzinfo=zone)
