"""Propose how to lay out a series: calendars to candidates, candidates to the planner, its answer in plain words.

Reads only. What is proposed is checked again, whole, when it is saved (`series.lay_out`).
"""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta

from intake.models import SeriesOrder
from intake.queries import standing
from pacificmind.clinic.models import ClinicSettings, Site
from pacificmind.clock import now
from scheduling.domain import protocol as rules
from scheduling.domain.errors import ASK_THE_CLINICIAN
from scheduling.domain.planner import Candidate, Impossible, Layout, Plan, SeriesProblem, plan_series
from scheduling.domain.slots import FreeStart
from scheduling.domain.walltime import day_of, to_utc, wall_of
from scheduling.models import ACTIVE, Appointment, Kind, PossibleTimes
from scheduling.queries import calendar
from scheduling.services import plan_words, protocol
from scheduling.services.lawful import around, days_in_force
from scheduling.services.series import Slot

HORIZON_WEEKS = 8
MAX_HORIZON_WEEKS = 16
#: With more starts than this in all, they are thinned to the half hour, then to the hour: the answer stays quick.
MANY_CANDIDATES = 12_000
COARSER = (30, 60)
EVERY_DAY = frozenset(range(7))


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """When the patient can come. `weekdays` Monday 0, none named means any; starts in [from_time, until_time)."""

    earliest_on: date | None = None
    weekdays: frozenset[int] = frozenset()
    from_time: time | None = None
    until_time: time | None = None
    blackout_on: frozenset[date] = frozenset()
    prefer_clinician: uuid.UUID | None = None
    horizon_weeks: int = HORIZON_WEEKS

    @classmethod
    def kept_for(cls, patient_id: uuid.UUID) -> "Wishes":
        """When the patient can come as far as that is kept; any time otherwise."""
        kept = PossibleTimes.objects.filter(patient_id=patient_id).first()
        if kept is None:
            return cls()
        return cls(
            weekdays=frozenset(kept.weekdays),
            from_time=kept.from_time,
            until_time=kept.until_time,
            blackout_on=frozenset(kept.not_on),
            prefer_clinician=kept.clinician_id,
        )


@dataclass(frozen=True)
class Proposed:
    """One layout as people see it: its visits, why it is the best or how it differs from the best."""

    layout: Layout
    words: tuple[str, ...]
    slots: tuple[Slot, ...]

    @property
    def deviates(self) -> bool:
        """Whether a week has too few visits, so that a prescriber has to lay it out (P4)."""
        return bool(self.layout.deviations)


@dataclass(frozen=True)
class Proposal:
    """The best layout first, then the others; or, with none, `say`: which rule, which days, what would help."""

    choices: tuple[Proposed, ...] = ()
    say: str = ""
    rule: str = ""
    days: tuple[date, ...] = ()
    names: dict[str, str] = field(default_factory=dict)  # of rooms and clinicians, by id

    @property
    def possible(self) -> bool:
        """Whether there is something to choose."""
        return bool(self.choices)


def propose(order: SeriesOrder, *, site: Site, wishes: Wishes | None = None) -> Proposal:
    """The best lawful layout of the order at this site with up to three others, or why there is none.

    Without `wishes` those that are kept of the patient are heeded.

    A decision that ends too early, covers another site or is lacking limits the days; it is said as "Ask the
    clinician" and in no other words, for the front desk reads it.
    """
    patient_id = order.clearance.patient_id
    wishes = wishes or Wishes.kept_for(patient_id)
    days = _days(order, site, wishes)
    covered = _covered(order, site, days)
    if not covered:
        return Proposal(say=ASK_THE_CLINICIAN, rule="P6")
    found = _free(patient_id, site, wishes, days)
    starts = [one for one in found if day_of(one.start, site.tz) in covered]
    problem = _problem(order, site, starts, wishes)
    answer = plan_series(problem)
    if isinstance(answer, Impossible):
        if len(covered) < len(days):
            without = replace(problem, candidates=_candidates(found, site, wishes))
            if isinstance(plan_series(without, alternatives=0), Plan):
                return Proposal(say=ASK_THE_CLINICIAN, rule="P6")
        return Proposal(say=plan_words.impossible(answer, wishes.horizon_weeks), rule=answer.rule, days=answer.days)
    layouts = [one for one in (answer.best, *answer.alternatives) if not _pauses(one)]
    if not layouts:
        return Proposal(say=plan_words.LONG_PAUSE, rule="P9", days=answer.best.days)
    return _proposal(layouts, site)


def _days(order: SeriesOrder, site: Site, wishes: Wishes) -> list[date]:
    """The days the patient could come, from today or the end of the rest after the last series on."""
    today = day_of(now(), site.tz)
    first = max(wishes.earliest_on or today, today, _rested(order.clearance.patient_id, today))
    weeks = min(max(wishes.horizon_weeks, 1), MAX_HORIZON_WEEKS)
    boosters = Appointment.objects.filter(
        patient_id=order.clearance.patient_id, kind=Kind.BOOSTER, status__in=ACTIVE
    ).values_list("day", flat=True)
    gap = ClinicSettings.current().booster_gap_days
    taken = {day for booster in boosters for day in around(booster, gap)}
    wanted = wishes.weekdays or EVERY_DAY
    days = (first + timedelta(days=n) for n in range(7 * weeks))
    return [day for day in days if day.weekday() in wanted and day not in wishes.blackout_on and day not in taken]


