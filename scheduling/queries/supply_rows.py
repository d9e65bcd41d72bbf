"""What a site's calendar is made of, in one statement: people, rooms, what is in use, the hours, and the absences.

Written out in SQL because it is read under the locks of every booking and for every list of free times.
"""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import F, QuerySet

from pacificmind.clock import now
from pacificmind.prepared import Told, among, worded
from pacificmind.statements import Statement
from scheduling.domain.intervals import Interval
from scheduling.domain.slots import Lanes
from scheduling.models import ACTIVE, VisitType
from scheduling.queries.able import clinicians_for, rooms_for

ALL_LANES = 99  # an end of lanes that no clinician reaches: of a range without an upper bound
WallRange = tuple[time, time]

# Each branch is read through a btree index of its own, on (who, starts_at): rooms and clinicians of visits in two.
_ROWS = """
WITH staff AS ({staff}), rooms AS ({rooms}),
     among AS (SELECT ARRAY(SELECT id FROM staff) AS staff, ARRAY(SELECT id FROM rooms) AS rooms)
SELECT 'person', id::text, lanes::int, NULL::date, NULL::time, NULL::time, NULL::timestamptz, NULL::timestamptz,
       NULL::text, NULL::timestamptz, NULL::int, NULL::int, concat_ws(', ', name, NULLIF(credentials, ''))
FROM staff
UNION ALL
SELECT 'room', NULL, turnover_minutes, NULL, NULL, NULL, NULL, NULL, id::text, NULL, NULL, NULL, name
FROM rooms
UNION ALL
SELECT 'use', clinician_id::text, NULL, NULL, NULL, NULL, starts_at, ends_at, room_id::text, room_free_at,
       lower(lanes), upper(lanes), kind
FROM scheduling_appointment
WHERE (room_id = ANY((SELECT rooms FROM among)::uuid[]) OR clinician_id = ANY((SELECT staff FROM among)::uuid[]))
  AND starts_at < %(end)s AND starts_at > %(start)s::timestamptz - interval '1 day'
  AND status = ANY(%(active)s) AND id <> ALL(%(without)s::uuid[])
UNION ALL
SELECT 'use', o.clinician_id::text, NULL, NULL, NULL, NULL, o.starts_at, o.ends_at, o.room_id::text, o.room_free_at,
       lower(o.lanes), upper(o.lanes), v.kind
FROM scheduling_offer o JOIN scheduling_waiting w ON w.id = o.waiting_id
JOIN scheduling_appointment v ON v.id = w.visit_id
WHERE (o.room_id = ANY((SELECT rooms FROM among)::uuid[]) OR o.clinician_id = ANY((SELECT staff FROM among)::uuid[]))
  AND o.starts_at < %(end)s AND o.starts_at > %(start)s::timestamptz - interval '1 day'
  AND o.status = 'open' AND o.expires_at > %(now)s AND o.id <> ALL(%(without_offers)s::uuid[])
UNION ALL
SELECT 'patient', NULL, NULL, NULL, NULL, NULL, starts_at, ends_at, NULL, NULL, NULL, NULL, NULL
FROM scheduling_appointment
WHERE patient_id = %(patient)s AND status = ANY(%(active)s) AND starts_at < %(end)s AND ends_at > %(start)s
  AND id <> ALL(%(without)s::uuid[])
UNION ALL
SELECT 'open', NULL, weekday, NULL, opens, closes, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM scheduling_openinghours WHERE site_id = %(site)s
UNION ALL
SELECT 'shift', clinician_id::text, weekday, NULL, starts, ends, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM scheduling_weeklyshift WHERE site_id = %(site)s AND clinician_id = ANY((SELECT staff FROM among)::uuid[])
UNION ALL
SELECT CASE WHEN site_id = %(site)s THEN 'date' ELSE 'elsewhere' END, clinician_id::text, NULL, "on", starts,
       ends,
       NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM scheduling_shiftexception
WHERE clinician_id = ANY((SELECT staff FROM among)::uuid[]) AND "on" BETWEEN %(first_day)s AND %(last_day)s
UNION ALL
SELECT 'leave', clinician_id::text, NULL, NULL, NULL, NULL, starts_at, ends_at, NULL, NULL, NULL, NULL, NULL
FROM scheduling_leave
WHERE clinician_id = ANY((SELECT staff FROM among)::uuid[]) AND starts_at < %(end)s AND ends_at > %(start)s
UNION ALL
SELECT 'closure', NULL, NULL, NULL, NULL, NULL, starts_at, ends_at, room_id::text, NULL, NULL, NULL, NULL
FROM scheduling_closure WHERE site_id = %(site)s AND starts_at < %(end)s AND ends_at > %(start)s
"""


