"""Arrivals: what needs a person first, counts that filter, one press a step, as many queries for three as for one."""

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from pacificmind.audit.models import Entry
from pacificmind.clock import now
from scheduling.models import Appointment
from scheduling.queries import arrivals
from scheduling.queries.visits import shown
from scheduling.services import booking, door
from tests import cast, history
from tests.scheduling.desk.conftest import MONDAY, Desk, at, clear, words

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = f"/desk/arrivals/la/{MONDAY}/"


def names(page: Any) -> dict[str, list[str]]:
    """Who stands in which group."""
    return {
        group.key: [row.shown.visit.patient.family_name for row, _ in rows] for group, rows in page.context["groups"]
    }


def a_day(desk: Desk) -> dict[str, Appointment]:
    """One visit of each state, as it stands at 9:25."""
    room = desk.rooms[1].pk  # the infusion is in the first
    late = desk.consultation(at(9), who=cast.patient(family_name="Late"), room_id=room)
    here = desk.consultation(at(11), who=cast.patient(family_name="Here"), room_id=room)
    coming = desk.consultation(at(14), who=cast.patient(family_name="Coming"), room_id=room)
    gone = desk.consultation(at(16), who=cast.patient(family_name="Gone"), room_id=room)
    asked, run = desk.series(0, hour=12, family_name="Asked")
    history.rewrite(asked.clearance_set, until_on=at(8).date() - timedelta(days=1))
    with time_machine.travel(at(9, 25), tick=False):
        door.arrive(by=desk.user, visit_id=here.pk, version=1)
        booking.cancel(by=desk.user, visit_id=gone.pk, version=1, why="Called in")
    return {"late": late, "here": here, "coming": coming, "gone": gone, "asked": run.visits.get()}


def test_what_needs_a_person_stands_first_and_the_rest_by_where_it_is(desk: Desk) -> None:
    a_day(desk)
    with time_machine.travel(at(9, 25), tick=False):
        desk.client.force_login(desk.user)
        page = desk.get(PAGE)
    assert names(page) == {"needs": ["Late", "Asked"], "here": ["Here"], "expected": ["Coming"], "over": ["Gone"]}
    text = words(page)
    assert (
        text.index("Needs a person now")
        < text.index("Here now 1", text.index("Needs a person"))
        < text.index("Done or not coming")
    )
    assert "was due 25 minutes ago" in text
    assert "Fasting: ask" in text
    clear(page)


@pytest.mark.parametrize(
    ("only", "found"),
    [
        ("expected", ["Late", "Asked", "Coming"]),
        ("late", ["Late"]),
        ("here", ["Here"]),
        ("done", []),
        ("away", ["Gone"]),
        ("ask", ["Asked"]),
    ],
)
def test_each_count_is_a_filter_and_only_what_is_shown_is_recorded(
    desk: Desk,
    only: str,
    found: list[str],
) -> None:
    a_day(desk)
    with time_machine.travel(at(9, 25), tick=False):
        desk.client.force_login(desk.user)
        before = Entry.objects.filter(what="arrivals").count()
        page = desk.get(f"{PAGE}?show={only}")
    assert names(page) == {only: found}
    counts = {tab.url.split("=")[1]: tab.count for tab, _ in page.context["filters"]}
    assert counts == {"expected": 3, "late": 1, "here": 1, "done": 0, "away": 1, "ask": 1}
    assert "Show all 5 visits" in words(page)
    assert Entry.objects.filter(what="arrivals").count() - before == len(found)


def test_a_filter_that_is_none_shows_all(desk: Desk) -> None:
    a_day(desk)
    assert set(names(desk.get(f"{PAGE}?show=%00everyone"))) == {"needs", "here", "expected", "over"}


def test_a_step_is_one_press_and_comes_back_to_the_list(desk: Desk) -> None:
    visit = desk.consultation(at(9))
    html = desk.get(PAGE).content.decode()
    form = re.search(rf'action="(/desk/visits/{visit.pk}/arrive/)".*?name="request_id" value="([^"]+)"', html, re.S)
    assert form is not None
    answer = desk.client.post(form[1], {"request_id": form[2], "version": 1, "back": "arrivals"})
    assert answer.headers["Location"] == PAGE
    visit.refresh_from_db()
    assert visit.status == "arrived"


