"""What the questions around a visit do for safety: refused pages are read, one alert rises, a changed total counts."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from intake.models import AsqSitting, Inquiry, Questionnaire, SafetyAlert, SafetyEvent, Whereabouts
from intake.queries.outcomes import measures_of
from intake.services import inquiries
from intake.services.asq import left_in_the_middle
from pacificmind.clock import now
from pacificmind.tasks.models import Task
from scheduling.models import Appointment
from scheduling.services import readiness
from scheduling.views.inquiry import flow
from tests.scheduling.asking.conftest import WELL, WHERE, before, link, mood, proved, send
from tests.scheduling.asking.test_before import words

pytestmark = pytest.mark.django_db
DARK = "I want to kill myself"


@pytest.fixture
def asked(visit: Appointment, clock: Any) -> Inquiry:
    """The questions before the first visit, on the evening before."""
    clock.move_to(visit.starts_at - timedelta(hours=16))
    return before(visit)


def up_to_item9(row: Inquiry, item9: str) -> Client:
    client = proved(row)
    for part, answers in (("ready", WELL), ("where", WHERE), ("mood", mood()), ("thoughts", {"phq9-9": item9})):
        send(client, link(row), part, **answers)
    return client


class TestRefused:
    def test_words_of_crisis_in_a_page_with_a_mistake_are_an_alert_at_once(self, asked: Inquiry) -> None:
        client = proved(asked)
        said = WELL | {"ready-escort_name": "", "ready-ill": "yes", "ready-ill_words": DARK}
        page = send(client, link(asked), "ready", **said)
        shown = words(page)
        assert page.status_code == 200
        assert "You do not have to be alone with this" in shown
        assert "on the clinicians' board" in shown
        assert "Please write their name and telephone" in shown
        assert DARK in page.content.decode(), "nothing typed is lost"
        alert = SafetyAlert.objects.get()
        assert (alert.trigger, alert.tier) == ("words", "URGENT-1")
        asked.refresh_from_db()
        assert asked.answers["ready.ill_words"] == DARK
        assert asked.done == [], "the rest waits for its correction"
        assert client.get(link(asked))["Location"] == f"{link(asked)}help/", "help before further questions"
        send(client, link(asked), "ready", **said)
        send(client, link(asked), "ready", **(said | {"ready-escort_name": "Luis Reyes"}))
        assert SafetyAlert.objects.count() == 1, "sent again and corrected, it is the same"

    def test_a_text_that_is_too_long_is_read_as_well(self, asked: Inquiry) -> None:
        said = WELL | {"ready-ill": "yes", "ready-ill_words": f"{DARK} " * 400}
        assert send(proved(asked), link(asked), "ready", **said).status_code == 200
        assert SafetyAlert.objects.get().trigger == "words"

    def test_no_alert_without_them(self, asked: Inquiry) -> None:
        page = send(proved(asked), link(asked), "ready", **(WELL | {"ready-escort_name": ""}))
        assert "You do not have to be alone" not in words(page)
        assert "Nobody watches this in real time" in words(page)
        assert not SafetyAlert.objects.exists()

    def test_if_nothing_can_be_stored_the_page_with_help_claims_nothing(
        self, asked: Inquiry, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(**_: Any) -> None:
            raise OperationalError

        client = proved(asked)
        monkeypatch.setattr(inquiries, "save_part", broken)
        for name in ("", "Luis Reyes"):
            page = send(client, link(asked), "ready", **(WELL | {"ready-escort_name": name, "ready-ill_words": DARK}))
            assert page.status_code == 503
            assert "Nobody at the clinic has been told" in words(page)


class TestOneAlert:
    def test_item_9_and_the_screen_are_one_alert_that_rises(self, asked: Inquiry) -> None:
        client = up_to_item9(asked, "1")
        alert, sitting = SafetyAlert.objects.get(), AsqSitting.objects.get()
        assert sitting.alert == alert
        client.post(f"{link(asked)}help/")
        for number, said in enumerate("YNNNY", 1):
            send(client, link(asked), "safety", **{f"asq-{number}": said})
            client.post(f"{link(asked)}help/")
        alert = SafetyAlert.objects.get()
        assert (alert.trigger, alert.value, alert.tier) == ("phq9-item9", "1", "URGENT-2")
        asked.refresh_from_db()
        assert asked.sent_at is not None
        assert AsqSitting.objects.get().outcome == "acute"

    def test_left_before_the_first_question_it_is_swept_like_any_other(self, asked: Inquiry, clock: Any) -> None:
        up_to_item9(asked, "2")
        clock.shift(timedelta(minutes=11))
        assert left_in_the_middle() == 1
        assert SafetyEvent.objects.filter(alert=SafetyAlert.objects.get(), kind="left-open").exists()

    def test_a_higher_answer_after_the_screen_asks_it_again(self, asked: Inquiry) -> None:
        client = up_to_item9(asked, "0")
        for number in (1, 2, 3, 4):
            send(client, link(asked), "safety", **{f"asq-{number}": "N"})
        asked.refresh_from_db()
        assert asked.sent_at is not None
        send(client, link(asked), "thoughts", **{"phq9-9": "2"})
        client.post(f"{link(asked)}help/")
        assert "have you wished you were dead" in words(client.get(link(asked)))
        for number, said in enumerate("NNNN", 1):
            page = send(client, link(asked), "safety", **{f"asq-{number}": said})
        assert page["Location"] == link(asked), "help was shown already, and nothing worse was said"
        asked.refresh_from_db()
        assert asked.sent_at is not None
        assert SafetyAlert.objects.count() == 1


class TestChangedTotal:
    def test_a_higher_item_9_counts_in_the_total_and_what_stood_there_stays(self, asked: Inquiry) -> None:
        client = up_to_item9(asked, "0")
        first = Questionnaire.objects.get(instrument="PHQ-9")
        send(client, link(asked), "thoughts", **{"phq9-9": "3"})
        send(client, link(asked), "thoughts", **{"phq9-9": "3"})
        old, new = Questionnaire.objects.filter(instrument="PHQ-9").order_by("answered_at", "amends_id")
        if old.amends_id:
            old, new = new, old
        assert (old.pk, int(old.score or 0), old.items[8]) == (first.pk, 8, 0), "history is kept"
        assert (int(new.score or 0), new.items[8], new.amends_id) == (11, 3, old.pk)
        assert [one.score for one in measures_of([asked.patient_id])[asked.patient_id]] == [11], "counted once"
        send(client, link(asked), "thoughts", **{"phq9-9": "1"})
        assert Questionnaire.objects.filter(instrument="PHQ-9").count() == 2, "lower changes nothing"


class TestWhatFollows:
    def test_an_escort_that_cannot_be_named_does_not_say_that_nothing_was_saved(
        self, asked: Inquiry, visit: Appointment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(*_: Any) -> None:
            raise OperationalError

        monkeypatch.setattr(readiness, "_name_escort", broken)
        page = send(proved(asked), link(asked), "ready", **WELL)
        assert page["Location"] == link(asked)
        asked.refresh_from_db()
        assert asked.done == ["ready"]
        task = Task.objects.get(kind="escort-open")
        assert (task.queue, task.subject_id) == ("front_desk", visit.pk)

    def test_no_whereabouts_are_stored_where_the_questions_are_over(self, asked: Inquiry) -> None:
        client = proved(asked)
        Inquiry.objects.filter(pk=asked.pk).update(ended_at=now(), ended_why="moved")
        send(client, link(asked), "where", **WHERE)
        assert not Whereabouts.objects.exists()


class TestWhere:
    def test_whom_to_call_is_asked_where_nobody_is_known(self, asked: Inquiry) -> None:
        asked.patient.emergency_name, asked.patient.emergency_phone = "", ""
        asked.patient.save(update_fields=["emergency_name", "emergency_phone"])
        client = proved(asked)
        send(client, link(asked), "ready", **WELL)
        assert "Who should we call in an emergency?" in words(client.get(link(asked)))
        told = WHERE | {"where-emergency_name": "Meera Shah", "where-emergency_phone": "213 555 0144"}
        send(client, link(asked), "where", **told)
        row = Whereabouts.objects.get()
        assert (row.emergency_name, row.emergency_phone) == ("Meera Shah", "+12135550144")
        assert not any("emergency" in item.id for item in flow._section(asked, "where").items), "not asked again"
