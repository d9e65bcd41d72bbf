"""Signing, withdrawing, conditions and re-evaluations as services: who may, what is refused, what is written."""

import uuid

import pytest
from django.core.exceptions import PermissionDenied

from intake.domain.decisions import BoosterAsked, ConditionAsked, DecisionRefused, SeriesOrderAsked, Stale
from intake.models import BoosterOrder, Clearance, Intake
from intake.queries.standing import clearance_in_force, conditions_open
from intake.services.clearance import record_reevaluation, withdraw_clearance
from intake.services.conditions import mark_condition_met
from intake.services.guards import WrongPassword, confirm_signature
from pacificmind.accounts.models import Clinician
from pacificmind.audit.models import Action, Entry
from pacificmind.clock import now
from pacificmind.messaging.models import Message
from pacificmind.tasks.models import Kind, Queue, Task
from pacificmind.tasks.services import open_task
from tests import cast
from tests.intake.review import people

pytestmark = pytest.mark.django_db


@pytest.fixture
def doctor() -> Clinician:
    return cast.prescriber()


@pytest.fixture
def intake() -> Intake:
    return people.answered(cast.patient())


def booster(days: int = 180) -> BoosterAsked:
    return BoosterAsked(until_on=people.until(days))


def test_a_clearance_is_written_whole(doctor: Clinician, intake: Intake) -> None:
    people.contraindicated(intake)
    open_task(
        Kind.INTAKE_REVIEW, subject_type="intake.intake", subject_id=intake.pk, queue=Queue.PRESCRIBERS, due_at=now()
    )
    signed = people.sign(
        doctor,
        intake,
        decision="cleared_with_conditions",
        conditions=[ConditionAsked("ecg"), ConditionAsked("other", "Letter from the therapist")],
        overrides={"D38": "Imaging of last week shows none."},
        order=SeriesOrderAsked(8, 3),
        booster=booster(),
        sites=["la", cast.other_site().slug],
        note="For clinicians.",
        words="Good news.",
    )
    day = people.until(0)
    assert clearance_in_force(intake.patient_id, on=day, site_id="lb", kind="booster") == signed
    assert clearance_in_force(intake.patient_id, on=people.until(180), site_id="la", kind="infusion") == signed
    assert clearance_in_force(intake.patient_id, on=people.until(181), site_id="la", kind="infusion") is None
    assert conditions_open(signed)
    assert [str(row) for row in signed.conditions.order_by("id")] == ["ECG seen", "Letter from the therapist"]
    assert signed.overrides.get().reason == "Imaging of last week shows none."
    assert (signed.series_order.infusions, signed.series_order.per_week) == (8, 3)
    assert BoosterOrder.objects.get(clearance=signed).status == BoosterOrder.Status.WAITING
    assert Task.objects.get(subject_id=intake.pk).outcome == "cleared_with_conditions"
    entry = Entry.objects.get(action=Action.SIGN)
    assert (entry.actor_id, entry.patient_id, entry.subject_id) == (doctor.user.pk, intake.patient_id, str(signed.pk))
    assert "Imaging" not in str(entry.changes), "the record holds names, no reasons"
    message = Message.objects.get()
    assert (message.purpose, message.recipient_id, message.channel) == ("decision-ready", intake.patient_id, "email")


def test_nothing_of_a_clearance_is_written_with_another_decision(doctor: Clinician, intake: Intake) -> None:
    signed = people.sign(doctor, intake, decision="more_information", words="Please send the ECG.", booster=booster())
    assert (signed.until_on, signed.visit_kinds, signed.sites.count()) == (None, [], 0)
    assert not hasattr(signed, "series_order")
    assert not BoosterOrder.objects.exists()


def test_only_a_prescriber_of_the_patients_site_signs(intake: Intake) -> None:
    strangers = [
        cast.clinician().user,
        cast.prescriber(cast.other_site()).user,
        cast.receptionist(),
        cast.manager(),
        cast.user("patient"),
    ]
    for stranger in strangers:
        with pytest.raises(PermissionDenied):
            people.sign(cast.prescriber(), intake, by=stranger)
    assert not Clearance.objects.exists()


