"""The patient's pages: their own visits alone, chosen, moved, cancelled within the law and the notice."""

import re
import uuid
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client

from intake.models import ConsultationRequest, Patient
from intake.services.requests import Asked, submit_request
from pacificmind.audit.models import Entry
from pacificmind.clinic.models import ClinicSettings
from pacificmind.clock import now
from pacificmind.tasks.models import Task
from scheduling.models import Appointment, Room
from scheduling.queries.patient_times import from_stamp, stamp
from scheduling.services import booking, series
from scheduling.services.booking import Wish
from scheduling.services.lawful import own_moves
from scheduling.services.series import Slot
from tests import cast
from tests.calendar import weekday_at

pytestmark = pytest.mark.django_db(transaction=True)
PAGES = ("", "appointment.ics", "room/", "way-home/", "move/", "cancel/")
DAYS = ((1, 0), (1, 3), (2, 0), (2, 3), (3, 0), (3, 3))  # week, weekday: two a week


@pytest.fixture(autouse=True)
def doctor() -> Any:
    cast.visit_types()
    cast.room(name="Blue")
    return cast.prescriber(lanes=4)


@pytest.fixture
def ana() -> Patient:
    return cast.patient(account=True)


def signed_in(who: Patient) -> Client:
    client = Client()
    assert who.user is not None
    client.force_login(who.user)
    return client


def consultation(who: Patient, **other: Any) -> Appointment:
    wish = {"patient_id": who.pk, "kind": "consultation", "site_id": "la", "starts_at": weekday_at(10), **other}
    return booking.book(by=None, wish=Wish(**wish))


def with_series(doctor: Any) -> tuple[Patient, list[Appointment]]:
    who, order = cast.ready_patient(doctor, per_week=2, account=True)
    room = Room.objects.get(name="Blue")
    slots = [Slot(weekday_at(9, weeks=week, weekday=day), room.pk, doctor.pk) for week, day in DAYS]
    series.lay_out(by=cast.receptionist(), order_id=order.pk, site_id="la", slots=slots)
    return who, list(Appointment.objects.filter(patient=who).order_by("starts_at"))


def text(response: Any) -> str:
    return str(response.content.decode())


def form_of(**other: Any) -> dict[str, Any]:
    return {"request_id": str(uuid.uuid4()), **other}


@pytest.mark.parametrize("leaf", PAGES)
def test_anothers_visit_is_the_same_as_none(ana: Patient, leaf: str) -> None:
    client, theirs = signed_in(ana), consultation(cast.patient(account=True))
    shown = [client.get(f"/visits/{key}/{leaf}") for key in (theirs.pk, uuid.uuid4())]
    assert [response.status_code for response in shown] == [404, 404]
    same = [re.sub(r'value="\w+"|\b[0-9A-Z]{8}\b|[0-9a-f-]{36}', "", text(response)) for response in shown]
    assert same[0] == same[1]
    assert not Entry.objects.filter(subject_id=str(theirs.pk), action="view").exists()


@pytest.mark.parametrize("leaf", ["move/", "cancel/"])
def test_anothers_visit_cannot_be_changed(ana: Patient, leaf: str) -> None:
    theirs = consultation(cast.patient(account=True))
    at = f"?at={stamp(weekday_at(14))}"
    assert signed_in(ana).post(f"/visits/{theirs.pk}/{leaf}{at}", form_of(version=1)).status_code == 404
    theirs.refresh_from_db()
    assert (theirs.version, theirs.status) == (1, "booked")


@pytest.mark.parametrize("role", ["front_desk", "clinician", "manager"])
def test_staff_have_no_patient_home(client: Client, role: str) -> None:
    client.force_login(cast.user(role))
    assert client.get("/home/").status_code == 403


# Choosing


def test_three_taps_from_home_to_booked(ana: Patient) -> None:
    client = signed_in(ana)
    home = text(client.get("/home/"))
    assert 'href="/choose/"' in home
    times = text(client.get("/choose/"))
    link = re.search(r'href="(/choose/confirm/\?[^"]*at=\w+)"', times)
    assert link is not None
    address = link[1].replace("&amp;", "&")
    assert "Book " in text(client.get(address))
    response = client.post(address, form_of())
    visit = Appointment.objects.get()
    assert response["Location"] == f"/visits/{visit.pk}/"
    assert visit.patient == ana
    assert stamp(visit.starts_at) in address