def test_nobody_who_has_not_arrived_is_done_by_one_press(desk: Desk) -> None:
    """Beside "did not come" a slip of the finger would say that the consultation took place."""
    visit = desk.consultation(at(9))
    press = f'action="/desk/visits/{visit.pk}/complete/"'
    with time_machine.travel(at(9, 25), tick=False):
        desk.client.force_login(desk.user)
        page = desk.get(PAGE).content.decode()
        assert press not in page
        assert f'href="/desk/visits/{visit.pk}/#step-complete"' in page
        assert press in desk.get(f"/desk/visits/{visit.pk}/").content.decode(), "there it is still done"
        door.arrive(by=desk.user, visit_id=visit.pk, version=1)
        assert press in desk.get(PAGE).content.decode()


@pytest.mark.parametrize(("show", "back"), [("expected", "?show=expected"), ("//evil.example", "")])
def test_a_step_from_a_filtered_list_comes_back_to_the_filter_and_nowhere_else(
    desk: Desk, show: str, back: str
) -> None:
    visit = desk.consultation(at(9))
    sent = re.findall(r'name="show" value="([^"]+)"', desk.get(f"{PAGE}?show=expected").content.decode())
    assert sent == ["expected"]
    answer = desk.post(f"/desk/visits/{visit.pk}/arrive/", version=1, back="arrivals", show=show)
    assert answer.headers["Location"] == f"{PAGE}{back}"


def test_a_held_visit_is_never_shown_as_ready(desk: Desk) -> None:
    _, run = desk.series(0, hour=12)
    run.visits.update(status="held")
    one = run.visits.get()
    day = f"/desk/calendar/la/{MONDAY}/"
    for path in (PAGE, day, f"{day}print/", f"/desk/visits/{one.pk}/"):
        page = words(desk.get(path))
        assert "Ask the clinician" in page, path
        assert not re.search(r"\bReady\b", page), path
    assert names(desk.get(PAGE)) == {"needs": [one.patient.family_name]}


def test_a_held_visit_of_a_later_day_troubles_nobody_yet(desk: Desk) -> None:
    _, run = desk.series(2, hour=12)
    run.visits.update(status="held")
    page = words(desk.get("/desk/calendar/la/2027-03-10/"))
    assert "Held" in page
    assert not re.search(r"\bReady\b", page)
    assert "visit-person" not in desk.get("/desk/calendar/la/2027-03-10/").content.decode()


def test_whom_nobody_takes_home_and_who_runs_over_need_a_person(desk: Desk) -> None:
    who, run = desk.series(0, hour=10, escort_name="")
    visit = run.visits.get()
    with time_machine.travel(at(10), tick=False):
        visit = door.arrive(by=desk.user, visit_id=visit.pk, version=visit.version)
        assert needs(visit) == ("Nobody is named to take them home",)
        visit = door.check_in(by=desk.user, visit_id=visit.pk, version=visit.version, escort_name="Luis")
        assert needs(visit) == ()
    with time_machine.travel(at(12, 20), tick=False):
        assert needs(visit) == ("Runs over its time",)
        desk.client.force_login(desk.user)
        assert "was to end 20 minutes ago" in words(desk.get(PAGE))
    assert who.pk == visit.patient_id


def needs(visit: Appointment) -> tuple[str, ...]:
    visit = Appointment.objects.select_related("site", "patient", "series__order").get(pk=visit.pk)
    return arrivals.needs_of(shown([visit], at=now())[0], at=now())


def test_as_many_queries_for_three_visits_as_for_one(desk: Desk) -> None:
    counts = []
    for hours in ((9,), (12, 15)):
        for hour in hours:
            desk.series(0, hour=hour)
        with CaptureQueriesContext(connection) as found:
            assert desk.get(PAGE).status_code == 200
        counts.append(len(found))
    assert counts[0] == counts[1] <= 14
