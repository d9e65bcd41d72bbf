"""Several series laid out together: what is proposed, that all of it is saved or nothing, and the pages of it."""

import re
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, time, timedelta
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from intake.models import SafetyAlert, SeriesOrder
from pacificmind.audit.models import Entry
from pacificmind.clinic.models import ClinicSettings
from pacificmind.clock import now
from pacificmind.messaging.models import Message
from scheduling.domain import errors
from scheduling.models import Appointment, PossibleTimes, Room, Series
from scheduling.services import booking, series_many
from scheduling.services.series import Slot
from scheduling.services.series_many import Proposal, propose
from scheduling.services.series_many_save import OneRefused, SeriesPlan, lay_out_many
from tests import cast, history
from tests.scheduling.series import walk

pytestmark = pytest.mark.django_db(transaction=True)
MONDAY = date(2027, 1, 4)
ZONE = ZoneInfo(cast.ZONE)


@pytest.fixture(autouse=True)
def a_monday_morning() -> Any:
    with time_machine.travel(walk.at(MONDAY, 6), tick=False):
        yield


def ready(doctor: Any, number: int, **extra: Any) -> list[SeriesOrder]:
    return [cast.ready_patient(doctor, **extra)[1] for _ in range(number)]


def proposed(orders: Sequence[SeriesOrder], seconds: float = 10.0) -> Proposal:
    return propose(orders, site=cast.site(), seconds=seconds)


def plans(found: Proposal) -> list[SeriesPlan]:
    return [SeriesPlan(one.order.pk, one.spots) for one in found.placed]


def days(found: Proposal, number: int = 0) -> list[str]:
    return [spot.starts_at.astimezone(ZONE).strftime("%a %d %H:%M") for spot in found.series[number].spots]


def test_nobody_is_asked_to_come_within_the_notice(doctor: Any) -> None:
    ClinicSettings.objects.update(notice_hours=24)
    assert days(proposed(ready(doctor, 1)))[0] == "Tue 05 08:00"


