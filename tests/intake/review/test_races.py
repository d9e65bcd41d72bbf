"""Two at once, on real connections: decisions come one after the other, an alert is taken by one."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from django.db import connections, transaction

from intake.domain.decisions import BoosterAsked, DecisionRefused, Stale
from intake.models import BoosterOrder, Clearance, Patient, SafetyAlert, Screening
from intake.services import clearance as services
from intake.services.alerts import acknowledge
from intake.services.guards import lock_patient
from intake.services.screening import learn
from pacificmind.audit.models import Action, Entry
from tests import cast
from tests.intake.review import people

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 5


def together(*acts: Callable[[], Any]) -> list[Any]:
    """Run them at the same moment, each on its own connection; what each gave back or raised."""
    start = Barrier(len(acts))

    def one(act: Callable[[], Any]) -> Any:
        try:
            start.wait(10)
            return act()
        except (DecisionRefused, Stale) as refusal:
            return refusal
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(one, acts))


def test_two_who_sign_at_once_leave_one_decision_each_and_one_booster_order() -> None:
    first, second = cast.prescriber(), cast.prescriber()
    for _ in range(ROUNDS):
        intake = people.answered(cast.patient())
        plan = BoosterAsked(until_on=people.until())
        results = together(*(partial(people.sign, by, intake, booster=plan) for by in (first, second)))
        assert all(isinstance(result, Clearance) for result in results)
        running = BoosterOrder.objects.filter(patient=intake.patient, status="waiting")
        newest = Clearance.objects.filter(patient=intake.patient).order_by("-signed_at").first()
        assert running.get().clearance == newest
        assert Entry.objects.filter(action=Action.SIGN, patient_id=intake.patient_id).count() == 2


def test_of_two_who_saw_no_decision_one_signs_and_the_other_reads_first() -> None:
    first, second = cast.prescriber(), cast.prescriber()
    for _ in range(ROUNDS):
        intake = people.answered(cast.patient())
        results = together(*(partial(people.sign, by, intake, seen="none") for by in (first, second)))
        assert sum(isinstance(result, Clearance) for result in results) == 1
        assert sum(isinstance(result, DecisionRefused) for result in results) == 1
        assert Clearance.objects.filter(patient=intake.patient).count() == 1


def test_without_the_lock_both_would_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: the test above can fail."""
    meet = Barrier(2)

    def unlocked(patient_id: Any) -> Any:
        return Patient.objects.select_related("site").get(pk=patient_id)

    standing = services._standing

    def read_together(*known: Any) -> Any:
        found = standing(*known)
        meet.wait(10)
        return found

    monkeypatch.setattr(services, "lock_patient", unlocked)
    monkeypatch.setattr(services, "_lock_versions", lambda patient: None)
    monkeypatch.setattr(services, "_standing", read_together)
    first, second = cast.prescriber(), cast.prescriber()
    intake = people.answered(cast.patient())
    together(*(partial(people.sign, by, intake, seen="none") for by in (first, second)))
    assert Clearance.objects.filter(patient=intake.patient).count() == 2


def test_an_alert_is_taken_by_one_of_five() -> None:
    clinicians = [cast.clinician().user for _ in range(5)]
    for _ in range(ROUNDS):
        alert = people.alert(cast.patient())
        results = together(*(partial(acknowledge, by=by, alert=alert) for by in clinicians))
        assert sum(result is None for result in results) == 1
        assert sum(isinstance(result, Stale) for result in results) == 4
        owner = SafetyAlert.objects.get(pk=alert.pk).owner
        assert owner == clinicians[results.index(None)]


def test_an_alert_is_raised_while_a_decision_holds_the_patient() -> None:
    """Raising a safety alert never waits for the lock of a decision or a booking."""
    who = cast.patient()

    def raise_meanwhile() -> None:
        people.alert(who)

    with transaction.atomic():
        lock_patient(who.pk)
        [result] = together(raise_meanwhile)
    assert result is None
    assert SafetyAlert.objects.filter(patient=who).exists()


def test_a_patient_who_is_locked_too_long_is_said_kindly(settings: Any) -> None:
    settings.LOCK_TIMEOUT = timedelta(seconds=1)
    doctor, intake = cast.prescriber(), people.answered(cast.patient())
    with transaction.atomic():
        lock_patient(intake.patient_id)
        [result] = together(lambda: people.sign(doctor, intake))
    assert isinstance(result, Stale)
    assert "send it once more" in str(result)


def test_a_decision_waits_for_a_run_of_the_rules_and_sees_what_it_found(settings: Any) -> None:
    """Otherwise neither knew of the other: the run found no decision to lapse, the signer not what it found."""
    settings.LOCK_TIMEOUT = timedelta(seconds=1)
    doctor, intake = cast.prescriber(), people.answered(cast.patient())
    with transaction.atomic():
        learn(patient=intake.patient, facts={"pregnant": "yes"}, cause=Screening.Cause.RESULTS, by=None)
        [result] = together(lambda: people.sign(doctor, intake))
    assert isinstance(result, Stale)
    [result] = together(lambda: people.sign(doctor, intake))
    assert isinstance(result, DecisionRefused)
