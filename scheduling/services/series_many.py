"""Propose how to lay out several series together: one reading of the calendars, one plan for all, in under 3 s.

Reads only. What is proposed is checked again, whole, when it is saved (`series_many_save`). Nobody gets a week with
fewer than two visits this way: that takes a prescriber's reason, and so the page of that one series.
"""

import time
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from intake.models import SeriesOrder
from pacificmind.clinic.models import Site
from pacificmind.clock import now
from scheduling.domain import slots
from scheduling.domain.errors import ASK_THE_CLINICIAN
from scheduling.domain.planner import Candidate, Plan, SeriesProblem, plan_series
from scheduling.domain.planner.many import LaneInUse, Placed, Shared, place_many
from scheduling.domain.policy import Policy
from scheduling.domain.walltime import day_of, to_utc, wall_of
from scheduling.models import Kind
from scheduling.queries import calendar
from scheduling.queries.repair import possible_at
from scheduling.queries.series_many import Known, known_of
from scheduling.services import plan_words, protocol
from scheduling.services.lawful import around
from scheduling.services.planning import HORIZON_WEEKS, id_of, key_of, thinned
from scheduling.services.repair_book import Spot

#: Of the 3 s a request may take, those for reading and searching.
SECONDS, LEAST_SECONDS = 2.4, 0.5
HAS_SERIES = "This patient has an open series. Close it before another one begins."
DEVIATES = "Only with a week of fewer than two visits, which needs a prescriber's reason. Lay this one out by itself."
NO_PLACE = (
    "Rooms and clinicians are taken by the others here. Leave some of them out and propose again, or lay this one out "
    "by itself."
)


@dataclass(frozen=True)
class Proposed:
    """What is proposed for one order: the visits by time, or `say`, why there are none."""

    order: SeriesOrder
    spots: tuple[Spot, ...] = ()
    say: str = ""


