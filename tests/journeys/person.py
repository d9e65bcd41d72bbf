"""Somebody in front of a browser: signs in, follows addresses, and looks at every page with axe and a picture."""

import itertools
import re
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser import axe_findings, sideways
from tests.cast import PASSWORD
from tests.journeys.house import House

PHONE, DESKTOP = 390, 1280
PATIENCE = 20_000  # milliseconds: the machine may be busy
_numbers = itertools.count(1)


@dataclass
class Person:
    """One browser window of one person; `secrets` must stand in no title."""

    page: Page
    house: House
    pictures: Path
    width: int
    secrets: tuple[str, ...]
    seen: list[str] = field(default_factory=list)

    def go(self, path: str, name: str) -> None:
        """Open an address of the house and look at the page."""
        answer = self.page.goto(self.house.url + path)
        assert answer is not None
        assert answer.status == 200, f"{path}: {answer.status}"
        self.see(name)

    def see(self, name: str) -> None:
        """The page as everybody must find it: nothing serious for axe, no sideways scroll, nobody in the title."""
        self.page.wait_for_load_state("load")
        picture = self.pictures / f"{next(_numbers):02d}-{name}-{self.width}.png"
        self.page.screenshot(path=picture, full_page=True)
        at = f"{name} at {self.width} px ({self.page.url})"
        assert axe_findings(self.page) == [], at
        assert sideways(self.page) <= 0, at
        title = self.page.title()
        assert title, at
        assert [word for word in self.secrets if word.lower() in title.lower()] == [], at
        self.seen.append(name)

    def press(self, words: str, *, exact: bool = False) -> None:
        """Press the button of these words."""
        name = words if exact else re.compile(words, re.I)
        self.page.get_by_role("button", name=name).first.click()

    def follow(self, words: str) -> None:
        """Follow the link of these words."""
        self.page.get_by_role("link", name=re.compile(words, re.I)).first.click()

    def fill(self, label: str, value: str) -> None:
        """Write into the field of this label."""
        self.page.get_by_label(re.compile(label, re.I)).first.fill(value)

    def choose(self, words: str) -> None:
        """Choose the radio of these words."""
        self.press_label(self.page.get_by_role("radio", name=re.compile(words, re.I)).first)

    def tick(self, words: str) -> None:
        """Tick the box of these words."""
        self.press_label(self.page.get_by_role("checkbox", name=re.compile(words, re.I)).first)

    def press_label(self, box: Locator) -> None:
        """Choose by the label's row, as a thumb does: a row that something covers cannot be pressed."""
        if not box.is_checked():
            self.page.locator(f'label[for="{box.get_attribute("id")}"]').click()
        expect(box).to_be_checked()

    def reads(self, words: str) -> None:
        """These words stand on the page."""
        expect(self.page.locator("main").get_by_text(re.compile(words, re.I)).first).to_be_visible()

    def is_at(self, path: str) -> None:
        """The address is this one (a regular expression of the whole path)."""
        expect(self.page).to_have_url(re.compile(re.escape(self.house.url) + path + r"(#.*|\?.*)?$"))

    def sign_in(self, email: str, password: str = PASSWORD) -> None:
        """Sign in as a person does."""
        self.page.goto(f"{self.house.url}/accounts/login/")
        self.give(email, password)
        expect(self.page).not_to_have_url(re.compile("/accounts/login/"))

    def lose_the_session(self) -> None:
        """As after an hour of silence."""
        self.page.context.clear_cookies(name="session")

    def give(self, email: str, password: str) -> None:
        """Fill in the log-in page that is open."""
        self.fill("e-?mail", email)
        self.fill("^password", password)
        self.press("^Sign in$")


def window(browser: Browser, house: House, pictures: Path, width: int, secrets: tuple[str, ...]) -> Person:
    """A new window of this width with no cookies."""
    height = 844 if width == PHONE else 900
    context = browser.new_context(viewport={"width": width, "height": height}, timezone_id="America/Los_Angeles")
    context.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    return Person(context.new_page(), house, pictures, width, secrets)
