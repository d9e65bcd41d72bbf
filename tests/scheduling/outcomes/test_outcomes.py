"""Totals of intake and questionnaires beside the infusions; who may look; little gain holds the next stage."""

import uuid
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from psycopg2.extras import NumericRange

from intake.domain.outcomes import Measure
from intake.models import Answer, Inquiry, Intake, Patient, Questionnaire
from intake.queries.outcomes import measures_of
from pacificmind.audit.models import Entry
from pacificmind.clock import now
from pacificmind.messaging.models import Message
from pacificmind.tasks.models import Task
from scheduling.domain.figures import Span
from scheduling.models import Appointment, Series
from scheduling.queries import outcomes
from scheduling.queries.reports import REPORTS, Share
from scheduling.services import gain, watch
from scheduling.services import series as services
from scheduling.services.series import Slot
from tests import cast, history
from tests.intake.review import people
from tests.scheduling.series import walk

pytestmark = pytest.mark.django_db
MONDAY = date(2027, 3, 1)  # the clocks change on the 14th


@pytest.fixture
def doctor() -> Any:
    cast.visit_types()
    cast.room(name="Room A")
    return cast.prescriber(name="Dr. Cho")


@pytest.fixture
def desk(doctor: Any) -> Any:
    return cast.receptionist()


def told(who: Patient, total: int, at: datetime, instrument: str = "PHQ-9", status: str = "complete") -> None:
    """A questionnaire with that total."""
    Questionnaire.objects.create(
        patient=who, instrument=instrument, version="1", items=[], status=status, score=total, answered_at=at
    )


def in_the_intake(who: Patient, items: list[int], at: datetime, number: int = 1, sent: bool = True) -> Intake:
    intake = Intake.objects.create(patient=who, number=number)
    Answer.objects.bulk_create(
        Answer(intake=intake, section="mood", item=f"phq9.{n}", value=value, answered_at=at)
        for n, value in enumerate(items, 1)
    )
    if sent:
        intake.submitted_at = at
        intake.save(update_fields=["submitted_at"])
    return intake


def a_series(doctor: Any, desk: Any, *, account: bool = False) -> Series:
    """Six infusions on Mondays, Wednesdays and Fridays."""
    with time_machine.travel(walk.at(MONDAY - timedelta(days=7), 6), tick=False):
        _, order = cast.ready_patient(doctor, infusions=6, account=account)
        room = cast.site().room_set.get(name="Room A").pk
        slots = [Slot(walk.at(MONDAY + timedelta(days=day), 9), room, doctor.pk) for day in (0, 2, 4, 7, 9, 11)]
        return services.lay_out(by=desk, order_id=order.pk, site_id="la", slots=slots)


def give(series: Series, count: int, *, desk: Any, doctor: Any) -> None:
    for visit in walk.visits(series)[:count]:
        walk.give(visit, desk=desk, doctor=doctor)


class TestMeasures:
    def test_both_sources_in_order(self) -> None:
        who, at = cast.patient(), walk.at(MONDAY)
        in_the_intake(who, [2] * 9, at)
        told(who, 9, at + timedelta(days=9))
        told(who, 40, at + timedelta(days=3), "PCL-5")
        assert measures_of([who.pk])[who.pk] == [
            Measure(at, "PHQ-9", 18),
            Measure(at + timedelta(days=3), "PCL-5", 40),
            Measure(at + timedelta(days=9), "PHQ-9", 9),
        ]

    def test_answers_carried_into_a_later_version_count_once(self) -> None:
        who, at = cast.patient(), walk.at(MONDAY)
        in_the_intake(who, [2] * 9, at)
        in_the_intake(who, [2] * 9, at, number=2)
        assert len(measures_of([who.pk])[who.pk]) == 1

    def test_what_is_not_sent_or_has_no_score_does_not_count(self) -> None:
        who, at = cast.patient(), walk.at(MONDAY)
        in_the_intake(who, [2] * 9, at, sent=False)
        told(who, 0, at, status="incomplete")
        told(who, 0, at, "GAD-7")
        assert measures_of([who.pk])[who.pk] == []

    def test_a_published_rule_for_missing_items_is_marked(self) -> None:
        who = cast.patient()
        in_the_intake(who, [2] * 7, walk.at(MONDAY))
        assert measures_of([who.pk])[who.pk] == [], "item 9 is never imputed"
        intake = in_the_intake(who, [2] * 8, walk.at(MONDAY), number=2)
        history.rewrite(Answer.objects.filter(intake=intake, item="phq9.8"), item="phq9.9")
        (one,) = measures_of([who.pk])[who.pk]
        assert (one.score, one.prorated) == (18, True)

    def test_two_queries_for_everybody(self, django_assert_num_queries: Any) -> None:
        everybody = [cast.patient() for _ in range(3)]
        for who in everybody:
            in_the_intake(who, [1] * 9, walk.at(MONDAY))
            told(who, 9, walk.at(MONDAY))
        with django_assert_num_queries(2):
            assert all(len(found) == 1 for found in measures_of([who.pk for who in everybody]).values())