class TestProposing:
    def test_all_find_their_place_in_shared_rooms(self, doctor: Any, desk: Any) -> None:
        found = proposed(ready(doctor, 5))
        assert [len(one.spots) for one in found.series] == [6] * 5
        lay_out_many(by=desk, site_id="la", plans=plans(found))
        assert Appointment.objects.count() == 30

    def test_nothing_is_saved_by_proposing(self, doctor: Any) -> None:
        proposed(ready(doctor, 2))
        assert not Series.objects.exists()

    def test_possible_times_are_heeded(self, doctor: Any) -> None:
        other = cast.clinician(name="Alex Ito")
        [order] = ready(doctor, 1, infusions=2)
        PossibleTimes.objects.create(
            patient=order.clearance.patient,
            weekdays=[1, 3],
            from_time=time(13),
            until_time=time(14),
            not_on=[MONDAY + timedelta(days=1)],
            clinician=other,
        )
        found = proposed([order])
        assert days(found) == ["Thu 07 13:00", "Tue 12 13:00"]
        assert {spot.clinician_id for spot in found.series[0].spots} == {other.pk}

    def test_other_visits_of_the_patient_keep_their_time(self, doctor: Any, desk: Any) -> None:
        [order] = ready(doctor, 1, infusions=2)
        wish = booking.Wish(
            patient_id=order.clearance.patient_id, kind="follow_up", site_id="la", starts_at=walk.at(MONDAY, 9)
        )
        booking.book(by=desk, wish=wish)
        cast.clinician(name="Alex Ito")
        assert days(proposed([order])) == ["Mon 04 09:30", "Wed 06 09:30"]

    @pytest.mark.parametrize("why", ["alert", "withdrawn", "too short"])
    def test_nobody_learns_why_a_decision_is_in_the_way(self, doctor: Any, why: str) -> None:
        first, second = ready(doctor, 2)
        patient, decision = second.clearance.patient, second.clearance
        if why == "alert":
            due = now() + timedelta(minutes=5)
            SafetyAlert.objects.create(
                patient=patient, site=patient.site, tier="URGENT-2", trigger="staff", acknowledge_by=due
            )
        elif why == "withdrawn":
            decision.withdrawn_at, decision.withdrawn_by, decision.withdrawn_why = now(), doctor.user, "some reason"
            decision.save()
        else:
            history.rewrite(patient.clearance_set, until_on=MONDAY + timedelta(days=9))
        found = proposed([first, second])
        assert [one.say for one in found.series] == ["", "Ask the clinician."]

    def test_a_week_with_one_visit_is_a_prescribers(self, doctor: Any) -> None:
        [order] = ready(doctor, 1, infusions=3)
        PossibleTimes.objects.create(patient=order.clearance.patient, weekdays=[2])
        assert proposed([order]).series[0].say == series_many.DEVIATES

    def test_who_finds_no_room_is_told_so(self, doctor: Any) -> None:
        Room.objects.exclude(name="Room A").update(in_use=False)
        orders = ready(doctor, 2, infusions=2, per_week=2)
        for order in orders:
            PossibleTimes.objects.create(
                patient=order.clearance.patient, weekdays=[0, 3], from_time=time(9), until_time=time(9, 30)
            )
            decision = type(order.clearance).objects.filter(pk=order.clearance_id)
            history.rewrite(decision, until_on=MONDAY + timedelta(days=4))
        assert sorted(one.say for one in proposed(orders, seconds=1).series) == ["", series_many.NO_PLACE]

    def test_no_room_at_all_names_what_would_help(self, doctor: Any) -> None:
        Room.objects.update(in_use=False)
        [one] = proposed(ready(doctor, 1)).series
        assert "there are no free times at all" in one.say
        assert "What would help" in one.say

    def test_one_series_a_patient(self, doctor: Any, desk: Any) -> None:
        [order, running] = ready(doctor, 2)
        again = SeriesOrder.objects.create(
            clearance=cast.clearance(order.clearance.patient, doctor), infusions=6, per_week=3, ordered_by=doctor.user
        )
        walk.laid_out(desk, running)
        more = SeriesOrder.objects.create(
            clearance=cast.clearance(running.clearance.patient, doctor), infusions=6, per_week=3, ordered_by=doctor.user
        )
        found = proposed([order, again, more])
        assert [bool(one.spots) for one in found.series] == [True, False, False]
        assert {one.say for one in found.series[1:]} == {series_many.HAS_SERIES}

    @pytest.mark.parametrize("first", [date(2027, 3, 8), date(2026, 10, 26)])
    def test_the_wall_time_is_kept_across_a_change_of_clocks(self, doctor: Any, first: date) -> None:
        with time_machine.travel(walk.at(first, 6), tick=False):
            [order] = ready(doctor, 1)
            PossibleTimes.objects.create(patient=order.clearance.patient, from_time=time(9), until_time=time(10))
            [one] = proposed([order]).series
        assert {spot.starts_at.astimezone(ZONE).hour for spot in one.spots} == {9}
        assert len({spot.starts_at.hour for spot in one.spots}) == 2

    def test_the_number_of_queries_does_not_grow(self, doctor: Any) -> None:
        orders, counts = ready(doctor, 3), []
        for some in (orders[:1], orders):
            with CaptureQueriesContext(connection) as captured:
                proposed(some)
            counts.append(len(captured))
        assert counts[0] == counts[1] <= 30


