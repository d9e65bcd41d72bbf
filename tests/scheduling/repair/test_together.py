"""Many at once: where one after the other leaves somebody without a place, all are searched together."""

from datetime import time, timedelta

import pytest

from pacificmind.clinic.models import ClinicSettings
from scheduling.models import Closure, OpeningHours, PossibleTimes, Room, Series
from scheduling.services import repair
from scheduling.services import repair_plan as services
from scheduling.services.series import Slot
from tests import cast
from tests.scheduling.repair.conftest import MONDAY, Clinic, places
from tests.scheduling.series import walk

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _two_starts_a_day_in_one_room(clinic: Clinic) -> None:
    """Open for two visits a day in one room."""
    ClinicSettings.objects.update_or_create(id=1, defaults={"grid_minutes": 15})
    Room.objects.filter(name="Room B").update(in_use=False)
    OpeningHours.objects.update(opens="09:00", closes="13:15")


def shut(first: int, until: int) -> None:
    Closure.objects.create(
        site=cast.site(),
        starts_at=walk.at(MONDAY + timedelta(days=first), 0),
        ends_at=walk.at(MONDAY + timedelta(days=until), 0),
        reason="Works",
    )


def hit_both(clinic: Clinic) -> list[Series]:
    """Tuesday falls away for two; only Thursday is left. The second can come at nine alone, the first at any time."""
    runs = []
    for hour, minute in ((9, 0), (11, 15)):
        _, order = cast.ready_patient(clinic.doctor, infusions=1)
        start = walk.at(MONDAY + timedelta(days=1), hour, minute)
        slots = [Slot(start, clinic.rooms[0].pk, clinic.doctor.pk)]
        runs.append(walk.laid_out(clinic.desk, order, slots))
    shut(2, 3)
    shut(4, 60)
    PossibleTimes.objects.create(patient=runs[1].patient, until_time=time(10))
    clinic.away(1, who=clinic.other)
    return runs


def test_two_who_want_the_same_place_are_both_placed(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    """One after the other, the first takes nine o'clock, and nothing is left for the second."""
    runs = hit_both(clinic)
    leave = clinic.away(1)
    with monkeypatch.context() as patch:
        patch.setattr(services, "together", lambda work, plans: {})
        assert [bool(one.stuck) for one in clinic.propose_leave(leave).patients] == [False, True]
    plan = clinic.propose_leave(leave)
    assert not any(one.stuck for one in plan.patients)
    repair.save(by=clinic.desk, plan=plan)
    assert [places(run) for run in runs] == [["Thu 07 11 b"], ["Thu 07 09 b"]]


def test_where_no_search_helps_what_was_found_stands(clinic: Clinic) -> None:
    runs = hit_both(clinic)
    PossibleTimes.objects.create(patient=runs[0].patient, until_time=time(10))
    plan = clinic.propose_leave(clinic.away(1))
    assert [bool(one.stuck) for one in plan.patients] == [False, True]
    repair.save(by=clinic.desk, plan=plan)
    assert [places(run) for run in runs] == [["Thu 07 09 b"], ["Tue 05 11 b"]]
