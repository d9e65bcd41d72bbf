"""What is proposed for an order, and what is said when nothing can be."""

from datetime import date, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from intake.models import SafetyAlert
from pacificmind.clinic.models import ClinicSettings
from pacificmind.clock import now
from scheduling.models import Closure, Room
from scheduling.services import booking, plan_help, planning
from scheduling.services.planning import Wishes
from tests import cast, history
from tests.scheduling.series import walk

pytestmark = pytest.mark.django_db(transaction=True)
MONDAY = date(2027, 1, 4)
ZONE = ZoneInfo(cast.ZONE)


@pytest.fixture(autouse=True)
def a_monday_morning() -> Any:
    with time_machine.travel(walk.at(MONDAY, 6), tick=False):
        yield


def propose(order: Any, **wishes: Any) -> planning.Proposal:
    return planning.propose(order, site=cast.site(), wishes=Wishes(**wishes))


def walls(found: planning.Proposal, index: int = 0) -> list[str]:
    return [f"{slot.starts_at.astimezone(ZONE):%a %d %H:%M}" for slot in found.choices[index].slots]


def test_the_best_plan_is_the_shortest_and_steady_one_and_says_so(doctor: Any) -> None:
    _, order = cast.ready_patient(doctor)
    found = propose(order)
    assert walls(found) == [f"{d} 08:00" for d in ("Mon 04", "Wed 06", "Fri 08", "Mon 11", "Wed 13", "Fri 15")]
    assert found.choices[0].words == (
        "Every week has the visits that the plan needs.",
        "It takes two weeks, the fewest possible, and ends on Friday, January 15.",
        "Always at 8:00 am, with Dr. Cho, in Room A.",
    )
    assert len(found.choices) == 4
    assert found.choices[1].words == (
        "Ends three days later, on Monday, January 18; Tue Jan 5, Thu Jan 7, Mon Jan 18 instead of "
        "Mon Jan 4, Wed Jan 6, Fri Jan 8.",
    )


def test_nobody_is_asked_to_come_within_the_notice_unless_the_desk_names_the_day(doctor: Any) -> None:
    ClinicSettings.objects.update(notice_hours=24)
    _, order = cast.ready_patient(doctor)
    assert walls(propose(order))[0] == "Tue 05 08:00"
    assert walls(propose(order, earliest_on=MONDAY))[0] == "Mon 04 08:00"


def test_wishes_limit_days_and_hours(doctor: Any) -> None:
    _, order = cast.ready_patient(doctor, per_week=2)
    found = propose(
        order,
        weekdays=frozenset({1, 4}),
        from_time=time(13),
        until_time=time(15),
        earliest_on=MONDAY + timedelta(days=3),
        blackout_on=frozenset({date(2027, 1, 12)}),
    )
    assert walls(found) == [f"{d} 13:00" for d in ("Fri 15", "Tue 19", "Fri 22", "Tue 26", "Fri 29", "Tue 02")]


def test_the_preferred_clinician_is_taken_where_they_are_free(doctor: Any) -> None:
    other = cast.clinician(name="Alex Ito")
    _, order = cast.ready_patient(doctor)
    found = propose(order, prefer_clinician=doctor.pk)
    assert {slot.clinician_id for slot in found.choices[0].slots} == {doctor.pk}
    assert {slot.clinician_id for slot in propose(order, prefer_clinician=other.pk).choices[0].slots} == {other.pk}


def test_other_visits_of_the_patient_keep_their_distance(doctor: Any, desk: Any) -> None:
    who, order = cast.ready_patient(doctor)
    booster = walk.booster_order(order, doctor, count=1)
    booster.status, booster.started_on = "open", MONDAY - timedelta(days=40)
    booster.save()
    booster.reevaluations.create(by=doctor.user, supports_booster=True)
    wish = booking.Wish(
        patient_id=who.pk, kind="booster", site_id="la", starts_at=walk.at(MONDAY), booster_order_id=booster.pk
    )
    booking.book(by=desk, wish=wish)
    assert walls(propose(order))[0] == "Mon 11 08:00"


def test_a_decision_that_ends_too_early_is_said_as_ask_the_clinician(doctor: Any) -> None:
    _, order = cast.ready_patient(doctor)
    decision = type(order.clearance).objects.filter(pk=order.clearance_id)
    history.rewrite(decision, until_on=MONDAY + timedelta(days=9))
    assert propose(order).say == "Ask the clinician."
    history.rewrite(decision, until_on=MONDAY + timedelta(days=11))
    assert walls(propose(order))[-1] == "Fri 15 08:00"


@pytest.mark.parametrize("why", ["other site", "withdrawn", "newer decision", "alert"])
def test_nobody_learns_why_there_is_no_plan(doctor: Any, why: str) -> None:
    who, order = cast.ready_patient(doctor)
    site = cast.other_site() if why == "other site" else cast.site()
    if why == "withdrawn":
        order.clearance.withdrawn_at, order.clearance.withdrawn_by = now(), doctor.user
        order.clearance.withdrawn_why = "some reason"
        order.clearance.save()
    elif why == "newer decision":
        cast.clearance(who, doctor)
        history.rewrite(
            type(order.clearance).objects.filter(pk=order.clearance_id), signed_at=now() - timedelta(days=1)
        )
    elif why == "alert":
        SafetyAlert.objects.create(
            patient=who, site=who.site, tier="URGENT-2", trigger="staff", acknowledge_by=now() + timedelta(minutes=5)
        )
    found = planning.propose(order, site=site, wishes=Wishes())
    assert (found.possible, found.say) == (False, "Ask the clinician.")


