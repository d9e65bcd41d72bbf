"""Booking at the desk: what is refused, in which words, what is offered instead, and that it happens once."""

import re
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from intake.models import BoosterOrder, Patient, SafetyAlert
from pacificmind.audit.models import Entry
from pacificmind.clock import now
from scheduling.domain import errors
from scheduling.models import Appointment, Closure, Room
from scheduling.services import closing
from tests import cast, history
from tests.scheduling.desk.conftest import MONDAY, ZONE, Desk, at, clear, words

BOOK = "/desk/book/la/"


def form(**changes: Any) -> dict[str, Any]:
    """A consultation on Monday at nine, any clinician, any room."""
    return {"kind": "consultation", "on": MONDAY, "at": "09:00", "clinician": "", "room": "", **changes}


def path(who: Patient) -> str:
    return f"{BOOK}{who.pk}/"


def summary(response: Any) -> str:
    """The words of the error summary."""
    found = re.search(r'<div class="error-summary.*?</div>', response.content.decode(), re.S)
    return " ".join(re.sub(r"<[^>]+>", " ", found.group()).split()) if found else ""


def choices(response: Any) -> list[str]:
    """The values of the buttons with free times."""
    return re.findall(r'name="choose" value="([^"]+)"', response.content.decode())


def test_a_visit_is_booked_and_the_desk_is_told_when(desk: Desk) -> None:
    who = cast.patient()
    answer = desk.post(path(who), **form())
    visit = Appointment.objects.get()
    assert answer.headers["Location"] == f"/desk/visits/{visit.pk}/?booked"
    assert (visit.patient, visit.starts_at, visit.status, visit.made_by) == (who, at(9), "booked", desk.user)
    assert "Booked: Monday, March 8, 9:00 am, Los Angeles." in words(desk.get(answer.headers["Location"]))


def test_a_page_that_is_opened_again_later_does_not_say_it_again(desk: Desk) -> None:
    page = desk.post(path(cast.patient()), **form()).headers["Location"]
    Appointment.objects.update(made_at=now() - timedelta(minutes=3))
    assert "Booked: Monday" not in words(desk.get(page))


def test_a_double_click_a_reload_and_the_back_button_book_once(desk: Desk) -> None:
    who, once = cast.patient(), str(uuid.uuid4())
    answers = [desk.post(path(who), request_id=once, **form()) for _ in range(3)]
    assert len({answer.headers["Location"] for answer in answers}) == 1
    assert Appointment.objects.count() == 1


def test_a_used_form_with_other_content_is_refused_and_keeps_what_was_typed(desk: Desk) -> None:
    who, once = cast.patient(), str(uuid.uuid4())
    desk.post(path(who), request_id=once, **form())
    page = desk.post(path(who), request_id=once, **form(at="14:00"))
    assert "already sent with other content" in summary(page)
    assert 'value="14:00"' in page.content.decode()
    assert once not in page.content.decode()
    assert Appointment.objects.count() == 1


def test_a_taken_time_offers_the_nearest_as_buttons_that_book(desk: Desk) -> None:
    desk.consultation(at(9))
    who = cast.patient()
    page = desk.post(path(who), **form(patient_state="CA"))
    assert errors.SlotTaken.default_say in summary(page)
    assert "Book Monday, March 8, 8:15 am" not in words(page)  # it would run into the taken hour
    assert "Book Monday, March 8, 10:00 am" in words(page)
    clear(page)
    offered = next(one for one in choices(page) if one.startswith("2027-03-08T18:00"))  # 10:00 PST
    answer = desk.post(path(who), **form(choose=offered))
    visit = Appointment.objects.get(patient=who)
    assert answer.status_code == 302
    assert visit.starts_at == at(10)


def days(response: Any) -> set[str]:
    """The local days on which times are offered."""
    starts = (datetime.fromisoformat(one.split("|")[0]).replace(tzinfo=UTC) for one in choices(response))
    return {f"{start.astimezone(ZONE).date()}" for start in starts}


@pytest.mark.parametrize(
    ("change", "say"),
    [
        ({"at": "07:30"}, "This time lies in the past. Choose a later one."),
        ({"on": "2026-12-01"}, "This time lies in the past. Choose a later one."),
        ({"at": "19:00"}, errors.OutsideHours.default_say),
        ({"on": "2027-03-13"}, errors.NobodyThere.default_say),
        ({"kind": "consultation-video", "patient_state": "NY"}, "only while the patient is in CA"),
        ({"kind": "consultation-video", "patient_state": ""}, "Please ask in which US state the patient will be."),
        ({"kind": "infusion"}, "This patient has no open series to book into. Ask the clinician."),
        ({"kind": "booster"}, "This patient has no running booster order. Ask the clinician."),
        ({"kind": "surgery"}, "Please choose one of the answers."),
        ({"on": "soon"}, "Please write the date as month, day and year."),
        ({"at": ""}, "Please fill this in."),
        ({"room": str(uuid.uuid4())}, "Choose another room"),
        ({"room": "the blue one"}, "Please choose one of the answers."),
        ({"request_id": "twice"}, "Nothing was sent"),
    ],
)
def test_a_refusal_says_what_to_do_and_keeps_what_was_typed(desk: Desk, change: dict[str, str], say: str) -> None:
    who = cast.patient()
    page = desk.post(path(who), **form(**{"fallback_phone": "213 555 0177", **change}))
    assert say in summary(page)
    assert 'value="213 555 0177"' in page.content.decode()
    assert not Appointment.objects.exists()


