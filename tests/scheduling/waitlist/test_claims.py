"""Claiming is the booking: it moves the visit, or says kindly that it cannot, and nothing in between."""

import uuid
from datetime import date, time, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from intake.models import Clearance, Patient, SafetyAlert
from pacificmind.accounts.models import User
from pacificmind.audit.models import Entry
from pacificmind.clock import now
from pacificmind.messaging.models import Message
from pacificmind.tasks.models import Task
from scheduling.domain import errors
from scheduling.models import Offer, Waiting
from scheduling.services import booking, waitlist, waitlist_claim, waitlist_offers, waitlist_tick
from scheduling.services.waitlist import Wishes
from tests import cast, history
from tests.scheduling.waitlist.conftest import Clinic, at, offer_to, offered

pytestmark = pytest.mark.django_db


def alert(who: Any) -> SafetyAlert:
    return SafetyAlert.objects.create(
        patient=who, site=cast.site(), tier="URGENT-2", trigger="asq", acknowledge_by=now()
    )


def uncovered(waiting: Waiting) -> None:
    """The decision no longer covers the site."""
    assert waiting.visit.series is not None
    with history.rewriting(Clearance.sites.through):
        waiting.visit.series.clearance.sites.clear()


def account() -> tuple[Patient, User]:
    """A patient who can sign in."""
    who = cast.patient(account=True)
    assert who.user is not None
    return who, who.user


class TestClaim:
    def test_it_moves_the_visit_frees_the_old_place_and_tells_once(self, clinic: Clinic) -> None:
        waiting = clinic.waits(at(14, day=9))
        offer = offer_to(waiting)
        waitlist_claim.claim(offer_id=offer.pk)
        for row in (offer, waiting, waiting.visit):
            row.refresh_from_db()
        assert (waiting.visit.starts_at, waiting.visit.version, waiting.visit.status) == (at(9, day=1), 2, "booked")
        assert (offer.status, offer.answered_at, waiting.status) == ("claimed", now(), "done")
        told = Message.objects.filter(recipient_id=waiting.patient_id, status="owed", due_at__lte=now())
        assert [message.purpose for message in told] == ["visit-moved"]
        assert Message.objects.get(subject_id=offer.pk).status == "void"
        clinic.visit(cast.patient(), at(14, day=9))

    def test_pressed_twice_it_is_one_move(self, clinic: Clinic) -> None:
        waiting = clinic.waits(at(14, day=9))
        offer = offer_to(waiting)
        assert waitlist_claim.claim(offer_id=offer.pk) == waitlist_claim.claim(offer_id=offer.pk)
        waiting.visit.refresh_from_db()
        assert waiting.visit.version == 2
        assert Message.objects.filter(purpose="visit-moved").count() == 1

    def test_the_old_place_goes_to_the_next(self, clinic: Clinic) -> None:
        first = clinic.waits(at(14, day=3), hours_needed=2)
        second = clinic.waits(at(16, day=3), weekdays=[3], from_time=time(13, 30))
        offer = offer_to(first)
        assert offered(second) == [], "that time is taken"
        waitlist_claim.claim(offer_id=offer.pk)
        waitlist_tick.tick()
        assert offered(second) == [(at(13, 30, day=3), "open")]

    def test_an_infusion_keeps_its_number_and_the_protocol(self, clinic: Clinic) -> None:
        run = clinic.series(1, 3, 8, 10)
        waiting = clinic.treatment_waits(run, 3)
        waitlist_claim.claim(offer_id=offer_to(waiting).pk)
        visits = run.visits.order_by("starts_at")
        assert [(visit.number, visit.status) for visit in visits] == [
            (1, "booked"),
            (2, "booked"),
            (3, "booked"),
            (4, "held"),
        ]
        assert visits[2].starts_at == at(8, day=7)

    def test_after_its_time_it_is_over(self, clinic: Clinic, clock: Any) -> None:
        offer = offer_to(clinic.waits(at(14, day=9)))
        clock.move_to(offer.expires_at)
        with pytest.raises(waitlist_offers.Over):
            waitlist_claim.claim(offer_id=offer.pk)

    @pytest.mark.parametrize("what", ["alert", "withdrawn"])
    def test_what_the_law_no_longer_allows_is_said_kindly_and_the_visit_stays(self, clinic: Clinic, what: str) -> None:
        waiting = clinic.treatment_waits(clinic.series(1, 3, 8, 10), 3)
        offer = offer_to(waiting)
        if what == "alert":
            alert(waiting.patient)
        else:
            uncovered(waiting)
        with pytest.raises(errors.BookingRefused) as refused:
            waitlist_claim.claim(offer_id=offer.pk)
        assert refused.value.say == "Ask the clinician."
        assert "look at something with you" in refused.value.say_patient
        before = waiting.visit.starts_at
        for row in (offer, waiting, waiting.visit):
            row.refresh_from_db()
        assert (waiting.visit.starts_at, waiting.visit.version) == (before, 1)
        assert (offer.status, waiting.status) == ("withdrawn", "waiting")

    def test_a_day_that_would_make_a_deviation_meanwhile(self, clinic: Clinic) -> None:
        """Moved away from its week by the offer, another visit of that week is cancelled before the claim."""
        run = clinic.series(1, 3, 8, 10, 14, 16, infusions=8)
        waiting = clinic.treatment_waits(run, 3)
        offer = offer_to(waiting)
        fifth = run.visits.get(number=5)
        booking.cancel(by=clinic.desk, visit_id=fifth.pk, version=fifth.version, why="Ill")
        waiting.visit.refresh_from_db()
        Offer.objects.filter(pk=offer.pk).update(version=waiting.visit.version)
        with pytest.raises(errors.ProtocolViolation, match="P4"):
            waitlist_claim.claim(offer_id=offer.pk)
        offer.refresh_from_db()
        assert offer.status == "withdrawn"

    def test_strangers_and_the_other_site_cannot(self, clinic: Clinic) -> None:
        offer = offer_to(clinic.waits(at(14, day=9)))
        for by in (cast.receptionist(cast.other_site()), cast.patient(account=True).user, cast.user()):
            for act in (waitlist_claim.claim, waitlist_claim.decline):
                with pytest.raises(PermissionDenied):
                    act(offer_id=offer.pk, by=by)
        offer.refresh_from_db()
        assert offer.status == "open"


