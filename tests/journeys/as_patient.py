"""What the patient does, each step through their own pages."""

import re
from dataclasses import replace
from typing import Any

from playwright.sync_api import expect

from intake.forms.intake import name_of
from intake.sections import Item, Section, section
from tests.intake import filling
from tests.journeys.house import body
from tests.journeys.person import Person

EMAIL, PASSWORD = "mona@home.example", "a long walk by the quiet sea"
GIVEN, FAMILY = "Mona", "Quillfeather"
REASON, MEDICINE = "The zzquokka mornings feel like wet sand.", "Novaquetine"
SIGNED_OUT_AT = "mood"  # the part of the intake under which the session ends
CANARIES = (FAMILY, "zzquokka", MEDICINE)


def ask_for_a_consultation(anyone: Person) -> None:
    """From the home page to "we have your request", without an account."""
    anyone.go("/", "home")
    anyone.follow("ask for a consultation")
    anyone.see("ask")
    anyone.choose("Los Angeles")
    anyone.choose("At the clinic")
    anyone.tick("Tuesday")
    anyone.fill("What brings you to us", REASON)
    anyone.fill("First name", GIVEN)
    anyone.fill("Last name", FAMILY)
    anyone.fill("^Telephone", "(213) 555-0142")
    anyone.fill("^E-mail", EMAIL)
    anyone.press("Send my request")
    anyone.is_at("/ask/received/")
    anyone.see("received")


def open_an_account(person: Person) -> None:
    """Sign up, confirm the address by the mail's link and a button, sign in."""
    person.follow("Create an account")
    person.see("sign-up")
    expect(person.page.get_by_label(re.compile("e-?mail", re.I)).first).to_have_value(EMAIL)
    person.fill("^password", PASSWORD)
    person.press("Create my account")
    person.reads("Look in your mailbox")
    person.see("look-in-mailbox")
    mail = person.house.mail(EMAIL, "(?i)confirm")
    link = re.search(r"https?://\S+/accounts/confirm-email/\S+", body(mail))
    assert link is not None
    person.page.goto(link[0])
    person.see("confirm-address")
    person.press("Yes, confirm this address")
    person.sign_in(EMAIL, PASSWORD)
    person.is_at("/home/")
    person.see("first-home")


def tell_about_you(person: Person) -> None:
    """Open the record."""
    person.go("/about-you/", "about-you")
    person.fill("First name", GIVEN)
    person.fill("Last name", FAMILY)
    person.fill("Date of birth", "1985-04-12")
    person.fill("^Telephone", "(213) 555-0142")
    person.choose("Los Angeles")
    person.press_label(person.page.locator("[name=by_email]"))
    person.press("Save and go on")
    expect(person.page).not_to_have_url(re.compile("/about-you/"))
    person.see("after-about-you")


def choose_a_time(person: Person) -> None:
    """Home, a time, the button: booked."""
    person.go("/home/", "home-choose")
    person.page.goto(f"{person.house.url}/choose/")
    person.see("choose")
    person.page.locator(".times a").first.click()
    person.see("book-this-time")
    person.press("^Book ")
    person.is_at("/visits/[0-9a-f-]+/")
    person.reads("Booked")
    person.see("visit-booked")


def move_the_visit(person: Person) -> None:
    """To another time of another day, within the notice."""
    person.follow("Move to another time")
    person.see("move")
    person.page.locator(".times > li").nth(2).locator("a").first.click()
    person.see("move-confirm")
    person.press("^Move to ")
    person.is_at("/visits/[0-9a-f-]+/")
    person.reads("Moved to")
    person.see("visit-moved")


def _calm(item: Item) -> Any:
    return {"phq9.9": 1, "medicines.any": "yes"}.get(item.id, filling.calm(item))


def _answer(person: Person, item: Item) -> None:
    name, value = name_of(item), _calm(item)
    if item.options:
        for one in value if isinstance(value, list) else [value]:
            person.press_label(person.page.locator(f'[name="{name}"][value="{one}"]'))
    else:
        person.page.locator(f'[name="{name}"]').fill(str(value))


def fill_part(person: Person, part: Section) -> None:
    """Answer what this part asks, and go on."""
    for item in part.items:
        if item.required:
            _answer(person, item)
    if part.rows == "medicine":
        person.page.get_by_label(re.compile("^Name")).first.fill(MEDICINE)
    person.press("Save and go on")


