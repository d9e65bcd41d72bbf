"""The patient's pages: saving, coming back, tabs, what is typed is never lost, strange input."""

import html
import json
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from intake.models import Answer, Intake, Patient, SafetyAlert, SectionSaved
from intake.sections import sections, visible
from intake.services.sending import submit_intake
from intake.views.typed import whose
from pacificmind.audit.models import Entry
from pacificmind.tasks.models import Kind, Task
from tests import cast
from tests.intake.filling import fill
from tests.intake.tabs import MOOD, Tab, signed_in, url

pytestmark = pytest.mark.django_db


def test_a_part_is_saved_and_leads_to_the_next(ana: Patient, web: Client) -> None:
    response = Tab(web, ana, "mood").send(**MOOD, do="on")
    assert response.url == reverse("intake-item9")
    assert Answer.objects.filter(section="mood", value=1).count() == 8
    assert SectionSaved.objects.get().section == "mood"
    assert Entry.objects.filter(what="save-intake-part", patient_id=ana.pk).count() == 1


def test_coming_back_later_saves_what_is_there_and_says_when(ana: Patient, web: Client) -> None:
    response = Tab(web, ana, "mood").send(phq9__3="2", do="later")
    assert response.url == reverse("intake-home")
    assert re.search(r"Saved at \d{1,2}:\d\d [ap]m; come back any time", web.get(response.url).content.decode())
    assert list(Answer.objects.values_list("item", "value")) == [("phq9.3", 2)]
    other_device = signed_in(ana)
    assert re.search(r'value="2"[^>]*checked', Tab(other_device, ana, "mood").words)


def test_missing_answers_are_named_and_what_was_given_is_kept_and_saved(ana: Patient, web: Client) -> None:
    response = Tab(web, ana, "mood").send(phq9__1="3", do="on")
    words = response.content.decode()
    assert "Please check 7 things" in words
    assert re.search(r'name="phq9-1" value="3"[^>]*checked', words)
    assert Answer.objects.get().value == 3
    assert not SectionSaved.objects.exists()


def test_a_page_left_open_takes_nothing_back(ana: Patient, web: Client) -> None:
    Tab(web, ana, "mood").send(**MOOD, do="on")
    old, new = Tab(web, ana, "mood"), Tab(web, ana, "mood")
    new.send(**{**MOOD, "phq9__3": "3"}, do="on")
    old.send(**{**MOOD, "phq9__5": "0"}, do="on")
    told = dict(Answer.objects.values_list("item", "value"))
    assert (told["phq9.3"], told["phq9.5"], told["phq9.1"]) == (3, 0, 1)
    assert set(Answer.objects.filter(amended=True).values_list("item", flat=True)) == {"phq9.3", "phq9.5"}


def test_the_same_question_in_two_tabs_is_asked_once_more_and_neither_answer_is_lost(ana: Patient, web: Client) -> None:
    one, two = Tab(web, ana, "mood"), Tab(web, ana, "mood")
    one.send(phq9__1="1", do="later")
    words = two.send(phq9__1="2", phq9__2="3", do="later").content.decode()
    assert "In another window you answered: Several days." in words
    assert re.search(r'name="phq9-1" value="2"[^>]*checked', words)
    assert dict(Answer.objects.values_list("item", "value")) == {"phq9.1": 1, "phq9.2": 3}
    again = html.unescape(re.findall(r'name="seen" value="([^"]*)"', words)[0])
    assert two.send(phq9__1="2", phq9__2="3", seen=again, do="later").status_code == 302
    row = Answer.objects.get(item="phq9.1")
    assert (row.value, row.amended) == (2, True)


def test_the_same_answer_in_two_tabs_is_no_question(ana: Patient, web: Client) -> None:
    one, two = Tab(web, ana, "mood"), Tab(web, ana, "mood")
    one.send(phq9__1="1", do="later")
    assert two.send(phq9__1="1", do="later").status_code == 302


def test_sending_a_page_twice_is_no_second_window(ana: Patient, web: Client) -> None:
    tab = Tab(web, ana, "mood")
    tab.send(phq9__1="1", do="later")
    assert tab.send(phq9__1="2", do="later").status_code == 302
    assert Answer.objects.get().value == 2


def test_declining_a_text_needs_no_text_and_is_not_the_same_as_leaving_it_out(ana: Patient, web: Client) -> None:
    response = Tab(web, ana, "contact").send(
        contact__place="Home",
        contact__phone="(213) 555-0177",
        contact__emergency_name="",
        contact__emergency_name__declined="on",
        contact__emergency_phone="",
        do="on",
    )
    assert "Please check 1 thing" in response.content.decode()
    assert Answer.objects.get(item="contact.emergency_name").status == "declined"
    assert not Answer.objects.filter(item="contact.emergency_phone").exists()
    assert Answer.objects.get(item="contact.phone").value == "+12135550177"


