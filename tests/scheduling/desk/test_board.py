"""The board beyond its table: clinicians, both sites, overruns, breaks, keeping up to date."""

import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from psycopg2.extras import NumericRange

from pacificmind.accounts.models import RoleGrant, User
from pacificmind.audit.models import Entry
from pacificmind.clock import now
from scheduling.models import Appointment, Closure, Leave, Room, ShiftException
from scheduling.services import booking, door
from scheduling.services.booking import Wish
from tests import cast, history
from tests.scheduling.desk.conftest import MONDAY, Desk, at, clear, words

DAY = f"/desk/calendar/la/{MONDAY}/"
VERSION, ROWS = f"/desk/board/la/{MONDAY}/version/", f"/desk/board/la/{MONDAY}/rows/"


def table(page: Any) -> str:
    """The server-rendered table alone."""
    html: str = page.content.decode()
    return html[html.index("<table") : html.index("</table")]


def marks(page: Any) -> str:
    """What a browser that shows this page would send back."""
    return ",".join(re.findall(r'data-mark="(\w+)"', page.content.decode()))


def version(desk: Desk) -> str:
    return str(desk.get(VERSION).content.decode())


def start_over_time(desk: Desk) -> Appointment:
    """An infusion from 10 to 12 that has been started; the clock stands at 12:20."""
    desk.series(0)
    visit = Appointment.objects.get()
    with time_machine.travel(at(10), tick=False):
        for step in (door.arrive, door.check_in):
            visit = step(by=desk.user, visit_id=visit.pk, version=visit.version)
        cast.measured(visit, desk.doctor)
        return door.begin(by=desk.doctor.user, visit_id=visit.pk, version=visit.version)


# ---- columns ----------------------------------------------------------------------------------------------------


def test_columns_can_be_clinicians_with_their_breaks(desk: Desk) -> None:
    Leave.objects.create(clinician=desk.doctor, starts_at=at(12), ends_at=at(12, 30), is_break=True)
    desk.series(0)
    page = desk.get(f"{DAY}?by=clinician")
    head = re.findall(r'data-column-head="clinician:([^"]+)"', page.content.decode())
    assert head == [str(desk.doctor.pk)]
    assert '<td class="break"' in table(page)
    assert "Break" in table(page)
    assert "Away" not in words(page)
    assert f"clinician={desk.doctor.pk}" in page.content.decode()  # a free place names whom it books
    clear(page)


@pytest.mark.parametrize("path", [DAY, f"{DAY}?by=clinician", f"{DAY}week/"])
def test_a_visit_whose_clinician_is_away_says_that_it_needs_another_time(desk: Desk, path: str) -> None:
    other = cast.prescriber(name="Dr. Diaz")
    lost = desk.consultation(at(14), clinician_id=desk.doctor.pk)
    desk.consultation(at(14), clinician_id=other.pk)
    assert "Needs another time" not in words(desk.get(path))
    Leave.objects.create(clinician=desk.doctor, starts_at=at(12), ends_at=at(13), is_break=True)
    Leave.objects.create(clinician=desk.doctor, starts_at=at(13), ends_at=at(17))
    shown = table(desk.get(path))
    assert shown.count("Needs another time") == 1
    assert str(lost.pk) in shown.split("Needs another time")[0].split("data-visit=")[-1]


def test_by_room_the_leave_of_somebody_here_for_a_single_shift_is_shown(desk: Desk) -> None:
    guest = cast.prescriber(cast.other_site(), name="Dr. Guest")
    guest.weeklyshift_set.all().delete()
    leave = Leave.objects.create(clinician=guest, starts_at=at(12), ends_at=at(15))
    assert "Dr. Guest" not in words(desk.get(DAY)), "who does not work here is not away from here"
    ShiftException.objects.create(clinician=guest, site=desk.site, on=MONDAY, starts="08:00", ends="17:00")
    assert "Dr. Guest" in words(desk.get(DAY))
    leave.delete()
    desk.consultation(at(13), clinician_id=guest.pk)
    Leave.objects.create(clinician=guest, starts_at=at(12), ends_at=at(15))
    for path in (DAY, f"{DAY}week/"):
        assert "Needs another time" in words(desk.get(path)), path


