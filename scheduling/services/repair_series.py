"""One series laid out anew around what stands: fewest new deviations, then fewest changes, then the planner's order."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import Max

from scheduling.domain import protocol as rules
from scheduling.domain import repair as domain
from scheduling.domain.errors import ASK_THE_CLINICIAN
from scheduling.domain.planner import Candidate, Impossible, Layout, SeriesProblem, plan_series
from scheduling.domain.slots import FreeStart
from scheduling.domain.walltime import to_utc, wall_of
from scheduling.models import Appointment, Deviation, Kind, Series, StageRelease, Status
from scheduling.queries import repair as queries
from scheduling.services import plan_words, protocol
from scheduling.services.lawful import around
from scheduling.services.planning import id_of, thinned
from scheduling.services.repair_book import Spot
from scheduling.services.repair_parts import Change, PatientPlan, Stuck

if TYPE_CHECKING:
    from scheduling.services.repair_plan import Work


@dataclass
class SeriesWork:
    """One series of one patient, laid out anew around what stands."""

    work: "Work"
    series: Series

    def __post_init__(self) -> None:
        every = [v for v in self.work.visits.get(self.patient_id, ()) if v.series_id == self.series.pk]
        self.loose = [v for v in every if queries.is_movable(v)]
        self.fixed = [v for v in every if not queries.is_movable(v)]
        self.hit = [v for v in self.loose if v.pk in self.work.hit]
        fills = self.work.scope.fill is not None and self.work.scope.fill.pk == self.series.pk
        self.extra = max(self.series.order.infusions - len(every), 0) if fills else 0
        self.seen = {visit.pk: visit.version for visit in every}
        self.tz = self.series.site.tz
        self.walls: dict[datetime, datetime] = {}  # of the starts that were found

    @property
    def patient_id(self) -> uuid.UUID:
        return self.series.patient_id

    def plan(self) -> PatientPlan:
        """The layout with the fewest new deviations, then the fewest changes; or what stands in the way."""
        if not self.hit and not self.extra:
            return PatientPlan(self.patient_id, self.seen)
        covered = set(self.work.days_of(self.patient_id, self.series.site, Kind.INFUSION))
        if not covered:
            return self._stuck("P6", ASK_THE_CLINICIAN)
        starts = self._starts()
        problem = self._problem([one for one in starts if self.walls[one.start].date() in covered])
        answer = plan_series(problem, alternatives=0)
        if isinstance(answer, Impossible):
            if len(covered) < len(self.work.book.span.days()) and self._would_without_decision(starts):
                return self._stuck("P6", ASK_THE_CLINICIAN)
            weeks = len(self.work.book.span.days()) // 7
            return self._stuck(answer.rule, plan_words.impossible(answer, weeks))
        layout = answer.best if not self.pauses(answer.best) else self._without_pause(problem)
        if layout is None:
            return self._stuck("P9", plan_words.LONG_PAUSE)
        return self._changes(layout, starts)

    def question(self) -> SeriesProblem:
        """The planner's question over what is free now on the days that the decision covers."""
        covered = set(self.work.days_of(self.patient_id, self.series.site, Kind.INFUSION))
        starts = self._starts()
        return self._problem([one for one in starts if self.walls[one.start].date() in covered])

    def _would_without_decision(self, starts: Sequence[FreeStart]) -> bool:
        return not isinstance(plan_series(self._problem(starts), alternatives=0), Impossible)

    def _starts(self) -> list[FreeStart]:
        """Free starts on days that keep their distance from boosters and from the series before, when they can come."""
        found = self.work.book.free(
            self.series.site,
            Kind.INFUSION,
            patient_id=self.patient_id,
            busy=self.work.busy(self.patient_id),
            without=[visit.pk for visit in self.loose],
            same=[visit.starts_at for visit in self.hit],
        )
        gap, mine = self.work.limits.booster_gap_days, self.work.visits.get(self.patient_id, ())
        near = {day for v in mine if v.kind == Kind.BOOSTER for day in around(v.day, gap)}
        first = self._rested()
        self.walls = {start: wall_of(start, self.tz).replace(fold=0) for start in {one.start for one in found}}
        days = [one for one in found if (day := self.walls[one.start].date()) not in near and day >= first]
        return self.work.suiting(self.patient_id, days, self.walls, same=[v.starts_at for v in self.hit])

    def _rested(self) -> date:
        """The first day after the rest that follows the series before, where this one has not begun."""
        done: list[date] = [
            v.day
            for v in self.work.visits.get(self.patient_id, ())
            if v.kind == Kind.INFUSION and v.status == Status.FULFILLED
        ]
        if self.fixed or not done:
            return date.min
        return max(done) + timedelta(days=self.work.limits.new_series_gap_days)

    def _problem(self, starts: Sequence[FreeStart]) -> SeriesProblem:
        """The planner's question: what is kept costs nothing."""
        every = self._candidates(starts)
        times = {self.now(v).start for v in self.hit}
        few = thinned(every)
        have = set(few)
        few += [one for one in every if one.start in times and one not in have]
        kept = [self.now(v) for v in self.loose if v.pk not in self.work.hit]
        planned, candidates = domain.planned_candidates(kept, times, few)
        own = {visit.pk for visit in (*self.loose, *self.fixed)}
        return SeriesProblem(
            infusions=len(self.seen) + self.extra,
            per_week=self.series.order.per_week,
            candidates=candidates,
            existing=frozenset(self.work.treatments(self.patient_id, without=list(own))),
            series_days=frozenset(visit.day for visit in self.fixed),
            policy=self.work.limits,
            planned=planned,
        )

    def _candidates(self, starts: Sequence[FreeStart]) -> list[Candidate]:
        """As the planner reads them; the name before the id breaks ties."""
        shelf = self.work.book.shelf(self.series.site, Kind.INFUSION)
        rooms: dict[str | None, str] = {room.id: f"{room.name}|{room.id}" for room in shelf.rooms}
        people = {one.id: f"{one.name}|{one.id}" for one in shelf.clinicians}
        return [Candidate(self.walls[one.start], rooms[one.room], people[one.clinician]) for one in starts]

    def now(self, visit: Appointment) -> Candidate:
        """Where a visit is, as the planner reads it."""
        wall = wall_of(visit.starts_at, self.tz).replace(fold=0)
        room = f"{visit.room.name if visit.room else ''}|{visit.room_id or ''}"
        return Candidate(wall, room, f"{visit.clinician}|{visit.clinician_id}")

    def pauses(self, layout: Layout) -> bool:
        """Whether a visit that changes would come after a pause that nobody has reviewed (P9)."""
        planned = {self.now(visit).start for visit in self.loose if visit.pk not in self.work.hit}
        changed = {visit.start.date() for visit in layout.visits if visit.start not in planned}
        days = sorted({*layout.days, *(visit.day for visit in self.fixed)})
        late = [p for p in rules.pauses(days, self.work.limits) if p.days[1] in changed]
        if not late:
            return False
        released = StageRelease.objects.filter(series=self.series).aggregate(last=Max("at"))["last"]
        return released is None or any(released.astimezone(self.tz).date() <= pause.days[0] for pause in late)

    def _without_pause(self, problem: SeriesProblem) -> Layout | None:
        answer = plan_series(problem)
        if isinstance(answer, Impossible):
            return None
        return next((one for one in (answer.best, *answer.alternatives) if not self.pauses(one)), None)

    def _changes(self, layout: Layout, starts: Sequence[FreeStart]) -> PatientPlan:
        lanes = {(one.start, one.clinician): one.lanes for one in starts}
        pairs = domain.assign(
            {visit.pk: self.now(visit) for visit in self.loose},
            [Candidate(visit.start, visit.room, visit.clinician) for visit in layout.visits],
        )
        by_id = {visit.pk: visit for visit in self.loose}
        changes = []
        for key, one in pairs:
            if key is not None and key not in self.work.hit and self.now(by_id[key]) == one:
                continue
            start, clinician = to_utc(one.start, self.tz), id_of(one.clinician)
            spot = Spot(start, clinician, lanes[start, str(clinician)], id_of(one.room))
            self.work.book.put(key or uuid.uuid4(), self.patient_id, self.series.site, Kind.INFUSION, spot)
            changes.append(Change(spot, key, self.series.pk))
        return PatientPlan(self.patient_id, self.seen, tuple(changes), thin=self.thin(layout))

    def thin(self, layout: Layout) -> tuple[str, ...]:
        """The weeks that newly have fewer than two visits."""
        if not layout.deviations:
            return ()
        before = protocol.series_days(self.series)
        known = {one.week for one in rules.deviations(before, self.work.limits)}
        known |= set(Deviation.objects.filter(series=self.series).values_list("week", flat=True))
        return tuple(one.say for one in layout.deviations if one.week not in known)

    def _stuck(self, rule: str, say: str) -> PatientPlan:
        hit = [Stuck(visit.pk, rule, say) for visit in self.hit]
        return PatientPlan(self.patient_id, self.seen, stuck=tuple(hit or [Stuck(None, rule, say)]))
