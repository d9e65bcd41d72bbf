"""Supply by managers: sites, holidays, midnight, features, kinds of visit, breaks; and no visit left without a task."""

import re
import uuid
from datetime import date, time
from typing import Any

import pytest
from django.test import Client

from pacificmind.accounts.models import Clinician, RoleGrant
from pacificmind.clinic.models import Site
from pacificmind.clock import now
from scheduling.models import Closure, Leave, OpeningHours, Room, ShiftException, VisitType, WeeklyShift
from scheduling.queries import calendar
from scheduling.services import booking
from scheduling.services.booking import Wish
from tests import cast
from tests.calendar import weekday_at
from tests.scheduling.manage.test_manage import a_visit, leave_of, sent, span, to_move
from tests.scheduling.people.conftest import signed_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def client() -> Client:
    return signed_in(cast.manager())


def hits(answer: Any) -> list[uuid.UUID]:
    return [one.pk for one in answer.context["hit"]]


NEW_SITE = {
    "name": "Santa Ana",
    "slug": "Santa-Ana",
    "address": "1 Main Street",
    "phone": "714 555 0123",
    "state": "ca",
}


def test_a_site_is_added_and_nothing_can_be_booked_before_it_has_hours(client: Client) -> None:
    assert sent(client, "/manage/sites/new/", **NEW_SITE).headers["Location"] == "/manage/sites/santa-ana/"
    made = Site.objects.get(pk="santa-ana")
    assert (made.state, str(made.phone), made.zone) == ("CA", "+17145550123", cast.ZONE)
    assert "nothing can be booked here" in client.get("/manage/sites/santa-ana/").content.decode()
    assert client.get("/manage/week/santa-ana/2027-03-08/").status_code == 200


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"zone": "America/Los_Angelos"}, "zone", "This time zone is not known"),
        ({"slug": "new"}, "slug", "Choose another short name"),
        ({"slug": "la"}, "__all__", "has this short name"),
        ({"name": "los angeles"}, "__all__", "has this name"),
        ({"slug": "two words"}, "slug", "letters"),
    ],
)
def test_a_site_that_cannot_be_is_refused_in_words(
    client: Client, change: dict[str, str], field: str, words: str
) -> None:
    cast.site()
    answer = sent(client, "/manage/sites/new/", **{**NEW_SITE, **change})
    assert list(answer.context["form"].errors) == [field]
    assert words in str(answer.context["form"].errors)
    assert Site.objects.count() == 1


def test_a_site_and_a_shift_may_last_until_midnight(client: Client) -> None:
    cast.visit_types()
    cast.room()
    doctor = cast.prescriber()
    late = {"0-0-starts": "20:00", "0-0-ends": "00:00"}
    assert sent(client, "/manage/sites/la/hours/", **late).status_code == 302
    assert sent(client, f"/manage/staff/{doctor.user_id}/shifts/", **late, **{"0-0-site": "la"}).status_code == 302
    assert OpeningHours.objects.get(site="la", weekday=0).closes == time()
    site, day = cast.site(), weekday_at(12).astimezone(cast.site().tz).date()
    found = calendar.free_starts(site, "consultation", from_day=day, until_day=date.fromordinal(day.toordinal() + 1))
    assert [f"{one.start.astimezone(site.tz):%H:%M}" for one in found][-1] == "23:00"
    wish = Wish(patient_id=cast.patient().pk, kind="consultation", site_id="la", starts_at=weekday_at(23))
    visit = booking.book(by=None, wish=wish)
    assert hits(sent(client, "/manage/sites/la/hours/", **{"0-0-ends": "23:30"})) == [visit.pk]
    assert "midnight" in client.get("/manage/sites/la/").content.decode()
    assert "8 pm to midnight" in client.get(f"/manage/week/la/{day}/").content.decode()


def test_overlapping_midnight_and_ends_before_starts_are_told(client: Client) -> None:
    cast.site()
    twice = {"0-0-starts": "20:00", "0-0-ends": "00:00", "0-1-starts": "23:00", "0-1-ends": "23:30"}
    assert list(sent(client, "/manage/sites/la/hours/", **twice).context["form"].errors) == ["0-1-starts"]