class TestSaving:
    def test_each_is_laid_out_as_if_alone_and_told_once(self, doctor: Any, desk: Any) -> None:
        found = proposed(ready(doctor, 3))
        series = lay_out_many(by=desk, site_id="la", plans=plans(found))
        assert [walk.states(one) for one in series] == ["bbbhhh"] * 3
        assert [[visit.number for visit in walk.visits(one)] for one in series] == [[1, 2, 3, 4, 5, 6]] * 3
        told = Message.objects.exclude(purpose__startswith="visit-reminder")
        assert {one.purpose for one in told} == {"series-booked"}
        assert Counter(told.values_list("recipient_id", flat=True)) == {one.patient_id: 1 for one in series}
        assert Entry.objects.filter(what="lay out a series", actor_id=desk.pk).count() == 3

    def test_one_that_was_taken_meanwhile_saves_nothing(self, doctor: Any, desk: Any) -> None:
        first, second, late = ready(doctor, 3)
        found = proposed([first, second])
        taken = found.series[1].spots[3]
        assert taken.room_id
        slot = Slot(taken.starts_at, taken.room_id, taken.clinician_id)
        other = SeriesOrder.objects.filter(pk=late.pk)
        history.rewrite(other, infusions=1)
        walk.laid_out(desk, other.get(), [slot])
        with pytest.raises(OneRefused) as refused:
            lay_out_many(by=desk, site_id="la", plans=plans(found))
        assert refused.value.order_id == second.pk
        assert "taken meanwhile" in refused.value.say
        assert Series.objects.count() == 1
        assert not Message.objects.filter(recipient_id=first.clearance.patient_id).exists()

    @pytest.mark.parametrize("what", ["alert", "newer decision", "crowded", "short", "unknown room", "past"])
    def test_everything_is_checked_again(self, doctor: Any, desk: Any, what: str) -> None:
        first, second = ready(doctor, 2)
        one, two = plans(proposed([first, second]))
        patient = second.clearance.patient
        if what == "alert":
            due = now() + timedelta(minutes=5)
            SafetyAlert.objects.create(
                patient=patient, site=patient.site, tier="URGENT-2", trigger="staff", acknowledge_by=due
            )
        elif what == "newer decision":
            cast.clearance(patient, doctor)
            history.rewrite(
                type(second.clearance).objects.filter(pk=second.clearance_id), signed_at=now() - timedelta(days=1)
            )
        elif what == "crowded":
            near = replace(two.spots[0], starts_at=two.spots[0].starts_at + timedelta(days=1))
            two = SeriesPlan(two.order_id, [two.spots[0], near, *two.spots[2:]])
        elif what == "short":
            two = SeriesPlan(two.order_id, two.spots[:5])
        elif what == "unknown room":
            two = SeriesPlan(two.order_id, [replace(two.spots[0], room_id=uuid.uuid4()), *two.spots[1:]])
        else:
            gone = replace(two.spots[0], starts_at=walk.at(MONDAY, 5))
            two = SeriesPlan(two.order_id, [gone, *two.spots[1:]])
        with pytest.raises(OneRefused) as refused:
            lay_out_many(by=desk, site_id="la", plans=[one, two])
        assert refused.value.order_id == second.pk
        assert not Series.objects.exists()

    def test_the_same_request_is_one_action(self, doctor: Any, desk: Any) -> None:
        found, request = plans(proposed(ready(doctor, 2))), uuid.uuid4()
        once, again = (lay_out_many(by=desk, site_id="la", plans=found, request_id=request) for _ in range(2))
        assert {one.pk for one in once} == {one.pk for one in again}
        assert Series.objects.count() == 2
        with pytest.raises(errors.RequestReused):
            lay_out_many(by=desk, site_id="la", plans=found[:1], request_id=request)

    def test_the_desk_of_another_site_may_not(self, doctor: Any) -> None:
        found = plans(proposed(ready(doctor, 1)))
        with pytest.raises(PermissionDenied):
            lay_out_many(by=cast.receptionist(cast.other_site()), site_id="la", plans=found)

    def test_nothing_chosen_is_refused(self, desk: Any) -> None:
        with pytest.raises(errors.BookingRefused):
            lay_out_many(by=desk, site_id="la", plans=[])


URL = "/desk/series/many/"


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def hidden(html: str) -> dict[str, str]:
    names = ("plan", "request_id", "site")
    return {name: unescape(re.search(rf'name="{name}" value="([^"]*)"', html)[1]) for name in names}  # type: ignore[index]


def offered(client: Client, orders: Sequence[SeriesOrder]) -> tuple[str, dict[str, Any]]:
    html = client.post(URL, {"orders": [one.pk for one in orders], "step": "propose"}).content.decode()
    return html, {**hidden(html), "step": "save", "orders": [one.pk for one in orders]}


