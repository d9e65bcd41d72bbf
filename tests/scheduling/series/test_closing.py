"""The end of a series and of a record: what is freed, what is void, who is told, what comes back and what does not."""

import re
import uuid
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.test import Client
from psycopg2.extras import NumericRange

from intake.models import BoosterOrder, ConsultationRequest, Patient, SafetyAlert
from pacificmind.audit.models import Entry
from pacificmind.clock import now
from pacificmind.messaging import delivery
from pacificmind.messaging.models import Message
from pacificmind.messaging.services import owe
from pacificmind.tasks.models import Kind, Queue, Task
from pacificmind.tasks.services import open_task
from scheduling.domain import errors
from scheduling.models import Appointment, CalendarFeed, Offer, Series, Waiting
from scheduling.services import booking, closing, door
from tests import cast
from tests.scheduling.series import walk

pytestmark = pytest.mark.django_db(transaction=True)
MONDAY = date(2027, 1, 4)


@pytest.fixture(autouse=True)
def a_monday_morning() -> Any:
    with time_machine.travel(walk.at(MONDAY, 6), tick=False):
        yield


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def waits_for(visit: Appointment) -> Offer:
    """The patient would come earlier, and a place is offered to them."""
    row = Waiting.objects.create(patient=visit.patient, visit=visit, site=visit.site)
    starts = visit.starts_at - timedelta(days=2)
    return Offer.objects.create(
        waiting=row,
        room=visit.room,
        clinician=visit.clinician,
        lanes=NumericRange(0, 1, "[)"),
        starts_at=starts,
        ends_at=starts + timedelta(hours=2),
        room_free_at=starts + timedelta(hours=2),
        token_hash=uuid.uuid4().hex * 2,
        expires_at=now() + timedelta(hours=2),
    )


def owed_to(who: Patient) -> list[str]:
    return sorted(Message.objects.filter(recipient_id=who.pk, status="owed").values_list("purpose", flat=True))


def feed_of(who: Patient) -> CalendarFeed:
    return CalendarFeed.objects.create(patient=who, token_hash=uuid.uuid4().hex * 2)


