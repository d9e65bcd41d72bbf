"""One visit at the desk: shown, moved, cancelled, received; refused in words; once."""

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from intake.models import SafetyAlert
from pacificmind.audit.models import Entry
from pacificmind.clock import now
from scheduling.domain import errors
from scheduling.models import Appointment
from scheduling.services import booking, door
from tests import cast, history
from tests.scheduling.desk.conftest import MONDAY, Desk, at, clear, words
from tests.scheduling.desk.test_booking import choices, days, summary


def path(visit: Appointment, step: str = "") -> str:
    return f"/desk/visits/{visit.pk}/" + (f"{step}/" if step else "")


def fresh(visit: Appointment) -> Appointment:
    return Appointment.objects.get(pk=visit.pk)


def refusal(response: Any) -> str:
    """The sentence on top of a refused step."""
    return summary(response).removeprefix("This was not done ")


def test_the_page_says_who_what_when_where_and_its_history(desk: Desk) -> None:
    visit = desk.consultation(at(9))
    booking.move(by=desk.doctor.user, visit_id=visit.pk, version=1, starts_at=at(14))
    page = desk.get(path(visit))
    text = words(page)
    for part in (visit.patient.full_name, "Consultation", "Monday, March 8, 2:00 pm to 3:00 pm", "Los Angeles, Room 1"):
        assert part in text
    moved = r"Moved from Monday, March 8, 9:00 am to Monday, March 8, 2:00 pm"
    assert re.search(rf"{moved} .*? Dr\. Cho Booked .*? {desk.user.name}", text)
    assert visit.patient.full_name not in page.content.decode().split("</title>")[0]
    assert Entry.objects.filter(what="visit", patient_id=visit.patient_id, subject_id=str(visit.pk)).exists()
    clear(page)


def test_the_page_leads_to_the_patient_and_to_the_series(desk: Desk) -> None:
    who, plan = desk.series(0, 2, 4)
    visit = Appointment.objects.filter(series=plan).earliest("starts_at")
    ways = (f"/desk/patients/{who.pk}/", f"/desk/series/{plan.pk}/")
    page = desk.get(path(visit)).content.decode()
    for way in ways:
        assert f'href="{way}"' in page
        assert desk.get(way).status_code == 200
    assert f"/clinic/patients/{who.pk}/outcomes/" not in page, "the desk sees no answers"
    assert f'href="/clinic/patients/{who.pk}/outcomes/"' in desk.as_clinician().get(path(visit)).content.decode()
    boss = Client()
    boss.force_login(cast.manager())
    seen = boss.get(path(visit)).content.decode()
    assert not [way for way in ways if way in seen], "a manager reads calendars, not records"


def test_no_way_leads_to_a_patient_whom_another_site_treats(desk: Desk) -> None:
    visit = desk.consultation(at(9), who=cast.patient(cast.other_site()))
    way = f"/desk/patients/{visit.patient_id}/"
    assert way in desk.get(path(visit)).content.decode(), "while they come here"
    booking.cancel(by=desk.user, visit_id=visit.pk, version=1, why="By telephone")
    assert desk.get(way).status_code == 404
    assert way not in desk.get(path(visit)).content.decode()


def test_a_visit_moves_to_a_free_time_by_button_and_keeps_its_clinician(desk: Desk) -> None:
    visit = desk.consultation(at(9))
    cast.prescriber(name="Dr. Aba")
    page = desk.get(path(visit, "move"))
    offered = choices(page)
    assert not any(one.startswith("2027-03-08T17:00") for one in offered)  # where it is now
    chosen = next(one for one in offered if one.startswith("2027-03-08T22:00"))
    answer = desk.post(path(visit, "move"), version=1, choose=chosen)
    assert answer.headers["Location"] == path(visit)
    assert (fresh(visit).starts_at, fresh(visit).clinician, fresh(visit).version) == (at(14), desk.doctor, 2)


def test_nobody_gets_another_clinician_by_a_button_that_does_not_say_so(desk: Desk) -> None:
    visit = desk.consultation(at(9))
    cast.prescriber(name="Dr. Aba")
    desk.consultation(at(14), clinician_id=desk.doctor.pk, room_id=desk.rooms[1].pk)
    page = desk.get(path(visit, "move"))
    assert re.search(r"March 8, 2:00 pm, Dr\. Aba", words(page)), "Dr. Cho has somebody then"
    assert re.search(r"March 8, 3:00 pm Move", words(page)), "the same clinician needs no name"
    chosen = next(one for one in choices(page) if one.startswith("2027-03-08T22:00"))
    moved = desk.client.post(
        path(visit, "move"), {"request_id": str(uuid.uuid4()), "version": 1, "choose": chosen}, follow=True
    )
    assert "2:00 pm, Los Angeles, with Dr. Aba." in words(moved)


