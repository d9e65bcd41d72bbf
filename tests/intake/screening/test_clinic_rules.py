"""The clinic's own rules: proposed by a manager, signed by a prescriber, in effect from a moment, and never half."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from intake.domain import library
from intake.models import RulesRevision, Screening
from intake.queries.rules import policy_now, policy_of
from intake.services import rules
from intake.services.guards import WrongPassword
from intake.services.screening import learn
from intake.services.screening_sweep import rescreen_under_new_rules
from pacificmind.accounts.models import Clinician, User
from pacificmind.audit.models import Entry
from pacificmind.clock import now, today
from pacificmind.tasks.models import Kind, Task
from tests import cast, history
from tests.intake.review.people import answered, sign

pytestmark = pytest.mark.django_db(transaction=True)
SHIPPED = library.policy().version


@pytest.fixture
def manager() -> User:
    return cast.manager()


@pytest.fixture
def doctor() -> Clinician:
    return cast.prescriber()


def propose(by: User, **asked: Any) -> RulesRevision:
    values: dict[str, Any] = {"thresholds": {}, "off": [], "reasons": {}, "why": "Our protocol of November.", **asked}
    return rules.propose(by=by, **values)


def in_force(by: User, doctor: Clinician, **asked: Any) -> RulesRevision:
    return rules.sign(by=doctor.user, revision=propose(by, **asked), password=cast.PASSWORD)


def test_a_proposal_changes_nothing_until_a_prescriber_signs_it(manager: User, doctor: Clinician) -> None:
    made = propose(manager, thresholds={"pcl5_positive": 31}, off=["D32"], reasons={"D61": "Our leaflet."})
    assert policy_now().version == SHIPPED
    assert Task.objects.filter(kind=Kind.RULES_TO_SIGN, queue="prescribers", done_at__isnull=True).count() == 1
    rules.sign(by=doctor.user, revision=made, password=cast.PASSWORD)
    ours = policy_now()
    assert ours.version == f"{SHIPPED}+clinic.1"
    assert (ours.thresholds.pcl5_positive, ours.rules["D32"].on, ours.rules["D61"].reason) == (
        31,
        False,
        "Our leaflet.",
    )
    assert not Task.objects.filter(kind=Kind.RULES_TO_SIGN, done_at__isnull=True).exists()
    signed = Entry.objects.get(what="sign-rules")
    assert (signed.action, signed.actor_id) == ("sign", doctor.user.pk)


def test_it_holds_from_its_day_and_a_later_one_takes_its_place(manager: User, doctor: Clinician) -> None:
    in_force(manager, doctor, thresholds={"pcl5_positive": 31})
    later = in_force(manager, doctor, thresholds={"bmi_high": 32}, from_on=today(cast.ZONE) + timedelta(days=3))
    assert policy_now().version == f"{SHIPPED}+clinic.1"
    history.rewrite(
        RulesRevision.objects.filter(pk=later.pk),
        signed_at=now() - timedelta(days=4),
        effective_at=now() - timedelta(minutes=1),
    )
    ours = policy_now()
    assert ours.version == f"{SHIPPED}+clinic.2"
    assert (ours.thresholds.pcl5_positive, ours.thresholds.bmi_high) == (33, 32)


def test_what_equals_the_shipped_rules_is_not_stored_as_a_change(manager: User) -> None:
    made = propose(manager, thresholds={"pcl5_positive": 33, "bmi_high": 32}, reasons={"D32": "Daily cannabis."})
    assert (made.thresholds, made.reasons) == ({"bmi_high": 32}, {})


@pytest.mark.parametrize(
    "asked",
    [
        {"off": ["D01"]},
        {"off": ["D87"]},
        {"off": ["D54"]},
        {"thresholds": {"phq9_item9": 2}},
        {"thresholds": {"pcl5_positive": 60}},
        {"thresholds": {"nonsense": 3}},
        {"reasons": {"D61": "x" * 500}},
        {"reasons": {"D61": "Above {nothing}."}},
        {"reasons": {"D99": "Words."}},
        {"why": "  "},
    ],
)
def test_the_safety_pathway_and_nonsense_are_refused_and_nothing_is_kept(manager: User, asked: dict[str, Any]) -> None:
    with pytest.raises(rules.RulesRefused):
        propose(manager, **asked)
    assert not RulesRevision.objects.exists()


def test_only_a_manager_proposes_and_only_a_prescriber_signs(manager: User, doctor: Clinician) -> None:
    for other in (doctor.user, cast.receptionist(), cast.clinician().user):
        with pytest.raises(PermissionDenied):
            propose(other)
    made = propose(manager, off=["D32"])
    for other in (manager, cast.clinician().user, cast.receptionist()):
        with pytest.raises(PermissionDenied):
            rules.sign(by=other, revision=made, password=cast.PASSWORD)
    with pytest.raises(PermissionDenied):
        rules.drop(by=doctor.user, revision=made)
    with pytest.raises(WrongPassword):
        rules.sign(by=doctor.user, revision=made, password="not it")
    assert policy_now().version == SHIPPED


def test_one_proposal_at_a_time_and_what_is_settled_stays(manager: User, doctor: Clinician) -> None:
    first = propose(manager, off=["D32"])
    with pytest.raises(rules.RulesRefused, match="open already"):
        propose(manager, off=["D24"])
    rules.drop(by=manager, revision=first)
    second = in_force(manager, doctor, off=["D24"])
    assert second.number == 2
    for row in (first, second):
        with pytest.raises(rules.RulesRefused, match="already"):
            rules.drop(by=manager, revision=row)
        with pytest.raises(rules.RulesRefused, match="already"):
            rules.sign(by=doctor.user, revision=row, password=cast.PASSWORD)


def test_the_database_keeps_the_order_of_signing_and_taking_effect(manager: User, doctor: Clinician) -> None:
    made = propose(manager, off=["D32"])
    for wrong in (
        {"signed_at": now(), "signed_by": doctor.user, "effective_at": now() - timedelta(days=1)},
        {"signed_at": now()},
        {"dropped_at": now()},
        {"why": ""},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            RulesRevision.objects.filter(pk=made.pk).update(**wrong)


def test_changes_that_no_longer_fit_are_not_half_applied(manager: User, doctor: Clinician) -> None:
    made = in_force(manager, doctor, off=["D32"])
    made.thresholds = {"gone_since": 3}
    assert policy_of(made) is library.policy()


def test_patients_are_screened_again_under_the_new_rules_and_old_runs_say_which(
    manager: User, doctor: Clinician
) -> None:
    who = cast.patient()
    intake = answered(who, {"drugs.cannabis": "yes", "body.systolic": 150, "body.diastolic": 85})
    closed = answered(cast.patient(status="closed", closed_why="moved"), {"drugs.cannabis": "yes"})
    sign(doctor, intake)
    assert rescreen_under_new_rules() == 0
    in_force(manager, doctor, off=["D32"], thresholds={"bp_hold_systolic": 120, "bp_stop_systolic": 145})
    assert rescreen_under_new_rules() == 1
    assert rescreen_under_new_rules() == 0
    found = set(intake.findings.values_list("rule", flat=True))
    assert "D35" in found
    assert "D32" not in found
    new, old = intake.screenings.all()
    assert (new.cause, new.ruleset, old.ruleset) == ("rules", f"{SHIPPED}+clinic.1", SHIPPED)
    assert old.findings.filter(rule="D32").exists()
    assert closed.screenings.count() == 1
    assert list(Task.objects.filter(patient_id=who.pk, done_at__isnull=True).values_list("kind", flat=True)) == [
        Kind.CLEARANCE_LAPSED
    ]


def test_only_the_newest_version_of_an_intake_is_screened_again(manager: User, doctor: Clinician) -> None:
    who = cast.patient()
    older, newer = answered(who, {}), answered(who, {}, number=2)
    in_force(manager, doctor, off=["D32"])
    assert rescreen_under_new_rules() == 1
    assert (older.screenings.count(), newer.screenings.count()) == (1, 2)


def test_every_run_names_the_clinics_revision(manager: User, doctor: Clinician) -> None:
    in_force(manager, doctor, off=["D32"])
    who = cast.patient()
    intake = answered(who, {})
    run = learn(patient=who, facts={"cannabis_daily": True}, cause=Screening.Cause.RESULTS, by=None)
    assert run is not None
    assert run.ruleset == f"{SHIPPED}+clinic.1"
    assert not intake.findings.filter(rule="D32").exists()


def test_the_weeks_of_an_adequate_trial_are_the_clinics(manager: User, doctor: Clinician) -> None:
    row = {"drug": "Zoloft", "mg": 200.0, "weeks": 5, "episode": "yes", "adherent": "yes", "outcome": "none"}
    values = {"trials.any": "yes", "trial.aaaaaaaa": row, "trial.bbbbbbbb": {**row, "drug": "bupropion", "mg": 300.0}}
    intake = answered(cast.patient(), values)
    assert intake.findings.filter(rule="D65").exists()
    in_force(manager, doctor, thresholds={"trial_min_weeks": 4})
    rescreen_under_new_rules()
    assert not intake.findings.filter(rule="D65").exists()


def test_the_clinics_least_doses_hold_from_the_signature_and_each_run_names_its_version(
    manager: User, doctor: Clinician
) -> None:
    row = {"drug": "venlafaxine", "mg": 75, "weeks": 8, "episode": "yes", "adherent": "yes", "outcome": "none"}
    intake = answered(cast.patient(), {"trials.any": "yes", "trial.aaaaaaaa": row})
    first = Screening.objects.get(intake=intake)
    assert first.facts["adequate_trials"] == 1
    made = propose(manager, doses={"Venlafaxine": 150, "sertraline": 50})
    assert made.doses == {"venlafaxine": 150}, "as shipped is left out"
    assert policy_now().doses == {}
    rules.sign(by=doctor.user, revision=made, password=cast.PASSWORD)
    rescreen_under_new_rules()
    run = Screening.objects.get(intake=intake, current=True)
    assert (run.facts["adequate_trials"], run.ruleset) == (0, f"{SHIPPED}+clinic.1")
    first.refresh_from_db()
    assert (first.facts["adequate_trials"], first.ruleset) == (1, SHIPPED)


@pytest.mark.parametrize("doses", [{"aspirin": 100}, {"sertraline": 5}, {"sertraline": 5_000}])
def test_a_least_dose_that_cannot_be_is_not_proposed(manager: User, doses: dict[str, float]) -> None:
    with pytest.raises(rules.RulesRefused):
        propose(manager, doses=doses)
    assert not RulesRevision.objects.exists()
