"""The rows that a site's calendar is made of, in two statements: what is in use, and the hours and absences.

Written out in SQL because they are read under the locks of every booking and for every list of free times.
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from django.db import connection

from pacificmind.clock import now
from pacificmind.statements import Statement
from scheduling.domain.intervals import Interval
from scheduling.domain.slots import Lanes
from scheduling.models import ACTIVE

ALL_LANES = 99  # an end of lanes that no clinician reaches: of a range without an upper bound
WallRange = tuple[time, time]

# Two branches for rooms and for clinicians, so that each is read through its own btree index on (who, starts_at).
_IN_USE = Statement("""
SELECT room_id, clinician_id, lower(lanes), upper(lanes), starts_at, ends_at, room_free_at, kind
FROM scheduling_appointment
WHERE (room_id = ANY(%(rooms)s::uuid[]) OR clinician_id = ANY(%(staff)s::uuid[]))
  AND starts_at < %(end)s AND starts_at > %(start)s::timestamptz - interval '1 day'
  AND status = ANY(%(active)s) AND id <> ALL(%(without)s::uuid[])
UNION ALL
SELECT o.room_id, o.clinician_id, lower(o.lanes), upper(o.lanes), o.starts_at, o.ends_at, o.room_free_at, v.kind
FROM scheduling_offer o JOIN scheduling_waiting w ON w.id = o.waiting_id
JOIN scheduling_appointment v ON v.id = w.visit_id
WHERE (o.room_id = ANY(%(rooms)s::uuid[]) OR o.clinician_id = ANY(%(staff)s::uuid[]))
  AND o.starts_at < %(end)s AND o.starts_at > %(start)s::timestamptz - interval '1 day'
  AND o.status = 'open' AND o.expires_at > %(now)s AND o.id <> ALL(%(without_offers)s::uuid[])
""")
_PATIENT = Statement("""
SELECT starts_at, ends_at FROM scheduling_appointment
WHERE patient_id = %(patient)s AND status = ANY(%(active)s) AND starts_at < %(end)s AND ends_at > %(start)s
  AND id <> ALL(%(without)s::uuid[])
""")
_HOURS = Statement("""
SELECT 'open', NULL::uuid, weekday, NULL::date, opens, closes, NULL::timestamptz, NULL::timestamptz
FROM scheduling_openinghours WHERE site_id = %(site)s
UNION ALL
SELECT 'shift', clinician_id, weekday, NULL, starts, ends, NULL, NULL
FROM scheduling_weeklyshift WHERE site_id = %(site)s AND clinician_id = ANY(%(staff)s::uuid[])
UNION ALL
SELECT CASE WHEN site_id = %(site)s THEN 'date' ELSE 'elsewhere' END, clinician_id, NULL, "on", starts, ends, NULL, NULL
FROM scheduling_shiftexception
WHERE clinician_id = ANY(%(staff)s::uuid[]) AND "on" BETWEEN %(first_day)s AND %(last_day)s
UNION ALL
SELECT 'leave', clinician_id, NULL, NULL, NULL, NULL, starts_at, ends_at FROM scheduling_leave
WHERE clinician_id = ANY(%(staff)s::uuid[]) AND starts_at < %(end)s AND ends_at > %(start)s
UNION ALL
SELECT 'closure', room_id, NULL, NULL, NULL, NULL, starts_at, ends_at FROM scheduling_closure
WHERE site_id = %(site)s AND starts_at < %(end)s AND ends_at > %(start)s
""")


@dataclass(frozen=True, slots=True)
class Use:
    """What a visit or a held offer takes: its room until that is free again, its lanes until their buffer is over."""

    room_id: uuid.UUID | None
    clinician_id: uuid.UUID
    lanes: Lanes
    starts_at: datetime
    ends_at: datetime
    room_free_at: datetime | None
    kind: str


@dataclass(slots=True)
class Working:
    """Hours of a site and its people at the wall clock, and when they are away or closed."""

    site: dict[int, list[WallRange]] = field(default_factory=dict)
    weekly: dict[uuid.UUID, dict[int, list[WallRange]]] = field(default_factory=dict)
    dated: dict[uuid.UUID, dict[date, list[WallRange]]] = field(default_factory=dict)
    leave: dict[uuid.UUID, list[Interval]] = field(default_factory=dict)
    closed: dict[uuid.UUID | None, list[Interval]] = field(default_factory=dict)  # by room; None: the whole site


def in_use(
    rooms: Iterable[uuid.UUID],
    staff: Iterable[uuid.UUID],
    *,
    start: datetime,
    end: datetime,
    without: Sequence[uuid.UUID] = (),
    without_offers: Sequence[uuid.UUID] = (),
) -> list[Use]:
    """Active visits, and places held for somebody on the waitlist, that touch these rooms and people."""
    told = {
        "rooms": list(rooms),
        "staff": list(staff),
        "start": start,
        "end": end,
        "now": now(),
        "active": [one.value for one in ACTIVE],
        "without": list(without),
        "without_offers": list(without_offers),
    }
    return [
        Use(room, clinician, (first, last or ALL_LANES), starts, ends, free, kind)
        for room, clinician, first, last, starts, ends, free, kind in _rows(_IN_USE, told)
    ]


def patient_in_use(
    patient_id: uuid.UUID, *, start: datetime, end: datetime, without: Sequence[uuid.UUID] = ()
) -> list[Interval]:
    """When the patient has active visits, at every site."""
    told = {
        "patient": patient_id,
        "start": start,
        "end": end,
        "active": [one.value for one in ACTIVE],
        "without": list(without),
    }
    return [Interval(starts, ends) for starts, ends in _rows(_PATIENT, told)]


def working(
    site_id: str,
    staff: Iterable[uuid.UUID],
    *,
    start: datetime,
    end: datetime,
    first_day: date,
    last_day: date,
) -> Working:
    """Hours, shifts, leave and closures that matter between two instants, and the shifts of single dates."""
    told = {
        "site": site_id,
        "staff": list(staff),
        "start": start,
        "end": end,
        "first_day": first_day,
        "last_day": last_day,
    }
    found = Working()
    for what, who, weekday, day, starts, ends, starts_at, ends_at in _rows(_HOURS, told):
        match what:
            case "open":
                found.site.setdefault(weekday, []).append((starts, ends))
            case "shift":
                found.weekly.setdefault(who, {}).setdefault(weekday, []).append((starts, ends))
            case "leave":
                found.leave.setdefault(who, []).append(Interval(starts_at, ends_at))
            case "closure":
                found.closed.setdefault(who, []).append(Interval(starts_at, ends_at))
            case _:  # a shift of one date takes the place of the weekly ones; elsewhere, or a day off, leaves none here
                ranges = found.dated.setdefault(who, {}).setdefault(day, [])
                if what == "date" and starts is not None:
                    ranges.append((starts, ends))
    return found


def _rows(statement: Statement, told: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        statement.run(cursor, told)
        return list(cursor.fetchall())
