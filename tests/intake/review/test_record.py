"""The patient's record for clinicians: what it shows, its buttons, who may press them."""

import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from intake.domain.decisions import BoosterAsked, ConditionAsked
from intake.models import Clearance, Patient, Questionnaire
from pacificmind.accounts.models import Clinician
from pacificmind.audit.models import Entry
from tests import cast
from tests.intake.review import people

pytestmark = pytest.mark.django_db


@pytest.fixture
def doctor(client: Client) -> Clinician:
    made = cast.prescriber()
    client.force_login(made.user)
    return made


@pytest.fixture
def signed() -> Clearance:
    return people.sign(
        cast.prescriber(),
        people.answered(cast.consented(cast.patient())),
        decision="cleared_with_conditions",
        conditions=[ConditionAsked("ecg")],
        booster=BoosterAsked(until_on=people.until()),
    )


def record(who: Patient) -> str:
    return reverse("patient-record", args=[who.pk])


def test_it_shows_what_governs_and_is_recorded(client: Client, doctor: Clinician, signed: Clearance) -> None:
    Questionnaire.objects.create(
        patient=signed.patient, instrument="PHQ-9", version="1", status="complete", score=12, severity="moderate"
    )
    page = client.get(record(signed.patient)).content.decode()
    for words in ("In force today", "ECG seen: open", "Mark as met", "PHQ-9", "12", "Treatment, version 1"):
        assert words in page
    assert Entry.objects.get(what="patient-record").patient_id == signed.patient_id


def test_an_empty_record_says_what_would_fill_it(client: Client, doctor: Clinician) -> None:
    page = client.get(record(cast.patient())).content.decode()
    assert "No decision yet" in page
    assert "No intake has been started" in page


def test_a_condition_is_marked_as_met(client: Client, doctor: Clinician, signed: Clearance) -> None:
    condition = signed.conditions.get()
    answer = client.post(reverse("condition-met", args=[condition.pk]))
    assert answer.headers["Location"] == record(signed.patient)
    condition.refresh_from_db()
    assert condition.met_by == doctor.user
    assert "Mark as met" not in client.get(record(signed.patient)).content.decode()


def test_withdrawing_asks_once_names_what_it_ends_and_keeps_the_words(
    client: Client, doctor: Clinician, signed: Clearance
) -> None:
    address = reverse("clearance-withdraw", args=[signed.pk])
    page = client.get(address).content.decode()
    for words in ("6 infusions", "3 boosters", "Los Angeles", "stay booked"):
        assert words in page
    refused = client.post(address, {"request_id": str(uuid.uuid4()), "why": " ", "password": cast.PASSWORD})
    assert "why" in refused.context["form"].errors
    client.post(address, {"request_id": str(uuid.uuid4()), "why": "Blood pressure", "password": cast.PASSWORD})
    signed.refresh_from_db()
    assert signed.withdrawn_why == "Blood pressure"
    page = client.get(record(signed.patient)).content.decode()
    assert "No visit is cleared today" in page
    assert "Blood pressure" in page


def test_a_reevaluation_is_recorded(client: Client, doctor: Clinician, signed: Clearance) -> None:
    order = signed.boosterorder_set.get()
    address = reverse("booster-reevaluate", args=[order.pk])
    assert "supports_booster" in client.post(address, {"request_id": str(uuid.uuid4())}).context["form"].errors
    client.post(
        address,
        {"request_id": str(uuid.uuid4()), "supports_booster": "yes", "note": "Steady.", "password": cast.PASSWORD},
    )
    made = order.reevaluations.get()
    assert (made.supports_booster, made.by) == (True, doctor.user)


def test_the_number_of_queries_does_not_grow(client: Client, doctor: Clinician, signed: Clearance) -> None:
    def queries() -> int:
        return len(people.queries_of(lambda: client.get(record(signed.patient))))

    people.alert(signed.patient, "URGENT-1")
    one = queries()
    for number in (2, 3):
        intake = people.answered(signed.patient, number=number)
        people.sign(doctor, intake, decision="cleared_with_conditions", conditions=[ConditionAsked("ecg")])
        people.alert(signed.patient, "URGENT-1")
    assert queries() == one


def addresses(signed: Clearance) -> dict[str, Any]:
    """Each page about a patient, with whether clinicians who do not prescribe may open it."""
    return {
        record(signed.patient): True,
        reverse("clearance-withdraw", args=[signed.pk]): False,
        reverse("booster-reevaluate", args=[signed.boosterorder_set.get().pk]): False,
        reverse("condition-met", args=[signed.conditions.get().pk]): None,
    }


def test_the_matrix_of_roles_and_sites(client: Client, signed: Clearance) -> None:
    outsiders = [cast.user("patient"), cast.receptionist(), cast.manager()]
    for address, for_all in addresses(signed).items():
        ask = client.post if for_all is None else client.get
        for person in outsiders:
            client.force_login(person)
            answer = ask(address)
            assert answer.status_code == 403
            assert signed.patient.family_name not in answer.content.decode()
        client.force_login(cast.prescriber(cast.other_site()).user)
        assert ask(address).status_code == 404
        client.logout()
        assert "/accounts/login/" in ask(address).headers["Location"]
        if for_all is False:
            client.force_login(cast.clinician().user)
            assert ask(address).status_code == 403
    assert not signed.conditions.get().met_at
    assert not Entry.objects.filter(action="view").exists()
