# ruff: noqa: E501  a statement reads better in its own lines
"""Free starts: the product's answer against one statement of SQL that gives the same one."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection

from pacificmind.clinic.models import Site
from scheduling.queries import calendar
from tests.bench import clinic
from tests.bench.lines import Line, Sample, in_turn
from tests.database import as_owner

KIND = "consultation"
ONE_STATEMENT = """
WITH days AS (SELECT %(from)s::date + n AS day FROM generate_series(0, %(days)s - 1) AS n),
span AS (SELECT (%(from)s::date)::timestamp AT TIME ZONE %(zone)s AS lo,
                (%(from)s::date + %(days)s + 1)::timestamp AT TIME ZONE %(zone)s AS hi),
open AS (SELECT o.day, (o.day + h.opens) AT TIME ZONE %(zone)s AS opens, (o.day + h.closes) AT TIME ZONE %(zone)s AS closes
         FROM days o JOIN scheduling_openinghours h ON h.site_id = %(site)s AND h.weekday = extract(isodow FROM o.day) - 1),
closed AS (SELECT coalesce(range_agg(tstzrange(starts_at, ends_at)), '{}') AS at FROM scheduling_closure, span
           WHERE site_id = %(site)s AND room_id IS NULL AND starts_at < hi AND ends_at > lo),
rooms AS MATERIALIZED (
    SELECT r.id, r.name, coalesce(range_agg(tstzrange(a.starts_at, a.room_free_at)) FILTER (WHERE a.id IS NOT NULL), '{}') AS busy
    FROM span, scheduling_room r LEFT JOIN scheduling_appointment a
         ON a.room_id = r.id AND a.starts_at < (SELECT hi FROM span) AND a.starts_at > (SELECT lo - interval '1 day' FROM span)
         AND a.status IN ('held', 'booked', 'arrived', 'checked-in', 'fulfilled')
    WHERE r.site_id = %(site)s AND r.in_use GROUP BY r.id, r.name),
staff AS MATERIALIZED (
    SELECT c.id, u.name, c.lanes,
      (SELECT coalesce(range_agg(tstzrange((d.day + w.starts) AT TIME ZONE %(zone)s, (d.day + w.ends) AT TIME ZONE %(zone)s)), '{}')
       FROM days d JOIN scheduling_weeklyshift w ON w.weekday = extract(isodow FROM d.day) - 1
       WHERE w.clinician_id = c.id AND w.site_id = %(site)s)
      - (SELECT coalesce(range_agg(tstzrange(a.starts_at, a.ends_at)), '{}') FROM scheduling_appointment a, span
         WHERE a.clinician_id = c.id AND a.starts_at < hi AND a.starts_at > lo - interval '1 day'
         AND a.status IN ('held', 'booked', 'arrived', 'checked-in', 'fulfilled'))
      - (SELECT coalesce(range_agg(tstzrange(l.starts_at, l.ends_at)), '{}') FROM scheduling_leave l, span
         WHERE l.clinician_id = c.id AND l.starts_at < hi AND l.ends_at > lo) AS free
    FROM accounts_clinician c JOIN accounts_user u ON u.id = c.user_id
    WHERE c.is_prescriber AND u.is_active
      AND EXISTS (SELECT FROM scheduling_weeklyshift w WHERE w.clinician_id = c.id AND w.site_id = %(site)s))
SELECT g.s, room.id, person.id, person.lanes
FROM open, closed, generate_series(open.opens, open.closes - interval '60 minutes', interval '15 minutes') AS g(s),
  LATERAL (SELECT id FROM rooms WHERE NOT busy && tstzrange(g.s, g.s + interval '75 minutes') ORDER BY name LIMIT 1) room,
  LATERAL (SELECT id, lanes FROM staff WHERE free @> tstzrange(g.s, g.s + interval '60 minutes') ORDER BY name LIMIT 1) person
WHERE NOT closed.at && tstzrange(g.s, g.s + interval '60 minutes')
ORDER BY g.s
"""
Answer = list[tuple[datetime, str, str, int]]


def product(site: Site, day: date, days: int) -> Answer:
    """What the pages ask."""
    found = calendar.free_starts(site, KIND, from_day=day, until_day=day + timedelta(days=days))
    return [(one.start, str(one.room), one.clinician, one.lanes[1]) for one in found]


def statement(link: Any, site: Site, day: date, days: int) -> Answer:
    """The least that answers the same."""
    with link.cursor() as cursor:
        cursor.execute(ONE_STATEMENT, {"site": site.pk, "zone": site.zone, "from": day, "days": days})
        return [(start, str(room), str(who), lanes) for start, room, who, lanes in cursor.fetchall()]


def run(bench: clinic.Bench, *, rows: int, small: int = 5000, quick: bool = False) -> Iterator[Line]:
    """14 and 30 days at `small` rows, then at `rows`; the same database grows, so only the ratios are compared."""
    clinic.fill_calendar(bench)
    calls, rounds = (3, 2) if quick else (15, 5)
    times: dict[tuple[int, int], Sample] = {}
    small = min(small, rows)
    for size in sorted({small, rows}):
        clinic.fill_history(bench, size)
        for days in (14, 30):
            line, times[size, days] = _one(bench, size, days, calls=calls, rounds=rounds)
            yield line
    if rows > small:
        for days in (14, 30):
            grown = times[rows, days].median / times[small, days].median
            name = f"free starts, {days} days, growth to {rows:,} rows"
            yield Line(name, grown, "times", grown, f"{small:,} rows").goal_of("ratio", 3)
    yield _queries(bench)


def _one(bench: clinic.Bench, size: int, days: int, *, calls: int, rounds: int) -> tuple[Line, Sample]:
    link, site = clinic.bare(), bench.sites[0]
    asked = site, bench.monday, days
    try:
        mine, theirs = product(*asked), statement(link, *asked)
        if mine != theirs:
            raise AssertionError(f"{len(mine)} free starts, the statement finds {len(theirs)}")
        contestants: dict[str, Callable[[], object]] = {
            "product": lambda: product(*asked),
            "sql": lambda: statement(link, *asked),
        }
        took = in_turn(contestants, calls=calls, rounds=rounds)
    finally:
        link.close()
    ratio = took["product"].over(took["sql"])
    line = took["product"].line(
        f"free starts, {days} days, {size:,} rows", ratio=ratio, against="one statement of SQL by psycopg2"
    )
    return line.goal_of("ratio", 4), took["product"]


def _queries(bench: clinic.Bench) -> Line:
    counts = {
        days: clinic.queries_of(lambda days=days: product(bench.sites[0], bench.monday, days)) for days in (1, 30)
    }
    if counts[1] != counts[30]:
        raise AssertionError(f"the number of queries grows with the days: {counts}")
    return Line("free starts, queries", counts[30], "queries", n=2)


__all__ = ["as_owner", "connection", "run"]
