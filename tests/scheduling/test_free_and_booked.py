"""From the rows themselves: what is offered is what can be booked, and both are what a brute force finds free.

Random clinics on the days when the clocks change, with all that takes time away: visits, buffers, turnover, offers,
leave, breaks, closures of the site and of a room, hours over midnight.
"""

import random
import uuid
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from psycopg2.extras import NumericRange

from pacificmind.accounts.models import Clinician
from pacificmind.clock import now
from scheduling.domain import errors
from scheduling.models import (
    Appointment,
    Closure,
    Leave,
    Offer,
    OpeningHours,
    Room,
    ShiftException,
    VisitType,
    Waiting,
    WeeklyShift,
)
from scheduling.queries import calendar
from scheduling.services import booking
from scheduling.services.booking import Wish
from tests import cast

pytestmark = pytest.mark.django_db(transaction=True)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
KINDS = ("consultation", "infusion")
SUNDAYS = {"2026-03-06T16:00:00Z": date(2026, 3, 8), "2026-10-30T16:00:00Z": date(2026, 11, 1)}


def clinic(rng: random.Random, day: date) -> None:
    """A site open around the weekend's midnights, two rooms, two clinicians; then whatever the dice say."""
    cast.visit_types()
    for kind in VisitType.objects.all():
        kind.buffer_minutes, kind.turnover_minutes = rng.choice([0, 20]), rng.choice([0, 30])
        kind.save()
    site = cast.site()
    OpeningHours.objects.create(site=site, weekday=5, opens=time(20), closes=time())
    OpeningHours.objects.create(site=site, weekday=6, opens=time(), closes=rng.choice([time(12), time()]))
    for minutes in (0, 45):
        cast.room(turnover_minutes=minutes)
    for lanes in (1, 3):
        doctor = cast.prescriber(lanes=lanes)
        for weekday, starts, ends in ((5, time(21), time()), (6, time(), rng.choice([time(4), time(11)]))):
            WeeklyShift.objects.create(clinician=doctor, site=site, weekday=weekday, starts=starts, ends=ends)
    take_away(rng, day)


def instant(rng: random.Random, day: date) -> datetime:
    first = datetime.combine(day, time(), cast.site().tz).astimezone(UTC)
    return first + timedelta(minutes=15 * rng.randrange(-8, 48))


def take_away(rng: random.Random, day: date) -> None:
    staff, rooms = list(Clinician.objects.order_by("pk")), list(Room.objects.order_by("pk"))
    for _ in range(6):
        wish = Wish(
            patient_id=cast.patient().pk,
            kind="consultation",
            site_id="la",
            starts_at=instant(rng, day),
            clinician_id=rng.choice(staff).pk,
        )
        with suppress(errors.BookingRefused):
            booking.book(by=None, wish=wish)
    visit = Appointment.objects.first()
    for _ in range(2):
        start, doctor, room = instant(rng, day), rng.choice(staff), rng.choice(rooms)
        if visit is not None:
            with suppress(IntegrityError), transaction.atomic():
                offer(visit, doctor, room, start)
    start = instant(rng, day)
    if rng.random() < 0.7:
        Leave.objects.create(clinician=rng.choice(staff), starts_at=start, ends_at=start + timedelta(minutes=50))
    start = instant(rng, day)
    closed = rng.choice([None, rooms[0]])
    Closure.objects.create(
        site=cast.site(), room=closed, starts_at=start, ends_at=start + timedelta(hours=1), reason="x"
    )
    if rng.random() < 0.3:
        ShiftException.objects.create(
            clinician=staff[0], site=cast.site(), on=day, starts=time(1), ends=rng.choice([time(9), time()])
        )


def offer(visit: Appointment, doctor: Clinician, room: Room, start: datetime) -> Offer:
    waiting = Waiting.objects.filter(visit=visit, status="waiting").first() or Waiting.objects.create(
        patient=visit.patient, visit=visit, site=visit.site
    )
    return Offer.objects.create(
        waiting=waiting,
        clinician=doctor,
        room=room,
        lanes=NumericRange(0, doctor.lanes, "[)"),
        starts_at=start,
        ends_at=start + timedelta(hours=1),
        room_free_at=start + timedelta(minutes=80),
        expires_at=now() + timedelta(hours=3),
        token_hash=uuid.uuid4().hex,
    )