class TestSeries:
    def test_what_is_to_come_is_freed_and_the_patient_is_told_once(self, doctor: Any, desk: Any) -> None:
        who, order = cast.ready_patient(doctor)
        series = walk.laid_out(desk, order)
        walk.give(walk.visits(series)[0], desk=desk, doctor=doctor)
        offer, feed = waits_for(walk.visits(series)[2]), feed_of(who)
        with time_machine.travel(walk.at(MONDAY, 17), tick=False):
            closing.close_series(by=desk, series_id=series.pk, why="moved")
        series.refresh_from_db()
        offer.refresh_from_db()
        feed.refresh_from_db()
        assert walk.states(series) == "fccccc"
        assert (series.status, series.closed_why, series.closed_at) == ("closed", "Moved away", walk.at(MONDAY, 17))
        assert owed_to(who) == ["series-booked"]
        assert (offer.status, offer.waiting.status) == ("withdrawn", "ended")
        assert feed.revoked_at is None  # it shows what was cancelled
        who.refresh_from_db()
        assert who.status == "active"
        freed = Entry.objects.filter(what="cancel a visit", actor_id=desk.pk, patient_id=who.pk)
        assert freed.count() == 5
        with pytest.raises(errors.Stale):
            closing.close_series(by=desk, series_id=series.pk, why="moved")

    def test_twice_with_one_request_is_once(self, doctor: Any, desk: Any) -> None:
        _, order = cast.ready_patient(doctor)
        series, key = walk.laid_out(desk, order), uuid.uuid4()
        for _ in range(2):
            closing.close_series(by=desk, series_id=series.pk, why="declined", request_id=key)
        assert Entry.objects.filter(what="close a series").count() == 1
        with pytest.raises(errors.RequestReused):
            closing.close_series(by=desk, series_id=series.pk, why="moved", request_id=key)

    @pytest.mark.parametrize(
        ("why", "given", "status"),
        [
            ("finished", True, "open"),
            ("finished", False, "closed"),
            ("declined", True, "closed"),
            ("moved", True, "closed"),
            ("other", True, "closed"),
        ],
    )
    def test_no_booster_unless_it_was_ordered_and_something_took_place(
        self, doctor: Any, desk: Any, why: str, given: bool, status: str
    ) -> None:
        who, order = cast.ready_patient(doctor)
        plan = walk.booster_order(order, doctor)
        series = walk.laid_out(desk, order)
        if given:
            walk.give(walk.visits(series)[0], desk=desk, doctor=doctor)
        with time_machine.travel(walk.at(MONDAY, 17), tick=False):
            closing.close_series(by=desk, series_id=series.pk, why=why)
        plan.refresh_from_db()
        assert plan.status == status
        assert plan.started_on == (MONDAY if status == "open" else None)
        assert ("booster-due" in owed_to(who)) == (status == "open")

    def test_without_an_order_no_booster_begins(self, doctor: Any, desk: Any) -> None:
        who, order = cast.ready_patient(doctor)
        series = walk.laid_out(desk, order)
        walk.give(walk.visits(series)[0], desk=desk, doctor=doctor)
        with time_machine.travel(walk.at(MONDAY, 17), tick=False):
            closing.close_series(by=desk, series_id=series.pk, why="finished")
        assert not BoosterOrder.objects.exists()
        assert set(owed_to(who)) == {"series-booked", "check-in"}, "how they are is asked all the same"

    def test_who_is_here_is_not_sent_away_by_a_form(self, doctor: Any, desk: Any) -> None:
        _, order = cast.ready_patient(doctor)
        series = walk.laid_out(desk, order)
        visit = walk.visits(series)[0]
        with time_machine.travel(visit.starts_at, tick=False):
            door.arrive(by=desk, visit_id=visit.pk, version=visit.version)
            with pytest.raises(errors.BookingRefused, match="here now"):
                closing.close_series(by=desk, series_id=series.pk, why="declined")
            page = signed_in(desk).get(f"/desk/series/{series.pk}/close/").content.decode()
        assert "The patient is here now" in page
        assert walk.states(series)[0] == "a"
        assert Series.objects.get().status == "open"

    def test_a_series_that_ends_by_death_ends_everything(self, doctor: Any, desk: Any) -> None:
        who, order = cast.ready_patient(doctor)
        series = walk.laid_out(desk, order)
        closing.close_series(by=desk, series_id=series.pk, why="died")
        who.refresh_from_db()
        assert (who.status, who.closed_why) == ("closed", "died")
        assert owed_to(who) == []

    def test_staff_of_another_site_may_not(self, doctor: Any, desk: Any) -> None:
        _, order = cast.ready_patient(doctor)
        series = walk.laid_out(desk, order)
        for by in (cast.receptionist(cast.other_site()), cast.manager()):
            with pytest.raises(PermissionDenied):
                closing.close_series(by=by, series_id=series.pk, why="moved")
        assert walk.states(series) == "bbbhhh"

    def test_an_open_review_and_a_visits_task_are_closed_with_it(self, doctor: Any, desk: Any) -> None:
        _, order = cast.ready_patient(doctor)
        series = walk.laid_out(desk, order)
        about: dict[str, Any] = {
            "queue": Queue.PRESCRIBERS,
            "due_at": now(),
            "site_id": "la",
            "patient_id": series.patient_id,
        }
        open_task(Kind.SERIES_REVIEW, subject_type="scheduling.series", subject_id=series.pk, **about)
        visit = walk.visits(series)[3]
        open_task(Kind.HELD_VISIT_NEAR, subject_type="scheduling.appointment", subject_id=visit.pk, **about)
        open_task(Kind.PATIENT_CALL, subject_type="intake.patient", subject_id=series.patient_id, **about)
        closing.close_series(by=desk, series_id=series.pk, why="declined")
        assert list(Task.objects.filter(done_at=None).values_list("kind", flat=True)) == [Kind.PATIENT_CALL]


