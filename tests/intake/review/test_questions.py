"""Ask the patient for more: neutral mail, a task, the question in the portal, the answer back at the review."""

import uuid
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from intake.domain.decisions import Stale
from intake.messages_review import QUESTION_ASKED, render_question
from intake.models import Intake, Patient, PatientQuestion, SafetyAlert
from intake.services import questions
from pacificmind.accounts.models import Clinician
from pacificmind.audit.models import Entry
from pacificmind.messaging.models import Message
from pacificmind.messaging.registry import Void, Words
from pacificmind.tasks.models import Task
from tests import cast
from tests.intake.review import people

pytestmark = pytest.mark.django_db
ASKED = "Which dose of lithium did you take?"


@pytest.fixture
def doctor(client: Client) -> Clinician:
    made = cast.prescriber()
    client.force_login(made.user)
    return made


@pytest.fixture
def ana() -> Patient:
    return cast.patient(account=True)


@pytest.fixture
def intake(ana: Patient) -> Intake:
    return people.answered(ana)


@pytest.fixture
def web(ana: Patient) -> Client:
    client = Client()
    assert ana.user
    client.force_login(ana.user)
    return client


def ask(doctor: Clinician, intake: Intake, text: str = ASKED) -> PatientQuestion:
    return questions.ask(by=doctor.user, intake=intake, text=text)


def form(**values: Any) -> dict[str, Any]:
    return {"request_id": str(uuid.uuid4()), **values}


def open_tasks() -> list[tuple[str, str]]:
    return sorted(Task.objects.filter(done_at__isnull=True).values_list("kind", "queue"))


def test_the_whole_way_there_and_back(client: Client, doctor: Clinician, intake: Intake, web: Client) -> None:
    sent = form(text=ASKED)
    for _ in range(2):  # a double click asks once
        assert client.post(reverse("review-ask", args=[intake.pk]), sent).status_code == 302
    question = PatientQuestion.objects.get()
    message = Message.objects.get(purpose=QUESTION_ASKED)
    words = render_question(message)
    assert isinstance(words, Words)
    assert "lithium" not in str(words)
    assert open_tasks() == [("patient-asked", "front_desk")]
    assert ASKED in web.get(reverse("patient-questions")).content.decode()
    address = reverse("patient-question", args=[question.pk])
    assert ASKED in web.get(address).content.decode()
    reply = form(answer="900 mg <b>a day</b>")
    for _ in range(2):
        assert web.post(address, reply).status_code == 302
    assert open_tasks() == [("patient-answered", "clinicians")]
    page = client.get(reverse("review", args=[intake.pk])).content.decode()
    assert "The patient wrote back" in page
    assert "900 mg &lt;b&gt;a day&lt;/b&gt;" in page
    assert isinstance(render_question(message), Void)
    client.post(reverse("review-answer-read", args=[question.pk]))
    question.refresh_from_db()
    assert question.read_by == doctor.user
    assert open_tasks() == []
    assert "The patient wrote back" not in client.get(reverse("review", args=[intake.pk])).content.decode()
    told = set(Entry.objects.filter(patient_id=intake.patient_id).values_list("what", flat=True))
    assert {"ask-patient", "answer-question", "read-answer", "question", "questions"} <= told


def test_several_questions_send_one_mail_and_one_task(doctor: Clinician, intake: Intake) -> None:
    ask(doctor, intake)
    ask(doctor, intake, "And since when?")
    assert Message.objects.filter(purpose=QUESTION_ASKED, status="owed").count() == 1
    assert open_tasks() == [("patient-asked", "front_desk")]


def test_the_front_desk_reads_no_question(doctor: Clinician, intake: Intake) -> None:
    ask(doctor, intake)
    desk = Client()
    desk.force_login(cast.receptionist())
    page = desk.get(reverse("desk-tasks")).content.decode()
    assert "Something waits in the portal for the patient" in page
    assert "lithium" not in page
    assert desk.get(reverse("patient-questions")).status_code == 403
    assert "lithium" not in desk.get(reverse("desk-patient", args=[intake.patient_id])).content.decode()


