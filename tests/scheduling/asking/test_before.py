"""The link before a visit: eaten by no scanner, opened by the date of birth alone, and what its answers set going."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client

from intake.models import AsqSitting, Inquiry, Questionnaire, SafetyAlert, Screening, Whereabouts
from intake.services import inquiries
from intake.services.asq import save_asq_answer
from pacificmind.audit.models import Entry
from pacificmind.clock import now
from pacificmind.tasks.models import Task
from scheduling.domain import errors
from scheduling.models import Appointment
from scheduling.services import booking, door
from tests import cast
from tests.scheduling.asking.conftest import (
    BIRTH,
    WELL,
    WHERE,
    answer_all,
    before,
    link,
    mood,
    proved,
    send,
    signed_in,
)
from tests.scheduling.series import walk

pytestmark = pytest.mark.django_db


def hidden(page: Any) -> dict[str, str]:
    """What the button that says one has looked sends along."""
    return dict(re.findall(r'name="(inquiry|seen|shown)" value="([^"]*)"', page.content.decode()))


def words(response: Any) -> str:
    text = re.sub(r"<(script|style)[^>]*>.*?</\1>|<[^>]+>", " ", response.content.decode(), flags=re.S)
    return " ".join(unescape(text).split())


def tasks(kind: str) -> list[Task]:
    return list(Task.objects.filter(kind=kind, done_at__isnull=True))


@pytest.fixture
def asked(visit: Appointment, clock: Any) -> Inquiry:
    """The questions before the first visit, on the evening before."""
    clock.move_to(visit.starts_at - timedelta(hours=16))
    return before(visit)


class TestLink:
    def test_opening_it_changes_nothing_and_shows_nothing_of_the_visit(self, asked: Inquiry) -> None:
        kept = Inquiry.objects.values().get(pk=asked.pk)
        for _ in range(3):
            page = Client().get(link(asked))
            Client().head(link(asked))
            Client().get(f"{link(asked)}help/")
        assert page.status_code == 200
        assert "no-store" in page["Cache-Control"]
        assert not re.search("March|10:00|Ana|Cho|Luis|PHQ|Infusion|little interest", words(page), re.IGNORECASE)
        assert Inquiry.objects.values().get(pk=asked.pk) == kept
        assert not Entry.objects.filter(what="questions").exists()

    def test_it_is_128_random_bits_and_the_table_holds_its_hash_alone(self, asked: Inquiry) -> None:
        token = inquiries.tokens_of(asked.pk)[0]
        assert len(token) == 22
        assert token not in str(Inquiry.objects.values().get(pk=asked.pk))
        assert asked.token_hash == inquiries.token_hash(token)

    def test_three_wrong_dates_of_birth_and_it_is_dead_for_who_knows_the_right_one_too(self, asked: Inquiry) -> None:
        for _ in range(2):
            page = Client().post(link(asked), {"birth_on": "1985-04-13"})
            assert "This is not the date of birth that we have" in words(page)
        dead = Client().post(link(asked), {"birth_on": "1985-04-13"})
        answers = [
            dead,
            Client().post(link(asked), {"birth_on": BIRTH}),
            Client().get("/answers/AAAAAAAAAAAAAAAAAAAAAA/"),
        ]
        assert {(one.status_code, words(one)) for one in answers} == {(404, words(dead))}
        assert Entry.objects.filter(what="open questions by link", action="refused").count() == 3

    def test_wrong_dates_end_the_link_and_never_the_questions_of_who_is_known(self, asked: Inquiry) -> None:
        half_way, path = proved(asked), f"/your-answers/{asked.pk}/"
        send(half_way, link(asked), "ready", **WELL)
        for _ in range(3):
            Client().post(link(asked), {"birth_on": "1985-04-13"})
        assert Client().get(link(asked)).status_code == 404
        assert send(half_way, link(asked), "where", **WHERE)["Location"] == link(asked)
        asked.refresh_from_db()
        assert asked.done == ["ready", "where"]
        assert "Little interest or pleasure" in words(signed_in(asked.patient.user).get(path))

    @pytest.mark.parametrize("what", ["moved", "cancelled", "begun"])
    def test_it_ends_with_the_visit_as_it_was(self, asked: Inquiry, visit: Appointment, clock: Any, what: str) -> None:
        if what == "moved":
            booking.move(by=None, visit_id=visit.pk, version=1, starts_at=visit.starts_at + timedelta(hours=2))
        elif what == "cancelled":
            booking.cancel(by=None, visit_id=visit.pk, version=1, why="away")
        else:
            clock.move_to(visit.starts_at)
        assert Client().get(link(asked)).status_code == 404
        assert Client().post(link(asked), {"do": "confirm"}).status_code == 404
        visit.refresh_from_db()
        assert not visit.is_confirmed
        if what == "moved":
            assert Client().get(link(before(visit))).status_code == 200, "the new time has a link of its own"

    def test_the_proof_is_for_this_link_and_a_while(self, asked: Inquiry, visit: Appointment, clock: Any) -> None:
        client = proved(asked)
        assert "Does an adult you know take you home" in words(client.get(link(asked)))
        other = Inquiry.objects.get(visit_id=visit.series.visits.get(number=2).pk)  # type: ignore[union-attr]
        clock.move_to(other.opens_at)
        assert "Does an adult" not in words(client.get(link(other)))
        clock.move_to(visit.starts_at - timedelta(hours=1))
        assert "First write your date of birth" in words(client.get(link(asked)))

    def test_who_holds_the_link_can_say_that_they_come(self, asked: Inquiry, visit: Appointment) -> None:
        client = Client()
        client.post(link(asked), {"do": "confirm"})
        client.post(link(asked), {"do": "confirm"})
        visit.refresh_from_db()
        assert (visit.is_confirmed, visit.confirmed_how, visit.version) == (True, "link", 1)
        assert Entry.objects.filter(what="confirm a visit").count() == 1
        assert "We know that you come" in words(client.get(link(asked)))
        Inquiry.objects.filter(pk=asked.pk).update(parts=[])  # as where nothing is asked before
        page = words(client.get(link(asked)))
        assert "We know that you come" in page
        assert "Please tell us" not in page
        moved = booking.move(by=None, visit_id=visit.pk, version=1, starts_at=visit.starts_at + timedelta(hours=2))
        assert not moved.is_confirmed, "a confirmation is for the time it was given for"


class TestAnswers:
    def test_all_is_well_from_the_link_to_the_door(self, asked: Inquiry, visit: Appointment, desk: Any) -> None:
        client = proved(asked)
        answer_all(client, link(asked))
        assert "Thank you. You are set" in words(client.get(link(asked)))
        asked.refresh_from_db()
        assert (asked.sent_at is not None, asked.red) == (True, [])
        assert not Task.objects.filter(kind__in=("before-visit-look", "escort-open")).exists()
        visit.refresh_from_db()
        assert (visit.escort_name, visit.escort_phone) == ("Luis Reyes", "+12135550190")
        assert Whereabouts.objects.get().place.startswith("12 Olive")
        phq9 = Questionnaire.objects.get(instrument="PHQ-9")
        assert (phq9.items, phq9.inquiry_id) == ([1] * 8 + [0], asked.pk)
        assert phq9.score == 8
        assert AsqSitting.objects.get().outcome == "negative"

    @pytest.mark.parametrize(
        ("answers", "red"),
        [
            ({"ready-fasting": "unsure"}, ["fasting"]),
            ({"ready-held": "declined"}, ["held"]),
            ({"ready-medicines": "yes", "ready-medicines_words": "A new one"}, ["medicines"]),
            ({"ready-ill": "yes"}, ["ill"]),
            ({"ready-pregnancy": "yes"}, ["pregnancy"]),
            ({"ready-bladder": "yes"}, ["bladder"]),
            ({"ready-systolic": "162", "ready-diastolic": "90"}, ["pressure"]),
            ({"ready-systolic": "140", "ready-diastolic": "90"}, []),
        ],
    )
    def test_what_a_clinician_looks_at_makes_one_task_before_the_room_is_lost(
        self, asked: Inquiry, visit: Appointment, answers: dict[str, str], red: list[str]
    ) -> None:
        assert send(proved(asked), link(asked), "ready", **(WELL | answers)).status_code == 302
        asked.refresh_from_db()
        assert asked.red == red
        found = tasks("before-visit-look")
        assert [(task.subject_id, task.queue) for task in found] == ([(visit.pk, "clinicians")] if red else [])
        assert all(task.due_at <= visit.starts_at for task in found)

    def test_nobody_to_take_them_home_is_the_front_desks(self, asked: Inquiry, visit: Appointment) -> None:
        send(proved(asked), link(asked), "ready", **(WELL | {"ready-escort": "no"}))
        assert [task.queue for task in tasks("escort-open")] == ["front_desk"]
        assert tasks("before-visit-look") == []

    def test_nobody_to_take_them_home_takes_back_who_was_named_before(
        self, asked: Inquiry, visit: Appointment, desk: Any
    ) -> None:
        Appointment.objects.filter(patient=visit.patient).update(escort_name="Luis Reyes", escort_phone="+12135550190")
        client = proved(asked)
        send(client, link(asked), "ready", **(WELL | {"ready-escort": "no"}))
        for part, answers in (("where", WHERE), ("mood", mood()), ("thoughts", {"phq9-9": "0"})):
            send(client, link(asked), part, **answers)
        for number in (1, 2, 3, 4):
            send(client, link(asked), "safety", **{f"asq-{number}": "N"})
        page = words(client.get(link(asked)))
        assert "Who takes you home?" in page
        assert "Nothing more is to be done" not in page
        visit.refresh_from_db()
        assert (visit.escort_name, visit.escort_phone, visit.version) == ("", "", 1)
        others = Appointment.objects.filter(patient=visit.patient).exclude(pk=visit.pk)
        assert set(others.values_list("escort_name", flat=True)) == {"Luis Reyes"}, "they are asked when they come near"
        assert Entry.objects.filter(what="nobody takes them home yet", patient_id=visit.patient_id).count() == 1
        assert "Luis Reyes" not in words(signed_in(desk).get(f"/desk/visits/{visit.pk}/"))

    def test_the_gate_waits_for_a_look_and_the_desk_learns_no_more(
        self, asked: Inquiry, visit: Appointment, desk: Any, doctor: Any, clock: Any
    ) -> None:
        send(proved(asked), link(asked), "ready", **(WELL | {"ready-ill": "yes", "ready-ill_words": "A bad cold"}))
        clock.move_to(visit.starts_at)
        with pytest.raises(errors.ReviewNeeded, match=re.escape(errors.ASK_THE_CLINICIAN)):
            door.may_start(visit)
        page = words(signed_in(desk).get(f"/desk/visits/{visit.pk}/"))
        assert "Ask the clinician" in page
        assert not re.search("cold|Has been ill|Answers before", page)
        seen = signed_in(doctor.user).get(f"/desk/visits/{visit.pk}/")
        assert "Has been ill" in words(seen)
        assert "A bad cold" in words(seen)
        assert Entry.objects.filter(what="answers before a visit", actor_id=doctor.user.pk).exists()
        assert signed_in(desk).post(f"/clinic/visits/{visit.pk}/looked/").status_code == 403
        signed_in(doctor.user).post(f"/clinic/visits/{visit.pk}/looked/", hidden(seen))
        door.may_start(visit, measured=False)
        assert tasks("before-visit-look") == []

    def test_a_look_is_at_what_the_page_showed_and_not_at_what_came_meanwhile(
        self, asked: Inquiry, visit: Appointment, doctor: Any
    ) -> None:
        client, clinic = proved(asked), signed_in(doctor.user)
        send(client, link(asked), "ready", **(WELL | {"ready-ill": "yes"}))
        before_more = hidden(clinic.get(f"/desk/visits/{visit.pk}/"))
        for part, answers in (("where", WHERE), ("mood", mood()), ("thoughts", {"phq9-9": "declined"})):
            send(client, link(asked), part, **answers)
        said = clinic.post(f"/clinic/visits/{visit.pk}/looked/", before_more, follow=True)
        assert "The patient has answered more meanwhile. Look at it first." in words(said)
        asked.refresh_from_db()
        assert asked.looked_at is None
        clinic.post(f"/clinic/visits/{visit.pk}/looked/", hidden(said))
        asked.refresh_from_db()
        assert asked.looked_by == doctor.user

    def test_what_is_red_later_waits_again(self, asked: Inquiry, visit: Appointment, doctor: Any) -> None:
        client = proved(asked)
        send(client, link(asked), "ready", **(WELL | {"ready-ill": "yes"}))
        inquiries.look(by=doctor.user, inquiry_id=asked.pk)
        send(client, link(asked), "where", **WHERE)
        send(client, link(asked), "mood", **mood())
        send(client, link(asked), "thoughts", **{"phq9-9": "declined"})
        asked.refresh_from_db()
        assert (asked.red, asked.looked_at) == (["ill", "thoughts"], None)
        assert len(tasks("before-visit-look")) == 1

    def test_item_9_is_evaluated_when_it_is_answered_and_help_comes_first(self, asked: Inquiry) -> None:
        client = proved(asked)
        for part, answers in (("ready", WELL), ("where", WHERE), ("mood", mood())):
            send(client, link(asked), part, **answers)
        page = send(client, link(asked), "thoughts", **{"phq9-9": "1"})
        assert page["Location"] == f"{link(asked)}help/"
        assert "988" in words(client.get(page["Location"]))
        assert client.post(page["Location"])["Location"] == link(asked), "and there is a way on"
        alert = SafetyAlert.objects.get()
        assert (alert.trigger, alert.value, alert.tier) == ("phq9-item9", "1", "URGENT-1")
        send(client, link(asked), "thoughts", **{"phq9-9": "1"})
        assert SafetyAlert.objects.count() == 1, "pressed twice"
        send(client, link(asked), "thoughts", **{"phq9-9": "0"})
        asked.refresh_from_db()
        assert asked.answers["phq9.9"] == 1, "the back button takes nothing back"
        send(client, link(asked), "thoughts", **{"phq9-9": "3"})
        assert SafetyAlert.objects.filter(value="3").exists(), "more than before counts at once"

    def test_a_yes_to_the_screen_is_an_alert_and_leads_to_help(self, asked: Inquiry) -> None:
        client = proved(asked)
        for part, answers in (
            ("ready", WELL), ("where", WHERE), ("mood", mood()), ("thoughts", {"phq9-9": "0"}),
            ("safety", {"asq-1": "Y"}), *(("safety", {f"asq-{n}": "N"}) for n in (2, 3, 4)),
        ):  # fmt: skip
            send(client, link(asked), part, **answers)
        assert SafetyAlert.objects.filter(trigger="asq").exists(), "before the last question is answered"
        assert client.get(link(asked))["Location"] == f"{link(asked)}help/", "help before further questions"
        client.post(f"{link(asked)}help/")
        assert "Are you having thoughts of killing yourself right now?" in words(client.get(link(asked)))
        page = send(client, link(asked), "safety", **{"asq-5": "Y"})
        assert page["Location"] == f"{link(asked)}help/"
        assert SafetyAlert.objects.filter(tier="URGENT-2").exists()
        asked.refresh_from_db()
        assert asked.sent_at is not None

    def test_words_of_crisis_are_read(self, asked: Inquiry) -> None:
        said = WELL | {"ready-ill": "yes", "ready-ill_words": "I want to kill myself"}
        page = send(proved(asked), link(asked), "ready", **said)
        assert page["Location"] == f"{link(asked)}help/"
        assert SafetyAlert.objects.get().trigger == "words"

    @pytest.mark.parametrize("sent_to_the_end", [False, True])
    def test_words_of_crisis_count_also_in_a_part_that_is_sent_again(
        self, asked: Inquiry, sent_to_the_end: bool
    ) -> None:
        client = proved(asked)
        send(client, link(asked), "ready", **(WELL | {"ready-ill": "yes", "ready-ill_words": "A cold"}))
        if sent_to_the_end:
            Inquiry.objects.filter(pk=asked.pk).update(sent_at=now())
        for _ in range(2):
            said = WELL | {"ready-ill": "yes", "ready-ill_words": "I want to kill myself"}
            send(client, link(asked), "ready", **said)
        assert SafetyAlert.objects.get().trigger == "words"
        asked.refresh_from_db()
        assert asked.answers["ready.ill_words"] == "I want to kill myself", "a clinician reads what was meant"

    def test_words_of_crisis_are_read_wherever_they_are_written(self, asked: Inquiry) -> None:
        client = proved(asked)
        page = send(client, link(asked), "ready", **(WELL | {"ready-escort_name": "Nobody, I want to kill myself"}))
        assert page["Location"] == f"{link(asked)}help/"
        assert SafetyAlert.objects.get().trigger == "words"

    def test_the_rules_are_run_again_once_the_answers_stand(
        self, asked: Inquiry, django_capture_on_commit_callbacks: Any
    ) -> None:
        client = proved(asked)
        with django_capture_on_commit_callbacks(execute=True):
            send(client, link(asked), "ready", **(WELL | {"ready-pregnancy": "yes"}))
        run = Screening.objects.get(current=True, intake__patient=asked.patient)
        assert run.cause == "questionnaire"
        assert run.findings.filter(rule="D45").exists()

    def test_mistakes_stand_beside_their_field_and_nothing_typed_is_lost(self, asked: Inquiry) -> None:
        said = WELL | {"ready-escort_name": "", "ready-systolic": "128", "ready-ill_words": "Nothing much"}
        page = send(proved(asked), link(asked), "ready", **said)
        assert page.status_code == 200
        shown = page.content.decode()
        assert "Please write their name and telephone" in unescape(shown)
        assert "Please write both numbers" in shown
        assert "Nothing much" in shown
        assert Inquiry.objects.get(pk=asked.pk).done == []

    def test_two_questions_only_where_the_longer_ones_are_recent(self, asked: Inquiry, clock: Any) -> None:
        walk.phq9(asked.patient)
        client = proved(asked)
        for part, answers in (("ready", WELL), ("where", WHERE)):
            send(client, link(asked), part, **answers)
        page = words(client.get(link(asked)))
        assert "Little interest or pleasure" in page
        assert "Poor appetite" not in page
        send(client, link(asked), "mood-short", **{"phq2-1": "2", "phq2-2": "1"})
        assert Questionnaire.objects.get(instrument="PHQ-2").score == 3

    def test_item_9_that_cannot_be_stored_still_shows_help(
        self, asked: Inquiry, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        client = proved(asked)

        def broken(**_: Any) -> None:
            raise RuntimeError

        monkeypatch.setattr(inquiries, "save_part", broken)
        page = send(client, link(asked), "thoughts", **{"phq9-9": "2"})
        assert page.status_code == 503
        assert "We could not save this answer" in words(page)
        assert "988" in words(page)


class TestPortal:
    def test_a_screen_that_was_finished_on_the_intakes_own_page_is_over_here_too(self, asked: Inquiry) -> None:
        client, path = signed_in(asked.patient.user), f"/your-answers/{asked.pk}/"
        for part, answers in (
            ("ready", WELL), ("where", WHERE), ("mood", mood()), ("thoughts", {"phq9-9": "0"}),
            ("safety", {"asq-1": "N"}),
        ):  # fmt: skip
            send(client, path, part, **answers)
        sitting = AsqSitting.objects.get()
        for number in (2, 3, 4):
            save_asq_answer(
                by=asked.patient.user, patient=asked.patient, number=number, value="N", sitting_id=sitting.pk
            )
        assert client.get(sitting.back_to)["Location"] == path
        assert "Thank you. You are set" in words(client.get(path))
        asked.refresh_from_db()
        assert asked.sent_at is not None

    def test_home_and_the_visit_lead_to_the_same_questions(self, asked: Inquiry, visit: Appointment) -> None:
        client = signed_in(visit.patient.user)
        assert f'href="/your-answers/{asked.pk}/"' in client.get("/home/").content.decode()
        assert f'href="/your-answers/{asked.pk}/"' in client.get(f"/visits/{visit.pk}/").content.decode()
        answer_all(client, f"/your-answers/{asked.pk}/")
        assert "Your answers before this visit are with us" in words(client.get(f"/visits/{visit.pk}/"))
        client.post(f"/visits/{visit.pk}/confirm/")
        visit.refresh_from_db()
        assert visit.confirmed_how == "portal"

    def test_anothers_are_not_there(self, asked: Inquiry) -> None:
        client = signed_in(cast.patient(account=True).user)
        for path in (f"/your-answers/{asked.pk}/", f"/your-answers/{asked.pk}/help/"):
            assert client.get(path).status_code == 404
        assert send(client, f"/your-answers/{asked.pk}/", "ready", **WELL).status_code == 404
