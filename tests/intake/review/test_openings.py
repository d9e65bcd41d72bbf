"""Break-glass: a record of another site, for a reason, for a while, told to the manager and to the patient."""

import uuid
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from intake.models import Clearance, Intake, Patient, RecordOpening
from pacificmind.accounts.models import Clinician
from pacificmind.audit.models import Action, Entry
from pacificmind.clock import now
from pacificmind.tasks.models import Task
from tests import cast
from tests.intake.review import people

pytestmark = pytest.mark.django_db
REASON = "She is in my office now, by referral."


@pytest.fixture
def doctor(client: Client) -> Clinician:
    """A prescriber of Los Angeles."""
    made = cast.prescriber()
    client.force_login(made.user)
    return made


@pytest.fixture
def intake() -> Intake:
    """Of a patient of Long Beach."""
    who = cast.patient(cast.other_site(), account=True, phone="+12135550177", birth_on=date(1980, 2, 3))
    return people.answered(who, {"heart.aneurysm": "yes"})


def form(**values: Any) -> dict[str, Any]:
    return {
        "request_id": str(uuid.uuid4()), "phone": "213 555 0177", "birth_on": "1980-02-03", "why": "transfer",
        "reason": REASON, **values,
    }  # fmt: skip


def opened(client: Client, **values: Any) -> Any:
    return client.post(reverse("open-record"), form(**values))


def record(who: Patient) -> str:
    return reverse("patient-record", args=[who.pk])


def test_without_a_reason_there_is_no_such_record(client: Client, doctor: Clinician, intake: Intake) -> None:
    assert client.get(record(intake.patient)).status_code == 404
    assert client.get(reverse("review", args=[intake.pk])).status_code == 404


def test_a_reason_opens_it_for_reading_for_a_while(client: Client, doctor: Clinician, intake: Intake) -> None:
    assert opened(client).headers["Location"] == record(intake.patient)
    page = client.get(record(intake.patient)).content.decode()
    assert "You read a record of another site" in page
    assert "Enter readings" not in page
    review = client.get(reverse("review", args=[intake.pk])).content.decode()
    assert "D38" in review
    assert "only its own clinicians decide" in review
    assert 'name="decision"' not in review
    with time_machine.travel(now() + timedelta(minutes=61)):
        client.force_login(doctor.user)
        assert client.get(record(intake.patient)).status_code == 404
        assert client.get(reverse("review", args=[intake.pk])).status_code == 404


def test_it_changes_nothing(client: Client, doctor: Clinician, intake: Intake) -> None:
    opened(client)
    for name, pk in (("review", intake.pk), ("review-ask", intake.pk), ("record-readings", intake.patient_id),
                     ("record-result", intake.patient_id), ("patient-decision", intake.patient_id)):  # fmt: skip
        assert client.post(reverse(name, args=[pk]), form(text="x", decision="cleared")).status_code == 404
    assert not Clearance.objects.exists()


def test_it_opens_no_other_record_and_to_nobody_else(client: Client, doctor: Clinician, intake: Intake) -> None:
    other = cast.patient(cast.other_site())
    opened(client)
    assert client.get(record(other)).status_code == 404
    colleague = Client()
    colleague.force_login(cast.prescriber().user)
    assert colleague.get(record(intake.patient)).status_code == 404


def test_the_patient_sees_each_look_with_its_reason(client: Client, doctor: Clinician, intake: Intake) -> None:
    opened(client)
    client.get(record(intake.patient))
    looks = Entry.objects.filter(patient_id=intake.patient_id, action=Action.VIEW, what="patient-record")
    assert looks.get().reason == f"Opened from another site. The patient comes to my site: {REASON}"
    web = Client()
    assert intake.patient.user
    web.force_login(intake.patient.user)
    page = web.get(reverse("patient-who-looked")).content.decode()
    assert page.count(REASON) == 2, "the opening and the look"


def test_a_manager_looks_at_it_once(client: Client, doctor: Clinician, intake: Intake) -> None:
    opened(client)
    client.get(record(intake.patient))
    assert Task.objects.get(kind="record-opened").queue == "managers"
    manager = Client()
    boss = cast.manager()
    manager.force_login(boss)
    page = manager.get(reverse("manage-openings")).content.decode()
    assert REASON in page
    row = RecordOpening.objects.get()
    for _ in range(2):
        assert manager.post(reverse("manage-opening-looked-at", args=[row.pk])).status_code == 302
    row.refresh_from_db()
    assert (row.looked_by, Task.objects.get(kind="record-opened").outcome) == (boss, "looked at")
    assert Entry.objects.filter(what="look-at-opening").count() == 1


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"reason": ""}, "reason"),
        ({"reason": "needed"}, "reason"),
        ({"reason": "x" * 301}, "reason"),
        ({"why": "curious"}, "why"),
        ({"phone": "555"}, "phone"),
        ({"birth_on": "1980-02-30"}, "birth_on"),
        ({"birth_on": "1980-02-04"}, "__all__"),
        ({"phone": "213 555 0178"}, "__all__"),
    ],
)
def test_what_is_not_exact_opens_nothing(
    client: Client, doctor: Clinician, intake: Intake, sent: dict[str, str], field: str
) -> None:
    page = opened(client, **sent)
    assert field in page.context["form"].errors
    assert not RecordOpening.objects.exists()


def test_guessing_rests_after_ten_tries(client: Client, doctor: Clinician, intake: Intake) -> None:
    for number in range(10):
        opened(client, phone=f"213 555 01{number:02d}")
    assert Entry.objects.filter(what="open-record-tried", action=Action.REFUSED).count() == 10
    assert "too often" in str(opened(client).context["form"].errors)
    assert not RecordOpening.objects.exists()


def test_the_list_of_managers_costs_the_same_at_one_and_at_three(client: Client, doctor: Clinician) -> None:
    boss = Client()
    boss.force_login(cast.manager())
    counts = []
    for number in range(3):
        who = cast.patient(cast.other_site())
        RecordOpening.objects.create(
            user=doctor.user, patient=who, why="cover", reason=f"Reason {number}", until=now() + timedelta(hours=1)
        )
        counts.append(len(people.queries_of(lambda: boss.get(reverse("manage-openings")))))
    assert counts[0] == counts[2]
