"""Reading the record: each patient their own, staff their own actions, managers all."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Q, QuerySet

from pacificmind.accounts.models import PRESCRIBER, Role, User
from pacificmind.audit.models import Action, Entry

_DID = {
    Action.VIEW: "Looked at",
    Action.CREATE: "Added",
    Action.CHANGE: "Changed",
    Action.DELETE: "Removed",
    Action.SIGN: "Signed",
    Action.EXPORT: "Exported",
    Action.SIGN_IN: "Signed in",
    Action.SIGN_IN_REFUSED: "Could not sign in",
    Action.REFUSED: "Was refused",
}
_ROLES = {**dict(Role.choices), PRESCRIBER: "Prescriber"}
_PAGES = {  # what the page or intention is called for those who did not build it; others by their own name
    "desk-ledger": "the list of messages",
    "manage-messages": "the state of messages",
    "desk-texts": "texts that came in",
    "desk-tasks": "the list of tasks",
    "desk-inbox": "the inbox of requests",
    "desk-calendar": "the calendar",
    "desk-arrivals": "today's arrivals",
    "desk-patients": "the list of patients",
    "review-queue": "the list of intakes to review",
    "safety-board": "the safety board",
    "patient-messages": "your messages",
    "patient-letter": "a message for you",
    "who-looked": "who looked",
    "audit-log": "the record of looks and changes",
    "audit-own": "what you did",
    "review": "your answers and what was found in them",
    "vital-signs": "your vital signs",
    "openings": "records that were opened across sites",
}
# What is done about an alert: patients read that somebody was with their answers, and no word of it (CLINICAL 4.3).
_UNSAID = frozenset(
    {
        *("safety-board", "safety-alert", "raise-safety-alert", "raise-tier", "take-alert", "take-over-alert"),
        *("give-alert-back", "close-alert", "record-follow-up", "follow-up-not-reached", "end-friendly-contacts"),
        *("open-asq", "save-asq-answer", "crisis-page-seen", "intake-crisis", "help page"),
    }
)
_SIGN_INS = (Action.SIGN_IN, Action.SIGN_IN_REFUSED)


@dataclass(frozen=True, slots=True)
class Line:
    """One entry in words."""

    at: datetime
    who: str
    roles: str
    did: str
    what: str
    reason: str
    patient_id: uuid.UUID | None
    reference: str


def about_patient(patient_id: uuid.UUID, *, own_user_id: uuid.UUID, with_own: bool = False) -> QuerySet[Entry]:
    """What was looked at or changed of one patient, newest first; their own looks only when asked for."""
    rows = Entry.objects.filter(patient_id=patient_id).order_by("-id")
    return rows if with_own else rows.exclude(actor_id=own_user_id)


def actions_of(user: User) -> QuerySet[Entry]:
    """What this user did, newest first."""
    return Entry.objects.filter(actor_id=user.pk).order_by("-id")


def log(
    *, action: str = "", actor: str = "", patient_id: uuid.UUID | None = None, since: datetime | None = None
) -> QuerySet[Entry]:
    """The whole record, newest first, as a manager filters it. `actor` is a part of a name or address."""
    rows = Entry.objects.order_by("-id")
    if action:
        rows = rows.filter(action=action)
    if actor:
        people = User.objects.filter(Q(name__icontains=actor) | Q(email__icontains=actor)).values_list("pk", flat=True)
        rows = rows.filter(actor_id__in=list(people[:200]))
    if patient_id:
        rows = rows.filter(patient_id=patient_id)
    return rows.filter(at__gte=since) if since else rows


def lines(entries: Iterable[Entry], *, reader: User, own_record: bool = False) -> list[Line]:
    """Entries in words: names in one query; the reader is "You", the software "The portal itself".

    With `own_record` the reader is the patient whom they are about.
    """
    found = list(entries)
    ids = {entry.actor_id for entry in found if entry.actor_id}
    names = {user.pk: user.name or "Somebody of the clinic" for user in User.objects.filter(pk__in=ids).only("name")}
    names[reader.pk] = "You"
    return [_unsaid(_line(entry, names), entry) if own_record else _line(entry, names) for entry in found]


def _unsaid(line: Line, entry: Entry) -> Line:
    if entry.what not in _UNSAID:
        return line
    did = _DID[Action.VIEW] if entry.action == Action.VIEW else "Worked with"
    return replace(line, did=did, what="your answers")


def _line(entry: Entry, names: dict[uuid.UUID, str]) -> Line:
    unknown = "Somebody" if entry.action == Action.SIGN_IN_REFUSED else "The portal itself"
    return Line(
        at=entry.at,
        who=names.get(entry.actor_id, "Somebody who left") if entry.actor_id else unknown,
        roles=", ".join(_ROLES.get(role, role) for role in entry.actor_roles),
        did=_DID.get(Action(entry.action), entry.action),
        what="" if entry.action in _SIGN_INS else _PAGES.get(entry.what, entry.what.replace("-", " ")),
        reason=entry.reason,
        patient_id=entry.patient_id,
        reference=entry.reference,
    )