def _not_offered(desk: Desk, which: str) -> dict[str, str]:
    """A room or clinician that the page has no longer, or never had."""
    there = cast.other_site()
    if which == "a room elsewhere":
        return {"room": str(cast.room(there).pk)}
    if which == "a room out of use":
        return {"room": str(cast.room(desk.site, in_use=False).pk)}
    if which == "who works elsewhere":
        return {"clinician": str(cast.prescriber(there).pk)}
    gone = cast.prescriber(name="Dr. Gone") if which == "who has left" else cast.clinician()
    if which == "who has left":
        type(gone.user).objects.filter(pk=gone.user_id).update(is_active=False)
    return {"clinician": str(gone.pk)}


@pytest.mark.parametrize("reason", [{}, {"override": "1", "override_reason": "They asked for it."}])
@pytest.mark.parametrize(
    "which", ["a room elsewhere", "a room out of use", "who works elsewhere", "who has left", "who holds no such visit"]
)
def test_what_the_lists_do_not_offer_is_neither_booked_nor_moved_to(
    desk: Desk, which: str, reason: dict[str, str]
) -> None:
    """The lists are read where they are shown: what is sent is judged under the locks, with a reason as without."""
    wanted = _not_offered(desk, which)
    page = desk.post(path(cast.patient()), **form(**wanted, **reason))
    assert re.search("No (room|clinician) here can hold this visit", summary(page))
    assert not Appointment.objects.exists()
    visit = desk.consultation(at(14), clinician_id=desk.doctor.pk)
    moved = {"version": 1, "on": MONDAY, "at": "15:00", "clinician": "", "room": "", **wanted, **reason}
    page = desk.post(f"/desk/visits/{visit.pk}/move/", **moved)
    assert re.search("No (room|clinician) here can hold this visit", summary(page))
    assert Appointment.objects.get().starts_at == at(14)


def test_a_time_that_the_clocks_skip_is_said_beside_its_field(desk: Desk) -> None:
    page = desk.post(path(cast.patient()), **form(on="2027-03-14", at="02:30"))
    field = re.search(r'<div id="div_id_at".*?</div>', page.content.decode(), re.S)
    assert field is not None
    assert errors.NonexistentTime.default_say in field.group()
    assert not Appointment.objects.exists()


def test_a_patient_is_in_one_place(desk: Desk) -> None:
    who = cast.patient()
    desk.consultation(at(9), who=who)
    page = desk.post(path(who), **form(at="09:30"))
    assert errors.PatientBusy.default_say in summary(page)


def test_a_closed_day_offers_other_days(desk: Desk) -> None:
    Closure.objects.create(site=desk.site, starts_at=at(0), ends_at=at(0, day=1), reason="Holiday")
    page = desk.post(path(cast.patient()), **form())
    assert errors.NobodyThere.default_say in summary(page)
    assert "Book Tuesday, March 9, 8:00 am" in words(page)


def test_a_named_room_is_kept_and_alternatives_are_in_it(desk: Desk) -> None:
    room: Room = desk.rooms[1]
    desk.consultation(at(9), room_id=room.pk)
    page = desk.post(path(cast.patient()), **form(room=str(room.pk)))
    assert {one.split("|")[2] for one in choices(page)} == {str(room.pk)}


def test_an_infusion_goes_into_the_open_series_on_a_lawful_day(desk: Desk) -> None:
    who, row = desk.series(0, 2)
    page = desk.get(path(who))
    assert 'value="infusion"' in page.content.decode()
    answer = desk.post(path(who), **form(kind="infusion", on="2027-03-12", at="10:00"))
    visit = Appointment.objects.get(patient=who, number=3)
    assert answer.headers["Location"] == f"/desk/visits/{visit.pk}/?booked"
    assert visit.series_id == row.pk


def test_the_protocol_is_said_and_only_lawful_days_are_offered(desk: Desk) -> None:
    who, _ = desk.series(0, 2)
    page = desk.post(path(who), **form(kind="infusion", on="2027-03-11", at="10:00"))
    assert "are too close: one clear day between infusions (P3)" in summary(page)
    assert days(page)
    assert days(page).isdisjoint({"2027-03-08", "2027-03-09", "2027-03-10", "2027-03-11"})
    answer = desk.post(path(who), **form(kind="infusion", choose=choices(page)[0]))
    assert answer.status_code == 302


def test_an_uncleared_patient_is_refused_in_three_words(desk: Desk) -> None:
    who, _ = desk.series(0, 2)
    history.rewrite(who.clearance_set, until_on=at(8).date())
    page = desk.post(path(who), **form(kind="infusion", on="2027-03-12", at="10:00"))
    assert "Ask the clinician." in summary(page)
    assert choices(page) == []
    assert Appointment.objects.filter(patient=who).count() == 2