def fill_the_intake(person: Person) -> list[str]:
    """All parts in order; the parts that were shown. Item 9 leads to the crisis page at once."""
    person.go("/intake/", "intake-home")
    person.follow("Begin with the first part")
    shown: list[str] = []
    while "/intake/check/" not in person.page.url:
        found = re.search(r"/intake/part/([\w-]+)/", person.page.url)
        alone = "/intake/one-question/" in person.page.url
        assert found or alone, person.page.url
        slug = found[1] if found else "one-question"
        assert slug not in shown, f"{slug} is asked again: {person.page.locator('main').inner_text()[:600]}"
        shown.append(slug)
        person.see(f"intake-{slug}")
        if slug == SIGNED_OUT_AT:
            person.lose_the_session()
        if found:
            fill_part(person, section(found[1]))
        else:
            _answer_item9(person)
        if slug == SIGNED_OUT_AT:
            _sign_in_beside_and_save(person)
        expect(person.page).not_to_have_url(re.compile(f"/{slug}/$"))
    return shown


def _sign_in_beside_and_save(person: Person) -> None:
    """The session ended under a part of the intake: sign in in another tab, come back, one press."""
    person.reads("What you typed is still here")
    person.see("session-ended")
    with person.page.expect_popup() as beside:
        person.follow("Sign in, in a new tab")
    other = replace(person, page=beside.value)
    other.give(EMAIL, PASSWORD)
    other.reads("You are signed in")
    other.page.close()
    person.press("Save my answers")  # once: the page fetches the token of the new session


def _answer_item9(person: Person) -> None:
    """Several days: help at once, with numbers that a phone can call, and a way on."""
    person.choose("Several days")
    person.press("Save and go on")
    person.is_at("/intake/help-now/")
    person.see("crisis")
    expect(person.page.locator("main").get_by_role("link", name="Call 988", exact=True)).to_have_attribute(
        "href", "tel:988"
    )
    expect(person.page.locator("main").get_by_role("link", name="Text 988", exact=True)).to_have_attribute(
        "href", "sms:988"
    )
    expect(person.page.get_by_role("heading", level=1)).to_be_focused()  # read aloud first
    # beside it stands the region of messages, empty or with "You are signed in" from the other tab
    told = person.page.locator("main").get_by_role("alert").filter(has_text="Please talk with someone today")
    expect(told).to_be_visible()
    person.reads("Your answer is saved")
    person.press("I have read this: go on")
    for number in range(1, 5):
        person.is_at("/intake/more-questions/")
        if number == 1:
            person.see("suicide-screen")
        person.choose("^No$")
        person.press("Save and go on")


def send_the_intake(person: Person) -> None:
    """Check and send."""
    person.see("intake-check")
    person.press("Send my answers")
    person.is_at("/intake/sent/")
    person.see("intake-sent")


def sign_the_consent(person: Person) -> None:
    """Read, tick each statement, type the name."""
    person.go("/consents/", "consents")
    person.page.goto(f"{person.house.url}/consents/treatment/")
    person.is_at("/consents/electronic/")
    person.see("consent-electronic")
    for box in person.page.locator("[name^=agree-]").all():
        person.press_label(box)
    person.page.get_by_label("The code at the end").fill(person.page.locator(".code-word").inner_text())
    person.fill("Type your full name", f"{GIVEN} {FAMILY}")
    person.press("Sign this document")
    person.reads("Now the document itself")
    person.see("consent")
    for box in person.page.locator("main").get_by_role("checkbox").all():
        person.press_label(box)
    person.fill("Type your full name", f"{GIVEN} {FAMILY}")
    person.press("Sign this document")
    person.is_at("/consents/signed/[0-9a-f-]+/")
    person.see("consent-signed")


def name_the_escort(person: Person, visit_id: object) -> None:
    """Who takes the patient home, from the visit's page."""
    person.go(f"/visits/{visit_id}/", "infusion-visit")
    person.follow("Name them")
    person.see("escort")
    person.fill("Their name", "Ben Harbor")
    person.fill("Their telephone", "(213) 555-0178")
    person.press("Save who takes me home")
    person.is_at(f"/visits/{visit_id}/")
    person.reads("Ben Harbor")
