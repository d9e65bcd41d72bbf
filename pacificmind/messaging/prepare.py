"""What to hand over for a row: state, consent and address as they are now, and the words made of them."""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from django.core.mail import EmailMultiAlternatives

from pacificmind.clock import now
from pacificmind.messaging import compose, gsm, topics, wording
from pacificmind.messaging.catalogue import Script
from pacificmind.messaging.kinds import KINDS
from pacificmind.messaging.models import Channel, Message
from pacificmind.messaging.outcome import Refused
from pacificmind.messaging.quiet import is_quiet, next_opening
from pacificmind.messaging.registry import SAFETY_PAGE, Address, Later, Purpose, Void, Words, addresses_of, get
from pacificmind.ui.context import Clinic, current


@dataclass(frozen=True, slots=True)
class Ready:
    """A row, and what to hand over for it. `limited`: it counts among the few texts that a person gets in a week.

    `language` and `wording` say which words it was written with.
    """

    row: Message
    address: Address
    mail: EmailMultiAlternatives | None = None
    phone: str = ""
    text: str = ""
    parts: int = 0
    limited: bool = False
    language: str = ""
    wording: int = 0


class CannotWrite(Exception):
    """Nobody knows how to write this message."""


class Batch:
    """Rows that are prepared together: the clinic, the addresses and a manager's words are read once for all."""

    def __init__(self, rows: Sequence[Message]) -> None:
        self._rows = rows

    @cached_property
    def _clinic(self) -> Clinic:
        return current()

    @cached_property
    def _addresses(self) -> dict[tuple[str, uuid.UUID], Address]:
        ids: dict[str, set[uuid.UUID]] = defaultdict(set)
        for row in self._rows:
            ids[row.recipient_type].add(row.recipient_id)
        return {(kind, pk): one for kind, wanted in ids.items() for pk, one in addresses_of(kind, wanted).items()}

    @cached_property
    def _subjects(self) -> dict[uuid.UUID, Any]:
        ids: dict[Any, set[uuid.UUID]] = defaultdict(set)
        for row in self._rows:
            if (purpose := get(row.purpose)) is not None and purpose.load is not None:
                ids[purpose.load].add(row.subject_id)
        return {pk: one for load, wanted in ids.items() for pk, one in load(list(wanted)).items()}

    @cached_property
    def _own_words(self) -> dict[tuple[str, str], Script]:
        return wording.own_words()

    @cached_property
    def _topics(self) -> set[tuple[uuid.UUID, str]]:
        return topics.ended_of_all({row.recipient_id for row in self._rows if topics.topic_of(row)})

    def _ended(self, row: Message, key: str) -> bool:
        """Whether they ended this sort of mail."""
        topic = KINDS[key].topic if key else ""
        return bool(topic) and (row.recipient_id, topic) in self._topics

    def prepare(self, row: Message) -> Ready | Void | Later | Refused:
        """Read again what the row is about, and write it. Raises what the code of its purpose raises."""
        purpose = get(row.purpose)
        if purpose is None:
            raise CannotWrite(row.purpose)
        address = self._addresses.get((row.recipient_type, row.recipient_id))
        if address is None:
            return Void("This person is not known any more.")
        row.loaded = self._subjects.get(row.subject_id) if purpose.load else None
        words = purpose.render(row)
        if not isinstance(words, Words):
            return words
        if row.channel == Channel.INBOX:
            return Ready(row, address)
        if why := _closed(row.channel, address, purpose):
            return Void(why)
        if row.channel == Channel.EMAIL and self._ended(row, words.key):
            return Void(topics.ENDED)
        script = wording.script(words.key, address.language, self._own_words) if words.key else None
        if row.channel == Channel.EMAIL:
            made = compose.mail(row, words, address, self._clinic, script)
            return Ready(row, address, mail=made, **_kept(script))
        return self._text(row, words, address, purpose, script)

    def _text(
        self, row: Message, words: Words, address: Address, purpose: Purpose, script: Script | None
    ) -> Ready | Later | Refused:
        at_any_hour = purpose.answers or purpose.name == SAFETY_PAGE
        zone = ZoneInfo(address.zone)
        if not at_any_hour and is_quiet(now(), zone):
            return Later(next_opening(now(), zone), "It waits for the morning: no texts at night.")
        plan = gsm.plan(compose.text(words, address, self._clinic, script))
        if plan.parts > gsm.MOST_SENT and script is not None and script.version:
            script = wording.script(words.key, address.language, {})
            plan = gsm.plan(compose.text(words, address, self._clinic, script))
        if plan.parts > gsm.MOST_SENT:
            return Refused(f"The text would be {plan.parts} parts long: no more than {gsm.MOST_SENT} are sent.")
        return Ready(
            row, address, phone=address.phone, text=plan.text, parts=plan.parts, limited=not at_any_hour,
            **_kept(script),
        )  # fmt: skip


def _kept(script: Script | None) -> dict[str, Any]:
    return {"language": script.language, "wording": script.version} if script is not None else {}


def _closed(channel: str, address: Address, purpose: Purpose) -> str:
    """Why this channel does not reach them; empty when it does. An answer to their own text needs no consent."""
    if channel == Channel.EMAIL:
        if not address.email:
            return "There is no e-mail address."
        return "" if address.may_email else address.why_not or "They have not agreed to e-mail."
    if not address.phone:
        return "There is no telephone number."
    if address.may_sms or purpose.answers:
        return ""
    return address.why_not or "They have not agreed to text messages."
