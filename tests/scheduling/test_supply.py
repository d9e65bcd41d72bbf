"""What a site's calendar is made of: who may hold a visit and where, in one statement."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from pacificmind.accounts.models import Clinician
from scheduling.models import Kind, Room, VisitType
from scheduling.queries import calendar
from scheduling.queries.visit_types import WHOLE, visit_types
from tests import cast

pytestmark = pytest.mark.django_db
DAY = date(2026, 12, 1)


@pytest.fixture(params=[True, False], ids=["prepared", "plain"])
def house(request: Any, settings: Any) -> None:
    """Two sites; people and rooms of every sort, some of which may not hold a visit."""
    settings.PREPARE = request.param
    cast.visit_types()
    here, there = cast.site(), cast.other_site()
    for at in (here, there):
        for prescriber in (True, False):
            cast.clinician(at, prescriber=prescriber, lanes=3)
        cast.room(at, for_infusions=False)
        cast.room(at, features=["recliner", "monitor"], turnover_minutes=40)
        cast.room(at, in_use=False)
    Clinician.objects.filter(is_prescriber=True).update(credentials="MD")
    gone = cast.clinician(here, prescriber=True)
    gone.user.is_active = False
    gone.user.save()
    VisitType.objects.filter(kind=Kind.INFUSION).update(needs=["monitor"])


def supply(kind: str, **only: Any) -> tuple[list[tuple[str, str, int]], list[tuple[str, str, timedelta | None]]]:
    found, _ = calendar.supply_for(cast.site(), kind, None, from_day=DAY, until_day=DAY + timedelta(days=1), **only)
    staff = sorted((one.id, one.name, one.lanes) for one in found.clinicians)
    return staff, sorted((one.id, one.name, one.turnover) for one in found.rooms)


@pytest.mark.parametrize("kind", [Kind.CONSULTATION, Kind.INFUSION])
def test_it_knows_people_and_rooms_as_the_lists_do(house: None, kind: str) -> None:
    people, rooms = list(calendar.clinicians_for(cast.site(), kind)), list(calendar.rooms_for(cast.site(), kind))
    assert people
    assert rooms
    assert all(one.is_prescriber if kind in WHOLE else one.attends_infusions for one in people)
    types = visit_types()
    assert supply(kind) == (
        sorted((str(one.pk), str(one), one.lanes) for one in people),
        sorted((str(one.pk), one.name, calendar.turnover_of(one, types[kind])) for one in rooms),
    )


def test_those_alone_who_are_named_and_none_who_may_not(house: None) -> None:
    able = calendar.clinicians_for(cast.site(), Kind.CONSULTATION)[0]
    place = calendar.rooms_for(cast.site(), Kind.CONSULTATION)[0]
    staff, rooms = supply(Kind.CONSULTATION, clinicians=[able.pk], rooms=[place.pk])
    assert [one[0] for one in staff] == [str(able.pk)]
    assert [one[0] for one in rooms] == [str(place.pk)]
    everybody = [one.pk for one in Clinician.objects.all()]
    everywhere = [one.pk for one in Room.objects.all()]
    assert supply(Kind.CONSULTATION, clinicians=everybody, rooms=everywhere) == supply(Kind.CONSULTATION)
    assert supply(Kind.CONSULTATION, clinicians=[], rooms=[]) == ([], [])


def test_it_is_one_statement_beside_the_kinds_of_visit(house: None) -> None:
    types = visit_types()
    supply(Kind.INFUSION, types=types)
    with CaptureQueriesContext(connection) as seen:
        supply(Kind.INFUSION, types=types)
    assert len([one for one in seen if "staff AS" in one["sql"] or one["sql"].startswith("EXECUTE with")]) == 1
    assert len(seen) <= 2  # the other finds the site
