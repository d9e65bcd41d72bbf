"""The whole path, walked once: from the first request to the booster mail, on the real servers."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from datetime import time as wall_time
from pathlib import Path
from zoneinfo import ZoneInfo

from django.core.management import call_command
from playwright.sync_api import Browser, expect

from intake.models import BoosterOrder, Clearance, Intake, Patient, SafetyAlert, SeriesOrder
from pacificmind.accounts.models import User
from pacificmind.audit.sealing import seal
from pacificmind.messaging.models import Message
from pacificmind.tasks.models import Kind as TaskKind
from pacificmind.tasks.models import Task
from scheduling.models import Appointment, Series, Status
from tests.journeys import as_patient, as_staff
from tests.journeys.as_patient import EMAIL
from tests.journeys.calendar_entry import entries
from tests.journeys.clinic import DESK, NURSE, PRESCRIBER, database_open, open_clinic
from tests.journeys.house import House, body
from tests.journeys.person import DESKTOP, PHONE, Person, window

ZONE = ZoneInfo("America/Los_Angeles")
SECRETS = (as_patient.GIVEN, as_patient.FAMILY, EMAIL, "ketamine", "depression", "infusion")
INFUSIONS, BOOSTER_AFTER = 2, 21
MINUTE = timedelta(minutes=1)


def next_monday() -> datetime:
    """Nine o'clock on the Monday after this week: where the journey begins."""
    today = datetime.now(tz=ZONE).date()  # noqa: TID251  the journey sets the clock from the real one
    monday = today + timedelta(days=7 - today.weekday())
    return datetime.combine(monday, wall_time(9), tzinfo=ZONE).astimezone(UTC)


class Walk:
    """The people of the journey, their windows, and what they have reached."""

    def __init__(self, house: House, browser: Browser, pictures: Path) -> None:
        self.house, self.browser, self.pictures = house, browser, pictures
        self.patient = self.open(PHONE)
        self.desk, self.nurse, self.prescriber = (self.staff(email) for email in (DESK, NURSE, PRESCRIBER))

    def open(self, width: int) -> Person:
        """A fresh window."""
        return window(self.browser, self.house, self.pictures, width, SECRETS)

    def staff(self, email: str, width: int = DESKTOP) -> Person:
        """A window of somebody who has signed in."""
        person = self.open(width)
        person.sign_in(email)
        return person

    def go_to(self, instant: datetime) -> None:
        """All clocks of the house to this instant."""
        self.house.go_to(instant)


def test_from_the_first_request_to_the_booster_mail(house: House, browser: Browser, pictures: Path) -> None:
    """Section by section of the path; each function is one of them."""
    with database_open():
        open_clinic()
        house.go_to(next_monday())
        walk = Walk(house, browser, pictures)
        request_and_book(walk)
        tell_the_clinic(walk)
        be_cleared(walk)
        be_seen(walk)
        be_booked(walk)
        for number in range(1, INFUSIONS + 1):
            be_treated(walk, number)
        be_reminded(walk)
        say_not_now(walk)
        look_at_the_other_width(walk)
        nothing_leaked(walk)


def request_and_book(walk: Walk) -> None:
    """1 and 2: a request, an account, a consultation booked and moved, with its calendar entry."""
    patient, house = walk.patient, walk.house
    as_patient.ask_for_a_consultation(patient)
    assert "ask" in patient.seen
    house.mail(EMAIL, "We have your message")
    as_patient.open_an_account(patient)
    as_patient.tell_about_you(patient)
    as_patient.choose_a_time(patient)
    visit = Appointment.objects.get()
    (first,) = entries(house.mail(EMAIL, "appointment is booked"))
    assert (first.sequence, first.uid) == (0, f"{visit.pk}@pacificmind")
    as_patient.move_the_visit(patient)
    (second,) = entries(house.mail(EMAIL, "has a new time"))
    assert (second.sequence, second.uid) == (1, first.uid)
    moved_to = Appointment.objects.get().starts_at
    assert moved_to != visit.starts_at
    assert f"{moved_to.astimezone(ZONE):%Y%m%dT%H%M%S}" in second.text


