"""Check-ins after a treatment: when they are asked, what they ask, and what a relapse sets going."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from intake.models import BoosterOrder, Inquiry, Questionnaire
from pacificmind.clinic.models import ClinicSettings
from pacificmind.clock import now
from pacificmind.messaging import compose, registry, topics
from pacificmind.messaging.models import Message
from pacificmind.messaging.registry import Address, Void, Words
from pacificmind.tasks.models import Task
from scheduling.models import Appointment, Series
from scheduling.services import booking, boosters, checkins, watch
from tests import cast
from tests.messaging.forbidden import forbidden_in
from tests.scheduling.asking.conftest import WHERE, link, mood, proved, send, signed_in
from tests.scheduling.asking.test_before import hidden, words
from tests.scheduling.series import walk

pytestmark = pytest.mark.django_db

ALL_DAYS = [1, 3, 7, 14, 21, 28, 58, 88, 118, 148, 178, 208]


def open_days(visit: Appointment) -> list[int]:
    """The days on which is still asked, counted from this visit."""
    rows = Inquiry.objects.filter(visit_id=visit.pk, kind="check_in", ended_at__isnull=True)
    return list(rows.order_by("days_after").values_list("days_after", flat=True))


def owed(purpose: str = "check-in") -> list[Message]:
    return list(Message.objects.filter(purpose=purpose, status="owed").order_by("due_at"))


def render(message: Message) -> Words | Void | registry.Later:
    purpose = registry.get(message.purpose)
    assert purpose is not None
    return purpose.render(message)


@pytest.fixture
def given(run: Series, desk: Any, doctor: Any, clock: Any) -> Appointment:
    """The whole series took place; the last infusion was on Friday, March 19, 2027."""
    walk.give_all(run, desk=desk, doctor=doctor)
    last = run.visits.get(number=6)
    clock.move_to(last.ends_at)
    return last


def check_in(last: Appointment, day: int, clock: Any) -> tuple[Inquiry, Client]:
    """That day's check-in, opened by the link on its morning."""
    row = Inquiry.objects.get(visit_id=last.pk, kind="check_in", days_after=day)
    clock.move_to(row.opens_at + timedelta(minutes=5))
    return row, proved(row)


def answer(row: Inquiry, client: Client, each: int, item9: str = "0") -> Any:
    """Everything up to item 9."""
    if row.days_after <= 3:
        send(client, link(row), "where", **WHERE)
        send(client, link(row), "effects", **{"effects-noticed": "none", "effects-worry": "no", "effects-high": "no"})
    else:
        send(client, link(row), "where", **WHERE)
    part = "mood" if "Poor appetite" in words(client.get(link(row))) else "mood-short"
    send(client, link(row), part, **(mood(each) if part == "mood" else {"phq2-1": str(each), "phq2-2": str(each)}))
    return send(client, link(row), "thoughts", **{"phq9-9": item9})


