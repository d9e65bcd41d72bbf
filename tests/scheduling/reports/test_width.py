"""A report on a narrow phone: words beside their figures, and nothing to push sideways."""

import re
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.test import Client

from tests import browser, cast
from tests.scheduling.outcomes import test_outcomes as outcomes
from tests.scheduling.series import walk

pytestmark = [pytest.mark.browser, pytest.mark.django_db]
STYLE = re.compile(r'<link[^>]*rel="stylesheet"[^>]*href="/static/([^"]+)"[^>]*>')
OVER_ONE_ANOTHER = """() => [...document.querySelectorAll('td[data-label]')].filter(cell =>
  cell.scrollWidth > cell.clientWidth || cell.firstElementChild.getBoundingClientRect().left
    < cell.getBoundingClientRect().left + 80).map(cell => cell.dataset.label)"""


def test_the_longest_words_fit_beside_the_longest_figures_at_320_px(client: Client) -> None:
    with time_machine.travel(walk.at(outcomes.MONDAY.replace(month=6), 12), tick=False):
        cast.visit_types()
        outcomes.TestReport().ended(cast.prescriber(lanes=8), before=20, after=4)
        client.force_login(cast.manager())
        page = client.get("/manage/reports/outcomes/?since=2027-03&until=2027-03").content.decode()
    assert "Fewer than 10" in page
    page = STYLE.sub(lambda found: f"<style>{(settings.BASE_DIR / 'static' / found[1]).read_text()}</style>", page)
    assert "<style>" in page
    with browser.started() as chromium:
        window: Any = chromium.new_page(viewport={"width": 320, "height": 800})
        window.set_content(page)
        assert browser.sideways(window) == 0
        assert window.evaluate(OVER_ONE_ANOTHER) == []
