"""The private calendar: what a device reads, who may read it, and what is remembered of it."""

import re
import uuid
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from django.test import Client
from icalendar import Calendar

from intake.models import Patient
from pacificmind.audit.models import Entry
from pacificmind.clock import now
from pacificmind.messaging import ics
from scheduling.messages_parts import entry
from scheduling.models import Appointment, Room
from scheduling.models.waiting import CalendarFeed
from scheduling.services import booking, feed, series
from scheduling.services.booking import Wish
from scheduling.services.series import Slot
from tests import cast
from tests.calendar import weekday_at
from tests.messaging.forbidden import forbidden_in
from tests.race.arena import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def doctor() -> Any:
    cast.visit_types()
    cast.room(name="Blue")
    return cast.prescriber(lanes=4, name="Dr. Okafor")


@pytest.fixture
def ana() -> Patient:
    return cast.patient(account=True)


def signed_in(who: Patient) -> Client:
    client = Client()
    assert who.user is not None
    client.force_login(who.user)
    return client


def form_of(page: Any) -> dict[str, str]:
    """The hidden fields of the page's form."""
    html = page.content.decode()
    found = dict(re.findall(r'name="(request_id|offer)" value="([^"]+)"', html))
    return found | {"action": "make"}


def address_in(page: Any) -> str:
    found = re.search(r'class="address">\s*http://[^/]+(/calendar/feed/[\w-]+\.ics)', page.content.decode())
    return found[1] if found else ""


def made(who: Patient) -> str:
    """The address of a new feed, as a path."""
    client = signed_in(who)
    return address_in(client.post("/calendar/", form_of(client.get("/calendar/"))))


def visit_of(who: Patient, **other: Any) -> Appointment:
    wish = {"patient_id": who.pk, "kind": "consultation", "site_id": "la", "starts_at": weekday_at(10), **other}
    return booking.book(by=None, wish=Wish(**wish))


def parsed(content: bytes) -> Any:
    """As icalendar reads it."""
    return Calendar.from_ical(content)


def events(address: str) -> list[Any]:
    return list(parsed(Client().get(address).content).walk("VEVENT"))


# Making and ending it


def test_the_address_is_shown_once_and_only_its_hash_is_kept(ana: Patient) -> None:
    client = signed_in(ana)
    form = form_of(client.get("/calendar/"))
    shown = client.post("/calendar/", form)
    address = address_in(shown)
    token = address.rpartition("/")[2].removesuffix(".ics")
    assert len(token) == 22  # 128 bits
    assert f"webcal://127.0.0.1:8000{address}" in shown.content.decode()
    assert "no-store" in shown["Cache-Control"]
    assert token not in client.get("/calendar/").content.decode()
    kept = CalendarFeed.objects.get()
    assert kept.token_hash == feed.hash_of(token)
    assert token not in str(Entry.objects.values_list("changes", "what", "subject_id"))
    assert Client().get(address).status_code == 200


def test_a_double_press_shows_the_same_address(ana: Patient) -> None:
    client = signed_in(ana)
    form = form_of(client.get("/calendar/"))
    one, two = (address_in(client.post("/calendar/", form)) for _ in range(2))
    assert one == two != ""
    assert CalendarFeed.objects.count() == 1


def test_a_new_address_ends_the_old_one_and_the_old_page_cannot_bring_it_back(ana: Patient) -> None:
    client = signed_in(ana)
    form = form_of(client.get("/calendar/"))
    old = address_in(client.post("/calendar/", form))
    new = made(ana)
    assert (Client().get(old).status_code, Client().get(new).status_code) == (404, 200)
    again = client.post("/calendar/", form, follow=True)
    assert "was ended already" in again.content.decode()
    assert Client().get(old).status_code == 404


def test_ended_twice_is_ended(ana: Patient) -> None:
    address, client = made(ana), signed_in(ana)
    for _ in range(2):
        assert client.post("/calendar/", {"action": "end"})["Location"] == "/calendar/"
    assert Client().get(address).status_code == 404
    assert Entry.objects.filter(what="end calendar feed").count() == 1


def test_another_users_offer_makes_nothing(ana: Patient) -> None:
    theirs = form_of(signed_in(cast.patient(account=True)).get("/calendar/"))
    page = signed_in(ana).post("/calendar/", theirs, follow=True)
    assert "too old" in page.content.decode()
    assert not CalendarFeed.objects.exists()


@pytest.mark.parametrize("offer", ["", "x", "weak:1:sig", "a\x00b", "é" * 50, "x" * 10_000])
def test_a_token_of_ones_own_making_is_refused(ana: Patient, offer: str) -> None:
    sent = {"request_id": str(uuid.uuid4()), "offer": offer, "action": "make"}
    assert signed_in(ana).post("/calendar/", sent).status_code in (200, 302)
    assert not CalendarFeed.objects.exists()


