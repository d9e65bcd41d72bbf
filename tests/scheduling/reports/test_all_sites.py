"""The row of all sites together: summed as they are counted, and never a way to what is not told of one site."""

from datetime import date, timedelta
from typing import Any

import pytest

from intake.models import SafetyAlert
from pacificmind.accounts.models import Clinician
from pacificmind.clinic.models import Site
from pacificmind.clock import now
from scheduling.domain.figures import sum_may_be_told
from scheduling.models import Deviation, Series, Waiting
from scheduling.queries.reports import REPORTS
from scheduling.queries.reports.shapes import Share, few_people
from tests import cast
from tests.scheduling.reports import test_reports
from tests.scheduling.reports.test_reports import MARCH, a_series, at, infusion, rows, visit

pytestmark = pytest.mark.django_db
_the_middle_of_april, doctor = test_reports._the_middle_of_april, test_reports.doctor


def sites() -> list[Site]:
    return [cast.site(), cast.other_site()]


def both(name: str) -> list[list[Any]]:
    return rows(name, MARCH, *sites())


def at_the_other_site(run: Series) -> Series:
    Series.objects.filter(pk=run.pk).update(site=cast.other_site())
    run.refresh_from_db()
    return run


@pytest.mark.parametrize(
    ("parts", "may"),
    [((), True), ((0, 0), True), ((7, 9), True), ((7, 0), True), ((7, 3), False), ((3, 1), False), ((3, 2), True),
     ((7, 4, 1), True), ((7, 1, 0), False)],
)  # fmt: skip
def test_what_is_left_of_a_sum_is_nobody_or_enough(parts: tuple[int, ...], may: bool) -> None:
    assert sum_may_be_told(parts) is may


def test_somebody_at_two_sites_is_one_person() -> None:
    ana, *others = [cast.patient().pk for _ in range(5)]
    assert few_people([[ana, *others[:2]], [ana, others[2]]]) == "Fewer than 5"
    assert few_people([[ana, *others[:2]], others[2:]]) is None


@pytest.mark.parametrize("name", REPORTS)
def test_every_report_has_it_where_there_are_several_and_not_where_there_is_one(name: str, doctor: Clinician) -> None:
    for hour, site in enumerate(sites(), start=10):
        visit(doctor, cast.room(site), date(2026, 3, 2), hour=hour)
    assert any("all sites" in str(row[:2]).lower() for row in both(name))
    assert not any("all sites" in str(row[:2]).lower() for row in rows(name))


def test_rooms_by_their_minutes_and_not_by_their_shares(doctor: Clinician) -> None:
    """Of 220 hours a site one room has one hour, the other two; the file has a line for each hour."""
    here, there = cast.room(), cast.room(cast.other_site())
    visit(doctor, here, date(2026, 3, 2))
    for hour in (10, 11):
        visit(doctor, there, date(2026, 3, 3), hour=hour)
    table = REPORTS["rooms"].work_out(sites(), MARCH)
    name, whole, *hours = table.rows[-1]
    assert isinstance(whole, Share)
    assert (name, round(whole.value, 3)) == ("All rooms, All sites", round(100 * 3 / 440, 3))
    assert len(hours) == 10
    assert ["All sites", "All rooms", "10:00", 2640, 120, 4.5] in table.file_rows


def test_deviations_and_the_waitlist_are_summed(doctor: Clinician) -> None:
    for run in (a_series(doctor), at_the_other_site(a_series(doctor))):
        Deviation.objects.create(series=run, week=1, planned=False, reason="Missed.", at=at(date(2026, 3, 9), 9))
        booked = visit(doctor, cast.room(run.site), date(2026, 4, 20), hour=9 + len(run.site.name), status="booked")
        made = now() - timedelta(days=len(run.site.name))
        Waiting.objects.create(patient=booked.patient, visit=booked, site=run.site, made_at=made)
    assert ["Weeks below two visits, not planned", "All sites", 2] in both("deviations")
    assert both("waitlist")[-1][:4] == ["All sites", 2, 11, 0]


def test_how_series_ended_is_summed_only_where_every_site_tells(doctor: Clinician) -> None:
    closed = at(date(2026, 3, 20), 12)
    for why, here, there in (("", 6, 5), ("Finished", 7, 0), ("Died", 1, 0)):
        for n in range(here + there):
            run = a_series(doctor, "closed" if why else "completed", why, closed)
            if n >= here:
                at_the_other_site(run)
    found = {row[0]: row[2] for row in both("series") if row[1] == "All sites"}
    assert (found["Completed"], found["Finished"], found["All that ended"]) == (11, 7, 19)
    assert {found[why] for why in ("Died", "Declined", "Moved away", "Other")} == {"Withheld"}


def test_the_wait_for_the_first_infusion_is_of_all_days_together(doctor: Clinician) -> None:
    asked = test_reports.TestWaiting().asked
    room, far = cast.room(), cast.room(cast.other_site())
    for n, days in enumerate((10, 20, 30, 40, 50)):
        asked(doctor, room, days, date(2026, 3, 2) + timedelta(days=n))
    assert both("first-infusion")[-1] == ["All sites", 5, 30, 50]
    asked(doctor, far, 900, date(2026, 3, 16))
    assert both("first-infusion") == [
        ["Los Angeles", 5, 30, 50],
        ["Long Beach", "Fewer than 5", None, None],
        ["All sites", "Withheld", None, None],
    ], "six less five is one"


def test_safety_alerts_are_pooled_or_withheld(doctor: Clinician) -> None:
    def taken(site: Site, minutes: int) -> None:
        raised = at(date(2026, 3, 10), 12)
        SafetyAlert.objects.create(
            patient=cast.patient(site), site=site, tier="URGENT-2", trigger="staff", raised_at=raised,
            acknowledge_by=raised + timedelta(minutes=5), acknowledged_at=raised + timedelta(minutes=minutes),
            owner=doctor.user,
        )  # fmt: skip

    for minutes in (1, 2, 3, 4, 9):
        taken(cast.site(), minutes)
    assert ["March 2026", "All sites", "Now", 5, 80, 3, 9, 0, 0] in both("alerts")
    taken(cast.other_site(), 60)
    assert ["March 2026", "All sites", "Now", "Withheld", None, None, None, None, None] in both("alerts")
    for _ in range(4):
        taken(cast.other_site(), 60)
    assert ["March 2026", "All sites", "Now", 10, 40, 9, 60, 0, 0] in both("alerts")


def test_the_file_has_it_too(doctor: Clinician, client: Any) -> None:
    run = a_series(doctor)
    infusion(doctor, cast.room(), run, date(2026, 3, 2))
    cast.other_site()
    client.force_login(cast.manager())
    text = b"".join(client.get("/manage/reports/no-shows/file/?since=2026-03&until=2026-03").streaming_content).decode()
    assert "All kinds,All sites,1,0,0.0" in text.replace('"', "")
    page = client.get("/manage/reports/no-shows/?since=2026-03&until=2026-03").content.decode()
    assert page.count('class="sum"') >= 3