def test_choosing_answers_the_open_request(ana: Patient) -> None:
    asked = submit_request(
        by=ana.user, asked=Asked(site_id="la", given_name="Ana", family_name="R", phone="+12135550123")
    )
    signed_in(ana).post(f"/choose/confirm/?at={stamp(weekday_at(10))}", form_of())
    asked.refresh_from_db()
    assert asked.status == ConsultationRequest.Status.BOOKED
    assert Task.objects.get(kind="request-call-back").done_at is not None


def test_a_taken_time_is_said_kindly_with_the_nearest_others(ana: Patient) -> None:
    consultation(cast.patient())
    page = text(signed_in(ana).post(f"/choose/confirm/?at={stamp(weekday_at(10))}", form_of()))
    assert "Someone else has just taken this time" in page
    assert f"at={stamp(weekday_at(8, 30))}" in page
    assert f"at={stamp(weekday_at(11, 15))}" in page  # the room rests 15 minutes
    assert not Appointment.objects.filter(patient=ana).exists()


def test_a_double_click_books_once(ana: Patient) -> None:
    client, form, address = signed_in(ana), form_of(), f"/choose/confirm/?at={stamp(weekday_at(10))}"
    assert client.post(address, form)["Location"] == client.post(address, form)["Location"]
    assert Appointment.objects.count() == 1


def test_a_second_consultation_is_refused(ana: Patient) -> None:
    mine, client = consultation(ana), signed_in(ana)
    assert client.get("/choose/")["Location"] == f"/visits/{mine.pk}/"
    address = f"/choose/confirm/?at={stamp(weekday_at(14))}"
    for answer in (client.get(address), client.post(address, form_of())):  # the back button, another tab
        assert answer["Location"] == f"/visits/{mine.pk}/"
    assert "You can move it to another time" in text(client.get(f"/visits/{mine.pk}/"))
    assert Appointment.objects.count() == 1


@pytest.mark.parametrize("at", [now() - timedelta(days=3), now() + timedelta(hours=2), now() + timedelta(days=400)])
def test_past_too_soon_and_too_far_are_refused(ana: Patient, at: Any) -> None:
    page = text(signed_in(ana).post(f"/choose/confirm/?at={stamp(at)}", form_of()))
    assert "Please check" in page
    assert not Appointment.objects.exists()


@pytest.mark.parametrize("at", ["", "nonsense", "20270314T0230", "99999999T9999Z", "\x00"])
def test_an_unreadable_time_leads_back_to_the_times(ana: Patient, at: str) -> None:
    assert from_stamp(at) is None
    assert signed_in(ana).get("/choose/confirm/", {"at": at})["Location"] == "/choose/"


@pytest.mark.parametrize(
    "query", ["?site=atlantis", "?way=owl", "?part=night", "?from=2026-02-30", "?from=0001-01-01", "?from=9999-12-31"]
)
def test_what_an_address_says_wrongly_is_left_out(ana: Patient, query: str) -> None:
    assert "Choose a time" in text(signed_in(ana).get(f"/choose/{query}"))


def test_mornings_and_afternoons(ana: Patient) -> None:
    client = signed_in(ana)
    assert "2:00 pm" not in text(client.get("/choose/?part=morning"))
    afternoon = text(client.get("/choose/?part=afternoon"))
    assert "9:00 am" not in afternoon
    assert "2:00 pm" in afternoon


def test_by_video_only_from_california(ana: Patient) -> None:
    client, address = signed_in(ana), f"/choose/confirm/?way=video&at={stamp(weekday_at(10))}"
    assert "in California" in text(client.post(address, form_of(state="NV", phone="(213) 555-0123")))
    assert not Appointment.objects.exists()
    client.post(address, form_of(state="CA", phone="(213) 555-0123"))
    visit = Appointment.objects.get()
    assert (visit.telehealth, visit.patient_state, visit.fallback_phone) == (True, "CA", "+12135550123")


def test_asking_to_be_called_opens_one_task(ana: Patient) -> None:
    client = signed_in(ana)
    for _ in range(2):
        client.post("/call-me/")
    assert Task.objects.get().kind == "patient-call"
    assert "We will call you" in text(client.get("/home/"))


# One visit


def test_the_calendar_file_has_the_name_the_mail_has(ana: Patient) -> None:
    visit = consultation(ana)
    made = signed_in(ana).get(f"/visits/{visit.pk}/appointment.ics").content.decode().replace("\r\n ", "")
    assert f"UID:{visit.pk}@pacificmind" in made
    assert "SUMMARY:Appointment" in made
    assert Entry.objects.filter(action="export", patient_id=ana.pk).exists()