def test_a_visit_moves_to_any_time_that_is_typed(desk: Desk) -> None:
    visit = desk.consultation(at(9))
    desk.post(path(visit, "move"), version=1, on="2027-03-09", at="11:15", clinician="", room=str(desk.rooms[1].pk))
    assert (fresh(visit).starts_at, fresh(visit).room) == (at(11, 15, day=1), desk.rooms[1])


def test_a_double_click_moves_once(desk: Desk) -> None:
    visit, once = desk.consultation(at(9)), str(uuid.uuid4())
    for _ in range(2):
        answer = desk.post(path(visit, "move"), request_id=once, version=1, on=MONDAY, at="14:00")
        assert answer.headers["Location"] == path(visit)
    assert fresh(visit).version == 2


def test_a_change_meanwhile_is_told_with_the_visit_as_it_is_now(desk: Desk) -> None:
    visit = desk.consultation(at(9))
    booking.move(by=desk.doctor.user, visit_id=visit.pk, version=1, starts_at=at(15))
    page = desk.post(path(visit, "move"), version=1, on=MONDAY, at="14:00")
    assert errors.Stale.default_say in summary(page)
    assert "Monday, March 8, 3:00 pm to 4:00 pm" in words(page)
    assert 'value="14:00"' in page.content.decode()
    assert fresh(visit).starts_at == at(15)
    assert desk.post(path(visit, "move"), version=2, on=MONDAY, at="14:00").status_code == 302


@pytest.mark.parametrize(
    ("on", "hour", "say"),
    [
        ("2027-03-01", "10:00", "This time lies in the past. Choose a later one."),
        (MONDAY, "20:00", errors.OutsideHours.default_say),
        ("2027-03-14", "02:30", errors.NonexistentTime.default_say),
        ("9999-12-31", "02:30", "Please choose a day within the next two years."),
    ],
)
def test_a_move_is_refused_in_words_and_offers_others(desk: Desk, on: str, hour: str, say: str) -> None:
    visit = desk.consultation(at(9))
    page = desk.post(path(visit, "move"), version=1, on=on, at=hour)
    assert say in summary(page)
    assert choices(page)
    assert fresh(visit).version == 1


def test_an_infusion_is_offered_lawful_days_alone(desk: Desk) -> None:
    who, _ = desk.series(0, 2, 4)
    middle = Appointment.objects.get(patient=who, number=2)
    assert days(desk.get(path(middle, "move"))) == {"2027-03-10"}  # Tuesday and Thursday touch a neighbour
    page = desk.post(path(middle, "move"), version=1, on="2027-03-11", at="10:00")
    assert "(P3)" in summary(page)


def test_an_uncleared_patients_visit_is_not_moved_but_can_be_cancelled(desk: Desk) -> None:
    who, _ = desk.series(0, 2, 4)
    visit = Appointment.objects.get(patient=who, number=3)
    history.rewrite(who.clearance_set, until_on=at(8).date())
    page = desk.post(path(visit, "move"), version=1, on="2027-03-12", at="14:00")
    assert "Ask the clinician." in summary(page)
    answer = desk.post(path(visit, "cancel"), version=1, reason="The patient is ill.", note="")
    assert answer.status_code == 302
    assert fresh(visit).status == "cancelled"


def test_cancelling_names_what_is_lost_and_keeps_the_reason(desk: Desk) -> None:
    visit = desk.consultation(at(9))
    text = words(desk.get(path(visit, "cancel")))
    assert "The time on Monday, March 8, 9:00 am in Room 1 with Dr. Cho becomes free for others." in text
    desk.post(path(visit, "cancel"), version=1, reason="other", note="The bus broke down.")
    assert (fresh(visit).status, fresh(visit).cancelled_why) == ("cancelled", "The bus broke down.")
    assert "can no longer be cancelled" in words(desk.get(path(visit, "cancel")))
    assert "can no longer be moved" in words(desk.get(path(visit, "move")))


def test_a_cancelled_visit_of_a_series_says_until_when_one_mail_tells_of_its_repair(desk: Desk) -> None:
    desk.series(0, 2)
    visit = Appointment.objects.order_by("starts_at")[0]
    done = desk.post(path(visit, "cancel"), version=visit.version, reason="The patient is ill.", note="")
    assert "Their mail leaves in 3 minutes: repair the series before that" in words(desk.get(done["Location"]))


@pytest.mark.parametrize("email", ["ana@example.com", ""])
def test_who_has_no_mail_is_to_be_called(desk: Desk, email: str) -> None:
    """Entered at the desk without an address, nobody would tell them otherwise."""
    told, call = "The patient is told.", "No mail reaches this patient: call them."
    right, wrong = (told, call) if email else (call, told)
    visit = desk.consultation(at(9), who=cast.patient(email=email))
    moved = desk.post(path(visit, "move"), version=1, on=str(MONDAY), at="11:00")
    assert (call in words(desk.get(moved["Location"]))) is not bool(email)
    asked = words(desk.get(path(visit, "cancel")))
    done = desk.post(path(visit, "cancel"), version=2, reason="The patient is ill.", note="")
    for text in (asked, words(desk.get(done["Location"]))):
        assert right in text
        assert wrong not in text


