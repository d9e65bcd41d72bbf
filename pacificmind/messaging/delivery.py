"""Sending what is due: claim one row, read everything again, commit `sending`, send, say what became of it.

Candidates are looked up fifty at a time, but each row is claimed in a transaction of its own just before it is sent:
its words are as fresh as they can be, and a worker that dies leaves one row in doubt, not fifty.
"""

import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

import structlog
from django.core.mail import EmailMultiAlternatives
from django.db import transaction

from pacificmind.clock import now
from pacificmind.messaging import compose, sms
from pacificmind.messaging.after import back_off, put_off, settle, withdraw
from pacificmind.messaging.mail import Post
from pacificmind.messaging.models import Channel, Message, Status
from pacificmind.messaging.outcome import Accepted, Outcome, TryAgain
from pacificmind.messaging.quiet import is_quiet, next_opening
from pacificmind.messaging.registry import SAFETY_PAGE, Address, Later, Void, Words, address_of, get

log = structlog.get_logger(__name__)
BATCH = 50
RUN_SECONDS = 20.0  # a tick gives the worker back: other duties wait behind it
_SOONEST = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A row that is marked `sending`, and what to hand over."""

    row: Message
    mail: EmailMultiAlternatives | None = None
    phone: str = ""
    text: str = ""


class CannotWrite(Exception):
    """Nobody knows how to write this message."""


def run(seconds: float = RUN_SECONDS) -> int:
    """Send what is due for at most about `seconds`; how many left. Safe to run any number of times at once."""
    end = time.monotonic() + seconds
    sent = 0
    with Post() as post:
        for pk in _due(end):
            claimed = claim(pk)
            if claimed is None:
                continue
            outcome = _send(claimed, post)
            settle(claimed.row, outcome)
            sent += isinstance(outcome, Accepted)
            if isinstance(outcome, TryAgain) and outcome.outage:
                break  # nobody answers: the rest waits for the next tick
    return sent


def _due(end: float) -> Iterator[uuid.UUID]:
    """Ids of due rows, batch after batch, until none is new or the time is over."""
    seen: set[uuid.UUID] = set()
    while batch := [pk for pk in candidates() if pk not in seen]:
        for pk in batch:
            if time.monotonic() > end:
                return
            seen.add(pk)
            yield pk


def candidates() -> list[uuid.UUID]:
    """Some rows that are due: pages about safety first, then by age. Only a look: `claim` decides."""
    owed = Message.objects.filter(status=Status.OWED, due_at__lte=now()).order_by("due_at")
    pages = list(owed.filter(purpose=SAFETY_PAGE).values_list("pk", flat=True)[:BATCH])
    return pages or list(owed.values_list("pk", flat=True)[:BATCH])


def _lock(pk: uuid.UUID) -> Message | None:
    """The row, for us alone; None when somebody else has it or it is not due any more."""
    due = Message.objects.filter(pk=pk, status=Status.OWED, due_at__lte=now())
    return due.select_for_update(skip_locked=True, of=("self",)).first()


def claim(pk: uuid.UUID) -> Claimed | None:
    """Mark a due row `sending` and commit; or void it, put it off, or leave it to whoever has it (None)."""
    with transaction.atomic(durable=True):
        row = _lock(pk)
        if row is None:
            return None
        try:
            with transaction.atomic():
                ready = _prepare(row)
        except Exception as error:  # one message that cannot be written must not stop the others
            log.exception("message could not be prepared", message=str(pk), error=type(error).__name__)
            back_off(row, TryAgain("The message could not be written. It will be tried again."))
            return None
        if isinstance(ready, Void):
            withdraw(row, ready.why)
            return None
        if isinstance(ready, Later):
            put_off(row, max(ready.due_at, now() + _SOONEST), ready.why)
            return None
        row.status, row.claimed_at, row.tries, row.why = Status.SENDING, now(), min(row.tries + 1, 30_000), ""
        row.save(update_fields=["status", "claimed_at", "tries", "why"])
        return ready


def _prepare(row: Message) -> Claimed | Void | Later:
    """State, version, consent and address as they are now, and the words made of them."""
    purpose = get(row.purpose)
    if purpose is None:
        raise CannotWrite(row.purpose)
    words = purpose.render(row)
    if not isinstance(words, Words):
        return words
    address = address_of(row.recipient_type, row.recipient_id)
    if address is None:
        return Void("This person is not known any more.")
    if row.channel == Channel.INBOX:
        return Claimed(row)
    if why := _closed(row.channel, address):
        return Void(why)
    if row.channel == Channel.EMAIL:
        return Claimed(row, mail=compose.mail(row, words, address))
    zone = ZoneInfo(address.zone)
    if is_quiet(now(), zone):
        return Later(next_opening(now(), zone), "It waits for the morning: no texts at night.")
    return Claimed(row, phone=address.phone, text=compose.text(words, address))


def _closed(channel: str, address: Address) -> str:
    """Why this channel does not reach them; empty when it does."""
    if channel == Channel.EMAIL:
        if not address.email:
            return "There is no e-mail address."
        return "" if address.may_email else address.why_not or "They have not agreed to e-mail."
    if not address.phone:
        return "There is no telephone number."
    return "" if address.may_sms else address.why_not or "They have not agreed to text messages."


def _send(claimed: Claimed, post: Post) -> Outcome:
    if claimed.mail is not None:
        return post.send(claimed.mail)
    if claimed.phone:
        return sms.backend().send(claimed.phone, claimed.text, claimed.row.pk)
    return Accepted("inbox")
