"""A real browser for journeys: Chromium where the machine has one."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SERIOUS = ("serious", "critical")
_AXE = Axe("void 0")  # runs what the page has already
_OPTIONS = {"resultTypes": ["violations"], "preload": False}  # no rule that is on reads the style sheets again


def chromium() -> str:
    """The browser's path; without one the test is skipped with the reason, and fails where CI is set."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if found:
        return found
    if os.environ.get("CI"):
        pytest.fail("no Chromium: name one in CHROMIUM")
    pytest.skip("no Chromium on this machine: name one in CHROMIUM")


@contextmanager
def started() -> Iterator[Browser]:
    """A headless browser, closed at the end."""
    path = chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


def axe_findings(page: Page, *, again: bool = False) -> list[str]:
    """What axe finds serious on the page, one line a finding; `again` where it has run on this page before."""
    axe = _AXE if again else Axe()  # half a megabyte of script: once a page
    violations = axe.run(page, options=_OPTIONS).response["violations"]
    return [
        f"{one['id']}: {one['nodes'][0]['target']} {one['nodes'][0]['html'][:120]}"
        for one in violations
        if one["impact"] in SERIOUS
    ]


def sideways(page: Page) -> int:
    """Pixels by which the page is wider than its window."""
    width: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return width
