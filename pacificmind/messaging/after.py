"""What becomes of a row after an attempt: sent, tried again later, failed with a task, or in doubt."""

import random
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import QuerySet

from pacificmind.clock import now
from pacificmind.messaging.models import Message, Recipient, Status
from pacificmind.messaging.outcome import NOT_KNOWN, OUTAGE, SMS_OUTAGE, Accepted, Outcome, Refused, TryAgain, Unknown
from pacificmind.messaging.registry import SAFETY_PAGE
from pacificmind.tasks.models import Kind, Queue
from pacificmind.tasks.services import open_task

log = structlog.get_logger(__name__)
_MINUTES = (1, 3, 10, 30, 60, 90, 150)  # waits between 8 tries: 5 h 44 min in all, give or take the jitter
TRIES = len(_MINUTES) + 1
_JITTER = 0.2  # of the wait, either way: many that failed together do not come back together
_PAGE_SECONDS = (15, 30, 60, 120)
_REACH_WITHIN = timedelta(hours=2)
STUCK_AFTER = timedelta(minutes=10)
_PAGE_STUCK_AFTER = timedelta(minutes=2)
_SMS_PROBE = timedelta(minutes=4)  # twice within the ten minutes of RELIABILITY I3
LONGEST_WAIT = timedelta(minutes=_MINUTES[-1] * (1 + _JITTER))


def settle(claimed: Message, outcome: Outcome) -> None:
    """Write down what became of a row that we marked `sending`; nothing when the sweep was faster.

    What is not known stays `sending`: the sweep hands it to a person. Pages about safety go out again.
    """
    with transaction.atomic(durable=True):
        ours = Message.objects.filter(pk=claimed.pk, status=Status.SENDING, claimed_at=claimed.claimed_at)
        row = ours.select_for_update(of=("self",)).first()
        if row is None:
            log.warning("message was settled by the sweep", message=str(claimed.pk))
            return
        match outcome:
            case Accepted(reference=reference):
                row.status, row.done_at, row.provider_reference = Status.SENT, now(), reference[:200]
                row.save(update_fields=["status", "done_at", "provider_reference"])
            case TryAgain():
                _again_or_fail(row, outcome)
            case Refused(why=why):
                if row.purpose == SAFETY_PAGE:
                    _wait(row, why)
                else:
                    fail(row, why, Kind.MESSAGE_FAILED)
            case Unknown(why=why):
                if row.purpose == SAFETY_PAGE:
                    _wait(row, why)
                else:
                    row.why = why
                    row.save(update_fields=["why"])


def back_off(row: Message, outcome: TryAgain) -> None:
    """An attempt that ended before the row was marked `sending`. The caller holds the row's lock."""
    row.tries = min(row.tries + 1, 30_000)
    row.save(update_fields=["tries"])
    _again_or_fail(row, outcome)


def _again_or_fail(row: Message, outcome: TryAgain) -> None:
    if outcome.why == SMS_OUTAGE:  # nobody can be asked whether it is back but by sending
        put_off(row, now() + _SMS_PROBE * random.uniform(1 - _JITTER, 1 + _JITTER), outcome.why)  # noqa: S311
    elif row.tries >= TRIES and row.purpose != SAFETY_PAGE:
        fail(
            row,
            f"Given up after {row.tries} tries. {outcome.why.removesuffix(' It will be tried again.')}",
            Kind.MESSAGE_FAILED,
        )
    else:
        _wait(row, outcome.why)


def _wait(row: Message, why: str) -> None:
    """Back to `owed`, later by a wait that grows with the tries."""
    if row.purpose == SAFETY_PAGE:
        wait = timedelta(seconds=_PAGE_SECONDS[min(row.tries, len(_PAGE_SECONDS)) - 1])
    else:
        wait = timedelta(minutes=_MINUTES[min(row.tries, len(_MINUTES)) - 1])
    put_off(row, now() + wait * random.uniform(1 - _JITTER, 1 + _JITTER), why)  # noqa: S311  no secret


def put_off(row: Message, due_at: datetime, why: str) -> None:
    """Owed again, at that instant."""
    row.status, row.due_at, row.claimed_at, row.why = Status.OWED, due_at, None, why[:300]
    row.save(update_fields=["status", "due_at", "claimed_at", "why"])


def withdraw(row: Message, why: str) -> None:
    """Void, for good."""
    row.status, row.done_at, row.why = Status.VOID, now(), why[:300]
    row.save(update_fields=["status", "done_at", "why"])


def fail(row: Message, why: str, kind: Kind) -> None:
    """Failed, and a task for the front desk of its site (for managers where it has none)."""
    row.status, row.done_at, row.why = Status.FAILED, now(), why[:300]
    row.save(update_fields=["status", "done_at", "why"])
    open_task(
        kind,
        subject_type="messaging.message",
        subject_id=row.pk,
        queue=Queue.FRONT_DESK if row.site_id else Queue.MANAGERS,
        due_at=now() + _REACH_WITHIN,
        site_id=row.site_id,
        patient_id=row.recipient_id if row.recipient_type == Recipient.PATIENT else None,
    )


def sweep_stuck() -> int:
    """Hand rows that were left in `sending` to the front desk, never to the mail server; how many.

    A page about safety is the exception: better twice than not at all, so it is owed again.
    """
    found = 0
    with transaction.atomic(durable=True):
        flying = Message.objects.filter(status=Status.SENDING, claimed_at__lt=now() - _PAGE_STUCK_AFTER)
        for row in flying.select_for_update(skip_locked=True, of=("self",)):
            if row.purpose == SAFETY_PAGE:
                _wait(row, NOT_KNOWN)
            elif row.claimed_at is not None and row.claimed_at < now() - STUCK_AFTER:
                fail(row, NOT_KNOWN, Kind.MESSAGE_STUCK)
            else:
                continue
            found += 1
    return found


def waiting_for_the_server() -> bool:
    """Whether rows wait only because no mail server answered."""
    return _after_outage().exists()


def send_after_outage() -> int:
    """The server answers again: what waited for it is due now; how many (RELIABILITY I3: within 10 minutes)."""
    return _after_outage().update(due_at=now())


def _after_outage() -> QuerySet[Message]:
    soon = (now(), now() + LONGEST_WAIT)
    return Message.objects.filter(status=Status.OWED, why=OUTAGE, due_at__range=soon)