def test_a_newer_version_has_to_be_read_first(doctor: Clinician, intake: Intake) -> None:
    people.answered(intake.patient, number=2)
    with pytest.raises(DecisionRefused, match="A newer version of this intake has come in; read it first"):
        people.sign(doctor, intake)


def test_a_version_still_being_answered_does_not_stop_a_decision(doctor: Clinician, intake: Intake) -> None:
    people.answered(intake.patient, number=2, sent=False)
    assert people.sign(doctor, intake).pk


def test_an_open_version_cannot_be_decided_on(doctor: Clinician) -> None:
    unsent = people.answered(cast.patient(), sent=False)
    with pytest.raises(DecisionRefused):
        people.sign(doctor, unsent)


def test_a_contraindication_without_a_reason_refuses_and_writes_nothing(doctor: Clinician, intake: Intake) -> None:
    people.contraindicated(intake)
    with pytest.raises(DecisionRefused) as refused:
        people.sign(doctor, intake)
    assert [problem.field for problem in refused.value.problems] == ["override_D38"]
    assert not Clearance.objects.exists()
    assert people.sign(doctor, intake, decision="not_cleared", words="Not now.").pk, "only clearing needs the reason"


def test_an_urgent_alert_refuses_a_clearance_until_it_is_closed(doctor: Clinician, intake: Intake) -> None:
    people.alert(intake.patient, "URGENT-1")
    people.sign(doctor, intake)
    people.alert(intake.patient, "URGENT-2")
    with pytest.raises(DecisionRefused, match="safety alert"):
        people.sign(doctor, intake)


def test_a_decision_that_was_not_on_the_page_refuses(doctor: Clinician, intake: Intake) -> None:
    first = people.sign(doctor, intake, seen="none")
    with pytest.raises(DecisionRefused, match="Another decision was signed"):
        people.sign(doctor, intake, seen="none")
    assert people.sign(doctor, intake, seen=str(first.pk)).pk


def test_the_newest_decision_governs_and_the_old_one_stays(doctor: Clinician, intake: Intake) -> None:
    first = people.sign(doctor, intake)
    people.sign(doctor, intake, decision="not_cleared", words="Not now.")
    assert clearance_in_force(intake.patient_id, on=people.until(0), site_id="la", kind="infusion") is None
    assert Clearance.objects.get(pk=first.pk).withdrawn_at is None


def test_a_site_that_does_not_exist_refuses(doctor: Clinician, intake: Intake) -> None:
    with pytest.raises(DecisionRefused, match="sites of this clinic"):
        people.sign(doctor, intake, sites=["la", "moon"])


def test_a_repeat_gives_the_first_decision_and_another_content_is_refused(doctor: Clinician, intake: Intake) -> None:
    key = uuid.uuid4()
    first = people.sign(doctor, intake, request_id=key)
    assert people.sign(doctor, intake, request_id=key) == first
    assert Clearance.objects.count() == 1
    assert Message.objects.count() == 1
    with pytest.raises(Stale):
        people.sign(doctor, intake, request_id=key, note="another")


def test_a_new_booster_plan_ends_the_one_before(doctor: Clinician, intake: Intake) -> None:
    people.sign(doctor, intake, booster=booster())
    people.sign(doctor, intake)
    assert BoosterOrder.objects.get().status == BoosterOrder.Status.WAITING, "no new plan: the old one goes on"
    people.sign(doctor, intake, booster=booster())
    assert sorted(BoosterOrder.objects.values_list("status", flat=True)) == ["closed", "waiting"]
    people.sign(doctor, intake, decision="not_cleared", words="Not now.")
    assert set(BoosterOrder.objects.values_list("status", flat=True)) == {"closed"}


def test_news_of_an_older_decision_is_taken_back(doctor: Clinician, intake: Intake) -> None:
    people.sign(doctor, intake)
    people.sign(doctor, intake)
    assert list(Message.objects.order_by("made_at").values_list("status", flat=True)) == ["void", "owed"]


