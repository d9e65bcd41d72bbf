"""Readings and results on the record: entered by clinicians of the site, taken back, read by screening."""

import uuid
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from intake.domain.facts import Tri
from intake.models import Patient, StaffResult, VitalSigns
from intake.queries.measures import measured_facts
from intake.services import measures
from intake.services.checks import ask_again
from pacificmind.accounts.models import Clinician
from pacificmind.audit.models import Action, Entry
from pacificmind.clock import now, today
from pacificmind.tasks.models import Task
from tests import cast

pytestmark = pytest.mark.django_db
ZONE = ZoneInfo(cast.ZONE)


@pytest.fixture
def nurse(client: Client) -> Clinician:
    made = cast.clinician()
    client.force_login(made.user)
    return made


@pytest.fixture
def ana() -> Patient:
    return cast.patient()


def result(nurse: Clinician, who: Patient, **values: Any) -> StaffResult:
    told = {"kind": "urine_screen", "result": "expected", "done_on": today(cast.ZONE), "done_by": "Kim, RN", **values}
    return measures.record_result(by=nurse.user, patient_id=who.pk, site_id="la", **told)


def vitals(nurse: Clinician, who: Patient, ago: timedelta = timedelta(), **values: Any) -> VitalSigns:
    asked = measures.Measured(measured_at=now() - ago, **values)
    return measures.record_vitals(by=nurse.user, patient_id=who.pk, site_id="la", asked=asked)


def facts(who: Patient) -> dict[str, Any]:
    return measured_facts(who.pk, now=now(), zone=ZONE)


def day(**values: str) -> dict[str, str]:
    local = now().astimezone(ZONE)
    return {
        "request_id": str(uuid.uuid4()),
        "on": f"{local:%Y-%m-%d}",
        "at": f"{local:%H:%M}",
        "place": "clinic",
        **values,
    }


def test_readings_between_visits_say_where_and_by_whom(client: Client, nurse: Clinician, ana: Patient) -> None:
    url = reverse("record-readings", args=[ana.pk])
    page = client.post(url, day(systolic="144", diastolic="88", weight_kg="81.5", height_cm="172", place="home"))
    assert page.headers["Location"] == reverse("patient-record", args=[ana.pk])
    row = VitalSigns.objects.get()
    assert (row.place, row.phase, row.visit_id, row.entered_by) == ("home", "office", None, nurse.user)
    text = client.get(reverse("patient-record", args=[ana.pk])).content.decode()
    for words in ("144/88", "81.5 kg", "At home, told by the patient", "Above the limit to wait"):
        assert words in text
    assert Entry.objects.filter(what="record-vitals", action=Action.CREATE, patient_id=ana.pk).exists()


def test_each_result_has_the_results_it_can_have(client: Client, nurse: Clinician, ana: Patient) -> None:
    url = reverse("record-result", args=[ana.pk])
    sent = {"request_id": str(uuid.uuid4()), "what": "pdmp:normal", "done_on": f"{today(cast.ZONE)}", "done_by": "Kim",
            "place": "clinic"}  # fmt: skip
    assert client.post(url, sent).status_code == 302
    row = StaffResult.objects.get()
    assert row.again_on == today(cast.ZONE) + timedelta(days=182)
    assert "Prescription monitoring" in client.get(reverse("patient-record", args=[ana.pk])).content.decode()
    for wrong in ("ecg:positive", "in_person:normal", "x", ""):
        page = client.post(url, {**sent, "request_id": str(uuid.uuid4()), "what": wrong})
        assert "what" in page.context["form"].errors
    with pytest.raises(IntegrityError, match="result_fits_its_kind"), transaction.atomic():
        StaffResult.objects.create(
            patient=ana, site=ana.site, kind="ecg", result="positive", done_on=row.done_on, done_by="x",
            entered_by=nurse.user,
        )  # fmt: skip


@pytest.mark.parametrize("days", [-1, 367])
def test_a_result_is_neither_of_tomorrow_nor_of_long_ago(
    client: Client, nurse: Clinician, ana: Patient, days: int
) -> None:
    sent = {"request_id": str(uuid.uuid4()), "what": "ecg:normal", "done_by": "Kim", "place": "clinic"}
    page = client.post(
        reverse("record-result", args=[ana.pk]), {**sent, "done_on": f"{today(cast.ZONE) - timedelta(days=days)}"}
    )
    assert "done_on" in page.context["form"].errors
    assert not StaffResult.objects.exists()


