"""The way from item 9 over the crisis page through the suicide screen, without script, and whatever goes wrong."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connections
from django.test import Client, RequestFactory
from django.urls import reverse

from intake.models import AsqAnswer, AsqSitting, Patient, SafetyAlert
from intake.sections import section
from intake.services.alerts import acknowledge
from intake.services.answers import save_section
from intake.services.asq import left_in_the_middle
from intake.services.safety import read_words
from intake.services.whereabouts import tell_whereabouts
from intake.views import failsafe
from intake.views.typed import whose
from pacificmind.clock import now
from pacificmind.messaging.models import Message
from tests import cast
from tests.intake.filling import ANSWERS
from tests.intake.test_item9 import UNTOLD, owner

ASQ, CRISIS, ITEM9, WHERE = (reverse(f"intake-{name}") for name in ("asq", "crisis", "item9", "where"))
NOBODY = "5b0a0d0e-0000-4000-8000-000000000000"
NEXT = reverse("intake-section", args=["contact"])  # the first part they have not done


@pytest.fixture
def ana(db: None) -> Patient:
    return cast.patient(account=True)


@pytest.fixture
def web(ana: Patient) -> Client:
    client = Client(raise_request_exception=False)
    assert ana.user
    client.force_login(ana.user)
    return client


def here(who: Patient) -> None:
    """They told where they are just now."""
    tell_whereabouts(by=who.user, patient=who, place="1 Olive Street", phone="+12135550177")


def item9(client: Client, who: Patient, value: str = "1") -> Any:
    return client.post(ITEM9, {"phq9-9": value, "whose": whose(who)})


def say(client: Client, who: Patient, number: int, letter: str, **more: str) -> Any:
    sitting = AsqSitting.objects.order_by("-started_at").first()
    data = {"number": number, "answer": letter, "whose": whose(who), "sitting": sitting.pk if sitting else "", **more}
    return client.post(ASQ, data)


def led(client: Client, address: str) -> str:
    """Where an address leads."""
    return str(client.get(address).headers["Location"])


def go_on(client: Client) -> Any:
    return client.post(CRISIS)


def test_from_item_9_over_the_crisis_page_through_the_screen_and_on(ana: Patient, web: Client) -> None:
    here(ana)
    assert item9(web, ana).url == CRISIS
    assert "A few short questions come next" in web.get(CRISIS).content.decode()
    assert go_on(web).url == ASQ
    page = web.get(ASQ).content.decode()
    assert "In the past few weeks, have you wished you were dead?" in page
    assert "tel:988" in page, "help stands on every page of the screen"
    for number in range(1, 4):
        assert say(web, ana, number, "N").url == ASQ
    assert say(web, ana, 4, "N").url == NEXT
    assert AsqSitting.objects.get().outcome == "negative"
    assert SafetyAlert.objects.get().tier == "URGENT-1"


def test_a_positive_screen_ends_on_the_crisis_page(ana: Patient, web: Client) -> None:
    here(ana)
    item9(web, ana)
    go_on(web)
    for number, letter in enumerate("NNYN", 1):
        say(web, ana, number, letter)
    assert "right now?" in web.get(ASQ).content.decode()
    assert say(web, ana, 5, "N").url == CRISIS
    assert go_on(web).url == NEXT


def test_a_yes_to_right_now_shows_its_own_version_and_nothing_else_until_it_was_seen(ana: Patient, web: Client) -> None:
    cast.prescriber()
    here(ana)
    item9(web, ana)
    go_on(web)
    assert "drive yourself. " not in web.get(CRISIS).content.decode()
    for number, letter in enumerate("YNNN", 1):
        say(web, ana, number, letter)
    assert say(web, ana, 5, "Y", words="Tonight").url == CRISIS
    page = web.get(CRISIS).content.decode()
    assert "Stay with a person you trust, and do not drive yourself." in page
    assert "is being alerted now" in page
    assert "Tonight" not in page
    assert "URGENT" not in page
    for name in ("intake-home", "intake-check", "intake-item9", "intake-asq"):
        assert led(web, reverse(name)) == CRISIS
    assert led(web, reverse("intake-section", args=["reason"])) == CRISIS
    go_on(web)
    assert web.get(reverse("intake-home")).status_code == 200


def test_what_is_typed_on_another_page_is_saved_all_the_same(ana: Patient, web: Client) -> None:
    item9(web, ana)
    answers = {key.replace(".", "-"): value for key, value in ANSWERS.items() if key.startswith("contact.")}
    url = reverse("intake-section", args=["contact"])
    assert web.post(url, {**answers, "whose": whose(ana), "do": "on"}).status_code == 302
    assert ana.intake_set.get().answers.filter(section="contact").count() == 4


def test_the_crisis_page_does_not_wait_for_what_staff_entered(ana: Patient, web: Client) -> None:
    SafetyAlert.objects.create(
        patient=ana, site=ana.site, tier="URGENT-2", trigger="staff", acknowledge_by=now(), raised_at=now()
    )
    assert web.get(reverse("intake-home")).status_code == 200


def test_no_address_says_what_was_answered(ana: Patient, web: Client) -> None:
    here(ana)
    seen = {item9(web, ana).url, go_on(web).url}
    for number, letter in enumerate("YNNNY", 1):
        seen.add(say(web, ana, number, letter).url)
    assert seen == {CRISIS, ASQ}


@pytest.mark.parametrize("letter", ["", "X", "y"])
def test_no_answer_is_asked_again_and_nothing_typed_is_lost(ana: Patient, web: Client, letter: str) -> None:
    here(ana)
    item9(web, ana)
    page = say(web, ana, 4, letter, words="<b>at school</b>").content.decode()
    assert "Please choose one answer" in page
    assert "&lt;b&gt;at school&lt;/b&gt;" in page
    assert not AsqAnswer.objects.exists()


def test_back_to_the_question_before_shows_what_was_answered_and_takes_nothing_back(ana: Patient, web: Client) -> None:
    here(ana)
    item9(web, ana)
    go_on(web)
    say(web, ana, 1, "Y")
    page = say(web, ana, 2, "", do="back").content.decode()
    assert "wished you were dead" in page
    assert 'value="Y" class' in page or "checked" in page
    say(web, ana, 1, "N")
    assert AsqAnswer.objects.get().said_yes
    assert SafetyAlert.objects.get().amended


def test_two_tabs_and_a_double_click_store_one_answer(ana: Patient, web: Client) -> None:
    cast.prescriber()
    here(ana)
    item9(web, ana)
    for _ in range(3):
        say(web, ana, 1, "Y")
    assert (AsqAnswer.objects.count(), SafetyAlert.objects.count(), Message.objects.count()) == (1, 1, 1)


def test_a_page_left_open_over_the_end_is_stored_in_its_own_sitting(ana: Patient, web: Client) -> None:
    here(ana)
    item9(web, ana)
    go_on(web)
    for number in range(1, 5):
        say(web, ana, number, "N")
    assert say(web, ana, 2, "Y").url == ASQ, "a change brings question 5"
    sitting = AsqSitting.objects.get()
    assert sitting.ended_at is None
    assert say(web, ana, 5, "Y").url == CRISIS
    assert SafetyAlert.objects.get().tier == "URGENT-2"


@pytest.mark.parametrize(("letter", "help_now"), [("Y", True), ("N", False)])
def test_signed_out_nothing_is_lost_and_help_is_shown(ana: Patient, letter: str, help_now: bool) -> None:
    answer = say(Client(), ana, 5, letter)
    words = answer.content.decode()
    assert (answer.status_code, UNTOLD in words) == (401, help_now)
    assert "tel:988" in words
    assert 'name="answer"' in words


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
@pytest.mark.parametrize("table", ["intake_asqanswer", "intake_safetyalert", "messaging_message", "intake_safetyevent"])
def test_when_a_yes_cannot_be_stored_nothing_is_and_help_is_shown(table: str) -> None:
    ana = cast.patient(account=True)
    cast.prescriber()
    web = Client(raise_request_exception=False)
    assert ana.user
    web.force_login(ana.user)
    with owner(f"ALTER TABLE {table} RENAME TO gone", undo=f"ALTER TABLE gone RENAME TO {table}"):
        words = web.post(ASQ, {"number": 5, "answer": "Y", "whose": whose(ana)}).content.decode()
    assert UNTOLD in words
    assert "tel:988" in words
    assert "alerted" not in words
    assert not AsqAnswer.objects.exists()
    assert not SafetyAlert.objects.exists()
    assert not Message.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_without_any_database_a_yes_shows_help() -> None:
    ana = cast.patient(account=True)
    web = Client(raise_request_exception=False)
    assert ana.user
    web.force_login(ana.user)
    connection = connections["default"]
    host = connection.settings_dict["HOST"]
    connection.close()
    connection.settings_dict["HOST"] = "/nowhere"
    try:
        answer = web.post(ASQ, {"number": 5, "answer": "Y", "whose": whose(ana)})
    finally:
        connection.close()
        connection.settings_dict["HOST"] = host
    assert (answer.status_code, UNTOLD in answer.content.decode()) == (503, True)


@pytest.mark.parametrize("address", [ITEM9, ASQ])
def test_where_they_are_is_asked_first_also_of_who_jumps_there(ana: Patient, web: Client, address: str) -> None:
    with time_machine.travel(now(), tick=False) as clock:
        answers = {key: value for key, value in ANSWERS.items() if key.startswith("contact.")}
        if address == ITEM9:
            assert led(web, ITEM9) == reverse("intake-section", args=["contact"])
        save_section(by=ana.user, patient=ana, section=section("contact"), answers=answers)
        if address == ASQ:
            item9(web, ana)
            go_on(web)
        assert web.get(address).status_code == 200
        clock.shift(timedelta(hours=13))  # another evening, perhaps another place
        assert ana.user
        web.force_login(ana.user)
        assert led(web, address) == WHERE
        page = web.get(WHERE).content.decode()
        assert "1 Olive Street" in page
        told = {"place": "At my sister's", "phone": "(213) 555-0199", "whose": whose(ana)}
        assert web.post(WHERE, {**told, "phone": "12"}).status_code == 200
        assert web.post(WHERE, told).headers["Location"] == address
        assert web.get(address).status_code == 200


def test_the_screen_is_not_there_for_who_was_not_asked_it(ana: Patient, web: Client) -> None:
    assert led(web, ASQ) == reverse("intake-home")


def test_after_a_check_in_they_go_on_where_they_came_from(ana: Patient, web: Client) -> None:
    from intake.services.asq import save_asq_answer

    here(ana)
    save_asq_answer(by=ana.user, patient=ana, number=1, value="N", back_to="/me/")
    for number in range(2, 4):
        say(web, ana, number, "N")
    assert say(web, ana, 4, "N").url == "/me/"


def test_left_in_the_middle_they_find_the_page_that_speaks_of_now(ana: Patient, web: Client) -> None:
    here(ana)
    with time_machine.travel(now(), tick=False) as clock:
        item9(web, ana)
        go_on(web)
        say(web, ana, 1, "Y")
        clock.shift(timedelta(minutes=11))
        assert left_in_the_middle() == 1
        assert led(web, ASQ) == CRISIS
        assert "do not drive yourself." in web.get(CRISIS).content.decode()
        assert go_on(web).url == ASQ, "and can go on all the same"


def test_spanish_where_the_patient_reads_spanish(web: Client, ana: Patient) -> None:
    here(ana)
    Patient.objects.filter(pk=ana.pk).update(language="es")
    item9(web, ana)
    go_on(web)
    page = web.get(ASQ).content.decode()
    assert 'lang="es"' in page
    assert "¿ha deseado estar muerto?" in page


DARK = "I want to kill myself. "


@pytest.mark.parametrize(("letter", "alerts"), [("Y", 1), ("N", 1)])
def test_an_answer_counts_however_much_is_written_beside_it(
    ana: Patient, web: Client, letter: str, alerts: int
) -> None:
    here(ana)
    page = say(web, ana, 4, letter, words=DARK * 200)
    assert page.headers["Location"] == CRISIS
    assert SafetyAlert.objects.count() == alerts
    row = AsqAnswer.objects.get()
    assert (row.value, len(row.words)) == (letter, 2_000), "its beginning is kept"


def test_words_of_crisis_without_an_answer_are_read(ana: Patient, web: Client) -> None:
    here(ana)
    assert say(web, ana, 4, "", words=DARK).headers["Location"] == CRISIS
    assert SafetyAlert.objects.get().words == DARK.strip()


def test_words_of_crisis_where_we_ask_where_they_are_are_read(ana: Patient, web: Client) -> None:
    web.post(WHERE, {"place": f"On the bridge. {DARK}", "phone": "213 555 0177", "whose": whose(ana)})
    alert = SafetyAlert.objects.get()
    assert (alert.trigger, alert.value) == ("words", "whereabouts")
    assert "On the bridge" in alert.words


def test_words_of_crisis_where_they_are_are_read_though_the_number_is_wrong(ana: Patient, web: Client) -> None:
    told = {"place": f"On the bridge. {DARK}", "whose": whose(ana)}
    page = web.post(WHERE, {**told, "phone": "no"}).content.decode()
    assert page.index("tel:988") < page.index("On the bridge")
    assert SafetyAlert.objects.get().value == "whereabouts"
    web.post(WHERE, {**told, "phone": "213 555 0177"})
    assert SafetyAlert.objects.count() == 1, "it is the same once it is sent whole"


def test_words_that_go_on_are_one_alert_until_somebody_has_taken_it(ana: Patient) -> None:
    first = read_words(by=ana.user, patient=ana, texts=["I want to die"])
    assert read_words(by=ana.user, patient=ana, texts=["I want to die, and"]) == first
    assert first is not None
    acknowledge(by=cast.prescriber().user, alert=first)
    later = read_words(by=ana.user, patient=ana, texts=["I want to die, and I have the pills here"])
    assert later != first
    assert later is not None
    assert (later.waits, later.words) == (True, "I want to die, and I have the pills here")
    assert read_words(by=ana.user, patient=ana, texts=["I want to die"]) in (first, later), "nothing that is new"
    assert SafetyAlert.objects.count() == 2


@pytest.mark.parametrize(("words", "help_now"), [(DARK, True), ("Home", False)])
@pytest.mark.parametrize(
    "address", [NEXT, f"/questions/{NOBODY}/", "/me/safety-plan/edit/", f"/visits/{NOBODY}/cancel/"]
)
def test_words_of_crisis_on_a_page_while_nothing_can_be_stored_show_help(
    address: str, words: str, help_now: bool
) -> None:
    ours = {"Sec-Fetch-Site": "same-origin"}
    page = failsafe.rescue(RequestFactory().post(address, {"answer": words}, headers=ours), 503)
    assert page is not None
    assert (UNTOLD in page.content.decode()) is help_now


def test_signed_out_words_of_crisis_show_help_and_are_carried(ana: Patient) -> None:
    page = Client().post(NEXT, {"contact-place": DARK, "whose": whose(ana)})
    text = page.content.decode()
    assert (page.status_code, UNTOLD in text, DARK.strip() in text) == (401, True, True)
