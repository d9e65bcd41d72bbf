"""Readings of a visit at the door: who enters them, what they hold up, who decides."""

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from intake.domain.decisions import Stale
from intake.models import StartDecision, VitalSigns
from intake.services import measures
from pacificmind.accounts.models import Clinician, User
from pacificmind.audit.models import Action, Entry
from pacificmind.clock import now
from scheduling.domain import errors
from scheduling.models import Appointment
from scheduling.services import door, vitals
from tests import cast
from tests.scheduling.desk.conftest import Desk, at

pytestmark = pytest.mark.django_db
GOOD: dict[str, Any] = {"systolic": 128, "diastolic": 82, "heart_rate": 70}
HIGH: dict[str, Any] = {"systolic": 150, "diastolic": 92, "heart_rate": 70}
TOO_HIGH: dict[str, Any] = {"systolic": 172, "diastolic": 104, "heart_rate": 70}


@pytest.fixture
def visit(desk: Desk) -> Appointment:
    """An infusion whose patient is checked in, at 10:00."""
    who, _ = desk.series(0, 2)
    found = Appointment.objects.get(patient=who, number=1)
    found = door.arrive(by=desk.user, visit_id=found.pk, version=1)
    return door.check_in(by=desk.user, visit_id=found.pk, version=found.version)


@pytest.fixture
def nurse(desk: Desk) -> Clinician:
    return cast.clinician(desk.site)


def path(visit: Appointment, tail: str = "") -> str:
    return f"/desk/visits/{visit.pk}/vital-signs/{tail}"


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def enter(visit: Appointment, by: Clinician, minute: int = 0, phase: str = "before", **values: Any) -> VitalSigns:
    with time_machine.travel(at(10, minute), tick=False):
        asked = measures.Measured(measured_at=now(), **(values or GOOD))
        vitals.record(by=by.user, visit_id=visit.pk, phase=phase, asked=asked)
        return VitalSigns.objects.latest("entered_at")


def begin(visit: Appointment, by: Clinician, minute: int = 30) -> Appointment:
    with time_machine.travel(at(10, minute), tick=False):
        return door.begin(by=by.user, visit_id=visit.pk, version=visit.version)


def form(**values: Any) -> dict[str, Any]:
    return {
        "request_id": str(uuid.uuid4()),
        "phase": "before",
        "at": "08:00",
        "password": cast.PASSWORD,
        **values,
    }


def test_without_readings_it_does_not_start(visit: Appointment, nurse: Clinician) -> None:
    with pytest.raises(errors.ReviewNeeded, match="Measure blood pressure"):
        begin(visit, nurse)
    enter(visit, nurse, phase="after")
    with pytest.raises(errors.ReviewNeeded, match="Measure blood pressure"):
        begin(visit, nurse)
    enter(visit, nurse)
    assert begin(visit, nurse).started_at is not None


def test_another_visits_readings_do_not_count(desk: Desk, visit: Appointment, nurse: Clinician) -> None:
    cast.measured(desk.consultation(at(13)), nurse)
    with pytest.raises(errors.ReviewNeeded):
        begin(visit, nurse)


def test_high_readings_wait_for_two_repeats_and_a_recorded_decision(visit: Appointment, nurse: Clinician) -> None:
    for minute, say in ((0, "repeat it at 10:05 am"), (6, "repeat it at 10:11 am"), (12, "record a decision")):
        row = enter(visit, nurse, minute, **HIGH)
        with pytest.raises(errors.ReviewNeeded, match=say):
            begin(visit, nurse)
    with time_machine.travel(at(10, 14), tick=False):
        made = measures.decide_start(
            by=nurse.user, signed=cast.confirmed(nurse.user), vitals=row, start=True, reason="Known white-coat effect."
        )
    assert (made.override, made.by) == (False, nurse.user)
    assert begin(visit, nurse).started_at is not None


def test_a_decision_before_the_repeats_can_only_be_not_to_start(visit: Appointment, nurse: Clinician) -> None:
    row = enter(visit, nurse, 0, **HIGH)
    with time_machine.travel(at(10, 1), tick=False):
        with pytest.raises(Stale, match="measure again"):
            measures.decide_start(
                by=nurse.user, signed=cast.confirmed(nurse.user), vitals=row, start=True, reason="In a hurry."
            )
        measures.decide_start(
            by=nurse.user, signed=cast.confirmed(nurse.user), vitals=row, start=False, reason="Feels unwell."
        )
    with pytest.raises(errors.ReviewNeeded, match="decided not to start"):
        begin(visit, nurse)


def test_above_the_limit_only_a_prescriber_lets_it_start_with_a_reason(
    desk: Desk, visit: Appointment, nurse: Clinician
) -> None:
    row = enter(visit, nurse, 0, **TOO_HIGH)
    with pytest.raises(errors.ReviewNeeded, match="only a prescriber"):
        begin(visit, desk.doctor)
    with time_machine.travel(at(10, 2), tick=False):
        answer = browser(nurse.user).post(path(visit, "decide/"), form(vitals=row.pk, reason="x", start="yes"))
        assert answer.status_code == 403
        doctor = browser(desk.doctor.user)
        page = doctor.post(path(visit, "decide/"), form(vitals=row.pk, reason=" ", start="yes"))
        assert page.status_code == 200
        assert not StartDecision.objects.exists()
        sent = form(vitals=row.pk, reason="Seen; labetalol given.", start="yes")
        for _ in range(2):  # a double click
            assert doctor.post(path(visit, "decide/"), sent).status_code == 302
    made = StartDecision.objects.get()
    assert (made.start, made.override, made.by) == (True, True, desk.doctor.user)
    assert Entry.objects.filter(what="decide-start", action=Action.SIGN, patient_id=visit.patient_id).count() == 1
    assert begin(visit, nurse).started_at is not None


