"""The safety board through the browser's door."""

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.db import transaction
from django.test import Client
from django.urls import reverse

from intake.models import Answer, SafetyAlert
from intake.services.alerts import acknowledge
from intake.services.safety import raise_alert, raise_tier
from intake.services.safetyplan import save_plan
from pacificmind.accounts.models import User
from pacificmind.audit.models import Entry
from pacificmind.clock import now
from pacificmind.messaging.models import Message
from tests import cast
from tests.intake.review import people

pytestmark = pytest.mark.django_db
BOARD = reverse("safety-board")


@pytest.fixture
def me(client: Client) -> User:
    made = cast.clinician(name="Kim Lee").user
    client.force_login(made)
    return made


@pytest.fixture
def alert() -> SafetyAlert:
    return people.alert(cast.patient())


def address(alert: SafetyAlert, name: str = "safety-alert") -> str:
    return reverse(name, args=[alert.pk])


def filled(**changes: Any) -> dict[str, Any]:
    return {
        "request_id": str(uuid.uuid4()),
        "tool": "C-SSRS",
        "level": "low",
        "plan": "Safety plan made with the sister.",
        "safety_plan": "paper",
        "disposition": "At home with the sister.",
        "follow_up_on": people.until(1).isoformat(),
        **changes,
    }


def test_from_alert_to_follow_up(client: Client, me: User, alert: SafetyAlert) -> None:
    page = client.get(BOARD).content.decode()
    assert "1 open alert," in page
    assert "Nobody has it" in page
    assert client.post(address(alert, "safety-alert-take")).headers["Location"] == address(alert)
    assert "Document and close" in client.get(address(alert)).content.decode()
    assert client.post(address(alert), filled()).headers["Location"] == BOARD
    page = client.get(BOARD).content.decode()
    assert "No open alerts" in page
    assert "1 follow-up" in page
    client.post(address(alert, "safety-follow-up"))
    assert "0 follow-ups" in client.get(BOARD).content.decode()
    assert "Safety plan made with the sister." in client.get(address(alert)).content.decode()


def test_what_was_answered_and_where_they_are(client: Client, me: User) -> None:
    who = cast.patient()
    intake = people.answered(
        who, {"contact.place": "12 Olive Street", "contact.phone": "+12135550188", "phq9.9": 2}, sent=False
    )
    alert = people.alert(who, answer=Answer.objects.get(intake=intake, item="phq9.9"))
    page = client.get(address(alert)).content.decode()
    for words in ("better off dead", "More than half the days (2)", "12 Olive Street", "tel:+12135550188"):
        assert words in page


def test_words_that_raised_it_are_shown(client: Client, me: User) -> None:
    intake = people.answered(cast.patient(), {"reason.words": "I cannot go on <b>"}, sent=False)
    alert = people.alert(intake.patient, "URGENT-1", trigger="words", value="", answer=intake.answers.get())
    assert "I cannot go on &lt;b&gt;" in client.get(address(alert)).content.decode()


def test_the_second_to_take_it_is_told_who_has_it(client: Client, me: User, alert: SafetyAlert) -> None:
    client.post(address(alert, "safety-alert-take"))
    client.force_login(cast.clinician().user)
    answer = client.post(address(alert, "safety-alert-take"), follow=True)
    assert "Kim Lee has this alert now." in answer.content.decode()
    alert.refresh_from_db()
    assert alert.owner == me


def test_it_can_be_taken_over_by_name(client: Client, me: User, alert: SafetyAlert) -> None:
    client.post(address(alert, "safety-alert-take"))
    other = cast.clinician().user
    client.force_login(other)
    assert "Take it over from Kim Lee" in client.get(address(alert)).content.decode()
    client.post(address(alert, "safety-alert-take"), {"owner": str(me.pk)})
    alert.refresh_from_db()
    assert alert.owner == other


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"tool": ""}, "tool"),
        ({"level": "fine"}, "level"),
        ({"plan": ""}, "plan"),
        ({"safety_plan": "in_plan"}, "safety_plan"),
        ({"disposition": "x" * 301}, "disposition"),
        ({"follow_up_on": "2020-01-01"}, "follow_up_on"),
        ({"follow_up_on": ""}, "follow_up_on"),
    ],
)
def test_what_is_missing_is_said_and_nothing_typed_is_lost(
    client: Client, me: User, alert: SafetyAlert, changes: dict[str, Any], field: str
) -> None:
    client.post(address(alert, "safety-alert-take"))
    answer = client.post(address(alert), filled(**changes))
    assert field in answer.context["form"].errors
    assert field == "plan" or "Safety plan made with the sister." in answer.content.decode()
    alert.refresh_from_db()
    assert alert.closed_at is None