class TestHolidays:
    """Ticked, looked at, entered as closures, once."""

    def page(self, client: Client, **data: Any) -> Any:
        year = now().year + 1
        return client.post(f"/manage/sites/la/holidays/?year={year}", {"request_id": uuid.uuid4(), **data})

    def test_they_are_shown_with_their_visits_and_entered_once(self, client: Client) -> None:
        cast.visit_types()
        cast.room()
        cast.prescriber()
        year = now().year + 1
        offered = client.get(f"/manage/sites/la/holidays/?year={year}").context["form"].by_value
        assert all(one.on.weekday() < 5 for one in offered.values()), "the site does not open on weekends"
        labor_day = next(value for value, one in offered.items() if one.name == "Labor Day")
        shown = self.page(client, days=[labor_day])
        assert hits(shown) == []
        assert not Closure.objects.exists()
        assert self.page(client, days=[labor_day], confirm="1").status_code == 302
        closure = Closure.objects.get()
        zone = cast.site().tz
        assert (closure.reason, closure.room) == ("Labor Day", None)
        assert closure.starts_at.astimezone(zone).isoformat().startswith(f"{labor_day}T00:00")
        assert (closure.ends_at - closure.starts_at).total_seconds() == 24 * 3600
        again = client.get(f"/manage/sites/la/holidays/?year={year}")
        assert labor_day not in again.context["form"].by_value
        assert "Closed already" in again.content.decode()

    def test_a_visit_on_a_holiday_gets_its_task(self, client: Client, time_machine: Any) -> None:
        time_machine.move_to("2027-06-28T17:00:00Z")  # Monday; the next one is July 5
        visit = a_visit()
        assert visit.day == date(2027, 7, 5)
        address = "/manage/sites/la/holidays/?year=2027"
        data = {"request_id": uuid.uuid4(), "days": ["2027-07-05"]}
        client = signed_in(cast.manager())
        assert hits(client.post(address, data)) == [visit.pk]
        client.post(address, {**data, "confirm": "1"})
        assert to_move(visit) == 1
        page = client.get("/manage/sites/la/").content.decode()
        assert "1 visit still lies in it." in page

    def test_nothing_ticked_and_days_that_are_no_holidays_are_refused(self, client: Client) -> None:
        cast.site()
        assert "Tick at least one day" in self.page(client).content.decode()
        assert list(self.page(client, days=["2027-02-03"], confirm="1").context["form"].errors) == ["days"]
        assert not Closure.objects.exists()


@pytest.mark.parametrize("what", ["leave", "closure"])
def test_what_hits_visits_leads_on_to_their_repair(client: Client, what: str) -> None:
    visit, other = a_visit(), cast.prescriber()
    leave = f"/manage/staff/{visit.clinician.user_id}/leave/new/"
    address = leave if what == "leave" else "/manage/sites/la/closures/new/"
    data = leave_of(visit) if what == "leave" else span(visit)
    assert "all of " in client.post(address, data).content.decode().lower()
    page = client.post(address, data | {"confirm": "1"}, follow=True)
    assert page.redirect_chain[0][0].startswith("/desk/repair/")
    assert "Here is a proposal for the visits that lie in it." in page.content.decode()
    assert visit.patient.full_name in page.content.decode()
    assert to_move(visit) == 1, "who leaves the proposal leaves a task"
    free = f"/manage/staff/{other.user_id}/leave/new/"
    nobody = client.post(free, leave_of(visit) | {"confirm": "1"}, follow=True)
    assert nobody.redirect_chain[-1][0] == f"/manage/staff/{other.user_id}/"


def test_a_closure_that_is_entered_already_is_not_entered_twice(client: Client) -> None:
    visit = a_visit()
    client.post("/manage/sites/la/closures/new/", span(visit, confirm="1"))
    again = client.post("/manage/sites/la/closures/new/", span(visit, confirm="1"))
    assert "closed for the whole of that time already" in again.content.decode()
    assert Closure.objects.count() == 1


def test_a_break_lies_within_a_day_and_nothing_is_booked_into_it(client: Client) -> None:
    visit = a_visit(10)
    address = f"/manage/staff/{visit.clinician.user_id}/leave/new/"
    noon = leave_of(visit) | {"kind": "break", "from_at": "12:00", "until_at": "12:45"}
    assert list(client.post(address, leave_of(visit) | {"kind": "break"}).context["form"].errors) == ["from_at"]
    long = noon | {"until_at": "17:00"}
    assert list(client.post(address, long).context["form"].errors) == ["until_on"]
    assert hits(client.post(address, noon)) == []
    client.post(address, {**noon, "confirm": "1"})
    assert Leave.objects.get().is_break
    found = calendar.free_starts(
        cast.site(), "consultation", from_day=visit.day, until_day=date.fromordinal(visit.day.toordinal() + 1)
    )
    starts = {f"{one.start.astimezone(cast.site().tz):%H:%M}" for one in found}
    assert "12:45" in starts
    assert not {"11:15", "12:00", "12:30"} & starts


