"""What is written about visits: rendered by the real templates, neutral, and void when it is no longer so."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db.models import Q
from icalendar import Calendar

from intake.models import BoosterOrder, Condition
from pacificmind.clock import now, today
from pacificmind.messaging import compose, registry
from pacificmind.messaging.models import Message
from pacificmind.messaging.registry import Void, Words
from pacificmind.messaging.said import About, Moment
from scheduling.models import Appointment, Series
from scheduling.services import booking, notify, series, stages
from tests import cast, history
from tests.calendar import weekday_at
from tests.messaging.forbidden import forbidden_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def run() -> Series:
    cast.visit_types()
    room, doctor, desk = cast.room(), cast.prescriber(), cast.receptionist()
    _, order = cast.ready_patient(doctor)
    slots = [series.Slot(weekday_at(9, weekday=d), room.pk, doctor.pk) for d in (0, 2, 4)]
    slots.append(series.Slot(weekday_at(9, weeks=2), room.pk, doctor.pk))
    return series.lay_out(by=desk, order_id=order.pk, site_id="la", slots=slots)


def render(message: Message) -> Words | Void | registry.Later:
    purpose = registry.get(message.purpose)
    assert purpose is not None
    return purpose.render(message)


def event_of(words: Words, index: int = 0) -> Any:
    """The event of a calendar attachment."""
    return Calendar.from_ical(words.attachments[index].content.decode()).walk("VEVENT")[0]


def written(message: Message) -> str:
    """Subject, text and HTML as they would leave."""
    words = render(message)
    assert isinstance(words, Words), words
    mail = compose.mail(message, words, registry.Address(email="a@example.com", name="Ana"))
    return f"{mail.subject}\n{mail.body}\n{mail.alternatives[0][0]!s}"


def is_neutral(text: str) -> bool:
    return not forbidden_in(text)


def test_everything_owed_about_a_series_renders_and_is_neutral(run: Series) -> None:
    owed = list(Message.objects.filter(recipient_id=run.patient_id, channel="email"))
    assert {m.purpose for m in owed} == {"series-booked", "visit-reminder-24h", "visit-reminder-72h"}
    for message in owed:
        text = written(message)
        assert is_neutral(text), text
        assert "Los Angeles" in text


def test_a_series_is_one_mail_with_its_visits_and_an_entry_for_each_booked_one(run: Series) -> None:
    message = Message.objects.get(purpose="series-booked")
    words = render(message)
    assert isinstance(words, Words)
    assert len(words.context["visits"]) == 4
    assert [bool(v["where"]) for v in words.context["visits"]] == [False, False, False, True]
    entries = [event_of(words, index) for index in range(len(words.attachments))]
    assert [entry["DTSTART"].dt.astimezone() for entry in entries] == [
        v.starts_at for v in run.visits.filter(status="booked").order_by("starts_at")
    ]


def test_move_and_cancel_carry_the_same_uid_and_a_higher_sequence(run: Series) -> None:
    visit = run.visits.order_by("starts_at")[0]
    booking.move(by=None, visit_id=visit.pk, version=1, starts_at=weekday_at(14))
    booking.cancel(by=None, visit_id=visit.pk, version=2, why="away")
    found: dict[str, Any] = {}
    for message in Message.objects.filter(subject_id=visit.pk, purpose__in=("visit-moved", "visit-cancelled")):
        words = render(message)
        if isinstance(words, Words):
            event = event_of(words)
            found[message.purpose] = (str(event["UID"]), int(event["SEQUENCE"]), str(event["STATUS"]))
            assert is_neutral(written(message))
        else:
            found[message.purpose] = words.why if isinstance(words, Void) else ""
    assert found == {
        "visit-moved": "The visit was changed since.",
        "visit-cancelled": (f"{visit.pk}@pacificmind", 2, "CANCELLED"),
    }


def sent(visit: Appointment) -> None:
    """All that is owed about the visit by now has left."""
    visit.refresh_from_db()
    about = Q(subject_id=visit.pk, subject_version__lte=visit.version) | Q(purpose="series-booked")
    Message.objects.filter(about, status="owed", channel="email").update(status="sent", done_at=now())


class TestWhatIsNoLonger:
    """A patient with several visits has to see which one has gone; a time that stays is not called a new one."""

    @pytest.fixture
    def visit(self, run: Series) -> Appointment:
        visit = run.visits.select_related("site").order_by("starts_at")[0]
        sent(visit)
        return visit

    def moved(self, visit: Appointment, **where: Any) -> Appointment:
        visit.refresh_from_db()
        return booking.move(
            by=None, visit_id=visit.pk, version=visit.version, **{"starts_at": visit.starts_at, **where}
        )

    def news(self, visit: Appointment) -> list[Words]:
        found = Message.objects.filter(subject_id=visit.pk, purpose="visit-moved", status="owed")
        words = [render(message) for message in found]
        assert all(isinstance(one, Words) for one in words)
        return [one for one in words if isinstance(one, Words)]

    def test_a_move_names_the_time_before_it(self, visit: Appointment) -> None:
        was = About("no_longer", Moment(visit.starts_at, visit.site.tz))
        self.moved(visit, starts_at=weekday_at(14))
        (words,) = self.news(visit)
        assert words.context["visits"][0]["was"] == was

    def test_two_moves_in_a_row_name_the_time_that_was_told(self, visit: Appointment) -> None:
        was = About("no_longer", Moment(visit.starts_at, visit.site.tz))
        self.moved(visit, starts_at=weekday_at(14))
        self.moved(visit, starts_at=weekday_at(15))
        (words,) = self.news(visit)
        assert words.context["visits"][0]["was"] == was, "nobody was told of 2 pm"
        sent(visit)
        self.moved(visit, starts_at=weekday_at(16))
        said = self.news(visit)[0].context["visits"][0]["was"].say("en")
        assert said.startswith("No longer: ")
        assert "3:00 pm" in said

    def test_there_and_back_before_anybody_was_told_is_no_news(self, visit: Appointment) -> None:
        first = visit.starts_at
        self.moved(visit, starts_at=weekday_at(14))
        self.moved(visit, starts_at=first)
        assert self.news(visit) == []
        assert Message.objects.filter(subject_id=visit.pk, subject_version=visit.version + 1, status="owed").exists()

    def test_another_room_at_the_same_time_is_no_news(self, visit: Appointment) -> None:
        self.moved(visit, room_id=cast.room().pk)
        assert self.news(visit) == []

    def test_another_clinician_at_the_same_time_is_said_as_that(self, visit: Appointment) -> None:
        self.moved(visit, clinician_id=cast.prescriber(name="Dr. New").pk)
        (words,) = self.news(visit)
        assert words.key == "visit-stays"
        assert "Another person of our team" in words.context["visits"][0]["was"].say("en")

    def test_a_booked_visit_that_is_held_at_its_new_time_is_told(self, run: Series) -> None:
        """It went past the review: the patient would come at the old time, for nobody said a word."""
        third = run.visits.select_related("site").get(number=3)
        sent(third)
        was = About("no_longer", Moment(third.starts_at, third.site.tz))
        moved = self.moved(third, starts_at=weekday_at(9, weeks=2, weekday=2))
        assert (moved.number, moved.status) == (4, "held")
        (words,) = self.news(third)
        assert words.context["visits"][0]["was"] == was
        text = written(Message.objects.get(subject_id=third.pk, purpose="visit-moved", status="owed"))
        assert "your clinician looks first" in text
        assert str(event_of(words)["STATUS"]) == "TENTATIVE"

    def test_a_booking_that_was_not_told_yet_is_told_as_booked(self) -> None:
        cast.visit_types()
        cast.room()
        cast.prescriber()
        wish = booking.Wish(
            patient_id=cast.patient().pk, kind="consultation", site_id="la", starts_at=weekday_at(10, weeks=1)
        )
        visit = booking.book(by=cast.receptionist(), wish=wish)
        self.moved(visit, starts_at=weekday_at(11, weeks=1))
        assert [words.key for words in self.news(visit)] == ["visit-booked"]

    def test_a_cancellation_names_the_time_that_was_told(self, visit: Appointment) -> None:
        was = Moment(visit.starts_at, visit.site.tz)
        moved = self.moved(visit, starts_at=weekday_at(14))
        booking.cancel(by=None, visit_id=visit.pk, version=moved.version, why="away")
        words = render(Message.objects.get(subject_id=visit.pk, purpose="visit-cancelled"))
        assert isinstance(words, Words)
        assert words.context["visits"][0]["when"] == was, "nobody was told of 2 pm"


class TestNotConfirmedYet:
    """A booked visit that waits for a clinician again, at its time: the patient is asked to keep it free."""

    def put_back(self, run: Series, *, to: int = 2) -> list[Appointment]:
        """The release is withdrawn; which visits are held."""
        run.refresh_from_db()
        Series.objects.filter(pk=run.pk).update(released_to=to)
        held = stages.hold_beyond(run)
        notify.visits_held(run, held)
        return held

    def owed(self, run: Series) -> list[Message]:
        news = Message.objects.filter(recipient_id=run.patient_id, status="owed", channel="email")
        return list(news.exclude(purpose__startswith="visit-reminder").order_by("purpose"))

    def all_told(self, run: Series) -> None:
        Message.objects.filter(recipient_id=run.patient_id, purpose="series-booked").update(
            status="sent", done_at=now()
        )

    def test_one_is_told_in_neutral_words(self, run: Series) -> None:
        self.all_told(run)
        (visit,) = self.put_back(run)
        (message,) = self.owed(run)
        assert (message.purpose, message.subject_id) == ("visit-held", visit.pk)
        text = written(message)
        assert "not confirmed yet" in text
        assert "keep this time free" in text
        assert "We will tell you" in text
        assert is_neutral(text)
        words = render(message)
        assert isinstance(words, Words)
        assert str(event_of(words)["STATUS"]) == "TENTATIVE"

    def test_several_are_told_in_one_mail(self, run: Series) -> None:
        self.all_told(run)
        assert len(self.put_back(run, to=1)) == 2
        (message,) = self.owed(run)
        words = render(message)
        assert isinstance(words, Words)
        assert (words.key, len(words.context["visits"])) == ("visits-held", 3)
        assert is_neutral(written(message))

    def test_confirmed_again_before_it_left_it_is_void_and_nothing_is_told(self, run: Series) -> None:
        self.all_told(run)
        (visit,) = self.put_back(run)
        (message,) = self.owed(run)
        Series.objects.filter(pk=run.pk).update(released_to=3)
        assert stages.promote(run.patient_id) == 1
        assert self.owed(run) == []
        message.refresh_from_db()
        assert (message.status, message.why) == ("void", "The visit is confirmed again.")
        assert isinstance(render(message), Void)
        visit.refresh_from_db()
        assert Message.objects.filter(
            subject_id=visit.pk, subject_version=visit.version, status="owed", purpose="visit-reminder-24h"
        ).exists()

    def test_confirmed_again_after_it_left_is_news(self, run: Series) -> None:
        self.all_told(run)
        (visit,) = self.put_back(run)
        sent(visit)
        Series.objects.filter(pk=run.pk).update(released_to=3)
        stages.promote(run.patient_id)
        assert [one.purpose for one in self.owed(run)] == ["visit-booked"]

    @pytest.mark.parametrize("to", [2, 3])
    def test_several_confirmed_again_are_one_mail_about_the_plan(self, run: Series, to: int) -> None:
        self.all_told(run)
        self.put_back(run, to=1)
        Series.objects.filter(pk=run.pk).update(released_to=to)
        stages.promote(run.patient_id)
        (message,) = self.owed(run)
        words = render(message)
        assert isinstance(words, Words)
        assert (words.key, len(words.context["visits"])) == ("series-booked", 4)

    def test_a_plan_that_was_not_told_yet_says_itself_what_waits(self, run: Series) -> None:
        self.put_back(run)
        (message,) = self.owed(run)
        assert message.purpose == "series-booked"
        assert written(message).count("Planned: your clinician looks first.") == 4  # two visits, text and HTML

    def test_one_that_moves_while_it_waits_is_told(self, run: Series) -> None:
        """They were asked to keep the old time free."""
        self.all_told(run)
        (visit,) = self.put_back(run)
        visit.refresh_from_db()
        booking.move(by=None, visit_id=visit.pk, version=visit.version, starts_at=weekday_at(14, weekday=4))
        (message,) = self.owed(run)
        words = render(message)
        assert isinstance(words, Words)
        assert (words.key, message.purpose) == ("visit-moved", "visit-moved")
        assert "No longer: " in words.context["visits"][0]["was"].say("en")

    def test_another_clinician_at_the_same_time_may_leave_it_unconfirmed(self, run: Series) -> None:
        """A condition is open since: what is written anew is held, and the patient is told."""
        self.all_told(run)
        first = run.visits.select_related("site").order_by("starts_at")[0]
        Condition.objects.create(clearance=run.clearance, kind="ecg")
        other = cast.prescriber(name="Dr. New")
        booking.move(
            by=None, visit_id=first.pk, version=first.version, starts_at=first.starts_at, clinician_id=other.pk
        )
        (message,) = self.owed(run)
        assert message.purpose == "visit-held"
        assert "keep this time free" in written(message)

    def test_a_new_time_that_was_not_told_yet_is_told_as_held(self, run: Series) -> None:
        self.all_told(run)
        third = run.visits.select_related("site").get(number=3)
        booking.move(by=None, visit_id=third.pk, version=third.version, starts_at=weekday_at(14, weekday=4))
        self.put_back(run)
        (message,) = self.owed(run)
        assert message.purpose == "visit-moved"
        assert "your clinician looks first" in written(message)


def test_whoever_gets_a_calendar_entry_is_named_in_it(run: Series) -> None:
    visit = run.visits.order_by("starts_at")[0]
    plan = render(Message.objects.get(purpose="series-booked"))
    booking.cancel(by=None, visit_id=visit.pk, version=1, why="away")
    off = render(Message.objects.get(subject_id=visit.pk, purpose="visit-cancelled"))
    assert isinstance(plan, Words)
    assert isinstance(off, Words)
    events = [*(event_of(plan, index) for index in range(len(plan.attachments))), event_of(off)]
    assert {str(event.get("ATTENDEE")) for event in events} == {f"mailto:{run.patient.mail_address}"}, "RFC 5546 3.2"


def test_a_mail_is_in_the_language_of_its_reader(run: Series) -> None:
    message = Message.objects.get(purpose="series-booked")
    words = render(message)
    assert isinstance(words, Words)
    for language, subject in (("en", "Your appointments"), ("es", "Sus citas"), ("fr", "Your appointments")):
        mail = compose.mail(message, words, registry.Address(email="a@example.com", language=language))
        kept = language if language != "fr" else "en"
        assert (mail.subject, mail.message()["Content-Language"]) == (subject, kept)
        assert f'<html lang="{kept}">' in str(mail.alternatives[0][0])


class TestBoosters:
    @pytest.fixture
    def order(self, run: Series) -> BoosterOrder:
        Series.objects.filter(pk=run.pk).update(status="completed", closed_at=now())
        run.visits.all().delete()
        made = BoosterOrder.objects.create(
            patient=run.patient, clearance=run.clearance, until_on=today(cast.ZONE).replace(year=2099),
            ordered_by=run.order.ordered_by, status="open", started_on=today(cast.ZONE),
        )  # fmt: skip
        notify.boosters_owed(made, site_id="la", zone=run.site.tz)
        return made

    def message(self, order: BoosterOrder) -> Message:
        return Message.objects.get(purpose="booster-due", subject_id=order.pk)

    def test_the_reminder_leads_to_a_talk_and_not_to_the_calendar(self, order: BoosterOrder) -> None:
        text = written(self.message(order))
        assert is_neutral(text)
        assert "/next-visit/" in text

    def test_it_falls_due_at_ten_at_the_site_and_once_more_half_way(self, order: BoosterOrder) -> None:
        due = {m.purpose: m.due_at.astimezone(cast.site().tz) for m in Message.objects.filter(subject_id=order.pk)}
        assert {name: (at.date() - today(cast.ZONE)).days for name, at in due.items()} == {
            "booster-due": 21,
            "booster-again": 28,
        }
        assert {at.hour for at in due.values()} == {10}

    @pytest.mark.parametrize(
        ("change", "why"),
        [
            ({"status": "declined"}, "The patient declined."),
            ({"status": "closed"}, "The plan is closed."),
            ({"version": 2}, "The plan has gone on since."),
        ],
    )
    def test_none_after_a_decline_an_end_or_a_newer_plan(
        self, order: BoosterOrder, change: dict[str, Any], why: str
    ) -> None:
        history.rewrite(BoosterOrder.objects.filter(pk=order.pk), **change)
        assert render(self.message(order)) == Void(why)

    def test_none_without_a_clearance_in_force(self, order: BoosterOrder) -> None:
        with history.rewriting(type(order.clearance).sites.through):
            order.clearance.sites.clear()
        assert render(self.message(order)) == Void("A clinician looks first.")


def test_times_are_said_as_people_say_them() -> None:
    site = cast.site()
    assert Moment(weekday_at(14, 30), site.tz).say("en").endswith(", 2:30 pm")
    assert Moment(weekday_at(0), site.tz).say("en").endswith(", 12:00 am")
    march = Moment(datetime(2027, 3, 9, 18, 30, tzinfo=UTC), site.tz)
    assert (march.say("en"), march.say("es")) == ("Tuesday, March 9, 10:30 am", "martes 9 de marzo, 10:30 a. m.")
