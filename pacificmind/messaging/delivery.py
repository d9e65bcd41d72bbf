"""Sending what is due: lease a batch, read each row's state again, commit `sending`, send, say what became of it.

A lease keeps two workers from preparing the same rows; it is no promise. What decides is the one statement that marks
a row `sending` just before it is handed over: it finds the row only while it is still owed and ours. So a message taken
back between lease and turn does not leave, and a worker that dies leaves one row in doubt, not fifty.
"""

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TypedDict
from zoneinfo import ZoneInfo

import structlog
from django.db import transaction

from pacificmind.clock import now
from pacificmind.messaging import claims, limits, sms
from pacificmind.messaging.after import back_off, fail, put_off, settle, withdraw
from pacificmind.messaging.claims import Taken
from pacificmind.messaging.mail import Post
from pacificmind.messaging.models import Channel, Message, Status
from pacificmind.messaging.outcome import Accepted, Outcome, Refused, TryAgain
from pacificmind.messaging.prepare import Batch, Ready
from pacificmind.messaging.registry import Later, Void
from pacificmind.messaging.upkeep import alive
from pacificmind.tasks.models import Kind

log = structlog.get_logger(__name__)
RUN_SECONDS = 20.0  # a tick gives the worker back: other duties wait behind it
FRESH_SECONDS = 2.0  # what was read for a batch is no older than this when the next of it is written
_SOONEST = timedelta(minutes=1)


class _Kept(TypedDict):
    """What a row keeps of what was handed over for it."""

    parts: int
    language: str
    wording: int


@dataclass(slots=True)
class Run:
    """What one run knows: its mail connection, when it ends, the channels nobody answers on, how many it has sent."""

    post: Post
    end: float
    away: frozenset[str] = frozenset()
    sent: int = 0


def run(seconds: float = RUN_SECONDS) -> int:
    """Send what is due for at most about `seconds`; how many left. Safe to run any number of times at once."""
    with Post() as post:
        this = Run(post, time.monotonic() + seconds)
        while time.monotonic() < this.end and (rows := claims.lease(without=this.away)):
            _work_off(rows, this)
    alive("delivery")
    return this.sent


def _work_off(rows: list[Message], this: Run) -> None:
    """Send a batch; what is not reached in time goes back.

    That a row was accepted is written down together with the next one's mark: one commit a message.
    """
    batch, waiting, taken = Batch(rows), rows[::-1], None
    until = min(this.end, time.monotonic() + FRESH_SECONDS)
    try:
        while waiting and time.monotonic() < until:
            if waiting[-1].channel in this.away:
                claims.give_back([waiting.pop()])
                continue
            ready = _prepared(waiting[-1], batch)
            marked, taken = _marked(ready, taken) if ready else (False, taken)
            waiting.pop()
            if ready and marked:
                taken = _hand_over(ready, this)
    finally:
        if taken is not None and not claims.sent(taken):
            log.warning("message was settled by the sweep", message=str(taken.pk))
        claims.give_back(waiting)


def _prepared(row: Message, batch: Batch) -> Ready | None:
    """What to hand over; None when there is nothing (any more), and that is written down."""
    found: Ready | Void | Later | TryAgain | Refused
    try:
        found = batch.prepare(row)
    except Exception as error:  # one message that cannot be written must not stop the others
        log.exception("message could not be prepared", message=str(row.pk), error=type(error).__name__)
        found = TryAgain("The message could not be written. It will be tried again.")
    if isinstance(found, Ready):
        return found
    with transaction.atomic(durable=True):
        ours = _still_ours(row)
        if ours is None:
            return None
        match found:
            case Void(why=why):
                withdraw(ours, why)
            case Later(due_at=due_at, why=why):
                put_off(ours, max(due_at, now() + _SOONEST), why)
            case TryAgain():
                back_off(ours, found)
            case Refused(why=why):
                fail(ours, why, Kind.MESSAGE_FAILED)
    return None


def _still_ours(row: Message) -> Message | None:
    """The row under lock, while it is owed and leased by us."""
    leased = Message.objects.filter(pk=row.pk, status=Status.OWED, claimed_at=row.claimed_at)
    return leased.select_for_update(of=("self",)).first()


def _marked(ready: Ready, taken: Taken | None) -> tuple[bool, Taken | None]:
    """Whether the row is marked `sending` now, and what is still to be written down. No text is one too many."""
    kept: _Kept = {"parts": ready.parts, "language": ready.language, "wording": ready.wording}
    if not ready.limited:
        return claims.mark(ready.row, **kept, after=taken), None
    with transaction.atomic(durable=True):
        limits.one_at_a_time(ready.row.recipient_id)
        why = limits.too_many(ready.row, ZoneInfo(ready.address.zone), now())
        if not why:
            return claims.mark(ready.row, **kept, after=taken), None
        if (ours := _still_ours(ready.row)) is not None:
            _leave_out(ours, ready, why)
    return False, taken


def _leave_out(row: Message, ready: Ready, why: str) -> None:
    """A text too many: where a mail says the same, it is enough; else they are called."""
    if ready.address.email and ready.address.may_email and _mailed_too(row):
        withdraw(row, f"{why} A mail says the same.")
    else:
        fail(row, f"{why} No mail says it: please call.", Kind.MESSAGE_FAILED)


def _mailed_too(row: Message) -> bool:
    """Whether a mail of the same about the same has left or will; a clinic may want a text where it wants no mail."""
    same = Message.objects.filter(
        purpose=row.purpose, subject_id=row.subject_id, subject_version=row.subject_version,
        recipient_id=row.recipient_id, channel=Channel.EMAIL,
    )  # fmt: skip
    return same.exclude(status__in=(Status.VOID, Status.FAILED)).exists()


def _hand_over(ready: Ready, this: Run) -> Taken | None:
    """Send; what was accepted, to be written down with the next mark. Anything else is written down here."""
    outcome = _send(ready, this.post)
    if isinstance(outcome, Accepted):
        this.sent += 1
        return Taken(ready.row, outcome.reference)
    settle(ready.row, outcome)
    if isinstance(outcome, TryAgain) and outcome.outage:
        this.away |= {ready.row.channel}  # nobody answers: the rest of this channel waits for the next tick
    return None


def _send(ready: Ready, post: Post) -> Outcome:
    if ready.mail is not None:
        return post.send(ready.mail)
    if ready.phone:
        return sms.backend().send(ready.phone, ready.text, ready.row.pk)
    return Accepted("inbox")
