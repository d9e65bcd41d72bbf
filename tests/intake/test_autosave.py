"""Saving as one types: what is valid is stored, later sendings win, other windows and crises are told."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from intake.models import Answer, Intake, Patient, SafetyAlert, SectionSaved
from intake.queries.board import HEARD
from intake.services.sending import submit_intake
from intake.views.typed import whose
from pacificmind.audit.models import Entry
from pacificmind.clock import now
from tests import cast
from tests.intake.filling import fill
from tests.intake.tabs import MOOD, Tab

pytestmark = pytest.mark.django_db


def stored(who: Patient) -> dict[str, object]:
    return dict(Answer.objects.filter(intake__patient=who).values_list("item", "value"))


def test_what_is_typed_is_stored_and_said_and_the_part_stays_open(ana: Patient, web: Client) -> None:
    told = Tab(web, ana, "mood").types(phq9__1="2").json()
    assert re.fullmatch(r"Saved at \d{1,2}:\d\d [ap]m; come back any time.", told["saved"])
    assert (told["seen"], told["elsewhere"], told["help"]) == ({"phq9.1": 2}, [], None)
    assert stored(ana) == {"phq9.1": 2}
    assert Entry.objects.filter(what="save-intake-part").count() == 1


def test_even_all_answers_do_not_finish_a_part_without_its_button(ana: Patient, web: Client) -> None:
    tab = Tab(web, ana, "mood")
    tab.types(**MOOD)
    assert not SectionSaved.objects.exists()
    assert tab.send(**MOOD, do="on").url == reverse("intake-item9")
    assert SectionSaved.objects.get().section == "mood"


def test_nothing_new_is_neither_stored_nor_said_nor_recorded(ana: Patient, web: Client) -> None:
    tab = Tab(web, ana, "mood")
    tab.types(phq9__1="2")
    assert tab.types(phq9__1="2").json()["saved"] == ""
    assert not Answer.objects.get().amended
    assert Entry.objects.filter(what="save-intake-part").count() == 1


def test_what_is_not_valid_yet_waits_without_a_word(ana: Patient, web: Client) -> None:
    told = Tab(web, ana, "contact").types(contact__place="1 Olive Street", contact__phone="213").json()
    assert stored(ana) == {"contact.place": "1 Olive Street"}
    assert told["seen"] == {"contact.place": "1 Olive Street"}


def test_a_late_sending_does_not_overwrite_a_newer_one_of_its_page(ana: Patient, web: Client) -> None:
    tab = Tab(web, ana, "reason")
    late = {**tab.hidden, "step": "1", "reason-words": "I am"}
    tab.hidden["step"] = "1"
    tab.send(reason__words="I am tired", step="2", do="later")
    web.post(reverse("intake-autosave", args=["reason"]), late)
    assert stored(ana)["reason.words"] == "I am tired"
    control = Tab(web, ana, "reason")  # the count is what decides: a newer sending is taken
    control.types(reason__words="I am")
    assert stored(ana)["reason.words"] == "I am"


def test_typing_on_after_an_answer_was_lost_on_its_way_is_no_second_window(ana: Patient, web: Client) -> None:
    tab = Tab(web, ana, "reason")
    before = tab.hidden["seen"]
    tab.types(reason__words="I am")
    tab.hidden["seen"] = before  # the page never heard that it was saved
    told = tab.types(reason__words="I am tired").json()
    assert told["elsewhere"] == []
    assert stored(ana)["reason.words"] == "I am tired"


def test_another_windows_answer_is_kept_and_told_until_one_is_chosen(ana: Patient, web: Client) -> None:
    one, two = Tab(web, ana, "mood"), Tab(web, ana, "mood")
    one.types(phq9__1="1")
    told = two.types(phq9__1="2", phq9__2="0").json()
    assert told["elsewhere"] == [
        {
            "field": "phq9-1",
            "item": "phq9.1",
            "value": 1,
            "say": "In another window you answered: Several days. Please choose the one that holds, and save again.",
        }
    ]
    assert stored(ana) == {"phq9.1": 1, "phq9.2": 0}
    assert "phq9.1" not in told["seen"]
    two.types(phq9__1="2", phq9__3="0")  # typing elsewhere on the page decides nothing
    assert stored(ana)["phq9.1"] == 1
    two.chooses("phq9.1", 1)
    assert two.types(phq9__1="2").json()["elsewhere"] == []
    assert stored(ana)["phq9.1"] == 2


def test_one_medicine_changed_in_two_windows_is_told_and_others_stand_side_by_side(ana: Patient, web: Client) -> None:
    Tab(web, ana, "medicines").types(**{"row-0123abcd-name": "Lithium", "row-0123abcd-dose": "300 mg"})
    one, two = Tab(web, ana, "medicines"), Tab(web, ana, "medicines")
    one.types(**{"row-0123abcd-name": "Lithium", "row-0123abcd-dose": "600 mg"})
    told = two.types(**{"row-0123abcd-name": "Lithium", "row-0123abcd-dose": "900 mg", "row-11111111-name": "Zoloft"})
    (other,) = told.json()["elsewhere"]
    assert other["field"] == "row-0123abcd-name"
    assert "600 mg" in other["say"]
    assert Answer.objects.get(item="medicine.0123abcd").value["dose"] == "600 mg"  # type: ignore[index]  # a dict here
    assert Answer.objects.get(item="medicine.11111111").value["name"] == "Zoloft"  # type: ignore[index]  # a dict here


def test_a_conflicting_number_does_not_reach_the_front_desk(ana: Patient, web: Client) -> None:
    one, two = Tab(web, ana, "contact"), Tab(web, ana, "contact")
    one.types(contact__emergency_name="Ben Reyes")
    two.types(contact__emergency_name="Bob Reyes")
    ana.refresh_from_db()
    assert ana.emergency_name == "Ben Reyes"


def test_words_of_crisis_raise_one_alert_and_lead_to_help_even_when_the_reply_was_lost(
    ana: Patient, web: Client
) -> None:
    tab = Tab(web, ana, "reason")
    before = tab.hidden["seen"]
    assert tab.types(reason__words="I want to kill myself").json()["help"] == reverse("intake-crisis")
    tab.hidden["seen"] = before
    assert tab.types(reason__words="I want to kill myself").json()["help"] == reverse("intake-crisis")
    tab.hidden["seen"] = before
    assert tab.send(reason__words="I want to kill myself", do="later").url == reverse("intake-crisis")
    assert SafetyAlert.objects.count() == 1


def test_words_of_crisis_are_stored_whatever_another_window_wrote(ana: Patient, web: Client) -> None:
    one, two = Tab(web, ana, "reason"), Tab(web, ana, "reason")
    one.types(reason__words="I am tired")
    assert two.types(reason__words="I want to die").json()["help"]
    assert stored(ana)["reason.words"] == "I want to die"
    assert SafetyAlert.objects.count() == 1


def test_words_of_crisis_in_a_row_that_another_window_changed_are_kept_with_their_alert(
    ana: Patient, web: Client
) -> None:
    Tab(web, ana, "medicines").types(**{"row-0123abcd-name": "Lithium", "row-0123abcd-dose": "300 mg"})
    one, two = Tab(web, ana, "medicines"), Tab(web, ana, "medicines")
    one.types(**{"row-0123abcd-name": "Lithium", "row-0123abcd-dose": "600 mg"})
    dark = {"row-0123abcd-name": "Lithium", "row-0123abcd-dose": "all of it, I want to die"}
    assert two.types(**dark).json()["help"] == reverse("intake-crisis")
    assert two.types(**dark).json()["help"] == reverse("intake-crisis")
    assert Answer.objects.get(item="medicine.0123abcd").value["dose"] == "600 mg"  # type: ignore[index]  # a dict here
    alert = SafetyAlert.objects.get()
    assert (alert.value, alert.words) == ("another window", "Lithium . all of it, I want to die")
    assert alert.value in HEARD, "whoever takes it reads how the words came"
    assert two.send(**dark, do="on").url == reverse("intake-crisis")
    assert SafetyAlert.objects.count() == 1


def test_words_of_crisis_that_come_late_are_read_unless_they_stand_there(ana: Patient, web: Client) -> None:
    tab = Tab(web, ana, "reason")
    late = {**tab.hidden, "step": "1", "reason-words": "I want to die"}
    tab.send(reason__words="I am tired", step="2", do="later")
    told = web.post(reverse("intake-autosave", args=["reason"]), late).json()
    assert told["help"] == reverse("intake-crisis")
    assert stored(ana)["reason.words"] == "I am tired"
    assert SafetyAlert.objects.get().words == "I want to die"


def test_a_late_beginning_of_words_that_were_stored_raises_no_second_alert(ana: Patient, web: Client) -> None:
    tab = Tab(web, ana, "reason")
    late = {**tab.hidden, "step": "1", "reason-words": "I want to die"}
    tab.send(reason__words="I want to die, now", step="2", do="later")
    web.post(reverse("intake-autosave", args=["reason"]), late)
    assert SafetyAlert.objects.count() == 1


@pytest.mark.parametrize("button", [False, True])
def test_what_raised_one_alert_leaves_no_refused_field_unread(ana: Patient, web: Client, button: bool) -> None:
    tab = Tab(web, ana, "contact")
    fields = {"contact-place": "I want to die", "contact-emergency_name": "x" * 5_000 + " I want to kill myself"}
    if button:
        tab.send(**fields, do="on")
    else:
        tab.types(**fields)
    assert {alert.words[-7:] for alert in SafetyAlert.objects.all()} == {"", " myself"}


def test_one_refused_cell_leaves_no_other_of_its_row_unread(ana: Patient, web: Client) -> None:
    fields = {"row-0123abcd-drug": "I want to die", "row-0123abcd-mg": "a lot"}
    assert Tab(web, ana, "antidepressants").types(**fields).json()["help"] == reverse("intake-crisis")
    assert SafetyAlert.objects.get().words == "I want to die"


def test_words_of_crisis_are_stored_though_the_intake_was_sent_meanwhile(ana: Patient, web: Client) -> None:
    tab = Tab(web, ana, "reason")
    Intake.objects.create(patient=ana, number=1, submitted_at=now(), ruleset="1")
    assert tab.types(reason__words="I am well").status_code == 409
    assert tab.types(reason__words="I want to kill myself").json()["help"] == reverse("intake-crisis")
    assert SafetyAlert.objects.get().trigger == "words"
    Intake.objects.filter(submitted_at=None).update(submitted_at=now(), ruleset="1")
    assert tab.types(reason__words="I want to kill myself").status_code == 409, "these words have their alert"


def test_words_of_crisis_in_a_text_too_long_to_store_lead_to_help(ana: Patient, web: Client) -> None:
    told = Tab(web, ana, "reason").types(reason__words="x" * 4_000 + " I want to die").json()
    assert told["help"] == reverse("intake-crisis")
    assert not Answer.objects.exists()


def test_words_of_crisis_too_long_to_store_are_read_though_the_intake_was_sent(ana: Patient, web: Client) -> None:
    tab = Tab(web, ana, "reason")
    Intake.objects.create(patient=ana, number=1, submitted_at=now(), ruleset="1")
    told = tab.types(reason__words="x" * 4_000 + " I want to die")
    assert (told.status_code, told.json()["help"]) == (200, reverse("intake-crisis"))
    page = tab.send(reason__words="x" * 4_000 + " I want to die", do="on").content.decode()
    assert "tel:988" in page
    assert "I want to die" in page
    alert = SafetyAlert.objects.get()
    assert (alert.value, alert.words[-13:]) == ("not sent", "I want to die")
    assert not Answer.objects.exists()


def test_a_session_that_ended_an_intake_that_was_sent_and_another_persons_page_are_told_apart(
    ana: Patient, web: Client
) -> None:
    fill(ana)
    tab = Tab(web, ana, "mood")
    submit_intake(by=None, patient=ana)
    sent = tab.types(phq9__1="3")
    assert (sent.status_code, sent.json()["why"]) == (409, "sent")
    assert Intake.objects.count() == 1
    other = tab.types(phq9__1="3", whose=whose(cast.patient(account=True)))
    assert (other.status_code, other.json()["why"]) == (409, "not-yours")
    web.logout()
    assert tab.types(phq9__1="3").status_code == 401


def test_item_9_is_never_saved_this_way(ana: Patient, web: Client) -> None:
    fields = {"whose": whose(ana), "phq9-9": "2"}
    assert web.post(reverse("intake-autosave", args=["mood-9"]), fields).status_code == 400
    assert web.post(reverse("intake-autosave", args=["none"]), fields).status_code == 404
    assert web.get(reverse("intake-autosave", args=["mood"])).status_code == 405
    assert not Answer.objects.exists()


@pytest.mark.parametrize(
    "hidden",
    [
        {"page": "x" * 4000, "step": "-1"},
        {"page": "", "step": "9" * 5000},
        {"page": "\x00", "step": "NaN"},
        {"seen": "[" * 20_000, "step": "1e9"},
    ],
)
def test_broken_hidden_fields_lose_no_answer(ana: Patient, web: Client, hidden: dict[str, str]) -> None:
    response = web.post(reverse("intake-autosave", args=["mood"]), {"whose": whose(ana), "phq9-1": "2", **hidden})
    assert response.status_code == 200
    assert stored(ana) == {"phq9.1": 2}
