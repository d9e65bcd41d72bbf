"""From answers to a decision, in a real browser: an intake, item 9 with the tab closed, a hard decision, a lapse."""

import re
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser, expect

from intake.forms.intake import name_of
from intake.models import AsqSitting, Clearance, Intake, Lapse, Patient, SafetyAlert
from intake.sections import CONTACT, section
from intake.services.sending import submit_intake
from pacificmind.accounts.models import Clinician, User
from pacificmind.clock import now
from pacificmind.messaging.models import Message
from pacificmind.tasks.models import Kind, Task
from scheduling.models import Appointment, Room, Status
from scheduling.services import series
from tests import cast
from tests.calendar import weekday_at
from tests.intake import filling
from tests.intake.review import people
from tests.journeys import as_patient
from tests.journeys.clinic import Staff, database_open, open_clinic
from tests.journeys.house import House
from tests.journeys.person import DESKTOP, PHONE, Person, window

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
TOLD = next(one for one in section("high-times").items if one.id == "bipolar.told")
SUBSTANCES_AND_HIGH_TIMES: dict[str, Any] = {
    "bipolar__told": "yes", "bipolar__four_days": "yes", "bipolar__medicine": "yes", "auditc__1": 4, "auditc__2": 3,
    "auditc__3": 4, "alcohol__daily_heavy": "yes", "drugs__disorder": "yes", "sisq__1": 5,
}  # fmt: skip


@pytest.fixture
def staff(house: House) -> Staff:
    """The clinic anew for each test: the tables are emptied after it."""
    with database_open():
        return open_clinic()


@pytest.fixture
def opened(house: House, browser: Browser, pictures: Path) -> Iterator[Callable[..., Person]]:
    """Windows of people who have signed in, closed at the end."""
    people: list[Person] = []

    def made(user: User, width: int = DESKTOP) -> Person:
        person = window(browser, house, pictures, width, ("Reyes", "ketamine", "depression", "bipolar"))
        with database_open():
            client = Client()
            client.force_login(user)
        person.page.context.add_cookies(
            [{"name": "session", "value": client.cookies["session"].value, "url": house.url}]
        )
        people.append(person)
        return person

    yield made
    for person in people:
        person.page.context.close()


def a_patient(*, up_to_contact: bool = False) -> Patient:
    with database_open():
        who = cast.patient(account=True)
        if up_to_contact:
            filling.fill_section(who, section(CONTACT), who.user)
        return who


def answer_item9(person: Person) -> None:
    """Several days, and the button."""
    person.page.goto(f"{person.house.url}/intake/one-question/")
    person.choose("Several days")
    person.press("Save and go on")


def within_a_minute(holds: Callable[[], bool]) -> None:
    """Wait for what the worker does."""
    until = time.monotonic() + 60
    with database_open():
        while not holds():
            assert time.monotonic() < until
            time.sleep(0.3)


def test_a_plain_intake_is_sent_and_waits_for_a_review(staff: Staff, opened: Callable[..., Person]) -> None:
    who = a_patient()
    person = opened(who.user, PHONE)
    person.page.goto(f"{person.house.url}/intake/")
    person.follow("Begin with the first part")
    shown: list[str] = []
    while "/intake/check/" not in person.page.url:
        shown.append(re.sub(r".*/intake/(part/)?([\w-]+)/.*", r"\2", person.page.url))
        assert len(set(shown)) == len(shown), shown
        before = person.page.url
        if shown[-1] == "one-question":
            person.choose("Not at all")
            person.press("Save and go on")
        else:
            as_patient.fill_part(person, section(shown[-1]))
        expect(person.page).not_to_have_url(before)
    as_patient.send_the_intake(person)
    with database_open():
        sent = Intake.objects.get(patient=who)
        assert sent.submitted_at is not None
        assert not SafetyAlert.objects.exists()
        assert not AsqSitting.objects.exists()
    doctor = opened(staff.prescriber)
    doctor.go("/review/", "review-queue")
    doctor.follow(who.family_name)
    doctor.is_at(f"/review/{sent.pk}/")


def test_item_9_stands_on_the_board_though_the_tab_was_closed(
    staff: Staff, opened: Callable[..., Person], house: House
) -> None:
    """Nothing of it hangs on the page that follows: the answer, the alert and the page are one."""
    who = a_patient(up_to_contact=True)
    person = opened(who.user, PHONE)
    with person.page.expect_response(lambda one: one.request.method == "POST" and "one-question" in one.url):
        answer_item9(person)
    person.page.close()  # before the page with help is read
    within_a_minute(lambda: SafetyAlert.objects.filter(patient=who, closed_at=None).exists())
    within_a_minute(lambda: Message.objects.filter(subject_id=SafetyAlert.objects.get().pk).exists())
    board = opened(staff.prescriber)
    board.go("/safety/", "safety-board-tab-closed")
    board.reads(who.family_name)
    board.reads("1 open alert")
    mail = house.mail(staff.prescriber.email, "^Safety alert")
    assert who.family_name not in mail.as_string()