class TestByHand:
    def test_the_front_desk_offers_what_the_patient_agreed_to_on_the_telephone(self, clinic: Clinic) -> None:
        waiting = clinic.waits(at(14, day=9), weekdays=[4], hours_needed=96)
        offer = waitlist_offers.make(waiting_id=waiting.pk, starts_at=at(10, 30), by=clinic.desk)
        assert offer is not None
        assert offer.expires_at == at(10, 30), "never longer than until it begins"
        waitlist_claim.claim(offer_id=offer.pk, by=clinic.desk)
        waiting.visit.refresh_from_db()
        assert waiting.visit.starts_at == at(10, 30)

    def test_one_at_a_time_and_only_what_is_free_earlier_and_lawful(self, clinic: Clinic) -> None:
        waiting = clinic.treatment_waits(clinic.series(1, 3, 8, 10), 3)
        for start, refusal in (
            (at(10, day=2), waitlist_offers.NoLonger),
            (at(10, day=9), errors.Stale),
            (at(8), errors.Stale),
            (at(20, day=7), errors.OutsideHours),
        ):
            with pytest.raises(refusal):
                waitlist_offers.make(waiting_id=waiting.pk, starts_at=start, by=clinic.desk)
        waitlist_offers.make(waiting_id=waiting.pk, starts_at=at(12, day=7), by=clinic.desk)
        with pytest.raises(waitlist_offers.HasOffer):
            waitlist_offers.make(waiting_id=waiting.pk, starts_at=at(9, day=7), by=clinic.desk)

    def test_a_place_whose_time_ran_out_a_moment_ago_is_no_fault(self, clinic: Clinic, clock: Any) -> None:
        first, second = clinic.waits(at(14, day=9)), clinic.waits(at(16, day=9))
        waitlist_offers.make(waiting_id=first.pk, starts_at=at(10, day=2), by=clinic.desk)
        clock.move_to(at(11))
        with pytest.raises(errors.SlotTaken):
            waitlist_offers.make(waiting_id=second.pk, starts_at=at(10, day=2), by=clinic.desk)
        assert waitlist_offers.make(waiting_id=first.pk, starts_at=at(12, day=2), by=clinic.desk)


