"""How fast alerts were taken: nothing of few, nobody's name; for managers, and clinicians of their own sites."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from intake.models import Patient, SafetyAlert, SafetyEvent
from pacificmind.audit.models import Entry
from tests import cast

pytestmark = pytest.mark.django_db
LA = ZoneInfo("America/Los_Angeles")
QUERY = "?since=2026-10&until=2026-11"
HALLOWEEN = datetime(2026, 10, 31, 23, 59, tzinfo=LA)


def taken(
    who: Patient, raised: datetime, minutes: int | None, tier: str = "URGENT-2", *, raised_after: int = 0
) -> None:
    """An alert taken after so many minutes; its tier rose `raised_after` minutes after it was raised."""
    since = raised + timedelta(minutes=raised_after)
    alert = SafetyAlert.objects.create(
        patient=who, site=who.site, tier=tier, trigger="staff", raised_at=raised,
        tier_raised_at=since if raised_after else None, acknowledge_by=since + timedelta(minutes=5),
        acknowledged_at=None if minutes is None else since + timedelta(minutes=minutes),
        owner=None if minutes is None else cast.clinician(who.site).user,
    )  # fmt: skip
    if minutes is None or minutes > 5:
        SafetyEvent.objects.create(alert=alert, kind="paged", tier=tier, value="2")


def lines(client: Client, address: str) -> dict[str, list[str]]:
    """The rows of the file by month, site and tier."""
    text = b"".join(client.get(address + QUERY).streaming_content).decode()  # type: ignore[attr-defined]
    rows = [line.replace('"', "").split(",") for line in text.splitlines()[1:]]
    return {"|".join(row[:3]): row[3:] for row in rows}


def test_minutes_month_by_month_and_nothing_of_few(client: Client) -> None:
    who, far = cast.patient(), cast.patient(cast.other_site())
    for minutes in (1, 2, 3, 9, None):
        taken(who, HALLOWEEN, minutes)
    taken(who, HALLOWEEN, 4, raised_after=300)  # the month of its first clock; the minutes of its second
    taken(who, HALLOWEEN + timedelta(minutes=2), 1)
    taken(far, HALLOWEEN, 1, "URGENT-1")
    client.force_login(cast.manager())
    found = lines(client, "/manage/reports/alerts/file/")
    assert found["October 2026|Los Angeles|Now"] == ["6", "66.7", "3", "9", "2", "1"]
    assert found["November 2026|Los Angeles|Now"] == ["Fewer than 5", "", "", "", "", ""]
    assert found["October 2026|Long Beach|Today"] == ["Fewer than 5", "", "", "", "", ""]
    assert found["November 2026|Long Beach|Now"] == ["0", "", "", "", "", ""]
    page = client.get("/manage/reports/alerts/" + QUERY).content.decode()
    assert who.family_name not in page
    assert str(who.pk) not in page


def test_a_clinician_sees_their_own_site_and_each_look_is_on_record(client: Client) -> None:
    cast.other_site()
    client.force_login(cast.clinician().user)
    found = lines(client, "/safety/times/file/")
    assert {name.split("|")[1] for name in found} == {"Los Angeles"}
    page = client.get("/safety/times/" + QUERY).content.decode()
    assert "Long Beach" not in page
    assert "/safety/times/file/" in page
    assert sorted(Entry.objects.filter(what="report-alerts").values_list("action", flat=True)) == ["export", "view"]
