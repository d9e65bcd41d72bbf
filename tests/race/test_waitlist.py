"""The waitlist under two transactions at once: two claims, a claim and a booking, a claim and the clock, two ticks.

Each with a negative control: with the defence off the race shows.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import partial
from typing import Any
from unittest import mock

import pytest
import time_machine

from pacificmind.audit.models import Entry
from pacificmind.clock import now
from pacificmind.messaging.models import Message
from scheduling.domain import errors
from scheduling.models import Appointment, Offer, Waiting
from scheduling.services import booking, placing, waitlist, waitlist_claim, waitlist_offers, waitlist_tick
from scheduling.services.waitlist import Wishes
from tests import cast
from tests.calendar import weekday_at
from tests.database import as_owner
from tests.race.arena import at_once, broken, refused, without_law, without_locks

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def morning() -> Iterator[None]:
    """A Monday at nine, when offers may be made."""
    with time_machine.travel(weekday_at(9), tick=True):
        yield


class Clinic:
    """One room, one prescriber."""

    def __init__(self) -> None:
        cast.visit_types()
        cast.room()
        cast.prescriber()
        self.desk = cast.receptionist()

    def book(self, start: Any) -> Callable[[], Appointment]:
        wish = booking.Wish(patient_id=cast.patient().pk, kind="consultation", site_id="la", starts_at=start)
        return partial(booking.book, by=self.desk, wish=wish)

    def waits(self, start: Any) -> Waiting:
        wish = booking.Wish(patient_id=cast.patient().pk, kind="consultation", site_id="la", starts_at=start)
        visit = booking.book(by=self.desk, wish=wish)
        return waitlist.join(by=self.desk, visit_id=visit.pk, wishes=Wishes(hours_needed=2))

    def offer(self) -> Offer:
        waiting = self.waits(weekday_at(14, weeks=2))
        made = waitlist_offers.make(waiting_id=waiting.pk, starts_at=weekday_at(14, weekday=1), by=self.desk)
        assert made is not None
        return made


def test_two_claims_of_one_offer_are_one_move() -> None:
    offer = Clinic().offer()
    outcomes = at_once([partial(waitlist_claim.claim, offer_id=offer.pk)] * 8)
    assert not broken(outcomes)
    assert not refused(outcomes), "each is told the same yes"
    assert Appointment.objects.get().version == 2
    assert moves() == 1
    assert Message.objects.filter(purpose="visit-moved").count() == 1


def moves() -> int:
    """How often a visit was moved by a claim, from the audit."""
    return Entry.objects.filter(what="take an earlier time").count()


@contextmanager
def unlocked(clients: int) -> Iterator[None]:
    """No ordered lock and no lock on the offer's row: each reads it as open before any writes."""
    meeting, first = threading.Barrier(clients), threading.local()
    end = waitlist_offers.end

    def waiting_end(*args: Any, **kwargs: Any) -> None:
        if not getattr(first, "met", False):
            first.met = True
            with suppress(threading.BrokenBarrierError):
                meeting.wait(timeout=10)
        end(*args, **kwargs)

    with (
        mock.patch("scheduling.services.locks._lock"),
        mock.patch("django.db.models.query.QuerySet.select_for_update", lambda rows, **how: rows.all()),
        mock.patch("scheduling.services.waitlist_claim.end", waiting_end),
    ):
        yield


def test_negative_control_two_claims() -> None:
    offer = Clinic().offer()
    with unlocked(2):
        at_once([partial(waitlist_claim.claim, offer_id=offer.pk)] * 2)
    assert moves() == 2, "without the locks both must move it"


def test_the_front_desk_cannot_book_a_held_place_while_it_is_claimed() -> None:
    clinic = Clinic()
    offer = clinic.offer()
    desk = [clinic.book(offer.starts_at) for _ in range(4)]
    outcomes = at_once([partial(waitlist_claim.claim, offer_id=offer.pk), *desk])
    assert not broken(outcomes)
    assert isinstance(outcomes[0], Offer), outcomes[0]
    assert {type(one) for one in outcomes[1:]} <= {errors.SlotTaken, errors.Busy}
    assert Appointment.objects.get(starts_at=offer.starts_at).pk == offer.waiting.visit_id


def test_negative_control_a_place_that_is_not_held() -> None:
    """Were an open offer not busy, the desk would take the place, and the claim could only be refused."""
    clinic = Clinic()
    offer = clinic.offer()
    find = placing.find_place
    with mock.patch(
        "scheduling.services.booking.find_place", lambda *a, **k: find(*a, **{**k, "without_offers": [offer.pk]})
    ):
        clinic.book(offer.starts_at)()
    with pytest.raises(errors.SlotTaken):
        waitlist_claim.claim(offer_id=offer.pk)
    offer.refresh_from_db()
    assert offer.status == "withdrawn"
    assert offer.waiting.visit.version == 1, "even so the visit stays as it was"


def test_the_law_alone_keeps_the_place_when_the_locks_are_off() -> None:
    clinic = Clinic()
    offer = clinic.offer()
    find = placing.find_place
    unheld = mock.patch(
        "scheduling.services.booking.find_place", lambda *a, **k: find(*a, **{**k, "without_offers": [offer.pk]})
    )
    with unheld, without_locks(2):
        outcomes = at_once([partial(waitlist_claim.claim, offer_id=offer.pk), clinic.book(offer.starts_at)])
    assert not broken(outcomes)
    assert len(refused(outcomes)) == 1
    assert Appointment.objects.filter(starts_at=offer.starts_at).count() == 1


