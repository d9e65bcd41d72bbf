"""The manager's pages: settings, sites, hours, what is taken away; what is refused stands beside its field."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from pacificmind.accounts.models import RoleGrant, User
from pacificmind.audit.models import Entry
from pacificmind.clinic.models import ClinicSettings
from pacificmind.tasks.models import Kind, Task
from scheduling.domain import errors
from scheduling.models import Appointment, Closure, Leave, OpeningHours, Room, ShiftException, WeeklyShift
from scheduling.services import booking, settings, shifts
from scheduling.services.booking import Wish
from tests import cast
from tests.calendar import weekday_at
from tests.scheduling.people.conftest import signed_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def boss() -> User:
    return cast.manager()


@pytest.fixture
def client(boss: User) -> Client:
    return signed_in(boss)


def sent(client: Client, address: str, /, **changes: Any) -> Any:
    """The form on the page as a browser would send it, with these changes."""
    form = client.get(address).context["form"]
    data = {bound.html_name: bound.value() for bound in form if not (bound.value() is None or bound.value() is False)}
    data |= {"request_id": uuid.uuid4(), **changes}
    return client.post(address, {name: str(v) if not isinstance(v, list) else v for name, v in data.items() if v != ""})


def a_visit(hour: int = 10) -> Appointment:
    cast.visit_types()
    room = Room.objects.first() or cast.room()
    doctor = cast.prescriber()
    wish = Wish(
        patient_id=cast.patient().pk,
        kind="consultation",
        site_id="la",
        starts_at=weekday_at(hour),
        clinician_id=doctor.pk,
        room_id=room.pk,
    )
    return booking.book(by=None, wish=wish)


def to_move(visit: Appointment) -> int:
    return Task.objects.filter(kind=Kind.VISIT_TO_MOVE, subject_id=visit.pk, done_at__isnull=True).count()


@pytest.mark.parametrize("role", ["front_desk", "clinician", "patient"])
def test_only_a_manager_comes_in(role: str) -> None:
    client, person = signed_in(cast.user(role)), cast.receptionist()
    place = cast.site()
    for path in (
        "",
        "staff/",
        "staff/invite/",
        f"staff/{person.pk}/",
        f"sites/{place.pk}/",
        f"sites/{place.pk}/hours/",
    ):
        assert client.get(f"/manage/{path}").status_code == 403
    assert client.post(f"/manage/staff/{person.pk}/end/", {"request_id": uuid.uuid4()}).status_code == 403
    person.refresh_from_db()
    assert person.is_active


def test_settings_are_saved_and_the_names_of_the_fields_are_on_record(client: Client) -> None:
    assert sent(client, "/manage/", notice_hours=48, phone="213 555 0199").status_code == 302
    assert (ClinicSettings.current().notice_hours, str(ClinicSettings.current().phone)) == (48, "+12135550199")
    assert Entry.objects.get(what="change clinic settings").changes == {"fields": ["notice_hours", "phone"]}


def test_the_page_shows_every_setting_that_it_asks_for(client: Client) -> None:
    """A field that is required and not drawn would make the page impossible to save."""
    shown = client.get("/manage/")
    html = shown.content.decode()
    assert [name for name in shown.context["form"].fields if f'name="{name}"' not in html] == []


def test_days_of_reminders_and_check_ins_are_kept_once_each_in_their_order(client: Client) -> None:
    days = {"mail_reminder_days": "1, 7,1", "text_reminder_days": "", "check_in_days": "14, 1,3"}
    assert sent(client, "/manage/", **days).status_code == 302
    kept = ClinicSettings.current()
    assert (kept.mail_reminder_days, kept.text_reminder_days, kept.check_in_days) == ([7, 1], [], [1, 3, 14])
    answer = sent(client, "/manage/", mail_reminder_days="15")
    assert list(answer.context["form"].errors) == ["mail_reminder_days"]


@pytest.mark.parametrize(("field", "value"), [("stage_size", 9), ("booster_gap_days", 6), ("grid_minutes", 7)])
def test_settings_that_cannot_be_are_refused_beside_their_field(client: Client, field: str, value: int) -> None:
    answer = sent(client, "/manage/", **{field: value})
    assert list(answer.context["form"].errors) == [field]
    assert getattr(ClinicSettings.current(), field) != value


def test_two_managers_do_not_overwrite_each_other(client: Client, boss: User) -> None:
    page = client.get("/manage/").context["form"]
    sent(signed_in(cast.manager()), "/manage/", notice_hours=12)
    data = {bound.html_name: str(bound.value()) for bound in page} | {"notice_hours": "72"}
    assert "Somebody else changed this" in client.post("/manage/", data).content.decode()
    assert ClinicSettings.current().notice_hours == 12


def test_a_site_refuses_a_zone_that_nobody_knows(client: Client) -> None:
    place = cast.site()
    answer = sent(client, f"/manage/sites/{place.pk}/", zone="Mars/Olympus")
    assert "This time zone is not known" in str(answer.context["form"].errors["zone"])
    place.refresh_from_db()
    assert place.zone == cast.ZONE


def test_the_zone_stays_while_visits_are_to_come(client: Client) -> None:
    a_visit()
    answer = sent(client, "/manage/sites/la/", zone="America/New_York")
    assert "Visits are booked here" in answer.content.decode()


def test_hours_are_saved_with_several_ranges_a_day(client: Client) -> None:
    cast.site()
    address = "/manage/sites/la/hours/"
    week = {"0-0-starts": "08:00", "0-0-ends": "12:00", "0-1-starts": "13:00", "0-1-ends": "18:00"}
    assert sent(client, address, **week).status_code == 302
    monday = OpeningHours.objects.filter(site="la", weekday=0).values_list("opens__hour", "closes__hour")
    assert list(monday) == [(8, 12), (13, 18)]
    assert Entry.objects.filter(what="change opening hours").count() == 1


@pytest.mark.parametrize(
    ("week", "field", "words"),
    [
        ({"0-1-starts": "17:00", "0-1-ends": "19:00"}, "0-1-starts", "Monday: this overlaps"),
        ({"0-1-starts": "08:00", "0-1-ends": "18:00"}, "0-1-starts", "Monday: this overlaps"),
        ({"2-0-starts": "08:00", "2-0-ends": "08:00"}, "2-0-ends", "Wednesday: the end must come after"),
        ({"6-0-starts": "08:00"}, "6-0-ends", "Sunday: write both times"),
        ({"6-0-starts": "25:00", "6-0-ends": "10:00"}, "6-0-starts", "write the time"),
    ],
)
def test_hours_that_cannot_be_are_told_with_their_day(
    client: Client, week: dict[str, str], field: str, words: str
) -> None:
    cast.site()
    answer = sent(client, "/manage/sites/la/hours/", **week)
    assert list(answer.context["form"].errors) == [field]
    assert words in answer.content.decode()
    assert OpeningHours.objects.filter(site="la").count() == 5


def test_the_service_itself_refuses_overlapping_hours(boss: User) -> None:
    from datetime import time

    from scheduling.domain.week import Range

    cast.site()
    ranges = [Range(0, time(8), time(12)), Range(0, time(11), time(13))]
    seen = settings.seen_hours(settings.opening_hours("la"))
    with pytest.raises(errors.BookingRefused, match="Monday: this overlaps"):
        settings.set_opening_hours(by=boss, site_id="la", seen=seen, ranges=ranges)


def test_shorter_hours_ask_the_desk_to_move_what_lies_outside(client: Client) -> None:
    early, late = a_visit(10), a_visit(16)
    day = early.day.weekday()
    shorter = {f"{day}-0-ends": "15:00"}
    shown = sent(client, "/manage/sites/la/hours/", **shorter)
    assert [one.pk for one in shown.context["hit"]] == [late.pk]
    assert (to_move(late), OpeningHours.objects.filter(site="la", closes="15:00").count()) == (0, 0)
    kept = {bound.html_name: bound.value() for bound in shown.context["form"]}
    back = client.post("/manage/sites/la/hours/", {k: str(v or "") for k, v in kept.items()} | {"change": "1"})
    assert 'value="15:00"' in back.content.decode()
    sent(client, "/manage/sites/la/hours/", **shorter, confirm="1")
    assert (to_move(early), to_move(late)) == (0, 1)


def test_shifts_at_two_sites_must_not_overlap(client: Client) -> None:
    doctor = cast.clinician()
    RoleGrant.objects.create(user=doctor.user, role="clinician", site=cast.other_site())
    address = f"/manage/staff/{doctor.user_id}/shifts/"
    twice = {"0-1-starts": "12:00", "0-1-ends": "20:00", "0-1-site": "lb"}
    assert list(sent(client, address, **twice).context["form"].errors) == ["0-1-starts"]
    after = {"0-1-starts": "18:00", "0-1-ends": "20:00", "0-1-site": "lb"}
    assert sent(client, address, **after).status_code == 302
    assert WeeklyShift.objects.get(clinician=doctor, weekday=0, site="lb").ends.hour == 20


def span(visit: Appointment, **extra: Any) -> dict[str, Any]:
    day = visit.day.isoformat()
    return {"request_id": uuid.uuid4(), "from_on": day, "until_on": day, "reason": "Training", **extra}


def leave_of(visit: Appointment, **extra: Any) -> dict[str, Any]:
    return span(visit, kind="leave", site=visit.site_id, **extra)


def test_a_leave_is_shown_with_what_it_hits_before_it_is_saved(client: Client) -> None:
    visit = a_visit()
    address = f"/manage/staff/{visit.clinician.user_id}/leave/new/"
    shown = client.post(address, leave_of(visit))
    assert [one.pk for one in shown.context["hit"]] == [visit.pk]
    assert visit.patient.full_name in shown.content.decode()
    assert Entry.objects.filter(what="visits that a change hits", patient_id=visit.patient_id).count() == 1
    assert (Leave.objects.count(), to_move(visit)) == (0, 0)
    kept = {bound.html_name: str(bound.value() or "") for bound in shown.context["form"]}
    back = client.post(address, {**kept, "change": "1"}).content.decode()
    assert 'value="Training"' in back
    assert Leave.objects.count() == 0
    assert client.post(address, {**kept, "confirm": "1"}).status_code == 302
    assert (Leave.objects.count(), to_move(visit)) == (1, 1)
    leave = Leave.objects.get()
    assert leave.starts_at <= visit.starts_at < visit.ends_at <= leave.ends_at
    again = client.post(address, {**leave_of(visit), "confirm": "1"})
    assert "overlaps a leave" in again.content.decode()
    client.post(f"/manage/staff/{visit.clinician.user_id}/leave/{leave.pk}/end/")
    assert Leave.objects.count() == 0


def test_a_closure_of_a_room_hits_that_room_alone(client: Client) -> None:
    visit, other_room = a_visit(), cast.room()
    shown = client.post("/manage/sites/la/closures/new/", span(visit, room=other_room.pk))
    assert shown.context["hit"] == []
    shown = client.post("/manage/sites/la/closures/new/", span(visit))
    assert [one.pk for one in shown.context["hit"]] == [visit.pk]
    client.post("/manage/sites/la/closures/new/", span(visit, confirm="1"))
    assert (Closure.objects.count(), to_move(visit)) == (1, 1)


@pytest.mark.parametrize(
    ("extra", "field"),
    [({"until_on": "2020-01-01"}, "until_on"), ({"from_at": "10:00", "until_at": "10:00"}, "until_on")],
)
def test_a_time_that_ends_before_it_starts_is_told_beside_its_field(
    client: Client, extra: dict[str, str], field: str
) -> None:
    visit = a_visit()
    answer = client.post("/manage/sites/la/closures/new/", span(visit, confirm="1", **extra))
    assert list(answer.context["form"].errors) == [field]
    assert Closure.objects.count() == 0


def test_an_hour_that_the_clocks_skip_is_refused(client: Client) -> None:
    cast.site()
    data = {"request_id": uuid.uuid4(), "from_on": "2027-03-14", "from_at": "02:30", "until_on": "2027-03-14"}
    answer = client.post("/manage/sites/la/closures/new/", {**data, "reason": "x"})
    assert "does not exist" in str(answer.context["form"].errors["from_at"])


def test_a_room_out_of_use_shows_its_visits_first(client: Client) -> None:
    visit = a_visit()
    assert visit.room is not None
    address = f"/manage/sites/la/rooms/{visit.room_id}/"
    shown = sent(client, address, in_use="")
    assert [one.pk for one in shown.context["hit"]] == [visit.pk]
    visit.room.refresh_from_db()
    assert visit.room.in_use
    assert sent(client, address, in_use="", confirm="1").status_code == 302
    visit.room.refresh_from_db()
    assert (visit.room.in_use, to_move(visit)) == (False, 1)


def test_rooms_are_added_once_by_name(client: Client) -> None:
    cast.site()
    address = "/manage/sites/la/rooms/new/"
    assert sent(client, address, name="Cedar", turnover_minutes=20).status_code == 302
    assert "has this name" in sent(client, address, name="cedar", turnover_minutes=20).content.decode()
    assert Room.objects.get().turnover_minutes == 20


def test_a_day_off_on_one_date_shows_what_it_hits_and_can_be_taken_back(client: Client) -> None:
    visit = a_visit()
    person = visit.clinician.user_id
    data = {"request_id": uuid.uuid4(), "on": visit.day.isoformat(), "site": "la"}
    assert [v.pk for v in client.post(f"/manage/staff/{person}/days/new/", data).context["hit"]] == [visit.pk]
    client.post(f"/manage/staff/{person}/days/new/", {**data, "confirm": "1"})
    own = ShiftException.objects.get()
    assert (own.starts, to_move(visit)) == (None, 1)
    client.post(f"/manage/staff/{person}/days/{own.pk}/end/")
    assert ShiftException.objects.count() == 0


def test_a_treatment_is_never_offered_for_booking_online(client: Client) -> None:
    cast.visit_types()
    sent(client, "/manage/visit-types/infusion/", patient_may_book="on", minutes=150)
    from scheduling.models import VisitType

    kind = VisitType.objects.get(pk="infusion")
    assert (kind.minutes, kind.patient_may_book) == (150, False)


def test_shifts_need_a_manager_in_the_service_too() -> None:
    from django.core.exceptions import PermissionDenied

    doctor = cast.clinician()
    with pytest.raises(PermissionDenied):
        shifts.set_weekly_shifts(by=doctor.user, clinician_id=doctor.pk, seen="", ranges=[])
    assert WeeklyShift.objects.filter(clinician=doctor).count() == 5


def test_the_staff_list_takes_as_many_queries_for_three_as_for_one(client: Client) -> None:
    def queries() -> int:
        cache.clear()
        with CaptureQueriesContext(connection) as found:
            client.get("/manage/staff/")
        return len(found)

    cast.clinician()
    one = queries()
    for _ in range(2):
        cast.clinician()
        cast.receptionist()
    assert queries() == one


def test_patients_are_not_among_the_staff(client: Client) -> None:
    who = cast.patient(account=True)
    assert who.user is not None
    assert who.user.email not in client.get("/manage/staff/").content.decode()
    assert client.get(f"/manage/staff/{who.user_id}/").status_code == 404
    assert client.post(f"/manage/staff/{who.user_id}/end/", {"request_id": uuid.uuid4()}).status_code == 404


def test_a_closure_of_more_than_a_year_is_asked_about(client: Client) -> None:
    visit = a_visit()
    until = (visit.day + timedelta(days=400)).isoformat()
    answer = client.post("/manage/sites/la/closures/new/", span(visit, until_on=until, confirm="1"))
    assert "longer than a year" in answer.content.decode()
