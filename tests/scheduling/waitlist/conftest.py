"""A clinic with one room and one prescriber, and people who would rather come earlier. Monday, March 8, 2027, 9:00."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine

from intake.models import Patient
from pacificmind.accounts.models import Clinician, User
from scheduling.models import Appointment, Offer, Series, Waiting
from scheduling.services import booking, series, waitlist, waitlist_tick
from scheduling.services.booking import Wish
from scheduling.services.waitlist import Wishes
from tests import cast

ZONE = ZoneInfo(cast.ZONE)


def at(hour: int, minute: int = 0, *, day: int = 0) -> datetime:
    """A wall time of the Monday, or `day` days later, as an instant."""
    return (datetime(2027, 3, 8, hour, minute) + timedelta(days=day)).replace(tzinfo=ZONE).astimezone(UTC)


@dataclass
class Clinic:
    """The clinic of a test."""

    doctor: Clinician
    desk: User
    room: Any

    def visit(self, who: Patient, start: datetime) -> Appointment:
        """A booked consultation."""
        wish = Wish(patient_id=who.pk, kind="consultation", site_id="la", starts_at=start)
        return booking.book(by=self.desk, wish=wish)

    def waits(self, start: datetime, who: Patient | None = None, **wishes: Any) -> Waiting:
        """Somebody with a consultation then, who would rather come earlier."""
        visit = self.visit(who or cast.patient(), start)
        return waitlist.join(by=self.desk, visit_id=visit.pk, wishes=Wishes(**wishes))

    def series(
        self, *days: int, per_week: int = 3, infusions: int = 6, hour: int = 10, deviation_reason: str = ""
    ) -> Series:
        """A series on these days from the Monday on."""
        _, order = cast.ready_patient(self.doctor, infusions=infusions, per_week=per_week)
        slots = [series.Slot(at(hour, day=day), self.room.pk, self.doctor.pk) for day in days]
        by = self.doctor.user if deviation_reason else self.desk
        return series.lay_out(by=by, order_id=order.pk, site_id="la", slots=slots, deviation_reason=deviation_reason)

    def treatment_waits(self, run: Series, number: int, **wishes: Any) -> Waiting:
        """The visit of that number waits for an earlier time."""
        visit = run.visits.get(number=number, status__in=("booked", "held"))
        return waitlist.join(by=self.desk, visit_id=visit.pk, wishes=Wishes(**wishes))


def offered(waiting: Waiting) -> list[tuple[datetime, str]]:
    """Every offer so far, the oldest first: when, and what became of it."""
    return list(
        Offer.objects.filter(waiting=waiting).order_by("made_at", "starts_at").values_list("starts_at", "status")
    )


def offer_to(waiting: Waiting) -> Offer:
    """The offer that a tick makes now."""
    waitlist_tick.tick()
    return Offer.objects.get(waiting=waiting, status="open")


@pytest.fixture(autouse=True)
def clock() -> Iterator[Any]:
    with time_machine.travel(at(9), tick=False) as traveller:
        yield traveller


@pytest.fixture
def clinic(clock: Any, db: None) -> Clinic:
    cast.visit_types()
    return Clinic(room=cast.room(name="Room 1"), doctor=cast.prescriber(name="Dr. Cho"), desk=cast.receptionist())
