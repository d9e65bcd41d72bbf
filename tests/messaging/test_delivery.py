"""One row, one mail: against servers that answer, refuse, stall and hang up (RELIABILITY I3 to I5)."""

import threading
import time
from collections import Counter
from contextlib import suppress
from copy import copy
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection

from pacificmind.clock import now
from pacificmind.messaging import after, claims, delivery, registry, tasks
from pacificmind.messaging.compose import message_id
from pacificmind.messaging.models import Message, Status
from pacificmind.messaging.outcome import NOT_KNOWN, OUTAGE
from pacificmind.messaging.prepare import Batch
from pacificmind.messaging.registry import SAFETY_PAGE
from pacificmind.messaging.services import void
from pacificmind.tasks.models import Kind, Queue, Task
from tests.messaging import purposes
from tests.messaging.conftest import Smtp, owe_some, person
from tests.messaging.servers import Answers, HangsUp, HangsUpBetween, Server, Slow, free_port

pytestmark = pytest.mark.django_db(transaction=True)


def _states() -> Counter[str]:
    return Counter(Message.objects.values_list("status", flat=True))


def _again(row: Message) -> None:
    """Make a row that waits for its next try due now."""
    Message.objects.filter(pk=row.pk).update(due_at=now())


def test_due_messages_leave_over_one_connection(smtp: Smtp) -> None:
    rows = owe_some(5)
    owe_some(1, due_at=now() + timedelta(hours=1))
    with smtp(server := Server()):
        assert delivery.run() == 5
    assert sorted(server.ids) == sorted(message_id(row) for row in rows)
    assert server.connections == 1
    assert _states() == {Status.SENT: 5, Status.OWED: 1}
    sent = Message.objects.get(pk=rows[0].pk)
    assert (sent.provider_reference, sent.tries) == (message_id(sent), 1)


def test_the_mail_says_who_and_where_to_turn(smtp: Smtp, settings: Any) -> None:
    settings.BASE_URL = "https://portal.example"
    (row,) = owe_some(1, to=person("Ana"))
    with smtp(server := Server()):
        delivery.run()
    (mail,) = server.mails
    text = mail.get_body(("plain",))
    html = mail.get_body(("html",))
    assert text is not None
    assert html is not None
    for words in ("Hello Ana", "Your visit is on Tuesday.", "https://portal.example/", "(213) 555-0142", "988"):
        assert words in text.get_content()
        assert words in html.get_content()
    assert (mail["Auto-Submitted"], mail["Subject"]) == ("auto-generated", "Your visit")
    assert mail["Date"].datetime == row.due_at.replace(microsecond=0)


@pytest.mark.parametrize("at", ["RCPT", "DATA"])
def test_a_refusal_for_now_is_tried_again_and_stops_nobody_else(smtp: Smtp, at: str) -> None:
    (first,) = owe_some(1, to=person("slowbox"), due_at=now() - timedelta(hours=1))
    owe_some(3)
    with smtp(server := Answers(at, "450 greylisted", only="slowbox")):
        assert delivery.run() == 3
        first.refresh_from_db()
        assert (first.status, first.tries) == (Status.OWED, 1)
        assert "later (450)" in first.why
        assert timedelta(seconds=45) < first.due_at - now() < timedelta(seconds=75), "a minute, give or take"
        server.only = "nobody"
        _again(first)
        assert delivery.run() == 1
    assert server.ids.count(message_id(first)) == 1
    assert not Task.objects.exists()


def test_after_eight_tries_the_front_desk_is_told(smtp: Smtp) -> None:
    (row,) = owe_some()
    waits = timedelta()
    with smtp(Answers("RCPT", "451 not now")):
        for tries in range(1, after.TRIES + 1):
            _again(row)
            delivery.run()
            row.refresh_from_db()
            assert row.tries == tries
            waits += max(row.due_at - now(), timedelta())
    assert row.status == Status.FAILED
    assert row.why == "Given up after 8 tries. The mail server asked to try again later (451)."
    assert timedelta(hours=4, minutes=30) < waits < timedelta(hours=7)
    task = Task.objects.get()
    assert (task.kind, task.queue, task.site_id, task.subject_id) == (
        Kind.MESSAGE_FAILED, Queue.FRONT_DESK, row.site_id, row.pk,
    )  # fmt: skip


@pytest.mark.parametrize("at", ["RCPT", "DATA"])
def test_a_refusal_for_good_is_a_task_at_once(smtp: Smtp, at: str) -> None:
    (row,) = owe_some()
    with smtp(server := Answers(at, "550 no such person")):
        delivery.run()
        delivery.run()
    row.refresh_from_db()
    assert (row.status, row.tries, server.mails) == (Status.FAILED, 1, [])
    assert "refused it (550)" in row.why
    assert Task.objects.get().kind == Kind.MESSAGE_FAILED