STRANGE = {
    "NUL": "Ana\x00Reyes",
    "long": "x" * 10_000,
    "wrong number": "12",
}


@pytest.mark.parametrize("text", STRANGE.values(), ids=STRANGE.keys())
def test_strange_text_is_answered_kindly_and_the_rest_is_saved(ana: Patient, web: Client, text: str) -> None:
    place = "Home" if text == "12" else text
    response = Tab(web, ana, "contact").send(contact__place=place, contact__phone=text, do="on")
    assert "Please check" in response.content.decode()
    assert set(Answer.objects.values_list("item", flat=True)) == ({"contact.place"} if text == "12" else set())


def test_emoji_and_markup_are_kept_as_typed(ana: Patient, web: Client) -> None:
    typed = "😀 <script>alert(1)</script> Zoë"
    Tab(web, ana, "contact").send(contact__place=typed, do="later")
    assert Answer.objects.get().value == typed
    assert "<script>alert" not in Tab(web, ana, "contact").words


@pytest.mark.parametrize(
    ("slug", "fields"),
    [
        ("mood", {"phq9__1": "7"}),
        ("mood", {"phq9__1": "\x00"}),
        ("mood", {"phq9__9": "3"}),
        ("mood", {"strange": "1", "row-zzzzzzzz-name": "x", "contact__place": "x"}),
        ("drugs", {"sisq__1": "-1"}),
        ("drugs", {"sisq__1": "9" * 5000}),
        ("drugs", {"sisq__1": "1.5"}),
        ("measures", {"body__weight_lb": "nan"}),
        ("measures", {"body__weight_lb": "1e309"}),
        ("measures", {"body__height_ft": "55"}),
        ("reason", {"reason__indications": ["depression", "\x00", "nothing"]}),
        ("medicines", {"row-0123abcd-name": "a\x00b"}),
        ("antidepressants", {"row-0123abcd-drug": "sertraline", "row-0123abcd-outcome": "cured"}),
    ],
)
@pytest.mark.parametrize("do", ["on", "later", "nonsense"])
def test_what_is_no_answer_stores_nothing(
    ana: Patient, web: Client, slug: str, fields: dict[str, Any], do: str
) -> None:
    response = Tab(web, ana, slug).send(**fields, do=do)
    assert response.status_code in (200, 302)
    assert not Answer.objects.exclude(item="trials.any", value="yes").exists()  # a row says that there was one
    assert not SectionSaved.objects.exists()


@pytest.mark.parametrize("seen", ["", "[", "[]", "\x00", '{"phq9.1": {}}', "[" * 20_000, "null", '"x"'])
def test_a_broken_hidden_field_loses_no_answer(ana: Patient, web: Client, seen: str) -> None:
    Tab(web, ana, "mood").send(phq9__1="2", seen=seen, do="later")
    assert Answer.objects.get().value == 2


def test_an_unknown_part_is_not_found_and_a_closed_one_leads_on(ana: Patient, web: Client) -> None:
    assert web.get(url("no-such-part")).status_code == 404
    assert web.post(url("no-such-part")).status_code == 404
    assert web.get(url("event-month"))["Location"] == url("contact")
    assert web.get(url("mood-9"))["Location"] == reverse("intake-item9")


def test_item_9_waits_for_the_contact_part(ana: Patient, web: Client) -> None:
    assert web.get(reverse("intake-item9"))["Location"] == url("contact")
    fill(ana)
    words = web.get(reverse("intake-item9")).content.decode()
    assert words.count('type="radio"') == 5


@pytest.mark.parametrize("role", ["front_desk", "clinician", "manager"])
def test_staff_have_no_intake(role: str) -> None:
    client = Client()
    client.force_login(cast.user(role))
    for name in ("intake-home", "intake-check", "intake-item9", "intake-crisis", "consents"):
        assert client.get(reverse(name)).status_code == 403


def test_an_account_without_a_record_tells_about_itself_first() -> None:
    client = Client()
    client.force_login(cast.user("patient"))
    response = client.get(reverse("intake-home"))
    assert response.status_code == 302
    assert response["Location"] != reverse("intake-home")
    assert not Intake.objects.exists()


