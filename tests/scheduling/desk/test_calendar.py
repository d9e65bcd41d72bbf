"""The day and the week: what stands on them, for whom, in how many queries."""

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from pacificmind.accounts.models import RoleGrant, User
from pacificmind.audit.models import Entry
from scheduling.models import Closure, Leave
from scheduling.services import booking, door, supply
from scheduling.services.booking import Wish
from tests import cast, history
from tests.scheduling.desk.conftest import MONDAY, Desk, at, clear, words

DAY = f"/desk/calendar/la/{MONDAY}/"
PAGES = (DAY, f"{DAY}?by=clinician", f"{DAY}week/", f"{DAY}print/", f"/desk/arrivals/la/{MONDAY}/")


def queries(desk: Desk, path: str) -> int:
    """What the page asks of the database; session, transaction and audit apart."""
    with CaptureQueriesContext(connection) as seen:
        assert desk.get(path).status_code == 200
    return sum(not re.search(r"django_session|SAVEPOINT|^BEGIN|^COMMIT", one["sql"]) for one in seen.captured_queries)


@pytest.mark.parametrize("path", PAGES)
def test_pages_ask_as_much_for_one_visit_as_for_three(desk: Desk, path: str) -> None:
    desk.series(0, 2, 4)
    one = queries(desk, path)
    desk.consultation(at(14))
    desk.series(0, 2, 4, hour=16)
    assert queries(desk, path) == one
    assert one <= 12


WEEKS = (f"{DAY}week/?sites=all", f"{DAY}week/?sites=all&by=clinician")


@pytest.mark.parametrize("path", WEEKS)
def test_a_week_of_both_sites_takes_no_more_queries(desk: Desk, path: str) -> None:
    lb = cast.other_site()
    RoleGrant.objects.create(user=desk.user, role="front_desk", site=lb)
    desk.user = User.objects.get(pk=desk.user.pk)  # with both grants
    cast.room(lb, "Bay")
    cast.prescriber(lb)
    desk.series(0, 2, 4)
    one = queries(desk, path)
    wish = Wish(patient_id=cast.patient().pk, kind="consultation", site_id="lb", starts_at=at(9))
    booking.book(by=desk.user, wish=wish)
    desk.series(1, 3, hour=16)
    assert queries(desk, path) == one
    assert one <= 12


def test_a_visit_shows_name_kind_number_state_and_readiness(desk: Desk) -> None:
    who, _ = desk.series(0, 2, 4)
    page = desk.get(DAY)
    block = re.search(r'<div class="visit .*?</div>', page.content.decode(), re.S)
    assert block is not None
    text = " ".join(re.sub(r"<[^>]+>", " ", block.group()).split())
    assert text == f"{who.full_name} 10:00 am Infusion, 1 of 6 Dr. Cho Booked Ready Move {who.full_name}"
    clear(page)


def test_a_visit_takes_its_rows_and_its_room_turns_over(desk: Desk) -> None:
    desk.series(0)
    html = desk.get(DAY).content.decode()
    assert '<td class="taken" rowspan="4">' in html  # two hours
    assert re.search(r"at=12%3A15&amp;room=" + str(desk.rooms[0].pk), html)  # 15 minutes of turnover, then free


def test_free_places_are_links_with_day_time_and_room(desk: Desk) -> None:
    page = desk.get(DAY)
    assert f'href="/desk/book/la/?on={MONDAY}&amp;at=10%3A30&amp;room={desk.rooms[1].pk}"' in page.content.decode()
    assert "Book 10:30 am , Room 2" in words(page)


def test_the_past_is_not_offered_and_now_is_said(desk: Desk) -> None:
    with time_machine.travel(at(11, 10), tick=False):
        desk.client.force_login(desk.user)
        text = words(desk.get(DAY))
    assert "Book 10:30 am" not in text
    assert "11:00 am Now" in text
    assert "It is 11:10 am" in text


def test_who_may_not_book_sees_what_is_free_all_the_same(desk: Desk) -> None:
    """A free place that looks like a closed one tells a manager that the day is full."""
    desk.client.force_login(cast.manager())
    with time_machine.travel(at(11, 10), tick=False):
        desk.client.force_login(cast.manager())
        page = desk.get(DAY).content.decode()
    assert "Book" not in page.split("<table")[1]
    assert page.count('class="past"') == 7 * 3  # three columns from 8:00 to the row of now
    assert '<td class="">' in page


