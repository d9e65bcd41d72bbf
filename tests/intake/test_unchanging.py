"""What was signed, found or ordered is never changed, whoever asks; what was ended or withdrawn stays so."""

import importlib
import threading
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.migrations import RunSQL
from django.db.models import Model, QuerySet

from intake.domain.decisions import BoosterAsked, ConditionAsked
from intake.models import (
    Answer,
    BoosterOrder,
    Clearance,
    Condition,
    Consent,
    Finding,
    Intake,
    Lapse,
    LaterFact,
    Override,
    PatientQuestion,
    Questionnaire,
    Reevaluation,
    RulesRevision,
    SafetyAlert,
    Screening,
    SeriesOrder,
    VitalSigns,
)
from intake.services.alerts import acknowledge, give_back
from pacificmind.accounts.models import Clinician
from pacificmind.clock import now
from tests import cast, database, history
from tests.intake.review import people

pytestmark = pytest.mark.django_db
MIGRATIONS = [
    importlib.import_module(f"intake.migrations.{name}").Migration
    for name in (
        "0014_signed_rows_stay",
        "0015_condition_met_with_result",
        "0018_sent_answers_stay",
        "0019_sent_answers_complete",
    )
]
LATER = timedelta(hours=1)


@pytest.fixture
def doctor() -> Clinician:
    return cast.prescriber()


@pytest.fixture
def signed(doctor: Clinician) -> Clearance:
    """A conditional clearance in spite of a contraindication, with its orders, and everything that hangs on it."""
    intake = people.answered(cast.patient())
    people.contraindicated(intake)
    made = people.sign(
        doctor,
        intake,
        decision="cleared_with_conditions",
        conditions=[ConditionAsked("ecg")],
        overrides={"D38": "Seen by vascular surgery."},
        booster=BoosterAsked(until_on=people.until(), after_days=21),
    )
    Reevaluation.objects.create(order=BoosterOrder.objects.get(), by=doctor.user, supports_booster=True)
    LaterFact.objects.create(patient=made.patient, name="pregnant", value="no", cause="results")
    Lapse.objects.create(clearance=made, why="changed", rules=["D19"])
    return made


CHANGES: list[tuple[type[Model], dict[str, Any]]] = [
    (Clearance, {"decision": "cleared"}),
    (Clearance, {"until_on": None}),
    (Clearance, {"note": "other words"}),
    (Clearance, {"signed_with": "nothing"}),
    (Clearance.sites.through, {"site_id": "lb"}),
    (Condition, {"kind": "bp_log"}),
    (Override, {"reason": "other words"}),
    (Override, {"rule": "D39"}),
    (SeriesOrder, {"infusions": 8}),
    (BoosterOrder, {"count": 8}),
    (Reevaluation, {"supports_booster": False}),
    (Screening, {"facts": {"pregnant": "no"}}),
    (Screening, {"ruleset": "another"}),
    (Finding, {"flag": "INFO"}),
    (Finding, {"reason": "other words"}),
    (LaterFact, {"value": "yes"}),
    (Lapse, {"clearance_id": None}),
]


