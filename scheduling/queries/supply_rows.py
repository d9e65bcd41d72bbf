"""The rows that a site's calendar is made of, in one statement: what is in use, the hours, and the absences.

Written out in SQL because it is read under the locks of every booking and for every list of free times.
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time

from django.db import connection

from pacificmind.clock import now
from pacificmind.statements import Statement
from scheduling.domain.intervals import Interval
from scheduling.domain.slots import Lanes
from scheduling.models import ACTIVE

ALL_LANES = 99  # an end of lanes that no clinician reaches: of a range without an upper bound
WallRange = tuple[time, time]

# Each branch is read through a btree index of its own, on (who, starts_at): rooms and clinicians of visits in two.
_ROWS = Statement("""
SELECT 'use', clinician_id::text, NULL::int, NULL::date, NULL::time, NULL::time, starts_at, ends_at, room_id::text,
       room_free_at,
       lower(lanes), upper(lanes), kind
FROM scheduling_appointment
WHERE (room_id = ANY(%(rooms)s::uuid[]) OR clinician_id = ANY(%(staff)s::uuid[]))
  AND starts_at < %(end)s AND starts_at > %(start)s::timestamptz - interval '1 day'
  AND status = ANY(%(active)s) AND id <> ALL(%(without)s::uuid[])
UNION ALL
SELECT 'use', o.clinician_id::text, NULL, NULL, NULL, NULL, o.starts_at, o.ends_at, o.room_id::text, o.room_free_at,
       lower(o.lanes), upper(o.lanes), v.kind
FROM scheduling_offer o JOIN scheduling_waiting w ON w.id = o.waiting_id
JOIN scheduling_appointment v ON v.id = w.visit_id
WHERE (o.room_id = ANY(%(rooms)s::uuid[]) OR o.clinician_id = ANY(%(staff)s::uuid[]))
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
FROM scheduling_weeklyshift WHERE site_id = %(site)s AND clinician_id = ANY(%(staff)s::uuid[])
UNION ALL
SELECT CASE WHEN site_id = %(site)s THEN 'date' ELSE 'elsewhere' END, clinician_id::text, NULL, "on", starts,
       ends,
       NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM scheduling_shiftexception
WHERE clinician_id = ANY(%(staff)s::uuid[]) AND "on" BETWEEN %(first_day)s AND %(last_day)s
UNION ALL
SELECT 'leave', clinician_id::text, NULL, NULL, NULL, NULL, starts_at, ends_at, NULL, NULL, NULL, NULL, NULL
FROM scheduling_leave WHERE clinician_id = ANY(%(staff)s::uuid[]) AND starts_at < %(end)s AND ends_at > %(start)s
UNION ALL
SELECT 'closure', NULL, NULL, NULL, NULL, NULL, starts_at, ends_at, room_id::text, NULL, NULL, NULL, NULL
FROM scheduling_closure WHERE site_id = %(site)s AND starts_at < %(end)s AND ends_at > %(start)s
""")


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

    in_use: list[Use] = field(default_factory=list)
    patient_busy: list[Interval] = field(default_factory=list)  # at every site
    site: dict[int, list[WallRange]] = field(default_factory=dict)
    weekly: dict[str, dict[int, list[WallRange]]] = field(default_factory=dict)
    dated: dict[str, dict[date, list[WallRange]]] = field(default_factory=dict)
    leave: dict[str, list[Interval]] = field(default_factory=dict)
    closed: dict[str | None, list[Interval]] = field(default_factory=dict)  # by room; None: the whole site


def rows(
    site_id: str,
    *,
    rooms: Iterable[uuid.UUID],
    staff: Iterable[uuid.UUID],
    patient_id: uuid.UUID | None,
    start: datetime,
    end: datetime,
    first_day: date,
    last_day: date,
    without: Sequence[uuid.UUID] = (),
    without_offers: Sequence[uuid.UUID] = (),
) -> Found:
    """All that matters between two instants, and the shifts of single dates from the first to the last day.

    In use are active visits, and places held for somebody on the waitlist, that touch these rooms and people.
    """
    told = {
        "site": site_id,
        "rooms": list(rooms),
        "staff": list(staff),
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
        _ROWS.run(cursor, told)
        for what, who, weekday, day, opens, closes, starts_at, ends_at, room, free_at, first, last, kind in cursor:
            match what:
                case "use":
                    found.in_use.append(Use(room, who, (first, last or ALL_LANES), starts_at, ends_at, free_at, kind))
                case "patient":
                    found.patient_busy.append(Interval(starts_at, ends_at))
                case "open":
                    found.site.setdefault(weekday, []).append((opens, closes))
                case "shift":
                    found.weekly.setdefault(who, {}).setdefault(weekday, []).append((opens, closes))
                case "leave":
                    found.leave.setdefault(who, []).append(Interval(starts_at, ends_at))
                case "closure":
                    found.closed.setdefault(room, []).append(Interval(starts_at, ends_at))
                case _:  # a shift of one date takes the weekly ones' place; elsewhere, or a day off, leaves none here
                    ranges = found.dated.setdefault(who, {}).setdefault(day, [])
                    if what == "date" and opens is not None:
                        ranges.append((opens, closes))
    return found
