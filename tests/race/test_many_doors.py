"""Two desks book, move, cancel and close at once, by chance: whatever comes of it, the record holds together."""

import random
import uuid
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from intake.models import Patient
from pacificmind.accounts.models import User
from pacificmind.audit.models import Entry
from pacificmind.idempotency.models import Request
from pacificmind.messaging.models import Message
from scheduling.domain.errors import BookingRefused
from scheduling.models import Appointment
from scheduling.services import booking, closing
from scheduling.services.booking import Wish
from tests import cast
from tests.calendar import weekday_at
from tests.race.arena import at_once, without_law

pytestmark = pytest.mark.django_db(transaction=True)
CLIENTS, STEPS = 6, 40
SITES = ("la", "lb")
LAW = ("one_patient_per_room", "clinician_lanes_are_not_double_booked", "patient_is_in_one_place")


@dataclass
class Clinic:
    """Two sites with two rooms and two clinicians each, and what each shared form came to."""

    desks: list[User] = field(default_factory=list)
    rooms: list[list[uuid.UUID]] = field(default_factory=list)
    people: list[Patient] = field(default_factory=list)
    starts: list[datetime] = field(default_factory=list)
    forms: list[tuple[uuid.UUID, Wish]] = field(default_factory=list)
    came_of: dict[uuid.UUID, set[uuid.UUID]] = field(default_factory=lambda: defaultdict(set))

    def step(self, chance: random.Random) -> None:
        """One thing that a receptionist does; refusals are as good as any."""
        what, at = chance.random(), chance.randrange(2)
        seen = Appointment.objects.filter(site_id=SITES[at]).order_by("?").first()
        if what < 0.2:
            key, wish = chance.choice(self.forms)  # a form that others send at this moment too
            visit = self.book(wish, key)
            self.came_of[key].add(visit.pk)
        elif what < 0.5 or seen is None:
            self.book(self.wish(chance), uuid.uuid4())
        elif what < 0.75:
            booking.move(
                by=self.desks[at],
                visit_id=seen.pk,
                version=seen.version,
                starts_at=chance.choice(self.starts),
                room_id=chance.choice([None, *self.rooms[at]]),
            )
        elif what < 0.97:
            booking.cancel(by=self.desks[at], visit_id=seen.pk, version=seen.version, why="ill")
        else:
            who = Patient.objects.get(pk=chance.choice(self.people).pk)
            by = self.desks[SITES.index(who.site_id)]
            closing.close_patient(by=by, patient_id=who.pk, version=who.version, why="moved")

    def wish(self, chance: random.Random) -> Wish:
        """A visit of somebody, some time, in a room that is named or any."""
        at = chance.randrange(2)
        return Wish(
            patient_id=chance.choice(self.people).pk,
            kind=chance.choice(["consultation", "follow_up"]),
            site_id=SITES[at],
            starts_at=chance.choice(self.starts),
            room_id=chance.choice([None, *self.rooms[at]]),
        )

    def book(self, wish: Wish, key: uuid.UUID) -> Appointment:
        return booking.book(by=self.desks[SITES.index(wish.site_id)], wish=wish, request_id=key)


def clinic() -> Clinic:
    cast.visit_types()
    made, chance = Clinic(), random.Random(1)
    for site in (cast.site(), cast.other_site()):
        made.desks.append(cast.receptionist(site))
        made.rooms.append([cast.room(site).pk, cast.room(site).pk])
        _ = cast.prescriber(site), cast.prescriber(site)
        made.people += [cast.patient(site) for _ in range(5)]
    made.starts = [weekday_at(hour, minute, weekday=day) for day in (0, 1) for hour in (9, 10) for minute in (0, 30)]
    made.forms = [(uuid.uuid4(), made.wish(chance)) for _ in range(10)]
    return made


def client(found: Clinic, seed: int) -> Callable[[], None]:
    def work() -> None:
        chance = random.Random(seed)
        for _ in range(STEPS):
            with suppress(BookingRefused):
                found.step(chance)

    return work


def in_each_others_way() -> list[tuple[Any, Any]]:
    """Pairs of visits that stand and have a room, a patient or a whole clinician in common at one time."""
    visits = list(Appointment.objects.filter(status__in=("booked", "held")).order_by("starts_at", "pk"))
    return [
        (one.pk, two.pk)
        for n, one in enumerate(visits)
        for two in visits[n + 1 :]
        if two.starts_at < one.ends_at
        and (one.room_id == two.room_id or one.patient_id == two.patient_id or one.clinician_id == two.clinician_id)
    ]


@pytest.mark.parametrize("seed", [100, 200])
def test_whatever_desks_do_at_once_the_record_holds_together(seed: int) -> None:
    found = clinic()
    outcomes = at_once([client(found, seed + number) for number in range(CLIENTS)])
    assert outcomes == [None] * CLIENTS
    visits = set(Appointment.objects.values_list("pk", flat=True))
    assert len(visits) > 10
    assert in_each_others_way() == []
    assert not Appointment.objects.filter(patient__status="closed", status="booked").exists()
    assert all(len(one) == 1 for one in found.came_of.values()), "a form books once, whoever sends it"
    results = Request.objects.filter(intent="book").values_list("result", flat=True)
    assert {uuid.UUID(one["visit"]) for one in results} == visits
    assert Entry.objects.filter(what="book a visit").count() == len(visits)
    assert Message.objects.filter(purpose="visit-booked").count() == len(visits)


def test_negative_control_visits_in_each_others_way_are_seen() -> None:
    found = clinic()
    wish = found.wish(random.Random(3))
    visit = found.book(wish, uuid.uuid4())
    with without_law(*LAW):
        visit.pk, visit.starts_at = uuid.uuid4(), visit.starts_at + timedelta(minutes=5)
        visit.save(force_insert=True)
        assert len(in_each_others_way()) == 1