@pytest.mark.parametrize("server", [HangsUp(), Slow("DATA", 1.5)], ids=["hangs up after DATA", "too slow after DATA"])
def test_what_may_have_left_is_never_sent_again_by_itself(smtp: Smtp, server: Server) -> None:
    (row,) = owe_some()
    with smtp(server):
        delivery.run()
        delivery.run()
        row.refresh_from_db()
        assert (row.status, row.why) == (Status.SENDING, NOT_KNOWN)
        assert after.sweep_stuck() == 0, "not before ten minutes"
        Message.objects.update(claimed_at=now() - timedelta(minutes=11))
        assert tasks.sweep() == 1
        delivery.run()
    row.refresh_from_db()
    assert (row.status, len(server.mails)) == (Status.FAILED, 1)
    assert Task.objects.get().kind == Kind.MESSAGE_STUCK


def test_a_server_too_slow_before_the_mail_is_tried_again(smtp: Smtp) -> None:
    (row,) = owe_some()
    with smtp(server := Slow("RCPT", 1.5)):
        delivery.run()
    row.refresh_from_db()
    assert (row.status, row.tries, server.mails) == (Status.OWED, 1, [])


def test_a_server_that_hangs_up_between_two_mails_costs_nothing(smtp: Smtp) -> None:
    rows = owe_some(3)
    with smtp(server := HangsUpBetween()):
        assert delivery.run() == 3
    assert sorted(server.ids) == sorted(message_id(row) for row in rows)
    assert set(Message.objects.values_list("tries", flat=True)) == {1}


def test_after_an_outage_all_leave_within_a_sweep(smtp: Smtp, settings: Any) -> None:
    owe_some(3)
    with smtp(Server()):
        pass
    settings.EMAIL_PORT = free_port()
    for _ in range(3):
        delivery.run()
    assert Message.objects.filter(why=OUTAGE, status=Status.OWED, tries=1).count() == 3
    assert tasks.sweep() == 0, "still away"
    with smtp(server := Server()):
        assert delivery.run() == 0, "they wait"
        assert tasks.sweep() == 3
        assert delivery.run() == 3
    assert len(set(server.ids)) == 3


def test_what_is_not_true_any_more_is_void_with_its_reason(smtp: Smtp) -> None:
    gone = person("Gone")
    gone.is_active = False
    gone.save()
    (stale,) = owe_some(1, purposes.STALE)
    (closed,) = owe_some(1, to=gone)
    (unknown,) = owe_some(1)
    Message.objects.filter(pk=unknown.pk).update(recipient_id=stale.pk)
    with smtp(server := Server()):
        delivery.run()
    reasons = dict(Message.objects.filter(status=Status.VOID).values_list("pk", "why"))
    assert reasons == {
        stale.pk: "The visit was moved.",
        closed.pk: "This account is closed.",
        unknown.pk: "This person is not known any more.",
    }
    assert server.mails == []


def test_a_message_that_cannot_be_written_stops_nobody(smtp: Smtp, capsys: pytest.CaptureFixture[str]) -> None:
    (broken,) = owe_some(1, purposes.BROKEN, due_at=now() - timedelta(hours=1))
    owe_some(2)
    with smtp(Server()):
        assert delivery.run() == 2
        Message.objects.filter(pk=broken.pk).update(tries=after.TRIES - 1, due_at=now())
        delivery.run()
    broken.refresh_from_db()
    assert broken.status == Status.FAILED
    assert Task.objects.filter(subject_id=broken.pk).exists()
    assert "secret" not in capsys.readouterr().err, "an exception's words may be a patient's"


def test_pages_about_safety_go_first_and_never_give_up(smtp: Smtp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry._purposes, SAFETY_PAGE, purposes.PAGE)
    owe_some(2, due_at=now() - timedelta(hours=1))
    (page,) = owe_some(1, SAFETY_PAGE)
    with smtp(server := Answers("RCPT", "550 no")):
        for _ in range(12):
            _again(page)
            delivery.run()
        page.refresh_from_db()
        assert (page.status, page.tries) == (Status.OWED, 12)
        assert page.due_at - now() < timedelta(minutes=3)
        assert not Task.objects.filter(subject_id=page.pk).exists()
        server.only = "nobody"
        Message.objects.update(status=Status.OWED, due_at=now(), done_at=None, why="", claimed_at=None)
        assert delivery.run() == 3
    assert server.ids[0] == message_id(page)


def test_a_page_about_safety_in_doubt_goes_out_again(smtp: Smtp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry._purposes, SAFETY_PAGE, purposes.PAGE)
    (page,) = owe_some(1, SAFETY_PAGE)
    with smtp(server := HangsUp()):
        delivery.run()
        _again(page)
        delivery.run()
    assert server.ids == [message_id(page)] * 2
    assert not Task.objects.exists()