def test_the_room_opens_15_minutes_before(ana: Patient, settings: Any) -> None:
    settings.VIDEO_ROOM_URL = "https://video.example/{room}"
    visit = consultation(ana, telehealth=True, patient_state="CA", fallback_phone="+12135550123")
    client, url = signed_in(ana), f"/visits/{visit.pk}/room/"
    assert visit.meeting_token not in text(client.get(url))
    start = now() + timedelta(minutes=14)
    Appointment.objects.filter(pk=visit.pk).update(starts_at=start, ends_at=start + timedelta(hours=1))
    assert f"https://video.example/{visit.meeting_token}" in text(client.get(url))
    assert visit.meeting_token not in text(client.get(f"/visits/{visit.pk}/"))


def test_moved_by_post_as_it_was_seen(ana: Patient) -> None:
    visit, client = consultation(ana), signed_in(ana)
    address = f"/visits/{visit.pk}/move/?at={stamp(weekday_at(14))}"
    client.get(address)
    visit.refresh_from_db()
    assert visit.starts_at == weekday_at(10)
    client.post(address, form_of(version=1))
    visit.refresh_from_db()
    assert (visit.starts_at, visit.version) == (weekday_at(14), 2)
    assert "has changed since" in text(client.post(address, form_of(version=1)))  # the other tab


def test_cancelled_after_asking_once(ana: Patient) -> None:
    visit, client = consultation(ana), signed_in(ana)
    assert "somebody else may take it" in text(client.get(f"/visits/{visit.pk}/cancel/"))
    client.post(f"/visits/{visit.pk}/cancel/", form_of(version=1, why="I am ill 🤒"))
    visit.refresh_from_db()
    assert (visit.status, visit.cancelled_why) == ("cancelled", "Cancelled by the patient: I am ill 🤒")


@pytest.mark.parametrize(("why", "help_now"), [("I want to die", True), ("I am ill", False)])
def test_a_cancellation_after_the_session_ended_is_kept_and_shows_help(ana: Patient, why: str, help_now: bool) -> None:
    visit = consultation(ana)
    answer = Client().post(f"/visits/{visit.pk}/cancel/", form_of(version=1, why=why))
    page = text(answer)
    assert answer.status_code == 401
    assert ("Nobody at the clinic has been told" in page) is help_now
    assert "Your visit is not cancelled yet" in page
    assert (why in page, "Cancel my visit" in page, "tel:988" in page) == (True, True, True)
    visit.refresh_from_db()
    assert visit.status == "booked"


def test_a_cancellation_sent_from_another_account_shows_help(ana: Patient) -> None:
    visit, other = consultation(ana), signed_in(cast.patient(account=True))
    address = f"/visits/{visit.pk}/cancel/"
    dark, calm = (other.post(address, form_of(version=1, why=why)) for why in ("I want to die", "I am ill"))
    assert (dark.status_code, calm.status_code) == (404, 404)
    assert "Nobody at the clinic has been told" in text(dark)
    assert "I want to die" not in text(dark), "it may be another person who sits there now"
    assert "Nobody at the clinic has been told" not in text(calm)


def test_within_the_notice_the_patient_calls(ana: Patient) -> None:
    visit, client = consultation(ana), signed_in(ana)
    ClinicSettings.objects.update_or_create(id=1, defaults={"notice_hours": 24 * 20})
    assert "Please call us" in text(client.get(f"/visits/{visit.pk}/move/"))
    page = text(client.post(f"/visits/{visit.pk}/cancel/", form_of(version=1)))
    assert "Please call us" in page
    visit.refresh_from_db()
    assert visit.status == "booked"


def test_an_infusion_is_offered_on_lawful_days_alone(doctor: Any) -> None:
    who, visits = with_series(doctor)
    monday: date = visits[0].day
    # Thursday of week 1, between Monday and Monday
    lawful = own_moves(visits[1], from_day=monday - timedelta(days=3), until_day=monday + timedelta(days=15))
    assert lawful is not None
    fits = [day for day in range(-3, 15) if lawful(visits[1].starts_at + timedelta(days=day - 3))]
    assert fits == [-3, 3, 4]  # two clear days to each neighbour, and no crossing of the review point
    page = text(signed_in(who).get(f"/visits/{visits[1].pk}/move/"))
    starts = [from_stamp(found) for found in re.findall(r'at=(\w+)"', page)]
    offered = {start.astimezone(who.site.tz).date() for start in starts if start}
    assert offered == {monday + timedelta(days=day) for day in fits}


def test_held_visits_are_planned_and_never_called_denied(doctor: Any) -> None:
    who, _ = with_series(doctor)
    home = text(signed_in(who).get("/home/"))
    assert home.count("Planned; your clinician looks first.") == 3
    for word in ("eligible", "denied", "failed", "non-compliant"):
        assert word not in home.lower()