def tell_the_clinic(walk: Walk) -> None:
    """3: the whole intake; item 9 raises the alert at once and pages the prescriber; the consent."""
    shown = as_patient.fill_the_intake(walk.patient)
    assert "one-question" in shown
    assert len(shown) > 10
    alert = SafetyAlert.objects.get()
    assert (alert.owner_id, alert.closed_at) == (None, None)
    page = walk.house.mail(PRESCRIBER, "^Safety alert")
    assert as_patient.GIVEN not in body(page)
    as_patient.send_the_intake(walk.patient)
    as_patient.sign_the_consent(walk.patient)


def be_cleared(walk: Walk) -> None:
    """4: the alert is documented and closed; the decision is signed; the patient hears that there is news."""
    as_staff.close_the_alert(walk.prescriber)
    alert = SafetyAlert.objects.get()
    assert alert.closed_at is not None
    assert alert.owner == User.objects.get(email=PRESCRIBER)
    as_staff.decide(walk.prescriber, infusions=INFUSIONS)
    order, booster = SeriesOrder.objects.get(), BoosterOrder.objects.get()
    assert (order.infusions, order.per_week, booster.after_days) == (INFUSIONS, 2, BOOSTER_AFTER)
    assert Clearance.objects.get().decision == "cleared_with_conditions"
    news = body(walk.house.mail(EMAIL, "news in your portal")).lower()
    assert "cleared" not in news


def be_seen(walk: Walk) -> None:
    """5: the consultation takes place, and the condition is met."""
    visit = Appointment.objects.get()
    walk.go_to(visit.starts_at + MINUTE)
    as_staff.hold_the_consultation(walk.desk, visit.day)
    assert Appointment.objects.get().status == Status.FULFILLED
    as_staff.meet_the_condition(walk.nurse, Patient.objects.get().pk)


def be_booked(walk: Walk) -> None:
    """6: the series is laid out; one mail with all entries; the desk reads nothing of the answers."""
    desk, patient = walk.desk, walk.patient
    as_staff.lay_out(desk, Appointment.objects.get().day + timedelta(days=4), visits=INFUSIONS)
    visits = infusions()
    assert [visit.status for visit in visits] == [Status.BOOKED] * INFUSIONS
    mail = walk.house.mail(EMAIL, "^Your appointments$")
    assert [one.uid for one in entries(mail)] == [f"{visit.pk}@pacificmind" for visit in visits]
    patient.go("/home/", "home-series")
    for visit in visits:
        expect(patient.page.locator(f'main a[href="/visits/{visit.pk}/"]').first).to_be_visible()
    as_patient.name_the_escort(patient, visits[0].pk)
    as_staff.no_review_for_the_desk(desk, Intake.objects.get().pk)


def infusions() -> list[Appointment]:
    """The visits of the series, the first first."""
    return list(Appointment.objects.filter(series__isnull=False).order_by("starts_at"))


def be_treated(walk: Walk, number: int) -> None:
    """7: the reminder of the day before, arrival, check-in, start, discharge list."""
    visit = infusions()[number - 1]
    before = len(walk.house.mails(EMAIL))
    walk.go_to(visit.starts_at - timedelta(hours=24) + MINUTE)
    wait_until(lambda: any("tomorrow" in str(mail["Subject"]) for mail in walk.house.mails(EMAIL)[before:]))
    walk.go_to(visit.starts_at - 5 * MINUTE)
    as_staff.receive(walk.desk, visit.pk, number)
    as_staff.treat(walk.nurse, visit.pk, number)
    visit.refresh_from_db()
    assert visit.status == Status.FULFILLED


def be_reminded(walk: Walk) -> None:
    """8: the series is complete; on the day the window opens, within a minute of 10:00, the mail is there."""
    assert Series.objects.get().status == Series.Status.COMPLETED
    order = BoosterOrder.objects.get()
    last = infusions()[-1].day
    assert (order.status, order.started_on) == (BoosterOrder.Status.OPEN, last)
    ten = datetime.combine(last + timedelta(days=BOOSTER_AFTER), wall_time(10), tzinfo=ZONE)
    walk.go_to(ten - 10 * MINUTE)
    time.sleep(12)  # a tick of the beat passes, and nothing leaves early
    assert booster_mails(walk) == []
    walk.go_to(ten + MINUTE)
    mail = walk.house.mail(EMAIL, "next visit", seconds=60)
    assert "/next-visit/" in body(mail)
    patient = walk.patient
    patient.go("/next-visit/", "next-visit")
    patient.press("I would like to talk about one")
    patient.reads("We have your wish")
    patient.see("next-visit-asked")
    task = Task.objects.get(kind=TaskKind.BOOSTER_ASK)
    assert (task.queue, task.done_at) == ("clinicians", None)
    walk.nurse.go("/tasks/", "tasks-clinician")
    walk.nurse.reads(as_patient.FAMILY)


