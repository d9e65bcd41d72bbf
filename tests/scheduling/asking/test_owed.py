"""Reminders by the clinic's setting; what is missing before a visit; unfinished answers; the morning summary."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from intake.models import Answer, Condition, Consent, ConsentDocument, Intake, SafetyAlert
from intake.services import unfinished
from pacificmind.clinic.models import ClinicSettings
from pacificmind.clock import now
from pacificmind.messaging import compose, registry
from pacificmind.messaging.models import Channel, Message
from pacificmind.messaging.registry import Address, Void, Words
from pacificmind.tasks import summary
from pacificmind.tasks.models import Kind, Queue, SummaryWish, Task
from pacificmind.tasks.services import open_task
from scheduling.domain.often import often
from scheduling.models import Appointment, Series
from scheduling.services import booking, boosters, watch, watch_owed
from scheduling.services.booking import Wish
from tests import cast
from tests.messaging.forbidden import forbidden_in
from tests.scheduling.asking.conftest import signed_in
from tests.scheduling.series import walk

pytestmark = pytest.mark.django_db


def render(message: Message) -> Words | Void | registry.Later:
    purpose = registry.get(message.purpose)
    assert purpose is not None
    return purpose.render(message)


def text_of(message: Message) -> str:
    """As it would leave."""
    said = render(message)
    assert isinstance(said, Words), said
    address = Address(email="a@example.com", phone="+12135550123", name="Ana")
    if message.channel == "sms":
        return compose.text(said, address)
    mail = compose.mail(message, said, address)
    return f"{mail.subject}\n{mail.body}"


def talk(starts_at: datetime, **extra: Any) -> Appointment:
    """A consultation."""
    who = cast.patient(**extra)
    return booking.book(by=None, wish=Wish(patient_id=who.pk, kind="consultation", site_id="la", starts_at=starts_at))


def reminders(visit: Appointment) -> dict[tuple[str, str], datetime]:
    """What reminds of it: channel and hours before as in the purpose, and the wall time it leaves."""
    rows = Message.objects.filter(subject_id=visit.pk, status="owed", purpose__startswith="visit-reminder")
    zone = visit.site.tz
    return {
        (row.channel, row.purpose.removeprefix("visit-reminder-")): row.due_at.astimezone(zone).replace(tzinfo=None)
        for row in rows
    }


class TestReminders:
    def test_as_the_clinic_has_it_from_the_start(self, doctor: Any) -> None:
        visit = talk(walk.at(date(2027, 3, 18), 14))
        assert reminders(visit) == {
            ("email", "72h"): datetime(2027, 3, 15, 14),
            ("email", "24h"): datetime(2027, 3, 17, 14),
            ("sms", "24h"): datetime(2027, 3, 17, 14),
        }

    def test_whole_days_at_the_same_wall_time_across_the_change_of_the_clocks(self, doctor: Any) -> None:
        ClinicSettings.objects.update_or_create(id=1, defaults={"mail_reminder_days": [7, 2], "text_reminder_days": []})
        visit = talk(walk.at(date(2027, 3, 15), 9, 30))
        assert reminders(visit) == {
            ("email", "168h"): datetime(2027, 3, 8, 9, 30),
            ("email", "48h"): datetime(2027, 3, 13, 9, 30),
        }
        hours = visit.starts_at - Message.objects.get(subject_id=visit.pk, purpose="visit-reminder-48h").due_at
        assert hours == timedelta(hours=47), "the night of the change has an hour less"

    def test_a_text_that_would_come_at_night_leaves_the_evening_before(self, doctor: Any) -> None:
        cast.site()
        from scheduling.services import notify

        visit = talk(walk.at(date(2027, 3, 18), 14))
        visit.starts_at = walk.at(date(2027, 3, 18), 7, 30)
        assert notify._step(visit, 1, Channel.SMS).astimezone(visit.site.tz).replace(tzinfo=None) == datetime(
            2027, 3, 16, 20, 30
        )

    def test_moving_voids_and_owes_anew_and_one_that_is_past_is_not_owed(self, doctor: Any, clock: Any) -> None:
        visit = talk(walk.at(date(2027, 3, 18), 14))
        clock.move_to(walk.at(date(2027, 3, 16), 9))
        booking.move(by=None, visit_id=visit.pk, version=1, starts_at=walk.at(date(2027, 3, 18), 16))
        assert reminders(visit) == {
            ("email", "24h"): datetime(2027, 3, 17, 16),
            ("sms", "24h"): datetime(2027, 3, 17, 16),
        }
        old = Message.objects.filter(subject_id=visit.pk, subject_version=1, purpose__startswith="visit-reminder")
        assert set(old.values_list("status", "why")) == {("void", "The visit was moved.")}

    def test_the_text_says_when_and_how_to_confirm_and_fits_one_message(self, doctor: Any, clock: Any) -> None:
        visit = talk(walk.at(date(2027, 3, 18), 14))
        clock.move_to(walk.at(date(2027, 3, 17), 14))
        row = Message.objects.get(subject_id=visit.pk, channel="sms")
        said = text_of(row)
        assert "your appointment is tomorrow, 2:00 pm. Reply C to confirm." in said
        assert (len(said) <= 160, said.isascii(), forbidden_in(said)) == (True, True, [])
        assert registry.confirm(visit.patient_id).startswith("They confirmed their visit on Thursday, March 18")
        assert registry.confirm(cast.patient().pk) == ""
        assert "Reply C" not in text_of(row)
        visit.refresh_from_db()
        assert (visit.is_confirmed, visit.confirmed_how, visit.version) == (True, "text", 1)

    @pytest.mark.parametrize(
        ("step", "left", "said"),
        [
            ("24h", (18, 0, 30), "today"),
            ("24h", (17, 14, 0), "tomorrow"),
            ("72h", (16, 0, 30), "in 2 days"),
            ("72h", (15, 14, 0), "in 3 days"),
        ],
    )
    def test_a_mail_that_leaves_late_counts_the_days_from_when_it_leaves(
        self, doctor: Any, clock: Any, step: str, left: tuple[int, int, int], said: str
    ) -> None:
        visit = talk(walk.at(date(2027, 3, 18), 14))
        day, hour, minute = left
        clock.move_to(walk.at(date(2027, 3, day), hour, minute))
        words = render(Message.objects.get(subject_id=visit.pk, channel="email", purpose=f"visit-reminder-{step}"))
        assert isinstance(words, Words)
        assert compose.writer(words, Address()).subject() == f"Reminder: your appointment {said}"

    def test_a_treatment_asks_to_get_ready_and_a_talk_only_whether_they_come(self, run: Series, clock: Any) -> None:
        visit = run.visits.get(number=1)
        clock.move_to(visit.starts_at - timedelta(days=3))
        three = Message.objects.get(subject_id=visit.pk, purpose="visit-reminder-72h")
        assert "/answers/" not in text_of(three), "too early to ask"
        clock.move_to(visit.starts_at - timedelta(days=1))
        one = text_of(Message.objects.get(subject_id=visit.pk, purpose="visit-reminder-24h", channel="email"))
        assert "Please answer some questions before you come" in one
        assert "/answers/" in one
        assert forbidden_in(one) == []
        other = talk(walk.at(date(2027, 3, 11), 14))
        clock.move_to(walk.at(date(2027, 3, 10), 14))
        asked = text_of(Message.objects.get(subject_id=other.pk, purpose="visit-reminder-24h", channel="email"))
        assert "Please tell us that you come" in asked


class TestMissing:
    def test_what_is_to_be_signed_is_asked_for_a_week_and_two_days_before_and_no_more(
        self, run: Series, clock: Any
    ) -> None:
        newer = ConsentDocument.objects.create(kind="treatment", version=2, title="T", text="new", sha256="1" * 64)
        run.visits.all().update(status="held")
        for day in (1, 2, 3, 4, 5, 6, 7):
            clock.move_to(walk.at(date(2027, 3, day), 22))
            watch_owed.look_after(list(run.visits.select_related("site").order_by("starts_at")))
        rows = Message.objects.filter(purpose__startswith="papers-open").order_by("due_at")
        walls = [(row.purpose, row.due_at.astimezone(cast.site().tz).replace(tzinfo=None)) for row in rows]
        assert walls == [
            ("papers-open", datetime(2027, 3, 2, 9)),
            ("papers-open-again", datetime(2027, 3, 7, 9)),
        ]
        for row in rows:
            assert forbidden_in(text_of(row)) == []
        Consent.objects.create(
            patient=run.patient, document=newer, sha256=newer.sha256, typed_name="Ana", zone=cast.ZONE,
            signed_by=run.patient.user,
        )  # fmt: skip
        assert [render(row) for row in rows] == [Void("It is signed.")] * 2

    def test_a_condition_that_is_open_is_said_without_saying_which(
        self, order: Any, doctor: Any, desk: Any, clock: Any
    ) -> None:
        Condition.objects.create(clearance=order.clearance, kind="ecg")
        series = walk.laid_out(desk, order)
        first = series.visits.order_by("starts_at")[0]
        clock.move_to(first.starts_at - timedelta(days=2))
        assert watch.look_after() > 0
        assert watch.look_after() > 0
        row = Message.objects.get(purpose="something-missing")
        said = text_of(row)
        assert (forbidden_in(said), "ecg" in said.lower()) == ([], False)
        Condition.objects.update(met_at=now(), met_by=doctor.user)
        assert render(row) == Void("Nothing is missing any more.")


class TestUnfinished:
    @pytest.fixture
    def begun(self, doctor: Any) -> Intake:
        intake = Intake.objects.create(patient=cast.patient(account=True), started_at=now())
        Answer.objects.create(intake=intake, section="reason", item="reason.words", value="x", answered_at=now())
        return intake

    def owe_for(self, days: int, clock: Any) -> list[tuple[int, int]]:
        """Look each morning for so many days: which of the two left on which day after the answer."""
        start = now()
        found = []
        for day in range(days):
            clock.move_to(start + timedelta(days=day))
            unfinished.owe_unfinished()
            for row in Message.objects.filter(purpose="unfinished-answers", status="owed", due_at__lte=now()):
                if isinstance(render(row), Words):
                    found.append((row.subject_version, day))
                Message.objects.filter(pk=row.pk).update(status="sent", done_at=now())
        return found

    def test_after_some_days_twice_at_most_at_a_decent_hour(self, begun: Intake, clock: Any) -> None:
        assert self.owe_for(40, clock) == [(1, 5), (2, 13)]
        hours = {row.due_at.astimezone(cast.site().tz).hour for row in Message.objects.filter(subject_id=begun.pk)}
        assert hours == {10}

    def test_none_once_it_was_sent_or_gone_on_with(self, begun: Intake, clock: Any) -> None:
        clock.shift(timedelta(days=4))
        unfinished.owe_unfinished()
        row = Message.objects.get(purpose="unfinished-answers")
        assert isinstance(render(row), Words)
        assert forbidden_in(text_of(row)) == []
        Answer.objects.update(answered_at=now())
        assert render(row) == Void("They have gone on with it since.")
        Intake.objects.update(submitted_at=now())
        assert render(row) == Void("They have sent their answers.")


class TestSummary:
    @pytest.fixture
    def nurse(self, doctor: Any) -> Any:
        client = signed_in(doctor.user)
        assert "Send it to me" in client.get("/tasks/").content.decode()
        client.post("/tasks/summary/", {"wanted": "yes"})
        return doctor.user

    def a_task(self, **extra: Any) -> None:
        open_task(
            Kind.BOOSTER_ASK, subject_type="intake.patient", subject_id=cast.patient(given_name="Mirella").pk,
            queue=Queue.CLINICIANS, due_at=now() - timedelta(hours=1), site_id="la",
        )  # fmt: skip

    def test_numbers_alone_once_each_working_morning(self, nurse: Any, clock: Any) -> None:
        self.a_task()
        left = []
        for day in range(5, 13):  # Friday to the Friday after
            for hour in (6, 8, 9, 13):
                clock.move_to(walk.at(date(2027, 3, day), hour))
                if summary.owe_summaries():
                    left.append((day, hour))
        assert left == [(5, 8), (8, 8), (9, 8), (10, 8), (11, 8), (12, 8)]
        row = Message.objects.filter(purpose="morning-summary").order_by("-due_at")[0]
        said = text_of(row)
        assert "1 task in your queues this morning: 1 late, 0 taken by you." in said
        assert not any(word in said for word in ("Mirella", "visit", "booster"))

    def test_nothing_where_nothing_waits_or_it_is_no_longer_wanted(self, nurse: Any, clock: Any) -> None:
        clock.move_to(walk.at(date(2027, 3, 5), 8))
        summary.owe_summaries()
        row = Message.objects.get(purpose="morning-summary")
        assert render(row) == Void("Nothing waits.")
        self.a_task()
        clock.move_to(walk.at(date(2027, 3, 6), 8))
        assert render(row) == Void("Its morning is over.")
        signed_in(nurse).post("/tasks/summary/", {"wanted": "no"})
        assert not SummaryWish.objects.exists()
        assert render(row) == Void("They no longer want it.")

    def test_patients_have_no_such_page(self, doctor: Any) -> None:
        client: Client = signed_in(cast.patient(account=True).user)
        assert client.post("/tasks/summary/", {"wanted": "yes"}).status_code == 403


class TestOften:
    @pytest.mark.parametrize(
        ("days", "asks"),
        [
            ([date(2027, 3, 1), date(2027, 3, 8)], False),
            ([date(2027, 3, 1), date(2027, 3, 7)], True),
            ([date(2027, 1, 1) + timedelta(days=20 * n) for n in range(9)], True),
            ([date(2027, 1, 1) + timedelta(days=23 * n) for n in range(9)], False),
        ],
    )
    def test_more_than_one_a_week_or_eight_in_six_months(self, days: list[date], asks: bool) -> None:
        assert bool(often(days)) is asks

    def test_it_asks_a_prescriber_and_refuses_nothing(self, order: Any, doctor: Any, desk: Any, clock: Any) -> None:
        start = date(2027, 3, 8)
        plan = walk.booster_order(order, doctor, status="open", started_on=start, count=8)
        for number in range(9):
            if number == 8:
                plan.status = "closed"
                plan.save(update_fields=["status"])
                plan = walk.booster_order(order, doctor, status="open", started_on=start, count=8)
            plan.reevaluations.create(by=doctor.user, supports_booster=True)
            wish = Wish(
                patient_id=plan.patient_id, kind="booster", site_id="la",
                starts_at=walk.at(start + timedelta(days=7 * number), 10), booster_order_id=plan.pk,
            )  # fmt: skip
            booking.book(by=desk, wish=wish)
        task = Task.objects.get(kind="visits-often")
        assert (task.queue, task.patient_id) == ("prescribers", plan.patient_id)
        page = signed_in(doctor.user).get(f"/clinic/patients/{plan.patient_id}/booster/").content.decode()
        assert "More than 8 boosters in 6 months." in page


def test_any_open_alert_holds_the_reminder_of_a_booster_and_it_is_owed_again_afterwards(
    order: Any, doctor: Any, clock: Any
) -> None:
    plan = walk.booster_order(order, doctor, status="open", started_on=date(2027, 2, 20), after_days=14)
    clock.move_to(walk.at(date(2027, 3, 5), 9))
    watch.owe_boosters()
    alert = SafetyAlert.objects.create(
        patient=plan.patient, site=cast.site(), tier="URGENT-1", trigger="staff", acknowledge_by=now()
    )
    clock.move_to(walk.at(date(2027, 3, 6), 10))
    row = Message.objects.get(purpose="booster-due", subject_id=plan.pk)
    said = render(row)
    assert said == Void(boosters.LOOKS_FIRST)
    Message.objects.filter(pk=row.pk).update(status="void", why=boosters.LOOKS_FIRST, done_at=now())
    assert watch.owe_boosters() == 0
    SafetyAlert.objects.filter(pk=alert.pk).update(
        acknowledged_at=now(), owner=doctor.user, closed_at=now(), closed_by=doctor.user, tool="x", level="none",
        plan="x", safety_plan="x", follow_up_on=date(2027, 3, 8), disposition="x",
    )  # fmt: skip
    assert watch.owe_boosters() == 1
    again = Message.objects.filter(purpose="booster-due", subject_id=plan.pk, status="owed").get()
    assert again.due_at == walk.at(date(2027, 3, 7), 10), "a Sunday, at a decent hour, once"
    assert watch.owe_boosters() == 0