def test_overlapping_rows_share_a_cell(desk: Desk) -> None:
    doctors = [desk.doctor, cast.prescriber(name="Dr. Dee")]
    for doctor in doctors:
        desk.consultation(at(9), telehealth=True, patient_state="CA", clinician_id=doctor.pk)
    desk.consultation(at(10, 15), clinician_id=doctors[0].pk, room_id=desk.rooms[0].pk)
    html = desk.get(DAY).content.decode()
    assert len(re.findall(r'<td class="taken"', html)) == 2
    table = html[html.index("<table") : html.index("</table")]
    assert len(re.findall(r'<div class="visit ', table)) == 3
    assert '<td class="taken" rowspan="3">' in html  # 10:15 to 11:15 touches three half hours


def test_hours_closures_and_leave_are_told(desk: Desk) -> None:
    Closure.objects.create(site=desk.site, starts_at=at(12), ends_at=at(13), reason="Staff meeting")
    Closure.objects.create(site=desk.site, room=desk.rooms[0], starts_at=at(15), ends_at=at(16), reason="Paint")
    Leave.objects.create(clinician=desk.doctor, starts_at=at(16), ends_at=at(18), reason="her own affair")
    page = desk.get(DAY)
    text = words(page)
    assert "Open 8:00 am to 6:00 pm." in text
    assert "12:00" not in re.findall(r"Book [\d:]+", text)
    html = page.content.decode()
    table = html[html.index("<table") : html.index("</table")]
    assert table.count("Closed: Staff meeting") == 6  # two half hours, three columns
    assert table.count("Closed: Paint") == 2
    Closure.objects.filter(reason="Paint").update(reason="Closed for the day")  # as the desk enters one
    assert "Closed: Closed" not in words(desk.get(DAY))
    assert "Away Dr. Cho, Monday, March 8, from 4:00 pm until 6:00 pm" in text
    assert "her own affair" not in text


def test_a_day_without_hours_says_so(desk: Desk) -> None:
    assert "Nothing here on this day" in words(desk.get("/desk/calendar/la/2027-03-07/"))


def test_cancelled_and_missed_visits_stand_below(desk: Desk) -> None:
    visit = desk.consultation(at(9))
    booking.cancel(by=desk.user, visit_id=visit.pk, version=1, why="The patient asked.")
    text = words(desk.get(DAY))
    assert "0 visits, 1 not coming" in text
    assert f"Cancelled 9:00 am, {visit.patient.full_name}" in text


def test_the_week_has_every_day_that_opens(desk: Desk) -> None:
    desk.series(0, 2, 4)
    text = words(desk.get(f"{DAY}week/"))
    days = re.findall(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), March \d+ (?:Today )?\d visit", text)
    assert days == ["Mon", "Tue", "Wed", "Thu", "Fri"]
    assert text.count("of 6") == 3


def test_looking_is_recorded_for_each_patient_shown(desk: Desk) -> None:
    who, _ = desk.series(0, 2)
    other = desk.consultation(at(14)).patient
    desk.get(DAY)
    rows = Entry.objects.filter(what="calendar, day", actor_id=desk.user.pk)
    assert set(rows.values_list("patient_id", flat=True)) == {who.pk, other.pk}


def test_the_calendar_opens_at_the_first_site_today(desk: Desk) -> None:
    assert desk.get("/desk/calendar/").headers["Location"] == DAY
    late = at(23, 30)  # already Tuesday in UTC
    with time_machine.travel(late, tick=False):
        desk.client.force_login(desk.user)
        assert desk.get("/desk/calendar/").headers["Location"] == DAY


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("?on=2027-05-04", "/desk/calendar/la/2027-05-04/"),
        ("?on=2027-05-04&view=week&site=la", "/desk/calendar/la/2027-05-04/week/"),
        ("?on=2027-05-04&view=arrivals", "/desk/arrivals/la/2027-05-04/"),
        ("?on=soon&view=%00", DAY),
    ],
)
def test_the_jump_form_leads_to_the_day(desk: Desk, query: str, path: str) -> None:
    assert desk.get(f"/desk/calendar/{query}").headers["Location"] == path


@pytest.mark.parametrize("path", PAGES)
def test_another_site_is_not_found(desk: Desk, path: str) -> None:
    cast.other_site()
    assert desk.get(path.replace("/la/", "/lb/")).status_code == 404
    assert desk.get(path.replace("/la/", "/nowhere/")).status_code == 404
    assert "Los Angeles" not in words(desk.get(path.replace("/la/", "/lb/")))