class TestList:
    def test_joining_again_changes_the_wishes(self, clinic: Clinic) -> None:
        who, user = account()
        visit = clinic.visit(who, at(14, day=9))
        key = uuid.uuid4()
        first = waitlist.join(by=user, visit_id=visit.pk, wishes=Wishes(weekdays=[1]), request_id=key)
        assert waitlist.join(by=user, visit_id=visit.pk, wishes=Wishes(weekdays=[1]), request_id=key) == first
        again = waitlist.join(by=clinic.desk, visit_id=visit.pk, wishes=Wishes(weekdays=[4, 2, 4], hours_needed=2))
        assert (again.pk, again.weekdays, again.hours_needed) == (first.pk, [2, 4], 2)
        assert Waiting.objects.count() == 1

    def test_only_for_a_visit_that_is_to_come(self, clinic: Clinic, clock: Any) -> None:
        visit = clinic.visit(cast.patient(), at(14, day=1))
        clock.move_to(at(14, day=1))
        with pytest.raises(errors.Stale):
            waitlist.join(by=clinic.desk, visit_id=visit.pk, wishes=Wishes())

    def test_leaving_frees_what_is_held(self, clinic: Clinic) -> None:
        who, user = account()
        waiting = clinic.waits(at(14, day=9), who)
        offer = offer_to(waiting)
        left = waitlist.leave(by=user, waiting_id=waiting.pk)
        assert (left.status, left.ended_why) == ("ended", "left the list")
        clinic.visit(cast.patient(), offer.starts_at)

    def test_others_may_not(self, clinic: Clinic) -> None:
        waiting = clinic.waits(at(14, day=9))
        for by in (cast.receptionist(cast.other_site()), account()[1]):
            with pytest.raises(PermissionDenied):
                waitlist.join(by=by, visit_id=waiting.visit_id, wishes=Wishes())
            with pytest.raises(PermissionDenied):
                waitlist.leave(by=by, waiting_id=waiting.pk)


class TestBirthDate:
    def test_three_wrong_ones_kill_the_link_free_the_place_and_ask_for_a_call(self, clinic: Clinic) -> None:
        waiting = clinic.waits(at(14, day=9))
        offer = offer_to(waiting)
        wrong = date(1985, 4, 13)
        assert [waitlist_claim.knows_birth_date(offer_id=offer.pk, birth_on=wrong) for _ in range(2)] == [False] * 2
        assert waitlist_claim.knows_birth_date(offer_id=offer.pk, birth_on=date(1985, 4, 12))
        assert not waitlist_claim.knows_birth_date(offer_id=offer.pk, birth_on=wrong)
        assert not waitlist_claim.knows_birth_date(offer_id=offer.pk, birth_on=date(1985, 4, 12)), "dead now"
        offer.refresh_from_db()
        assert offer.status == "withdrawn"
        task = Task.objects.get(kind="waitlist-call")
        assert (task.subject_id, task.due_at, task.done_at) == (waiting.pk, now() + timedelta(hours=2), None)
        assert Entry.objects.filter(action="refused", patient_id=waiting.patient_id).count() == 3

    def test_nobody_without_a_date_of_birth_is_let_in(self, clinic: Clinic) -> None:
        offer = offer_to(clinic.waits(at(14, day=9), cast.patient(birth_on=None)))
        assert not waitlist_claim.knows_birth_date(offer_id=offer.pk, birth_on=date(1985, 4, 12))