def _rested(patient_id: uuid.UUID, today: date) -> date:
    last = protocol.last_infusion_on(patient_id)
    return last + timedelta(days=protocol.policy().new_series_gap_days) if last else today


def _covered(order: SeriesOrder, site: Site, days: Sequence[date]) -> set[date]:
    """The days on which P6 and P7 let this very order be laid out here: a newer decision takes its place."""
    patient_id = order.clearance.patient_id
    decision = standing.latest_decision(patient_id)
    if decision is None or decision.pk != order.clearance_id:
        return set()
    return set(days_in_force(patient_id, site, Kind.INFUSION, days))


def _free(patient_id: uuid.UUID, site: Site, wishes: Wishes, days: Collection[date]) -> list[FreeStart]:
    if not days:
        return []
    wanted = set(days)
    found = calendar.free_starts(
        site,
        Kind.INFUSION,
        from_day=min(days),
        until_day=max(days) + timedelta(days=1),
        patient_id=patient_id,
        not_before=now() if wishes.earliest_on else heard_in_time(),
        prefer=wishes.prefer_clinician,
        every_choice=True,
    )
    return [one for one in found if _suits(wall_of(one.start, site.tz), wishes, wanted)]


def heard_in_time() -> datetime:
    """When an infusion may begin of which a patient hears now: sooner only where the desk names the first day."""
    return calendar.earliest_start(calendar.visit_type(Kind.INFUSION), as_patient=True)


def _suits(wall: datetime, wishes: Wishes, days: Collection[date]) -> bool:
    at = wall.time()
    return (
        wall.date() in days
        and (wishes.from_time is None or at >= wishes.from_time)
        and (wishes.until_time is None or at < wishes.until_time)
    )


def _problem(order: SeriesOrder, site: Site, starts: Sequence[FreeStart], wishes: Wishes) -> SeriesProblem:
    return SeriesProblem(
        infusions=order.infusions,
        per_week=order.per_week,
        candidates=_candidates(starts, site, wishes),
        existing=frozenset(protocol.treatment_days(order.clearance.patient_id)),
        policy=protocol.policy(),
    )


def _candidates(starts: Sequence[FreeStart], site: Site, wishes: Wishes) -> list[Candidate]:
    """What the planner chooses from. On days when the preferred clinician is free, only theirs."""
    names = _names(site)
    found = [
        Candidate(
            wall_of(one.start, site.tz).replace(fold=0), key_of(names, one.room or ""), key_of(names, one.clinician)
        )
        for one in _with_preferred(starts, site, wishes)
    ]
    return thinned(found)


def thinned(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The same, or where they are very many those at the half hour, then at the hour."""
    found = list(candidates)
    for minutes in COARSER:
        if len(found) <= MANY_CANDIDATES:
            break
        found = [one for one in found if (one.start.hour * 60 + one.start.minute) % minutes == 0] or found
    return found


def key_of(names: Mapping[str, str], pk: str) -> str:
    """The name, by which the planner breaks ties, and the id behind it."""
    return f"{names.get(pk, '')}|{pk}"


def id_of(key: str) -> uuid.UUID:
    """The id in such a key."""
    return uuid.UUID(key.rpartition("|")[2])


def _with_preferred(starts: Sequence[FreeStart], site: Site, wishes: Wishes) -> list[FreeStart]:
    if wishes.prefer_clinician is None:
        return list(starts)
    wanted = str(wishes.prefer_clinician)
    days = {day_of(one.start, site.tz) for one in starts if one.clinician == wanted}
    return [one for one in starts if one.clinician == wanted or day_of(one.start, site.tz) not in days]


def _pauses(layout: Layout) -> bool:
    return bool(rules.pauses(layout.days, protocol.policy()))


def _proposal(layouts: Sequence[Layout], site: Site) -> Proposal:
    best = layouts[0]
    names = _names(site)
    by_key = {key_of(names, pk): name for pk, name in names.items()}
    words = [plan_words.why_best(best, by_key), *((plan_words.difference(best, other),) for other in layouts[1:])]
    return Proposal(
        choices=tuple(
            Proposed(layout, tuple(say), _slots(layout, site)) for layout, say in zip(layouts, words, strict=True)
        ),
        names=names,
    )


def _slots(layout: Layout, site: Site) -> tuple[Slot, ...]:
    return tuple(
        Slot(to_utc(visit.start, site.tz), id_of(visit.room), id_of(visit.clinician)) for visit in layout.visits
    )


def _names(site: Site) -> dict[str, str]:
    rooms = {str(room.pk): room.name for room in calendar.rooms_for(site, Kind.INFUSION)}
    return rooms | {str(one.pk): str(one) for one in calendar.clinicians_for(site, Kind.INFUSION)}