def booster_mails(walk: Walk) -> list[str]:
    """What was written about a further visit."""
    return [str(mail["Subject"]) for mail in walk.house.mails(EMAIL) if "next visit" in str(mail["Subject"]).lower()]


def say_not_now(walk: Walk) -> None:
    """A decline ends the reminders: the second one is void, and half a window later nothing is sent."""
    patient = walk.patient
    patient.press("^Not now$")
    patient.reads("We do not remind you")
    patient.see("next-visit-declined")
    order = BoosterOrder.objects.get()
    assert order.status == BoosterOrder.Status.DECLINED
    again = Message.objects.get(purpose="booster-again", subject_id=order.pk)
    assert (again.status, again.why) == ("void", "The patient declined.")
    walk.go_to(again.due_at + MINUTE)
    time.sleep(25)  # two ticks of the beat
    assert len(booster_mails(walk)) == 1


def look_at_the_other_width(walk: Walk) -> None:
    """The key pages once more: the patient's at a desk, the clinic's on a phone."""
    patient = walk.open(DESKTOP)
    patient.sign_in(EMAIL, as_patient.PASSWORD)
    visit, person = infusions()[0], Patient.objects.get()
    for path, name in [
        ("/", "home"), ("/ask/", "ask"), ("/home/", "home-end"), ("/choose/", "choose"), ("/consents/", "consents"),
        (f"/visits/{visit.pk}/", "visit"), ("/intake/sent/", "sent"), ("/intake/help-now/", "crisis"),
        ("/me/messages/", "messages"), ("/me/who-looked/", "who-looked"), ("/questions/", "questions"),
    ]:  # fmt: skip
        patient.go(path, name)
    desk, doctor = walk.staff(DESK, PHONE), walk.staff(PRESCRIBER, PHONE)
    for path, name in [
        ("/desk/inbox/", "inbox"), (f"/desk/calendar/la/{visit.day}/", "calendar"),
        (f"/desk/arrivals/la/{visit.day}/", "arrivals"), ("/desk/series/", "series-list"),
        (f"/desk/patients/{person.pk}/", "desk-patient"), (f"/desk/visits/{visit.pk}/", "desk-visit"),
        ("/desk/messages/", "ledger"), (f"/desk/patients/{person.pk}/documents/", "documents"),
        (f"/desk/patients/{person.pk}/documents/paper/", "documents-paper"),
        ("/documents/treatment/paper/", "documents-blank"),
    ]:  # fmt: skip
        desk.go(path, name)
    for path, name in [
        ("/safety/", "safety-board"), ("/review/", "review-queue"), (f"/review/{Intake.objects.get().pk}/", "review"),
        (f"/records/{person.pk}/", "record"), (f"/records/{person.pk}/readings/", "readings"),
        (f"/records/{person.pk}/results/", "result"), ("/records/of-another-site/", "open-record"),
        (f"/desk/patients/{person.pk}/decision/", "patient-decision"),
        (f"/desk/visits/{visit.pk}/vital-signs/", "vital-signs"),
    ]:  # fmt: skip
        doctor.go(path, name)


def nothing_leaked(walk: Walk) -> None:
    """What the patient wrote stands in no log and in no mail; the record of who looked is whole."""
    logs = walk.house.logs()
    mails = "\n".join(f"{mail['Subject']}\n{mail.as_string()}\n{body(mail)}" for mail in walk.house.mails("@"))
    assert len(walk.house.mails("@")) >= 8
    for word in as_patient.CANARIES:
        assert word.lower() not in logs.lower(), word
        assert word.lower() not in mails.lower(), word
    seal()
    call_command("verify_audit")


def wait_until(holds: Callable[[], bool], *, seconds: float = 60) -> None:
    """Wait for something the worker does."""
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "the worker did not do it in time"
        time.sleep(0.3)