def test_who_takes_them_home_is_kept_for_all_coming_visits(doctor: Any) -> None:
    who, visits = with_series(doctor)
    client, url = signed_in(who), f"/visits/{visits[0].pk}/way-home/"
    assert "Name who takes you home" in text(client.get("/home/"))
    client.post(url, form_of(name="Zoë 🌊", phone="(213) 555-0177"))
    assert set(Appointment.objects.values_list("escort_name", "escort_phone", "version")) == {
        ("Zoë 🌊", "+12135550177", 1)
    }
    assert "Your next visit" in text(client.get("/home/"))


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [("name", "a\x00b", "unreadable"), ("name", "x" * 10_000, "shorten this to 120"), ("phone", "12", "area code")],
)
def test_bad_input_about_the_escort(doctor: Any, field: str, value: str, says: str) -> None:
    who, visits = with_series(doctor)
    form = form_of(name="Zoë", phone="(213) 555-0177") | {field: value}
    assert says in text(signed_in(who).post(f"/visits/{visits[0].pk}/way-home/", form))
    assert not Appointment.objects.exclude(escort_name="").exists()


# Without a record, and later


def test_without_a_record_every_page_asks_who_they_are(client: Client) -> None:
    client.force_login(cast.user("patient"))
    assert "Tell us about you" in text(client.get("/home/"))
    for page in ("/choose/", "/choose/confirm/", "/how-we-reach-you/", "/next-visit/"):
        assert client.get(page)["Location"] == "/about-you/"


def about(**other: Any) -> dict[str, Any]:
    told = {"given_name": "Ana", "family_name": "Reyes", "birth_on": "1985-04-12", "phone": "(213) 555-0123"}
    return form_of(**told, site="la", language="en", by_email="on") | other


def test_about_you_opens_a_record_once(client: Client) -> None:
    client.force_login(cast.user("patient"))
    form = about()
    assert client.post("/about-you/", form)["Location"] == client.post("/about-you/", form)["Location"] == "/home/"
    assert Patient.objects.get().phone.as_e164 == "+12135550123"


def test_under_18_is_told_kindly_and_nothing_is_kept(client: Client) -> None:
    client.force_login(cast.user("patient"))
    page = text(client.post("/about-you/", about(birth_on=f"{now().year - 10}-01-01")))
    assert "18 years" in page
    assert "(213) 555-0142" in page
    assert not Patient.objects.exists()


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("given_name", "a\x00b", "unreadable"),
        ("family_name", "x" * 10_000, "shorten this to 80"),
        ("birth_on", "2199-01-01", "cannot be a date of birth"),
        ("birth_on", "2001-02-30", "month, day and year"),
        ("phone", "🌊", "area code"),
        ("site", "atlantis", "choose one of the answers"),
        ("language", "xx", "choose one of the answers"),
    ],
)
def test_bad_input_about_oneself(client: Client, field: str, value: str, says: str) -> None:
    client.force_login(cast.user("patient"))
    assert says in text(client.post("/about-you/", about(**{field: value})))
    assert not Patient.objects.exists()


def test_a_further_visit_is_asked_for_or_declined(doctor: Any) -> None:
    from intake.models import BoosterOrder

    who, _ = cast.ready_patient(doctor, account=True)
    order = BoosterOrder.objects.create(
        patient=who, clearance=cast.clearance(who, doctor), until_on=date(2099, 1, 1), ordered_by=doctor.user,
        status="open", started_on=now().date() - timedelta(days=30),
    )  # fmt: skip
    client = signed_in(who)
    client.post("/next-visit/", {"answer": "talk"})
    assert Task.objects.get().kind == "booster-ask"
    assert "We have your wish" in text(client.get("/next-visit/"))
    for _ in range(2):  # said twice, it is still no
        client.post("/next-visit/", {"answer": "not-now"})
    order.refresh_from_db()
    assert order.status == "declined"


@pytest.mark.parametrize("address", ["/home/", "/choose/", "/how-we-reach-you/", "/next-visit/"])
def test_each_look_is_recorded(ana: Patient, address: str) -> None:
    signed_in(ana).get(address)
    assert Entry.objects.filter(action="view", patient_id=ana.pk).count() == 1


def test_home_asks_as_often_for_six_visits_as_for_one(doctor: Any, django_assert_max_num_queries: Any) -> None:
    who, visits = with_series(doctor)
    client = signed_in(who)
    client.get("/home/")
    with django_assert_max_num_queries(40) as six:
        client.get("/home/")
    Appointment.objects.exclude(pk=visits[0].pk).delete()
    with django_assert_max_num_queries(len(six)):
        client.get("/home/")
