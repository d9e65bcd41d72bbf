"""Owing, taking back, and the front desk's three buttons."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from intake.models import Patient
from pacificmind.accounts.models import User
from pacificmind.audit.models import Entry
from pacificmind.clock import now
from pacificmind.idempotency.services import RequestReused
from pacificmind.messaging import services
from pacificmind.messaging.after import fail
from pacificmind.messaging.models import Channel, Message, Recipient, Status
from pacificmind.messaging.registry import SAFETY_PAGE
from pacificmind.messaging.services import Owed
from pacificmind.statements import Statement
from pacificmind.tasks.models import Kind, Task
from tests import cast
from tests.messaging import purposes
from tests.messaging.conftest import owe_some, person
from tests.race.arena import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def _failed(**extra: object) -> Message:
    (row,) = owe_some(**extra)  # type: ignore[arg-type]
    with transaction.atomic():
        fail(row, "The mail server refused it (550).", Kind.MESSAGE_FAILED)
    return row


def test_a_message_is_owed_once_for_each_version() -> None:
    subject, to = Patient(id=uuid.uuid4()), person()

    def owe(version: int, channel: str = "email") -> bool:
        return services.owe(
            purposes.NOTE,
            subject=subject,
            subject_version=version,
            recipient_type="user",
            recipient_id=to.pk,
            due_at=now(),
            channel=channel,
        )

    with transaction.atomic():
        assert [owe(1), owe(1), owe(2), owe(2, "sms"), owe(2)] == [True, False, True, True, False]
    with pytest.raises(transaction.TransactionManagementError):
        owe(3)
    assert Message.objects.count() == 3


@pytest.mark.parametrize("field", Owed._fields)
def test_each_of_many_is_owed_as_it_was_told(field: str) -> None:
    """What all share is sent once: whichever of them differs, and in whichever column, each keeps its own."""
    usual = Owed(purposes.NOTE, Patient(id=uuid.uuid4()), 1, "user", uuid.uuid4(), now(), "email", cast.site().pk)
    odd = Owed(
        purpose="""it's "odd", {so} \\ NULL""",
        subject=User(id=uuid.uuid4()),
        subject_version=2,
        recipient_type=Recipient.PATIENT,
        recipient_id=uuid.uuid4(),
        due_at=datetime(2027, 3, 14, 1, 59, 59, 999_999, tzinfo=ZoneInfo("America/Los_Angeles")),
        channel=Channel.SMS,
        site_id=None,
    )
    for most, other in ((usual, odd), (odd, usual)):
        for place in range(3):
            apart = [
                {"recipient_id": uuid.uuid4()} if field != "recipient_id" else {"subject_version": n} for n in (3, 4, 5)
            ]
            rows = [most._replace(**one) for one in apart]
            rows[place] = rows[place]._replace(**{field: getattr(other, field)})
            with transaction.atomic():
                assert services.owe_many(rows) == 3
                assert set(Message.objects.values_list(*_COLUMNS)) == {_columns_of(one) for one in rows}
                transaction.set_rollback(True)


_COLUMNS = ("purpose", "subject_type", "subject_id", "subject_version", *Owed._fields[3:])


def _columns_of(row: Owed) -> tuple[object, ...]:
    return row.purpose, row.subject._meta.label_lower, row.subject.pk, *row[2:]


def test_many_owed_by_several_at_once_are_owed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    subject, due = Patient(id=uuid.uuid4()), now()
    rows = [Owed(purposes.NOTE, subject, 1, "user", uuid.uuid4(), due) for _ in range(100)]

    def owe() -> int:
        with transaction.atomic():
            return services.owe_many(rows)

    assert sorted(at_once([owe] * 4)) == [0, 0, 0, 100]
    assert set(Message.objects.values_list("recipient_id", flat=True)) == {row.recipient_id for row in rows}
    assert {one.version for one in Message.objects.values_list("pk", flat=True)} == {4}, (
        "they are named as all rows are"
    )
    Message.objects.all().delete()
    insert, _, _ = services._OWE.sql.partition("ON CONFLICT")
    monkeypatch.setattr(services, "_OWE", Statement(insert))
    assert [type(one) for one in at_once([owe] * 4)].count(IntegrityError) == 3, "they did meet"