def test_two_tabs_at_once_leave_one_address(ana: Patient) -> None:
    user = ana.user
    assert user is not None
    offers = [feed.offered(user) for _ in range(6)]
    outcomes = at_once(
        [lambda o=o: feed.make(by=user, patient=ana, offer=o, request_id=uuid.uuid4()) for o in offers]  # type: ignore[misc]
    )
    assert all(isinstance(one, str) for one in outcomes), outcomes
    works = [token for token in outcomes if feed.find(token)]
    assert len(works) == 1


# Who may read


def test_an_unknown_and_an_ended_address_are_the_same(ana: Patient) -> None:
    address = made(ana)
    signed_in(ana).post("/calendar/", {"action": "end"})
    shown = [Client().get(one) for one in (address, f"/calendar/feed/{'x' * 22}.ics", "/calendar/feed/x.ics")]
    assert [one.status_code for one in shown] == [404] * 3
    same = [re.sub(r"\b[0-9A-Z]{8}\b", "", one.content.decode()) for one in shown]
    assert same[0] == same[1] == same[2]
    assert {tuple(sorted(set(one.headers) - {"X-Request-Ref"})) for one in shown} == {
        tuple(sorted(set(shown[0].headers) - {"X-Request-Ref"}))
    }


def test_an_account_that_is_closed_is_not_read(ana: Patient) -> None:
    address = made(ana)
    assert ana.user is not None
    ana.user.is_active = False
    ana.user.save(update_fields=["is_active"])
    assert Client().get(address).status_code == 404


def test_only_own_visits(ana: Patient) -> None:
    visit_of(cast.patient())
    assert events(made(ana)) == []
    mine = visit_of(ana, starts_at=weekday_at(14))
    assert [str(one["UID"]) for one in events(made(ana))] == [f"{mine.pk}@pacificmind"]