def test_leave_is_meant_at_the_clock_of_the_site_that_is_chosen(client: Client) -> None:
    doctor = cast.clinician()
    Site.objects.create(slug="ny", name="New York", address="2 Elm", phone="+12125550100", zone="America/New_York")
    data = {"kind": "leave", "from_on": "2027-03-08", "from_at": "09:00", "until_on": "2027-03-08", "until_at": "17:00"}
    for site, hour in (("la", 17), ("ny", 14)):
        Leave.objects.all().delete()
        more = {"site": site, "request_id": uuid.uuid4(), "confirm": "1"}
        client.post(f"/manage/staff/{doctor.user_id}/leave/new/", {**data, **more})
        assert Leave.objects.get().starts_at.hour == hour


def test_a_room_without_what_a_kind_needs_shows_the_visits_it_hits(client: Client) -> None:
    room = cast.room(features=["monitor"])
    cast.visit_types()
    VisitType.objects.filter(kind="consultation").update(needs=["monitor"])
    visit = a_visit()
    assert visit.room == room
    address = f"/manage/sites/la/rooms/{room.pk}/"
    assert hits(sent(client, address, features=[])) == [visit.pk]
    sent(client, address, features=["quiet"], confirm="1")
    room.refresh_from_db()
    assert (room.features, to_move(visit)) == (["quiet"], 1)


def test_a_kind_of_visit_has_all_its_fields_and_shows_what_new_needs_hit(client: Client) -> None:
    visit = a_visit()
    address = "/manage/visit-types/consultation/"
    fields = {
        "minutes": 45,
        "turnover_minutes": 10,
        "buffer_minutes": 5,
        "notice_hours": 12,
        "horizon_days": 90,
        "desk_may_book": "",
        "needs": ["quiet"],
    }
    assert hits(sent(client, address, **fields)) == [visit.pk]
    assert VisitType.objects.get(kind="consultation").minutes == 60
    sent(client, address, **fields, confirm="1")
    kind = VisitType.objects.get(kind="consultation")
    assert (kind.minutes, kind.turnover_minutes, kind.buffer_minutes) == (45, 10, 5)
    assert (kind.notice_hours, kind.horizon_days, kind.desk_may_book, kind.needs) == (12, 90, False, ["quiet"])
    assert to_move(visit) == 1


@pytest.mark.parametrize(
    ("field", "value"), [("minutes", 0), ("buffer_minutes", 121), ("turnover_minutes", 241), ("horizon_days", 0)]
)
def test_a_kind_of_visit_that_cannot_be_is_refused_beside_its_field(client: Client, field: str, value: int) -> None:
    cast.visit_types()
    answer = sent(client, "/manage/visit-types/consultation/", **{field: value})
    assert list(answer.context["form"].errors) == [field]
    assert VisitType.objects.get(kind="consultation").minutes == 60


class TestStaff:
    """What somebody may no longer do leaves no visit behind."""

    def test_no_prescriber_any_more_shows_the_talks_they_hold(self, client: Client) -> None:
        visit = a_visit()
        address = f"/manage/staff/{visit.clinician.user_id}/"
        shown = sent(client, address, is_prescriber="")
        assert hits(shown) == [visit.pk]
        assert Clinician.objects.get(pk=visit.clinician_id).is_prescriber
        sent(client, address, is_prescriber="", confirm="1")
        assert not Clinician.objects.get(pk=visit.clinician_id).is_prescriber
        assert to_move(visit) == 1

    def test_a_name_changes_without_touching_a_visit(self, client: Client) -> None:
        visit = a_visit()
        assert sent(client, f"/manage/staff/{visit.clinician.user_id}/", name="Dr. Ona Reed").status_code == 302
        assert to_move(visit) == 0

    def test_a_role_with_shifts_at_its_site_is_not_taken_away(self, client: Client) -> None:
        doctor = cast.prescriber()
        answer = sent(client, f"/manage/staff/{doctor.user_id}/", clinician=[], front_desk=["la"], confirm="1")
        assert "Take those out of their week first" in str(answer.context["form"].errors["clinician"])
        assert RoleGrant.objects.filter(user=doctor.user, role="clinician").exists()

    def test_shifts_are_offered_only_where_they_are_a_clinician(self, client: Client) -> None:
        doctor = cast.prescriber()
        cast.other_site()
        address = f"/manage/staff/{doctor.user_id}/shifts/"
        answer = sent(client, address, **{"5-0-starts": "09:00", "5-0-ends": "12:00", "5-0-site": "lb"})
        assert list(answer.context["form"].errors) == ["5-0-site"]
        assert not WeeklyShift.objects.filter(site="lb").exists()

    def test_shorter_shifts_show_what_they_hit(self, client: Client) -> None:
        visit = a_visit(16)
        address = f"/manage/staff/{visit.clinician.user_id}/shifts/"
        changes = {f"{visit.day.weekday()}-0-ends": "12:00"}
        assert hits(sent(client, address, **changes)) == [visit.pk]
        sent(client, address, **changes, confirm="1")
        assert to_move(visit) == 1

    def test_an_own_day_is_meant_where_they_work_unless_another_site_is_chosen(self, client: Client) -> None:
        doctor = cast.prescriber()
        Site.objects.create(slug="aa", name="A first one")  # before theirs by name
        page = client.get(f"/manage/staff/{doctor.user_id}/days/new/").content.decode()
        assert re.search(r'value="la"\s+selected', page)

    def test_an_own_day_that_holds_a_visit_is_removed_only_after_a_look(self, client: Client) -> None:
        cast.visit_types()
        cast.room()
        doctor = cast.prescriber()
        WeeklyShift.objects.filter(clinician=doctor, weekday=0).update(weekday=6)
        day = weekday_at(9).astimezone(cast.site().tz).date()
        own = ShiftException.objects.create(clinician=doctor, site=cast.site(), on=day, starts=time(8), ends=time(18))
        wish = Wish(patient_id=cast.patient().pk, kind="consultation", site_id="la", starts_at=weekday_at(9))
        visit = booking.book(by=None, wish=wish)
        address = f"/manage/staff/{doctor.user_id}/days/{own.pk}/end/"
        assert hits(client.post(address)) == [visit.pk]
        client.post(address, {"confirm": "1"})
        assert to_move(visit) == 1
        assert not ShiftException.objects.exists()


