"""Clocks of alerts: when they must be taken, and who is paged again while nobody has."""

from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import transaction

from intake.domain.paging import Escalation, steps_due
from intake.messages import safety_page
from intake.models import Patient, SafetyAlert
from intake.services.duetimes import end_of_working_day, working_days_later
from intake.services.paging import escalate_pages
from intake.services.safety import raise_alert
from intake.tasks import pages
from pacificmind.clock import now
from pacificmind.messaging.models import Message
from pacificmind.messaging.registry import Void, Words
from pacificmind.tasks.models import Kind, Task
from tests import cast

LA = ZoneInfo("America/Los_Angeles")
MONDAY = datetime(2026, 3, 9, 10, 0, tzinfo=LA)


def alert_of(who: Patient, tier: str = "URGENT-2") -> SafetyAlert:
    with transaction.atomic():
        return raise_alert(patient=who, tier=tier, trigger="staff")


@pytest.mark.parametrize(
    ("moment", "due"),
    [
        (datetime(2026, 3, 9, 10, 0), datetime(2026, 3, 9, 18, 0)),
        (datetime(2026, 3, 9, 2, 0), datetime(2026, 3, 9, 18, 0)),
        (datetime(2026, 3, 9, 17, 59), datetime(2026, 3, 9, 18, 0)),
        (datetime(2026, 3, 9, 18, 0), datetime(2026, 3, 10, 10, 0)),
        (datetime(2026, 3, 6, 22, 0), datetime(2026, 3, 9, 10, 0)),  # over a weekend with a change of clocks
        (datetime(2026, 3, 7, 12, 0), datetime(2026, 3, 9, 10, 0)),
        (datetime(2026, 11, 1, 1, 30), datetime(2026, 11, 2, 10, 0)),  # the night an hour comes twice
    ],
)
def test_urgent_1_is_due_by_the_end_of_the_working_day(moment: datetime, due: datetime) -> None:
    assert end_of_working_day(moment.replace(tzinfo=LA), LA) == due.replace(tzinfo=LA)


@pytest.mark.parametrize(
    ("moment", "days", "due"),
    [
        (datetime(2026, 3, 9, 10, 0), 2, datetime(2026, 3, 11, 10, 0)),
        (datetime(2026, 3, 5, 10, 0), 2, datetime(2026, 3, 9, 10, 0)),
        (datetime(2026, 3, 7, 10, 0), 2, datetime(2026, 3, 10, 10, 0)),
    ],
)
def test_working_days_leave_out_the_weekend_and_keep_the_wall_time(moment: datetime, days: int, due: datetime) -> None:
    assert working_days_later(moment.replace(tzinfo=LA), days, LA) == due.replace(tzinfo=LA)


@pytest.mark.django_db
def test_urgent_2_is_due_within_the_clinics_minutes() -> None:
    with time_machine.travel(MONDAY, tick=False):
        alert = alert_of(cast.patient())
    assert alert.acknowledge_by - alert.raised_at == timedelta(minutes=5)


@pytest.mark.django_db
@pytest.mark.parametrize(("minutes", "steps"), [(4, [1]), (5, [1, 2]), (15, [1, 2, 3, 4]), (60, [1, 2, 3, 4, 8])])
def test_an_urgent_2_alert_is_paged_again_at_5_10_and_15_minutes_and_then_without_end(
    minutes: int, steps: list[int]
) -> None:
    who, doctor = cast.patient(), cast.prescriber()
    with time_machine.travel(MONDAY, tick=False) as clock:
        alert_of(who)
        clock.shift(timedelta(minutes=minutes))
        escalate_pages()
        assert escalate_pages() == 0
    got = Message.objects.filter(recipient_id=doctor.user_id).order_by("subject_version")
    assert list(got.values_list("subject_version", flat=True)) == steps