class TestWhen:
    def test_after_the_first_infusion_on_days_1_and_3_before_the_next(
        self, run: Series, desk: Any, doctor: Any
    ) -> None:
        first, second = run.visits.order_by("starts_at")[:2]
        walk.give(first, desk=desk, doctor=doctor)
        assert open_days(first) == [1], "on day 3 the second infusion is over"
        walk.give(second, desk=desk, doctor=doctor)
        assert (open_days(first), open_days(second)) == ([], [])
        assert owed() == []

    def test_after_the_last_on_every_day_at_ten_by_the_wall_across_both_changes_of_the_clocks(
        self, given: Appointment
    ) -> None:
        assert open_days(given) == ALL_DAYS
        walls = [row.due_at.astimezone(cast.site().tz) for row in owed()]
        assert [(wall.date() - given.day).days for wall in walls] == ALL_DAYS
        assert {(wall.hour, wall.minute) for wall in walls} == {(10, 0)}
        assert (given.day + timedelta(days=208)) < date(2027, 11, 7), "the autumn's change is walked in test_whole_year"

    def test_the_clinic_chooses_the_days(self, run: Series, desk: Any, doctor: Any) -> None:
        ClinicSettings.objects.update_or_create(id=1, defaults={"check_in_days": [2, 29]})
        walk.give_all(run, desk=desk, doctor=doctor)
        assert open_days(run.visits.get(number=6)) == [2, 29]

    def test_a_booster_counts_anew(self, given: Appointment, order: Any, desk: Any, doctor: Any, clock: Any) -> None:
        plan = walk.booster_order(order, doctor, status="open", started_on=given.day)
        plan.reevaluations.create(by=doctor.user, supports_booster=True)
        wish = booking.Wish(
            patient_id=plan.patient_id, kind="booster", site_id="la", starts_at=walk.at(date(2027, 4, 12), 10),
            booster_order_id=plan.pk,
        )  # fmt: skip
        booster = booking.book(by=desk, wish=wish)
        clock.move_to(booster.starts_at)
        walk.phq9(plan.patient)
        walk.give(booster, desk=desk, doctor=doctor)
        assert open_days(given) == []
        assert open_days(booster) == ALL_DAYS
        assert {row.subject_id for row in owed()} == set(
            Inquiry.objects.filter(visit_id=booster.pk, kind="check_in").values_list("pk", flat=True)
        )

    def test_nothing_after_the_record_is_closed(self, given: Appointment, desk: Any) -> None:
        from scheduling.services import closing

        patient = given.patient
        closing.close_patient(by=desk, patient_id=patient.pk, version=patient.version, why="moved")
        assert (owed(), open_days(given)) == ([], [])


class TestWhat:
    def test_effects_on_day_1_and_what_is_high_waits_for_a_clinician(self, given: Appointment, clock: Any) -> None:
        row, client = check_in(given, 1, clock)
        send(client, link(row), "where", **WHERE)
        said = {"effects-noticed": "headache", "effects-worry": "no", "effects-high": "yes"}
        send(client, link(row), "effects", **said)
        kept = Questionnaire.objects.get(instrument="SIDE-EFFECTS")
        assert (kept.items, kept.status, kept.score) == ([["headache"], "no", "yes"], "unscored", None)
        assert Task.objects.get(kind="check-in-look").queue == "clinicians"

    @pytest.mark.parametrize(
        ("day", "parts"),
        [
            (7, ["where", "mood", "thoughts", "safety"]),
            (21, ["where", "mood", "thoughts", "use"]),
            (58, ["where", "mood", "thoughts", "use"]),
        ],
    )
    def test_parts_by_day(self, given: Appointment, clock: Any, day: int, parts: list[str]) -> None:
        row, client = check_in(given, day, clock)
        send(client, link(row), "where", **WHERE)
        row.refresh_from_db()
        assert row.parts == parts

    def test_the_longer_list_on_the_track_of_very_hard_events(self, given: Appointment, clock: Any) -> None:
        Questionnaire.objects.create(
            patient=given.patient, instrument="PCL-5", version="1", items=[1] * 20, status="complete", score=20
        )
        row, client = check_in(given, 7, clock)
        answer(row, client, 1)
        for number in (1, 2, 3, 4):
            send(client, link(row), "safety", **{f"asq-{number}": "N"})
        assert "In the past month, how much were you bothered by" in words(client.get(link(row)))
        send(client, link(row), "stress", **{f"pcl5-{n}": "2" for n in range(1, 21)})
        assert Questionnaire.objects.filter(instrument="PCL-5").order_by("-answered_at")[0].score == 40
        assert "Thank you" in words(client.get(link(row)))

    def test_the_screen_follows_item_9_on_any_day(self, given: Appointment, clock: Any) -> None:
        row, client = check_in(given, 28, clock)
        assert answer(row, client, 1, item9="1")["Location"].endswith("/help/")
        row.refresh_from_db()
        assert row.parts == ["where", "mood", "thoughts", "safety", "use"]

    def test_the_screen_follows_also_where_item_9_is_answered_higher_once_more(
        self, given: Appointment, clock: Any
    ) -> None:
        row, client = check_in(given, 28, clock)
        answer(row, client, 1, item9="0")
        assert send(client, link(row), "thoughts", **{"phq9-9": "2"})["Location"].endswith("/help/")
        row.refresh_from_db()
        assert row.parts == ["where", "mood", "thoughts", "safety", "use"]


