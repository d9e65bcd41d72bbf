"""Earlier places that keep the protocol for a visit that is booked already. Reads only: claiming asks again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from pacificmind.clock import now
from scheduling.domain import protocol as rules
from scheduling.domain import slots
from scheduling.domain.waitlist import all_suit, all_suit_day
from scheduling.domain.walltime import DAY, day_of, wall_of
from scheduling.models import Appointment, Series, VisitType, Waiting
from scheduling.models.appointment import TREATMENTS
from scheduling.queries import calendar
from scheduling.queries.waitlist import days_offered, wishes_of
from scheduling.services import protocol
from scheduling.services.lawful import days_in_force, lawful_moves

AT_A_TIME = 7  # days searched at once: the first place found ends the search
Lawful = Callable[[date], bool]


def lawful_days(visit: Appointment, days: Sequence[date]) -> set[date]:
    """Those of the days (ascending) on which this visit may stand instead of on its own (P2 to P10).

    Stricter than a move by the front desk: no new deviation, no pause, no review point crossed, since nobody with a
    reason is asked.
    """
    if visit.kind not in TREATMENTS or not days:
        return set(days)
    covered = days_in_force(visit.patient_id, visit.site, visit.kind, days)
    lawful = lawful_moves(visit)
    if visit.series is not None:
        lawful = _without_a_pause(visit, visit.series, lawful)
    return {day for day in covered if lawful(day)}


def _without_a_pause(visit: Appointment, series: Series, may: Lawful) -> Lawful:
    """P9 from the other side: nor may the earlier day leave a pause behind it."""
    limits = protocol.policy()
    left = protocol.series_days(series, without=[visit.pk])

    def lawful(day: date) -> bool:
        return may(day) and all(found.days[0] != day for found in rules.pauses(left.with_day(day).days, limits))

    return lawful


@dataclass
class Supplies:
    """Calendars read once for many who wait for the same kind of visit at the same site."""

    _known: dict[tuple[str, str], tuple[date, slots.Calendar]] = field(default_factory=dict)

    def of(self, visit: Appointment, until_day: date) -> slots.Calendar:
        """The calendar from today until at least this day (exclusive)."""
        key = (visit.site_id, visit.kind)
        reach, found = self._known.get(key, (date.min, None))
        if found is None or reach < until_day:
            today = day_of(now(), visit.site.tz)
            found = calendar.calendar_of(visit.site, visit.kind, from_day=today, until_day=until_day)
            self._known[key] = (until_day, found)
        return found

    def forget(self) -> None:
        """A place was taken: read again."""
        self._known.clear()


def places_for(
    waiting: Waiting,
    *,
    not_before: datetime,
    held: timedelta,
    supplies: Supplies | None = None,
    by_hand: bool = False,
    most: int = 1,
) -> list[datetime]:
    """The first free and lawful starts before the visit that suit the patient, on days not offered to them yet.

    `held`: how long such a place would be held. `by_hand`: whoever picks one has the patient's word, so that wishes
    and earlier offers do not matter.
    """
    visit, supplies = waiting.visit, supplies or Supplies()
    zone = visit.site.tz
    kind = calendar.visit_type(visit.kind)
    # Those who answer late in the time that a place is held must still be within its notice.
    not_before = max(not_before, calendar.earliest_start(kind, as_patient=False) + held)
    if not_before >= visit.starts_at:
        return []
    wishes = [] if by_hand else wishes_of(waiting)
    seen = set() if by_hand else days_offered(waiting)
    first, last = day_of(not_before, zone), day_of(visit.starts_at, zone)
    span = [first + n * DAY for n in range((last - first).days + 1)]
    days = lawful_days(visit, [day for day in span if day not in seen and all_suit_day(wishes, day)])
    found: list[datetime] = []
    for week in (span[at : at + AT_A_TIME] for at in range(0, len(span), AT_A_TIME)):
        if days.intersection(week):
            wanted = _wanted(visit, kind, week, not_before)
            for one in slots.free_starts(supplies.of(visit, last + DAY), wanted):
                wall = wall_of(one.start, zone)
                # A start that runs into the visit itself is no earlier time.
                if one.start < visit.starts_at and wall.date() in days:
                    found += [one.start] if all_suit(wishes, wall) else []
        if len(found) >= most:
            break
    return found[:most]


def _wanted(visit: Appointment, kind: VisitType, week: Sequence[date], not_before: datetime) -> slots.Wanted:
    from_day, until_day = week[0], week[-1] + DAY
    return slots.Wanted(
        shape=calendar.shape_of(kind, telehealth=visit.telehealth),
        from_day=from_day,
        until_day=until_day,
        not_before=not_before,
        patient_busy=calendar.patient_busy(
            visit.patient_id, from_day=from_day, until_day=until_day, zone=visit.site.tz
        ),
        prefer=str(visit.clinician_id),
    )


def keeps(visit: Appointment, starts_at: datetime) -> bool:
    """Whether the visit may stand at this very start."""
    return bool(lawful_days(visit, [day_of(starts_at, visit.site.tz)]))