def test_negative_control_claim_and_booking_without_law_and_locks() -> None:
    clinic = Clinic()
    offer = clinic.offer()
    find = placing.find_place
    unheld = mock.patch(
        "scheduling.services.booking.find_place", lambda *a, **k: find(*a, **{**k, "without_offers": [offer.pk]})
    )
    law = ("one_patient_per_room", "clinician_lanes_are_not_double_booked")
    with unheld, without_law(*law), without_locks(2):
        at_once([partial(waitlist_claim.claim, offer_id=offer.pk), clinic.book(offer.starts_at)])
        assert Appointment.objects.filter(starts_at=offer.starts_at).count() == 2


def run_out(offer: Offer) -> None:
    """The time it is held is over in the eyes of the tick, not yet in those of whoever claims at this moment."""
    with mock.patch("scheduling.services.waitlist_tick.now", return_value=offer.expires_at + timedelta(seconds=1)):
        waitlist_tick.run_out()


def test_a_claim_against_the_clock_is_one_or_the_other() -> None:
    clinic = Clinic()
    for _ in range(6):
        offer = clinic.offer()
        outcomes = at_once([partial(waitlist_claim.claim, offer_id=offer.pk), partial(run_out, offer)])
        assert not broken(outcomes)
        offer.refresh_from_db()
        visit = Appointment.objects.get(pk=offer.waiting.visit_id)
        taken = isinstance(outcomes[0], Offer)
        assert (offer.status, visit.version) == (("claimed", 2) if taken else ("expired", 1))
        _clear()


def _clear() -> None:
    with as_owner() as cursor:
        cursor.execute("TRUNCATE scheduling_offer, scheduling_waiting, scheduling_appointment CASCADE")


def test_negative_control_a_claim_against_the_clock() -> None:
    """Had the tick not looked again under the row's lock, it would end an offer that was answered yes."""
    offer = Clinic().offer()
    seen = Offer.objects.get(pk=offer.pk)  # read before the claim, written after it
    waitlist_claim.claim(offer_id=offer.pk)
    waitlist_offers.expire(seen)
    assert Offer.objects.get(pk=offer.pk).status == "expired"


def test_two_ticks_at_once_offer_a_place_once_and_in_order() -> None:
    clinic = Clinic()
    waiting = [clinic.waits(weekday_at(hour, weeks=2)) for hour in (10, 12, 14)]
    outcomes = at_once([waitlist_tick.tick] * 4)
    assert not broken(outcomes)
    waitlist_tick.tick()
    made = list(Offer.objects.order_by("starts_at"))
    assert [offer.waiting_id for offer in made] == [one.pk for one in waiting], "the longest waiting has the first"
    assert Message.objects.filter(purpose="earlier-time").count() == 3
    for one in waiting:
        one.refresh_from_db()
        assert one.offers_made == 1


def test_negative_control_two_ticks() -> None:
    """Without the locks, the tick's own and the law of offers, somebody is offered two places, or one goes twice."""
    clinic = Clinic()
    clinic.waits(weekday_at(14, weeks=2))
    law = ("an_offer_holds_its_room_alone", "an_offer_holds_its_lane_alone")
    meeting = threading.Barrier(2)
    hold = waitlist_offers._hold

    def meet(*args: Any) -> Offer:
        with suppress(threading.BrokenBarrierError):
            meeting.wait(timeout=10)
        return hold(*args)

    with as_owner() as cursor:
        kept = {}
        for name in law:
            cursor.execute("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s", [name])
            kept[name] = cursor.fetchone()[0]
            cursor.execute(f"ALTER TABLE scheduling_offer DROP CONSTRAINT {name}")
        cursor.execute("DROP INDEX one_offer_at_a_time")
    try:
        with (
            mock.patch("scheduling.services.locks._lock"),
            mock.patch("scheduling.services.waitlist_offers._first", return_value=True),
            mock.patch("django.db.models.query.QuerySet.select_for_update", lambda rows, **how: rows.all()),
            mock.patch("scheduling.services.waitlist_offers._hold", meet),
        ):
            at_once([waitlist_tick.offer_places] * 2)
        assert Offer.objects.filter(status="open").count() == 2
    finally:
        _clear()
        with as_owner() as cursor:
            for name, definition in kept.items():
                cursor.execute(f"ALTER TABLE scheduling_offer ADD CONSTRAINT {name} {definition}")
            cursor.execute(
                "CREATE UNIQUE INDEX one_offer_at_a_time ON scheduling_offer (waiting_id) WHERE status = 'open'"
            )


def test_an_offer_and_a_booking_of_the_same_place_at_once() -> None:
    """The tick locks as a booking does: one of the two has the place."""
    clinic = Clinic()
    waiting = clinic.waits(weekday_at(14, weeks=2))
    start = weekday_at(14, weekday=1)
    make = partial(waitlist_offers.make, waiting_id=waiting.pk, starts_at=start, by=clinic.desk)
    outcomes = at_once([make, clinic.book(start)])
    assert not broken(outcomes)
    assert len(refused(outcomes)) == 1
    held = Offer.objects.filter(starts_at=start, expires_at__gt=now()).count()
    assert held + Appointment.objects.filter(starts_at=start).count() == 1