@dataclass(frozen=True)
class Proposal:
    """What is proposed for each order, in the order asked. `names`: of rooms and clinicians, by id."""

    series: tuple[Proposed, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def placed(self) -> list[Proposed]:
        """Those that have their visits."""
        return [one for one in self.series if one.spots]


def propose(orders: Sequence[SeriesOrder], *, site: Site, seconds: float = SECONDS) -> Proposal:
    """Lay these orders out together at this site, within about so many seconds."""
    until = time.monotonic() + seconds
    if not orders:
        return Proposal()
    supply = _Supply.of(site)
    known = known_of(order.clearance.patient_id for order in orders)
    asked = {order.pk: _Asked.of(order, known, supply) for order in _one_each(orders, known)}
    problems = {pk: one.problem for pk, one in asked.items() if one.problem is not None}
    found = place_many(
        list(problems.values()),
        supply.shared,
        monotonic=time.monotonic,
        seconds=max(until - time.monotonic(), LEAST_SECONDS),
        may_deviate=False,
    )
    placed = dict(zip(problems, found.series, strict=True))
    series = []
    for order in orders:
        if order.pk not in asked:
            series.append(Proposed(order, say=HAS_SERIES))
        elif layout := placed.get(order.pk):
            series.append(Proposed(order, supply.spots(layout)))
        else:
            series.append(Proposed(order, say=asked[order.pk].why_not()))
    return Proposal(tuple(series), supply.names)


def _one_each(orders: Sequence[SeriesOrder], known: Mapping[uuid.UUID, Known]) -> list[SeriesOrder]:
    """The first order of each patient who has no open series."""
    first: dict[uuid.UUID, SeriesOrder] = {}
    for order in orders:
        if not known[order.clearance.patient_id].open_series:
            first.setdefault(order.clearance.patient_id, order)
    return list(first.values())


@dataclass(frozen=True)
class _Supply:
    """The site's supply for infusions, read once: every candidate of anybody, by day."""

    site: Site
    shared: Shared
    candidates: Mapping[date, Sequence[Candidate]]
    length: timedelta
    names: Mapping[str, str]
    days: Sequence[date]
    limits: Policy

    @classmethod
    def of(cls, site: Site) -> "_Supply":
        types = calendar.visit_types()
        kind, today = types[Kind.INFUSION], day_of(now(), site.tz)
        end = today + timedelta(days=min(7 * HORIZON_WEEKS, kind.horizon_days + 1))
        found = calendar.calendar_of(site, Kind.INFUSION, from_day=today, until_day=end, types=types)
        wanted = slots.Wanted(
            shape=calendar.shape_of(kind),
            from_day=today,
            until_day=end,
            not_before=calendar.earliest_start(kind, as_patient=True),
        )
        names = {room.id: room.name for room in found.rooms} | {who.id: who.name for who in found.clinicians}
        days = [today + timedelta(days=n) for n in range((end - today).days)]
        shared = _shared(found, wanted.shape, names)
        by_day: dict[date, list[Candidate]] = defaultdict(list)
        for one in thinned(_candidates(slots.free_choices(found, wanted), site, names)):
            if (one.start + shared.longest).date() == one.start.date():  # many are placed day by day
                by_day[one.start.date()].append(one)
        return cls(site, shared, by_day, wanted.shape.length, names, days, protocol.policy())

    def spots(self, placed: Placed) -> tuple[Spot, ...]:
        """A layout as instants, ids and lanes."""
        return tuple(
            Spot(to_utc(visit.start, self.site.tz), id_of(visit.clinician), (lane, lane + 1), id_of(visit.room))
            for visit, lane in zip(placed.layout.visits, placed.lanes, strict=True)
        )


def _candidates(starts: Sequence[slots.FreeStart], site: Site, names: Mapping[str, str]) -> list[Candidate]:
    keys = {pk: key_of(names, pk) for pk in names}
    return [
        Candidate(wall_of(one.start, site.tz).replace(fold=0), keys[one.room or ""], keys[one.clinician])
        for one in starts
    ]


def _shared(found: slots.Calendar, shape: slots.VisitShape, names: Mapping[str, str]) -> Shared:
    zone = found.zone
    in_use = [
        LaneInUse(key_of(names, who.id), lane, _wall(use.period.start, zone), _wall(use.period.end, zone))
        for who in found.clinicians
        for use in who.in_use
        for lane in range(use.lanes[0], min(use.lanes[1], who.lanes))
    ]
    turnover = {key_of(names, room.id): room.turnover or timedelta() for room in found.rooms}
    lanes = {key_of(names, who.id): who.lanes for who in found.clinicians}
    return Shared(shape.length, room_turnover=turnover, lanes=lanes, buffer=shape.buffer, in_use=in_use)


def _wall(at: datetime, zone: ZoneInfo) -> datetime:
    return wall_of(at, zone).replace(fold=0)


@dataclass(frozen=True)
class _Asked:
    """One order as a problem; None where no day is covered. `without_decision`: the same on all days the patient could
    come, where the decision covers fewer."""

    problem: SeriesProblem | None
    without_decision: SeriesProblem | None = None

    @classmethod
    def of(cls, order: SeriesOrder, everyone: Mapping[uuid.UUID, Known], supply: _Supply) -> "_Asked":
        known = everyone[order.clearance.patient_id]
        days = _days(known, supply)
        covered = [day for day in days if _covered(known, day, supply.site)]
        if not covered:
            return cls(None)
        problem = SeriesProblem(
            infusions=order.infusions,
            per_week=order.per_week,
            candidates=_suiting(covered, known, supply),
            existing=frozenset(known.treatments_on),
            policy=supply.limits,
        )
        if len(covered) == len(days):
            return cls(problem)
        return cls(problem, replace(problem, candidates=_suiting(days, known, supply)))

    def why_not(self) -> str:
        """Why there is no place, in the words of the front desk, who learns nothing of a decision but to ask."""
        if self.problem is None:
            return ASK_THE_CLINICIAN
        alone = plan_series(self.problem, alternatives=0)
        if isinstance(alone, Plan):
            return DEVIATES if alone.best.deviations else NO_PLACE
        if self.without_decision and isinstance(plan_series(self.without_decision, alternatives=0), Plan):
            return ASK_THE_CLINICIAN
        return plan_words.impossible(alone, HORIZON_WEEKS)


def _days(known: Known, supply: _Supply) -> list[date]:
    """The days ahead on which nothing of the patient's own is in the way."""
    limits = supply.limits
    near = {day for booster in known.boosters_on for day in around(booster, limits.booster_gap_days)}
    rested = known.last_infusion_on and known.last_infusion_on + timedelta(days=limits.new_series_gap_days)
    return [day for day in supply.days if day not in near and (rested is None or day >= rested)]


def _covered(known: Known, day: date, site: Site) -> bool:
    """P6 and P7, as the booking asks them."""
    standing = known.standing
    return standing is not None and not standing.urgent and standing.covers(on=day, site_id=site.pk, kind=Kind.INFUSION)


def _suiting(days: Sequence[date], known: Known, supply: _Supply) -> list[Candidate]:
    """The candidates at which the patient can come; on days when the preferred clinician is free, only theirs."""
    zone = supply.site.tz
    busy = [(_wall(one.start, zone) - supply.length, _wall(one.end, zone)) for one in known.busy]
    found: list[Candidate] = []
    for day in days:
        here = list(supply.candidates.get(day, ()))
        possible = {start for start in {one.start for one in here} if possible_at(known.times, start)}
        possible -= {start for start in possible for begun, over in busy if begun < start < over}
        if possible:
            found += _with_preferred([one for one in here if one.start in possible], known)
    return found


def _with_preferred(here: list[Candidate], known: Known) -> list[Candidate]:
    if known.times is None or known.times.clinician_id is None:
        return here
    wanted = f"|{known.times.clinician_id}"
    return [one for one in here if one.clinician.endswith(wanted)] or here
