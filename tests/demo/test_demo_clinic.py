"""The demo clinic: loaded once, twice the same, lawful, with somebody at every step, and log-ins that work."""

import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client, override_settings
from django.urls import reverse

from intake.models import (
    BoosterOrder,
    Clearance,
    Condition,
    ConsultationRequest,
    Finding,
    Intake,
    Lapse,
    Patient,
    PatientQuestion,
    SafetyAlert,
    SafetyPlan,
    SeriesOrder,
    VitalSigns,
)
from intake.queries import standing
from intake.queries.duplicates import likely_the_same
from pacificmind.accounts.models import User
from pacificmind.audit.models import Entry
from pacificmind.clock import now, today
from pacificmind.demo.clinic import logins, staff, whole
from pacificmind.demo.clinic.staff import PASSWORD
from pacificmind.demo.clinic.walk import Days
from pacificmind.messaging.models import Message
from pacificmind.tasks.models import Kind as TaskKind
from pacificmind.tasks.models import Task
from scheduling.models import ACTIVE, Appointment, Kind, Room, Series, Status
from scheduling.services import door, watch
from tests import cast, database

ZONE = cast.ZONE


@pytest.fixture(scope="module")
def loaded(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: Any) -> Iterator[Path]:
    """The clinic, loaded as bin/run does; the file of log-ins."""
    path = tmp_path_factory.mktemp("demo") / "demo-logins.txt"
    patch = pytest.MonkeyPatch()
    patch.setenv("DEMO_LOGINS_FILE", str(path))
    with django_db_blocker.unblock():
        database.empty()
        call_command("demo")
        yield path
        database.empty()
    patch.undo()


pytestmark = pytest.mark.usefixtures("loaded")


@pytest.fixture(autouse=True)
def _database_open(loaded: Any, django_db_blocker: Any) -> Iterator[None]:
    """Let each test read what was loaded; none of them changes it."""
    with django_db_blocker.unblock():
        yield


def _counts() -> dict[str, int]:
    return {model._meta.label: model._default_manager.count() for model in apps.get_models(include_auto_created=True)}


def _patient(family_name: str) -> Patient:
    return Patient.objects.get(family_name=family_name)


def test_a_second_run_changes_nothing_but_writes_a_lost_list_of_log_ins_again(loaded: Path) -> None:
    """Idempotent, also after the file was lost."""
    before = _counts()
    text = loaded.read_text()
    loaded.unlink()
    call_command("demo")
    assert _counts() == before
    assert loaded.read_text() == text


def test_a_run_that_was_cut_short_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """All in one transaction: what had been written before the fault is gone, autocommit is on again."""
    before = _counts()
    monkeypatch.setattr(whole, "_load", _write_then_fail)
    with pytest.raises(KeyboardInterrupt):
        whole.load()
    assert connection.get_autocommit()
    assert _counts() == before


def _write_then_fail() -> bool:
    User.objects.create(email="half@example.com")
    raise KeyboardInterrupt


def test_it_refuses_outside_the_demo() -> None:
    """Published passwords belong nowhere else."""
    with override_settings(DEMO=False), pytest.raises(CommandError, match="DEMO"):
        call_command("demo")


def test_it_refuses_a_clinic_that_is_not_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """A real clinic's database never gets demo staff."""
    before = _counts()
    monkeypatch.setattr(staff, "MANAGER", "somebody-else@example.com")
    with pytest.raises(CommandError, match="already"):
        call_command("demo")
    assert _counts() == before


def test_people_before_their_record() -> None:
    """Only a request; words that need a person; an account and nothing else; entered at the desk; two alike."""
    requests = ConsultationRequest.objects.filter(patient__isnull=True)
    assert requests.filter(status="new", needs_person=False).exists()
    crisis = requests.get(needs_person=True)
    assert set(Task.objects.filter(subject_id=crisis.pk).values_list("kind", flat=True)) == {
        TaskKind.REQUEST_CALL_BACK,
        TaskKind.REQUEST_IN_CRISIS,
    }
    assert requests.filter(status="trying", attempts__isnull=False).exists()
    elena = User.objects.get(email="elena.park@example.com")
    assert not Patient.objects.filter(user=elena).exists()
    walter = _patient("Simmons")
    assert walter.user is None
    assert walter.email == ""
    gonzales = _patient("Gonzales")
    alike = likely_the_same(
        given_name="Maria",
        family_name="Gonzalez",
        birth_on=gonzales.birth_on,
        email="",
        phone=str(gonzales.phone),
        sites={"lb"},
    )
    assert {one.patient_id for one in alike} == {gonzales.pk, _patient("Gonzalez").pk}