def test_who_stays_is_asked_the_suicide_screen(staff: Staff, opened: Callable[..., Person]) -> None:
    """A Yes raises what the board says about the same alert; the questions are never repeated to who says No."""
    who = a_patient(up_to_contact=True)
    person = opened(who.user, PHONE)
    answer_item9(person)
    person.is_at("/intake/help-now/")
    person.press("I have read this: go on")
    for said in ("No", "No", "Yes", "No"):
        person.is_at("/intake/more-questions/")
        before = person.page.locator("main legend").first.inner_text()
        person.choose(f"^{said}$")
        person.press("Save and go on")
        expect(person.page.locator("main legend").first).not_to_have_text(before)
    with database_open():
        assert SafetyAlert.objects.filter(patient=who, closed_at=None).exists()
        assert AsqSitting.objects.get(patient=who).answers.count() >= 4


def test_high_times_and_substances_are_decided_with_conditions(staff: Staff, opened: Callable[..., Person]) -> None:
    """What speaks for what stands before the prescriber; the signature needs the password, and nothing is lost."""
    who = a_patient()
    with database_open():
        filling.fill(who, who.user, **SUBSTANCES_AND_HIGH_TIMES)
        sent = submit_intake(by=who.user, patient=who)
    doctor = opened(staff.prescriber)
    doctor.go(f"/review/{sent.pk}/", "review-hard")
    doctor.reads("bipolar")
    doctor.reads("alcohol")
    doctor.choose("cleared with conditions")
    doctor.tick("in-person evaluation")
    doctor.choose("Order a series")
    doctor.fill("Infusions, 1 to 8", "6")
    doctor.choose("2 a week")
    doctor.fill("in spite of D27", "Detoxified in a clinic; no withdrawal for three months.")
    doctor.fill("Clinical note", "Mood has been steady for a year on lithium; drinking is treated elsewhere.")
    doctor.fill("Your password", "not the password")
    doctor.press("Sign, then the list")
    doctor.see("review-wrong-password")
    with database_open():
        assert not Clearance.objects.exists()
    expect(doctor.page.get_by_label(re.compile("Clinical note"))).to_have_value(re.compile("steady for a year"))
    doctor.fill("Your password", cast.PASSWORD)
    doctor.press("Sign, then the list")
    expect(doctor.page.get_by_role("button", name="Sign, then the list")).to_have_count(0)
    with database_open():
        decided = Clearance.objects.get(patient=who)
        assert (decided.decision, decided.signed_by) == ("cleared_with_conditions", staff.prescriber)
        assert decided.conditions.count() == 1
        assert decided.signed_at <= now() + timedelta(seconds=1)


def cleared_with_visits(staff: Staff) -> Patient:
    """A calm intake, a plain decision, two infusions booked."""
    who = cast.consented(a_patient())
    filling.fill(who, who.user)
    doctor = Clinician.objects.get(user=staff.prescriber)
    decided = people.sign(doctor, submit_intake(by=who.user, patient=who))
    room = Room.objects.filter(site="la")[0]
    slots = [series.Slot(weekday_at(9, weekday=day), room.pk, doctor.pk) for day in (0, 3)]
    series.lay_out(by=staff.desk, order_id=decided.series_order.pk, site_id="la", slots=slots)
    return who


def test_a_changed_answer_that_matters_is_put_to_a_prescriber_and_cancels_nothing(
    staff: Staff, opened: Callable[..., Person]
) -> None:
    """The patient tells of high times: the visits stand, a prescriber sees them beside what was found, and decides."""
    with database_open():
        who = cleared_with_visits(staff)
    person = opened(who.user, PHONE)
    person.page.goto(f"{person.house.url}/intake/sent/")
    person.press("Change my answers")
    person.is_at("/intake/")
    person.page.goto(f"{person.house.url}/intake/part/high-times/")
    person.press_label(person.page.locator(f'[name="{name_of(TOLD)}"][value="yes"]'))
    person.press("Save and go on")
    person.is_at("/intake/check/")
    person.press("Send my answers")
    person.is_at("/intake/sent/")
    doctor = opened(staff.prescriber)
    doctor.go("/tasks/", "tasks-lapse")
    doctor.page.goto(f"{doctor.house.url}/desk/patients/{who.pk}/decision/")
    doctor.see("lapse")
    doctor.reads("D19")
    with database_open():
        visits = list(Appointment.objects.filter(patient=who))
        assert [one.status for one in visits] == [Status.BOOKED] * 2
        assert Lapse.objects.get(settled_at=None).clearance.patient == who
        assert Task.objects.filter(kind=Kind.CLEARANCE_LAPSED, subject_id=who.pk, done_at=None).exists()
    for visit in visits:
        expect(doctor.page.locator(f'main a[href="/desk/visits/{visit.pk}/"]')).to_be_visible()
    expect(doctor.page.get_by_role("link", name=re.compile("decide anew"))).to_be_visible()