def test_impossible_names_the_rule_the_days_and_what_would_help(doctor: Any) -> None:
    _, order = cast.ready_patient(doctor)
    found = propose(order, weekdays=frozenset({0, 1}), horizon_weeks=2)
    assert not found.possible
    assert found.days
    assert "What would help: another site, another time of day, or one more week." in found.say
    assert "Looked at: two weeks ahead." in found.say


def ways(order: Any, sites: Any = (), **wishes: Any) -> list[plan_help.Way]:
    here = cast.site()
    return plan_help.ways(order, site=here, sites=[here, *sites], wishes=Wishes(**wishes))


def test_each_way_that_is_named_leads_to_a_plan_and_no_other_is_named(doctor: Any) -> None:
    """On Sundays nobody is there, whatever the hour: another time of day would not help."""
    _, order = cast.ready_patient(doctor)
    asked = {"weekdays": frozenset({6}), "from_time": time(9), "until_time": time(12)}
    found = ways(order, **asked)
    assert [way.words for way in found] == ["Any weekday: from Monday, January 4 to Friday, January 15"]
    assert planning.propose(order, site=found[0].site, wishes=found[0].wishes).possible


def test_more_weeks_are_named_where_they_help_and_no_site_where_nobody_may_treat_them(doctor: Any) -> None:
    _, order = cast.ready_patient(doctor)
    Closure.objects.create(
        site=cast.site(), starts_at=walk.at(MONDAY, 0), ends_at=walk.at(MONDAY + timedelta(weeks=9), 0), reason="Works"
    )
    there = cast.other_site()
    cast.room(there)
    cast.clinician(there)
    assert [way.words.partition(":")[0] for way in ways(order)] == ["Looking 16 weeks ahead"]
    assert [way.words.partition(":")[0] for way in ways(order, [there])] == ["Looking 16 weeks ahead"], (
        "not cleared there"
    )


def test_two_limits_that_only_help_together_are_named_together(doctor: Any) -> None:
    _, order = cast.ready_patient(doctor)
    (way,) = ways(order, weekdays=frozenset({6}), from_time=time(20))
    assert way.words.startswith("Without all of these limits: from Monday, January 4")


def test_a_thin_plan_is_told_how_to_avoid_it(doctor: Any) -> None:
    _, order = cast.ready_patient(doctor)
    assert [way.words.partition(":")[0] for way in ways(order, weekdays=frozenset({4}))] == ["Any weekday"]


def test_no_room_at_all_is_said(doctor: Any) -> None:
    Room.objects.update(in_use=False)
    _, order = cast.ready_patient(doctor)
    assert "there are no free times at all" in propose(order).say


def test_one_weekday_only_gives_a_plan_that_deviates(doctor: Any) -> None:
    _, order = cast.ready_patient(doctor, infusions=3)
    found = propose(order, weekdays=frozenset({2}))
    assert found.choices[0].deviates
    assert "fewest weeks with less: 2" in found.choices[0].words[0]


def test_a_plan_with_a_long_pause_is_not_proposed(doctor: Any) -> None:
    _, order = cast.ready_patient(doctor, infusions=2)
    days = frozenset(MONDAY + timedelta(days=n) for n in range(56)) - {MONDAY, MONDAY + timedelta(days=14)}
    found = propose(order, blackout_on=days)
    assert (found.possible, found.rule) == (False, "P9")


@pytest.mark.parametrize(
    ("first", "change"), [(date(2027, 3, 8), date(2027, 3, 14)), (date(2027, 11, 1), date(2027, 11, 7))]
)
def test_a_plan_across_a_change_of_clocks_keeps_the_wall_time(doctor: Any, first: date, change: date) -> None:
    with time_machine.travel(walk.at(first, 6), tick=False):
        _, order = cast.ready_patient(doctor)
        slots = walk.proposed(order, from_time=time(9), until_time=time(10))
    assert [slot.starts_at.astimezone(ZONE).hour for slot in slots] == [9] * 6
    assert len({slot.starts_at.hour for slot in slots}) == 2
    assert slots[0].starts_at.date() < change < slots[-1].starts_at.date()


def test_the_number_of_queries_does_not_grow_with_the_horizon(doctor: Any) -> None:
    _, order = cast.ready_patient(doctor)
    Closure.objects.create(
        site=cast.site(), starts_at=walk.at(date(2027, 2, 1)), ends_at=walk.at(date(2027, 2, 2)), reason="Works"
    )
    counts = []
    for weeks in (3, 10):
        with CaptureQueriesContext(connection) as captured:
            propose(order, horizon_weeks=weeks)
        counts.append(len(captured))
    assert counts[0] == counts[1] <= 35