class TestRelapse:
    @pytest.fixture
    def better(self, run: Series, desk: Any, doctor: Any, clock: Any) -> Appointment:
        """16 before the series; 3 after it."""
        clock.move_to(run.visits.get(number=1).starts_at - timedelta(hours=3))
        walk.phq9(run.patient, [2] * 8 + [0])
        walk.give_all(run, desk=desk, doctor=doctor)
        last = run.visits.get(number=6)
        clock.move_to(last.ends_at + timedelta(days=1))
        walk.phq9(run.patient, [1, 1, 1, 0, 0, 0, 0, 0, 0])
        return last

    def test_it_is_a_task_and_a_kind_message_and_no_reminder_of_a_booster(
        self, better: Appointment, order: Any, doctor: Any, clock: Any
    ) -> None:
        plan = walk.booster_order(order, doctor, status="open", started_on=better.day, after_days=7)
        watch.owe_boosters()
        row, client = check_in(better, 7, clock)
        answer(row, client, 2)
        assert Task.objects.get(kind="talk-first").patient_id == better.patient_id
        (message,) = owed("talk-with-us")
        said = render(message)
        assert isinstance(said, Words)
        text = compose.plain(compose.writer(said, Address(name="Ana"))).partition("Do you have a question")[0]
        assert forbidden_in(text) == []
        assert "visit" not in text, "a talk, never an offer"
        assert boosters.why_not_now(plan) == boosters.LOOKS_FIRST
        due = Message.objects.get(purpose="booster-due", subject_id=plan.pk)
        assert render(due) == Void(boosters.LOOKS_FIRST)
        page = signed_in(doctor.user).get(f"/clinic/patients/{better.patient_id}/check-ins/")
        assert "Talk with the patient" in words(page)
        shown = hidden(signed_in(doctor.user).get(f"/clinic/patients/{better.patient_id}/check-ins/"))
        signed_in(doctor.user).post(
            f"/clinic/patients/{better.patient_id}/check-ins/talked/", {"do": "talked", **shown}
        )
        assert boosters.why_not_now(plan) == ""
        assert render(message) == Void("A clinician has talked with them.")

    def test_one_that_was_cut_short_is_found_by_the_sweep(
        self, better: Appointment, clock: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        row, client = check_in(better, 7, clock)
        with monkeypatch.context() as cut:
            cut.setattr(checkins, "look_for_relapse", lambda inquiry: False)  # the process ends right before it
            answer(row, client, 2)
        assert not Task.objects.filter(kind="talk-first").exists()
        assert checkins.catch_up() == 1
        assert Task.objects.filter(kind="talk-first", done_at__isnull=True).count() == 1
        assert len(owed("talk-with-us")) == 1
        assert checkins.catch_up() == 0, "once"

    def test_as_well_as_before_is_none(self, better: Appointment, clock: Any) -> None:
        row, client = check_in(better, 7, clock)
        answer(row, client, 0)
        assert not Task.objects.filter(kind="talk-first").exists()
        assert owed("talk-with-us") == []


class TestMessage:
    def test_the_words_are_neutral_and_the_link_needs_no_password(self, given: Appointment, clock: Any) -> None:
        (first, *_) = owed()
        clock.move_to(first.due_at)
        said = render(first)
        assert isinstance(said, Words)
        text = compose.plain(compose.writer(said, Address(name="Ana")))
        assert (forbidden_in(text), "asked to sign in" in text) == ([], False)
        assert said.context["path"] == link(Inquiry.objects.get(pk=first.subject_id))

    def test_none_once_answered_or_too_late(self, given: Appointment, clock: Any) -> None:
        first = owed()[0]
        Inquiry.objects.filter(pk=first.subject_id).update(sent_at=now())
        assert render(first) == Void("They have answered already.")
        clock.move_to(owed()[2].due_at)
        assert isinstance(render(owed()[1]), Void)

    def test_the_page_of_check_ins_is_the_sites_clinicians(self, given: Appointment, desk: Any, doctor: Any) -> None:
        path = f"/clinic/patients/{given.patient_id}/check-ins/"
        assert signed_in(desk).get(path).status_code == 403
        assert signed_in(cast.clinician(cast.other_site()).user).get(path).status_code == 404
        assert "No check-in was answered" in words(signed_in(doctor.user).get(path))

    def test_a_question_that_was_not_asked_is_not_one_that_was_not_answered(
        self, given: Appointment, doctor: Any, clock: Any
    ) -> None:
        """After four No the screen does not ask about right now: to read "not answered" there is to read a refusal."""
        row, client = check_in(given, 7, clock)
        answer(row, client, 1)
        path = f"/clinic/patients/{given.patient_id}/check-ins/"
        send(client, link(row), "safety", **{"asq-1": "N"})
        assert "right now? Not answered yet" in words(signed_in(doctor.user).get(path))
        for number in (2, 3, 4):
            send(client, link(row), "safety", **{f"asq-{number}": "N"})
        page = words(signed_in(doctor.user).get(path))
        assert "right now? Not asked" in page
        assert "Not answered" not in page
        assert "(213) 555-0123" in page, "a number as people write it"

    def test_looked_at_is_what_the_page_showed(self, given: Appointment, doctor: Any, clock: Any) -> None:
        row, client = check_in(given, 1, clock)
        answer(row, client, 1, "declined")
        path = f"/clinic/patients/{given.patient_id}/check-ins/"
        before_more = hidden(signed_in(doctor.user).get(path))
        send(client, link(row), "where", **WHERE)
        later, client = check_in(given, 3, clock)
        answer(later, client, 1, "declined")
        clinic = signed_in(doctor.user)
        said = clinic.post(f"{path}talked/", {"do": "looked", **before_more}, follow=True)
        assert "answered more meanwhile" in words(said)
        assert not Inquiry.objects.filter(looked_at__isnull=False).exists()
        clinic.post(f"{path}talked/", {"do": "looked", **hidden(said)})
        assert Inquiry.objects.filter(looked_by=doctor.user).count() == 2


def test_as_needed_owes_no_reminder_and_can_be_asked_for(given: Appointment, order: Any, doctor: Any) -> None:
    plan = walk.booster_order(order, doctor, status="open", started_on=given.day, as_needed=True)
    assert watch.owe_boosters() == 0
    assert not Message.objects.filter(subject_id=plan.pk).exists()
    client = signed_in(given.patient.user)
    client.post("/next-visit/", {"answer": "talk"})
    assert Task.objects.get(kind="booster-ask").patient_id == given.patient_id
    assert BoosterOrder.objects.get(pk=plan.pk).status == "open"
    assert checkins.talk_is_open(given.patient_id) is False


def test_a_further_visit_can_be_asked_for_from_the_visits(run: Series, desk: Any, doctor: Any, clock: Any) -> None:
    """Also after a "not now", and where something else is the next step: no mail need be kept for its link."""
    patient = signed_in(run.patient.user)
    assert "/next-visit/" not in patient.get("/your-visits/").content.decode(), "nobody was treated yet"
    walk.give_all(run, desk=desk, doctor=doctor)
    page = signed_in(run.patient.user).get("/your-visits/")
    assert 'href="/next-visit/"' in page.content.decode()
    assert "Do you think you need a further visit?" in words(page)


def test_the_list_takes_as_many_queries_for_three_as_for_one(given: Appointment, doctor: Any, clock: Any) -> None:
    def queries(user: Any, path: str) -> int:
        client = signed_in(user)  # days pass meanwhile: a session does not last so long
        client.get(path)
        with CaptureQueriesContext(connection) as found:
            page = client.get(path)
        assert page.status_code == 200
        return len(found)

    list_of = f"/clinic/patients/{given.patient_id}/check-ins/"
    pages = [
        (doctor.user, list_of),
        (doctor.user, reverse("clinic-outcomes", args=[given.patient_id])),
        (given.patient.user, reverse("patient-outcomes")),
    ]
    answer(*check_in(given, 7, clock), 1)
    one = [queries(*page) for page in pages]
    for day in (14, 21):
        answer(*check_in(given, day, clock), 1)
    assert [queries(*page) for page in pages] == one
    shown = words(signed_in(doctor.user).get(list_of))
    assert shown.count("Day ") >= 3
    assert "They get no mails" not in shown
    topics.end_by_link(owed()[0], address=None)
    assert "They get no mails that ask how they are" in words(signed_in(doctor.user).get(list_of))
    assert owed() == []
