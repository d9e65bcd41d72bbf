"""Templates keep the content policy, and the words that leave the house say nothing of the specialty."""

import re
from pathlib import Path

import pytest
from django.template.loader import get_template

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
PAGES = sorted(TEMPLATES.rglob("*.html"))
MAILS = sorted((TEMPLATES / "account" / "email").glob("*.txt"))
INLINE = re.compile(
    r"<style|\sstyle=|\son[a-z]+=|javascript:|<script(?![^>]*\bsrc=)(?![^>]*application/json)", re.IGNORECASE
)
SPECIALTY = re.compile(r"ketamine|depress|infusion|psychiatr|ptsd|trauma|booster", re.IGNORECASE)


def test_the_pattern_sees_what_it_should() -> None:
    for bad in ('<p style="x">', "<style>", '<a onclick="x()">', "<script>x()</script>"):
        assert INLINE.search(bad)
    for good in ('<script src="/x.js" defer>', '<script type="application/json">', '<link rel="stylesheet">'):
        assert not INLINE.search(good)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(TEMPLATES)))
def test_no_inline_script_or_style(path: Path) -> None:
    assert not INLINE.search(path.read_text())
    get_template(str(path.relative_to(TEMPLATES)))


@pytest.mark.parametrize("path", MAILS, ids=lambda path: path.name)
def test_mails_about_accounts_are_neutral(path: Path) -> None:
    text = path.read_text()
    assert not SPECIALTY.search(text)
    assert "!" not in text
    if path.name.endswith("_subject.txt") and "include" not in text:
        assert len(text.strip().splitlines()) == 1
        assert "Mind" not in text
