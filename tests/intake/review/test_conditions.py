"""A result that staff enter meets the condition that asks for it; it can be opened again, and then nothing starts."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse

from intake.domain.conditions import met_by
from intake.domain.decisions import ConditionAsked
from intake.models import Clearance, Condition, Patient, StaffResult
from intake.queries.standing import conditions_open
from intake.services import conditions, measures
from pacificmind.accounts.models import Clinician
from pacificmind.audit.models import Entry
from pacificmind.clock import today
from tests import cast
from tests.intake.review import people

pytestmark = pytest.mark.django_db
NAMED = [ConditionAsked("ecg"), ConditionAsked("in_person"), ConditionAsked("pregnancy_test"), ConditionAsked("bp_log")]


@pytest.fixture
def doctor(client: Client) -> Clinician:
    made = cast.prescriber()
    client.force_login(made.user)
    return made


@pytest.fixture
def signed(doctor: Clinician) -> Clearance:
    intake = people.answered(cast.patient())
    return people.sign(doctor, intake, decision="cleared_with_conditions", conditions=NAMED)


def enter(who: Patient, by: Clinician, kind: str, result: str, *, days_ago: int = 0, **extra: Any) -> StaffResult:
    return measures.record_result(
        by=by.user,
        patient_id=who.pk,
        site_id=who.site_id,
        kind=kind,
        result=result,
        done_on=today(cast.ZONE) - timedelta(days=days_ago),
        done_by="Kim, RN",
        **extra,
    )


def met(clearance: Clearance) -> set[str]:
    return set(clearance.conditions.filter(met_at__isnull=False).values_list("kind", flat=True))


@pytest.mark.parametrize(
    ("kind", "result", "days_ago", "expected"),
    [
        ("ecg", "normal", 30, {"ecg"}),
        ("ecg", "concern", 0, set()),
        ("ecg", "unclear", 0, set()),
        ("in_person", "done", 3, {"in_person"}),
        ("pregnancy_test", "negative", 0, {"pregnancy_test"}),
        ("pregnancy_test", "negative", 1, set()),  # from before the decision: it says nothing of today
        ("pregnancy_test", "positive", 0, set()),
        ("urine_screen", "expected", 0, set()),
        ("pdmp", "normal", 0, set()),
    ],
)
def test_only_a_result_without_concern_meets_its_condition(
    signed: Clearance, doctor: Clinician, kind: str, result: str, days_ago: int, expected: set[str]
) -> None:
    row = enter(signed.patient, doctor, kind, result, days_ago=days_ago)
    assert met(signed) == expected
    for condition in signed.conditions.filter(met_at__isnull=False):
        assert (condition.met_by, condition.met_with) == (doctor.user, row)
        entry = Entry.objects.get(what="mark-condition-met", actor_id=doctor.user.pk)
        assert entry.changes["result"] == str(row.pk)
    assert conditions_open(signed)


def test_the_domain_alone_says_which() -> None:
    day = today(cast.ZONE)
    assert met_by("ecg", "normal", done_on=day - timedelta(days=90), decided_on=day) == "ecg"
    assert met_by("pregnancy_test", "negative", done_on=day, decided_on=day) == "pregnancy_test"
    assert met_by("pregnancy_test", "negative", done_on=day - timedelta(days=1), decided_on=day) is None
    assert met_by("bp_log", "normal", done_on=day, decided_on=day) is None


@pytest.mark.parametrize(
    ("later", "days_ago", "expected"),
    [
        (("ecg", "concern"), 5, set()),
        (("ecg", "concern"), 10, set()),  # the same day as the one that met it, and entered after it
        (("ecg", "concern"), 11, {"ecg"}),  # older than what met it
        (("ecg", "unclear"), 0, set()),
        (("ecg", "normal"), 0, {"ecg"}),
        (("pregnancy_test", "positive"), 0, {"ecg"}),  # of another kind
    ],
)
def test_a_later_result_that_speaks_against_it_opens_the_condition(
    signed: Clearance, doctor: Clinician, later: tuple[str, str], days_ago: int, expected: set[str]
) -> None:
    enter(signed.patient, doctor, "ecg", "normal", days_ago=10)
    assert met(signed) == {"ecg"}
    row = enter(signed.patient, doctor, *later, days_ago=days_ago)
    assert met(signed) == expected
    if not expected:
        entry = Entry.objects.get(what="reopen-condition", actor_id=doctor.user.pk)
        assert entry.changes["result"] == str(row.pk)


def test_one_that_a_clinician_marked_as_met_is_opened_from_that_day_on(signed: Clearance, doctor: Clinician) -> None:
    conditions.mark_condition_met(by=doctor.user, condition=signed.conditions.get(kind="ecg"))
    enter(signed.patient, doctor, "ecg", "concern", days_ago=1)
    assert met(signed) == {"ecg"}
    enter(signed.patient, doctor, "ecg", "concern")
    assert met(signed) == set()


def test_an_older_normal_result_entered_after_an_abnormal_one_meets_nothing(
    signed: Clearance, doctor: Clinician
) -> None:
    wrong = enter(signed.patient, doctor, "ecg", "concern", days_ago=2)
    enter(signed.patient, doctor, "ecg", "normal", days_ago=3)
    assert met(signed) == set()
    measures.void_entry(by=doctor.user, row=wrong, why="Another patient's.")
    enter(signed.patient, doctor, "ecg", "normal", days_ago=3)
    assert met(signed) == {"ecg"}


def test_whoever_enters_it_reads_that_the_condition_is_open(
    client: Client, signed: Clearance, doctor: Clinician
) -> None:
    enter(signed.patient, doctor, "ecg", "normal", days_ago=1)
    sent = {"request_id": str(uuid.uuid4()), "what": "ecg:concern", "done_on": f"{today(cast.ZONE)}", "done_by": "Kim",
            "place": "clinic"}  # fmt: skip
    page = client.post(reverse("record-result", args=[signed.patient_id]), sent, follow=True).content.decode()
    assert "A condition of the decision is open: &quot;ECG seen&quot;" in page
    assert reverse("condition-met", args=[signed.conditions.get(kind="ecg").pk]) in page


def test_the_first_name_stays_and_only_the_governing_decision_counts(signed: Clearance, doctor: Clinician) -> None:
    nurse = cast.clinician()
    conditions.mark_condition_met(by=nurse.user, condition=signed.conditions.get(kind="ecg"))
    enter(signed.patient, doctor, "ecg", "normal")
    condition = signed.conditions.get(kind="ecg")
    assert (condition.met_by, condition.met_with) == (nurse.user, None)
    newer = people.sign(doctor, signed.intake, decision="cleared_with_conditions", conditions=NAMED)
    enter(signed.patient, doctor, "in_person", "done")
    assert (met(signed), met(newer)) == ({"ecg"}, {"in_person"})


def test_an_entry_in_error_opens_what_it_alone_met(signed: Clearance, doctor: Clinician) -> None:
    row = enter(signed.patient, doctor, "ecg", "normal")
    conditions.mark_condition_met(by=doctor.user, condition=signed.conditions.get(kind="bp_log"))
    measures.void_entry(by=doctor.user, row=row, why="Another patient's.")
    assert met(signed) == {"bp_log"}
    assert Entry.objects.filter(what="reopen-condition").count() == 1


def test_a_clinician_of_the_site_opens_it_again_and_says_so_once(
    client: Client, signed: Clearance, doctor: Clinician
) -> None:
    sent = {"request_id": str(uuid.uuid4()), "what": "ecg:normal", "done_on": f"{today(cast.ZONE)}", "done_by": "Kim",
            "place": "clinic"}  # fmt: skip
    page = client.post(reverse("record-result", args=[signed.patient_id]), sent, follow=True).content.decode()
    assert "It meets a condition of the decision: &quot;ECG seen&quot;" in page
    assert "by the result of" in page
    condition: Condition = signed.conditions.get(kind="ecg")
    address = reverse("condition-open", args=[condition.pk])
    assert address in page
    with pytest.raises(PermissionDenied):
        conditions.reopen_condition(by=cast.clinician(cast.other_site()).user, condition=condition)
    for _ in range(2):
        assert client.post(address).status_code == 302
    condition.refresh_from_db()
    assert (condition.met_at, condition.met_by, condition.met_with) == (None, None, None)
    assert Entry.objects.filter(what="reopen-condition", actor_id=doctor.user.pk).count() == 1
    assert reverse("condition-met", args=[condition.pk]) in client.get(page_of(signed)).content.decode()


def page_of(signed: Clearance) -> str:
    return reverse("patient-record", args=[signed.patient_id])