class Brute:
    """Every minute asked of the rows, one by one."""

    def __init__(self, kind: str) -> None:
        self.kind = VisitType.objects.get(kind=kind)
        self.buffers = {one.kind: timedelta(minutes=one.buffer_minutes) for one in VisitType.objects.all()}
        self.site = cast.site()
        self.opening = list(OpeningHours.objects.all())
        self.shifts, self.own = list(WeeklyShift.objects.all()), list(ShiftException.objects.all())
        self.leaves, self.closures = list(Leave.objects.all()), list(Closure.objects.all())
        self.visits = [(v, self.buffers[v.kind]) for v in Appointment.objects.filter(status="booked")]
        self.visits += [(o, self.buffers[o.waiting.visit.kind]) for o in Offer.objects.filter(status="open")]  # type: ignore[misc]
        self.staff, self.rooms = list(Clinician.objects.all()), list(Room.objects.all())

    def minutes(self, start: datetime, more: timedelta = timedelta()) -> Iterator[datetime]:
        length = timedelta(minutes=self.kind.minutes) + more
        return (start + MINUTE * n for n in range(int(length / MINUTE)))

    def within(self, starts: time, ends: time, wall: datetime) -> bool:
        return starts <= wall.time() and (wall.time() < ends or ends == time())

    def wall(self, at: datetime) -> datetime:
        """The second of two autumn hours counts as what comes right before the hour after it."""
        here = at.astimezone(self.site.tz)
        return datetime.combine(here.date(), time(1, 59, 59)) if here.fold else here.replace(tzinfo=None)

    def is_open(self, at: datetime) -> bool:
        wall = self.wall(at)
        hours = [one for one in self.opening if one.weekday == wall.weekday()]
        closed = any(one.room_id is None and one.starts_at <= at < one.ends_at for one in self.closures)
        return not closed and any(self.within(one.opens, one.closes, wall) for one in hours)

    def works(self, who: Clinician, at: datetime) -> bool:
        wall = self.wall(at)
        own = [one for one in self.own if one.clinician_id == who.pk and one.on == wall.date()]
        weekly = [one for one in self.shifts if one.clinician_id == who.pk and one.weekday == wall.weekday()]
        away = any(one.clinician_id == who.pk and one.starts_at <= at < one.ends_at for one in self.leaves)
        return not away and any(
            one.starts is not None and one.ends is not None and self.within(one.starts, one.ends, wall)
            for one in own or weekly
        )

    def lane_free(self, who: Clinician, lanes: set[int], at: datetime) -> bool:
        return not any(
            visit.clinician_id == who.pk
            and lanes & set(range(visit.lanes.lower, visit.lanes.upper))
            and visit.starts_at <= at < visit.ends_at + buffer
            for visit, buffer in self.visits
        )

    def room_free(self, room: Room, at: datetime) -> bool:
        closed = any(one.room_id == room.pk and one.starts_at <= at < one.ends_at for one in self.closures)
        return not closed and not any(
            visit.room_id == room.pk and visit.starts_at <= at < visit.room_free_at  # type: ignore[operator]
            for visit, _ in self.visits
        )

    def is_free(self, start: datetime) -> bool:
        """Whether the site, one room and one clinician are free for every minute that they are needed."""
        if not all(self.is_open(at) for at in self.minutes(start)):
            return False
        return any(self.room_fits(room, start) for room in self.rooms) and any(
            self.clinician_fits(who, start) for who in self.staff
        )

    def room_fits(self, room: Room, start: datetime) -> bool:
        turnover = timedelta(minutes=max(room.turnover_minutes, self.kind.turnover_minutes))
        return all(self.room_free(room, at) for at in self.minutes(start, turnover))

    def clinician_fits(self, who: Clinician, start: datetime) -> bool:
        wanted = [set(range(who.lanes))] if self.kind.all_lanes else [{lane} for lane in range(who.lanes)]
        buffer = timedelta(minutes=self.kind.buffer_minutes)
        return all(self.works(who, at) for at in self.minutes(start)) and any(
            all(self.lane_free(who, lanes, at) for at in self.minutes(start, buffer)) for lanes in wanted
        )


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("today", SUNDAYS)
def test_offered_booked_and_brute_force_agree(today: str, seed: int, time_machine: Any) -> None:
    time_machine.move_to(today, tick=False)
    rng, day = random.Random(f"{today}{seed}"), SUNDAYS[today]
    clinic(rng, day)
    site, who = cast.site(), cast.patient()
    for kind in KINDS:
        found = calendar.free_starts(site, kind, from_day=day - DAY, until_day=day + DAY)
        offered = {one.start for one in found}
        brute = Brute(kind)
        walls = [datetime.combine(day - DAY, time()) + timedelta(minutes=15 * n) for n in range(4 * 48)]
        instants = {wall.replace(tzinfo=site.tz).astimezone(UTC): wall for wall in walls}
        real = {at for at, wall in instants.items() if at.astimezone(site.tz).replace(tzinfo=None, fold=0) == wall}
        assert offered
        assert offered == {at for at in real if brute.is_free(at)}
        for at in rng.sample(sorted(real), 12):
            wish = Wish(patient_id=who.pk, kind=kind, site_id="la", starts_at=at)
            try:
                booking.find_place(site, wish, patient_id=who.pk)
            except errors.BookingRefused:
                assert at not in offered
            else:
                assert at in offered
