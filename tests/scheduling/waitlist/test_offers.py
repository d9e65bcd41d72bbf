"""Whom a free earlier place is offered to, in what order, for how long, and when it is not."""

import re
from datetime import date, time, timedelta
from typing import Any

import pytest
from django.conf import settings

from intake.models import Clearance, ContactConsent, Patient, SafetyAlert
from pacificmind.clock import now
from pacificmind.messaging import compose, registry
from pacificmind.messaging.models import Message
from pacificmind.messaging.registry import Void, Words
from pacificmind.tasks.models import Task
from scheduling.domain import errors
from scheduling.models import Offer, OpeningHours, PossibleTimes, VisitType, Waiting
from scheduling.queries import calendar
from scheduling.services import booking, waitlist, waitlist_claim, waitlist_law, waitlist_offers, waitlist_tick
from scheduling.services.waitlist import Wishes
from scheduling.tasks import earlier_times
from tests import cast, history
from tests.database import as_owner
from tests.messaging.forbidden import forbidden_in
from tests.scheduling.series import walk
from tests.scheduling.waitlist.conftest import Clinic, at, offer_to, offered

pytestmark = pytest.mark.django_db

#: One start in the whole calendar: Thursday at 10.
ONE_PLACE: dict[str, Any] = {"weekdays": [3], "from_time": time(10), "until_time": time(10, 15)}


def free_at(start: Any, *, without_offers: Any = ()) -> bool:
    day = start.astimezone(cast.site().tz).date()
    found = calendar.free_starts(
        cast.site(), "consultation", from_day=day, until_day=day + timedelta(days=1), without_offers=without_offers
    )
    return any(one.start == start for one in found)


class TestMaking:
    def test_the_first_free_time_is_held_and_nobody_else_can_have_it(self, clinic: Clinic) -> None:
        offer = offer_to(clinic.waits(at(14, day=9)))
        assert (offer.starts_at, offer.expires_at) == (at(9, day=1), at(11))
        assert not free_at(offer.starts_at)
        assert free_at(offer.starts_at, without_offers=[offer.pk])
        with pytest.raises(errors.SlotTaken):
            clinic.visit(cast.patient(), offer.starts_at)

    def test_a_second_tick_offers_nothing_more(self, clinic: Clinic) -> None:
        waiting = clinic.waits(at(14, day=9))
        assert waitlist_tick.tick() == 1
        assert waitlist_tick.tick() == 0
        waiting.refresh_from_db()
        assert (len(offered(waiting)), waiting.offers_made) == (1, 1)
        assert Message.objects.filter(purpose="earlier-time").count() == 1

    def test_one_offer_a_patient_whatever_they_wait_with(self, clinic: Clinic) -> None:
        who = cast.patient()
        clinic.waits(at(14, day=9), who)
        clinic.waits(at(14, day=10), who)
        waitlist_tick.tick()
        assert Offer.objects.filter(status="open").count() == 1

    def test_fewest_offers_first_then_who_waits_longest(self, clinic: Clinic, clock: Any) -> None:
        first = clinic.waits(at(14, day=9), **ONE_PLACE)
        clock.shift(60)
        second = clinic.waits(at(16, day=9), **ONE_PLACE)
        clock.shift(60)
        third = clinic.waits(at(12, day=9), **ONE_PLACE)
        Waiting.objects.filter(pk=first.pk).update(offers_made=1)
        waitlist_tick.tick()
        assert [len(offered(one)) for one in (first, second, third)] == [0, 1, 0]
        waitlist_claim.decline(offer_id=Offer.objects.get(status="open").pk)
        waitlist_tick.tick()
        assert [len(offered(one)) for one in (first, second, third)] == [0, 1, 1]
        waitlist_claim.decline(offer_id=Offer.objects.get(status="open").pk)
        waitlist_tick.tick()
        assert [len(offered(one)) for one in (first, second, third)] == [1, 1, 1]
        waitlist_claim.decline(offer_id=Offer.objects.get(status="open").pk)
        clock.shift(86_400)
        assert waitlist_tick.tick() == 0, "nobody is offered the same day twice"

    def test_who_says_no_is_not_asked_again_at_once(self, clinic: Clinic, clock: Any) -> None:
        waiting = clinic.waits(at(14, day=9))
        waitlist_claim.decline(offer_id=offer_to(waiting).pk)
        assert waitlist_tick.tick() == 0
        clock.move_to(at(9, day=1))
        assert waitlist_tick.tick() == 1
        assert [start for start, _ in offered(waiting)] == [at(9, day=1), at(9, day=2)], "a day later, another day"

    def test_it_goes_to_the_next_when_nobody_answers(self, clinic: Clinic, clock: Any) -> None:
        first = clinic.waits(at(14, day=9), **ONE_PLACE)
        clock.shift(60)
        second = clinic.waits(at(16, day=9), **ONE_PLACE)
        waitlist_tick.tick()
        clock.move_to(at(11, 1) - timedelta(seconds=1))
        waitlist_tick.tick()
        assert [status for _, status in offered(first)] == ["open"]
        clock.move_to(at(11, 1))
        waitlist_tick.tick()
        assert [status for _, status in offered(first)] == ["expired"]
        assert [status for _, status in offered(second)] == ["open"]
        void = Message.objects.get(subject_id=Offer.objects.get(waiting=first).pk)
        assert (void.status, void.why) == ("void", "It was not answered in time.")