def test_looking_changes_nothing_and_is_recorded(ana: Patient, web: Client) -> None:
    for part in sections():
        web.get(url(part.slug))
    web.get(reverse("intake-home"))
    open_parts = len(visible({})) - 1  # item 9 has a page of its own
    assert not Intake.objects.exists()
    assert Entry.objects.filter(action="view", patient_id=ana.pk, what="intake-part").count() == open_parts


def test_check_names_what_is_missing_then_sends_and_freezes(ana: Patient, web: Client) -> None:
    assert "Send my answers" not in web.get(reverse("intake-check")).content.decode()
    fill(ana)
    words = web.get(reverse("intake-check")).content.decode()
    found = re.search(r'name="request_id" value="([^"]+)"', words)
    assert found
    for _ in range(2):  # a double click
        assert web.post(reverse("intake-check"), {"request_id": found[1]})["Location"] == reverse("intake-done")
    assert Intake.objects.get().submitted_at
    assert "Change my answers" in web.get(reverse("intake-done")).content.decode()
    assert web.get(url("mood"))["Location"] == reverse("intake-done")


def test_sending_too_early_is_answered_with_the_list(ana: Patient, web: Client) -> None:
    request_id = "0b5e1e9c-6d2f-4f7e-9a59-3f0b6f1d2c3a"
    words = web.post(reverse("intake-check"), {"request_id": request_id}).content.decode()
    assert "A few answers are still missing" in words
    assert "Where you are, and how to reach you" in words


def test_a_page_left_open_while_sending_elsewhere_keeps_its_answers(ana: Patient, web: Client) -> None:
    fill(ana)
    tab = Tab(web, ana, "mood")
    submit_intake(by=None, patient=ana)
    response = tab.send(**{**MOOD, "phq9__3": "3"}, do="on")
    words = response.content.decode()
    assert response.status_code == 409
    assert re.search(r'name="phq9-3"[^>]*>\s*3</textarea>', words)
    assert 'name="reopen"' in words
    tab.send(**{**MOOD, "phq9__3": "3"}, do="on", reopen="yes")
    assert Answer.objects.get(intake__number=2, item="phq9.3").value == 3
    assert Answer.objects.get(intake__number=1, item="phq9.3").value == 0


def test_words_of_crisis_lead_to_the_crisis_page(ana: Patient, web: Client) -> None:
    response = Tab(web, ana, "reason").send(reason__words="I want to kill myself", do="on")
    assert response.url == reverse("intake-crisis")
    assert SafetyAlert.objects.get().trigger == "words"


def test_words_of_crisis_in_a_text_too_long_to_save_show_help_and_claim_nothing(ana: Patient, web: Client) -> None:
    tab = Tab(web, ana, "reason")
    assert "maxlength" not in re.findall(r"<textarea[^>]*>", tab.words)[0]
    words = tab.send(reason__words="x" * 4_000 + " I want to kill myself", do="on").content.decode()
    assert "has not been saved yet" in words
    assert "Please shorten this to 4000" in words
    assert words.index("tel:988") < words.index("has not been saved yet")
    assert "kill myself" in words
    assert not Answer.objects.exists()
    alert = SafetyAlert.objects.get()
    assert (alert.trigger, alert.value, alert.words[-14:]) == ("words", "not sent", "to kill myself")
    tab.send(reason__words="x" * 4_000 + " I want to kill myself now", do="on")
    assert SafetyAlert.objects.count() == 1, "typed on, it is the same"
    web.post(reverse("intake-crisis"))
    calm = Tab(web, ana, "reason").send(reason__words="x" * 4_001, do="on").content.decode()
    assert "has not been saved yet" not in calm


def test_a_page_of_another_person_is_not_saved_nor_shown(ana: Patient, web: Client) -> None:
    other = cast.patient(account=True)
    response = web.post(url("reason"), {"whose": whose(other), "reason-words": "my secret", "do": "on"})
    assert response.status_code == 409
    assert "my secret" not in response.content.decode()
    assert not Answer.objects.exists()


def test_a_session_that_ended_loses_nothing(ana: Patient, web: Client) -> None:
    tab = Tab(web, ana, "mood")
    web.logout()
    typed = {"phq9__1": "2", "phq9__2": "<b>\n\n x"}
    response = tab.send(**typed, do="on")
    words = response.content.decode()
    assert response.status_code == 401
    assert "Your session ended. What you typed is still here" in words
    kept = {
        name: html.unescape(value)
        for name, value in re.findall(r'<textarea hidden name="([^"]+)"[^>]*>\n(.*?)</textarea>', words, re.S)
    }
    assert kept["phq9-1"] == "2"
    assert kept["phq9-2"] == "<b>\n\n x"
    assert kept["do"] == "on"
    assert ana.user
    web.force_login(ana.user)
    web.post(url("mood"), kept)
    assert Answer.objects.get().value == 2