class TestPages:
    def test_whom_to_lay_out_is_ticked_and_looked_at(self, doctor: Any, desk: Any) -> None:
        orders = ready(doctor, 3)
        far = cast.patient(cast.other_site())
        SeriesOrder.objects.create(
            clearance=cast.clearance(far, doctor), infusions=6, per_week=3, ordered_by=doctor.user
        )
        html = signed_in(desk).get(URL).content.decode()
        assert html.count('name="orders"') == html.count(" checked") == 3
        assert far.full_name not in html
        assert Entry.objects.filter(what="orders to lay out together").count() == 3
        assert orders[0].clearance.patient.full_name not in re.search("<title>(.*?)</title>", html)[1]  # type: ignore[index]

    def test_nobody_waits(self, desk: Any) -> None:
        assert "Nobody waits to be laid out here" in signed_in(desk).get(URL).content.decode()

    def test_what_is_proposed_is_shown_and_one_taken_out(self, doctor: Any, desk: Any) -> None:
        orders, client = ready(doctor, 3), signed_in(desk)
        html, data = offered(client, orders)
        assert "3 patients, 18 visits. Nothing is booked yet." in html
        assert html.count(", Dr. Cho ") == 18
        answer = client.post(URL, {**data, "orders": [orders[0].pk, orders[2].pk]}, follow=True)
        assert "Laid out for two patients: 12 visits in all. Each gets one message." in answer.content.decode()
        assert set(Series.objects.values_list("order", flat=True)) == {orders[0].pk, orders[2].pk}
        client.post(URL, {**data, "orders": [orders[0].pk, orders[2].pk]})
        assert Series.objects.count() == 2

    def test_who_has_no_place_is_named_with_the_reason_and_asked_again(self, doctor: Any, desk: Any) -> None:
        orders, client = ready(doctor, 2), signed_in(desk)
        history.rewrite(orders[1].clearance.patient.clearance_set, until_on=MONDAY + timedelta(days=3))
        html, _ = offered(client, orders)
        assert "No place found" in html
        assert "Ask the clinician." in html
        assert f'name="waiting" value="{orders[1].pk}"' in html
        again = client.post(URL, {"orders": [orders[0].pk], "waiting": [orders[1].pk], "step": "propose"})
        assert "Ask the clinician." in again.content.decode()

    @pytest.mark.parametrize("step", ["propose", "save"])
    def test_nobody_ticked_is_said_beside_the_list(self, doctor: Any, desk: Any, step: str) -> None:
        orders, client = ready(doctor, 2), signed_in(desk)
        _, data = offered(client, orders)
        html = client.post(URL, {**data, "step": step, "orders": []}).content.decode()
        assert html.count("Tick at least one patient.") == 2
        assert 'href="#id_orders_0"' in html
        assert 'id="id_orders_0"' in html
        assert " checked" not in html
        assert not Series.objects.exists()

    def test_a_plan_that_was_altered_or_is_anothers_books_nothing(self, doctor: Any, desk: Any) -> None:
        orders, client = ready(doctor, 2), signed_in(desk)
        _, data = offered(client, orders)
        _, theirs = offered(signed_in(cast.receptionist()), orders)
        for forged in (data["plan"][:-2] + "xx", theirs["plan"], "", "\0"):
            html = client.post(URL, {**data, "plan": forged}).content.decode()
            assert "This page was incomplete. Nothing was booked" in html
        assert not Series.objects.exists()

    def test_a_time_taken_meanwhile_names_the_patient_and_proposes_afresh(self, doctor: Any, desk: Any) -> None:
        orders, client = ready(doctor, 2), signed_in(desk)
        _, data = offered(client, orders)
        decision = orders[1].clearance
        decision.withdrawn_at, decision.withdrawn_by, decision.withdrawn_why = now(), doctor.user, "some reason"
        decision.save()
        html = client.post(URL, data).content.decode()
        assert f"{orders[1].clearance.patient.full_name}: " in html
        assert "Nothing was booked. Here is a fresh proposal." in html
        assert not Series.objects.exists()

    def test_orders_of_elsewhere_and_noise_are_nobodys(self, doctor: Any, desk: Any) -> None:
        far = cast.patient(cast.other_site())
        order = SeriesOrder.objects.create(
            clearance=cast.clearance(far, doctor), infusions=6, per_week=3, ordered_by=doctor.user
        )
        html = signed_in(desk).post(URL, {"orders": [order.pk], "step": "propose"}).content.decode()
        assert far.full_name not in html
        assert "Nobody is left to lay out here" in html
        noise = signed_in(desk).post(URL, {"orders": ["x", "\0"], "site": "\0", "step": "propose"})
        assert noise.status_code == 200

    def test_the_number_of_queries_of_the_list_does_not_grow(self, doctor: Any, desk: Any) -> None:
        client, counts = signed_in(desk), []
        for more in (1, 2):
            ready(doctor, more)
            client.get(URL)
            with CaptureQueriesContext(connection) as captured:
                client.get(URL)
            counts.append(len(captured))
        assert counts[0] == counts[1]