@cache
def _rows(kind: str, *, some_staff: bool, some_rooms: bool) -> Statement:
    """The statement for a kind of visit: with all who may hold it at the site, or some of them; and so its rooms."""
    staff: QuerySet[Any] = clinicians_for(Told("site"), kind).annotate(name=F("user__name"))
    rooms: QuerySet[Any] = rooms_for(Told("site"), kind, needs=Told("needs"))
    if some_staff:
        staff = staff.filter(among("pk", "staff"))
    if some_rooms:
        rooms = rooms.filter(among("pk", "rooms"))
    return Statement(
        _ROWS.format(
            staff=worded(staff.order_by().values("id", "lanes", "credentials", "name")),
            rooms=worded(rooms.order_by().values("id", "name", "turnover_minutes")),
        )
    )


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may hold the visit, as people call them, and how many infusions they attend at once."""

    id: str
    name: str
    lanes: int


@dataclass(frozen=True, slots=True)
class Place:
    """A room in which the visit can be, and what it needs after any."""

    id: str
    name: str
    turnover_minutes: int


@dataclass(frozen=True, slots=True)
class Use:
    """What a visit or a held offer takes: its room until that is free again, its lanes until their buffer is over."""

    room_id: str | None
    clinician_id: str
    lanes: Lanes
    starts_at: datetime
    ends_at: datetime
    room_free_at: datetime | None
    kind: str


@dataclass(slots=True)
class Found:
    """What is in use, hours of a site and its people at the wall clock, and when they are away or closed.

    Rooms and people by their ids as text, as the engine knows them.
    """

    staff: list[Person] = field(default_factory=list)
    rooms: list[Place] = field(default_factory=list)
    in_use: list[Use] = field(default_factory=list)
    patient_busy: list[Interval] = field(default_factory=list)  # at every site
    site: dict[int, list[WallRange]] = field(default_factory=dict)
    weekly: dict[str, dict[int, list[WallRange]]] = field(default_factory=dict)
    dated: dict[str, dict[date, list[WallRange]]] = field(default_factory=dict)
    leave: dict[str, list[Interval]] = field(default_factory=dict)
    closed: dict[str | None, list[Interval]] = field(default_factory=dict)  # by room; None: the whole site


def rows(
    site_id: str,
    kind: VisitType,
    *,
    patient_id: uuid.UUID | None,
    start: datetime,
    end: datetime,
    first_day: date,
    last_day: date,
    staff: Collection[uuid.UUID] | None = None,
    rooms: Collection[uuid.UUID] | None = None,
    without: Sequence[uuid.UUID] = (),
    without_offers: Sequence[uuid.UUID] = (),
) -> Found:
    """All that matters between two instants, and the shifts of single dates from the first to the last day.

    Who may hold this kind of visit there and where: all of them, or those of `staff` and `rooms` alone. In use are
    active visits, and places held for somebody on the waitlist, that touch these rooms and people.
    """
    told = {
        "site": site_id,
        "needs": kind.needs,
        "staff": list(staff or ()),
        "rooms": list(rooms or ()),
        "patient": patient_id,
        "start": start,
        "end": end,
        "first_day": first_day,
        "last_day": last_day,
        "now": now(),
        "active": [one.value for one in ACTIVE],
        "without": list(without),
        "without_offers": list(without_offers),
    }
    found = Found()
    with connection.cursor() as cursor:
        _rows(kind.kind, some_staff=staff is not None, some_rooms=rooms is not None).run(cursor, told)
        for what, who, number, day, opens, closes, starts_at, ends_at, room, free_at, first, last, word in cursor:
            match what:
                case "person":
                    found.staff.append(Person(who, word, number))
                case "room":
                    found.rooms.append(Place(room, word, number))
                case "use":
                    found.in_use.append(Use(room, who, (first, last or ALL_LANES), starts_at, ends_at, free_at, word))
                case "patient":
                    found.patient_busy.append(Interval(starts_at, ends_at))
                case "open":
                    found.site.setdefault(number, []).append((opens, closes))
                case "shift":
                    found.weekly.setdefault(who, {}).setdefault(number, []).append((opens, closes))
                case "leave":
                    found.leave.setdefault(who, []).append(Interval(starts_at, ends_at))
                case "closure":
                    found.closed.setdefault(room, []).append(Interval(starts_at, ends_at))
                case _:  # a shift of one date takes the weekly ones' place; elsewhere, or a day off, leaves none here
                    ranges = found.dated.setdefault(who, {}).setdefault(day, [])
                    if what == "date" and opens is not None:
                        ranges.append((opens, closes))
    return found