@pytest.mark.parametrize("day", ["2027-02-30", "0001-01-01", "9999-12-31", "tomorrow"])
def test_what_is_no_day_is_not_found(desk: Desk, day: str) -> None:
    assert desk.get(f"/desk/calendar/la/{day}/").status_code == 404


@pytest.mark.parametrize("path", PAGES)
def test_a_patient_is_refused_and_a_visitor_is_asked_to_sign_in(desk: Desk, path: str) -> None:
    who = cast.patient(account=True)
    assert who.user is not None
    desk.client.force_login(who.user)
    assert desk.get(path).status_code == 403
    desk.client.logout()
    assert desk.get(path).headers["Location"].startswith("/accounts/login/")


def test_a_manager_reads_every_site_and_is_offered_no_booking(desk: Desk) -> None:
    desk.client.force_login(cast.manager())
    page = desk.get(DAY)
    assert "Book " not in words(page)


def test_a_day_when_the_clocks_change_keeps_its_hours(desk: Desk) -> None:
    text = words(desk.get("/desk/calendar/la/2027-03-15/"))
    assert "Open 8:00 am to 6:00 pm" in text  # PDT, the Monday after the change


def test_the_day_sheet_has_what_paper_needs(desk: Desk) -> None:
    who, _ = desk.series(0)
    text = words(desk.get(f"{DAY}print/"))
    parts = (who.full_name, "10:00 am to noon", "Infusion, 1 of 6", "Room 1", "Dr. Cho", "Ready", "Luis Reyes", "911")
    for part in parts:
        assert part in text
    assert "(213) 555-0100" in text  # the site's own telephone: the screen may be dark


def test_the_day_sheet_says_who_needs_another_time(desk: Desk) -> None:
    """On paper as on the board: the clinician of this visit is away."""
    desk.series(0)
    assert "Needs another time" not in words(desk.get(f"{DAY}print/"))
    Leave.objects.create(clinician=desk.doctor, starts_at=at(0), ends_at=at(0, day=1), reason="Ill")
    assert "Needs another time" in words(desk.get(f"{DAY}print/"))


def test_a_break_over_a_visit_is_seen_on_the_board_as_in_the_list_of_what_waits(desk: Desk) -> None:
    who, _ = desk.series(0)
    supply.enter_leave(
        by=cast.manager(), clinician_id=desk.doctor.pk, starts_at=at(11), ends_at=at(11, 30), is_break=True
    )
    assert who.full_name in words(desk.get("/desk/repair/"))
    assert "Needs another time" in words(desk.get(DAY))


def test_the_sheet_of_tomorrow_is_a_click_away_the_evening_before(desk: Desk) -> None:
    assert 'href="/desk/calendar/la/2027-03-09/print/"' in desk.get(DAY).content.decode()
    assert "Tomorrow" not in words(desk.get("/desk/calendar/la/2027-03-09/"))


def test_arrivals_tell_who_is_here_late_and_to_be_asked_about(desk: Desk) -> None:
    late = desk.consultation(at(9))
    here = desk.consultation(at(14))
    who, _ = desk.series(0, hour=11, escort_name="")
    history.rewrite(who.clearance_set, until_on=at(8).date() - timedelta(days=1))  # lapsed since it was booked
    with time_machine.travel(at(9, 15), tick=False):
        desk.client.force_login(desk.user)
        door.arrive(by=desk.user, visit_id=here.pk, version=1)
        page = desk.get(f"/desk/arrivals/la/{MONDAY}/")
    text = words(page)
    assert "Still expected 2 Late 1 Here now 1 Done 0 Not coming 0 Ask the clinician 1" in text
    row = re.search(rf"{late.patient.full_name} 9:00 am.*?Did not come", text)
    assert row is not None
    assert "was due 15 minutes ago" in row.group()
    row = re.search(rf"{who.full_name} 11:00 am.*?Mark arrived", text)
    assert row is not None
    assert "Ask the clinician Consent signed Fasting: ask Not named yet Booked" in row.group()
    clear(page)


def test_an_empty_day_says_what_would_fill_it(desk: Desk) -> None:
    assert "Nobody is expected on this day" in words(desk.get(f"/desk/arrivals/la/{MONDAY}/"))


def test_clinicians_see_the_same_day(desk: Desk) -> None:
    who, _ = desk.series(0)
    seen: Any = desk.as_clinician().get(DAY)
    assert who.full_name in words(seen)