class TestPages:
    @pytest.fixture
    def series(self, doctor: Any, desk: Any) -> Series:
        series = a_series(doctor, desk, account=True)
        in_the_intake(series.patient, [2] * 9, walk.at(MONDAY - timedelta(days=10)), number=9)
        give(series, 3, desk=desk, doctor=doctor)
        told(series.patient, 12, walk.at(MONDAY + timedelta(days=6)))
        told(series.patient, 8, walk.at(MONDAY + timedelta(days=30)))
        return series

    def test_the_patient_reads_their_own_line(self, client: Client, series: Series) -> None:
        client.force_login(series.patient.user)  # type: ignore[arg-type]
        page = client.get(reverse("patient-outcomes")).content.decode()
        assert "3 totals, 3 infusions" in page
        assert page.count('<circle class="total"') == 4, "three totals and the key"
        assert "8 of 27" in page
        assert "Infusion 3" in page
        for word in ("response", "remission", "relapse", "D85"):
            assert word not in page.lower()
        assert Entry.objects.filter(what="own-outcomes", patient_id=series.patient_id).exists()

    def test_what_was_gained_and_lost_is_a_relapse_and_no_little_gain(
        self, client: Client, series: Series, doctor: Any
    ) -> None:
        client.force_login(doctor.user)
        url = reverse("clinic-outcomes", args=[series.patient_id])
        told(series.patient, 18, walk.at(MONDAY + timedelta(days=40)))
        page = client.get(url).content.decode()
        assert "Possible relapse" in page
        assert "Little gain" not in page

    def test_little_gain_speaks_of_a_next_stage_only_where_there_is_one(
        self, client: Client, doctor: Any, desk: Any
    ) -> None:
        series = a_series(doctor, desk)
        in_the_intake(series.patient, [2] * 9, walk.at(MONDAY - timedelta(days=10)), number=9)
        give(series, 3, desk=desk, doctor=doctor)
        told(series.patient, 17, walk.at(MONDAY + timedelta(days=6)))
        client.force_login(doctor.user)
        url = reverse("clinic-outcomes", args=[series.patient_id])
        page = client.get(url).content.decode()
        assert "Little gain at a review point" in page
        assert "the next stage waits for your review" in page
        assert "D85" not in page
        Series.objects.filter(pk=series.pk).update(status="completed", closed_at=now())
        assert "the next stage waits" not in client.get(url).content.decode(), "there is none"

    def test_the_clinician_reads_what_it_means(self, client: Client, series: Series, doctor: Any) -> None:
        client.force_login(doctor.user)
        page = client.get(reverse("clinic-outcomes", args=[series.patient_id])).content.decode()
        assert "better by 56 %, response" in page
        assert page.count("Within the look-back") == 1, "only in the words below: 16 and 24 days lie between"
        told(series.patient, 9, walk.at(MONDAY + timedelta(days=40)))
        page = client.get(reverse("clinic-outcomes", args=[series.patient_id])).content.decode()
        assert page.count("Within the look-back") == 3, "beside the latest and in its line"
        assert Entry.objects.filter(what="outcomes", patient_id=series.patient_id).exists()

    def test_nobody_else_does(self, client: Client, series: Series) -> None:
        elsewhere = cast.clinician(cast.other_site())
        client.force_login(elsewhere.user)
        assert client.get(reverse("clinic-outcomes", args=[series.patient_id])).status_code == 404
        assert not Entry.objects.filter(what="outcomes").exists()

    def test_without_answers_there_is_a_kind_word(self, client: Client) -> None:
        who = cast.patient(account=True)
        client.force_login(who.user)  # type: ignore[arg-type]
        assert "Nothing to draw yet" in client.get(reverse("patient-outcomes")).content.decode()

    def test_the_number_of_queries_does_not_grow(self, client: Client, series: Series, doctor: Any) -> None:
        client.force_login(doctor.user)
        address = reverse("clinic-outcomes", args=[series.patient_id])
        few = len(people.queries_of(lambda: client.get(address)))
        for day in range(40, 60):
            told(series.patient, 9, walk.at(MONDAY + timedelta(days=day)))
        assert len(people.queries_of(lambda: client.get(address))) == few