def test_everybody_has_a_number_of_their_own_that_never_rings() -> None:
    """A text from it, or a look for it, finds one person; the two records that look alike share theirs."""
    told = [str(phone) for phone in Patient.objects.values_list("phone", flat=True) if phone]
    assert [phone for phone in told if not re.fullmatch(r"\+1\d{3}55501\d\d", phone)] == []
    assert {phone for phone, many in Counter(told).items() if many > 1} == {str(_patient("Gonzales").phone)}


def test_consultations_to_come_and_past() -> None:
    """In person and by video, to come; cancelled, missed and held in the past."""
    coming = Appointment.objects.filter(kind=Kind.CONSULTATION, status=Status.BOOKED, starts_at__gt=now())
    assert coming.filter(patient__family_name="Hill", telehealth=False).exists()
    video = coming.get(patient__family_name="Tanaka")
    assert video.telehealth
    assert video.patient_state == "CA"
    assert video.fallback_phone
    for family, status in (("Pratt", Status.CANCELLED), ("Romano", Status.NOSHOW), ("Shaw", Status.FULFILLED)):
        assert Appointment.objects.get(patient__family_name=family).status == status


def test_intakes_half_done_and_waiting_for_review() -> None:
    """Open and half; submitted, plain and with findings; the review tasks are open."""
    half = Intake.objects.get(patient=_patient("Collins"))
    assert half.submitted_at is None
    assert half.answers.count() > 20
    for family in ("Lindqvist", "Stone", "Ferrer", "Carter", "Becker"):
        sent = Intake.objects.get(patient=_patient(family))
        assert sent.submitted_at is not None
        assert Task.objects.filter(kind=TaskKind.INTAKE_REVIEW, subject_id=sent.pk, done_at__isnull=True).exists()
    found = set(Finding.objects.filter(screening__intake__patient=_patient("Stone")).values_list("reason", flat=True))
    words = " ".join(found).lower()
    assert "bipolar" in words
    assert "alcohol" in words


def test_alerts_one_waits_and_one_is_taken() -> None:
    """Both raised by item 9, neither closed."""
    waits, taken = (SafetyAlert.objects.get(patient=_patient(family)) for family in ("Carter", "Becker"))
    assert (waits.tier, waits.trigger, waits.acknowledged_at, waits.closed_at) == ("URGENT-1", "phq9-item9", None, None)
    assert taken.owner == User.objects.get(email="okafor@pacificmind.example")
    assert taken.closed_at is None
    assert SafetyAlert.objects.count() == 3


def test_an_alert_was_closed_with_a_plan_and_is_to_be_followed_up_today() -> None:
    """Documented, the safety plan in the portal, the follow-up owed; the rota has a gap at Long Beach."""
    alert = SafetyAlert.objects.get(patient=_patient("Farrow"))
    assert (alert.level, alert.safety_plan, SafetyPlan.objects.get(patient=alert.patient).number) == ("low", "made", 1)
    assert Task.objects.filter(kind=TaskKind.SAFETY_FOLLOW_UP, subject_id=alert.pk, done_at__isnull=True).exists()
    gaps = Task.objects.filter(kind=TaskKind.ON_CALL_GAP, done_at__isnull=True)
    assert [task.site_id for task in gaps] == ["lb"]


def test_decided_and_not_yet_in_treatment() -> None:
    """Cleared with conditions, one of them met by its result; cleared and ordered, without a series."""
    grant = Clearance.objects.get(patient=_patient("Grant"))
    conditions = Condition.objects.filter(clearance=grant)
    assert {one.kind: one.met_with is not None for one in conditions} == {"ecg": True, "bp_log": False}
    order = SeriesOrder.objects.get(clearance__patient=_patient("Osei"))
    assert not Series.objects.filter(order=order).exists()


