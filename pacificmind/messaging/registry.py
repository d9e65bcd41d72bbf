"""What can be written, and to whom it can go: each app registers its own purposes and recipients when it is ready.

The ledger holds ids; words and addresses are asked for here, just before sending, so that nothing stale leaves.
"""

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pacificmind.messaging.models import Message

SAFETY_PAGE = "safety-page"  # to staff, sent at least once, tried without end, never in the front desk's list


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a mail; `media` is its Content-Type with parameters: `text/calendar; method=REQUEST`."""

    name: str
    content: bytes
    media: str


@dataclass(frozen=True, slots=True)
class Words:
    """What to send. `template` names templates/messages/<template>.txt (and .html for mail, .sms.txt for a text).

    `context` reaches the templates beside `name`, `clinic_name`, `clinic_phone`, `base_url`, `portal_url`.
    """

    subject: str
    context: dict[str, Any] = field(default_factory=dict)
    template: str = "plain"
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class Void:
    """Do not send, for good. `why` is a sentence the front desk reads: "The visit was moved."."""

    why: str


@dataclass(frozen=True, slots=True)
class Later:
    """Not yet: try again at `due_at`, and say `why`."""

    due_at: datetime
    why: str


Render = Callable[[Message], Words | Void | Later]


@dataclass(frozen=True, slots=True)
class Purpose:
    """A kind of message. `label` is what pages call it; `render` reads subject and version again and answers.

    `render` runs inside the transaction that claims the row, and must not write.
    """

    name: str
    label: str
    render: Render
    to_patients: bool = True


@dataclass(frozen=True, slots=True)
class Address:
    """Where a recipient can be reached now. `name` is how to greet them, `zone` the IANA name of where they are.

    `why_not` says in a sentence why a channel is closed: "They asked not to get e-mail.".
    """

    email: str = ""
    phone: str = ""
    name: str = ""
    language: str = "en"
    zone: str = "America/Los_Angeles"
    may_email: bool = True
    may_sms: bool = False
    why_not: str = ""


Lookup = Callable[[uuid.UUID], Address | None]
Names = Callable[[Iterable[uuid.UUID]], dict[uuid.UUID, str]]


@dataclass(frozen=True, slots=True)
class _Recipients:
    lookup: Lookup
    names: Names | None


_purposes: dict[str, Purpose] = {}
_recipients: dict[str, _Recipients] = {}


def register(purpose: Purpose) -> None:
    """Make a purpose known. ValueError when its name is taken by another."""
    if _purposes.setdefault(purpose.name, purpose) != purpose:
        raise ValueError(f"the purpose {purpose.name} is registered twice")


def get(name: str) -> Purpose | None:
    """The purpose of that name; None for one that no code knows (any more)."""
    return _purposes.get(name)


def purposes() -> list[Purpose]:
    """All of them, by label."""
    return sorted(_purposes.values(), key=lambda purpose: purpose.label)


def label_of(name: str) -> str:
    """What pages call a purpose."""
    return _purposes[name].label if name in _purposes else name.replace("-", " ").capitalize()


def register_recipient(kind: str, lookup: Lookup, *, names: Names | None = None) -> None:
    """Say how recipients of a kind ("patient", "user", "consultation_request") are found.

    `lookup` reads one person's address now; `names` tells many people's full names in one query, for lists.
    """
    if kind in _recipients:
        raise ValueError(f"recipients of kind {kind} are registered twice")
    _recipients[kind] = _Recipients(lookup, names)


def address_of(kind: str, recipient_id: uuid.UUID) -> Address | None:
    """The recipient's address as it is now; None when there is no such person (any more)."""
    found = _recipients.get(kind)
    return found.lookup(recipient_id) if found else None


def names_of(kind: str, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Names for a list, in one query where the kind offers it; those not found are left out."""
    wanted = list(dict.fromkeys(ids))
    found = _recipients.get(kind)
    if found is None or not wanted:
        return {}
    if found.names is not None:
        return found.names(wanted)
    each = {one: found.lookup(one) for one in wanted}
    return {one: address.name for one, address in each.items() if address is not None}
