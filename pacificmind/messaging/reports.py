"""What the provider tells of a text after it took it: in any order, any number of times."""

import uuid

from django.db import transaction

from pacificmind.clock import now
from pacificmind.messaging.after import fail
from pacificmind.messaging.models import Delivery, Message, Status
from pacificmind.messaging.outcome import NOT_KNOWN
from pacificmind.tasks.models import Kind
from pacificmind.tasks.services import close_tasks

_TOOK = ("accepted", "queued", "sending", "sent", "delivered", "undelivered", "failed", "read")
_ARRIVED = ("delivered", "read")
_LOST = ("undelivered", "failed")
NOT_DELIVERED = "The carrier did not deliver it"


def report(message_id: uuid.UUID, *, reference: str, state: str, code: str = "") -> bool:
    """Take in one call-back; whether it changed anything.

    `delivered` outranks everything, `undelivered` everything else: so the order does not matter. A call-back about a
    row in doubt settles the doubt. One that names another sending of the row (sent again since) is not heeded.
    """
    if state not in _TOOK:
        return False
    with transaction.atomic(durable=True):
        row = Message.objects.select_for_update(of=("self",)).filter(pk=message_id, channel="sms").first()
        if row is None or not _is_about(row, reference):
            return False
        changed = _no_longer_in_doubt(row, reference)
        if state in _ARRIVED and row.delivery != Delivery.DELIVERED:
            return _arrived(row)
        if state in _LOST and not row.delivery:
            return _lost(row, code)
        return changed


def _is_about(row: Message, reference: str) -> bool:
    """Whether the call-back names this sending: by the provider's reference, or a doubt that nobody has settled."""
    if row.provider_reference:
        return row.provider_reference == reference
    return row.status == Status.SENDING or (row.status == Status.FAILED and row.why == NOT_KNOWN)


def _no_longer_in_doubt(row: Message, reference: str) -> bool:
    """The provider has it: what we did not know, it told us."""
    if row.provider_reference:
        return False
    row.provider_reference = reference[:200]
    row.status, row.why, row.done_at = Status.SENT, "", now()
    row.save(update_fields=["provider_reference", "status", "why", "done_at"])
    close_tasks(row.pk, Kind.MESSAGE_STUCK, Kind.MESSAGE_FAILED, by=None, outcome="it left after all")
    return True


def _arrived(row: Message) -> bool:
    row.delivery = Delivery.DELIVERED
    fields = ["delivery"]
    if row.status == Status.FAILED:
        row.status, row.why = Status.SENT, ""
        fields += ["status", "why"]
        close_tasks(row.pk, Kind.MESSAGE_FAILED, by=None, outcome="it arrived after all")
    row.save(update_fields=fields)
    return True


def _lost(row: Message, code: str) -> bool:
    row.delivery = Delivery.UNDELIVERED
    row.save(update_fields=["delivery"])
    if row.status in (Status.SENT, Status.SENDING):
        fail(row, f"{NOT_DELIVERED}{f' ({code})' if code.isdigit() else ''}. Is the number right?", Kind.MESSAGE_FAILED)
    return True
