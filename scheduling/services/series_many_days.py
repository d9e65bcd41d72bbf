"""The calendars on which many series are saved: read once under the locks, asked and filled day by day."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from pacificmind.clinic.models import Site
from scheduling.domain import errors, slots
from scheduling.domain.intervals import Interval
from scheduling.domain.repair import Use, with_uses
from scheduling.domain.walltime import DAY, at, day_of
from scheduling.models import Kind
from scheduling.queries import calendar
from scheduling.services.repair_book import Spot

TAKEN = "A time of this proposal was taken meanwhile."


@dataclass(frozen=True)
class Days:
    """One site's supply for infusions on the days of the visits, with those written so far."""

    site: Site
    whole: slots.Calendar
    shape: slots.VisitShape
    _days: dict[date, slots.Calendar] = field(default_factory=dict)

    @classmethod
    def of(cls, site: Site, starts: Sequence[datetime]) -> "Days":
        """The supply from the first to the last of these starts."""
        first, last = day_of(min(starts), site.tz), day_of(max(starts), site.tz)
        whole = calendar.calendar_of(site, Kind.INFUSION, from_day=first, until_day=last + DAY)
        return cls(site, whole, calendar.shape_of(calendar.visit_type(Kind.INFUSION)))

    def take(self, wanted: Spot, busy: Sequence[Interval]) -> Spot:
        """Note a visit of a patient who is `busy` elsewhere; in another lane where its own is taken, or SlotTaken."""
        day = day_of(wanted.starts_at, self.site.tz)
        here = self._on(day)
        asked = slots.Wanted(self.shape, from_day=day, until_day=day + DAY, patient_busy=busy)
        spot = next((one for one in _lanes(here, wanted) if slots.is_free(here, asked, one.as_free())), None)
        if spot is None:
            raise errors.SlotTaken(TAKEN)
        self._days[day] = with_uses(here, [self._use(spot)])
        return spot

    def _on(self, day: date) -> slots.Calendar:
        """The supply with no more than what touches this day, so that a look at it is quick."""
        if day not in self._days:
            midnight = datetime.min.time()
            edges = Interval(at(day - DAY, midnight, self.site.tz), at(day + 2 * DAY, midnight, self.site.tz))
            self._days[day] = _within(self.whole, edges)
        return self._days[day]

    def _use(self, spot: Spot) -> Use:
        end = spot.starts_at + self.shape.length
        room = next((one for one in self.whole.rooms if one.id == str(spot.room_id)), None)
        return Use(
            clinician=str(spot.clinician_id),
            lanes=spot.lanes,
            visit=Interval(spot.starts_at, end),
            room=str(spot.room_id),
            room_free_at=end + ((room.turnover if room else None) or timedelta()),
            buffer=self.shape.buffer,
        )


def _lanes(here: slots.Calendar, wanted: Spot) -> Iterator[Spot]:
    """The spot itself, then the same one in each other lane of its clinician."""
    yield wanted
    count = next((who.lanes for who in here.clinicians if who.id == str(wanted.clinician_id)), 0)
    for lane in range(count):
        yield replace(wanted, lanes=(lane, lane + 1))


def _within(whole: slots.Calendar, edges: Interval) -> slots.Calendar:
    def touches(one: Interval) -> bool:
        return one.start < edges.end and edges.start < one.end

    return replace(
        whole,
        closures=[one for one in whole.closures if touches(one)],
        rooms=[replace(room, busy=[one for one in room.busy if touches(one)]) for room in whole.rooms],
        clinicians=[
            replace(
                who,
                away=[one for one in who.away if touches(one)],
                in_use=[one for one in who.in_use if touches(one.period)],
            )
            for who in whole.clinicians
        ],
    )