class TestLittleGain:
    """P8: no gain after infusion 3 holds the next stage for review, also one that was released before."""

    @pytest.fixture
    def series(self, doctor: Any, desk: Any) -> Series:
        """Three given, all six released after the second, 18 before the first."""
        series = a_series(doctor, desk)
        told(series.patient, 18, walk.at(MONDAY - timedelta(days=1)))
        give(series, 2, desk=desk, doctor=doctor)
        with time_machine.travel(walk.at(MONDAY + timedelta(days=3)), tick=False):
            services.release_stage(by=doctor.user, series_id=series.pk, note="Tolerated well.")
        give_third = walk.visits(series)[2]
        walk.give(give_third, desk=desk, doctor=doctor)
        assert walk.states(series) == "fffbbb"
        return series

    def sweep(self, day: int = 6) -> None:
        with time_machine.travel(walk.at(MONDAY + timedelta(days=day), 12), tick=False):
            watch.look_after()

    @pytest.mark.parametrize(("total", "states"), [(15, "fffhhh"), (14, "fffbbb")], ids=["16 %", "22 %"])
    def test_below_a_fifth_what_follows_is_held(self, series: Series, total: int, states: str) -> None:
        told(series.patient, total, walk.at(MONDAY + timedelta(days=5)))
        self.sweep()
        assert walk.states(series) == states
        reviews = Task.objects.filter(kind="series-review", subject_id=series.pk, done_at__isnull=True)
        assert reviews.exists() is (states == "fffhhh")

    def test_no_reminder_leaves_for_what_is_held_and_nothing_is_cancelled(self, series: Series) -> None:
        told(series.patient, 18, walk.at(MONDAY + timedelta(days=5)))
        self.sweep()
        fourth = walk.visits(series)[3]
        owed = Message.objects.filter(subject_id=fourth.pk, status="owed")
        assert not owed.exists()
        assert not Message.objects.filter(purpose="visit-cancelled").exists()
        assert Entry.objects.filter(what="hold-little-gain", patient_id=series.patient_id).count() == 1

    def test_a_total_from_before_the_third_says_nothing_yet(self, series: Series) -> None:
        told(series.patient, 18, walk.at(MONDAY + timedelta(days=4), 8))
        self.sweep()
        assert walk.states(series) == "fffbbb"

    def test_what_a_prescriber_has_seen_is_not_held_again(self, series: Series, doctor: Any) -> None:
        told(series.patient, 18, walk.at(MONDAY + timedelta(days=5)))
        self.sweep()
        with time_machine.travel(walk.at(MONDAY + timedelta(days=6), 13), tick=False):
            services.release_stage(by=doctor.user, series_id=series.pk, note="Little gain; he wants to go on to six.")
        self.sweep()
        assert walk.states(series) == "fffbbb"
        assert gain.hold_little_gain() == 0

    def test_the_review_page_says_so(self, client: Client, series: Series, doctor: Any) -> None:
        address = reverse("series-review", args=[series.pk])
        with time_machine.travel(walk.at(MONDAY + timedelta(days=6), 13), tick=False):
            client.force_login(doctor.user)
            assert "Little gain so far" not in client.get(address).content.decode()
            told(series.patient, 18, walk.at(MONDAY + timedelta(days=5)))
            assert "Little gain so far" in client.get(address).content.decode()