def test_what_staff_know_becomes_facts(nurse: Clinician, ana: Patient) -> None:
    assert facts(ana) == {}
    vitals(nurse, ana, timedelta(days=20), weight_kg=81, height_cm=172)
    vitals(nurse, ana, timedelta(days=2), systolic=150, diastolic=95)
    vitals(nurse, ana, timedelta(days=1), heart_rate=70)
    result(nurse, ana, result="unexpected")
    result(nurse, ana, kind="pregnancy_test", result="negative")
    assert facts(ana) == {
        "bp_systolic": 150, "bp_diastolic": 95, "weight_kg": 81.0, "weight_age_days": 20, "height_cm": 172.0,
        "urine_tox_unexpected": Tri.YES,
    }, "a negative pregnancy test silences nothing"  # fmt: skip
    result(nurse, ana, kind="pregnancy_test", result="positive")
    result(nurse, ana, result="unclear")
    assert (facts(ana)["pregnant"], facts(ana)["urine_tox_unexpected"]) == (Tri.YES, Tri.UNKNOWN)


def test_an_old_pressure_and_a_void_entry_are_no_facts(nurse: Clinician, ana: Patient) -> None:
    vitals(nurse, ana, timedelta(days=91), systolic=150, diastolic=95)
    wrong = result(nurse, ana, result="unexpected")
    measures.void_entry(by=nurse.user, row=wrong, why="Another patient's.")
    assert facts(ana) == {}


def test_an_entry_is_taken_back_with_a_reason_and_never_changed(client: Client, nurse: Clinician, ana: Patient) -> None:
    row = vitals(nurse, ana, systolic=150, diastolic=95)
    url = reverse("vitals-void", args=[row.pk])
    assert "150/95" in client.get(url).content.decode()
    assert "why" in client.post(url, {"request_id": str(uuid.uuid4()), "why": " "}).context["form"].errors
    client.post(url, {"request_id": str(uuid.uuid4()), "why": "Wrong arm"})
    row.refresh_from_db()
    assert (row.void_by, row.void_why, row.systolic) == (nurse.user, "Wrong arm", 150)
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        VitalSigns.objects.filter(pk=row.pk).update(systolic=120)
    with pytest.raises(IntegrityError, match="never removed"), transaction.atomic():
        VitalSigns.objects.filter(pk=row.pk).delete()


def test_another_sites_clinician_finds_none_of_it(ana: Patient, nurse: Clinician) -> None:
    row, seen = vitals(nurse, ana, heart_rate=70), result(nurse, ana)
    stranger = Client()
    stranger.force_login(cast.clinician(cast.other_site()).user)
    for name, pk in (("record-readings", ana.pk), ("record-result", ana.pk), ("vitals-void", row.pk),
                     ("result-void", seen.pk)):  # fmt: skip
        assert stranger.get(reverse(name, args=[pk])).status_code == 404
        assert stranger.post(reverse(name, args=[pk]), day(heart_rate="70")).status_code == 404
    assert VitalSigns.objects.count() == 1


def test_the_prescription_monitoring_is_asked_again_after_six_months(nurse: Clinician, ana: Patient) -> None:
    cast.clearance(ana, cast.prescriber(), days=400)
    result(nurse, ana, kind="pdmp", result="normal")
    opened = Task.objects.filter(kind="result-again", done_at__isnull=True)
    ask_again()
    assert not opened.exists()
    with time_machine.travel(now() + timedelta(days=183)):
        for _ in range(2):
            assert ask_again() == 1
        assert list(opened.values_list("subject_id", "queue")) == [(ana.pk, "clinicians")]
        result(nurse, ana, kind="pdmp", result="normal")
        assert ask_again() == 0
        assert not opened.exists()


def test_what_was_measured_before_a_long_infusion_is_still_screened(nurse: Clinician, ana: Patient) -> None:
    """The record shows twenty readings and twenty results at first; what is screened is not cut there."""
    vitals(nurse, ana, timedelta(days=2), systolic=170, diastolic=104, weight_kg=80)
    result(nurse, ana, result="unexpected", done_on=today(cast.ZONE) - timedelta(days=30))
    for minutes in range(20):
        vitals(nurse, ana, timedelta(minutes=minutes), heart_rate=70)
        result(nurse, ana, kind="ecg", result="normal")
    found = facts(ana)
    assert (found["bp_systolic"], found["weight_kg"], found["urine_tox_unexpected"]) == (170, 80.0, Tri.YES)


def test_the_record_says_that_there_are_more_and_shows_all(client: Client, nurse: Clinician, ana: Patient) -> None:
    for minutes in range(21):
        vitals(nurse, ana, timedelta(minutes=minutes), heart_rate=50 + minutes)
        result(nurse, ana, kind="ecg", result="normal", done_by=f"Reader {minutes}")
    url = reverse("patient-record", args=[ana.pk])
    page = client.get(url).content.decode()
    assert page.count("20 are shown; there are more") == 2
    whole = client.get(url, {"all": 1}).content.decode()
    assert "there are more" not in whole
    assert whole.count("Reader ") == page.count("Reader ") + 1
