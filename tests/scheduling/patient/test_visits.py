"""The patient's visits as a line, the filters of free times, and the times that suit them."""

import re
import uuid
from datetime import date, time, timedelta
from typing import Any

import pytest
from django.test import Client

from intake.models import Patient
from pacificmind.accounts.models import Clinician
from pacificmind.audit.models import Entry
from pacificmind.clinic.models import ClinicSettings
from pacificmind.clock import today
from scheduling.forms.patient_times import span_words, spans
from scheduling.models import Appointment, PossibleTimes, Room, VisitType
from scheduling.queries.patient_times import stamp
from scheduling.services import booking, possible_times, series
from scheduling.services.booking import Wish
from scheduling.services.series import Slot
from tests import cast
from tests.calendar import weekday_at
from tests.race.arena import at_once, broken, refused

pytestmark = pytest.mark.django_db(transaction=True)
DAYS = ((1, 0), (1, 3), (2, 0), (2, 3), (3, 0))  # week, weekday: five of six


@pytest.fixture(autouse=True)
def doctor() -> Clinician:
    cast.visit_types()
    cast.room(name="Blue")
    return cast.prescriber(lanes=4, name="Dr. Ada Long")


@pytest.fixture
def ana() -> Patient:
    return cast.patient(account=True)


def signed_in(who: Patient) -> Client:
    client = Client()
    assert who.user is not None
    client.force_login(who.user)
    return client


def text(response: Any) -> str:
    return str(response.content.decode())


def plain(response: Any) -> str:
    """What is read, without tags."""
    return " ".join(re.sub(r"<[^>]+>", " ", text(response)).split())


def with_series(doctor: Clinician) -> tuple[Patient, list[Appointment]]:
    who, order = cast.ready_patient(doctor, per_week=2, account=True)
    room = Room.objects.get(name="Blue")
    slots = [Slot(weekday_at(9, weeks=week, weekday=day), room.pk, doctor.pk) for week, day in DAYS]
    series.lay_out(by=cast.receptionist(), order_id=order.pk, site_id="la", slots=slots)
    return who, list(Appointment.objects.filter(patient=who).order_by("starts_at"))


# The line


def test_the_series_says_what_is_done_next_booked_held_and_missing(doctor: Clinician) -> None:
    who, visits = with_series(doctor)
    back = visits[0].starts_at - timedelta(days=14)
    Appointment.objects.filter(pk=visits[0].pk).update(
        starts_at=back, ends_at=back + timedelta(hours=2), room_free_at=back + timedelta(hours=3), status="fulfilled",
        escort_name="Zoë",
    )  # fmt: skip
    page = signed_in(who).get("/your-visits/")
    said = plain(page)
    assert "1 of 6 done." in said
    assert re.search(r"Infusion 1 of 6 .{10,60} Done\.", said)
    assert re.search(r"Infusion 2 of 6 Next .{10,60} Booked\.", said)
    assert re.search(r"Infusion 3 of 6 .{10,60} Booked\.", said)
    held = "Planned. We will confirm this one after your clinician has looked."
    assert re.search(rf"Infusion 4 of 6 .{{10,60}} {held}", said)
    assert said.count(held) == 2
    assert "Infusion 6 of 6 No time yet. The front desk finds one with you." in said
    assert text(page).count('aria-current="step"') == 1
    for word in ("eligible", "denied", "failed", "non-compliant", "missed"):
        assert word not in said.lower()


def test_a_cancelled_visit_stays_on_the_line_without_a_number(doctor: Clinician) -> None:
    who, visits = with_series(doctor)
    booking.cancel(by=who.user, visit_id=visits[1].pk, version=1, why="x")
    said = plain(signed_in(who).get("/your-visits/"))
    assert re.search(r"Infusion [A-Z]\w+day, .{10,60} Cancelled\.", said)
    assert said.count("No time yet.") == 2
    assert len(re.findall(r"Infusion 2 of 6", re.sub(r"(See this visit|Move|Cancel) [^.]*?Los Angeles", "", said))) == 1


def test_only_what_can_be_changed_here_offers_it(doctor: Clinician) -> None:
    who, visits = with_series(doctor)
    client = signed_in(who)
    page = text(client.get("/your-visits/"))
    assert f"/visits/{visits[0].pk}/move/" in page
    ClinicSettings.objects.update_or_create(id=1, defaults={"notice_hours": 24 * 15})
    page = text(client.get("/your-visits/"))
    assert f"/visits/{visits[0].pk}/move/" not in page
    assert f"/visits/{visits[4].pk}/cancel/" in page