def test_without_having_it_nobody_closes_it(client: Client, me: User, alert: SafetyAlert) -> None:
    assert "Take this alert first." in client.post(address(alert), filled()).content.decode()
    alert.refresh_from_db()
    assert alert.closed_at is None


def test_each_look_is_recorded_and_the_pulse_is_not(client: Client, me: User, alert: SafetyAlert) -> None:
    client.get(BOARD)
    client.get(address(alert))
    client.get(reverse("safety-board-pulse"))
    looks = Entry.objects.filter(action="view").values_list("what", "patient_id")
    assert sorted(looks) == [("safety-alert", alert.patient_id), ("safety-board", alert.patient_id)]


def test_the_pulse_does_not_keep_a_session_alive(client: Client, me: User, alert: SafetyAlert) -> None:
    with time_machine.travel(now(), tick=False) as clock:
        client.get(BOARD)
        before = Session.objects.get().expire_date
        clock.shift(timedelta(minutes=2))  # a session's end moves on at most once a minute
        answer = client.get(reverse("safety-board-pulse"))
        assert len(answer.content.split()) == 3
        assert Session.objects.get().expire_date == before
        client.get(BOARD)
        assert Session.objects.get().expire_date > before, "the negative control: a page does"


def test_the_number_of_queries_does_not_grow(client: Client, me: User, alert: SafetyAlert) -> None:
    one = len(people.queries_of(lambda: client.get(BOARD)))
    for _ in range(2):
        people.alert(cast.patient())
    assert len(people.queries_of(lambda: client.get(BOARD))) == one


def test_alerts_are_for_clinicians_of_the_site_alone(client: Client, alert: SafetyAlert) -> None:
    posts = [address(alert, "safety-alert-take"), address(alert, "safety-follow-up"), address(alert)]
    for person in (cast.receptionist(), cast.manager(), cast.user("patient")):
        client.force_login(person)
        for answer in (
            client.get(BOARD),
            client.get(address(alert)),
            client.get(reverse("safety-board-pulse")),
            *(client.post(post, filled()) for post in posts),
        ):
            assert answer.status_code == 403
            assert alert.patient.family_name not in answer.content.decode()
    client.force_login(cast.prescriber(cast.other_site()).user)
    assert [client.post(post, filled()).status_code for post in posts] == [404, 404, 404]
    assert client.get(address(alert)).status_code == 404
    assert alert.patient.family_name not in client.get(BOARD).content.decode()
    alert.refresh_from_db()
    assert alert.owner is None


def test_who_was_paged_from_elsewhere_sees_it_and_can_take_it(client: Client) -> None:
    far = cast.prescriber(cast.other_site())
    stranger = cast.prescriber(cast.other_site())
    cast.on_call(far)
    with transaction.atomic():
        alert = raise_alert(patient=cast.patient(), tier="URGENT-2", trigger="staff")
    client.force_login(stranger.user)
    assert client.get(address(alert)).status_code == 404, "the negative control: nobody paged them"
    client.force_login(far.user)
    assert alert.patient.full_name in client.get(BOARD).content.decode()
    assert client.post(address(alert, "safety-alert-take")).headers["Location"] == address(alert)
    assert client.post(address(alert), filled()).headers["Location"] == BOARD
    alert.refresh_from_db()
    assert alert.closed_by == far.user