class TestWhom:
    def test_days_times_and_possible_times_are_heeded(self, clinic: Clinic) -> None:
        waiting = clinic.waits(at(14, day=16), weekdays=[1, 3], from_time=time(13))
        PossibleTimes.objects.create(
            patient_id=waiting.patient_id, weekdays=[1, 3, 4], until_time=time(17), not_on=[date(2027, 3, 9)]
        )
        assert offer_to(waiting).starts_at == at(13, day=3)

    @pytest.mark.parametrize(("hours", "first"), [(2, at(11)), (24, at(9, day=1)), (96, at(9, day=4))])
    def test_the_notice_they_need(self, clinic: Clinic, hours: int, first: Any) -> None:
        assert offer_to(clinic.waits(at(14, day=9), hours_needed=hours)).starts_at == first

    @pytest.mark.parametrize(
        ("start", "hours", "first"),
        [
            (at(9, day=4), 72, at(10, day=7)),  # the clocks go forward on Sunday, March 14: 72 hours are 73 by the wall
            (at(9, day=242), 72, at(8, day=245)),  # back on November 7: 71 by the wall
        ],
    )
    def test_hours_of_notice_are_elapsed_hours_when_the_clocks_change(
        self, clinic: Clinic, clock: Any, start: Any, hours: int, first: Any
    ) -> None:
        clock.move_to(start)
        waiting = clinic.waits(start + timedelta(days=12), hours_needed=hours)
        offer = offer_to(waiting)
        assert offer.starts_at == first
        assert offer.expires_at == start + timedelta(hours=2)

    def test_nothing_at_night(self, clinic: Clinic, clock: Any) -> None:
        waiting = clinic.waits(at(14, day=9))
        for hour, minute, made in ((21, 0, 0), (7 + 24, 59, 0), (8 + 24, 0, 1)):
            clock.move_to(at(0) + timedelta(hours=hour, minutes=minute))
            waitlist_tick.tick()
            assert len(offered(waiting)) == made

    def test_never_later_than_the_visit_nor_running_into_it(self, clinic: Clinic) -> None:
        waiting = clinic.waits(at(9, 30, day=1), hours_needed=2, weekdays=[1])
        waitlist_tick.tick()
        assert offered(waiting) == [(at(8, day=1), "open")]

    def test_nothing_is_earlier_than_the_first_time_of_all(self, clinic: Clinic) -> None:
        waiting = clinic.waits(at(8, 30, day=1), hours_needed=2, weekdays=[1])
        waitlist_tick.tick()
        assert offered(waiting) == []

    def test_a_kind_that_needs_notice_is_claimed_to_the_last_minute(self, clinic: Clinic, clock: Any) -> None:
        VisitType.objects.filter(kind="consultation").update(notice_hours=48)
        waiting = clinic.waits(at(14, day=9), hours_needed=2)
        offer = offer_to(waiting)
        assert offer.starts_at == at(11, day=2)
        clock.move_to(offer.expires_at - timedelta(seconds=1))
        waitlist_claim.claim(offer_id=offer.pk)
        waiting.visit.refresh_from_db()
        assert waiting.visit.starts_at == at(11, day=2)

    @pytest.mark.parametrize("change", ["move", "cancel", "close", "leave"])
    def test_an_offer_ends_with_the_visit_it_was_made_for(self, clinic: Clinic, change: str) -> None:
        waiting = clinic.waits(at(14, day=9))
        offer = offer_to(waiting)
        visit = waiting.visit
        if change == "move":
            booking.move(by=clinic.desk, visit_id=visit.pk, version=visit.version, starts_at=at(15, day=9))
        elif change == "cancel":
            booking.cancel(by=clinic.desk, visit_id=visit.pk, version=visit.version, why="Asked")
        elif change == "close":
            Patient.objects.filter(pk=waiting.patient_id).update(status="closed", closed_why="moved")
        else:
            waitlist.leave(by=clinic.desk, waiting_id=waiting.pk)
        if change != "leave":
            with pytest.raises(waitlist_offers.Over):
                waitlist_claim.claim(offer_id=offer.pk)
        waitlist_tick.withdraw_stale()
        waitlist_tick.end_wishes()
        offer.refresh_from_db()
        waiting.refresh_from_db()
        assert offer.status == "withdrawn"
        assert (waiting.status == "waiting") == (change == "move")
        assert not Message.objects.filter(subject_id=offer.pk, status="owed").exists()


