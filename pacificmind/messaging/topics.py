"""Ending one sort of mail and having it again, at once: what is owed of it is taken back in the same transaction."""

import uuid
from collections.abc import Iterable, Mapping

from django.db import transaction

from pacificmind.accounts.models import User
from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from pacificmind.messaging.kinds import KINDS, TOPICS, of_purpose
from pacificmind.messaging.limits import one_at_a_time
from pacificmind.messaging.models import Channel, Message, Recipient, TopicChoice
from pacificmind.messaging.services import void_for

ENDED = "They asked for no more mails of this sort."
LINK = "link in a mail"


def ended_of_all(patient_ids: Iterable[uuid.UUID]) -> set[tuple[uuid.UUID, str]]:
    """Which patients ended which topics, in one query."""
    rows = TopicChoice.objects.filter(patient_id__in=list(patient_ids)).order_by("patient_id", "topic", "-at", "-pk")
    last = rows.distinct("patient_id", "topic").values_list("patient_id", "topic", "wanted")
    return {(patient_id, topic) for patient_id, topic, wanted in last if not wanted}


def ended_of(patient_id: uuid.UUID) -> set[str]:
    """The topics that this patient ended."""
    return {topic for _, topic in ended_of_all([patient_id])}


def keep(
    patient_id: uuid.UUID, wishes: Mapping[str, bool], *, by: User | None, source: str, address: str | None
) -> list[str]:
    """Write down what is new, in the caller's transaction, and take back what is owed of it; the topics changed."""
    one_at_a_time(patient_id)
    ended = ended_of(patient_id)
    changed = [topic for topic, wanted in wishes.items() if topic in TOPICS and wanted == (topic in ended)]
    TopicChoice.objects.bulk_create(
        TopicChoice(patient_id=patient_id, topic=topic, wanted=wishes[topic], source=source, address=address)
        for topic in changed
    )
    for topic in changed:
        if not wishes[topic]:
            purposes = [kind.key for kind in KINDS.values() if kind.topic == topic]
            void_for(patient_id, why=ENDED, purposes=purposes, channel=Channel.EMAIL)
    if changed:
        told = {topic: "wanted" if wishes[topic] else "ended" for topic in changed}
        record(Action.CHANGE, "choose sorts of mail", by=by, patient_id=patient_id, changes=told)
    return changed


def topic_of(message: Message) -> str:
    """The topic that a message's link ends; empty for what no link ends."""
    kind = of_purpose(message.purpose)
    return kind.topic if kind is not None and message.recipient_type == Recipient.PATIENT else ""


def end_by_link(message: Message, *, address: str | None) -> None:
    """The reader of a message ends its sort. Twice is once."""
    with transaction.atomic(durable=True):
        keep(message.recipient_id, {topic_of(message): False}, by=None, source=LINK, address=address)