def test_a_reading_entered_meanwhile_is_not_decided_over(visit: Appointment, desk: Desk, nurse: Clinician) -> None:
    row = enter(visit, nurse, 0, **TOO_HIGH)
    enter(visit, nurse, 6, **TOO_HIGH)
    with time_machine.travel(at(10, 7), tick=False), pytest.raises(Stale, match="Another reading"):
        measures.decide_start(
            by=desk.doctor.user, signed=cast.confirmed(desk.doctor.user), vitals=row, start=True, reason="Fine."
        )


def test_an_entry_made_in_error_no_longer_counts_and_stays_readable(visit: Appointment, nurse: Clinician) -> None:
    row = enter(visit, nurse, 0)
    measures.void_entry(by=nurse.user, row=row, why="Another patient's reading.")
    with pytest.raises(errors.ReviewNeeded, match="Measure"):
        begin(visit, nurse)
    page = browser(nurse.user).get(path(visit)).content.decode()
    assert "Entered in error" in page
    assert "Another patient&#x27;s reading." in page


def test_readings_are_entered_and_shown_with_their_band(visit: Appointment, nurse: Clinician) -> None:
    client = browser(nurse.user)
    sent = form(systolic="150", diastolic="92", heart_rate="71", note="left arm")
    for _ in range(2):  # a double click enters once
        assert client.post(path(visit), sent).status_code == 302
    row = VitalSigns.objects.get()
    assert (row.systolic, row.band, row.limits["hold_systolic"], row.entered_by) == (150, "hold", 140, nurse.user)
    page = client.get(path(visit)).content.decode()
    assert "Above the limit to wait" in page
    assert "repeat it at 8:05 am" in page
    assert Entry.objects.filter(what="vital-signs", action=Action.VIEW, patient_id=visit.patient_id).count() == 1


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({}, None),
        ({"systolic": "128"}, "diastolic"),
        ({"diastolic": "80"}, "systolic"),
        ({"systolic": "80", "diastolic": "128"}, "diastolic"),
        ({"systolic": "1280", "diastolic": "80"}, "systolic"),
        ({"systolic": "12a", "diastolic": "80"}, "systolic"),
        ({"heart_rate": "-1"}, "heart_rate"),
        ({"spo2": "101"}, "spo2"),
        ({"weight_kg": "1e3"}, "weight_kg"),
        ({"weight_kg": "NaN"}, "weight_kg"),
        ({**GOOD, "at": "25:00"}, "at"),
        ({**GOOD, "at": "09:30"}, "measured_at"),  # the clock stands at 8:00
        ({**GOOD, "phase": "office"}, "phase"),
        ({**GOOD, "symptoms": "hiccup"}, "symptoms"),
        ({**GOOD, "note": "n" * 301}, "note"),
        ({**GOOD, "note": "a\0b"}, "note"),
        ({**GOOD, "request_id": "none"}, "request_id"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field(
    visit: Appointment, nurse: Clinician, sent: dict[str, Any], field: str | None
) -> None:
    page = browser(nurse.user).post(path(visit), form(**sent))
    assert page.status_code == 200
    found = page.context["form"].errors
    assert (field if field != "measured_at" else "__all__") in found if field else "__all__" in found
    assert not VitalSigns.objects.exists()


def test_the_front_desk_has_no_such_page_nor_a_way_to_it(desk: Desk, visit: Appointment, nurse: Clinician) -> None:
    enter(visit, nurse, 0, **HIGH)
    for page in (desk.get(path(visit)), desk.post(path(visit), **GOOD), desk.post(path(visit, "decide/"))):
        assert page.status_code == 403
    with time_machine.travel(at(10, 1), tick=False):
        html = desk.get(f"/desk/visits/{visit.pk}/").content.decode()
    assert "vital" not in html.lower()
    assert "150" not in re.sub(r'"[^"]*"', "", html)


def test_another_sites_visit_is_a_404(visit: Appointment) -> None:
    stranger = browser(cast.clinician(cast.other_site()).user)
    assert stranger.get(path(visit)).status_code == 404
    assert stranger.post(path(visit), form(**GOOD)).status_code == 404
    assert stranger.post(path(visit, "decide/"), form()).status_code == 404


def test_readings_of_one_patient_cannot_be_decided_on_anothers_page(desk: Desk, visit: Appointment) -> None:
    other, _ = desk.series(0, 2, hour=13)
    row = cast.measured(Appointment.objects.get(patient=other, number=1), desk.doctor, **TOO_HIGH, band="stop")
    answer = browser(desk.doctor.user).post(path(visit, "decide/"), form(vitals=row.pk, reason="x", start="yes"))
    assert answer.status_code == 404


def test_readings_belong_to_the_day_and_to_a_patient_who_is_here(visit: Appointment, nurse: Clinician) -> None:
    coming = Appointment.objects.get(patient=visit.patient, number=2)
    for one, moment in ((coming, at(8)), (visit, at(8, day=1))):
        asked = measures.Measured(measured_at=moment - timedelta(minutes=1), systolic=120, diastolic=80)
        with time_machine.travel(moment, tick=False), pytest.raises(errors.BookingRefused, match="on the day"):
            vitals.record(by=nurse.user, visit_id=one.pk, phase="before", asked=asked)
