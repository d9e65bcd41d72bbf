"""The rules run again on every change; older runs stay with their rules' version; a new stop is put to a prescriber."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine

from intake.domain import library
from intake.domain.facts import Tri
from intake.domain.facts_json import FactError
from intake.models import AsqAnswer, AsqSitting, Finding, Inquiry, Intake, LaterFact, Patient, SafetyAlert, Screening
from intake.queries.known_facts import facts_now
from intake.services import questionnaires
from intake.services.questionnaires import record_questionnaire
from intake.services.screening import learn, rescreen, screen_intake
from intake.services.screening_sweep import rescreen_after_answers
from pacificmind.audit.models import Entry
from pacificmind.clock import now, today
from pacificmind.tasks.models import Kind, Task
from tests import cast, history
from tests.intake.review.people import answered, sign

pytestmark = pytest.mark.django_db(transaction=True)
RESULTS, CHECK_IN = Screening.Cause.RESULTS, Screening.Cause.CHECK_IN
ANSWERS: dict[str, Any] = {
    **{f"phq9.{n}": 2 for n in range(1, 9)},
    "phq9.9": 0,
    "heart.aneurysm": "no",
    "pregnancy.now": "no",
    "body.weight_lb": 150.0,
    "body.weight_when": "today",
}


def rules(intake: Intake) -> list[str]:
    return [found.rule for found in intake.findings]


def tell(who: Patient, cause: Screening.Cause = RESULTS, **facts: object) -> Screening:
    run = learn(patient=who, facts=facts, cause=cause, by=None)
    assert run is not None
    return run


def tasks() -> list[Task]:
    """Whatever is put to a prescriber."""
    kinds = (Kind.SCREENING_CHANGED, Kind.CLEARANCE_LAPSED)
    return list(Task.objects.filter(kind__in=kinds, done_at__isnull=True))


@pytest.fixture
def who() -> Patient:
    return cast.patient()


def test_a_result_raises_its_rule_and_the_run_before_is_kept_as_it_was(who: Patient) -> None:
    intake = answered(who, ANSWERS)
    first = intake.screenings.get()
    before = list(first.findings.values_list("rule", "version", "because"))
    second = tell(who, urine_tox_unexpected="yes")
    assert "D31" in rules(intake)
    assert (second.cause, second.current, second.ruleset) == ("results", True, library.policy().version)
    first.refresh_from_db()
    assert not first.current
    assert first.ruleset == library.policy().version
    assert list(first.findings.values_list("rule", "version", "because")) == before
    assert "D31" not in first.findings.values_list("rule", flat=True)


def test_the_same_facts_under_the_same_rules_make_no_new_run(who: Patient) -> None:
    intake = answered(who, ANSWERS)
    first = intake.screenings.get()
    assert rescreen(patient=who, cause=RESULTS) == first
    assert Screening.objects.count() == 1


def test_without_a_sent_intake_a_fact_is_kept_and_counts_once_it_is_sent(who: Patient) -> None:
    assert learn(patient=who, facts={"pregnant": True}, cause=RESULTS, by=None) is None
    assert "D45" in rules(answered(who, {}))


def test_the_newest_of_a_fact_counts_and_null_takes_it_back(who: Patient) -> None:
    intake = answered(who, ANSWERS)
    tell(who, pregnant="yes")
    assert "D45" in rules(intake)
    tell(who, pregnant="unknown")
    assert intake.findings.get(rule="D45").flag == "REVIEW"
    tell(who, pregnant="no")
    assert "D45" not in rules(intake)
    tell(who, bp_systolic=165, bp_diastolic=90)
    assert {"D34", "D35"} <= set(rules(intake))
    tell(who, bp_systolic=None, bp_diastolic=None)
    assert not {"D34", "D35"} & set(rules(intake))


def test_a_fact_that_is_taken_back_leaves_what_the_patient_told(who: Patient) -> None:
    intake = answered(who, {**ANSWERS, "body.systolic": 150, "body.diastolic": 80})
    tell(who, bp_systolic=120, bp_diastolic=80)
    assert "D34" not in rules(intake)
    tell(who, bp_systolic=None, bp_diastolic=None)
    assert "D34" in rules(intake)


def test_what_staff_measured_stands_over_a_newer_intake_but_a_newer_weight_is_newer(who: Patient) -> None:
    answered(who, ANSWERS)
    tell(who, pregnant="yes", weight_kg=90)
    history.rewrite(LaterFact.objects, told_at=now() - timedelta(days=20))
    newer = answered(who, ANSWERS, number=2)
    assert facts_now(newer).weight_kg == pytest.approx(68.0)
    assert {"D45"} <= set(rules(newer))
    assert "D64" not in rules(newer)


def test_a_measured_weight_grows_older(who: Patient) -> None:
    intake = answered(who, {**ANSWERS, "body.weight_when": "longer"})
    assert "D64" in rules(intake)
    tell(who, weight_kg=70)
    assert "D64" not in rules(intake)
    assert facts_now(intake, on=today(cast.ZONE) + timedelta(days=15)).weight_age_days == 15


def test_what_is_true_of_one_day_counts_through_that_day(who: Patient) -> None:
    intake = answered(who, ANSWERS)
    day = today(cast.ZONE)
    learn(patient=who, facts={"acute_illness": "yes", "fasted": "no"}, cause=CHECK_IN, by=None, until_on=day)
    assert {"D79", "D80"} <= set(rules(intake))
    assert facts_now(intake, on=day).acute_illness is not None
    assert facts_now(intake, on=day + timedelta(days=1)).acute_illness is None


def test_answers_around_a_visit_are_screened_and_those_of_the_day_end_with_it(who: Patient) -> None:
    intake = answered(who, ANSWERS)
    asked = {"patient": who, "site": who.site, "opens_at": now(), "begun_at": now() + timedelta(seconds=1)}
    Inquiry.objects.create(
        kind="before_visit",
        visit_id=uuid4(),
        token_hash="1" * 64,
        expires_at=now() + timedelta(hours=1),
        answers={"ready.ill": "yes", "ready.pregnancy": "yes"},
        **asked,
    )
    rescreen(patient=who, cause=CHECK_IN)
    assert {"D45", "D80"} <= set(rules(intake))
    Inquiry.objects.create(
        kind="check_in",
        visit_id=uuid4(),
        days_after=1,
        token_hash="2" * 64,
        expires_at=now() + timedelta(days=2),
        answers={"effects.high": None},
        **asked,
    )
    rescreen(patient=who, cause=CHECK_IN)
    assert intake.findings.get(rule="D87").flag == "REVIEW"  # declined is not no
    later = facts_now(intake, on=today(cast.ZONE) + timedelta(days=2))
    assert (later.acute_illness, later.could_be_pregnant) == (None, Tri.YES)


def test_the_sweep_screens_whom_answers_have_overtaken_and_nobody_else(who: Patient) -> None:
    intake, other = answered(who, ANSWERS), answered(cast.patient(), ANSWERS)
    assert rescreen_after_answers() == 0
    later = now() + timedelta(seconds=5)
    Inquiry.objects.create(
        patient=who,
        site=who.site,
        kind="check_in",
        visit_id=uuid4(),
        days_after=1,
        token_hash="3" * 64,
        opens_at=now(),
        begun_at=later,
        sent_at=later,
        expires_at=now() + timedelta(days=2),
        answers={"effects.high": "yes"},
    )
    with time_machine.travel(later + timedelta(seconds=30), tick=False):
        assert rescreen_after_answers() == 1
        assert rescreen_after_answers() == 0
    assert "D87" in rules(intake)
    assert other.screenings.count() == 1


def test_a_fact_of_one_day_gives_way_to_what_stood_before(who: Patient) -> None:
    intake = answered(who, {**ANSWERS, "home.escort": "no"})
    day = today(cast.ZONE)
    learn(patient=who, facts={"escort_confirmed": "yes"}, cause=CHECK_IN, by=None, until_on=day)
    assert "D67" not in rules(intake)
    told = facts_now(intake, on=day + timedelta(days=1)).escort_confirmed
    assert told is Tri.NO


def test_the_suicide_screen_of_a_sitting_is_screened_and_a_later_zero_leaves_it_to_its_alert(who: Patient) -> None:
    first = answered(who, {**ANSWERS, "phq9.9": 2}, sent=False)
    sitting = AsqSitting.objects.create(patient=who, intake=first, instrument="ASQ/en/1")
    for number, value in enumerate("NYNN", 1):
        AsqAnswer.objects.create(sitting=sitting, number=number, value=value, said_yes=value == "Y")
    Intake.objects.update(submitted_at=now())
    first.refresh_from_db()
    screen_intake(first, cause=Screening.Cause.INTAKE)
    assert {"D01", "D04"} <= set(rules(first))  # any Yes, question 5 missing
    AsqAnswer.objects.create(sitting=sitting, number=5, value="N")
    rescreen(patient=who, cause=Screening.Cause.QUESTIONNAIRE)
    assert "D03" in rules(first)
    assert "D04" not in rules(first)
    carried = answered(who, {**ANSWERS, "phq9.9": 2}, number=2)
    assert "D03" in rules(carried)
    calm = answered(who, ANSWERS, number=3)
    assert not {"D01", "D03", "D04", "D07"} & set(rules(calm))


def test_a_questionnaire_answered_later_is_screened_with_the_course_of_the_series(who: Patient) -> None:
    intake = answered(who, ANSWERS)
    doctor = cast.prescriber()
    tell(who, infusions_given=3, phq9_baseline=16, phq9_before_infusion=14)
    record_questionnaire(by=doctor.user, patient=who, items=[3, 3, 3, 3, 2, 2, 2, 1, 0])
    assert {"D85", "D86"} <= set(rules(intake))
    assert intake.screenings.get(current=True).cause == "questionnaire"
    assert intake.findings.get(rule="D86").because == ["phq9_before_infusion=14", "phq9_score=19"]


def test_rules_that_break_keep_no_answer_from_its_alert(who: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    intake = answered(who, ANSWERS)

    def broken(**_: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(questionnaires, "rescreen", broken)
        record_questionnaire(by=cast.prescriber().user, patient=who, items=[3, 3, 3, 3, 2, 2, 2, 1, 2])
    assert SafetyAlert.objects.get().value == "2"
    assert "D01" not in rules(intake)
    assert rescreen_after_answers() == 1
    assert "D01" in rules(intake)


def test_a_new_contraindication_about_a_cleared_patient_is_put_to_a_prescriber_once(who: Patient) -> None:
    doctor = cast.prescriber()
    intake = answered(who, ANSWERS)
    sign(doctor, intake)
    tell(who, glaucoma="yes")
    assert tasks() == []  # a REVIEW alone is read at the next visit
    tell(who, pregnant="yes")
    tell(who, breastfeeding="yes")
    [task] = tasks()  # one thing is asked once: what lapses a decision is no second task beside it
    assert (task.kind, task.queue, task.patient_id) == (Kind.CLEARANCE_LAPSED, "prescribers", who.pk)
    sign(doctor, intake, overrides={"D45": "test repeated", "D46": "has weaned"})
    assert tasks() == []


def test_nobody_is_asked_again_about_what_was_decided_or_about_whom_nobody_cleared(who: Patient) -> None:
    intake = answered(who, ANSWERS)
    tell(who, pregnant="yes")
    assert tasks() == []
    sign(cast.prescriber(), intake, overrides={"D45": "test repeated"})
    tell(who, glaucoma="yes")
    assert tasks() == []


def test_mania_in_a_series_stops_like_a_contraindication(who: Patient) -> None:
    sign(cast.prescriber(), answered(who, ANSWERS))
    tell(who, CHECK_IN, mania_symptoms_in_series="yes")
    assert len(tasks()) == 1


@pytest.mark.parametrize(
    "facts", [{"pregnent": "yes"}, {"bp_systolic": "high"}, {"bp_systolic": 999}, {"medicines": ["Xanax"]}]
)
def test_a_fact_that_the_table_does_not_know_is_not_kept(who: Patient, facts: dict[str, object]) -> None:
    answered(who, ANSWERS)
    with pytest.raises(FactError):
        learn(patient=who, facts={**facts, "glaucoma": "yes"}, cause=RESULTS, by=None)
    assert not LaterFact.objects.exists()
    assert Screening.objects.count() == 1


def test_runs_are_audited_without_what_they_found(who: Patient) -> None:
    doctor = cast.prescriber()
    answered(who, ANSWERS)
    learn(patient=who, facts={"pregnant": "yes"}, cause=RESULTS, by=doctor.user)
    told, screened = Entry.objects.filter(what__in=("learn-facts", "screen"), actor_id=doctor.user.pk).order_by("pk")
    assert told.changes == {"facts": ["pregnant"]}
    assert screened.changes == {"cause": "results", "ruleset": library.policy().version}
    assert "D45" not in str(screened.changes)


def test_an_older_version_keeps_its_own_findings(who: Patient) -> None:
    older = answered(who, {**ANSWERS, "heart.aneurysm": "yes"})
    newer = answered(who, ANSWERS, number=2)
    tell(who, glaucoma="yes")
    assert "D38" in rules(older)
    assert "D42" not in rules(older)
    assert "D42" in rules(newer)
    assert not Finding.objects.filter(screening__intake=newer, rule="D38").exists()