def test_an_open_alert_is_refused_in_the_same_words(desk: Desk) -> None:
    who, _ = desk.series(0, 2)
    alert = SafetyAlert.objects.create(
        patient=who, site=desk.site, tier="URGENT-2", trigger="staff", acknowledge_by=now() + timedelta(minutes=5)
    )
    page = desk.post(path(who), **form(kind="infusion", on="2027-03-12", at="10:00"))
    said = summary(page)
    assert "Ask the clinician." in said
    assert alert.tier not in words(page)
    history.remove(SafetyAlert.objects.filter(pk=alert.pk))
    history.rewrite(who.clearance_set, until_on=at(8).date())
    assert summary(desk.post(path(who), **form(kind="infusion", on="2027-03-12", at="10:00"))) == said


def test_a_booster_needs_its_order_and_a_reevaluation(desk: Desk) -> None:
    who, order = cast.ready_patient(desk.doctor)
    BoosterOrder.objects.create(
        patient=who,
        clearance=order.clearance,
        until_on=at(8, day=90).date(),
        ordered_by=desk.doctor.user,
        status="open",
        started_on=at(8, day=-30).date(),
    )
    assert 'value="booster"' in desk.get(path(who)).content.decode()
    page = desk.post(path(who), **form(kind="booster"))
    assert errors.ReviewNeeded.default_say in summary(page)
    assert choices(page) == []
    for room in desk.rooms:
        desk.consultation(at(9), clinician_id=cast.prescriber().pk, room_id=room.pk)
    page = desk.post(path(who), **form(kind="booster"))
    assert errors.ReviewNeeded.default_say not in summary(page), "the rooms are taken"
    assert errors.ReviewNeeded.default_say in words(page), "no other week helps"
    assert "Try another week" not in words(page)


def test_a_series_that_is_closed_meanwhile_takes_no_more(desk: Desk) -> None:
    who, row = desk.series(0, 2)
    closing.close_series(by=desk.user, series_id=row.pk, why="moved")
    page = desk.post(path(who), **form(kind="infusion", on="2027-03-12", at="10:00"))
    assert "This patient has no open series to book into." in summary(page)


def test_another_site_and_its_patients_are_not_found(desk: Desk) -> None:
    there = cast.other_site()
    stranger = cast.patient(there)
    assert desk.get("/desk/book/lb/").status_code == 404
    assert desk.get(path(stranger)).status_code == 404
    assert desk.post(path(stranger), **form()).status_code == 404
    assert desk.get(f"{BOOK}{uuid.uuid4()}/").status_code == 404
    assert not Appointment.objects.exists()


@pytest.mark.parametrize("who", ["patient", "manager"])
def test_others_do_not_book_here(desk: Desk, who: str) -> None:
    one = cast.patient()
    desk.client.force_login(cast.user(who))
    assert desk.get(path(one)).status_code == 403
    assert desk.post(path(one), **form()).status_code == 403
    assert not Appointment.objects.exists()


def test_patients_are_found_by_name_or_telephone_and_never_by_address(desk: Desk) -> None:
    who = cast.patient(given_name="Zoë", family_name="Quint", phone="+12135559876")
    cast.patient(cast.other_site(), given_name="Zoë", family_name="Quintana")
    for asked in ("quint", "zoë QUINT", "9876"):
        page = desk.client.post(f"{BOOK}?on={MONDAY}&at=10:30", {"q": asked})
        assert "1 patient found" in words(page)
        assert f'href="/desk/book/la/{who.pk}/?on={MONDAY}&amp;at=10%3A30"' in page.content.decode()
    assert Entry.objects.filter(what="find a patient to book", patient_id=who.pk).count() == 3


@pytest.mark.parametrize("asked", ["nobody here", "\x00", "🙂", "%", "x" * 10_000])
def test_a_search_without_result_says_what_to_try(desk: Desk, asked: str) -> None:
    cast.patient()
    text = words(desk.client.post(BOOK, {"q": asked}))
    assert "No patient found" in text or "Please" in text


def test_the_calendars_link_fills_the_form_in(desk: Desk) -> None:
    who = cast.patient()
    html = desk.get(f"{path(who)}?on={MONDAY}&at=10:30&room={desk.rooms[1].pk}").content.decode()
    assert f'value="{MONDAY}"' in html
    assert 'value="10:30"' in html
    assert f'value="{desk.rooms[1].pk}" selected' in html
    assert "Book this visit" in words(desk.get(f"{path(who)}?on=x&at=y&room=z"))


def test_visits_booked_already_are_shown(desk: Desk) -> None:
    who = cast.patient()
    desk.consultation(at(9), who=who)
    assert "Visits that are booked already (1)" in words(desk.get(path(who)))


def test_a_video_visit_takes_no_room_and_keeps_where_the_patient_will_be(desk: Desk) -> None:
    who = cast.patient()
    desk.post(path(who), **form(kind="consultation-video", patient_state="ca", fallback_phone="2135550177"))
    visit = Appointment.objects.get()
    assert (visit.telehealth, visit.room, visit.patient_state, visit.fallback_phone) == (True, None, "CA", "2135550177")