class TestRecord:
    def everything(self, doctor: Any, desk: Any) -> tuple[Patient, Series]:
        """A patient with a series, a consultation at the other site, boosters, a wait, a feed, a task, a request."""
        who, order = cast.ready_patient(doctor)
        series = walk.laid_out(desk, order)
        walk.booster_order(order, doctor)
        there = cast.other_site()
        cast.room(there)
        cast.prescriber(there)
        starts = walk.at(MONDAY + timedelta(days=1), 15)
        wish = booking.Wish(patient_id=who.pk, kind="consultation", site_id="lb", starts_at=starts)
        booking.book(by=cast.receptionist(there), wish=wish)
        waits_for(walk.visits(series)[2])
        feed_of(who)
        asked = ConsultationRequest.objects.create(
            site=who.site, patient=who, given_name="Ana", family_name="Reyes", email="a@example.com"
        )
        kind: dict[str, Any] = {"recipient_type": "consultation_request", "recipient_id": asked.pk, "due_at": now()}
        with transaction.atomic():
            owe("request-received", subject=asked, subject_version=1, **kind)
        return who, series

    @pytest.mark.parametrize("why", ["finished", "declined", "moved", "died", "other"])
    def test_a_closed_record_keeps_nothing_running_and_nothing_is_sent(self, doctor: Any, desk: Any, why: str) -> None:
        who, series = self.everything(doctor, desk)
        assert owed_to(who)
        for kind in (Kind.PATIENT_CALL, Kind.SAFETY_ALERT):
            open_task(
                kind, subject_type="x", subject_id=who.pk, queue=Queue.CLINICIANS, due_at=now(), patient_id=who.pk
            )
        who.refresh_from_db()
        closing.close_patient(by=desk, patient_id=who.pk, version=who.version, why=why)
        who.refresh_from_db()
        assert (who.status, who.closed_why) == ("closed", why)
        assert not Appointment.objects.filter(patient=who).exclude(status="cancelled").exists()
        assert set(Appointment.objects.values_list("cancelled_why", flat=True)) == {
            "The series was closed.",
            "The patient's record was closed.",
        }
        assert Series.objects.get(pk=series.pk).status == "closed"
        assert BoosterOrder.objects.get().status == "closed"
        assert list(Waiting.objects.values_list("status", flat=True)) == ["ended"]
        assert list(Offer.objects.values_list("status", flat=True)) == ["withdrawn"]
        assert CalendarFeed.objects.get().revoked_at == now()
        assert not Message.objects.filter(status="owed").exists()
        assert set(Message.objects.exclude(status="void").values_list("recipient_type", flat=True)) <= {"user"}
        open_kinds = Task.objects.filter(done_at=None).values_list("kind", flat=True)
        assert Kind.SAFETY_ALERT in open_kinds
        assert Kind.PATIENT_CALL not in open_kinds
        entry = Entry.objects.get(what="close patient")
        assert (entry.actor_id, entry.patient_id, entry.changes["why"]) == (desk.pk, who.pk, why)
        with time_machine.travel(now() + timedelta(days=60), tick=False):
            delivery.run()
        assert not Message.objects.filter(status__in=("sent", "failed", "sending")).exists()

    def test_an_open_alert_stays_with_the_clinicians(self, doctor: Any, desk: Any) -> None:
        who = cast.patient()
        SafetyAlert.objects.create(
            patient=who, site=who.site, tier="URGENT-2", trigger="asq", acknowledge_by=now(), value="x"
        )
        closing.close_patient(by=desk, patient_id=who.pk, version=1, why="moved")
        assert SafetyAlert.objects.get().closed_at is None

    def test_a_closed_record_opens_again_and_brings_nothing_back(self, doctor: Any, desk: Any) -> None:
        who, _ = self.everything(doctor, desk)
        who.refresh_from_db()
        closed = closing.close_patient(by=desk, patient_id=who.pk, version=who.version, why="moved")
        with pytest.raises(errors.Stale):
            closing.reopen_patient(by=desk, patient_id=who.pk, version=closed.version - 1)
        again = closing.reopen_patient(by=desk, patient_id=who.pk, version=closed.version)
        assert (again.status, again.closed_why) == ("active", "")
        assert not Appointment.objects.filter(patient=who).exclude(status="cancelled").exists()
        assert not Message.objects.filter(status="owed").exists()
        assert Entry.objects.filter(what="reopen patient", actor_id=desk.pk, patient_id=who.pk).count() == 1
        with pytest.raises(errors.Stale):
            closing.reopen_patient(by=desk, patient_id=who.pk, version=again.version)
        starts = walk.at(MONDAY + timedelta(days=1), 15)
        wish = booking.Wish(patient_id=who.pk, kind="consultation", site_id="la", starts_at=starts)
        assert booking.book(by=desk, wish=wish).status == "booked"

    def test_the_page_names_what_is_lost_and_asks_once(self, doctor: Any, desk: Any) -> None:
        who, _ = self.everything(doctor, desk)
        client, url = signed_in(desk), f"/desk/patients/{who.pk}/close/"
        page = client.get(url).content.decode()
        for words in (
            "7 visits are taken out",
            "Long Beach",
            "The open series.",
            "1 place on the waitlist, and the time that is offered now",
            "The boosters that were ordered.",
            "private calendar address",
        ):
            assert words in page
        data = {name: re.search(rf'name="{name}" value="([^"]+)"', page)[1] for name in ("request_id", "version")}  # type: ignore[index]
        refused = client.post(url, data).content.decode()
        assert "Choose why it ends." in refused
        assert Patient.objects.get(pk=who.pk).status == "active"
        for _ in range(2):
            assert client.post(url, {**data, "why": "moved"})["Location"] == f"/desk/patients/{who.pk}/"
        page = client.get(f"/desk/patients/{who.pk}/").content.decode()
        assert "This record is closed" in page
        assert "Open this record again" in page
        assert "Book a visit" not in page
        who.refresh_from_db()
        client.post(f"/desk/patients/{who.pk}/reopen/", {"request_id": uuid.uuid4(), "version": who.version})
        assert Patient.objects.get(pk=who.pk).status == "active"

    def test_only_the_patients_own_site_closes_the_record(self, doctor: Any, desk: Any) -> None:
        who, _ = self.everything(doctor, desk)
        there = cast.receptionist(cast.other_site())
        assert signed_in(there).get(f"/desk/patients/{who.pk}/").status_code == 200
        assert signed_in(there).get(f"/desk/patients/{who.pk}/close/").status_code == 404
        assert signed_in(there).post(f"/desk/patients/{who.pk}/reopen/", {}).status_code == 404
        with pytest.raises(PermissionDenied):
            closing.close_patient(by=there, patient_id=who.pk, version=1, why="moved")

    def test_somebody_elses_change_between_is_told(self, doctor: Any, desk: Any) -> None:
        who = cast.patient()
        url = f"/desk/patients/{who.pk}/close/"
        Patient.objects.filter(pk=who.pk).update(version=2)
        answer = signed_in(desk).post(url, {"request_id": uuid.uuid4(), "version": 1, "why": "moved"})
        assert "Somebody else closed or opened this meanwhile" in answer.content.decode()
        assert Patient.objects.get(pk=who.pk).status == "active"


class TestPages:
    def test_closing_a_series_names_what_is_freed_and_asks_why(self, doctor: Any, desk: Any) -> None:
        _, order = cast.ready_patient(doctor)
        series = walk.laid_out(desk, order)
        client, url = signed_in(desk), f"/desk/series/{series.pk}/close/"
        page = client.get(url).content.decode()
        assert "6 visits are taken out of the calendar" in page
        key = re.search(r'name="request_id" value="([^"]+)"', page)[1]  # type: ignore[index]
        assert "Choose why it ends." in client.post(url, {"request_id": key}).content.decode()
        assert "Choose why it ends." in client.post(url, {"request_id": key, "why": ""}).content.decode()
        assert client.post(url, {"request_id": key, "why": "Declined"}).status_code == 200  # a label is no choice
        assert Appointment.objects.filter(status="cancelled").count() == 0
        client.post(url, {"request_id": key, "why": "declined"})
        series.refresh_from_db()
        assert (series.status, series.closed_why) == ("closed", "Declined")
        shown = client.get(f"/desk/series/{series.pk}/").content.decode()
        assert "Closed early: Declined." in shown
        assert shown.count("The series was closed.") == 6