def test_the_painted_week_says_who_works_and_what_takes_time_away(client: Client) -> None:
    doctor = cast.prescriber(name="Dr. Adeyemi")
    day = weekday_at(9).astimezone(cast.site().tz).date()
    Leave.objects.create(clinician=doctor, starts_at=weekday_at(12), ends_at=weekday_at(14), reason="Holiday")
    Closure.objects.create(
        site=cast.site(), starts_at=weekday_at(0, weekday=1), ends_at=weekday_at(0, weekday=2), reason="x"
    )
    ShiftException.objects.create(clinician=doctor, site=cast.site(), on=date.fromordinal(day.toordinal() + 2))
    page = client.get(f"/manage/week/la/{day}/")
    week = page.context["week"]
    assert [line.person for line in week.lines] == [None, doctor]
    monday, tuesday, wednesday, *_, sunday = week.lines[1].cells
    assert [(one.kind, one.words) for one in monday.away] == [("leave", "noon to 2 pm")]
    assert [one.words for one in monday.shifts] == ["8 am to 6 pm"]
    assert [(one.kind, one.words) for one in tuesday.away] == [("closed", "all day")]
    assert (wednesday.own, wednesday.shifts, sunday.is_empty) == (True, [], True)
    assert 'style="' not in page.content.decode()
    own = client.get(f"/manage/staff/{doctor.user_id}/week/{day}/")
    assert [line.site for line in own.context["week"].lines] == [cast.site()]


def test_the_painted_week_takes_as_many_queries_for_three_as_for_one(
    client: Client, django_assert_max_num_queries: Any
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def queries() -> int:
        doctor = cast.clinician()
        Leave.objects.create(clinician=doctor, starts_at=weekday_at(12), ends_at=weekday_at(14))
        with CaptureQueriesContext(connection) as found:
            client.get("/manage/week/la/2027-03-08/")
        return len(found)

    queries()
    assert len({queries() for _ in range(3)}) == 1


def test_a_week_of_the_change_of_clocks_is_painted_at_the_wall_clock(client: Client) -> None:
    doctor, site = cast.prescriber(), cast.site()
    zone = site.tz
    WeeklyShift.objects.create(clinician=doctor, site=site, weekday=6, starts=time(0), ends=time())
    from datetime import datetime

    start, end = (datetime(2027, 3, 14, hour, tzinfo=zone) for hour in (1, 4))
    Leave.objects.create(clinician=doctor, starts_at=start, ends_at=end)
    week = client.get("/manage/week/la/2027-03-14/").context["week"]
    assert [one.words for one in week.lines[1].cells[6].away] == ["1 am to 4 am"]


def test_a_room_is_added_with_its_features(client: Client) -> None:
    cast.site()
    sent(client, "/manage/sites/la/rooms/new/", name="Cedar", turnover_minutes=20, features=["bed", "quiet"])
    assert Room.objects.get().features == ["bed", "quiet"]
    assert "Bed, Quiet room" in client.get("/manage/sites/la/").content.decode()