def test_anothers_visits_are_not_on_it(doctor: Clinician, ana: Patient) -> None:
    with_series(doctor)
    page = text(signed_in(ana).get("/your-visits/"))
    assert "Nothing planned yet" in page
    assert "Infusion" not in page
    assert Entry.objects.filter(what="patient-visits", patient_id=ana.pk).count() == 1


@pytest.mark.parametrize("address", ["/your-visits/", "/times-that-suit/", "/calendar/"])
def test_without_a_record_they_are_asked_who_they_are(client: Client, address: str) -> None:
    client.force_login(cast.user("patient"))
    assert client.get(address)["Location"] == "/about-you/"


# Filters


def offers(page: str, at: Any) -> bool:
    return f"at={stamp(at)}" in page


def test_times_of_one_clinician(doctor: Clinician, ana: Patient) -> None:
    other = cast.prescriber(name="Dr. Ben Short")
    cast.room()
    wish = Wish(
        patient_id=cast.patient().pk,
        kind="consultation",
        site_id="la",
        starts_at=weekday_at(10),
        clinician_id=doctor.pk,
    )
    booking.book(by=None, wish=wish)
    client = signed_in(ana)
    shown = {key: text(client.get(f"/choose/?with={key}")) for key in ("", doctor.pk, other.pk)}
    assert [offers(page, weekday_at(10)) for page in shown.values()] == [True, False, True]
    address = f"/choose/confirm/?with={other.pk}&at={stamp(weekday_at(10))}"
    assert "With Dr. Ben Short" in plain(client.get(address))
    client.post(address, {"request_id": str(uuid.uuid4())})
    assert Appointment.objects.get(patient=ana).clinician == other


@pytest.mark.parametrize("who", ["nobody", "0", "\x00", str(uuid.UUID(int=7))])
def test_a_clinician_who_is_not_here_is_left_out(ana: Patient, who: str) -> None:
    page = text(signed_in(ana).get("/choose/", {"with": who}))
    assert offers(page, weekday_at(8))


def test_an_address_of_times_says_nothing_of_the_patient(ana: Patient) -> None:
    page = text(signed_in(ana).get("/choose/"))
    for link in re.findall(r'href="([^"]*\?[^"]*)"', page):
        assert str(ana.pk) not in link
        assert str(ana.user_id) not in link


def test_where_nothing_is_free_it_says_what_would_help(ana: Patient) -> None:
    cast.other_site()
    Room.objects.update(in_use=False)
    page = signed_in(ana).get("/choose/?part=morning")
    said = plain(page)
    assert "No free time in the coming weeks" in said
    for help_ in ("Any time of day", "By video", "Long Beach", "Please call me instead"):
        assert help_ in said, help_
    followed = re.search(r'class="btn btn-secondary" href="(\?[^"]*way=video[^"]*)"', text(page))
    assert followed is not None
    assert "part=morning" in followed[1]


def test_a_full_calendar_is_read_no_more_often(ana: Patient, django_assert_max_num_queries: Any) -> None:
    client = signed_in(ana)
    client.get("/choose/")
    with django_assert_max_num_queries(60) as free:
        client.get("/choose/")
    Room.objects.update(in_use=False)
    with django_assert_max_num_queries(len(free) * 2):
        client.get("/choose/")


def test_the_zone_is_named_once(ana: Patient) -> None:
    assert plain(signed_in(ana).get("/choose/")).count("All times are by the clock in Los Angeles.") == 1


def test_a_kind_that_is_not_booked_online_says_so(ana: Patient) -> None:
    VisitType.objects.filter(kind="consultation").update(patient_may_book=False)
    assert "Please call us for a time" in text(signed_in(ana).get("/choose/"))


# Times that suit


def form_of(page: Any, **other: Any) -> dict[str, Any]:
    hidden = dict(re.findall(r'name="(request_id|seen)" value="([^"]+)"', text(page)))
    return hidden | other


def monday() -> date:
    return weekday_at(9, weeks=2).date()