def test_the_board_says_that_pages_do_not_leave_and_rings_by_its_own(client: Client, me: User) -> None:
    cast.prescriber()
    with transaction.atomic():
        alert = raise_alert(patient=cast.patient(), tier="URGENT-2", trigger="staff")
    page = client.get(BOARD).content.decode()
    assert "Pages are not leaving" not in page
    assert "Nobody was reached by a page yet" in page
    Message.objects.filter(subject_id=alert.pk).update(tries=3, why="The mail server could not be reached.")
    page = client.get(BOARD).content.decode()
    assert "Pages are not leaving" in page
    assert "data-board-bell" in page
    mark, waiting, newest = client.get(reverse("safety-board-pulse")).content.decode().split()
    assert (waiting, int(newest) // 1_000) == ("1", int(alert.raised_at.timestamp()))
    with transaction.atomic():
        raise_alert(patient=cast.patient(), tier="URGENT-1", trigger="staff")
    after = client.get(reverse("safety-board-pulse")).content.decode().split()
    assert (after[0] != mark, after[1], int(after[2]) >= int(newest)) == (True, "2", True)


def test_escalated_amended_and_raised_are_marked(client: Client, me: User) -> None:
    cast.prescriber()
    with transaction.atomic():
        alert = raise_alert(patient=cast.patient(), tier="URGENT-1", trigger="staff")
    acknowledge(by=me, alert=alert)
    assert "take it again" not in client.get(BOARD).content.decode()
    with transaction.atomic():
        raise_tier(alert, "URGENT-2", trigger="asq", value="YNNNY")
    SafetyAlert.objects.update(step=3, amended=True)
    page = client.get(BOARD).content.decode()
    for words in (
        "Became urgent since: take it again",
        "Escalated",
        "the answer was changed later",
        "urgent now since",
    ):
        assert words in page
    assert "I have it, urgent as it is now" in client.get(address(alert)).content.decode()
    client.post(address(alert, "safety-alert-take"))
    assert "take it again" not in client.get(BOARD).content.decode()
    assert "Became more urgent" in client.get(address(alert)).content.decode()


def test_a_follow_up_that_reached_nobody_stays_on_the_list(client: Client, me: User, alert: SafetyAlert) -> None:
    client.post(address(alert, "safety-alert-take"))
    client.post(address(alert), filled())
    client.post(address(alert, "safety-follow-up"), {"do": "not-reached"})
    page = client.get(BOARD).content.decode()
    assert "1 follow-up" in page
    assert "Tried 1 time" in page


def test_a_plan_that_is_said_to_be_in_the_portal_has_to_be_there(client: Client, me: User, alert: SafetyAlert) -> None:
    client.post(address(alert, "safety-alert-take"))
    assert "No plan is in the portal yet" in client.post(address(alert), filled(safety_plan="made")).content.decode()
    save_plan(by=me, patient=alert.patient, parts={"alone": "Music"}, seen=0, as_clinician=True)
    assert client.post(address(alert), filled(safety_plan="made")).headers["Location"] == BOARD


def test_who_goes_off_shift_gives_it_back_on_its_page(client: Client, me: User, alert: SafetyAlert) -> None:
    heir = cast.clinician(name="Noor Haddad").user
    client.post(address(alert, "safety-alert-take"))
    page = client.get(address(alert)).content.decode()
    assert "Give this alert back" in page
    assert "Noor Haddad" in page
    back = address(alert, "safety-alert-give-back")
    refused = client.post(back, {"back-request_id": str(uuid.uuid4()), "back-to": "", "back-why": ""})
    assert (refused.status_code, "details open" in refused.content.decode()) == (200, True)
    told = {"back-request_id": str(uuid.uuid4()), "back-to": str(heir.pk), "back-why": "My shift ends at six."}
    assert client.post(back, told).headers["Location"] == BOARD
    assert "Handed over: not taken yet" in client.get(BOARD).content.decode()
    client.force_login(heir)
    page = client.get(address(alert)).content.decode()
    assert "My shift ends at six." in page
    assert "I have it now" in page
    client.post(address(alert, "safety-alert-take"))
    page = client.get(address(alert)).content.decode()
    assert "not taken yet" not in page
    told = {"back-request_id": str(uuid.uuid4()), "back-to": "", "back-why": "I am ill."}
    client.post(back, told, follow=True)
    page = client.get(BOARD).content.decode()
    assert "Nobody has it" in page
    assert "given back" in page


def test_the_patients_own_view_says_nothing_of_an_alert(client: Client) -> None:
    who, doctor = cast.patient(account=True), cast.clinician(name="Kim Lee").user
    with transaction.atomic():
        raised = raise_alert(patient=who, tier="URGENT-1", trigger="phq9-item9", value="1", by=who.user)
    client.force_login(doctor)
    client.get(BOARD)
    client.post(address(raised, "safety-alert-take"))
    client.get(address(raised))
    told = {"back-request_id": str(uuid.uuid4()), "back-to": "", "back-why": "Shift"}
    client.post(address(raised, "safety-alert-give-back"), told)
    assert who.user is not None
    client.force_login(who.user)
    page = client.get(reverse("patient-who-looked"), {"own": "1"}).content.decode()
    main = re.sub("<[^>]+>", " ", page[page.index("<main") : page.index("</main")])
    assert "Kim Lee" in main, "who looked is told"
    assert "your answers" in main
    assert not [word for word in ("alert", "safety", "tier", "asq", "crisis") if word in main.lower()]