def test_withdrawing_ends_it_and_nothing_older_comes_back(doctor: Clinician, intake: Intake) -> None:
    people.sign(doctor, intake)
    newest = people.sign(doctor, intake)
    withdraw_clearance(
        by=doctor.user,
        signed=cast.confirmed(doctor.user),
        clearance=newest,
        why="Blood pressure",
        request_id=uuid.uuid4(),
    )
    assert clearance_in_force(intake.patient_id, on=people.until(0), site_id="la", kind="infusion") is None
    row = Clearance.objects.get(pk=newest.pk)
    assert (row.withdrawn_by, row.withdrawn_why) == (doctor.user, "Blood pressure")
    with pytest.raises(Stale, match="withdrawn already"):
        withdraw_clearance(by=doctor.user, signed=cast.confirmed(doctor.user), clearance=newest, why="again")


def test_withdrawing_needs_a_reason_a_prescriber_and_the_newest(doctor: Clinician, intake: Intake) -> None:
    first = people.sign(doctor, intake)
    with pytest.raises(DecisionRefused):
        withdraw_clearance(by=doctor.user, signed=cast.confirmed(doctor.user), clearance=first, why="  ")
    with pytest.raises(PermissionDenied):
        withdraw_clearance(by=cast.clinician().user, clearance=first, why="because")
    people.sign(doctor, intake, decision="more_information", words="Please send the ECG.")
    with pytest.raises(Stale, match="newer decision"):
        withdraw_clearance(by=doctor.user, signed=cast.confirmed(doctor.user), clearance=first, why="because")


def test_a_condition_is_met_once_by_a_clinician_of_the_site(doctor: Clinician, intake: Intake) -> None:
    signed = people.sign(
        doctor, intake, decision="cleared_with_conditions", conditions=[ConditionAsked("ecg"), ConditionAsked("bp_log")]
    )
    condition = signed.conditions.get(kind="ecg")
    nurse = cast.clinician().user
    with pytest.raises(PermissionDenied):
        mark_condition_met(by=cast.clinician(cast.other_site()).user, condition=condition)
    mark_condition_met(by=nurse, condition=condition)
    mark_condition_met(by=doctor.user, condition=condition)
    condition.refresh_from_db()
    assert condition.met_by == nurse
    assert conditions_open(signed), "the other one is still open"
    assert Entry.objects.filter(what="mark-condition-met").count() == 1


def test_a_reevaluation_belongs_to_a_running_order(doctor: Clinician, intake: Intake) -> None:
    people.sign(doctor, intake, booster=booster())
    order = BoosterOrder.objects.get()
    key = uuid.uuid4()
    made = record_reevaluation(
        by=doctor.user,
        signed=cast.confirmed(doctor.user),
        order=order,
        supports_booster=True,
        note="Steady.",
        request_id=key,
    )
    again = record_reevaluation(
        by=doctor.user,
        signed=cast.confirmed(doctor.user),
        order=order,
        supports_booster=True,
        note="Steady.",
        request_id=key,
    )
    assert (made, order.reevaluations.count()) == (again, 1)
    with pytest.raises(PermissionDenied):
        record_reevaluation(by=cast.clinician().user, order=order, supports_booster=True, note="")
    BoosterOrder.objects.update(status="closed")
    with pytest.raises(Stale):
        record_reevaluation(
            by=doctor.user, signed=cast.confirmed(doctor.user), order=order, supports_booster=True, note=""
        )


def test_a_wrong_password_is_recorded_and_after_five_signing_rests(doctor: Clinician, intake: Intake) -> None:
    patient = intake.patient_id
    confirm_signature(by=doctor.user, password=cast.PASSWORD, patient_id=patient)
    for _ in range(5):
        with pytest.raises(WrongPassword, match="not your password"):
            confirm_signature(by=doctor.user, password="wrong", patient_id=patient)
    assert Entry.objects.filter(action=Action.REFUSED, actor_id=doctor.user.pk, patient_id=patient).count() == 5
    with pytest.raises(WrongPassword, match="too often"):
        confirm_signature(by=doctor.user, password=cast.PASSWORD, patient_id=patient)
    confirm_signature(by=cast.prescriber().user, password=cast.PASSWORD, patient_id=patient)