def _race() -> None:
    """Two deliverers at once."""
    start = threading.Barrier(2)

    def deliver() -> None:
        start.wait()
        with suppress(IntegrityError):  # the second line of defence, where the first is off
            delivery.run()
        connection.close()

    both = [threading.Thread(target=deliver) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()


def test_two_deliverers_send_each_of_200_once(smtp: Smtp, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = owe_some(200)
    mark = claims.mark

    def slow(row: Message, **extra: Any) -> bool:
        time.sleep(0.002)  # time for the two to meet
        return mark(row, **extra)

    monkeypatch.setattr(claims, "mark", slow)
    with smtp(server := Server()):
        settings.EMAIL_TIMEOUT = 10
        _race()
    assert sorted(server.ids) == sorted(message_id(row) for row in rows)
    assert _states() == {Status.SENT: 200}
    assert server.connections == 2, "both must have worked"


def _share_leases(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both deliverers get the same rows under the same lease, as if the lease did not lock."""
    meet, lease, shared = threading.Barrier(2), claims.lease, []

    def both(**extra: Any) -> list[Message]:
        with suppress(threading.BrokenBarrierError):
            if meet.wait(5) == 0:
                shared.append(lease(**extra))
            meet.wait(5)
            return [copy(row) for row in shared[-1]]
        return []

    monkeypatch.setattr(claims, "lease", both)


@pytest.mark.parametrize("marks", [True, False], ids=["the mark holds alone", "without both they send twice"])
def test_what_keeps_a_mail_single(smtp: Smtp, settings: Any, monkeypatch: pytest.MonkeyPatch, marks: bool) -> None:
    """Negative control: with neither lease nor mark, rows are sent by both; the mark alone prevents it."""
    owe_some(5)
    _share_leases(monkeypatch)
    if not marks:
        monkeypatch.setattr(claims, "mark", lambda row, **_: True)
    with smtp(server := Server()):
        settings.EMAIL_TIMEOUT = 10
        _race()
    assert len(set(server.ids)) == 5
    assert (len(server.ids) == 5) is marks


def test_rows_of_a_worker_that_died_before_sending_are_sent_by_another(smtp: Smtp) -> None:
    """They were leased, not handed over: nothing is in doubt, and nobody is bothered."""
    rows = owe_some(3)
    assert len(claims.lease()) == 3
    with smtp(server := Server()):
        assert delivery.run() == 0, "they are another's for a while"
        Message.objects.update(claimed_at=now() - claims.LEASE - timedelta(seconds=1))
        assert delivery.run() == 3
    assert sorted(server.ids) == sorted(message_id(row) for row in rows)
    assert not Task.objects.exists()


def test_a_worker_that_was_too_slow_does_not_send_what_another_has(smtp: Smtp) -> None:
    (row,) = owe_some(1)
    (slow,) = claims.lease()
    Message.objects.update(claimed_at=now() - claims.LEASE - timedelta(seconds=1))
    (quick,) = claims.lease()
    assert not claims.mark(slow)
    assert claims.mark(quick)
    assert not claims.mark(quick), "nor twice"
    row.refresh_from_db()
    assert (row.status, row.tries) == (Status.SENDING, 1)


def test_a_message_taken_back_between_lease_and_turn_does_not_leave(
    smtp: Smtp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The visit is cancelled while the batch is under way: version and state count as they are at the last moment."""
    first, second = owe_some(2)
    prepare = Batch.prepare

    def cancelled_meanwhile(batch: Batch, row: Message) -> Any:
        ready = prepare(batch, row)
        if row.pk == first.pk:
            assert void(first.subject_id, why="The visit was cancelled.") == 1
        return ready

    monkeypatch.setattr(Batch, "prepare", cancelled_meanwhile)
    with smtp(server := Server()):
        assert delivery.run() == 1
    assert server.ids == [message_id(second)]
    first.refresh_from_db()
    assert (first.status, first.why) == (Status.VOID, "The visit was cancelled.")


def test_a_batch_that_takes_long_is_read_anew(smtp: Smtp, monkeypatch: pytest.MonkeyPatch) -> None:
    """No message is written from what was read long ago: after a while the rest goes back and is leased again."""
    owe_some(4)
    monkeypatch.setattr(delivery, "FRESH_SECONDS", 0.0)
    leases: list[int] = []
    lease = claims.lease

    def counted(**extra: Any) -> list[Message]:
        rows = lease(**extra)
        leases.append(len(rows))
        monkeypatch.setattr(delivery, "FRESH_SECONDS", 60.0 if len(leases) > 1 else 0.0)
        return rows

    monkeypatch.setattr(claims, "lease", counted)
    with smtp(server := Server()):
        assert delivery.run() == 4
    assert leases == [4, 4, 0]
    assert len(server.mails) == 4


def test_a_message_taken_back_before_its_turn_does_not_leave(smtp: Smtp) -> None:
    first, second = owe_some(2)
    assert void(first.subject_id, why="The visit was cancelled.") == 1
    with smtp(server := Server()):
        delivery.run()
    assert server.ids == [message_id(second)]
