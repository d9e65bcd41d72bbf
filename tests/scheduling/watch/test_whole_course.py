"""A whole series and three boosters, from October to April, by the real worker into a sink: every mail, by hand.

The clock of this process and of the worker is moved by the shift file. Both changes of the clocks lie within, and
February 29. The worker is killed between the steps, and what was asked of it meanwhile waits for the next one.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, cast

import pytest
from django.db import connection
from django.utils import timezone

from intake.models import SeriesOrder
from pacificmind.celery import app
from pacificmind.clock import now
from pacificmind.messaging.models import Message
from pacificmind.tasks.models import Task
from scheduling.models import Appointment
from scheduling.services import booking, door, series, watch
from scheduling.services.series import Slot
from tests import cast as people
from tests.messaging.servers import Server, listening
from tests.scheduling.series import walk

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.servers]
ROOT = Path(__file__).resolve().parents[3]
QUEUE = f"test-course-{os.getpid()}"
# Written by hand from the clinic's rules: the wall clock of Los Angeles, and the subject.
EXPECTED = """
2027-10-20 09:00 Your appointments
2027-10-24 10:00 Reminder: your appointment in 3 days
2027-10-26 10:00 Reminder: your appointment in 3 days
2027-10-26 10:00 Reminder: your appointment tomorrow
2027-10-28 10:00 How are you?
2027-10-28 10:00 Reminder: your appointment tomorrow
2027-10-29 10:00 Reminder: your appointment in 3 days
2027-10-29 15:00 Your appointments
2027-10-31 10:00 Reminder: your appointment in 3 days
2027-10-31 10:00 Reminder: your appointment tomorrow
2027-11-02 10:00 Reminder: your appointment in 3 days
2027-11-02 10:00 Reminder: your appointment tomorrow
2027-11-04 10:00 Reminder: your appointment tomorrow
2027-11-05 10:00 Reminder: your appointment in 3 days
2027-11-07 10:00 Reminder: your appointment tomorrow
2027-11-09 10:00 How are you?
2027-11-11 10:00 How are you?
2027-11-15 10:00 How are you?
2027-11-22 10:00 How are you?
2027-11-29 10:00 How are you?
2027-12-06 10:00 How are you?
2027-12-08 10:00 It may be time for your next visit
2027-12-09 11:00 Your appointment is booked
2027-12-10 10:00 Reminder: your appointment in 3 days
2027-12-12 10:00 Reminder: your appointment tomorrow
2027-12-14 10:00 How are you?
2027-12-16 10:00 How are you?
2027-12-20 10:00 How are you?
2027-12-27 10:00 How are you?
2028-01-03 10:00 How are you?
2028-01-10 10:00 How are you?
2028-01-12 10:00 It may be time for your next visit
2028-01-22 10:00 Your next visit
2028-01-24 11:00 Your appointment is booked
2028-01-29 10:00 Reminder: your appointment in 3 days
2028-01-31 10:00 Reminder: your appointment tomorrow
2028-02-02 10:00 How are you?
2028-02-04 10:00 How are you?
2028-02-08 10:00 How are you?
2028-02-15 10:00 How are you?
2028-02-22 10:00 How are you?
2028-02-29 10:00 How are you?
2028-03-02 10:00 It may be time for your next visit
2028-03-12 10:00 Your next visit
2028-03-14 11:00 Your appointment is booked
2028-03-18 10:00 Reminder: your appointment in 3 days
2028-03-20 10:00 Reminder: your appointment tomorrow
2028-03-22 10:00 How are you?
2028-03-24 10:00 How are you?
2028-03-28 10:00 How are you?
2028-04-04 10:00 How are you?
2028-04-11 10:00 How are you?
2028-04-18 10:00 How are you?
""".strip().splitlines()


class Course:
    """The clinic, its clock, its worker and its sink."""

    def __init__(self, shift: Path, port: int) -> None:
        self.shift, self.port, self.worker = shift, port, cast("subprocess.Popen[bytes] | None", None)
        self.kills = 0

    def to(self, instant: datetime) -> None:
        """Move the clock of this process and of the worker."""
        seconds = (instant - timezone.now()).total_seconds()  # noqa: TID251  the real clock
        part = self.shift.with_suffix(".part")
        part.write_text(str(int(seconds) + 1))
        os.replace(part, self.shift)

    def start(self) -> None:
        """A worker, as in production but for its queue."""
        database = os.environ["DATABASE_URL"].rsplit("/", 1)[0] + f"/{connection.settings_dict['NAME']}"
        environment = {
            **os.environ,
            "DATABASE_URL": database,
            "EMAIL_URL": f"smtp://127.0.0.1:{self.port}",
            "CLOCK_SHIFT_FILE": str(self.shift),
            "PYTHONPATH": str(ROOT),
        }
        command = [sys.executable, "-m", "celery", "-A", "pacificmind", "worker", "-P", "solo", "-Q", QUEUE]
        command += ["--without-gossip", "--without-mingle", "-n", f"{QUEUE}@%h"]
        self.worker = subprocess.Popen(
            command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def kill(self) -> None:
        """Without a word, as the kernel does."""
        if self.worker is not None:
            self.worker.kill()
            self.worker.wait(10)
            self.kills += 1

    def tick(self) -> None:
        """What beat asks for, and wait until nothing that is due is left."""
        watch.owe_boosters()
        watch.look_after()
        end = time.monotonic() + 60
        while Message.objects.filter(status__in=("owed", "sending"), due_at__lte=now()).exists():
            app.send_task("messaging.deliver", queue=QUEUE)
            pause = time.monotonic() + 2
            while time.monotonic() < pause and Message.objects.filter(status="owed", due_at__lte=now()).exists():
                time.sleep(0.02)
            assert time.monotonic() < end, "the worker did not deliver"

    def walk_to(self, instant: datetime) -> None:
        """Through every moment on which something falls due, up to this one."""
        while row := Message.objects.filter(status="owed", due_at__lte=instant).order_by("due_at").first():
            self.to(row.due_at)
            self.tick()
        self.to(instant)
        self.tick()


@pytest.fixture
def sink() -> Server:
    return Server()


@pytest.fixture
def course(tmp_path: Path, settings: Any, sink: Server) -> Iterator[Course]:
    settings.CLOCK_SHIFT_FILE = str(tmp_path / "shift")
    with listening(sink) as port:
        made = Course(tmp_path / "shift", port)
        try:
            yield made
        finally:
            made.kill()
            with app.connection_for_write() as broker:
                cast(Any, broker.default_channel).queue_delete(QUEUE)


def at(day: date, hour: int = 10, minute: int = 0) -> datetime:
    return walk.at(day, hour, minute)


def give(course: Course, visit_id: Any, *, desk: Any, doctor: Any) -> None:
    """Arrival, readings, check-in, start and end of an infusion, each at its time."""
    visit = Appointment.objects.get(pk=visit_id)
    course.walk_to(visit.starts_at + timedelta(minutes=2))
    visit = door.arrive(by=desk, visit_id=visit.pk, version=visit.version)
    visit = door.check_in(
        by=desk, visit_id=visit.pk, version=visit.version, escort_name="Luis", escort_phone="+12135550190"
    )
    people.measured(visit, doctor)
    visit = door.begin(by=doctor.user, visit_id=visit.pk, version=visit.version)
    course.to(visit.ends_at)
    ticked = dict.fromkeys(door.DISCHARGE, True)
    door.fulfil(by=doctor.user, visit_id=visit.pk, version=visit.version, discharge=ticked)
    course.tick()


def test_every_message_of_a_series_and_three_boosters(course: Course, sink: Server) -> None:
    course.to(at(date(2027, 10, 20), 8, 50))
    people.visit_types()
    room, doctor, desk = people.room(), people.prescriber(name="Dr. Cho"), people.receptionist()
    who = people.consented(people.patient(account=True, given_name="Ida"))
    clearance = people.clearance(who, doctor, days=365)
    order = SeriesOrder.objects.create(clearance=clearance, infusions=6, per_week=3, ordered_by=doctor.user)
    plan = walk.booster_order(order, doctor, after_days=30, window_days=20, count=3, until_on=date(2028, 4, 30))
    course.start()

    course.to(at(date(2027, 10, 20), 9))
    days = [date(2027, 10, 27), date(2027, 10, 29), *(date(2027, 11, day) for day in (1, 3, 5, 8))]
    slots = [Slot(at(day), room.pk, doctor.pk) for day in days]
    run = series.lay_out(by=desk, order_id=order.pk, site_id="la", slots=slots)
    ids = list(run.visits.order_by("starts_at").values_list("pk", flat=True))
    give(course, ids[0], desk=desk, doctor=doctor)
    give(course, ids[1], desk=desk, doctor=doctor)
    course.walk_to(at(date(2027, 10, 29), 14, 59))
    course.to(at(date(2027, 10, 29), 15))
    series.release_stage(by=doctor.user, series_id=run.pk, note="Better.")
    course.kill()
    course.start()
    for visit_id in ids[2:]:
        give(course, visit_id, desk=desk, doctor=doctor)

    for booked_on, day in (
        (date(2027, 12, 9), date(2027, 12, 13)),
        (date(2028, 1, 24), date(2028, 2, 1)),
        (date(2028, 3, 14), date(2028, 3, 21)),
    ):
        course.walk_to(at(booked_on, 10, 59))
        course.to(at(booked_on, 11))
        plan.reevaluations.create(by=doctor.user, supports_booster=True, at=now())
        wish = booking.Wish(
            patient_id=who.pk, kind="booster", site_id="la", starts_at=at(day), booster_order_id=plan.pk,
            clinician_id=doctor.pk, room_id=room.pk,
        )  # fmt: skip
        visit = booking.book(by=desk, wish=wish)
        course.kill()
        course.start()
        course.walk_to(at(day, 9, 30))
        walk.phq9(who)
        give(course, visit.pk, desk=desk, doctor=doctor)
    plan.refresh_from_db()
    assert plan.status == "closed"
    course.walk_to(at(date(2028, 4, 19), 12))

    zone = people.site().tz
    left = sorted(
        f"{parsedate_to_datetime(str(mail['Date'])).astimezone(zone):%Y-%m-%d %H:%M} {mail['Subject']}"
        for mail in sink.mails
        if str(mail["To"]) == who.email
    )
    assert left == EXPECTED
    assert len(set(sink.ids)) == len(sink.ids), "none twice"
    assert course.kills == 4
    assert not Message.objects.filter(status__in=("failed", "sending")).exists()
    assert not Task.objects.filter(kind__in=("message-failed", "message-stuck")).exists()
