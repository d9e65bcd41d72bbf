"""Whose tasks are whose, and taking and finishing them once."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse

from pacificmind.accounts.models import User
from pacificmind.audit.models import Entry
from pacificmind.clock import now
from pacificmind.tasks import queries, services
from pacificmind.tasks.models import Kind, Queue, Task
from tests import cast

pytestmark = pytest.mark.django_db


def _task(queue: Queue, site: str | None = "la", kind: Kind = Kind.PATIENT_CALL, **extra: Any) -> Task:
    cast.site()
    cast.other_site()
    subject_id = uuid.uuid4()
    services.open_task(
        kind,
        subject_type="x",
        subject_id=subject_id,
        queue=queue,
        due_at=now() + timedelta(hours=1),
        site_id=site,
        **extra,
    )
    return Task.objects.get(subject_id=subject_id)


def _as(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_each_sees_the_queues_of_their_role_and_site() -> None:
    desk, desk_there = _task(Queue.FRONT_DESK), _task(Queue.FRONT_DESK, "lb")
    clinicians, prescribers = _task(Queue.CLINICIANS), _task(Queue.PRESCRIBERS)
    anywhere, managers = _task(Queue.PRESCRIBERS, None), _task(Queue.MANAGERS, None)
    seen = {
        "desk": cast.receptionist(),
        "there": cast.receptionist(cast.other_site()),
        "clinician": cast.clinician().user,
        "prescriber": cast.prescriber().user,
        "manager": cast.manager(),
        "patient": cast.user("patient"),
    }
    assert {name: set(queries.tasks_for(who)) for name, who in seen.items()} == {
        "desk": {desk},
        "there": {desk_there},
        "clinician": {clinicians},
        "prescriber": {clinicians, prescribers, anywhere},
        "manager": {managers},
        "patient": set(),
    }


def test_a_task_is_taken_by_one_and_done_once() -> None:
    row = _task(Queue.FRONT_DESK)
    first, second = cast.receptionist(), cast.receptionist()
    assert services.take(row.pk, by=first)
    assert not services.take(row.pk, by=second)
    request_id = uuid.uuid4()
    assert services.finish(row.pk, by=second, request_id=request_id), "a colleague may finish it"
    assert not services.finish(row.pk, by=second, request_id=request_id)
    assert not services.finish(row.pk, by=first)
    row.refresh_from_db()
    assert (row.owner, row.done_by, row.outcome) == (first, second, "done")
    assert Entry.objects.filter(subject_id=str(row.pk)).count() == 2


def test_what_has_a_page_of_its_own_is_not_closed_from_the_list() -> None:
    row = _task(Queue.CLINICIANS, kind=Kind.SAFETY_ALERT)
    with pytest.raises(PermissionDenied):
        services.finish(row.pk, by=cast.clinician().user)
    with pytest.raises(PermissionDenied):
        services.take(row.pk, by=cast.receptionist())


def test_the_page_lists_by_due_and_acts() -> None:
    late = _task(Queue.FRONT_DESK)
    Task.objects.filter(pk=late.pk).update(due_at=now() - timedelta(hours=1))
    _task(Queue.FRONT_DESK, kind=Kind.BOOSTER_ASK, patient_id=cast.patient().pk)
    desk = cast.user("front_desk", name="Rosa")
    client = _as(desk)
    page = client.get(reverse("desk-tasks")).content.decode()
    assert page.index(Kind.PATIENT_CALL.label) < page.index(Kind.BOOSTER_ASK.label)
    assert "Late" in page
    form = {"request_id": str(uuid.uuid4())}
    answer = client.post(reverse("task-take", args=[late.pk]), form, follow=True).content.decode()
    assert "It is yours now." in answer
    assert "Rosa" in client.get(reverse("desk-tasks"), {"show": "mine"}).content.decode()
    done = {"request_id": str(uuid.uuid4())}
    client.post(reverse("task-done", args=[late.pk]), done)
    assert Kind.PATIENT_CALL.label in client.get(reverse("desk-tasks"), {"show": "done"}).content.decode()
    assert Kind.PATIENT_CALL.label not in client.get(reverse("desk-tasks")).content.decode()
    assert _as(cast.receptionist(cast.other_site())).post(reverse("task-done", args=[late.pk]), done).status_code == 404


@pytest.mark.parametrize(
    ("kind", "about", "queue", "path"),
    [
        (Kind.HELD_VISIT_NEAR, "scheduling.appointment", Queue.PRESCRIBERS, "/desk/visits/{}/"),
        (Kind.HELD_VISIT_NEAR, "scheduling.series", Queue.MANAGERS, ""),
        (Kind.SERIES_REVIEW, "scheduling.series", Queue.PRESCRIBERS, "/clinic/series/{}/review/"),
        (Kind.DEVIATION, "scheduling.series", Queue.PRESCRIBERS, "/desk/series/{}/"),
        (Kind.PATIENT_CALL, "intake.patient", Queue.FRONT_DESK, "/desk/patients/{}/"),
        (Kind.VISIT_TO_MOVE, "scheduling.appointment", Queue.FRONT_DESK, "/desk/repair/"),
        (Kind.ON_CALL_GAP, "x", Queue.MANAGERS, "/manage/on-call/"),
    ],
)
def test_a_task_leads_to_what_it_is_about_where_its_queue_may_read_it(
    kind: Kind, about: str, queue: Queue, path: str
) -> None:
    row = _task(queue, kind=kind)
    row.subject_type = about
    assert queries.lines([row])[0].url == path.format(row.subject_id)
