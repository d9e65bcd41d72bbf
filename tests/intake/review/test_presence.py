"""Two clinicians at one review: each sees the other, with a time-out; a decision made meanwhile is shown."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from intake.models import Clearance, Intake, Presence
from intake.queries.presence import readers
from pacificmind.accounts.models import Clinician
from pacificmind.audit.models import Entry
from pacificmind.clock import now
from tests import cast
from tests.intake.review import people
from tests.intake.review.test_review_page import filled, url

pytestmark = pytest.mark.django_db


@pytest.fixture
def doctor(client: Client) -> Clinician:
    made = cast.prescriber(name="Ada Okafor")
    client.force_login(made.user)
    return made


@pytest.fixture
def intake() -> Intake:
    return people.answered(cast.patient())


def colleague(name: str = "Bo Tran") -> Client:
    client = Client()
    client.force_login(cast.prescriber(name=name).user)
    return client


def test_a_page_that_is_open_is_said_and_runs_out(client: Client, doctor: Clinician, intake: Intake) -> None:
    other = colleague()
    other.get(url(intake))
    answer = other.post(reverse("review-here", args=[intake.pk]))
    assert answer.json() == {"open": [], "opened": [], "decision": "none"}
    assert client.post(reverse("review-here", args=[intake.pk])).json()["open"] == ["Bo Tran"]
    page = client.get(url(intake)).content.decode()
    assert "Bo Tran" in page
    assert "has this page open now" in page
    with time_machine.travel(now() + timedelta(seconds=101), tick=False):
        found = readers(intake, but=doctor.user)
        assert [(one.name, one.is_open) for one in found] == [("Bo Tran", False)], "opened a moment ago"
    with time_machine.travel(now() + timedelta(minutes=11), tick=False):
        assert readers(intake, but=doctor.user) == []


def test_nobody_is_told_of_themselves(client: Client, doctor: Clinician, intake: Intake) -> None:
    client.get(url(intake))
    client.post(reverse("review-here", args=[intake.pk]))
    assert readers(intake, but=doctor.user) == []


def test_a_decision_meanwhile_is_shown_and_not_overwritten(client: Client, doctor: Clinician, intake: Intake) -> None:
    client.get(url(intake))
    other = colleague()
    assert other.post(url(intake), filled(decision="not_cleared", words="Not for now.")).status_code == 302
    told = client.post(reverse("review-here", args=[intake.pk])).json()
    assert told["decision"] == str(Clearance.objects.get().pk)
    page = client.post(url(intake), filled(seen="none"))
    assert "Another decision was signed while you were reading" in str(page.context["form"].errors)
    assert Clearance.objects.get().decision == "not_cleared"
    assert "Not for now." in page.content.decode()


def test_signing_ends_the_presence(client: Client, doctor: Clinician, intake: Intake) -> None:
    client.post(reverse("review-here", args=[intake.pk]))
    client.post(url(intake), filled())
    assert not Presence.objects.exists()


def test_a_heartbeat_is_no_look_and_keeps_no_session_alive(client: Client, doctor: Clinician, intake: Intake) -> None:
    client.get(url(intake))
    moved, looks = client.session["moved_on"], Entry.objects.count()
    with time_machine.travel(now() + timedelta(minutes=5)):
        assert client.post(reverse("review-here", args=[intake.pk])).status_code == 200
        assert client.session["moved_on"] == moved
    assert Entry.objects.count() == looks


def test_what_a_colleague_has_open_is_marked_in_the_queue_and_passed_over(
    client: Client, doctor: Clinician, intake: Intake
) -> None:
    second, third = (people.answered(cast.patient()) for _ in range(2))
    colleague().post(reverse("review-here", args=[second.pk]))
    assert "Open with a colleague" in client.get(reverse("review-queue")).content.decode()
    assert client.post(url(intake), filled(then="next")).headers["Location"] == url(third)
    assert client.post(url(third), filled(then="list")).headers["Location"] == reverse("review-queue")
