"""A decision lapses on what its signer did not know; it is put to a prescriber, and no visit is cancelled."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from intake.domain.decisions import Stale
from intake.models import Clearance, Intake, Lapse, Patient, Screening, StaffResult
from intake.queries.standing import clearance_in_force
from intake.queries.standing_bulk import standings
from intake.services import lapses, measures
from intake.services.screening import learn
from pacificmind.accounts.models import Clinician
from pacificmind.clock import now, today
from pacificmind.tasks.models import Task
from scheduling.models import Appointment
from scheduling.services import series, watch
from tests import cast, history
from tests.calendar import weekday_at
from tests.intake.review import people

pytestmark = pytest.mark.django_db


@pytest.fixture
def doctor(client: Client) -> Clinician:
    made = cast.prescriber()
    client.force_login(made.user)
    return made


@pytest.fixture
def ana() -> Patient:
    return cast.patient(account=True)


def signed(doctor: Clinician, ana: Patient, **values: Any) -> Clearance:
    return people.sign(doctor, people.answered(ana, {"heart.aneurysm": "no", **values}))


def in_force(ana: Patient) -> bool:
    one = clearance_in_force(ana.pk, on=today(cast.ZONE), site_id="la", kind="infusion")
    many = standings([ana.pk])[ana.pk].covers(on=today(cast.ZONE), site_id="la", kind="infusion")
    assert (one is not None) is many, "one by one and many at once agree"
    return many


def pregnancy(doctor: Clinician, ana: Patient, result: str = "positive") -> None:
    measures.record_result(
        by=doctor.user, patient_id=ana.pk, site_id="la", kind="pregnancy_test", result=result,
        done_on=today(cast.ZONE), done_by="Kim, RN",
    )  # fmt: skip


def lapsed_tasks() -> list[Any]:
    return list(Task.objects.filter(kind="clearance-lapsed", done_at__isnull=True).values_list("subject_id", flat=True))


def test_a_result_that_is_a_contraindication_lapses_it(doctor: Clinician, ana: Patient) -> None:
    signed(doctor, ana)
    pregnancy(doctor, ana, "negative")
    assert in_force(ana)
    pregnancy(doctor, ana)
    assert not in_force(ana)
    lapse = Lapse.objects.get()
    assert (lapse.why, lapse.rules) == ("contraindication", ["D45"])
    assert lapsed_tasks() == [ana.pk]
    with pytest.raises(Stale, match="needs a new decision"):
        lapses.settle(by=doctor.user, signed=cast.confirmed(doctor.user), lapse=lapse, why="It is fine.")


def test_a_new_decision_settles_it(doctor: Clinician, ana: Patient) -> None:
    intake = signed(doctor, ana).intake
    pregnancy(doctor, ana)
    people.sign(doctor, intake, overrides={"D45": "Test repeated: not pregnant."})
    assert in_force(ana)
    assert Lapse.objects.get().settled_by == doctor.user
    assert lapsed_tasks() == []
    pregnancy(doctor, ana)
    assert in_force(ana), "what was overridden does not lapse again"


def test_an_entry_in_error_is_taken_back_and_the_lapse_stays_with_a_person(doctor: Clinician, ana: Patient) -> None:
    signed(doctor, ana)
    pregnancy(doctor, ana)
    row = StaffResult.objects.get()
    measures.void_entry(by=doctor.user, row=row, why="Another patient's.")
    assert not ana.intake_set.get().findings.filter(rule="D45", flag="CONTRA").exists()
    assert not in_force(ana), "a person looks, and lets it hold"


def test_a_contraindication_that_was_found_is_not_let_hold_after_a_later_run_without_it(
    doctor: Clinician, ana: Patient
) -> None:
    signed(doctor, ana)
    pregnancy(doctor, ana)
    measures.void_entry(by=doctor.user, row=StaffResult.objects.get(), why="Another patient's.")
    measures.record_result(
        by=doctor.user, patient_id=ana.pk, site_id="la", kind="urine_screen", result="unexpected",
        done_on=today(cast.ZONE), done_by="Kim, RN",
    )  # fmt: skip
    lapse = Lapse.objects.get()
    assert (lapse.why, lapse.rules) == ("contraindication", ["D31", "D45"])
    with pytest.raises(Stale, match="needs a new decision"):
        lapses.settle(by=doctor.user, signed=cast.confirmed(doctor.user), lapse=lapse, why="It is fine.")


def test_a_changed_answer_that_matters_can_be_let_hold_with_a_reason(
    client: Client, doctor: Clinician, ana: Patient
) -> None:
    signed(doctor, ana)
    measures.record_result(
        by=doctor.user, patient_id=ana.pk, site_id="la", kind="urine_screen", result="unexpected",
        done_on=today(cast.ZONE), done_by="Kim, RN",
    )  # fmt: skip
    assert not in_force(ana)
    page = client.get(reverse("patient-decision", args=[ana.pk]))
    assert "D31" in page.content.decode()
    sent = {"request_id": str(uuid.uuid4()), "rules": "D31", "why": "", "password": cast.PASSWORD}
    assert "why" in client.post(reverse("patient-decision", args=[ana.pk]), sent).context["form"].errors
    sent |= {"request_id": str(uuid.uuid4()), "why": "Prescribed by the dentist; seen."}
    assert client.post(reverse("patient-decision", args=[ana.pk]), sent).status_code == 302
    assert in_force(ana)
    lapse = Lapse.objects.get()
    assert (lapse.settled_by, lapse.settled_why) == (doctor.user, "Prescribed by the dentist; seen.")
    measures.record_result(
        by=doctor.user, patient_id=ana.pk, site_id="la", kind="urine_screen", result="unclear",
        done_on=today(cast.ZONE), done_by="Kim, RN",
    )  # fmt: skip
    assert in_force(ana), "the same rule does not ask twice"


def test_a_doubt_that_was_let_hold_and_becomes_a_contraindication_lapses_it(doctor: Clinician, ana: Patient) -> None:
    signed(doctor, ana, **{"pregnancy.now": "no"})
    learn(patient=ana, facts={"pregnant": "unknown"}, cause=Screening.Cause.RESULTS, by=None)
    lapses.settle(
        by=doctor.user,
        signed=cast.confirmed(doctor.user),
        lapse=Lapse.objects.get(),
        why="She tests today; I wait for it.",
    )
    assert in_force(ana)
    pregnancy(doctor, ana)
    assert not in_force(ana), "what was let hold was that nobody knew"
    assert Lapse.objects.get(settled_at__isnull=True).why == "contraindication"
    assert lapsed_tasks() == [ana.pk]


def test_more_found_meanwhile_is_not_let_hold_unread(client: Client, doctor: Clinician, ana: Patient) -> None:
    clearance = signed(doctor, ana)
    Lapse.objects.create(clearance=clearance, why="changed", rules=["D19", "D31"])
    sent = {"request_id": str(uuid.uuid4()), "rules": "D31", "why": "Fine.", "password": cast.PASSWORD}
    page = client.post(reverse("patient-decision", args=[ana.pk]), sent)
    assert "Read it first" in str(page.context["form"].errors)
    assert not in_force(ana)


def test_a_nurse_reads_and_only_a_prescriber_settles(doctor: Clinician, ana: Patient) -> None:
    Lapse.objects.create(clearance=signed(doctor, ana), why="changed", rules=["D19"])
    nurse = Client()
    nurse.force_login(cast.clinician().user)
    page = nurse.get(reverse("patient-decision", args=[ana.pk]))
    assert page.status_code == 200
    assert page.context["form"] is None
    nurse.post(reverse("patient-decision", args=[ana.pk]), {"rules": "D19", "why": "x", "request_id": uuid.uuid4()})
    assert not in_force(ana)


def test_what_does_not_matter_and_what_was_known_changes_nothing(doctor: Clinician, ana: Patient) -> None:
    clearance = signed(doctor, ana)
    assert clearance.seen_rules is not None
    measures.record_vitals(
        by=doctor.user, patient_id=ana.pk, site_id="la", asked=measures.Measured(measured_at=now(), heart_rate=70)
    )
    assert in_force(ana)
    assert not Lapse.objects.exists()


def test_high_pressures_around_an_infusion_lapse_nothing(doctor: Clinician, ana: Patient) -> None:
    signed(doctor, ana)
    asked = measures.Measured(measured_at=now(), systolic=185, diastolic=105, heart_rate=90)
    measures.record_vitals(
        by=doctor.user, patient_id=ana.pk, site_id="la", phase="during", visit_id=uuid.uuid4(), asked=asked
    )
    assert in_force(ana), "the gate of the visit judges them"
    measures.record_vitals(by=doctor.user, patient_id=ana.pk, site_id="la", asked=asked)
    assert not in_force(ana), "at rest, between visits, it is uncontrolled hypertension (D35)"


def laid_out(doctor: Clinician) -> Patient:
    cast.visit_types()
    room, (ana, order) = cast.room(), cast.ready_patient(doctor)
    slots = [series.Slot(weekday_at(9, weekday=day), room.pk, doctor.pk) for day in (0, 2)]
    series.lay_out(by=cast.receptionist(), order_id=order.pk, site_id="la", slots=slots)
    return ana


def test_one_task_a_patient_lists_the_visits_and_cancels_none(client: Client, doctor: Clinician) -> None:
    ana = laid_out(doctor)
    Lapse.objects.create(clearance=Clearance.objects.get(patient=ana), why="changed", rules=["D19"])
    for _ in range(2):
        watch.look_after()
    assert lapsed_tasks() == [ana.pk]
    page = client.get(reverse("patient-decision", args=[ana.pk])).content.decode()
    for visit in Appointment.objects.filter(patient=ana):
        assert visit.status == "booked"
        assert reverse("desk-visit", args=[visit.pk]) in page
    assert reverse("patient-decision", args=[ana.pk]) in client.get(reverse("desk-tasks")).content.decode()
    Lapse.objects.update(settled_at=now(), settled_by=doctor.user, settled_why="Fine.")
    watch.look_after()
    assert lapsed_tasks() == []


def test_the_end_of_a_decision_is_told_ahead_while_treatment_goes_on(doctor: Clinician) -> None:
    ana = laid_out(doctor)
    clearance = Clearance.objects.get(patient=ana)

    def ends(days: int) -> int:
        history.rewrite(Clearance.objects.filter(pk=clearance.pk), until_on=today(cast.ZONE) + timedelta(days=days))
        watch.look_after()
        return Task.objects.filter(kind="decision-ends", done_at__isnull=True).count()

    assert ends(60) == 0
    assert ends(10) == 1
    intake = Intake.objects.get(patient=ana)
    people.sign(doctor, intake)
    assert Task.objects.filter(kind="decision-ends", done_at__isnull=True).count() == 0
