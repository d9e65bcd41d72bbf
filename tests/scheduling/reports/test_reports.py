"""The reports against small calendars counted by hand; who may see them, what is recorded, what the file holds."""

import csv
import io
import uuid
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from psycopg2.extras import NumericRange

from intake.models import ConsultationRequest, Patient
from pacificmind.accounts.models import Clinician
from pacificmind.audit.models import Entry
from pacificmind.clinic.models import Site
from scheduling.domain.figures import Span
from scheduling.models import (
    Appointment,
    Closure,
    Deviation,
    Offer,
    OpeningHours,
    Override,
    Room,
    Series,
    Waiting,
)
from scheduling.queries.reports import REPORTS, Share
from tests import cast

pytestmark = pytest.mark.django_db
MARCH = Span(date(2026, 3, 1), date(2026, 4, 1))
TODAY = datetime(2026, 4, 15, 19, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _the_middle_of_april() -> Any:
    with time_machine.travel(TODAY, tick=False):
        yield


@pytest.fixture
def doctor() -> Clinician:
    cast.visit_types()
    return cast.prescriber(lanes=8)


def at(day: date, hour: int, minute: int = 0, site: Site | None = None) -> datetime:
    return datetime.combine(day, time(hour, minute), (site or cast.site()).tz).astimezone(UTC)


def visit(doctor: Clinician, room: Room, day: date, hour: int = 10, **extra: Any) -> Appointment:
    """A row as it stands: a consultation of 60 minutes unless told."""
    starts = extra.pop("starts_at", at(day, hour))
    ends = starts + timedelta(minutes=extra.pop("minutes", 60))
    row: dict[str, Any] = {
        "kind": "consultation",
        "patient": extra.pop("who", None) or cast.patient(room.site),
        "status": "fulfilled",
        "lanes": NumericRange(0, 1, "[)"),
        **extra,
    }
    if row["status"] == "cancelled":
        row["cancelled_why"] = "No longer needed"
    return Appointment.objects.create(
        site=room.site, zone=room.site.zone, room=room, clinician=doctor, starts_at=starts, ends_at=ends,
        room_free_at=ends, **row,
    )  # fmt: skip


def a_series(doctor: Clinician, status: str = "open", why: str = "", closed: datetime | None = None) -> Series:
    who, order = cast.ready_patient(doctor)
    return Series.objects.create(
        patient=who, site=who.site, clearance=order.clearance, order=order, status=status, closed_why=why,
        closed_at=closed,
    )  # fmt: skip


def infusion(doctor: Clinician, room: Room, series: Series, day: date, number: int = 1) -> Appointment:
    return visit(
        doctor, room, day, kind="infusion", who=series.patient, series=series, number=number, weekly_place=0,
        escort_name="Luis", minutes=120,
    )  # fmt: skip


def rows(name: str, span: Span = MARCH, *sites: Site) -> list[list[Any]]:
    table = REPORTS[name].work_out(sites or (cast.site(),), span)
    return [[cell.rounded if isinstance(cell, Share) else cell for cell in row] for row in table.rows]


class TestRooms:
    def test_use_is_what_stands_in_the_room_out_of_what_was_open(self, doctor: Clinician) -> None:
        """March 2026 has 22 working days of 10 hours; one visit of 90 minutes from 9:30, one of 60 at 5:30 pm."""
        room, other = cast.room(name="Room A"), cast.room(name="Room B")
        visit(doctor, room, date(2026, 3, 2), starts_at=at(date(2026, 3, 2), 9, 30), minutes=90)
        visit(doctor, room, date(2026, 3, 3), starts_at=at(date(2026, 3, 3), 17, 30))  # half of it after closing
        visit(doctor, room, date(2026, 3, 4), status="noshow")
        visit(doctor, room, date(2026, 3, 5), status="cancelled")
        visit(doctor, room, date(2026, 4, 1))  # April
        visit(doctor, other, date(2026, 3, 31), hour=17)
        table = REPORTS["rooms"].work_out([cast.site()], MARCH)
        assert table.columns == (
            "Room",
            "All day",
            *(f"{h} am" for h in range(8, 12)),
            "noon",
            *(f"{h} pm" for h in range(1, 6)),
        )
        lines = {(row[1], row[2]): row[3:5] for row in table.file_rows}
        assert lines["Room A", "09:00"] == [22 * 60, 30]
        assert lines["Room A", "10:00"] == [22 * 60, 60]
        assert lines["Room A", "17:00"] == [22 * 60, 30]
        assert lines["Room B", "17:00"] == [22 * 60, 60]
        assert sum(int(line[1] or 0) for line in lines.values()) == 30 + 60 + 30 + 60

    def test_what_is_closed_is_not_open_and_a_room_out_of_use_is_not_counted(self, doctor: Clinician) -> None:
        room, gone = cast.room(name="Room A"), cast.room(name="Gone", in_use=False)
        site, day = cast.site(), date(2026, 3, 2)
        Closure.objects.create(site=site, starts_at=at(day, 0), ends_at=at(day, 12), reason="Holiday")
        Closure.objects.create(site=site, room=room, starts_at=at(day, 15), ends_at=at(day, 16), reason="Repair")
        found = {(row[1], row[2]): row[3] for row in REPORTS["rooms"].work_out([site], MARCH).file_rows}
        assert (found["Room A", "11:00"], found["Room A", "12:00"], found["Room A", "15:00"]) == (
            21 * 60,
            22 * 60,
            21 * 60,
        )
        assert all(name == "Room A" for name, _ in found)
        visit(doctor, gone, date(2026, 3, 9))
        assert {row[1] for row in REPORTS["rooms"].work_out([site], MARCH).file_rows} == {"Room A", "Gone"}

    @pytest.mark.parametrize(("month", "hour", "minutes"), [(3, 1, 5 * 60), (3, 2, 4 * 60), (11, 1, 6 * 60)])
    def test_on_the_days_of_the_clock_change_each_hour_has_its_minutes(
        self, month: int, hour: int, minutes: int
    ) -> None:
        """Open from midnight to three on Sundays, five of them: on March 8 two o'clock is skipped, on November 1 one
        comes twice."""
        room = cast.room(name="Room A")
        OpeningHours.objects.create(site=room.site, weekday=6, opens=time(0), closes=time(3))
        span = Span(date(2026, month, 1), date(2026, month + 1, 1))
        table = REPORTS["rooms"].work_out([room.site], span)
        assert {row[2]: row[3] for row in table.file_rows}[f"{hour:02}:00"] == minutes

    def test_a_clinic_without_rooms_has_no_lines(self) -> None:
        assert rows("rooms") == []


class TestNoShows:
    def test_the_share_is_of_those_who_came_and_those_who_did_not(self, doctor: Clinician) -> None:
        room = cast.room()
        for day, status in ((2, "fulfilled"), (3, "fulfilled"), (4, "fulfilled"), (5, "noshow"), (6, "cancelled")):
            visit(doctor, room, date(2026, 3, day), status=status)
        visit(doctor, room, date(2026, 3, 9), kind="follow_up", status="noshow")
        visit(doctor, room, date(2026, 2, 27), status="noshow")
        # the last evening of March here is April in Greenwich: the day is the site's
        visit(doctor, room, date(2026, 3, 31), starts_at=at(date(2026, 3, 31), 23))
        found = {row[0]: row[2:] for row in rows("no-shows")}
        assert found["Consultation"] == [4, 1, 20]
        assert found["Follow-up"] == [0, 1, 100]
        assert found["Infusion"] == [0, 0, None]
        assert found["All kinds"] == [4, 2, 33]

    def test_sites_are_apart_and_together(self, doctor: Clinician) -> None:
        there = cast.other_site()
        visit(doctor, cast.room(there), date(2026, 3, 2), status="noshow")
        visit(doctor, cast.room(), date(2026, 3, 3))
        found = rows("no-shows", MARCH, cast.site(), there)
        assert [row[1:] for row in found if row[0] == "All kinds"] == [
            ["Los Angeles", 1, 0, 0],
            ["Long Beach", 0, 1, 100],
            ["All sites", 1, 1, 50],
        ]
        assert ["Consultation", "All sites", 1, 1, 50] in found
        assert found[-1][:2] == ["All kinds", "All sites"]


class TestSeries:
    def test_few_are_withheld_and_the_total_does_not_give_them_away(self, doctor: Clinician) -> None:
        closed = at(date(2026, 3, 20), 12)
        for _ in range(6):
            a_series(doctor, "completed", closed=closed)
        for _ in range(7):
            a_series(doctor, "closed", "Finished", closed)
        a_series(doctor, "closed", "Died", closed)
        a_series(doctor, "closed", "Declined", at(date(2026, 4, 1), 0))  # April
        found = {row[0]: row[2] for row in rows("series")}
        assert found["All that ended"] == 14
        assert found["Finished"] == 7
        assert {found[why] for why in ("Declined", "Moved away", "Died", "Other")} == {"Fewer than 5"}
        assert found["Completed"] == 6

    def test_open_series_with_nothing_planned_are_counted_as_of_now(self, doctor: Clinician) -> None:
        room = cast.room()
        stalled, running = a_series(doctor), a_series(doctor)
        infusion(doctor, room, stalled, date(2026, 3, 2))
        infusion(doctor, room, running, date(2026, 3, 3))
        coming = infusion(doctor, room, running, date(2026, 4, 20), number=2)
        Appointment.objects.filter(pk=coming.pk).update(status="booked")
        assert {row[0]: row[2] for row in rows("series")}["Open now, nothing planned"] == 1

    def test_deviations_and_overrides_are_counted_by_kind(self, doctor: Clinician) -> None:
        run, room = a_series(doctor), cast.room()
        placed = infusion(doctor, room, run, date(2026, 3, 2))
        inside, outside = at(date(2026, 3, 31), 23), at(date(2026, 4, 1), 0)
        Deviation.objects.create(series=run, week=1, planned=True, reason="Works shifts.", by=doctor.user, at=inside)
        Deviation.objects.create(series=run, week=2, planned=False, reason="A visit was missed.", at=inside)
        Deviation.objects.create(series=run, week=3, planned=False, reason="A visit was missed.", at=outside)
        for rule, when in (("short_notice", inside), ("outside_hours", inside), ("outside_hours", outside)):
            Override.objects.create(
                visit=placed, rule=rule, starts_at=placed.starts_at, reason="Came from far", by=doctor.user, at=when
            )
        assert [row[2] for row in rows("deviations")] == [1, 1, 1, 1, 1]


class TestWaiting:
    def asked(self, doctor: Clinician, room: Room, days: int, on: date) -> None:
        """A first infusion that many days after the first of two requests."""
        run = a_series(doctor, "closed", "Other", TODAY)
        for before in (days, 1):
            ConsultationRequest.objects.create(
                site=room.site, patient=run.patient, given_name="A", family_name="B", email="a@example.com",
                made_at=at(on - timedelta(days=before), 23),
            )  # fmt: skip
        infusion(doctor, room, run, on)
        infusion(doctor, room, run, on + timedelta(days=7), number=2)

    def test_days_from_the_first_request_to_the_first_infusion(self, doctor: Clinician) -> None:
        room = cast.room()
        for n, days in enumerate((10, 20, 30, 40, 100)):
            self.asked(doctor, room, days, date(2026, 3, 2) + timedelta(days=n))
        self.asked(doctor, room, 500, date(2026, 4, 2))
        assert rows("first-infusion") == [["Los Angeles", 5, 30, 100]]

    def test_of_few_patients_nothing_is_told(self, doctor: Clinician) -> None:
        assert rows("first-infusion") == [["Los Angeles", 0, None, None]]
        self.asked(doctor, cast.room(), 10, date(2026, 3, 2))
        assert rows("first-infusion") == [["Los Angeles", "Fewer than 5", None, None]]

    def test_who_waits_now_and_what_became_of_offers(self, doctor: Clinician) -> None:
        room, made = cast.room(), at(date(2026, 3, 30), 9)
        for n, status in enumerate(("open", "claimed", "expired")):
            booked = visit(doctor, room, date(2026, 4, 20 + n), status="booked")
            row = Waiting.objects.create(
                patient=booked.patient, visit=booked, site=room.site, made_at=made,
                status="done" if status == "claimed" else "waiting",
            )  # fmt: skip
            Offer.objects.create(
                waiting=row, room=room, clinician=doctor, lanes=NumericRange(0, 1, "[)"), status=status,
                starts_at=at(date(2026, 4, 17), 9 + n), ends_at=at(date(2026, 4, 17), 10 + n),
                room_free_at=at(date(2026, 4, 17), 10 + n), token_hash=uuid.uuid4().hex * 2, made_at=made,
                expires_at=made + timedelta(hours=2),
            )  # fmt: skip
        assert rows("waitlist") == [["Los Angeles", 2, 16, 3, 1, 1, 0, 1, 0]]


class TestPages:
    def client(self, user: Any = None) -> Client:
        client = Client()
        client.force_login(user or cast.manager())
        return client

    @pytest.mark.parametrize("name", REPORTS)
    def test_each_has_a_page_with_its_meaning_and_a_file_and_both_are_recorded(
        self, name: str, doctor: Clinician
    ) -> None:
        who, _ = cast.patient(family_name="Zebrowski"), cast.other_site()
        visit(doctor, cast.room(name="=Room"), date(2026, 3, 2), who=who)
        boss = cast.manager()
        client, query = self.client(boss), "?site=la&since=2026-03&until=2026-03"
        page = client.get(f"/manage/reports/{name}/{query}")
        html = page.content.decode()
        assert "What the figures mean" in html
        assert REPORTS[name].means[0].split("“")[0] in html
        assert "Zebrowski" not in html
        assert " style=" not in html
        answer = client.get(f"/manage/reports/{name}/file/{query}")
        assert answer.streaming
        text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
        found = list(csv.reader(io.StringIO(text, newline="")))
        assert len(found) > 1
        assert not any(cell[:1] in "=+-@\t\r" for row in found for cell in row if cell)
        assert "Zebrowski" not in text
        assert answer["Content-Disposition"] == f'attachment; filename="{name}-la-2026-03-to-2026-03.csv"'
        kept = Entry.objects.filter(what=f"report-{name}", actor_id=boss.pk).order_by("id")
        assert [entry.action for entry in kept] == ["view", "export"]
        assert kept[1].changes == {"site": "la", "since": "2026-03", "until": "2026-03"}

    @pytest.mark.parametrize("role", ["front_desk", "clinician", "patient"])
    def test_only_managers_read_them(self, role: str) -> None:
        client = self.client(cast.user(role))
        for path in ("", "rooms/", "rooms/file/"):
            assert client.get(f"/manage/reports/{path}").status_code == 403

    @pytest.mark.parametrize(
        "query",
        ["since=2026-13", "since=never", "site=nowhere", "since=2026-04&until=2026-02", "until=9999-01", "since=%00"],
    )
    def test_what_cannot_be_read_is_said_and_the_file_is_not_made(self, query: str) -> None:
        cast.room()
        page = self.client().get(f"/manage/reports/no-shows/?{query}").content.decode()
        assert "Please check:" in page
        assert "All kinds" in page  # the usual months are shown meanwhile
        assert self.client().get(f"/manage/reports/no-shows/file/?{query}").status_code == 404

    def test_an_unknown_report_is_not_there_and_the_first_is_the_way_in(self) -> None:
        assert self.client().get("/manage/reports/people/").status_code == 404
        assert self.client().get("/manage/reports/").headers["Location"] == "/manage/reports/rooms/"

    def test_an_empty_clinic_has_pages_too(self) -> None:
        for name in REPORTS:
            assert "Nothing to count yet" in self.client().get(f"/manage/reports/{name}/").content.decode()

    @pytest.mark.parametrize("name", REPORTS)
    def test_the_queries_do_not_grow_with_the_rows(self, name: str, doctor: Clinician) -> None:
        room, counts, client = cast.room(), [], self.client()
        for many in (1, 2):
            for n in range(many):
                day = date(2026, 3, 2 + 7 * many + n)
                run = a_series(doctor, "closed", "Other", at(day, 15))
                infusion(doctor, room, run, day)
                cast.room()
                Closure.objects.create(site=room.site, starts_at=at(day, 7), ends_at=at(day, 9), reason="Training")
            with CaptureQueriesContext(connection) as found:
                assert client.get(f"/manage/reports/{name}/?since=2026-03&until=2026-03").status_code == 200
            counts.append(len(found))
        assert counts[0] == counts[1] <= 16
        assert Patient.objects.count() == 3
