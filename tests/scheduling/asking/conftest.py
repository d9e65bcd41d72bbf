"""A clinic with room for series, and ways to answer what is asked before and after a visit."""

import uuid
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.test import Client, override_settings

from intake.models import Inquiry, SeriesOrder
from intake.services import inquiries
from pacificmind.accounts.models import Clinician, User
from scheduling.models import Appointment, Series
from scheduling.services.series import Slot, lay_out
from tests import cast
from tests.scheduling.series import walk

BIRTH = "1985-04-12"
MONDAY = date(2027, 3, 8)  # the clocks go forward on the Sunday after


@pytest.fixture(autouse=True)
def _plain() -> Any:
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    with override_settings(STORAGES={**settings.STORAGES, "staticfiles": plain}):
        yield


@pytest.fixture(autouse=True)
def clock() -> Iterator[Any]:
    """Thursday, March 4, 2027, 9:00 in Los Angeles."""
    with time_machine.travel(walk.at(date(2027, 3, 4), 9), tick=False) as traveller:
        yield traveller


@pytest.fixture
def doctor(clock: Any, db: None) -> Clinician:
    cast.visit_types()
    cast.room(name="Room A")
    return cast.prescriber(name="Dr. Cho")


@pytest.fixture
def desk(doctor: Any) -> User:
    return cast.receptionist()


@pytest.fixture
def order(doctor: Clinician) -> SeriesOrder:
    """A patient with an account, ready for six infusions at three a week."""
    return cast.ready_patient(doctor, account=True)[1]


@pytest.fixture
def run(order: SeriesOrder, doctor: Clinician, desk: User) -> Series:
    """Mon, Wed, Fri for two weeks at 10:00, from March 8, 2027."""
    room = cast.site().room_set.get(name="Room A").pk
    days = [date(2027, 3, day) for day in (8, 10, 12, 15, 17, 19)]
    slots = [Slot(walk.at(day, 10), room, doctor.pk) for day in days]
    return lay_out(by=desk, order_id=order.pk, site_id="la", slots=slots)


@pytest.fixture
def visit(run: Series) -> Appointment:
    """The first of them, Monday at 10:00."""
    return run.visits.get(number=1)


def link(row: Inquiry) -> str:
    """The address of its link."""
    return f"/answers/{inquiries.tokens_of(row.pk)[0]}/"


def before(visit: Appointment) -> Inquiry:
    """What is asked before a visit as it stands."""
    return Inquiry.objects.get(visit_id=visit.pk, kind="before_visit", visit_version=visit.version)


def proved(row: Inquiry) -> Client:
    """A browser in which the date of birth was given at the link."""
    client = Client()
    assert client.post(link(row), {"birth_on": BIRTH}).status_code == 302
    return client


WELL = {
    "ready-escort": "new",
    "ready-escort_name": "Luis Reyes",
    "ready-escort_phone": "213 555 0190",
    "ready-fasting": "yes",
    "ready-held": "none",
    "ready-medicines": "no",
    "ready-ill": "no",
    "ready-pregnancy": "none",
    "ready-bladder": "no",
}
WHERE = {"where-place": "12 Olive Street, Los Angeles", "where-phone": "213 555 0123"}


def mood(each: int = 1) -> dict[str, str]:
    """Items 1 to 8 of the PHQ-9, all answered alike."""
    return {f"phq9-{number}": str(each) for number in range(1, 9)}


def send(client: Client, path: str, part: str, **answers: str) -> Any:
    """One part, as the page sends it."""
    return client.post(path, {"part": part, **answers})


def answer_all(client: Client, path: str, *, each: int = 1, item9: str = "0", **ready: str) -> None:
    """Everything before a visit, to the end, with nothing that asks for a look unless told."""
    for part, answers in (
        ("ready", WELL | ready),
        ("where", WHERE),
        ("mood", mood(each)),
        ("thoughts", {"phq9-9": item9}),
        *(("safety", {f"asq-{number}": "N"}) for number in (1, 2, 3, 4)),
    ):
        page = send(client, path, part, **answers)
        assert page.status_code == 302, page.content.decode()


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def request_id() -> dict[str, str]:
    return {"request_id": str(uuid.uuid4())}