@pytest.mark.parametrize(
    ("sent", "say"),
    [
        ({}, "Please fill this in."),
        ({"reason": "other", "note": "  "}, "Please say the reason in a few words."),
        ({"reason": "other", "note": "y" * 10_000}, "Please shorten this to 150 characters or fewer."),
        ({"reason": "The patient asked.", "version": 7}, errors.Stale.default_say),
    ],
)
def test_a_cancellation_without_reason_or_of_another_version_is_refused(
    desk: Desk, sent: dict[str, Any], say: str
) -> None:
    visit = desk.consultation(at(9))
    page = desk.post(path(visit, "cancel"), **{"version": 1, **sent})
    assert say in summary(page)
    assert fresh(visit).status == "booked"


def test_an_infusion_goes_its_way_from_the_door_to_the_discharge(desk: Desk) -> None:
    who, _ = desk.series(0, 2, 4)
    visit, doctor = Appointment.objects.get(patient=who, number=1), desk.as_clinician()
    assert desk.post(path(visit, "arrive"), version=1, back="arrivals").headers["Location"] == (
        f"/desk/arrivals/la/{MONDAY}/"
    )
    desk.post(path(visit, "check-in"), version=2, escort_name="Ana Ruiz", escort_phone="213 555 0111")
    assert "Start the visit" not in words(desk.get(path(visit)))
    assert desk.post(path(visit, "start"), version=3).status_code == 403
    assert "Measure blood pressure and heart rate first." in refusal(doctor.post(path(visit, "start"), version=3))
    cast.measured(visit, desk.doctor)
    doctor.post(path(visit, "start"), version=3)
    page = doctor.post(path(visit, "complete"), version=4, discharge=["0", "1"])
    assert "Tick every point of the discharge list" in refusal(page)
    assert page.content.decode().count("checked") == 2  # what was ticked stays
    doctor.post(path(visit, "complete"), version=4, discharge=[str(n) for n in range(len(door.DISCHARGE))])
    done = fresh(visit)
    assert (done.status, done.escort_name, done.discharge["by"]) == ("fulfilled", "Ana Ruiz", str(desk.doctor.user.pk))
    text = words(desk.get(path(visit)))
    assert re.search(r"Completed .* Started .* Checked in .* Arrived ", text.split("History")[1])


def test_a_step_sent_twice_is_taken_once(desk: Desk) -> None:
    visit, once = desk.consultation(at(9)), str(uuid.uuid4())
    for _ in range(2):
        assert desk.post(path(visit, "arrive"), request_id=once, version=1).status_code == 302
    assert fresh(visit).version == 2
    page = desk.post(path(visit, "arrive"), version=1)
    assert refusal(page) == errors.Stale.default_say


def test_nobody_is_checked_in_without_somebody_to_take_them_home(desk: Desk) -> None:
    who, _ = desk.series(0, escort_name="")
    visit = Appointment.objects.get(patient=who)
    Appointment.objects.filter(pk=visit.pk).update(escort_name="")
    desk.post(path(visit, "arrive"), version=1)
    page = desk.post(path(visit, "check-in"), version=2, escort_name=" ", escort_phone="213 555 0111")
    assert refusal(page) == "Name the person who takes the patient home first."
    assert 'value="213 555 0111"' in page.content.decode()
    assert fresh(visit).status == "arrived"


def test_whoever_did_not_fast_is_put_before_a_prescriber(desk: Desk) -> None:
    """CLINICAL D79: kept at check-in, seen on the arrivals, and no nurse starts it alone."""
    who, _ = desk.series(0, 2)
    visit = Appointment.objects.get(patient=who, number=1)
    desk.post(path(visit, "arrive"), version=1)
    assert "Fasting: ask" in words(desk.get(f"/desk/arrivals/la/{MONDAY}/"))
    wrong = desk.post(path(visit, "check-in"), version=2, fasted="maybe")
    assert "Did they fast as told?: Please choose one of the answers." in refusal(wrong)
    desk.post(path(visit, "check-in"), version=2, fasted="no")
    text = words(desk.get(f"/desk/arrivals/la/{MONDAY}/"))
    assert "Ask the clinician Consent signed Did not fast" in text
    nurse = cast.clinician(desk.site)
    cast.measured(visit, nurse)
    with pytest.raises(errors.ReviewNeeded, match="did not fast"):
        door.begin(by=nurse.user, visit_id=visit.pk, version=3)
    desk.as_clinician().post(path(visit, "start"), version=3)
    assert fresh(visit).started_at is not None


