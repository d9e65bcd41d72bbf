"""The intake in a real browser: saved while it is typed, offline, in two windows, after the session ended."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from intake.models import Answer, Patient, SafetyAlert
from tests import cast
from tests.journeys.clinic import database_open, open_clinic
from tests.journeys.house import House
from tests.journeys.person import PATIENCE, PHONE, Person, window

pytestmark = [pytest.mark.django_db(transaction=True)]


@pytest.fixture
def ana(house: House) -> Patient:
    with database_open():
        open_clinic()
        return cast.patient(account=True)


@pytest.fixture
def person(house: House, browser: Browser, pictures: Path, ana: Patient) -> Iterator[Person]:
    made = window(browser, house, pictures, PHONE, (ana.family_name,))
    made.page.set_default_timeout(PATIENCE)
    sign_in(made, ana)
    yield made
    made.page.context.close()


def sign_in(person: Person, who: Patient) -> None:
    with database_open():
        client = Client()
        assert who.user
        client.force_login(who.user)
    cookie = {"name": "session", "value": client.cookies["session"].value, "url": person.house.url}
    person.page.context.add_cookies([cookie])  # type: ignore[list-item]


def choose(page: Page, item: int, value: int) -> None:
    page.locator(f'[name="gad7-{item}"][value="{value}"]').check(force=True)


def stored(item: str) -> object:
    with database_open():
        return Answer.objects.filter(item=item).values_list("value", flat=True).first()


def saved(page: Page) -> None:
    expect(page.locator("[data-saved]")).to_contain_text("Saved at", timeout=PATIENCE)


def test_an_answer_is_saved_when_it_is_given_and_offline_it_waits(person: Person) -> None:
    page = person.page
    person.go("/intake/part/worry/", "typing")
    choose(page, 1, 2)
    saved(page)
    assert stored("gad7.1") == 2
    page.context.set_offline(True)
    choose(page, 2, 3)
    expect(page.locator("[data-trouble]")).to_contain_text("Not saved yet", timeout=PATIENCE)
    person.press("Save and come back later")
    expect(page.locator('[name="gad7-2"][value="3"]')).to_be_checked()  # the page is still there
    person.see("typing-offline")
    assert stored("gad7.2") is None
    page.context.set_offline(False)
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.locator("[data-trouble]")).to_be_empty(timeout=PATIENCE)
    assert stored("gad7.2") == 3


def test_two_windows_are_asked_which_answer_holds(person: Person) -> None:
    one, two = person.page, person.page.context.new_page()
    for page in (one, two):
        page.goto(f"{person.house.url}/intake/part/worry/")
    choose(one, 1, 1)
    saved(one)
    choose(two, 1, 3)
    expect(two.locator(".field-error")).to_contain_text(
        "In another window you answered: Several days", timeout=PATIENCE
    )
    assert stored("gad7.1") == 1
    choose(two, 1, 2)  # chosen after reading
    saved(two)
    assert stored("gad7.1") == 2


def test_a_session_that_ended_is_said_and_after_signing_in_all_is_saved(person: Person, ana: Patient) -> None:
    page = person.page
    person.go("/intake/part/worry/", "typing-signed-in")
    page.context.clear_cookies()
    choose(page, 3, 2)
    expect(page.locator("[data-trouble]")).to_contain_text("Your session ended", timeout=PATIENCE)
    person.see("typing-signed-out")
    sign_in(person, ana)
    page.evaluate("dispatchEvent(new Event('focus'))")
    expect(page.locator("[data-trouble]")).to_be_empty(timeout=PATIENCE)
    assert stored("gad7.3") == 2


def test_words_of_crisis_bring_help_while_they_are_typed(person: Person) -> None:
    person.go("/intake/part/reason/", "typing-words")
    person.page.locator('[name="reason-words"]').fill("I want to kill myself")
    person.page.wait_for_url("**/intake/help-now/", timeout=PATIENCE)
    with database_open():
        assert SafetyAlert.objects.count() == 1