@pytest.mark.parametrize(("model", "change"), CHANGES, ids=lambda one: getattr(one, "__name__", str(one)))
def test_the_database_refuses_to_change_or_remove_it(
    signed: Clearance, model: type[Model], change: dict[str, Any]
) -> None:
    rows: QuerySet[Any] = model._default_manager.all()
    assert rows.exists()
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        rows.update(**change)
    with pytest.raises(IntegrityError, match="never removed"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {model._meta.db_table}")


def test_what_may_be_added_is_added_once(signed: Clearance, doctor: Clinician) -> None:
    other = cast.user()
    ended: dict[str, Any] = {"withdrawn_at": now(), "withdrawn_by": doctor.user, "withdrawn_why": "Blood pressure"}
    settled: dict[str, Any] = {"settled_at": now(), "settled_by": doctor.user, "settled_why": "Fine."}
    readings = VitalSigns.objects.create(
        patient=signed.patient,
        site=cast.site(),
        visit_id=uuid.uuid4(),
        phase="before",
        systolic=120,
        diastolic=80,
        entered_by=doctor.user,
        band="ok",
    )
    void: dict[str, Any] = {"void_at": now(), "void_by": doctor.user, "void_why": "Another patient's."}
    cast.consented(signed.patient)
    question = PatientQuestion.objects.create(
        patient=signed.patient, intake=signed.intake, text="Since when?", asked_by=doctor.user
    )
    answer: dict[str, Any] = {"answer": "Since May.", "answered_at": now()}
    found: list[tuple[QuerySet[Any], dict[str, Any], dict[str, Any]]] = [
        (Clearance.objects.all(), ended, {"withdrawn_at": None, "withdrawn_by": None, "withdrawn_why": ""}),
        (Consent.objects.all(), ended, {"withdrawn_at": None, "withdrawn_by": None, "withdrawn_why": ""}),
        (VitalSigns.objects.filter(pk=readings.pk), void, {"void_at": None, "void_by": None, "void_why": ""}),
        (PatientQuestion.objects.filter(pk=question.pk), answer, {"answer": "", "answered_at": None}),
        (Lapse.objects.all(), settled, {"settled_at": None, "settled_by": None, "settled_why": ""}),
    ]
    for rows, once, cleared in found:
        assert rows.update(**once) == 1
        at = next(name for name in once if name.endswith("_at"))
        who = {name: other for name in once if name.endswith("_by")}
        for change in (cleared, {at: now() + LATER}, who):
            if not change:
                continue
            with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
                rows.update(**change)
        assert rows.update(**once) == 1  # the same again changes nothing


def test_a_run_is_followed_and_never_becomes_the_current_one_again(signed: Clearance) -> None:
    runs = Screening.objects.filter(intake=signed.intake)
    assert runs.update(current=False) == 1
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        runs.update(current=True)


def test_an_open_lapse_may_rise_and_a_settled_one_stays(signed: Clearance, doctor: Clinician) -> None:
    rows = Lapse.objects.all()
    assert rows.update(why="contraindication", rules=["D19", "D38"], at=now()) == 1
    assert rows.update(settled_at=now(), settled_by=doctor.user, settled_why="Decided anew.") == 1
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        rows.update(rules=["D19"])


def test_signed_rules_stay_as_they_were_signed(doctor: Clinician) -> None:
    made = RulesRevision.objects.create(number=1, base="1", why="x", made_by=cast.manager(), effective_at=now())
    rows = RulesRevision.objects.filter(pk=made.pk)
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        rows.update(thresholds={"bmi_high": 40})
    assert rows.update(signed_at=now(), signed_by=doctor.user, effective_at=now() + LATER) == 1
    for change in ({"effective_at": now() + 2 * LATER}, {"signed_by": None, "signed_at": None}):
        with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
            rows.update(**change)


def test_a_condition_is_met_and_open_again(signed: Clearance, doctor: Clinician) -> None:
    rows = Condition.objects.all()
    assert rows.update(met_at=now(), met_by=doctor.user) == 1
    assert rows.update(met_at=None, met_by=None) == 1


def test_answers_can_be_changed_until_they_are_sent_and_never_after(doctor: Clinician) -> None:
    who = cast.patient()
    intake = people.answered(who, {"phq9.1": 1}, sent=False)
    rows = Answer.objects.filter(intake=intake)
    assert rows.update(value=2) == 1
    assert Intake.objects.filter(pk=intake.pk).update(submitted_at=now()) == 1
    for change in ({"value": 0}, {"status": "declined", "value": None}, {"intake_id": None}):
        with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
            rows.update(**change)
    for again in (
        {"submitted_at": None},
        {"submitted_at": now() + LATER},
        {"ruleset": "2"},
        {"patient": cast.patient()},
    ):
        with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
            Intake.objects.filter(pk=intake.pk).update(**again)
    with pytest.raises(IntegrityError, match="never removed"), transaction.atomic():
        rows.delete()
    more = Answer(intake=intake, section="mood", item="phq9.2", value=3)
    with pytest.raises(IntegrityError, match="never added"), transaction.atomic():
        Answer.objects.bulk_create([more])
    assert rows.get().value == 2
    with history.rewriting(Answer):  # the guard alone refuses it
        more.save()
    assert rows.count() == 2


@pytest.mark.django_db(transaction=True)
def test_an_answer_that_comes_while_the_intake_is_sent_waits_and_is_refused() -> None:
    intake = people.answered(cast.patient(), {"phq9.1": 1}, sent=False)
    refused: list[str] = []

    def add() -> None:
        try:
            Answer.objects.create(intake=intake, section="mood", item="phq9.2", value=3)
        except IntegrityError as error:
            refused.append(str(error))
        finally:
            connection.close()

    with transaction.atomic():
        Intake.objects.filter(pk=intake.pk).update(submitted_at=now())
        late = threading.Thread(target=add)
        late.start()
        late.join(0.3)
        assert late.is_alive(), "it waits for what is being sent"
    late.join()
    assert "never added" in refused[0]
    assert Answer.objects.count() == 1


def test_an_alerts_round_is_found_again_when_its_migration_is_taken_back_and_made_again(doctor: Clinician) -> None:
    other = cast.prescriber()
    alert = people.alert(cast.patient())
    acknowledge(by=doctor.user, alert=alert)
    give_back(by=doctor.user, alert=alert, why="Shift ends")
    acknowledge(by=doctor.user, alert=alert)
    give_back(by=doctor.user, alert=alert, why="Yours", to_id=other.user_id)
    alert.refresh_from_db()
    before = alert.round
    assert before == 2
    rounds = importlib.import_module("intake.migrations.0012_alerts_given_back").ROUNDS
    with history.rewriting(SafetyAlert), connection.cursor() as cursor:
        cursor.execute("UPDATE intake_safetyalert SET round = 0")  # the column is new again
        cursor.execute(rounds)
    alert.refresh_from_db()
    assert alert.round == before


def test_a_questionnaire_is_amended_by_another_and_never_changed(doctor: Clinician) -> None:
    made = Questionnaire.objects.create(patient=cast.patient(), instrument="PHQ-9", version="1", items=[1] * 9)
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        Questionnaire.objects.filter(pk=made.pk).update(items=[0] * 9)


@pytest.mark.django_db(transaction=True)
def test_the_guards_go_and_come_back_on_a_populated_database(signed: Clearance) -> None:
    """The migration backwards and forwards again, as the owner, with rows in every table."""

    def run(sqls: list[Any]) -> None:
        with database.as_owner() as cursor:
            for sql in sqls:
                cursor.execute(sql)

    def changed(change: Callable[[], object]) -> None:
        with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
            change()

    operations = [one for made in MIGRATIONS for one in made.operations if isinstance(one, RunSQL)]
    run([operation.reverse_sql for operation in reversed(operations)])
    assert Override.objects.update(reason="other words") == 1
    cast.consented(signed.patient)
    assert Consent.objects.update(withdrawn_at=now(), withdrawn_by=signed.signed_by) == 1
    assert Consent.objects.update(withdrawn_at=None, withdrawn_by=None) == 1  # as it was before
    changed(lambda: Consent.objects.update(typed_name="Somebody Else"))
    run([operation.sql for operation in operations])
    changed(lambda: Override.objects.update(reason="more words"))
    assert Consent.objects.update(withdrawn_at=now(), withdrawn_by=signed.signed_by) == 1
    changed(lambda: Consent.objects.update(withdrawn_at=None, withdrawn_by=None))