def test_around_the_reviews() -> None:
    """A question that waits and one that was answered; readings; a lapse; a record opened across sites."""
    asked, answered = (PatientQuestion.objects.get(patient=_patient(family)) for family in ("Lindqvist", "Stone"))
    assert (asked.answered_at, answered.read_at) == (None, None)
    assert answered.answered_at is not None
    assert VitalSigns.objects.filter(patient=_patient("Grant"), place="home").count() == 3
    lapse = Lapse.objects.get()
    assert (lapse.clearance.patient, lapse.rules) == (_patient("Walsh"), ["D31"])
    assert Task.objects.filter(kind=TaskKind.RECORD_OPENED, patient_id=_patient("Grant").pk).exists()


def test_series_under_way() -> None:
    """Two of six with the review due; others held, released, at the other site."""
    nadia = Series.objects.get(patient=_patient("Rahman"))
    statuses = list(nadia.visits.order_by("number").values_list("status", flat=True))
    assert statuses == [*[Status.FULFILLED] * 2, Status.BOOKED, *[Status.HELD] * 3]
    assert Task.objects.filter(kind=TaskKind.SERIES_REVIEW, subject_id=nadia.pk, done_at__isnull=True).exists()
    victor = Series.objects.get(patient=_patient("Alvarez"))
    assert victor.visits.filter(status=Status.HELD).count() == 3
    chloe = Series.objects.get(patient=_patient("Dubois"))
    assert chloe.releases.count() == 1
    assert not chloe.visits.filter(status=Status.HELD).exists()
    assert Series.objects.filter(site="lb", patient__family_name="Adeyemi", status=Series.Status.OPEN).exists()


def test_a_clearance_that_ends_before_the_visits_do() -> None:
    """The sweep will find its last visits."""
    harold = _patient("Jensen")
    last = Appointment.objects.filter(patient=harold, status__in=ACTIVE).latest("starts_at")
    assert standing.clearance_in_force(harold.pk, on=today(ZONE), site_id="la", kind=Kind.INFUSION)
    assert not standing.clearance_in_force(harold.pk, on=last.day, site_id="la", kind=Kind.INFUSION)


def test_two_visits_for_the_front_desk_today() -> None:
    """One passes the gate of check-in, the other needs the clinician (on a Sunday both are tomorrow)."""
    day = Days(today(ZONE)).visit_day
    ready, ask = (
        Appointment.objects.get(patient=_patient(family), day=day, status=Status.BOOKED)
        for family in ("Washington", "Haddad")
    )
    words = [
        standing.readiness(visit.patient_id, on=day, site_id="la", kind=Kind.INFUSION).words for visit in (ready, ask)
    ]
    assert words == ["Ready", "Ask the clinician"]
    if day == today(ZONE):
        door.may_start(ready, measured=False)  # as at check-in: readings are taken when the visit starts


def test_a_booster_reminder_is_owed_and_due() -> None:
    """And nothing else is: the first minute of the demo sends this one mail."""
    due = Message.objects.get(status="owed", due_at__lte=now())
    assert due.purpose == "booster-due"
    order = BoosterOrder.objects.get(pk=due.subject_id)
    assert order.patient.family_name == "Whitfield"
    assert order.status == BoosterOrder.Status.OPEN
    assert not Message.objects.filter(
        purpose__startswith="booster", status="owed", recipient_id=_patient("Kowalski").pk
    ).exists()
    assert BoosterOrder.objects.get(patient=_patient("Kowalski")).status == BoosterOrder.Status.DECLINED
    assert Appointment.objects.get(patient=_patient("Mori"), kind=Kind.BOOSTER).status == Status.BOOKED
    waits = Message.objects.get(purpose="booster-due", recipient_id=_patient("Lindholm").pk)
    assert waits.due_at > now()
    assert watch.owe_boosters() == 0


OVERLAPS = """
SELECT count(*) FROM scheduling_appointment a JOIN scheduling_appointment b ON a.id < b.id
WHERE a.status = ANY(%(active)s) AND b.status = ANY(%(active)s) AND (
    (a.room_id = b.room_id AND a.starts_at < b.room_free_at AND b.starts_at < a.room_free_at)
    OR (a.starts_at < b.ends_at AND b.starts_at < a.ends_at
        AND (a.patient_id = b.patient_id OR (a.clinician_id = b.clinician_id AND a.lanes && b.lanes)))
    OR (a.patient_id = b.patient_id AND a.weekly_place IS NOT NULL AND b.weekly_place IS NOT NULL
        AND abs(a.day - b.day) < 2))
"""
CROWDED = """
SELECT count(*) FROM scheduling_appointment a WHERE weekly_place IS NOT NULL AND status = ANY(%(active)s) AND (
    SELECT count(*) FROM scheduling_appointment b WHERE b.patient_id = a.patient_id AND b.status = ANY(%(active)s)
    AND b.weekly_place IS NOT NULL AND b.day BETWEEN a.day AND a.day + 6) > 3
"""


