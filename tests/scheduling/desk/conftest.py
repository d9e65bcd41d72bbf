"""A Monday morning at the Los Angeles desk: two rooms, a prescriber, a receptionist. The clock stands at 8:00."""

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.conf import settings
from django.test import Client, override_settings

from intake.models import Patient
from pacificmind.accounts.models import Clinician, User
from pacificmind.clinic.models import Site
from scheduling.models import Appointment, Room, Series
from scheduling.services import booking, series
from scheduling.services.booking import Wish
from tests import cast

ZONE = ZoneInfo(cast.ZONE)
MONDAY = "2027-03-08"  # the clocks go forward on the Sunday after it


def at(hour: int, minute: int = 0, *, day: int = 0) -> datetime:
    """A wall time of the Monday, or `day` days later, as an instant."""
    return (datetime(2027, 3, 8, hour, minute) + timedelta(days=day)).replace(tzinfo=ZONE).astimezone(UTC)


@dataclass
class Desk:
    """The clinic of a test, and a browser with the receptionist signed in."""

    site: Site
    rooms: list[Room]
    doctor: Clinician
    user: User
    client: Client

    def get(self, path: str) -> Any:
        """A page of the desk."""
        return self.client.get(path)

    def post(self, path: str, **data: Any) -> Any:
        """A form, with a request id of its own unless one is given; redirects are not followed."""
        return self.client.post(path, {"request_id": str(uuid.uuid4()), **data})

    def as_clinician(self) -> "Desk":
        """The same clinic with the doctor signed in."""
        client = Client()
        client.force_login(self.doctor.user)
        return Desk(self.site, self.rooms, self.doctor, self.doctor.user, client)

    def consultation(self, start: datetime, **extra: Any) -> Appointment:
        """A booked consultation of somebody new."""
        who = extra.pop("who", None) or cast.patient()
        wish = Wish(patient_id=who.pk, kind="consultation", site_id="la", starts_at=start, **extra)
        return booking.book(by=self.user, wish=wish)

    def series(self, *days: int, hour: int = 10, infusions: int = 6, **patient: Any) -> tuple[Patient, Series]:
        """A patient ready for treatment with infusions laid out on these days from the Monday on."""
        who, order = cast.ready_patient(self.doctor, infusions=infusions)
        Patient.objects.filter(pk=who.pk).update(**{"escort_name": "Luis Reyes", **patient})
        room = self.rooms[0]
        slots = [series.Slot(at(hour, day=day), room.pk, self.doctor.pk) for day in days]
        return who, series.lay_out(by=self.user, order_id=order.pk, site_id="la", slots=slots)


@pytest.fixture(autouse=True)
def _monday() -> Iterator[None]:
    with time_machine.travel(at(8), tick=False):
        yield


@pytest.fixture(autouse=True)
def _plain() -> Iterator[None]:
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    with override_settings(STORAGES={**settings.STORAGES, "staticfiles": plain}):
        yield


@pytest.fixture
def desk(_monday: None, _plain: None, db: None) -> Desk:
    """The clinic at eight in the morning."""
    cast.visit_types()
    site = cast.site()
    rooms = [cast.room(site, "Room 1"), cast.room(site, "Room 2")]
    doctor = cast.prescriber(name="Dr. Cho", lanes=2)
    user = cast.receptionist()
    client = Client()
    client.force_login(user)
    return Desk(site, rooms, doctor, user, client)


def words(response: Any) -> str:
    """The page's text as a reader meets it: no tags, single spaces."""
    text = re.sub(r"<(script|style)[^>]*>.*?</\1>|<[^>]+>", " ", response.content.decode(), flags=re.S)
    return " ".join(unescape(text).split())


def clear(response: Any) -> None:
    """The page is what the browser may show: no inline style, script or handler."""
    html = response.content.decode()
    assert not re.search(r"\sstyle=|\son\w+=|<style|<script(?![^>]*src=)", html)