def test_visits_that_overlap_in_part_stand_each_at_its_own_time(desk: Desk) -> None:
    """10 to 12, 11:30 to 1:30, 12 to 2: the third goes below the first; the cell begins at ten and has eight rows."""
    visits = [Appointment.objects.get(series=desk.series(0, hour=hour)[1]) for hour in (8, 11, 14)]
    for n, start, room, lane in ((1, at(11, 30), 1, 1), (0, at(10), 0, 0), (2, at(12), 0, 0)):
        end = start + timedelta(hours=2)
        Appointment.objects.filter(pk=visits[n].pk).update(
            starts_at=start, ends_at=end, room_free_at=end, room=desk.rooms[room], lanes=NumericRange(lane, lane + 1)
        )
    shown = re.findall(r'class="visit [^"]*?(lane-\d at-\d rows-\d)', table(desk.get(f"{DAY}?by=clinician")))
    assert shown == ["lane-0 at-0 rows-4", "lane-1 at-3 rows-4", "lane-0 at-4 rows-4"]
    assert "visits-at" not in table(desk.get(DAY)), "by room nobody overlaps"


def test_a_lane_that_is_left_can_be_booked_beside_an_infusion(desk: Desk) -> None:
    desk.series(0)  # Dr. Cho has two lanes
    taken = re.search(r'<td class="taken".*?</td>', table(desk.get(f"{DAY}?by=clinician")), re.S)
    assert taken is not None
    assert "Book" in taken.group()


def test_hours_off_shift_are_not_offered(desk: Desk) -> None:
    desk.doctor.weeklyshift_set.filter(weekday=0).update(starts="10:00")
    html = table(desk.get(f"{DAY}?by=clinician"))
    assert html.count("Off shift") == 4
    assert "at=09%3A30" not in html


def both_sites(desk: Desk) -> Room:
    """The receptionist works at the second site too."""
    lb = cast.other_site()
    RoleGrant.objects.create(user=desk.user, role="front_desk", site=lb)
    desk.user = User.objects.get(pk=desk.user.pk)  # with both grants
    cast.prescriber(lb)
    return cast.room(lb, "Bay")


def test_both_sites_stand_side_by_side_only_for_who_sees_both(desk: Desk) -> None:
    bay = both_sites(desk)
    wish = Wish(patient_id=cast.patient().pk, kind="consultation", site_id="lb", starts_at=at(9), room_id=bay.pk)
    there = booking.book(by=desk.user, wish=wish)
    page = desk.get(f"{DAY}?sites=all")
    assert f"room:{bay.pk}" in page.content.decode()
    assert there.patient.full_name in words(page)
    assert Entry.objects.filter(what="calendar, day", patient_id=there.patient_id).exists()
    outsider = Client()
    outsider.force_login(cast.receptionist())
    assert there.patient.full_name not in words(outsider.get(f"{DAY}?sites=all"))


def test_the_week_has_a_row_for_each_room_and_a_place_to_book(desk: Desk) -> None:
    desk.series(0, 2, 4)
    html = table(desk.get(f"{DAY}week/"))
    assert re.findall(r'<th scope="row">([^<]+)', html) == ["Room 1", "Room 2", "Video"]
    assert html.count('class="week-book"') == 15


def test_the_address_keeps_what_was_chosen(desk: Desk) -> None:
    both_sites(desk)
    query = urlencode({"by": "clinician", "sites": "all"})
    html = desk.get(f"{DAY}?{query}").content.decode()
    assert f"/desk/calendar/la/2027-03-09/?{query.replace('&', '&amp;')}" in html  # the next day
    assert "/desk/board/la/2027-03-08/version/?by=clinician&amp;sites=all" in html


# ---- what needs a person ----------------------------------------------------------------------------------------


def test_what_is_missing_is_said_by_name(desk: Desk) -> None:
    who, _ = desk.series(0, escort_name="")
    Appointment.objects.update(escort_name="")
    history.rewrite(who.clearance_set, until_on=at(8).date() - timedelta(days=1))
    who.consent_set.update(withdrawn_at=now())
    html = table(desk.get(DAY))
    for word in ("Ask the clinician", "No consent yet", "No escort yet"):
        assert word in html
    assert ">Ready<" not in html


def test_an_overrun_says_whom_it_makes_wait(desk: Desk) -> None:
    start_over_time(desk)
    waits = desk.consultation(at(12, 15), room_id=desk.rooms[0].pk, clinician_id=cast.prescriber().pk)
    calm = desk.consultation(at(14), room_id=desk.rooms[1].pk)
    with time_machine.travel(at(12, 5), tick=False):
        desk.client.force_login(desk.user)
        page = desk.get(DAY)
    text = words(page)
    assert "should have ended at noon" in text
    assert f"Waiting for it: {waits.patient.full_name} (12:15 pm)" in text  # 15 minutes of turnover come first
    assert calm.patient.full_name not in text[text.index("Waiting") :].split(".")[0]
    assert "Over by 5 min" in table(page)


