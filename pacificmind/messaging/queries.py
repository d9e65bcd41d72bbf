"""Reading the ledger: the front desk of its sites, managers all, patients what we wrote to them."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db.models import Count, Q, QuerySet
from phonenumber_field.phonenumber import to_python

from pacificmind.accounts.models import Role, User
from pacificmind.audit.models import Entry
from pacificmind.clock import now
from pacificmind.messaging import registry
from pacificmind.messaging.catalogue import SPANISH
from pacificmind.messaging.kinds import of_purpose
from pacificmind.messaging.models import Channel, InboundText, Letter, Message, Recipient, Status
from pacificmind.messaging.registry import SAFETY_PAGE
from pacificmind.tasks.models import Kind, Task
from pacificmind.ui.context import phone_words
from pacificmind.ui.dates import when_words
from pacificmind.ui.parts import Tab

ZONE = "America/Los_Angeles"  # for the few messages that belong to no site
_NOBODY = {Recipient.PATIENT: "A patient", Recipient.USER: "Staff", Recipient.REQUEST: "Somebody who asked to be seen"}
_TOOK = {
    Channel.EMAIL: "The mail server took it",
    Channel.SMS: "The text was handed over",
    Channel.INBOX: "It stands in their messages",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the ledger in words, with what can be done about it. `goes`: on what occasion such a message leaves."""

    row: Message
    who: str
    label: str
    goes: str
    channel: str
    said: str
    zone: str
    can_settle: bool
    can_void: bool


def ledger(user: User) -> QuerySet[Message]:
    """The rows this user may see: a manager all, the front desk those of its sites. Never pages about safety.

    What tells of answers or of an alert by having been written is left out as well, unless it needs a person.
    """
    clinical = [one.name for one in registry.purposes() if one.clinical]
    rows = Message.objects.exclude(purpose=SAFETY_PAGE).exclude(~Q(status=Status.FAILED), purpose__in=clinical)
    return rows if Role.MANAGER in user.roles else rows.filter(site_id__in=user.sites(Role.FRONT_DESK))


def counts(rows: QuerySet[Message]) -> dict[str, int]:
    """How many of each status, in one query."""
    found = dict(rows.order_by().values_list("status").annotate(n=Count("pk")))
    return {status: found.get(status, 0) for status in Status.values}


def in_order(rows: QuerySet[Message], status: str) -> QuerySet[Message]:
    """What is owed by when it is due, the rest newest first."""
    ordered = rows.filter(status=status) if status else rows
    return ordered.select_related("site").order_by(*(("due_at", "pk") if status == Status.OWED else ("-due_at", "pk")))


def tabs(found: dict[str, int], current: str, path: str, purpose: str) -> list[Tab]:
    """The filters as links; what needs a person comes first."""
    words = [
        (Status.FAILED, "Needs a person"),
        (Status.SENDING, "Leaving now"),
        (Status.OWED, "Planned"),
        (Status.SENT, "Sent"),
        (Status.VOID, "No longer needed"),
    ]
    also = f"&purpose={purpose}" if purpose else ""
    return [Tab(label, f"{path}?status={key}{also}", key == current, found[key]) for key, label in words]


def lines(rows: Iterable[Message]) -> list[Line]:
    """Rows in words; names in one query for each kind of recipient."""
    shown = list(rows)
    ids: dict[str, list[uuid.UUID]] = defaultdict(list)
    for row in shown:
        ids[row.recipient_type].append(row.recipient_id)
    names = {kind: registry.names_of(kind, wanted) for kind, wanted in ids.items()}
    present = now()
    return [_line(row, names[row.recipient_type].get(row.recipient_id), present) for row in shown]


def _line(row: Message, name: str | None, present: datetime) -> Line:
    return Line(
        row=row,
        who=name or _NOBODY[Recipient(row.recipient_type)],
        label=registry.label_of(row.purpose),
        goes=kind.when if (kind := of_purpose(row.purpose)) is not None else "",
        channel=Channel(row.channel).label,
        said=explain(row, present),
        zone=row.site.zone if row.site else ZONE,
        can_settle=row.status == Status.FAILED,
        can_void=row.status in (Status.FAILED, Status.OWED),
    )


def explain(row: Message, present: datetime) -> str:
    """Why this person got it, did not, or has not yet."""
    if row.status == Status.OWED:
        late = row.due_at <= present
        return f"{row.why} {'It is due now.' if late else f'It leaves {_when(row, row.due_at, present)}.'}".strip()
    if row.status == Status.SENDING:
        return row.why or "It is leaving now."
    if row.status == Status.SENT and row.done_at is not None:
        tries = f" at try {row.tries}" if row.tries > 1 else ""
        return f"{_TOOK[Channel(row.channel)]} on {_when(row, row.done_at, present)}{tries}.{_words_of(row)}"
    return row.why