def test_what_is_owed_is_gone_when_its_cause_is_rolled_back() -> None:
    with transaction.atomic():
        owe_some(2)
        transaction.set_rollback(True)
    assert not Message.objects.exists()


def test_moving_takes_back_only_older_versions_of_that_subject() -> None:
    subject = Patient(id=uuid.uuid4())
    to = person()
    owe_some(1)
    for version in (1, 2):
        for purpose in (purposes.NOTE, purposes.STALE):
            with transaction.atomic():
                services.owe(
                    purpose,
                    subject=subject,
                    subject_version=version,
                    recipient_type="user",
                    recipient_id=to.pk,
                    due_at=now(),
                )
    assert services.void(subject.pk, why="The visit was moved.", before_version=2, purposes=[purposes.NOTE]) == 1
    assert services.void(subject.pk, why="The visit was moved.", before_version=2) == 1
    assert services.void(subject.pk, why="The visit was moved.", before_version=2) == 0
    gone = Message.objects.filter(status=Status.VOID)
    assert {(row.subject_version, row.why) for row in gone} == {(1, "The visit was moved.")}
    assert services.void_for(to.pk, why="They asked for no more mail.") == 2
    assert Message.objects.filter(status=Status.OWED).count() == 1


@pytest.mark.parametrize(
    ("service", "status", "why", "outcome"),
    [
        (services.retry, Status.OWED, "", "sent again"),
        (services.mark_called, Status.VOID, "Rosa called instead.", "called"),
        (services.void_by_hand, Status.VOID, "Rosa decided that it is not needed.", "not needed"),
    ],
)
def test_a_button_acts_once_closes_the_task_and_is_recorded(
    service: Callable[..., bool], status: str, why: str, outcome: str
) -> None:
    row = _failed()
    rosa = cast.user("front_desk", name="Rosa")
    request_id = uuid.uuid4()
    assert service(row.pk, by=rosa, request_id=request_id)
    assert not service(row.pk, by=rosa, request_id=request_id), "a double click"
    row.refresh_from_db()
    assert (row.status, row.why) == (status, why)
    task = Task.objects.get(subject_id=row.pk)
    assert (task.outcome, task.done_by) == (outcome, rosa)
    assert Entry.objects.filter(subject_id=str(row.pk), actor_id=rosa.pk, action="change").count() == 1


def test_sending_again_by_a_repeated_request_does_not_undo_a_later_failure() -> None:
    row, rosa, request_id = _failed(), cast.receptionist(), uuid.uuid4()
    services.retry(row.pk, by=rosa, request_id=request_id)
    row.refresh_from_db()
    with transaction.atomic():
        fail(row, "Refused again.", Kind.MESSAGE_FAILED)
    assert not services.retry(row.pk, by=rosa, request_id=request_id)
    row.refresh_from_db()
    assert (row.status, row.why) == (Status.FAILED, "Refused again.")
    with pytest.raises(RequestReused):
        services.mark_called(row.pk, by=rosa, request_id=request_id)


def test_only_the_front_desk_of_its_site_and_managers_decide() -> None:
    row = _failed()
    for outsider in (cast.receptionist(cast.other_site()), cast.clinician().user, cast.user("patient")):
        with pytest.raises(PermissionDenied):
            services.mark_called(row.pk, by=outsider)
    assert services.mark_called(row.pk, by=cast.manager())
    page = _failed(purpose=SAFETY_PAGE)
    with pytest.raises(PermissionDenied):
        services.void_by_hand(page.pk, by=cast.manager())


def test_a_sent_message_cannot_be_undone() -> None:
    (row,) = owe_some()
    Message.objects.update(status=Status.SENT, done_at=now() - timedelta(hours=1))
    for service in (services.retry, services.mark_called, services.void_by_hand):
        assert not service(row.pk, by=cast.manager())
    row.refresh_from_db()
    assert row.status == Status.SENT
