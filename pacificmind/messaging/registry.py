"""What can be written, and to whom it can go: each app registers its own purposes and recipients when it is ready.

The ledger holds ids; words and addresses are asked for here, just before sending, so that nothing stale leaves.
"""

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
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
    """What to send. `key` names a kind of kinds.py: its words, in the reader's language, are filled in from `context`.

    What staff get has no kind: a `subject`, and `template`, which names templates/messages/<template>.txt (and .html
    for mail, .sms.txt for a text); `context` reaches it beside `clinic_name`, `clinic_phone`, `base_url`, `portal_url`.
    """

    subject: str = ""
    context: dict[str, Any] = field(default_factory=dict)
    template: str = "plain"
    attachments: tuple[Attachment, ...] = ()
    key: str = ""


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

    `render` must not write. `answers`: a text in answer to one of theirs, which needs no consent, counts nowhere and
    waits for no morning. `load` reads what many rows are about at once, by their subjects' ids: `render` then finds it
    as `message.loaded`, and asks itself where that is None. `clinical`: that it was written tells of answers or of
    an alert, so that the desk reads of it only where it needs a person.
    """

    name: str
    label: str
    render: Render
    to_patients: bool = True
    answers: bool = False
    clinical: bool = False
    load: Callable[[Sequence[uuid.UUID]], Mapping[uuid.UUID, Any]] | None = None


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
Addresses = Callable[[Iterable[uuid.UUID]], dict[uuid.UUID, Address]]


@dataclass(frozen=True, slots=True)
class _Recipients:
    lookup: Lookup
    names: Names | None
    many: Addresses | None = None


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


def unlimited() -> list[str]:
    """Names of the purposes whose texts do not count among the few that a person may get."""
    return [SAFETY_PAGE, *(name for name, purpose in _purposes.items() if purpose.answers)]


def register_recipient(kind: str, lookup: Lookup, *, names: Names | None = None, many: Addresses | None = None) -> None:
    """Say how recipients of a kind ("patient", "user", "consultation_request") are found.

    `lookup` reads one person's address now; `names` tells many people's full names in one query, for lists, and
    `many` their addresses, for batches.
    """
    if kind in _recipients:
        raise ValueError(f"recipients of kind {kind} are registered twice")
    _recipients[kind] = _Recipients(lookup, names, many)


def address_of(kind: str, recipient_id: uuid.UUID) -> Address | None:
    """The recipient's address as it is now; None when there is no such person (any more)."""
    found = _recipients.get(kind)
    return found.lookup(recipient_id) if found else None


def addresses_of(kind: str, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Address]:
    """Addresses of many, at once where the kind offers it; those not found are left out."""
    wanted = list(dict.fromkeys(ids))
    found = _recipients.get(kind)
    if found is None or not wanted:
        return {}
    if found.many is not None:
        return found.many(wanted)
    each = {one: found.lookup(one) for one in wanted}
    return {one: address for one, address in each.items() if address is not None}


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


@dataclass(frozen=True, slots=True)
class Known:
    """A patient whose telephone number it is."""

    patient_id: uuid.UUID
    site_id: str


@dataclass(frozen=True, slots=True)
class Texting:
    """What a text changes, by the app that owns patients. All run in the caller's transaction.

    `find` tells whose a number is. `withdraw` and `give` write consent down, with the words of the text, and return
    those for whom it changed. `in_crisis` tells whether words are of crisis; `alarm` raises an alert about such words
    for each of the patients who may have written them, and says how many those are. `agreed`: any of them gets texts.
    """

    find: Callable[[str], list[Known]]
    withdraw: Callable[[Sequence[uuid.UUID], str], list[uuid.UUID]]
    give: Callable[[Sequence[uuid.UUID], str], list[uuid.UUID]]
    alarm: Callable[[Sequence[uuid.UUID], str], int]
    in_crisis: Callable[[str], bool]
    agreed: Callable[[Sequence[uuid.UUID]], bool]


Confirm = Callable[[uuid.UUID], str]
_texting: list[Texting] = []
_confirm: list[Confirm] = []


def register_texting(texting: Texting) -> None:
    """Say whose numbers are known, and what a text from one changes."""
    _texting[:] = [texting]


def texting() -> Texting:
    """Whose numbers are known; nobody's where no app said so."""
    nobody = Texting(lambda _: [], lambda *_: [], lambda *_: [], lambda *_: 0, lambda _: False, lambda _: False)
    return _texting[0] if _texting else nobody


def register_confirm(confirm: Confirm) -> None:
    """Say what confirms a patient's next visit: it returns what was confirmed, in words for the front desk, or ""."""
    _confirm[:] = [confirm]


def confirm(patient_id: uuid.UUID) -> str:
    """A patient answered C; what was confirmed, or an empty string where there is nothing to confirm."""
    return _confirm[0](patient_id) if _confirm else ""