def _words_of(row: Message) -> str:
    """Which words it was written with, where they are not the software's English ones."""
    said = " It is in Spanish." if row.language == SPANISH else ""
    return f"{said} It has the clinic's words, version {row.wording}." if row.wording else said


def _when(row: Message, instant: datetime, present: datetime) -> str:
    return when_words(instant, row.site.tz if row.site else ZoneInfo(ZONE), present)


def written_to(patient_id: uuid.UUID) -> QuerySet[Message]:
    """What left for a patient, newest first."""
    rows = Message.objects.filter(recipient_type=Recipient.PATIENT, recipient_id=patient_id, status=Status.SENT)
    return rows.select_related("site").order_by("-done_at", "pk")


def patients_of(rows: Iterable[Message]) -> list[uuid.UUID]:
    """The patients among the recipients, for the audit."""
    return [row.recipient_id for row in rows if row.recipient_type == Recipient.PATIENT]


@dataclass(frozen=True, slots=True)
class TextLine:
    """A text that came in, with whose it is and whether it waits for somebody."""

    row: InboundText
    who: str
    phone: str
    zone: str
    waits: bool
    count: int = 1  # texts with words of crisis from this number, since its task was opened


def texts(user: User) -> QuerySet[InboundText]:
    """Words and confirmations by text: the front desk's sites, those of crisis for clinicians of the site alone.

    Words of crisis from a number of nobody we know are for the clinicians of every site.
    """
    desk, treating = user.sites(Role.FRONT_DESK), user.sites(Role.CLINICIAN)
    seen = Q(site_id__in=desk, alarming=False) | Q(site_id__in=treating)
    kinds = (InboundText.Kind.WORDS, InboundText.Kind.CONFIRM)
    to_read = Q(kind__in=kinds) | Q(alarming=True)
    if treating:
        seen |= Q(site__isnull=True, alarming=True)
    rows = InboundText.objects.filter(seen, to_read).filter(Q(patient_id__isnull=False) | Q(alarming=True))
    return rows.select_related("site").order_by("-at", "pk")


def text_lines(rows: Iterable[InboundText]) -> list[TextLine]:
    """Texts with names and what is open; one query each."""
    shown = list(rows)
    names = registry.names_of(Recipient.PATIENT, [row.patient_id for row in shown if row.patient_id])
    kinds = (Kind.TEXT_ANSWERED, Kind.TEXT_IN_CRISIS)
    waiting = Task.objects.filter(kind__in=kinds, done_at__isnull=True, subject_id__in=[row.pk for row in shown])
    since = dict(waiting.values_list("subject_id", "opened_at"))
    counts = _counts({row.phone: since[row.pk] for row in shown if row.pk in since and row.alarming})
    return [
        TextLine(
            row=row,
            who=names.get(row.patient_id, "A patient") if row.patient_id else "A number of nobody we know",
            phone=phone_words(to_python(row.phone)),
            zone=row.site.zone if row.site else ZONE,
            waits=row.pk in since,
            count=counts.get(row.phone, 1) if row.pk in since else 1,
        )
        for row in shown
    ]


def _counts(since: Mapping[str, datetime]) -> dict[str, int]:
    """How many texts with words of crisis came from each number, since an instant of its own; one query."""
    rows = InboundText.objects.filter(phone__in=list(since), alarming=True).values_list("phone", "at")
    found: dict[str, int] = {}
    for phone, at in rows if since else ():
        if at >= since[phone]:
            found[phone] = found.get(phone, 0) + 1
    return found


def letters_to(patient_id: uuid.UUID) -> QuerySet[Letter]:
    """What was written to a patient within the portal, newest first."""
    return Letter.objects.filter(patient_id=patient_id).select_related("site", "written_by").order_by("-made_at", "pk")


def unread(letters: Iterable[Letter]) -> set[uuid.UUID]:
    """Those that their patient has not opened yet, by the record of who looked; one query."""
    shown = list(letters)
    looks = Entry.objects.filter(
        patient_id__in={letter.patient_id for letter in shown},
        what="patient-letter",
        subject_id__in=[str(letter.pk) for letter in shown],
    )
    read = set(looks.values_list("subject_id", flat=True)) if shown else set()
    return {letter.pk for letter in shown if str(letter.pk) not in read}


def letters_waiting(patient_id: uuid.UUID, *, most: int = 50) -> int:
    """How many of a patient's latest letters are unread."""
    return len(unread(letters_to(patient_id)[:most]))
