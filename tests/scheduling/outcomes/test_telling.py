"""What happens at the door and in a series reaches the screening rules: D67, D79, D85, D86."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from intake.models import Answer, Intake, Screening
from intake.services.questionnaires import record_questionnaire
from intake.services.screening import rescreen, screen_intake
from scheduling.models import Series
from scheduling.services import door
from tests import cast, history
from tests.scheduling.outcomes.test_outcomes import MONDAY, a_series
from tests.scheduling.series import walk

pytestmark = pytest.mark.django_db
SEVENTEEN = [2, 2, 2, 2, 2, 2, 2, 3, 0]


@pytest.fixture
def doctor() -> Any:
    cast.visit_types()
    cast.room(name="Room A")
    return cast.prescriber(name="Dr. Cho")


@pytest.fixture
def desk(doctor: Any) -> Any:
    return cast.receptionist()


@pytest.fixture
def series(doctor: Any, desk: Any) -> Series:
    """A series of somebody whose intake had a PHQ-9 of 17."""
    made = a_series(doctor, desk)
    with time_machine.travel(walk.at(MONDAY - timedelta(days=6), 6), tick=False):
        intake = intake_of(made)
        with history.rewriting(Answer):
            Answer.objects.bulk_create(
                Answer(intake=intake, section="mood", item=f"phq9.{n}", value=value)
                for n, value in enumerate(SEVENTEEN, 1)
            )
        screen_intake(intake, cause=Screening.Cause.INTAKE)
    return made


def intake_of(series: Series) -> Intake:
    return Intake.objects.get(patient=series.patient)


def give_next(series: Series, desk: Any, doctor: Any) -> None:
    visit = next(visit for visit in walk.visits(series) if visit.status == "booked")
    walk.give(visit, desk=desk, doctor=doctor)


def rules(series: Series) -> set[str]:
    return set(intake_of(series).findings.values_list("rule", flat=True))


def answer(series: Series, doctor: Any, items: list[int], day: int) -> None:
    with time_machine.travel(walk.at(MONDAY + timedelta(days=day), 16), tick=False):
        record_questionnaire(by=doctor.user, patient=series.patient, items=items)


def test_little_gain_and_worsening_speak_of_the_answers_after_the_infusion(
    series: Series, doctor: Any, desk: Any
) -> None:
    give_next(series, desk, doctor)
    give_next(series, desk, doctor)
    answer(series, doctor, [1, 1, 1, 1, 1, 1, 1, 1, 0], day=3)  # 8: the gain is large, before infusion 3
    give_next(series, desk, doctor)
    assert not rules(series) & {"D85", "D86"}
    answer(series, doctor, [2, 2, 2, 2, 2, 2, 1, 1, 0], day=5)  # 14 after infusion 3: 17.6 % of 17, and 6 worse
    assert rules(series) >= {"D85", "D86"}
    found = intake_of(series).findings.get(rule="D85")
    assert found.because == ["infusions_given=3", "phq9_baseline=17", "phq9_score=14"]
    answer(series, doctor, [1, 1, 1, 1, 1, 1, 1, 1, 0], day=6)
    assert not rules(series) & {"D85", "D86"}


def test_who_did_not_fast_and_whom_nobody_fetches_is_a_finding_of_that_day(
    series: Series, doctor: Any, desk: Any
) -> None:
    visit = walk.visits(series)[0]
    with time_machine.travel(visit.starts_at, tick=False):
        visit = door.arrive(by=desk, visit_id=visit.pk, version=visit.version)
        door.check_in(by=desk, visit_id=visit.pk, version=visit.version, escort_name="Luis", fasted="no")
        assert "D79" in rules(series)
        assert "D67" not in rules(series)
    with time_machine.travel(visit.starts_at + timedelta(days=1), tick=False):
        rescreen(patient=series.patient, cause=Screening.Cause.RESULTS)
        assert "D79" not in rules(series)
