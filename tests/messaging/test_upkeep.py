"""What is old goes, what is open stays; signs of life; the managers' page; Celery's options."""

import uuid
from datetime import date, timedelta
from typing import Any

import pytest
from django.conf import settings as configured
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from pacificmind import beat
from pacificmind.audit.models import Entry
from pacificmind.celery import app
from pacificmind.clinic.models import ClinicSettings
from pacificmind.clock import now
from pacificmind.messaging import overview, tasks, upkeep
from pacificmind.messaging.models import Channel, Delivery, Message, Pulse, Status, Tally
from pacificmind.tasks.models import Kind, Task
from tests import cast
from tests.messaging import purposes

pytestmark = pytest.mark.django_db(transaction=True)


def _row(days: int = 0, status: str = Status.SENT, **extra: Any) -> Message:
    at = now() - timedelta(days=days)
    values: dict[str, Any] = {
        "purpose": purposes.NOTE, "subject_type": "x", "subject_id": uuid.uuid4(), "recipient_type": "user",
        "recipient_id": uuid.uuid4(), "channel": Channel.EMAIL, "due_at": at, "status": status,
        "done_at": at if status in (Status.SENT, Status.VOID, Status.FAILED) else None,
        "claimed_at": at if status == Status.SENDING else None,
        "why": "Why." if status in (Status.VOID, Status.FAILED) else "",
    }  # fmt: skip
    return Message.objects.create(**{**values, **extra})


def test_what_is_old_goes_by_the_clinics_setting_and_counts_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "_BATCH", 2)
    ClinicSettings(id=1, message_keep_days=90).save()
    for _ in range(4):
        _row(91)
    _row(91, Status.VOID)
    open_one, planned = _row(400, Status.FAILED), _row(400, Status.OWED)
    young, doubt = _row(89), _row(400, Status.SENDING)
    Task.objects.create(
        kind=Kind.MESSAGE_FAILED, subject_type="messaging.message", subject_id=open_one.pk, queue="front_desk",
        due_at=now(),
    )  # fmt: skip
    assert tasks.remove_old() == 5
    assert set(Message.objects.values_list("pk", flat=True)) == {open_one.pk, planned.pk, young.pk, doubt.pk}
    month = (now() - timedelta(days=91)).date().replace(day=1)
    counted = set(Tally.objects.values_list("month", "status", "count"))
    assert counted == {(month, Status.SENT, 4), (month, Status.VOID, 1)}
    assert tasks.remove_old() == 0, "again: nothing is counted twice"
    _row(91)
    tasks.remove_old()
    assert Tally.objects.get(status=Status.SENT).count == 5
    Task.objects.update(done_at=now())
    assert tasks.remove_old() == 1, "the task is done: now it may go"
    assert not Tally.objects.exclude(month__gt=date(2000, 1, 1)).exists()


def test_a_night_removes_so_much_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "_BATCH", 2)
    for _ in range(5):
        _row(1000)
    assert upkeep.remove_old(most=1) == 2
    assert Message.objects.count() == 3


def test_signs_of_life_go_forward_only() -> None:
    tasks.canary()
    beat._alive()
    signs = {sign.label: sign.silent for sign in overview.signs()}
    assert signs["Workers take up work"] is False
    assert signs["The clock that starts all work"] is False
    assert signs["Messages are worked off"] is True, "never seen"
    future = now() + timedelta(minutes=1)
    Pulse.objects.filter(name=upkeep.WORKER).update(at=future)
    tasks.canary()
    assert Pulse.objects.get(name=upkeep.WORKER).at == future
    Pulse.objects.update(at=now() - timedelta(minutes=5))
    assert all(sign.silent for sign in overview.signs())


def test_managers_see_counts_what_is_late_and_who_is_silent() -> None:
    _row(2)
    _row(2, channel=Channel.SMS, segments=2, delivery=Delivery.DELIVERED)
    _row(2, Status.FAILED, channel=Channel.SMS, delivery=Delivery.UNDELIVERED, segments=1)
    _row(0, Status.OWED, due_at=now() + timedelta(days=1))
    late = _row(0, Status.OWED, due_at=now() - timedelta(minutes=30))
    _row(0, Status.SENDING, claimed_at=now() - timedelta(minutes=5))
    _row(45)
    mail, text = overview.rows()
    assert (mail.planned, mail.due, mail.doubt, mail.sent, mail.oldest, mail.late) == (1, 1, 1, 1, late.due_at, True)
    assert (text.sent, text.failed, text.undelivered, text.parts, text.late) == (1, 1, 1, 3, False)
    assert overview.total([mail, text]).sent == 2
    client, boss = Client(), cast.manager()
    client.force_login(boss)
    shown = client.get(reverse("manage-messages")).content.decode()
    assert "Nothing leaves while this is silent" in shown
    assert "30 minutes ago" in shown
    assert Entry.objects.filter(what="manage-messages", actor_id=boss.pk).exists()


def test_the_page_takes_as_many_queries_for_three_kinds_as_for_one() -> None:
    client = Client()
    client.force_login(cast.manager())

    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            client.get(reverse("manage-messages"))
        return len(found)

    _row()
    queries()
    one = queries()
    _row(channel=Channel.SMS)
    _row(purpose=purposes.STALE)
    assert queries() == one


def test_celery_loses_nothing_and_hangs_nowhere() -> None:
    """RELIABILITY M4 to M9."""
    conf = app.conf
    told = conf.broker_transport_options
    assert conf.task_acks_late is True
    assert conf.task_reject_on_worker_lost is True
    assert conf.worker_prefetch_multiplier == 1
    assert 0 < conf.task_soft_time_limit < conf.task_time_limit < told["visibility_timeout"] / 2
    assert 0 < told["socket_timeout"] <= 5
    assert 0 < told["socket_connect_timeout"] <= 5
    assert conf.beat_scheduler == "pacificmind.beat:Scheduler"
    assert configured.EMAIL_TIMEOUT <= 10
    every = conf.beat_schedule.values()
    assert all("args" not in one and "kwargs" not in one for one in every), "the broker carries nothing of anybody"
    assert all(one["options"]["expires"] for one in every), "what piled up while nobody worked is not done many times"
