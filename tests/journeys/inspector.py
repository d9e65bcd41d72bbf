"""A window that looks at a page at every width and writes down what nobody should meet there."""

import re
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Error, Page, Response

from tests.browser import axe_findings, sideways

WIDTHS = (1280, 390)  # a desk and a phone: axe at both
PHONE_ALONE = WIDTHS[1:]
NARROWEST = 320  # WCAG 1.4.10: no sideways scrolling
HEIGHT = 900


@dataclass
class Inspector:
    """One window of one visitor. `secrets` are words that no title may hold."""

    page: Page
    url: str
    secrets: re.Pattern[str]
    said: list[str] = field(default_factory=list)
    looked_at: set[str] = field(default_factory=set)

    def open(self, path: str) -> str | None:
        """Open an address; the path of the page that came, None where it is no page (a file, data, a button's)."""
        self.said.clear()
        if not self._is_shown(path):
            return None
        self.page.set_viewport_size({"width": WIDTHS[0], "height": HEIGHT})
        try:
            answer = self.page.goto(self.url + path)
        except Error as error:
            if "Download is starting" in str(error):
                return None
            raise
        assert answer is not None
        if not answer.headers.get("content-type", "").startswith("text/html"):
            return None
        if answer.status != 200:
            self.said.append(f"status {answer.status}")
        return re.sub(r"[?#].*", "", self.page.url.removeprefix(self.url))

    def _is_shown(self, path: str) -> bool:
        """Whether an address can be read at all: a button's address says by `Allow` that it only takes."""
        answer = self.page.context.request.fetch(self.url + path, method="OPTIONS", max_redirects=0)
        return answer.status != 405 or "GET" in answer.headers.get("allow", "")

    def findings(self, widths: tuple[int, ...] = WIDTHS) -> list[str]:
        """What is wrong with the page that is open, one line each; nothing for a page looked at before."""
        if self.page.url in self.looked_at:
            return []
        self.looked_at.add(self.page.url)
        found = self._names()
        for width in widths:
            self._at(width)
            found += [f"{width} px, axe: {one}" for one in axe_findings(self.page, again=width != widths[0])]
        self._at(NARROWEST)
        if (pixels := sideways(self.page)) > 0:
            found.append(f"{pixels} px too wide at {NARROWEST}: {_widest(self.page)}")
        return found + self.said

    def _at(self, width: int) -> None:
        self.page.set_viewport_size({"width": width, "height": HEIGHT})

    def _names(self) -> list[str]:
        title, headings = self.page.title(), self.page.locator("h1:visible").count()
        found = [] if headings == 1 else [f"{headings} h1"]
        if not title or self.secrets.search(title):
            found.append(f"title {title!r}")
        return found


def _widest(page: Page) -> str:
    """What reaches furthest to the right, for the one who mends it."""
    found: str = page.evaluate(
        """() => [...document.querySelectorAll('body *')]
            .map(one => [one.getBoundingClientRect().right, one.outerHTML.slice(0, 120)])
            .sort((a, b) => b[0] - a[0])[0].join(' ')"""
    )
    return found


def inspector(browser: Browser, url: str, cookies: list[Any], secrets: re.Pattern[str]) -> Inspector:
    """A new window with these cookies that notes errors of scripts, refusals of the policy and what did not load."""
    context = browser.new_context(timezone_id="America/Los_Angeles", reduced_motion="reduce")
    context.set_default_timeout(60_000)  # the machine may be busy
    context.add_cookies(cookies)
    page = context.new_page()
    made = Inspector(page, url, secrets)

    def spoke(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
            made.said.append(f"console: {message.text[:200]}")

    def answered(response: Response) -> None:
        if response.status >= 400 and response.request.resource_type != "document":
            made.said.append(f"{response.status} for {response.url}")

    page.on("console", spoke)
    page.on("response", answered)
    page.on("pageerror", lambda error: made.said.append(f"script: {error}"))
    return made
