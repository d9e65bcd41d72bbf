"""The safety plan: the patient's own words, by them and their clinicians, every version kept."""

import uuid

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse

from intake.domain.plan import NAMES, PARTS
from intake.models import Patient, SafetyAlert, SafetyPlan
from intake.services.safetyplan import PlanChanged, newest_plan, save_plan
from pacificmind.audit.models import Entry
from tests import cast

OWN, EDIT = reverse("safety-plan"), reverse("safety-plan-edit")
FORBIDDEN = ("stanley", "brown", "step 1", "warning signs (")


@pytest.fixture
def ana(db: None) -> Patient:
    return cast.patient(account=True)


@pytest.fixture
def web(ana: Patient, client: Client) -> Client:
    assert ana.user
    client.force_login(ana.user)
    return client


def form(**changes: object) -> dict[str, object]:
    return {"request_id": str(uuid.uuid4()), "seen": 0, "alone": "Walk to the harbor", **changes}


def test_the_patient_writes_it_reads_it_and_changes_it(ana: Patient, web: Client) -> None:
    assert "No plan yet" in web.get(OWN).content.decode()
    assert web.post(EDIT, form(reasons="My niece <3")).headers["Location"] == OWN
    page = web.get(OWN).content.decode()
    assert "Walk to the harbor" in page
    assert "My niece &lt;3" in page
    assert "tel:988" in page
    assert "Print my plan" in page
    assert "Walk to the harbor" in web.get(EDIT).content.decode()
    web.post(EDIT, form(seen=1, alone="Walk, and a cold shower"))
    assert [(plan.number, plan.made_as) for plan in SafetyPlan.objects.all()] == [(2, "patient"), (1, "patient")]
    assert not SafetyAlert.objects.exists()


def test_a_clinician_writes_it_with_them_and_both_see_the_same(ana: Patient, web: Client) -> None:
    doctor = Client()
    doctor.force_login(cast.clinician(name="Kim Lee").user)
    url = reverse("patient-safety-plan", args=[ana.pk])
    assert doctor.post(url, form(people="Meera")).headers["Location"] == url
    assert "Meera" in doctor.get(url).content.decode()
    page = web.get(OWN).content.decode()
    assert "Meera" in page
    assert "Kim Lee" in page
    assert Entry.objects.filter(what="safety-plan", patient_id=ana.pk).count() >= 2


def test_saving_the_same_again_makes_no_version(ana: Patient, web: Client) -> None:
    web.post(EDIT, form())
    web.post(EDIT, form(seen=1))
    assert SafetyPlan.objects.count() == 1


def test_who_was_second_sees_both_and_loses_nothing(ana: Patient, web: Client) -> None:
    web.post(EDIT, form())
    save_plan(by=cast.clinician().user, patient=ana, parts={"alone": "Music"}, seen=1, as_clinician=True)
    answer = web.post(EDIT, form(seen=1, alone="Mine, typed in the other window"))
    page = answer.content.decode()
    assert "Somebody else changed the plan meanwhile" in page
    assert "Music" in page
    assert "Mine, typed in the other window" in page
    assert SafetyPlan.objects.count() == 2
    web.post(EDIT, form(seen=2, alone="Mine, typed in the other window"))
    plan = newest_plan(ana.pk)
    assert plan is not None
    assert (plan.number, plan.alone) == (3, "Mine, typed in the other window")


def test_words_of_crisis_that_a_patient_adds_need_a_person_and_bring_help(ana: Patient, web: Client) -> None:
    assert web.post(EDIT, form(signs="I want to die tonight")).headers["Location"] == reverse("intake-crisis")
    alert = SafetyAlert.objects.get()
    assert (alert.tier, alert.trigger, alert.value) == ("URGENT-1", "words", "safety plan")
    web.post(reverse("intake-crisis"))
    web.post(EDIT, form(seen=1, signs="I want to die tonight", alone="Music"))
    assert SafetyAlert.objects.count() == 1, "what stood there already raises nothing again"


def test_a_clinicians_words_raise_nothing(ana: Patient) -> None:
    save_plan(by=cast.clinician().user, patient=ana, parts={"signs": "Thinks of suicide"}, seen=0, as_clinician=True)
    assert not SafetyAlert.objects.exists()


@pytest.mark.parametrize("changes", [{"alone": ""}, {"alone": "x" * 2_001}, {"seen": "x"}, {"request_id": ""}])
def test_what_cannot_be_saved_is_said(ana: Patient, web: Client, changes: dict[str, object]) -> None:
    answer = web.post(EDIT, form(**changes))
    assert answer.context["form"].errors
    assert not SafetyPlan.objects.exists()


def test_nobody_else_reads_or_writes_it(ana: Patient) -> None:
    save_plan(by=cast.clinician().user, patient=ana, parts={"alone": "Music"}, seen=0, as_clinician=True)
    url = reverse("patient-safety-plan", args=[ana.pk])
    strangers = [(cast.receptionist(), 403), (cast.manager(), 403), (cast.clinician(cast.other_site()).user, 404)]
    for person, status in strangers:
        client = Client()
        client.force_login(person)
        assert client.get(url).status_code == client.post(url, form()).status_code == status
        with pytest.raises(PermissionDenied):
            save_plan(by=person, patient=ana, parts={"alone": "x"}, seen=1, as_clinician=True)
    other = cast.patient(account=True)
    assert other.user
    with pytest.raises(PermissionDenied):
        save_plan(by=other.user, patient=ana, parts={"alone": "x"}, seen=1)
    client = Client()
    client.force_login(other.user)
    assert "Music" not in client.get(OWN).content.decode()


def test_the_same_form_twice_is_one_version_and_an_old_one_is_refused(ana: Patient) -> None:
    key = uuid.uuid4()
    assert ana.user
    for _ in range(2):
        save_plan(by=ana.user, patient=ana, parts={"alone": "Music"}, seen=0, request_id=key)
    with pytest.raises(PlanChanged):
        save_plan(by=ana.user, patient=ana, parts={"alone": "Other"}, seen=0)
    assert SafetyPlan.objects.count() == 1


def test_a_version_is_never_changed(ana: Patient) -> None:
    plan = save_plan(by=cast.clinician().user, patient=ana, parts={"alone": "Music"}, seen=0, as_clinician=True)
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        SafetyPlan.objects.filter(pk=plan.pk).update(alone="Other")


def test_the_words_are_our_own_and_cover_what_they_must() -> None:
    words = " ".join(f"{part.title} {part.hint}" for part in PARTS).lower()
    assert not any(one in words for one in FORBIDDEN)
    assert all(needed in words for needed in ("988", "guns", "medicine", "people", "by myself"))
    assert set(NAMES) <= {field.name for field in SafetyPlan._meta.fields}


def test_words_of_crisis_in_a_plan_that_is_refused_are_read_as_well(ana: Patient, web: Client) -> None:
    web.post(EDIT, form())
    save_plan(by=cast.clinician().user, patient=ana, parts={"alone": "Music"}, seen=1, as_clinician=True)
    page = web.post(EDIT, form(seen=1, signs="I want to die tonight")).content.decode()
    assert "Somebody else changed the plan meanwhile" in page
    assert page.index("tel:988") < page.index("Somebody else changed")
    assert SafetyAlert.objects.get().words == "I want to die tonight"
