"""A clinic with two rooms and two who attend, and series that something happens to."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.test import override_settings

from pacificmind.accounts.models import Clinician, User
from pacificmind.clock import now
from scheduling.models import Appointment, Kind, Leave, Room, Series
from scheduling.queries import repair as queries
from scheduling.services import booking, series
from scheduling.services.repair_parts import Plan
from scheduling.services.repair_plan import propose
from tests import cast
from tests.scheduling.series import walk

MONDAY = date(2027, 1, 4)


@dataclass
class Clinic:
    """Who and what there is."""

    doctor: Clinician
    other: Clinician
    rooms: list[Room]
    desk: User
    boss: User

    def slot(self, gap: int, hour: int = 9, room: int = 0, by: Clinician | None = None) -> series.Slot:
        """A slot so many days after the Monday."""
        return series.Slot(walk.at(MONDAY + timedelta(days=gap), hour), self.rooms[room].pk, (by or self.doctor).pk)

    def series(self, *gaps: int, infusions: int = 0, per_week: int = 3, **where: Any) -> Series:
        """Infusions of somebody new, these days after the Monday."""
        _, order = cast.ready_patient(self.doctor, infusions=infusions or len(gaps), per_week=per_week)
        slots = [self.slot(gap, **where) for gap in gaps]
        return series.lay_out(by=self.desk, order_id=order.pk, site_id="la", slots=slots)

    def talk(self, gap: int, hour: int, by: Clinician | None = None) -> Appointment:
        """A consultation of somebody new."""
        wish = booking.Wish(
            patient_id=cast.patient().pk,
            kind=Kind.CONSULTATION,
            site_id="la",
            starts_at=walk.at(MONDAY + timedelta(days=gap), hour),
            clinician_id=(by or self.doctor).pk,
        )
        return booking.book(by=self.desk, wish=wish)

    def away(self, gap: int, until: int | None = None, who: Clinician | None = None) -> Leave:
        """A leave on these days, entered without more ado."""
        return Leave.objects.create(
            clinician=who or self.doctor,
            starts_at=walk.at(MONDAY + timedelta(days=gap), 0),
            ends_at=walk.at(MONDAY + timedelta(days=until or gap + 1), 0),
        )

    def propose_leave(self, leave: Leave) -> Plan:
        """What is proposed for those it hits."""
        return propose(queries.of_leave(self.desk, leave))

    def propose_series(self, run: Series, by: User | None = None) -> Plan:
        """What is proposed for a series that lacks a visit."""
        return propose(
            queries.of_series(by or self.desk, Series.objects.select_related("order", "site").get(pk=run.pk))
        )


def places(run: Series) -> list[str]:
    """The active visits by time: weekday, day and hour, status, and the room's last letter."""
    found = Appointment.objects.filter(series=run, status__in=("held", "booked", "fulfilled", "arrived"))
    walls = [(v, v.starts_at.astimezone(v.site.tz)) for v in found.select_related("site", "room").order_by("starts_at")]
    return [f"{wall:%a %d %H} {v.status[0]}" for v, wall in walls]


def snapshot() -> list[tuple[Any, ...]]:
    """Every column of every visit, its version apart."""
    names = ("pk", "starts_at", "ends_at", "room_free_at", "room_id", "clinician_id", "lanes", "status", "number")
    return list(Appointment.objects.exclude(status="entered-in-error").order_by("pk").values_list(*names))


@pytest.fixture(autouse=True)
def _monday() -> Iterator[None]:
    with time_machine.travel(walk.at(MONDAY, 6), tick=False):
        yield


@pytest.fixture(autouse=True)
def _plain_and_quick() -> Iterator[None]:
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    with override_settings(STORAGES={**settings.STORAGES, "staticfiles": plain}):
        yield


@pytest.fixture
def clinic(_monday: None, db: None) -> Clinic:
    cast.visit_types()
    rooms = [cast.room(name="Room A"), cast.room(name="Room B")]
    doctor = cast.prescriber(name="Dr. Cho")
    assert now().date() == MONDAY
    return Clinic(doctor, cast.prescriber(name="Dr. Diaz"), rooms, cast.receptionist(), cast.manager())