def test_too_many_reads_are_asked_to_wait(ana: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scheduling.views.patient.feed.LIMITS", {"feed": "2/h/key", "unknown-feed": "1/h/ip"})
    address, other = made(ana), made(cast.patient(account=True))
    said = [Client().get(address) for _ in range(3)]
    assert [one.status_code for one in said] == [200, 200, 429]
    assert said[2]["Retry-After"] == "3600"
    assert Client().get(other).status_code == 200, "one flooded feed does not shut out another"
    assert [Client().get("/calendar/feed/nobody.ics").status_code for _ in range(2)] == [404, 429]


# What is read


def test_created_moved_and_cancelled_keep_their_name(ana: Patient) -> None:
    address, visit = made(ana), visit_of(ana)
    (first,) = events(address)
    assert (first["UID"], first["SEQUENCE"], first["STATUS"]) == (f"{visit.pk}@pacificmind", 0, "CONFIRMED")
    assert first["DTSTART"].dt == weekday_at(10)
    booking.move(by=None, visit_id=visit.pk, version=1, starts_at=weekday_at(14))
    (second,) = events(address)
    assert (second["UID"], second["SEQUENCE"]) == (first["UID"], 1)
    assert second["DTSTART"].dt == weekday_at(14)
    booking.cancel(by=None, visit_id=visit.pk, version=2, why="x")
    (third,) = events(address)
    assert (third["UID"], third["SEQUENCE"], third["STATUS"]) == (first["UID"], 2, "CANCELLED")
    assert third["TRANSP"] == "TRANSPARENT"


def test_the_mailed_file_and_the_feed_agree(ana: Patient) -> None:
    address, visit = made(ana), visit_of(ana)
    visit.refresh_from_db()
    (mailed,) = parsed(entry(visit).content).walk("VEVENT")
    (read,) = events(address)
    for name in ("UID", "SEQUENCE", "SUMMARY", "LOCATION", "STATUS"):
        assert mailed[name] == read[name], name
    assert (mailed["DTSTART"].dt, mailed["DTEND"].dt) == (read["DTSTART"].dt, read["DTEND"].dt)


def test_the_file_says_nothing_about_the_visit(doctor: Any) -> None:
    who, order = cast.ready_patient(doctor, account=True)
    room = Room.objects.get(name="Blue")
    slots = [Slot(weekday_at(9, weeks=1 + n // 2, weekday=n % 2 * 3), room.pk, doctor.pk) for n in range(6)]
    series.lay_out(by=cast.receptionist(), order_id=order.pk, site_id="la", slots=slots)
    content = Client().get(made(who)).content
    calendar = parsed(content)
    assert calendar["METHOD"] == "PUBLISH"
    found = calendar.walk("VEVENT")
    assert [str(one["STATUS"]) for one in found] == ["CONFIRMED"] * 3 + ["TENTATIVE"] * 3
    assert {str(one["SUMMARY"]) for one in found} == {"Appointment"}
    assert {str(one["LOCATION"]) for one in found} == {"Los Angeles, 1 Olive Street"}
    text = content.decode().replace("\r\n ", "")
    assert forbidden_in(text) == []
    for word in (who.family_name, who.given_name, "Okafor", "Blue", "nfusion", "onsult", "ATTENDEE", "Health"):
        assert word not in text, word
    assert "REFRESH-INTERVAL;VALUE=DURATION:PT1H" in text
    assert "X-PUBLISHED-TTL:PT1H" in text
    assert max(len(line) for line in content.split(b"\r\n")) <= 75


def test_without_visits_it_is_a_calendar_all_the_same(ana: Patient) -> None:
    calendar = parsed(Client().get(made(ana)).content)
    assert calendar.walk("VEVENT") == []
    assert [str(one["TZID"]) for one in calendar.walk("VTIMEZONE")] == ["America/Los_Angeles"]


@pytest.mark.parametrize("day", [date(2026, 3, 8), date(2027, 3, 14), date(2026, 11, 1), date(2027, 11, 7)], ids=str)
@pytest.mark.parametrize("hour", [0, 1, 3, 9])
def test_on_days_of_a_change_of_clocks_the_instant_is_right(day: date, hour: int) -> None:
    zone = cast.site().tz
    start = datetime.combine(day, time(hour, 30), zone).astimezone(UTC)
    entry = ics.Entry("a@b", 0, start, start, start + timedelta(hours=2), "America/Los_Angeles")
    # Under a name nobody knows, only the rules in the file itself can tell the instant.
    content = ics.feed([entry], zone="America/Los_Angeles").replace(b"America/Los_Angeles", b"Nowhere/Known")
    calendar = parsed(content)
    rules = calendar.walk("VTIMEZONE")[0].to_tz()
    (event,) = calendar.walk("VEVENT")
    for name, instant in (("DTSTART", start), ("DTEND", start + timedelta(hours=2))):
        found = event[name].dt
        found = found if str(found.tzinfo) == "UTC" else found.replace(tzinfo=rules)
        assert found.astimezone(UTC) == instant, name


def test_a_visit_of_last_month_stays_and_one_of_last_year_goes(ana: Patient) -> None:
    address, old, older = made(ana), visit_of(ana), visit_of(ana, starts_at=weekday_at(14))
    for visit, days in ((old, 30), (older, 400)):
        start = now() - timedelta(days=days)
        Appointment.objects.filter(pk=visit.pk).update(
            starts_at=start, ends_at=start + timedelta(hours=1), room_free_at=start + timedelta(hours=2)
        )
    assert [str(one["UID"]) for one in events(address)] == [f"{old.pk}@pacificmind"]


# How it is read


def test_a_device_that_has_it_already_is_told_so(ana: Patient) -> None:
    address, visit = made(ana), visit_of(ana)
    client = Client()
    first = client.get(address)
    assert first["Content-Type"] == "text/calendar; charset=utf-8"
    assert first["Cache-Control"] == "private, no-cache"
    assert first["Referrer-Policy"] == "no-referrer"
    assert not first.cookies
    same = client.get(address, headers={"If-None-Match": first["ETag"]})
    assert (same.status_code, same.content) == (304, b"")
    booking.move(by=None, visit_id=visit.pk, version=1, starts_at=weekday_at(14))
    assert client.get(address, headers={"If-None-Match": first["ETag"]}).status_code == 200
    head = client.head(address)
    assert (head.status_code, head.content) == (200, b"")


def test_each_read_is_remembered_and_one_a_day_is_audited(ana: Patient) -> None:
    address = made(ana)
    for _ in range(3):
        Client().get(address)
    assert Entry.objects.filter(what="calendar feed", patient_id=ana.pk, action="export").count() == 1
    read_at = CalendarFeed.objects.get().last_read_at
    assert read_at is not None
    CalendarFeed.objects.update(last_read_at=read_at - timedelta(days=1))
    Client().get(address)
    assert Entry.objects.filter(what="calendar feed").count() == 2
    assert (CalendarFeed.objects.get().last_read_at or read_at) > read_at
    assert "just now" in signed_in(ana).get("/calendar/").content.decode()


def test_reads_at_the_same_moment_are_audited_once(ana: Patient) -> None:
    address = made(ana)
    outcomes = at_once([lambda: Client().get(address).status_code for _ in range(6)])
    assert outcomes == [200] * 6
    assert Entry.objects.filter(what="calendar feed").count() == 1


def test_as_many_questions_for_three_visits_as_for_one(ana: Patient, django_assert_num_queries: Any) -> None:
    address = made(ana)
    visit_of(ana)
    found = feed.find(address.rpartition("/")[2].removesuffix(".ics"))
    assert found is not None
    feed.read(found)
    with django_assert_num_queries(5):  # 2 of the transaction
        feed.read(found)
    visit_of(ana, starts_at=weekday_at(12))
    visit_of(ana, starts_at=weekday_at(14))
    with django_assert_num_queries(5):
        feed.read(found)
