"""Two receptionists drag the same visit at once: exactly one wins, the other is told (through HTTP)."""

import uuid
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any
from unittest import mock

import pytest
from django.test import Client

from scheduling.models import Appointment
from scheduling.services import booking, moving
from scheduling.services.booking import Wish
from tests import cast
from tests.calendar import weekday_at
from tests.race.arena import at_once, broken

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def visit() -> Appointment:
    cast.visit_types()
    cast.room()
    cast.prescriber()
    wish = Wish(patient_id=cast.patient().pk, kind="consultation", site_id="la", starts_at=weekday_at(9))
    return booking.book(by=cast.receptionist(), wish=wish)


def dragging(visit: Appointment, to: datetime) -> Callable[[], Any]:
    """A receptionist of the site, signed in, who drops the visit there as it was when the board was drawn."""
    client = Client(headers={"X-Board": "drag"})
    client.force_login(cast.receptionist())
    wall = to.astimezone(visit.site.tz)
    sent = {
        "request_id": str(uuid.uuid4()),
        "version": visit.version,
        "on": f"{wall:%Y-%m-%d}",
        "at": f"{wall:%H:%M}",
        "room": str(visit.room_id),
        "clinician": str(visit.clinician_id),
    }
    return partial(client.post, f"/desk/visits/{visit.pk}/drop/", sent)


def test_exactly_one_drag_wins_and_the_other_learns_of_it(visit: Appointment) -> None:
    for hour in range(10, 15):
        visit.refresh_from_db()
        places = [weekday_at(hour, 0), weekday_at(hour, 30, weekday=1)]
        outcomes = at_once([dragging(visit, to) for to in places])
        assert not broken(outcomes), broken(outcomes)[:1]
        assert sorted(one.status_code for one in outcomes) == [200, 409]
        lost = next(one for one in outcomes if one.status_code == 409).content.decode()
        won = places[[one.status_code for one in outcomes].index(200)]
        now_so = Appointment.objects.get(pk=visit.pk)
        assert (now_so.starts_at, now_so.version) == (won, visit.version + 1)
        assert "Moved by Person" in lost
        assert "Nothing was overwritten" in lost


def test_negative_control_two_drags(visit: Appointment) -> None:
    """Without the comparison of versions the second drag overwrites the first, and nobody is told."""
    current: Callable[..., Appointment] = moving._current

    def as_it_is(visit_id: uuid.UUID, version: int, **kwargs: Any) -> Appointment:
        return current(visit_id, Appointment.objects.get(pk=visit_id).version, **kwargs)

    with mock.patch("scheduling.services.moving._current", as_it_is):
        outcomes = at_once([dragging(visit, weekday_at(10)), dragging(visit, weekday_at(13))])
    assert [one.status_code for one in outcomes] == [200, 200]
    visit.refresh_from_db()
    assert visit.version == 3