def test_a_held_visit_waits_for_the_review(desk: Desk) -> None:
    who, _ = desk.series(0, 2, 4, 7)
    held = Appointment.objects.get(patient=who, number=4)
    assert held.status == "held"
    with time_machine.travel(at(10, day=7), tick=False):
        desk.client.force_login(desk.user)
        assert "Mark arrived" not in words(desk.get(path(held)))
        for step in ("arrive", "check-in"):
            page = desk.post(path(held, step), version=held.version)
            assert refusal(page) == errors.ReviewNeeded.default_say
            assert "review" in refusal(page)
    assert fresh(held).status == "held"


@pytest.mark.parametrize("why", ["lapsed", "alert"])
def test_the_door_says_the_same_whatever_a_clinician_has_to_look_at(desk: Desk, why: str) -> None:
    who, _ = desk.series(0)
    visit = Appointment.objects.get(patient=who)
    desk.post(path(visit, "arrive"), version=1)
    if why == "lapsed":
        history.rewrite(who.clearance_set, until_on=at(8, day=-1).date())
    else:
        SafetyAlert.objects.create(
            patient=who, site=desk.site, tier="URGENT-2", trigger="staff", acknowledge_by=now() + timedelta(minutes=5)
        )
    page = desk.post(path(visit, "check-in"), version=2)
    assert refusal(page) == "Ask the clinician."
    assert "Readiness Ask the clinician" in words(page)
    assert fresh(visit).status == "arrived"


def test_the_desk_completes_a_talk_and_nobody_arrives_before_the_day(desk: Desk) -> None:
    visit, later = desk.consultation(at(9)), desk.consultation(at(9, day=1))
    page = desk.post(path(later, "arrive"), version=1)
    assert refusal(page) == "This visit is planned for another day."
    assert "planned for another day" in refusal(desk.post(path(later, "complete"), version=1))
    desk.post(path(visit, "arrive"), version=1)
    desk.post(path(visit, "complete"), version=2)
    assert fresh(visit).status == "fulfilled"


def test_a_no_show_is_not_marked_by_a_slip_in_the_list(desk: Desk) -> None:
    visit = desk.consultation(at(9))
    with time_machine.travel(at(9, 30), tick=False):
        desk.client.force_login(desk.user)
        listed = desk.get(f"/desk/arrivals/la/{MONDAY}/").content.decode()
        page = desk.get(path(visit))
    assert f'href="{path(visit)}#step-no-show"' in listed
    assert f'action="{path(visit, "no-show")}"' not in listed
    assert "cannot be taken back" in words(page)
    assert f'action="{path(visit, "no-show")}"' in page.content.decode()


def test_a_no_show_is_marked_once_the_time_has_come(desk: Desk) -> None:
    visit = desk.consultation(at(9))
    assert "cancel it instead" in refusal(desk.post(path(visit, "no-show"), version=1))
    with time_machine.travel(at(9, 30), tick=False):
        desk.client.force_login(desk.user)  # the session of the morning is over
        desk.post(path(visit, "no-show"), version=1)
    assert fresh(visit).status == "noshow"


@pytest.mark.parametrize("step", ["", "move", "cancel"])
def test_a_foreign_visit_is_not_found_by_any_door(desk: Desk, step: str) -> None:
    there = cast.other_site()
    cast.room(there)
    doctor = cast.prescriber(there)
    wish = booking.Wish(
        patient_id=cast.patient(there).pk, kind="consultation", site_id="lb", starts_at=at(9), clinician_id=doctor.pk
    )
    visit = booking.book(by=None, wish=wish)
    assert desk.get(path(visit, step)).status_code == 404
    for sent in ("move", "cancel", "arrive", "check-in", "complete", "no-show"):
        answer = desk.post(path(visit, sent), version=1, on=MONDAY, at="14:00", reason="The patient asked.")
        assert answer.status_code == 404
    assert desk.get(f"/desk/visits/{uuid.uuid4()}/{step + '/' if step else ''}").status_code == 404
    assert fresh(visit).version == 1


@pytest.mark.parametrize("step", ["arrive", "check-in", "start", "complete", "no-show"])
def test_steps_are_posted(desk: Desk, step: str) -> None:
    visit = desk.consultation(at(9))
    assert desk.get(path(visit, step)).status_code == 405
    desk.client.force_login(cast.user("patient"))
    assert desk.post(path(visit, step), version=1).status_code == 403
    assert fresh(visit).version == 1


def test_a_step_without_its_version_is_told(desk: Desk) -> None:
    visit = desk.consultation(at(9))
    assert "Please check" in refusal(desk.post(path(visit, "arrive")))
    assert fresh(visit).status == "booked"