def test_pages_have_no_end_and_come_once_an_hour_after_the_first_day() -> None:
    def due(waited: timedelta, known: int) -> list[int]:
        return steps_due(
            now_urgent=True, since=MONDAY, late_at=MONDAY, moment=MONDAY + waited, known=known, times=Escalation()
        )

    known, paged = 1, []
    for minute in range(0, 60 * 24 * 3, 5):
        if found := due(timedelta(minutes=minute), known):
            known = found[-1]
            paged.append(minute)
    first_day = [at for at in paged if at <= 15 + 24 * 60]
    assert len(first_day) == 3 + 24 * 6, "at 5, 10 and 15 minutes, then every ten minutes for a day"
    later = [at for at in paged if at > 15 + 24 * 60]
    assert {after - before for before, after in pairwise(later)} == {60}
    assert len(due(timedelta(days=30), known)) == 1
    assert len(due(timedelta(days=365 * 3), due(timedelta(days=365 * 2), known)[-1])) == 1, "years later as well"
    assert due(timedelta(days=6), 900) == [], "who was paged to the old end is paged on from there"
    assert due(timedelta(days=7), 900)


@pytest.mark.django_db
def test_first_who_is_on_call_then_the_site_then_every_site_then_a_manager_telephones() -> None:
    who, first = cast.patient(), cast.prescriber()
    near, far = cast.prescriber(), cast.prescriber(cast.other_site())
    with time_machine.travel(MONDAY, tick=False) as clock:
        cast.on_call(first)
        alert_of(who)
        clock.shift(timedelta(minutes=14))
        assert pages() == 5
        assert not Task.objects.filter(kind=Kind.ALERT_UNTAKEN).exists()
        clock.shift(timedelta(minutes=1))
        assert (pages(), pages()) == (3, 0)
        assert Task.objects.get(kind=Kind.ALERT_UNTAKEN).queue == "managers"
    told = Message.objects.order_by("subject_version")
    steps = [
        list(told.filter(recipient_id=one.user_id).values_list("subject_version", flat=True))
        for one in (first, near, far)
    ]
    assert steps == [[1, 2, 3, 4], [2, 3, 4], [3, 4]]
    assert SafetyAlert.objects.get().step == 4


@pytest.mark.django_db
def test_a_text_goes_out_beside_the_mail_where_a_number_is_set() -> None:
    who, doctor = cast.patient(), cast.prescriber()
    doctor.user.page_phone = "+12135550190"
    doctor.user.save(update_fields=["page_phone"])
    alert_of(who)
    assert sorted(Message.objects.values_list("channel", flat=True)) == ["email", "sms"]


@pytest.mark.django_db
def test_an_urgent_1_alert_is_paged_once_more_when_its_time_is_over() -> None:
    who = cast.patient()
    cast.prescriber()
    with time_machine.travel(MONDAY, tick=False) as clock:
        alert = alert_of(who, "URGENT-1")
        clock.move_to(alert.acknowledge_by - timedelta(seconds=1))
        assert escalate_pages() == 0
        clock.move_to(alert.acknowledge_by)
        assert (escalate_pages(), escalate_pages()) == (1, 0)


@pytest.mark.django_db
def test_a_taken_alert_is_not_paged_again_and_its_page_is_void() -> None:
    who, doctor = cast.patient(), cast.prescriber()
    with time_machine.travel(MONDAY, tick=False) as clock:
        alert = alert_of(who)
        page = Message.objects.get()
        assert isinstance(safety_page(page), Words)
        SafetyAlert.objects.update(acknowledged_at=now(), owner=doctor.user)
        clock.shift(timedelta(hours=1))
        assert escalate_pages() == 0
    assert isinstance(safety_page(page), Void)
    assert Task.objects.get(kind=Kind.SAFETY_ALERT).subject_id == alert.pk


@pytest.mark.django_db
def test_the_page_names_no_patient_and_no_reason() -> None:
    who = cast.patient(given_name="Wilhelmina")
    cast.prescriber()
    alert_of(who)
    words = safety_page(Message.objects.get())
    assert isinstance(words, Words)
    assert words.subject == "Safety alert - open the portal"
    told = f"{words.subject} {words.context}".lower()
    for secret in ("wilhelmina", who.family_name.lower(), "suicid", "phq", "item", "depress", "ketamine"):
        assert secret not in told


@pytest.mark.django_db(transaction=True)
def test_an_alert_outside_its_causes_transaction_is_refused() -> None:
    with pytest.raises(transaction.TransactionManagementError):
        raise_alert(patient=cast.patient(), tier="URGENT-1", trigger="staff")