class TestProtocol:
    """An offer keeps the whole protocol: every day offered can be claimed, and no day makes a deviation."""

    def lawful(self, waiting: Waiting) -> list[int]:
        """The days, from the Monday on, on which the visit may stand instead."""
        days = [date(2027, 3, 8) + timedelta(days=n) for n in range((waiting.visit.day - date(2027, 3, 8)).days + 1)]
        found = waitlist_law.lawful_days(waiting.visit, days)
        return sorted((day - date(2027, 3, 8)).days for day in found)

    def test_clear_days_weeks_and_their_order(self, clinic: Clinic) -> None:
        run = clinic.series(1, 3, 8, 10)
        waiting = clinic.treatment_waits(run, 3)
        # Two clear of day 3 and of day 10, and not a fourth in seven days; the last week may have one visit alone.
        assert self.lawful(waiting) == [5, 6, 7, 8]
        assert offer_to(waiting).starts_at == at(8, day=7)

    def test_no_week_is_left_with_too_few(self, clinic: Clinic) -> None:
        run = clinic.series(1, 3, 8, 11, 15, 17)
        waiting = clinic.treatment_waits(run, 3)
        assert self.lawful(waiting) == [8], "on days 5 to 7 the second week would keep one visit alone"

    def test_no_review_point_is_crossed(self, clinic: Clinic) -> None:
        run = clinic.series(1, 3, 8, 10, infusions=6)
        held = clinic.treatment_waits(run, 4)
        assert held.visit.status == "held"
        assert 5 not in self.lawful(held), "it would become the third, which is released"

    def test_no_pause_comes_about(self, clinic: Clinic) -> None:
        """Fourteen days and more to the visit after it would ask for a review that nobody opened."""
        run = clinic.series(1, 3, 9, 22, deviation_reason="A journey.")
        waiting = clinic.treatment_waits(run, 3)
        assert self.lawful(waiting) == [9]

    def test_days_around_a_booster(self, clinic: Clinic) -> None:
        _, order = cast.ready_patient(clinic.doctor)
        plan = walk.booster_order(order, clinic.doctor, status="open", started_on=date(2027, 1, 20), count=3)
        booked = []
        for day in (2, 22):
            plan.reevaluations.create(by=clinic.doctor.user, supports_booster=True)
            wish = booking.Wish(
                patient_id=order.clearance.patient_id,
                kind="booster",
                site_id="la",
                starts_at=at(10, day=day),
                booster_order_id=plan.pk,
            )
            booked.append(booking.book(by=clinic.desk, wish=wish))
        waiting = waitlist.join(by=clinic.desk, visit_id=booked[1].pk, wishes=Wishes())
        assert self.lawful(waiting) == list(range(9, 23))
        assert offer_to(waiting).starts_at == at(8, day=9)

    def test_none_over_an_open_alert_nor_without_a_decision_in_force(self, clinic: Clinic) -> None:
        waiting = clinic.treatment_waits(clinic.series(1, 3, 8, 10), 3)
        alert = SafetyAlert.objects.create(
            patient=waiting.patient, site=cast.site(), tier="URGENT-2", trigger="asq", acknowledge_by=now()
        )
        assert waitlist_tick.tick() == 0
        history.remove(SafetyAlert.objects.filter(pk=alert.pk))
        assert waiting.visit.series is not None
        with history.rewriting(Clearance.sites.through):
            waiting.visit.series.clearance.sites.clear()
        assert waitlist_tick.tick() == 0

    @pytest.mark.parametrize(("days", "number"), [((1, 3, 9), 3), ((1, 3, 8, 14), 4)])
    def test_every_day_offered_can_be_claimed(
        self, clinic: Clinic, days: tuple[int, ...], number: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("scheduling.queries.waitlist.REST", timedelta())
        waiting = clinic.treatment_waits(clinic.series(*days), number, hours_needed=2)
        while True:
            made = waitlist_tick.offer_places()
            if not made:
                break
            offer = Offer.objects.get(status="open")
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(waitlist_claim, "finish", _never)
                with pytest.raises(_Undone):
                    waitlist_claim.claim(offer_id=offer.pk)
            waitlist_claim.decline(offer_id=offer.pk)
        assert len(offered(waiting)) > 1


class _Undone(Exception):
    """The booking went through and is taken back."""


def _never(*args: Any, **kwargs: Any) -> None:
    raise _Undone


class TestTelling:
    def message(self, clinic: Clinic) -> tuple[Offer, Message]:
        offer = offer_to(clinic.waits(at(14, day=9)))
        return offer, Message.objects.get(purpose="earlier-time")

    def rendered(self, message: Message) -> Any:
        purpose = registry.get(message.purpose)
        assert purpose is not None
        return purpose.render(message)

    def test_the_mail_is_neutral_and_says_neither_when_nor_who_else(self, clinic: Clinic) -> None:
        other = clinic.visit(cast.patient(given_name="Zelda", family_name="Quartz"), at(9, day=1))
        booking.cancel(by=clinic.desk, visit_id=other.pk, version=1, why="Asked")
        offer, message = self.message(clinic)
        words = self.rendered(message)
        assert isinstance(words, Words)
        mail = compose.mail(message, words, registry.Address(email="a@example.com", name="Ana"))
        text = (
            f"{mail.subject}{mail.body}{mail.alternatives[0][0]!s}{compose.text(words, registry.Address(name='Ana'))}"
        )
        assert forbidden_in(text) == []
        assert "Monday, March 8, 11:00 am" in text, "until when it is held"
        assert "March 9" not in text, "the time itself stands behind the date of birth"
        assert not re.search("Zelda|Quartz|Cho", text)
        token = waitlist_offers.tokens_of(offer.pk)[0]
        assert f"/earlier/{token}/" in text
        assert len(token) == 22, "128 bits"
        assert waitlist_offers.offer_of(token) == offer

    @pytest.mark.django_db(transaction=True)
    def test_the_token_is_nowhere_in_the_database(self, clinic: Clinic) -> None:
        offer, _ = self.message(clinic)
        token = waitlist_offers.tokens_of(offer.pk)[0]
        with as_owner() as cursor:
            cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
            tables = [name for (name,) in cursor.fetchall()]
            for table in tables:
                cursor.execute(f"SELECT count(*) FROM {table} AS t WHERE t::text LIKE %s", [f"%{token}%"])
                assert cursor.fetchone() == (0,), table

    def test_nothing_leaves_once_it_is_over(self, clinic: Clinic, clock: Any) -> None:
        offer, message = self.message(clinic)
        clock.move_to(offer.expires_at)
        assert self.rendered(message) == Void("The offer is over.")

    def test_nothing_leaves_once_the_visit_was_changed(self, clinic: Clinic) -> None:
        offer, message = self.message(clinic)
        visit = offer.waiting.visit
        booking.move(by=clinic.desk, visit_id=visit.pk, version=1, starts_at=at(15, day=9))
        assert self.rendered(message) == Void("The visit was changed since.")

    def test_a_text_too_where_they_agreed(self, clinic: Clinic) -> None:
        who = cast.patient()
        ContactConsent.objects.create(patient=who, channel="sms", given=True, wording="w", source="s")
        offer_to(clinic.waits(at(14, day=9), who))
        assert set(Message.objects.filter(purpose="earlier-time").values_list("channel", flat=True)) == {"email", "sms"}

    @pytest.mark.parametrize("unreachable", [{"email": ""}, {"birth_on": None}])
    def test_without_mail_or_birth_date_the_front_desk_calls(
        self, clinic: Clinic, clock: Any, unreachable: dict[str, Any]
    ) -> None:
        waiting = clinic.waits(at(14, day=9), cast.patient(**unreachable))
        offer = offer_to(waiting)
        task = Task.objects.get(kind="waitlist-call")
        assert (task.subject_id, task.queue, task.due_at) == (offer.pk, "front_desk", offer.expires_at)
        assert not Message.objects.filter(purpose="earlier-time").exists()
        waitlist_claim.claim(offer_id=offer.pk, by=clinic.desk)
        task.refresh_from_db()
        assert (task.outcome, task.done_by) == ("claimed", clinic.desk)

    def test_a_call_about_an_offer_that_ended_by_another_door_is_taken_back(self, clinic: Clinic, clock: Any) -> None:
        offer = offer_to(clinic.waits(at(14, day=9), cast.patient(email="")))
        Offer.objects.filter(pk=offer.pk).update(status="withdrawn")
        clock.shift(61)
        waitlist_tick.tick()
        assert Task.objects.get(kind="waitlist-call").outcome == "no longer offered"

    def test_a_call_is_asked_for_only_while_somebody_is_there_to_make_it(self, clinic: Clinic, clock: Any) -> None:
        OpeningHours.objects.filter(weekday=0).update(closes=time(10))
        clinic.waits(at(14, day=9), cast.patient(email=""))
        clock.move_to(at(10))
        assert waitlist_tick.tick() == 0
        clock.move_to(at(9, 59))
        assert waitlist_tick.tick() == 1


def test_the_beat_runs_it_each_minute() -> None:
    entry = settings.CELERY_BEAT_SCHEDULE["waitlist"]
    assert (entry["task"], entry["schedule"]) == (earlier_times.name, 60.0)
