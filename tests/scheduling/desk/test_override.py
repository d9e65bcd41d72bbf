"""Booked all the same: outside the hours, at short notice; with a reason that is kept. The law has no override."""

import re
from datetime import time

import pytest

from pacificmind.audit.models import Entry
from scheduling.domain import errors
from scheduling.models import Appointment, Closure, Leave, Override, VisitType, WeeklyShift
from tests import cast
from tests.scheduling.desk.conftest import Desk, at, clear, words
from tests.scheduling.desk.test_booking import form, path, summary
from tests.scheduling.desk.test_visits import path as visit_path

ASKS = "Book it all the same"


@pytest.fixture(autouse=True)
def early_shift(desk: Desk) -> None:
    """The doctor comes at seven on Mondays; the site opens at eight."""
    WeeklyShift.objects.filter(clinician=desk.doctor, weekday=0).update(starts=time(7))


def test_a_time_outside_the_hours_asks_for_a_reason_and_keeps_it(desk: Desk) -> None:
    who = cast.patient()
    assert ASKS not in words(desk.get(path(who)))
    refused = desk.post(path(who), **form(at="18:30"))
    assert errors.OutsideHours.default_say in summary(refused)
    assert ASKS in words(refused)
    clear(refused)
    asked = form(at="18:30", override_reason="The patient flies home tomorrow.", override="1")
    visit_page = desk.post(path(who), **asked)
    visit = Appointment.objects.get()
    assert visit_page.status_code == 302
    assert visit.starts_at == at(18, 30)
    kept = Override.objects.get()
    assert (kept.visit, kept.rule, kept.starts_at, kept.by) == (visit, "outside_hours", at(18, 30), desk.user)
    assert kept.reason == "The patient flies home tomorrow."
    assert Entry.objects.get(what="override hours or notice").changes == {
        "rules": ["outside_hours"],
        "overrides": [kept.pk],
    }


def test_the_button_without_a_reason_says_so_beside_the_field(desk: Desk) -> None:
    who = cast.patient()
    page = desk.post(path(who), **form(at="18:30", override_reason=" ", override="1"))
    assert "Please write why this time is right" in summary(page)
    field = re.search(r'<div id="div_id_override_reason".*?</textarea>', page.content.decode(), re.S)
    assert field is not None
    assert "Please write why this time is right" in field.group()
    clear(page)
    assert not Appointment.objects.exists()


def test_a_typed_reason_counts_with_its_own_button_alone(desk: Desk) -> None:
    page = desk.post(path(cast.patient()), **form(at="18:30", override_reason="Typed, then thought better of it"))
    assert errors.OutsideHours.default_say in summary(page)
    assert "Typed, then thought better of it" in page.content.decode()
    desk.post(path(cast.patient()), **form(override_reason="Not needed at nine", override="1"))
    assert Appointment.objects.get().starts_at == at(9)
    assert not Override.objects.exists()


@pytest.mark.parametrize("what", ["closure", "leave", "room", "not_there", "past"])
def test_what_no_reason_opens(desk: Desk, what: str) -> None:
    asked = form(at="18:30", override_reason="Please", override="1")
    error: type[errors.BookingRefused] = errors.NobodyThere
    if what == "closure":
        Closure.objects.create(site=desk.site, starts_at=at(18), ends_at=at(20), reason="Floor is waxed")
    elif what == "leave":
        Leave.objects.create(clinician=desk.doctor, starts_at=at(18), ends_at=at(20))
    elif what == "not_there":
        asked["on"] = "2027-03-13"
    elif what == "past":
        asked["at"], error = "07:30", errors.InThePast
    else:
        desk.post(path(cast.patient()), **asked)
        error = errors.SlotTaken
    page = desk.post(path(cast.patient()), **asked)
    assert error.default_say in summary(page)
    assert ASKS not in words(page)
    assert Appointment.objects.count() == (1 if what == "room" else 0)


def test_short_notice_is_overridden_by_the_desk_and_both_rules_are_kept(desk: Desk) -> None:
    VisitType.objects.filter(kind="consultation").update(notice_hours=24)
    who = cast.patient()
    page = desk.post(path(who), **form(at="16:00"))
    assert errors.TooShortNotice.default_say in summary(page)
    assert ASKS in words(page)
    desk.post(path(who), **form(at="18:30", override_reason="In pain since yesterday", override="1"))
    assert set(Override.objects.values_list("rule", flat=True)) == {"short_notice", "outside_hours"}


def test_a_visit_is_moved_all_the_same(desk: Desk) -> None:
    visit = desk.consultation(at(9))
    asked = {"version": 1, "on": "2027-03-08", "at": "18:30"}
    page = desk.post(visit_path(visit, "move"), **asked)
    assert "Move it all the same" in words(page)
    clear(page)
    desk.post(visit_path(visit, "move"), **asked, override_reason="Stuck in traffic", override="1")
    visit.refresh_from_db()
    assert (visit.starts_at, visit.version) == (at(18, 30), 2)
    assert Override.objects.get().visit == visit
    shown = words(desk.get(visit_path(visit)))
    assert "Placed outside the hours or at short notice Stuck in traffic" in shown
    assert "Moved from Monday, March 8, 9:00 am to Monday, March 8, 6:30 pm" in shown