def test_an_overrun_in_a_clinicians_lanes_counts_too(desk: Desk) -> None:
    start_over_time(desk)
    waits = desk.consultation(at(12), room_id=desk.rooms[1].pk, clinician_id=desk.doctor.pk)  # takes all her lanes
    with time_machine.travel(at(12, 10), tick=False):
        desk.client.force_login(desk.user)
        text = words(desk.get(DAY))
    assert f"{waits.patient.full_name} (noon, with Dr. Cho)" in text


def test_nothing_runs_over_before_its_end(desk: Desk) -> None:
    start_over_time(desk)
    with time_machine.travel(at(11, 59), tick=False):
        desk.client.force_login(desk.user)
        assert "should have ended" not in words(desk.get(DAY))


# ---- keeping up to date -----------------------------------------------------------------------------------------


def test_the_version_follows_every_change(desk: Desk) -> None:
    visit = desk.consultation(at(14))
    known = [version(desk)]
    assert version(desk) == known[0]

    booking.move(by=desk.user, visit_id=visit.pk, version=1, starts_at=at(15))
    known.append(version(desk))
    Closure.objects.create(site=desk.site, starts_at=at(12), ends_at=at(13), reason="Paint")
    known.append(version(desk))
    Leave.objects.create(clinician=desk.doctor, starts_at=at(16), ends_at=at(17))
    known.append(version(desk))
    with time_machine.travel(at(15, 11), tick=False):  # ten minutes late: a change without a write
        desk.client.force_login(desk.user)
        known.append(version(desk))
    assert len(set(known)) == len(known)


def test_the_version_is_the_pages_own_and_heeds_its_range_alone(desk: Desk) -> None:
    desk.consultation(at(14))
    page = desk.get(DAY).content.decode()
    assert f'data-version="{version(desk)}"' in page
    before = version(desk)
    desk.consultation(at(14, day=1))
    assert version(desk) == before


def test_asking_for_the_version_is_one_query_and_leaves_no_trace(desk: Desk) -> None:
    desk.consultation(at(14))
    desk.get(DAY)
    before, until = Entry.objects.count(), Session.objects.get().expire_date
    with time_machine.travel(at(8, 1), tick=False), CaptureQueriesContext(connection) as seen:
        desk.get(VERSION)
    asked = [one["sql"] for one in seen.captured_queries if "scheduling_" in one["sql"]]
    assert len(asked) == 1
    assert not [one for one in seen.captured_queries if one["sql"].startswith(("UPDATE", "INSERT"))]
    assert Entry.objects.count() == before
    assert Session.objects.get().expire_date == until


def looked_at(since: int) -> set[Any]:
    return set(Entry.objects.filter(id__gt=since, what="calendar, day").values_list("patient_id", flat=True))


def newest() -> int:
    return Entry.objects.order_by("-id").values_list("id", flat=True)[0]


def test_rows_anew_audit_only_what_changed(desk: Desk) -> None:
    still, moved = desk.consultation(at(14)), desk.consultation(at(15))
    page = desk.get(DAY)
    since, until = newest(), Session.objects.get().expire_date
    again = desk.post(ROWS, seen=marks(page))
    assert again.status_code == 200
    assert still.patient.full_name in words(again)
    assert looked_at(since) == set()

    booking.move(by=desk.user, visit_id=moved.pk, version=1, starts_at=at(16))
    since = newest()
    with time_machine.travel(at(8, 1), tick=False):
        changed = desk.post(ROWS, seen=marks(page))
    assert "4:00 pm" in words(changed)
    assert looked_at(since) == {moved.patient_id}
    assert Session.objects.get().expire_date == until


def test_marks_of_another_reader_prove_nothing(desk: Desk) -> None:
    visit = desk.consultation(at(14))
    page = desk.get(DAY)
    other = Client()
    other.force_login(cast.receptionist())
    since = newest()
    other.post(ROWS, {"seen": marks(page)})
    assert looked_at(since) == {visit.patient_id}


def test_rows_carry_readiness_that_changed_elsewhere(desk: Desk) -> None:
    who, _ = desk.series(0)
    page = desk.get(DAY)
    history.rewrite(who.clearance_set, until_on=at(8).date() - timedelta(days=1))
    since = newest()
    assert "Ask the clinician" in words(desk.post(ROWS, seen=marks(page)))
    assert looked_at(since) == {who.pk}