@pytest.mark.parametrize("question", [OVERLAPS, CROWDED])
def test_the_law_holds(question: str) -> None:
    """Asked of the rows themselves, without the constraints."""
    with connection.cursor() as cursor:
        cursor.execute(question, {"active": [status.value for status in ACTIVE]})
        assert cursor.fetchone() == (0,)


def test_visits_lie_on_shift_and_in_no_closure() -> None:
    """Nothing would need to be moved but what the nurse who is ill leaves behind; one visit was squeezed in."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT count(*) FROM scheduling_appointment a WHERE status = ANY(%s) AND (
                NOT EXISTS (SELECT 1 FROM scheduling_weeklyshift s WHERE s.clinician_id = a.clinician_id
                    AND s.site_id = a.site_id AND s.weekday = extract(isodow FROM a.day) - 1
                    AND s.starts <= timezone(a.zone, a.starts_at)::time
                    AND timezone(a.zone, a.ends_at)::time <= s.ends)
                OR EXISTS (SELECT 1 FROM scheduling_closure c WHERE c.site_id = a.site_id
                    AND c.starts_at < a.ends_at AND a.starts_at < c.ends_at)
                OR EXISTS (SELECT 1 FROM scheduling_leave l WHERE l.clinician_id = a.clinician_id AND l.reason <> 'Ill'
                    AND l.starts_at < a.ends_at AND a.starts_at < l.ends_at))
                AND NOT EXISTS (SELECT 1 FROM scheduling_override o WHERE o.visit_id = a.id)
            """,
            [[status.value for status in ACTIVE]],
        )
        assert cursor.fetchone() == (0,)


def test_the_infusion_rooms_are_about_two_thirds_full() -> None:
    """Over three weeks at Los Angeles: 4 rooms, 4 visits a room and day."""
    monday = Days(today(ZONE)).monday(0)
    rooms = Room.objects.filter(site="la", for_infusions=True)
    visits = Appointment.objects.filter(room__in=rooms, status__in=ACTIVE, kind__in=(Kind.INFUSION, Kind.BOOSTER))
    days = [Days(monday).work(count) if count else monday for count in range(15)]
    share = visits.filter(day__in=days).count() / (len(rooms) * 4 * len(days))
    assert 0.55 < share < 0.75


def test_each_visit_and_patient_has_its_audit_row() -> None:
    """Nothing came into being unrecorded."""
    told = set(Entry.objects.values_list("subject_id", flat=True))
    visits = Appointment.objects.filter(series__isnull=True).values_list("pk", flat=True)
    rows = [*visits, *Series.objects.values_list("pk", flat=True), *Patient.objects.values_list("pk", flat=True)]
    assert {str(pk) for pk in rows} <= told


@pytest.mark.parametrize(("role", "name", "email", "_look"), logins.LOGINS)
def test_every_log_in_works_and_lands_on_its_page(role: str, name: str, email: str, _look: str) -> None:
    """Through the log-in page and the redirect after it, to a page that greets or serves this role."""
    client = Client()
    answer = client.post(reverse("account_login"), {"login": email, "password": PASSWORD}, follow=True)
    assert answer.status_code == 200
    assert str(answer.wsgi_request.user.pk) == str(User.objects.get(email=email).pk)
    assert answer.wsgi_request.path not in (reverse("account_login"), reverse("home")), answer.redirect_chain
    assert role
    assert name


def test_the_list_of_log_ins_is_private_and_aligned(loaded: Path) -> None:
    """bin/run prints it as it is."""
    lines = loaded.read_text().splitlines()
    column = lines[2].index("E-mail")
    assert all(line[column - 1] == " " and "@" in line[column:] for line in lines[3:])
    assert len(lines) == 3 + len(logins.LOGINS)
    assert oct(os.stat(loaded).st_mode & 0o777) == "0o600"
