"""Every component in a real browser: no finding of axe, nothing cut off, targets for a thumb, by keyboard."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
TARGETS = """() => [...document.querySelectorAll('a, button, summary, .choice, .form-control, .form-select')]
  .filter(e => e.getClientRects().length && !e.matches('.skip-link'))
  .filter(e => !e.closest('p, li, dd, th') || e.matches('.btn, .tap'))
  .filter(e => e.getBoundingClientRect().height < 47.5).map(e => e.outerHTML.slice(0, 90))"""
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        if os.environ.get("CI"):
            pytest.fail(f"no browser at {CHROMIUM}")
        pytest.skip(f"no browser at {CHROMIUM}")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield found
        found.close()


def visit(browser: Browser, url: str, width: int, scheme: str = "light", script: bool = True) -> Page:
    context = browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme="dark" if scheme == "dark" else "light",
        java_script_enabled=script,
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(url)
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("path", ["/ui/gallery/", "/", "/help-now/", "/accounts/login/", "/nowhere/"])
def test_page_is_accessible(browser: Browser, live_server: LiveServer, path: str, width: int, scheme: str) -> None:
    page = visit(browser, f"{live_server.url}{path}", width, scheme)
    found = Axe().run(page).response["violations"]
    assert [(finding["id"], finding["nodes"][0]["target"]) for finding in found] == []
    assert page.evaluate(OVERFLOW) == 0
    assert page.evaluate(TARGETS) == []
    page.context.close()


def test_the_theme_follows_the_device(browser: Browser, live_server: LiveServer) -> None:
    grounds = set()
    for scheme in ("light", "dark"):
        page = visit(browser, f"{live_server.url}/ui/gallery/", 390, scheme)
        grounds.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        page.context.close()
    assert grounds == {"rgb(250, 248, 244)", "rgb(15, 24, 25)"}


def test_the_error_summary_has_the_focus_and_leads_to_the_field(browser: Browser, live_server: LiveServer) -> None:
    page = visit(browser, f"{live_server.url}/ui/gallery/", 1280)
    expect(page.locator("[data-error-summary]")).to_be_focused()
    page.get_by_role("link", name="E-mail: Please write the address").click()
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    expect(page.locator("#id_email")).to_be_focused()
    page.context.close()


def test_a_table_is_cards_on_a_phone_and_stays_a_table_by_ear(browser: Browser, live_server: LiveServer) -> None:
    page = visit(browser, f"{live_server.url}/ui/gallery/", 390)
    cell = page.locator("td[data-label=State]").first
    assert cell.evaluate("cell => getComputedStyle(cell).display") == "block"
    assert "State" in cell.evaluate("cell => getComputedStyle(cell, '::before').content")
    expect(page.get_by_role("table", name="Arrivals today").get_by_role("rowheader")).to_have_count(2)
    page.context.close()


def test_a_form_is_sent_once_however_often_it_is_pressed(browser: Browser, live_server: LiveServer) -> None:
    page = visit(browser, f"{live_server.url}/accounts/password/reset/", 390)
    refused, state = page.evaluate(
        """() => {
            const refused = [];
            // after the page's own listener: note what it decided, and stay on the page
            window.addEventListener('submit', e => { refused.push(e.defaultPrevented); e.preventDefault(); });
            const form = document.querySelector('main form');
            const button = form.querySelector('[type=submit]');
            form.requestSubmit(button);
            form.requestSubmit(button);
            return [refused, button.getAttribute('aria-disabled')];
        }"""
    )
    assert refused == [False, True]
    assert state == "true"
    page.context.close()


def test_a_form_reached_by_the_back_button_gets_the_token_in_force(browser: Browser, live_server: LiveServer) -> None:
    page = visit(browser, f"{live_server.url}/accounts/login/", 390)
    page.goto(f"{live_server.url}/accounts/signup/")
    with page.expect_response("**/ui/token/") as fresh:
        page.go_back()
    token = fresh.value.text()
    assert len(token) == 64
    expect(page.locator("main input[name=csrfmiddlewaretoken]").first).to_have_value(token)
    page.context.close()


def test_all_is_there_without_script(browser: Browser, live_server: LiveServer) -> None:
    page = visit(browser, f"{live_server.url}/ui/gallery/", 390, script=False)
    expect(page.get_by_role("link", name="Call 988").first).to_be_visible()
    expect(page.get_by_role("button", name="Send this sample").first).to_be_enabled()
    expect(page.get_by_role("alert").filter(has_text="Please check")).to_be_visible()
    page.context.close()


def test_the_content_policy_is_kept(browser: Browser, live_server: LiveServer) -> None:
    page = visit(browser, "about:blank", 1280)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    for path in ("/ui/gallery/", "/", "/accounts/login/", "/accounts/signup/"):
        answer = page.goto(f"{live_server.url}{path}")
        assert answer is not None
        policy = answer.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "unsafe-inline" not in policy
    assert said == []
    page.context.close()