def test_times_are_said_shown_again_and_taken_back(ana: Patient, doctor: Clinician) -> None:
    client = signed_in(ana)
    told = {
        "weekdays": ["0", "3"], "from_time": "09:00", "until_time": "15:30", "clinician": str(doctor.pk),
        "away_from": monday().isoformat(), "away_until": (monday() + timedelta(days=2)).isoformat(),
    }  # fmt: skip
    sent = form_of(client.get("/times-that-suit/"), **told)
    for _ in range(2):  # a double press
        assert client.post("/times-that-suit/", sent)["Location"] == "/times-that-suit/"
    known = PossibleTimes.objects.get()
    assert (known.weekdays, known.from_time, known.until_time) == ([0, 3], time(9), time(15, 30))
    assert known.not_on == [monday() + timedelta(days=n) for n in range(3)]
    assert (known.clinician, known.changed_by) == (doctor, ana.user)
    page = client.get("/times-that-suit/")
    assert span_words((monday(), monday() + timedelta(days=2)), today(cast.ZONE)) in text(page)
    client.post("/times-that-suit/", form_of(page))  # everything unticked
    known.refresh_from_db()
    assert (known.weekdays, known.from_time, known.not_on, known.clinician) == ([], None, [], None)
    assert Entry.objects.filter(what="say which times suit", patient_id=ana.pk).count() == 2


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"from_time": "15:00", "until_time": "09:00"}, "Choose a time after the first one"),
        ({"from_time": "15:00", "until_time": "15:00"}, "Choose a time after the first one"),
        ({"from_time": "25:00"}, "A visit may begin from"),
        ({"away_until": "2099-01-01"}, "fill in the first day too"),
        ({"away_from": "2020-01-01"}, "from today on"),
        ({"away_from": "9999-12-31"}, "within a year"),
        ({"away_from": "2026-02-30"}, "First day away"),
        ({"weekdays": "9"}, "Days of the week"),
        ({"clinician": str(uuid.uuid4())}, "With whom"),
        ({"clinician": "a\x00b"}, "With whom"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field(ana: Patient, told: dict[str, str], says: str) -> None:
    client = signed_in(ana)
    page = client.post("/times-that-suit/", form_of(client.get("/times-that-suit/"), **told))
    assert "Please check 1 thing" in plain(page)
    assert says in plain(page)
    assert not PossibleTimes.objects.exists()


def test_too_long_a_time_away_is_for_the_telephone(ana: Patient) -> None:
    client, first = signed_in(ana), today(cast.ZONE)
    told = {"away_from": first.isoformat(), "away_until": (first + timedelta(days=120)).isoformat()}
    assert "at most 120 days" in plain(
        client.post("/times-that-suit/", form_of(client.get("/times-that-suit/"), **told))
    )


def test_the_other_tab_does_not_overwrite_unseen_and_keeps_what_was_typed(ana: Patient) -> None:
    client = signed_in(ana)
    one, two = (form_of(client.get("/times-that-suit/")) for _ in range(2))
    client.post("/times-that-suit/", one | {"weekdays": ["1"]})
    page = client.post("/times-that-suit/", two | {"from_time": "10:00"})
    assert "changed in another window" in plain(page)
    assert 'value="10:00"' in text(page)
    assert PossibleTimes.objects.get().weekdays == [1]
    client.post("/times-that-suit/", form_of(page, from_time="10:00"))
    assert (PossibleTimes.objects.get().weekdays, PossibleTimes.objects.get().from_time) == ([], time(10))


def test_two_at_once_keep_one_of_them_whole(ana: Patient) -> None:
    user = ana.user
    assert user is not None
    shown = possible_times.seen(possible_times.times_of(ana))

    def say(day: int) -> Any:
        times = possible_times.Times(weekdays=[day], from_time=time(8 + day))
        return possible_times.keep_times(by=user, patient_id=ana.pk, shown=shown, times=times, request_id=uuid.uuid4())

    outcomes = at_once([lambda d=d: say(d) for d in range(4)])  # type: ignore[misc]
    assert not broken(outcomes), broken(outcomes)
    assert len(refused(outcomes)) == 3
    (known,) = PossibleTimes.objects.all()
    assert known.from_time == time(8 + known.weekdays[0])


def test_days_in_a_row_are_one_line() -> None:
    day = date(2026, 12, 30)
    days = [day, day + timedelta(days=1), day + timedelta(days=2), day + timedelta(days=5)]
    assert spans(reversed(days)) == [(day, day + timedelta(days=2)), (days[3], days[3])]
    assert span_words(spans(days)[0], day) == "Wednesday, December 30 to Friday, January 1, 2027"
    assert spans([]) == []