@pytest.mark.parametrize(("headers", "kept"), [
    ({"Sec-Fetch-Site": "same-origin"}, True),
    ({"Origin": "http://testserver"}, True),
    ({"Referer": "http://testserver/intake/"}, True),
    ({"Sec-Fetch-Site": "cross-site"}, False),
    ({"Origin": "http://evil.example"}, False),
    ({}, False),
])  # fmt: skip
def test_a_refused_token_keeps_what_our_own_page_sent(ana: Patient, headers: dict[str, str], kept: bool) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert ana.user
    strict.force_login(ana.user)
    fields = {"phq9-1": "2", "whose": whose(ana)}
    response = strict.post(url("mood"), fields, headers=headers)
    words = response.content.decode()
    assert response.status_code == 403
    assert ("What you typed is still here" in words) is kept
    assert not Answer.objects.exists()
    if kept:
        token = re.search(r'csrfmiddlewaretoken" value="([^"]+)"', words)
        assert token
        again = strict.post(url("mood"), {**fields, "csrfmiddlewaretoken": token[1]}, headers=headers)
        assert again.status_code in (200, 302)
        assert Answer.objects.get().value == 2


def test_seen_is_what_the_page_showed(ana: Patient, web: Client) -> None:
    fill(ana)
    assert json.loads(Tab(web, ana, "mood").hidden["seen"]) == {f"phq9.{n}": 0 for n in range(1, 9)}


def test_the_overview_asks_the_database_the_same_for_none_and_for_all(
    ana: Patient, web: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(16):
        web.get(reverse("intake-home"))
    fill(ana)
    with django_assert_max_num_queries(16):
        web.get(reverse("intake-home"))
    with django_assert_max_num_queries(16):
        web.get(reverse("intake-check"))


def test_spanish_is_read_where_it_is_published_and_said_in_which_language(ana: Patient, web: Client) -> None:
    Patient.objects.update(language="es")
    words = Tab(web, ana, "mood").words
    assert re.search(r'<div\s+lang="es"', words)
    assert "Poco interés" in words
    assert "Ask me in my language" not in words
    Tab(web, ana, "mood").send(phq9__1="2", do="later")
    assert Answer.objects.get().instrument == "PHQ-9/es/1"


def test_where_no_approved_words_exist_a_clinician_asks(ana: Patient, web: Client) -> None:
    Patient.objects.update(language="es")
    assert "Ask me in my language" in Tab(web, ana, "alcohol").words
    missing = Tab(web, ana, "alcohol").send(do="person").content.decode()
    assert "Please check 1 thing" in missing  # our own question is in plain words, and asked here
    assert Tab(web, ana, "alcohol").send(alcohol__sex="female", do="person").status_code == 302
    told = dict(Answer.objects.values_list("item", "status"))
    assert told == {"alcohol.sex": "answered", "auditc.1": "not_asked"}
    assert SectionSaved.objects.get().section == "alcohol"
    task = Task.objects.get()
    assert (task.kind, task.queue, task.patient_id, task.site) == (Kind.PATIENT_CALL, "clinicians", ana.pk, ana.site)
    Tab(web, ana, "alcohol").send(auditc__1="1", alcohol__sex="female", do="on")
    assert Answer.objects.get(item="auditc.1").value == 1


def test_an_english_reader_cannot_leave_questions_out_that_way(ana: Patient, web: Client) -> None:
    words = Tab(web, ana, "alcohol").send(alcohol__sex="female", do="person").content.decode()
    assert "Please check 1 thing" in words
    assert not SectionSaved.objects.exists()
    assert not Task.objects.exists()


def test_what_the_desk_wrote_down_for_a_caller_is_shown_and_counts_once_it_is_saved(ana: Patient, web: Client) -> None:
    Patient.objects.update(emergency_name="Ben Reyes", emergency_phone="+12135550178")
    tab = Tab(web, ana, "contact")
    assert 'value="Ben Reyes"' in tab.words
    assert json.loads(tab.hidden["seen"]) == {}
    assert not Answer.objects.exists()
    tab.send(contact__emergency_name="Ben Reyes", do="later")
    assert Answer.objects.get().value == "Ben Reyes"
    Tab(web, ana, "contact").send(contact__emergency_name="", contact__emergency_name__declined="on", do="later")
    assert 'value="Ben Reyes"' not in Tab(web, ana, "contact").words
