"""What is written about visits: rendered by the real templates, neutral, and void when it is no longer so."""

from typing import Any

import pytest
from icalendar import Calendar

from intake.models import BoosterOrder
from pacificmind.clock import now, today
from pacificmind.messaging import compose, registry
from pacificmind.messaging.models import Message
from pacificmind.messaging.registry import Void, Words
from scheduling.messages import when
from scheduling.models import Series
from scheduling.services import booking, notify, series
from tests import cast
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


def test_whoever_gets_a_calendar_entry_is_named_in_it(run: Series) -> None:
    visit = run.visits.order_by("starts_at")[0]
    plan = render(Message.objects.get(purpose="series-booked"))
    booking.cancel(by=None, visit_id=visit.pk, version=1, why="away")
    off = render(Message.objects.get(subject_id=visit.pk, purpose="visit-cancelled"))
    assert isinstance(plan, Words)
    assert isinstance(off, Words)
    events = [*(event_of(plan, index) for index in range(len(plan.attachments))), event_of(off)]
    assert {str(event.get("ATTENDEE")) for event in events} == {f"mailto:{run.patient.mail_address}"}, "RFC 5546 3.2"


def test_a_mail_is_in_the_language_of_its_words(run: Series) -> None:
    message = Message.objects.get(purpose="series-booked")
    words = render(message)
    assert isinstance(words, Words)
    mail = compose.mail(message, words, registry.Address(email="a@example.com", language="es"))
    assert mail.message()["Content-Language"] == "en"


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
        BoosterOrder.objects.filter(pk=order.pk).update(**change)
        assert render(self.message(order)) == Void(why)

    def test_none_without_a_clearance_in_force(self, order: BoosterOrder) -> None:
        order.clearance.sites.clear()
        assert render(self.message(order)) == Void("A clinician looks first.")


def test_times_are_said_as_people_say_them() -> None:
    site = cast.site()
    assert when(weekday_at(14, 30), site.tz).endswith(", 2:30 pm")
    assert when(weekday_at(0), site.tz).endswith(", 12:00 am")
