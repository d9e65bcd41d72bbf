"""The fewest changes, against every lawful set of days: random small calendars, through the service."""

import random
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import combinations

import pytest
import time_machine

from pacificmind.clinic.models import ClinicSettings
from scheduling.domain import protocol as rules
from scheduling.domain.walltime import day_of
from scheduling.models import Closure, Leave, OpeningHours, Room, Series
from scheduling.queries import repair as queries
from scheduling.services import protocol
from scheduling.services.repair_parts import Plan
from scheduling.services.repair_plan import AFTER_LAST, LOOK_AHEAD, propose
from tests import cast
from tests.scheduling.repair.conftest import MONDAY, Clinic
from tests.scheduling.series import walk

pytestmark = pytest.mark.django_db
LAYOUTS = [((0, 2, 4, 7, 9), 3), ((1, 4, 8, 11), 2), ((0, 3, 7, 10), 3), ((2, 4, 8), 3), ((0, 4, 7, 11), 2)]


@pytest.fixture(autouse=True)
def _one_start_a_day() -> None:
    """Open for one visit a day, so that a layout is its days."""
    cast.site()
    ClinicSettings.objects.update_or_create(id=1, defaults={"grid_minutes": 60})
    OpeningHours.objects.update(opens="09:00", closes="11:00")


def closed(day: date) -> None:
    Closure.objects.create(
        site=cast.site(), starts_at=walk.at(day, 0), ends_at=walk.at(day + timedelta(days=1), 0), reason="x"
    )


@pytest.mark.parametrize("seed", range(12))
def test_nothing_lawful_has_fewer_deviations_or_fewer_changes(clinic: Clinic, seed: int) -> None:
    dice = random.Random(seed)
    gaps, per_week = dice.choice(LAYOUTS)
    run = clinic.series(*gaps, per_week=per_week)
    begun = dice.choice([0, 0, 1, 2])  # so many visits are past
    planned = [MONDAY + timedelta(days=gap) for gap in gaps]
    moment = walk.at(planned[begun - 1], 15) if begun else walk.at(MONDAY - timedelta(days=1), 6)
    last = MONDAY + timedelta(days=gaps[-1]) + AFTER_LAST
    open_days = [MONDAY + timedelta(days=n) for n in range((last - MONDAY).days)]
    for day in open_days:
        if day not in planned and dice.random() < 0.6:
            closed(day)
    hit = dice.sample(planned[begun:], dice.choice([1, 1, 2]) if len(planned) - begun > 1 else 1)
    Room.objects.filter(name="Room B").update(in_use=False)
    leaves = [clinic.away((day - MONDAY).days) for day in hit]
    for day in hit:
        clinic.away((day - MONDAY).days, who=clinic.other)
    with time_machine.travel(moment, tick=False):
        plan = clinic.propose_leave(leaves[0]) if len(hit) == 1 else _both(clinic, leaves)
        best = _oracle(run, planned, begun, hit, moment)
        (one,) = plan.patients
        if best is None:
            assert one.stuck
            return
        moved = {change.visit_id for change in one.changes}
        stays = [v.day for v in walk.visits(run) if v.pk not in moved]
        after = [*stays, *(day_of(change.spot.starts_at, run.site.tz) for change in one.changes)]
        assert (_deviations(run, after), len(one.changes)) == best


def _both(clinic: Clinic, leaves: Sequence[Leave]) -> Plan:
    scopes = [queries.of_leave(clinic.desk, leave) for leave in leaves]
    hit = [visit for scope in scopes for visit in scope.hit]
    return propose(queries.Scope(scopes[0].cause, scopes[0].sites, hit))


def _deviations(run: Series, days: list[date]) -> int:
    before = protocol.series_days(run)
    return len(rules.deviations(rules.SeriesDays(tuple(sorted(days)), before.per_week, before.ordered)))


def _oracle(run: Series, planned: list[date], begun: int, hit: list[date], moment: datetime) -> tuple[int, int] | None:
    """The least (deviations, changes) over every lawful set of days, by looking at all of them."""
    fixed, loose = planned[:begun], planned[begun:]
    site, order = run.site, run.order
    shut = {day_of(c.starts_at, site.tz) for c in site.closure_set.all()} | set(hit)
    notice = moment + timedelta(hours=24)
    first = day_of(moment, site.tz)
    until = max(first + LOOK_AHEAD, loose[-1] + AFTER_LAST)
    days = [first + timedelta(days=n) for n in range((until - first).days + 1)]
    free = [d for d in days if d.weekday() < 5 and d not in shut and (walk.at(d, 9) >= notice or d in loose)]
    kept = set(loose) - set(hit)
    best: tuple[int, int] | None = None
    for chosen in combinations(free, len(loose)):
        series = rules.SeriesDays((*fixed, *chosen), order.per_week, order.infusions)
        value = (len(rules.deviations(series)), sum(day not in kept for day in chosen))
        if best is not None and value >= best:
            continue
        if rules.check_series(series) or _long_pause(series.days, set(chosen) - kept):
            continue
        best = value
    return best


def _long_pause(days: tuple[date, ...], new: set[date]) -> bool:
    return any(pause.days[1] in new for pause in rules.pauses(sorted(days)))