class TestReport:
    @pytest.fixture(autouse=True)
    def _later(self) -> Any:
        with time_machine.travel(walk.at(date(2027, 6, 1), 12), tick=False):
            yield

    def ended(self, doctor: Any, *, before: int, after: int, later: int | None = None) -> Series:
        """A series of one infusion on March 1 with a total a day before, a week after, and 40 days after."""
        who, order = cast.ready_patient(doctor, infusions=1)
        series = Series.objects.create(
            patient=who, site=who.site, clearance=order.clearance, order=order, status="completed",
            closed_at=walk.at(MONDAY, 12),
        )  # fmt: skip
        starts, lane = walk.at(MONDAY, 9), Appointment.objects.count()
        Appointment.objects.create(
            kind="infusion", patient=who, site=who.site, zone=who.site.zone, room=cast.room(), series=series, number=1,
            clinician=doctor, lanes=NumericRange(lane, lane + 1, "[)"), weekly_place=0, starts_at=starts,
            ends_at=starts + timedelta(hours=2), room_free_at=starts + timedelta(hours=2), status="fulfilled",
            started_at=starts, finished_at=starts + timedelta(hours=2), escort_name="Luis",
        )  # fmt: skip
        told(who, before, walk.at(MONDAY - timedelta(days=1)))
        told(who, after, walk.at(MONDAY + timedelta(days=7)))
        if later is not None:
            told(who, later, walk.at(MONDAY + timedelta(days=40)))
        return series

    def row(self) -> list[Any]:
        table = REPORTS["outcomes"].work_out([cast.site()], Span(date(2027, 3, 1), date(2027, 4, 1)))
        return table.rows[0][1:]

    def test_of_nine_people_nothing_is_told(self, doctor: Any) -> None:
        for _ in range(9):
            self.ended(doctor, before=20, after=4)
        assert self.row() == [9, "Fewer than 10", None, None, None, None]

    def test_counted_by_hand(self, doctor: Any) -> None:
        for _ in range(10):
            self.ended(doctor, before=20, after=4, later=12)
        for _ in range(2):
            self.ended(doctor, before=20, after=15)
        ended, measured, response, remission, relapsed, days = self.row()
        assert (ended, measured, relapsed, days) == (12, 12, 10, "median 40, 40 to 40")
        assert isinstance(response, Share)
        assert isinstance(remission, Share)
        assert (response.rounded, remission.rounded) == (83, 83)

    def test_check_ins_that_were_asked_and_those_answered(self, doctor: Any) -> None:
        def asked(who: Patient, days: int, *, sent: bool = False, ended: datetime | None = None) -> None:
            opens = walk.at(MONDAY + timedelta(days=days), 10)
            Inquiry.objects.create(
                kind="check_in", patient=who, site=who.site, visit_id=uuid.uuid4(), days_after=days, opens_at=opens,
                expires_at=opens + timedelta(days=14), token_hash=uuid.uuid4().hex, sent_at=opens if sent else None,
                ended_at=ended, ended_why="A newer visit counts now." if ended else "",
            )  # fmt: skip

        for place in range(10):
            who = cast.patient()
            asked(who, 1, sent=place < 4)
            asked(who, 3, ended=walk.at(MONDAY + timedelta(days=2)))
            if place < 9:
                asked(who, 7, sent=True)
        table = REPORTS["check-ins"].work_out([cast.site()], Span(date(2027, 3, 1), date(2027, 4, 1)))
        first, second = table.rows
        assert first[:4] == ["1 day after", "Los Angeles", 10, 4]
        assert isinstance(first[4], Share)
        assert first[4].rounded == 40
        assert second == ["7 days after", "Los Angeles", "Fewer than 10", None, None]

    def test_three_queries_however_many(self, doctor: Any) -> None:
        self.ended(doctor, before=20, after=4)
        one = len(people.queries_of(self.row))
        for _ in range(3):
            self.ended(doctor, before=20, after=4)
        assert len(people.queries_of(self.row)) == one


def test_what_is_read_of_one_patient_takes_a_fixed_number_of_queries(django_assert_max_num_queries: Any) -> None:
    who = cast.patient()
    with django_assert_max_num_queries(5):
        assert outcomes.read(who).instruments == ()
