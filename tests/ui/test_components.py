"""Components: escaping, counts, states, links that keep their query."""

import re

import pytest
from django.core.paginator import Paginator
from django.db import OperationalError
from django.template import Context, Template
from django.template.loader import render_to_string
from django.test import RequestFactory
from phonenumber_field.phonenumber import to_python

from pacificmind.clinic.models import ClinicSettings
from pacificmind.ui import context
from pacificmind.ui.parts import Row, TimelineItem
from pacificmind.ui.status import SHAPES, STATUSES, TONES, status_of

EVIL = "<script>alert(1)</script>"


def render(source: str, **context: object) -> str:
    return Template("{% load ui %}" + source).render(Context(context))


@pytest.mark.parametrize(
    "source",
    [
        "{% card title=evil %}{{ evil }}{% endcard %}",
        "{% callout title=evil %}{{ evil }}{% endcallout %}",
        "{% next_step title=evil url='/' label=evil %}{{ evil }}{% endnext_step %}",
        "{% data_table caption=evil %}<td>{{ evil }}</td>{% enddata_table %}",
        "{% filter_form label=evil %}{{ evil }}{% endfilter_form %}",
        "{% empty_state evil evil '/' evil %}",
        "{% page_header evil evil evil '/' evil %}",
        "{% summary_list rows %}",
        "{% status evil %}{% status_tag evil %}",
        "{% timeline items %}",
    ],
)
def test_text_is_escaped_once(source: str) -> None:
    html = render(source, evil=EVIL, rows=[(EVIL, EVIL)], items=[TimelineItem(EVIL, EVIL, EVIL)])
    assert "<script" not in html
    assert "&lt;" in html.lower()
    assert "&amp;lt;" not in html


def test_every_known_state_has_a_word_a_drawn_shape_and_a_tone() -> None:
    for status in STATUSES.values():
        assert status.word
        assert status.shape in SHAPES
        assert status.tone in TONES
    for shape in SHAPES:
        assert re.search(r"<svg[^>]*><(path|circle) ", render("{% shape name %}", name=shape))


def test_only_a_safety_alert_is_red() -> None:
    assert [key for key, status in STATUSES.items() if status.tone == "safety"] == ["alert"]


def test_an_unknown_state_shows_its_name() -> None:
    assert status_of("on_hold").word == "On hold"
    assert status_of("CHECKED_IN") == STATUSES["checked-in"]


def test_unknown_tone_or_shape_is_an_error() -> None:
    with pytest.raises(ValueError, match="tone"):
        render("{% status_tag 'x' tone='red' %}")
    with pytest.raises(ValueError, match="shape"):
        render("{% shape 'star' %}")


def test_pages_keep_the_filter_and_say_how_many() -> None:
    request = RequestFactory().get("/desk/", {"q": "ana & co", "page": "2"})
    html = render("{% pagination page what='request' %}", page=Paginator(range(63), 20).page(2), request=request)
    assert "21 to 40 of 63 requests" in html
    assert 'href="?q=ana+%26+co&amp;page=1"' in html
    assert 'href="?q=ana+%26+co&amp;page=3"' in html


def test_counts_speak_proper_english() -> None:
    assert "1 request<" in render("{% pagination page what='request' %}", page=Paginator([1], 20).page(1))
    none = render("{% pagination page what='match' plural='matches' %}", page=Paginator([], 20).page(1))
    assert "No matches" in none


def test_change_links_are_told_apart_by_ear() -> None:
    html = render("{% summary_list rows %}", rows=[Row("Escort", None, change_url="/e/")])
    assert "Not given" in html
    assert re.search(r'href="/e/">Change<span class="visually-hidden"> Escort', html)


def test_help_now_carries_every_way() -> None:
    html = render_to_string("public/crisis.html", {"clinic_phone": "(213) 555-0142"})
    for words in ('href="tel:988"', 'href="sms:988"', "988lifeline.org", "838255", "AYUDA", "711", 'href="tel:911"'):
        assert words in html
    assert "press 3" not in html
    assert 'href="tel:2135550142"' in html


def test_every_page_ends_with_the_crisis_line_and_titles_are_their_own() -> None:
    titles = set()
    for template in ("public/home.html", "public/privacy.html", "public/accessibility.html", "account/logout.html"):
        html = render_to_string(template)
        assert 'href="tel:988"' in html.split("<footer", 1)[1]
        titles.add(re.search(r"<title>\s*(.*?)\s*</title>", html, re.DOTALL).group(1))  # type: ignore[union-attr]
    assert len(titles) == 4
    assert all(title.endswith(" · Pacific Mind Health") for title in titles)


def test_home_is_sober() -> None:
    html = render_to_string("public/home.html")
    text = re.sub(r"<[^>]+>", " ", html.split("<main", 1)[1].split("</main>", 1)[0])
    assert "!" not in text
    assert "has not approved ketamine for any psychiatric disorder" in text
    assert "off-label" in text
    assert "18 to 20 days" in text
    assert not re.search(r"breakthrough|miracle|proven|eligible|cures|guarantee|FDA-approved", text, re.IGNORECASE)


def test_the_demo_says_so() -> None:
    assert "nothing here is real" in render_to_string("public/privacy.html", {"demo": True})
    assert "nothing here is real" not in render_to_string("public/privacy.html", {"demo": False})


def test_telephone_numbers_read_as_people_write_them_and_dial_as_machines_do() -> None:
    phone = to_python("+12135550142")
    assert render("{{ phone|phone_words }} {{ phone|tel }}", phone=phone) == "(213) 555-0142 +12135550142"
    assert render("{{ phone|phone_words }}", phone=to_python("+442079460000")) == "+44 20 7946 0000"
    assert render("[{{ phone|phone_words }}]", phone="") == "[]"
    assert render("{{ phone|phone_words }}", phone="+12135550142") == "(213) 555-0142"


@pytest.mark.django_db
def test_every_page_knows_the_clinic_as_its_manager_set_it() -> None:
    assert context.current().phone == "(213) 555-0142"
    ClinicSettings(name="Harbor Clinic", phone="+15625550117", hours="Mondays").save()
    found = context.clinic(RequestFactory().get("/"))
    assert (found["clinic_name"], found["clinic_phone"], found["clinic_hours"]) == (
        "Harbor Clinic",
        "(562) 555-0117",
        "Mondays",
    )


def test_a_database_that_is_away_leaves_the_settings_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> ClinicSettings:
        raise OperationalError("connection refused")

    monkeypatch.setattr(ClinicSettings, "current", away)
    assert context.current() == context.fallback()
    assert context.fallback().phone