def test_words_of_crisis_raise_an_alert_and_lead_to_help(doctor: Clinician, intake: Intake, web: Client) -> None:
    question = ask(doctor, intake)
    answer = web.post(reverse("patient-question", args=[question.pk]), form(answer="I want to kill myself"))
    assert answer.headers["Location"] == reverse("intake-crisis")
    alert = SafetyAlert.objects.get()
    assert (alert.tier, alert.trigger, alert.patient_id) == ("URGENT-1", SafetyAlert.Trigger.WORDS, intake.patient_id)


def test_words_of_crisis_in_an_answer_that_is_too_long_lead_to_help(
    doctor: Clinician, intake: Intake, web: Client
) -> None:
    question = ask(doctor, intake)
    page = web.post(reverse("patient-question", args=[question.pk]), form(answer="I want to kill myself " * 400))
    assert page.status_code == 200
    assert page.content.decode().count("Call 988") > 1, "the box beside the footer"
    assert not PatientQuestion.objects.filter(answered_at__isnull=False).exists()


def test_an_answer_is_given_once_and_a_question_taken_back_gets_none(
    doctor: Clinician, intake: Intake, web: Client, ana: Patient
) -> None:
    first, second = ask(doctor, intake), ask(doctor, intake, "Since when?")
    assert ana.user
    questions.answer(by=ana.user, question=first, text="900 mg")
    with pytest.raises(Stale, match="answered this already"):
        questions.answer(by=ana.user, question=first, text="300 mg")
    with pytest.raises(Stale, match="answered meanwhile"):
        questions.take_back(by=doctor.user, question=first)
    questions.take_back(by=doctor.user, question=second)
    with pytest.raises(Stale, match="no longer needs"):
        questions.answer(by=ana.user, question=second, text="May")
    assert web.get(reverse("patient-question", args=[second.pk])).status_code == 404
    assert ("patient-asked", "front_desk") not in open_tasks()
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        PatientQuestion.objects.filter(pk=first.pk).update(text="Something else")


def test_another_patients_question_and_another_sites_are_404(client: Client, doctor: Clinician, intake: Intake) -> None:
    question = ask(doctor, intake)
    other = cast.patient(account=True)
    stranger = Client()
    assert other.user
    stranger.force_login(other.user)
    address = reverse("patient-question", args=[question.pk])
    assert stranger.get(address).status_code == 404
    assert stranger.post(address, form(answer="mine")).status_code == 404
    foreign = Client()
    foreign.force_login(cast.prescriber(cast.other_site()).user)
    for name, pk in (
        ("review-ask", intake.pk),
        ("review-answer-read", question.pk),
        ("review-question-back", question.pk),
    ):
        assert foreign.post(reverse(name, args=[pk]), form(text="x")).status_code == 404
    assert PatientQuestion.objects.count() == 1


@pytest.mark.parametrize("text", ["", "   ", "q" * 1001, "a\0b"])
def test_a_question_that_cannot_be_asked_is_said_and_kept(
    client: Client, doctor: Clinician, intake: Intake, text: str
) -> None:
    page = client.post(reverse("review-ask", args=[intake.pk]), form(text=text))
    assert "text" in page.context["form"].errors
    assert not PatientQuestion.objects.exists()


def test_ten_at_once_are_a_conversation(doctor: Clinician, intake: Intake) -> None:
    for number in range(10):
        ask(doctor, intake, f"Question {number}")
    with pytest.raises(Stale, match="Call the patient"):
        ask(doctor, intake)


def test_the_patients_home_leads_there(doctor: Clinician, intake: Intake, web: Client, ana: Patient) -> None:
    cast.visit_types()
    cast.clearance(ana, doctor)
    ask(doctor, intake)
    page = web.get("/home/").content.decode()
    assert "Your clinician has a question for you" in page
    assert reverse("patient-questions") in page


def test_words_of_crisis_in_an_answer_that_is_refused_are_read(doctor: Clinician, intake: Intake, web: Client) -> None:
    question = ask(doctor, intake)
    address = reverse("patient-question", args=[question.pk])
    page = web.post(address, form(answer="I want to kill myself. " * 300)).content.decode()
    assert "on the clinicians" in page
    assert "tel:988" in page
    assert "I want to kill myself." in page
    question.refresh_from_db()
    assert question.answered_at is None
    assert SafetyAlert.objects.get().value == "not sent"
