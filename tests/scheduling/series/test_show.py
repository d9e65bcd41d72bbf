"""The page of a series: stages, what is next, the unusual and by whom, its history and a visit's own."""

from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from scheduling.models import Deviation, Override, Series
from scheduling.queries.history import history, series_history
from scheduling.services import booking, door, stages
from tests import cast
from tests.scheduling.desk.conftest import clear, words
from tests.scheduling.series import walk

pytestmark = pytest.mark.django_db(transaction=True)
MONDAY = date(2027, 1, 4)


@pytest.fixture(autouse=True)
def a_monday_morning() -> Any:
    with time_machine.travel(walk.at(MONDAY, 6), tick=False):
        yield


def shown(user: Any, series: Series) -> Any:
    client = Client()
    client.force_login(user)
    return client.get(f"/desk/series/{series.pk}/")


def looks(page: Any) -> list[str]:
    """The look of each card in order; reviews in capitals."""
    return [card.look.upper() if card.is_review else card.look for card in page.context["cards"]]


def test_the_line_says_what_is_done_next_held_and_reviewed(doctor: Any, desk: Any) -> None:
    _, order = cast.ready_patient(doctor)
    series = walk.laid_out(desk, order)
    page = shown(desk, series)
    assert looks(page) == ["next", "later", "later", "LATER", "held", "held", "held"]
    assert "Visit 1, Monday, January 4, 8:00 am" in words(page)
    for visit in walk.visits(series)[:2]:
        walk.give(visit, desk=desk, doctor=doctor)
    with time_machine.travel(walk.at(MONDAY + timedelta(days=2), 20), tick=False):
        page = shown(desk, series)
        assert looks(page) == ["done", "done", "next", "PERSON", "held", "held", "held"]
        assert "Waits for a clinician, by Jan 8, 6:00 pm." in words(page)
        stages.release_stage(by=doctor.user, series_id=series.pk, note="A private note")
        page = shown(desk, series)
    assert looks(page) == ["done", "done", "next", "DONE", "later", "later", "later"]
    assert "Released by Dr. Cho, Jan 6." in words(page)
    assert "A private note" not in words(page)
    clear(page)


def test_a_missed_visit_stays_on_the_line_and_repair_is_a_link_away(doctor: Any, desk: Any) -> None:
    _, order = cast.ready_patient(doctor)
    series = walk.laid_out(desk, order)
    visit = walk.visits(series)[0]
    with time_machine.travel(visit.starts_at + timedelta(hours=1), tick=False):
        door.no_show(by=desk, visit_id=visit.pk, version=visit.version)
        page = shown(desk, series)
    assert looks(page)[0] == "over"
    assert "1 visit was missed." in words(page)
    assert f'href="/desk/repair/series/{series.pk}/"' in page.content.decode()


def test_deviations_and_overrides_say_by_whom_and_the_desk_reads_no_clinical_reason(doctor: Any, desk: Any) -> None:
    _, order = cast.ready_patient(doctor)
    series = walk.laid_out(desk, order)
    Deviation.objects.create(series=series, week=1, planned=True, reason="Rising pressure.", by=doctor.user)
    Deviation.objects.create(series=series, week=2, planned=False, reason="A visit was missed.")
    visit = walk.visits(series)[0]
    Override.objects.create(
        visit=visit, rule="outside_hours", starts_at=visit.starts_at, reason="Comes from far", by=desk
    )
    text = words(shown(desk, series))
    assert "Week 1, planned by Dr. Cho" in text
    assert "Rising pressure." not in text
    assert "Week 2, not planned: A visit was missed." in text
    assert "Outside the hours, Monday, January 4, 8:00 am: Comes from far" in text
    assert "Week 1, planned by Dr. Cho: Rising pressure." in words(shown(doctor.user, series))


def test_the_history_names_each_visit_and_a_visits_own_begins_with_its_series(doctor: Any, desk: Any) -> None:
    _, order = cast.ready_patient(doctor)
    with time_machine.travel(walk.at(MONDAY, 5), tick=False):
        series = walk.laid_out(desk, order, walk.proposed(order)[:4])
    first, second = walk.visits(series)[:2]
    walk.give(first, desk=desk, doctor=doctor)
    assert [change.what for change in history(second)] == ["Laid out with its series"]
    assert [change.what for change in history(first)][-1] == "Laid out with its series"
    assert {change.who for change in history(first)} == {str(desk), str(doctor.user)}
    starts = walk.at(MONDAY + timedelta(days=9), 8)
    wish = booking.Wish(
        patient_id=series.patient_id, kind="infusion", site_id="la", starts_at=starts, series_id=series.pk
    )
    added = booking.book(by=desk, wish=wish)
    assert [change.what for change in history(added)] == ["Booked"]
    found = [change.what for change in series_history(series, walk.visits(series))]
    assert {"Laid out with its series", "Visit 1: Arrived", "Visit 1: Completed"} <= set(found)
    assert f"Visit {added.number}: Booked" in found


def test_as_many_queries_for_three_visits_as_for_one(doctor: Any, desk: Any) -> None:
    counts = []
    for many in (1, 3):
        _, order = cast.ready_patient(doctor, infusions=many)
        earliest = MONDAY + timedelta(days=7 * many)
        series = walk.laid_out(desk, order, walk.proposed(order, earliest_on=earliest))
        client = Client()
        client.force_login(desk)
        for path in ("", "close/"):
            with CaptureQueriesContext(connection) as found:
                assert client.get(f"/desk/series/{series.pk}/{path}").status_code == 200
            counts.append(len(found))
    assert counts[:2] == counts[2:]
    assert max(counts) <= 24
