"""Where planning one after the other leaves somebody without a place: all their series at once, by ruin and recreate.

Taken only when it places every one of them; what was found one after the other stands otherwise.
"""

import time
import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from pacificmind.clinic.models import Site
from scheduling.domain import repair as domain
from scheduling.domain.planner import Candidate
from scheduling.domain.planner.many import LaneInUse, Placed, Shared, place_many
from scheduling.domain.walltime import to_utc, wall_of
from scheduling.models import Kind
from scheduling.services.planning import id_of
from scheduling.services.repair_book import Spot
from scheduling.services.repair_parts import Change, PatientPlan
from scheduling.services.repair_series import SeriesWork

if TYPE_CHECKING:
    from scheduling.services.repair_plan import Work

SECONDS = 1.5  # of the 3 s that a request may take
ASKS = ("P6", "P9")  # what no search can help: a clinician decides first


def together(
    work: "Work", plans: Mapping[uuid.UUID, PatientPlan], *, seconds: float = SECONDS
) -> dict[uuid.UUID, PatientPlan]:
    """Better plans for patients with one series each at one site, or none where not all of them find a place."""
    group = [one for patient_id in plans if (one := _series_alone(work, plans[patient_id])) is not None]
    stuck = [one for one in group if plans[one.patient_id].stuck]
    sites = {one.series.site_id for one in stuck}
    group = [one for one in group if one.series.site_id in sites]
    if not stuck or len(sites) != 1 or len(group) < 2:
        return {}
    found = _placed(work, group, seconds)
    if found is None:
        _restore(work, plans, group)
        return {}
    return {one.patient_id: plan for one, plan in zip(group, found, strict=True)}


def _series_alone(work: "Work", plan: PatientPlan) -> SeriesWork | None:
    """The series of a patient of whom nothing else is hit, and whose series a search can help."""
    loose = work.loose.get(plan.patient_id, ())
    series = {visit.series for visit in loose}
    if len(series) != 1 or None in series or any(stuck.rule in ASKS for stuck in plan.stuck):
        return None
    return next(SeriesWork(work, one) for one in series if one is not None)


def _placed(work: "Work", group: Sequence[SeriesWork], seconds: float) -> list[PatientPlan] | None:
    for one in group:
        work.book.forget([visit.pk for visit in one.loose])
    problems = [one.question() for one in group]
    try:
        found = place_many(problems, _shared(work, group[0].series.site), monotonic=time.monotonic, seconds=seconds)
    except ValueError:  # a visit past midnight: the search does not know it
        return None
    placed = [one for one in found.series if one is not None]
    if len(placed) < len(group) or any(one.pauses(each.layout) for one, each in zip(group, placed, strict=True)):
        return None
    return _plans(work, group, placed)


def _shared(work: "Work", site: Site) -> Shared:
    """What all series take and what visits that stay have taken, as the search reads it."""
    found = work.book.types[Kind.INFUSION]
    supply = work.book.supply(site, Kind.INFUSION)
    in_use = [
        LaneInUse(f"{one.name}|{one.id}", lane, wall_of(use.period.start, site.tz), wall_of(use.period.end, site.tz))
        for one in supply.clinicians
        for use in one.in_use
        for lane in range(use.lanes[0], min(use.lanes[1], one.lanes))
    ]
    return Shared(
        length=timedelta(minutes=found.minutes),
        room_turnover={f"{room.name}|{room.id}": room.turnover or timedelta() for room in supply.rooms},
        lanes={f"{one.name}|{one.id}": one.lanes for one in supply.clinicians},
        buffer=timedelta(minutes=found.buffer_minutes),
        in_use=in_use,
    )


def _plans(work: "Work", group: Sequence[SeriesWork], placed: Sequence[Placed]) -> list[PatientPlan] | None:
    """The layouts as changes. Visits that stay keep their lanes; the others take one that is free beside them."""
    pairs = [_pairs(one, each) for one, each in zip(group, placed, strict=True)]
    for one, theirs in zip(group, pairs, strict=True):
        changed = {key for key, _ in theirs}
        work.book.put_back(visit for visit in one.loose if visit.pk not in changed)
    plans = []
    for one, each, theirs in zip(group, placed, pairs, strict=True):
        changes = []
        for key, candidate in theirs:
            spot = _spot(work, one, candidate)
            if spot is None:
                return None
            work.book.put(key or uuid.uuid4(), one.patient_id, one.series.site, Kind.INFUSION, spot)
            changes.append(Change(spot, key, one.series.pk))
        plans.append(PatientPlan(one.patient_id, one.seen, tuple(changes), thin=one.thin(each.layout)))
    return plans


def _pairs(one: SeriesWork, placed: Placed) -> list[tuple[uuid.UUID | None, Candidate]]:
    """The visits that change, with their new places."""
    chosen = [Candidate(visit.start, visit.room, visit.clinician) for visit in placed.layout.visits]
    now = {visit.pk: one.now(visit) for visit in one.loose}
    hit = {visit.pk for visit in one.hit}
    return [(key, each) for key, each in domain.assign(now, chosen) if key is None or key in hit or now[key] != each]


def _spot(work: "Work", one: SeriesWork, candidate: Candidate) -> Spot | None:
    clinician = id_of(candidate.clinician)
    staff = work.book.shelf(one.series.site, Kind.INFUSION).clinicians
    lanes = next((each.lanes for each in staff if each.id == str(clinician)), 0)
    for lane in range(lanes):
        spot = Spot(to_utc(candidate.start, one.tz), clinician, (lane, lane + 1), id_of(candidate.room))
        if work.book.is_free(one.series.site, Kind.INFUSION, spot, patient_id=one.patient_id):
            return spot
    return None


def _restore(work: "Work", plans: Mapping[uuid.UUID, PatientPlan], group: Sequence[SeriesWork]) -> None:
    """The book as the plans have it."""
    for one in group:
        work.book.forget([visit.pk for visit in one.loose])
        work.book.put_back(one.loose)
        for change in plans[one.patient_id].changes:
            if change.visit_id is not None:
                work.book.put(change.visit_id, one.patient_id, one.series.site, Kind.INFUSION, change.spot)
