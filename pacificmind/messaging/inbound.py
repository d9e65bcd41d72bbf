"""Texts that people send to the clinic's number: STOP at once, START, HELP, C to confirm, and words for a person."""

import uuid
from datetime import timedelta

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction

from pacificmind.accounts.models import Role, User
from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from pacificmind.clock import now
from pacificmind.idempotency.services import once
from pacificmind.messaging import registry, replies
from pacificmind.messaging.catalogue import ENGLISH, SPANISH
from pacificmind.messaging.models import Channel, InboundText, Message, Recipient
from pacificmind.messaging.registry import Address, Known, Purpose, Void, Words
from pacificmind.messaging.replies import Meaning
from pacificmind.messaging.services import Owed, owe_many, void_for
from pacificmind.tasks.models import Kind, Queue, Task
from pacificmind.tasks.services import close_tasks, open_task

STOPPED, STARTED, HELP, CONFIRMED, UNREAD = (
    "text-stopped", "text-started", "text-help", "text-confirmed", "text-unread",
)  # fmt: skip
_ANSWER_WITHIN = timedelta(hours=2)
_KEY = 8  # of the advisory lock: texts of one number
_SUBJECT = "messaging.inboundtext"
_KEPT = 1600  # characters of a text
_TOLD = "A clinician was told at once."
_WITHHELD = "(no more texts; their words are for clinicians)"
_ONCE_A_DAY = timedelta(hours=24)
_SAY_AGAIN = timedelta(hours=12)  # that nobody reads texts is said once in this time


def receive(*, reference: str, phone: str, text: str) -> bool:
    """Take in one text from a telephone number; False when the provider told of it before.

    `reference` is the provider's name for it. Numbers that belong to no patient are written down; they are answered
    where they ask for help or for an end, or write words of crisis.
    """
    meaning = replies.understand(text)
    kind = Meaning.WORDS if meaning == Meaning.UNSURE else meaning
    with transaction.atomic(durable=True):
        _one_at_a_time(phone)
        known = registry.texting().find(phone)
        row, new = InboundText.objects.get_or_create(
            provider_reference=reference,
            defaults={
                "phone": phone,
                "kind": kind.value,
                "words": text[:_KEPT] if kind == Meaning.WORDS and known else "",
                "patient_id": known[0].patient_id if known else None,
                "site_id": known[0].site_id if known else None,
                "at": now(),
                "language": "" if known else SPANISH if replies.is_spanish(text) else ENGLISH,
            },
        )
        if not new:
            return False
        row.outcome = _act(row, meaning, text, known) if known else _of_nobody(row, meaning, text)
        row.save(update_fields=["outcome"])
        for one in known:
            changes = {"kind": kind.value}
            record(Action.CHANGE, "answer by text", by=None, subject=row, patient_id=one.patient_id, changes=changes)
    return True


def _one_at_a_time(phone: str) -> None:
    """Texts of one number are taken in one after the other: two at once get one answer, and one task."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, %s))", [phone, _KEY])


def _act(row: InboundText, meaning: Meaning, text: str, known: list[Known]) -> str:
    """Do what the text asks for; what was done, in words."""
    match meaning:
        case Meaning.STOP:
            return _stop(row, text, known)
        case Meaning.START:
            return _start(row, text, known)
        case Meaning.HELP:
            _answer(row, HELP, known[0])
            return "They were told whom to call."
        case Meaning.CONFIRM:
            return _confirm(row, known)
        case Meaning.UNSURE:
            done = _stop(row, text, known)
            return done if row.alarming else f"{done} {_ask_the_desk(row, known[0])}"
        case Meaning.WORDS:
            return _read_by_a_person(row, text, known)


def _of_nobody(row: InboundText, meaning: Meaning, text: str) -> str:
    """From a number of nobody we know: words of crisis are read by a clinician; HELP and STOP are answered.

    HELP once a day, STOP once ever: no number is made to ring by whoever writes in its name.
    """
    told = _alarms(row, text, [])
    match meaning:
        case Meaning.HELP:
            _answer_a_stranger(row, HELP, within=_ONCE_A_DAY)
            done = "The number belongs to no patient. They were told whom to call."
        case Meaning.STOP | Meaning.UNSURE:
            _answer_a_stranger(row, STOPPED)
            done = "The number belongs to no patient, and gets no texts."
        case _:
            done = "The number belongs to no patient."
    return _TOLD if told else done


def _stop(row: InboundText, text: str, known: list[Known]) -> str:
    """No more texts to this number, at once; one confirmation, however often it is asked.

    What answers a text of theirs still leaves: whoever wrote in distress, now or a moment before, is told where to
    turn. Their words are screened too: to ask for no more texts is no reason to be overheard.
    """
    told = _alarms(row, text, known)
    words = _WITHHELD if told else text  # the front desk reads how consent ended, and no words of crisis
    changed = registry.texting().withdraw([one.patient_id for one in known], words)
    ours = [purpose.name for purpose in registry.purposes() if not purpose.answers]
    why = "They answered that they want no more texts."
    for one in known:
        void_for(one.patient_id, why=why, purposes=ours, channel=Channel.SMS)
    if changed:
        _answer(row, STOPPED, known[0])
    said = "They get no more texts." if changed else "They had ended texts before: nothing changed."
    return f"{said} {_TOLD}" if told else said


def _start(row: InboundText, text: str, known: list[Known]) -> str:
    """Texts again, where they had agreed to them once; who never did is promised none."""
    whose = [one.patient_id for one in known]
    changed = registry.texting().give(whose, text)
    if not changed and not registry.texting().agreed(whose):
        _answer(row, UNREAD, known[0])
        return "They never agreed to texts: nothing changed. They can in their portal, or tell us."
    _answer(row, STARTED, known[0])
    return "They get texts again." if changed else "They got texts before: nothing changed."


def _confirm(row: InboundText, known: list[Known]) -> str:
    """The visit they were reminded of is confirmed; without one, a person looks."""
    for one in known:
        if said := registry.confirm(one.patient_id):
            _answer(row, CONFIRMED, one)
            return said
    _answer(row, UNREAD, known[0])
    return "There was no visit to confirm."


def _read_by_a_person(row: InboundText, text: str, known: list[Known]) -> str:
    """Kept for a person to read and call; words of crisis raise an alert, and the front desk does not see them."""
    first = known[0]
    if _alarms(row, text, known):
        return _TOLD
    recent = InboundText.objects.filter(phone=row.phone, kind=Meaning.WORDS, at__gt=now() - _SAY_AGAIN)
    if not recent.exclude(pk=row.pk).exists():
        _answer(row, UNREAD, first)
    return _ask_the_desk(row, first)


def _ask_the_desk(row: InboundText, first: Known) -> str:
    open_task(
        Kind.TEXT_ANSWERED,
        subject_type=_SUBJECT,
        subject_id=row.pk,
        queue=Queue.FRONT_DESK,
        due_at=now() + _ANSWER_WITHIN,
        site_id=first.site_id,
        patient_id=first.patient_id,
    )
    return "The front desk was asked to read it and call."


def _alarms(row: InboundText, text: str, known: list[Known]) -> bool:
    """Where the words are of crisis: an alert for everybody who may have written them, and the answer where to turn.

    Several patients with one number get an alert each. Where nobody we know can have written, a clinician has a task.
    """
    if not registry.texting().in_crisis(text):
        return False
    row.alarming, row.words = True, text[:_KEPT]
    row.save(update_fields=["alarming", "words"])
    if not registry.texting().alarm([one.patient_id for one in known], text):
        _ask_a_clinician(row)
    if known:
        _answer(row, UNREAD, known[0])
    else:
        _answer_a_stranger(row, UNREAD, within=_ONCE_A_DAY)
    return True


def _ask_a_clinician(row: InboundText) -> None:
    """One open task a number: it goes on to the newest words, is never put off, and counts from the first."""
    tasks = Task.objects.filter(kind=Kind.TEXT_IN_CRISIS, done_at__isnull=True)
    theirs = InboundText.objects.filter(phone=row.phone, alarming=True).exclude(pk=row.pk)
    waiting = list(tasks.filter(subject_id__in=theirs.values("pk")).order_by("opened_at"))
    if waiting:
        # An earlier version opened one for each text: all on this one would be refused, and the words with them.
        tasks.filter(pk__in=[one.pk for one in waiting[1:]]).update(done_at=now(), outcome="one task a number")
        tasks.filter(pk=waiting[0].pk).update(subject_id=row.pk)
        return
    open_task(
        Kind.TEXT_IN_CRISIS,
        subject_type=_SUBJECT,
        subject_id=row.pk,
        queue=Queue.CLINICIANS,
        due_at=now(),
        site_id=row.site_id,
    )
    tasks.filter(subject_id=row.pk).update(opened_at=row.at)


def wrote_again(row: InboundText) -> bool:
    """Whether newer words of crisis from the same number wait for a clinician."""
    newer = InboundText.objects.filter(phone=row.phone, alarming=True, at__gte=row.at).exclude(pk=row.pk)
    open_ones = Task.objects.filter(kind=Kind.TEXT_IN_CRISIS, done_at__isnull=True)
    return row.alarming and open_ones.filter(subject_id__in=newer.values("pk")).exists()


def _answer_a_stranger(row: InboundText, purpose: str, *, within: timedelta | None = None) -> None:
    """The answer, and nothing else; once for each number, or once `within` this time."""
    answered = Message.objects.filter(purpose=purpose, recipient_type=Recipient.TEXTER)
    if within is not None:
        answered = answered.filter(made_at__gt=now() - within)
    theirs = InboundText.objects.filter(phone=row.phone, pk__in=answered.values("recipient_id"))
    if not theirs.exists():
        owe_many([Owed(purpose, row, 1, Recipient.TEXTER, row.pk, now(), Channel.SMS, None)])


def texter_address(text_id: uuid.UUID) -> Address | None:
    """The number that a text came from."""
    row = InboundText.objects.filter(pk=text_id).only("phone", "language").first()
    return Address(phone=row.phone, language=row.language or ENGLISH) if row else None


def called(text_id: uuid.UUID, *, by: User, request_id: uuid.UUID | None = None) -> bool:
    """Somebody read a text and called; False when that was said before. Words of crisis are for clinicians alone."""
    with (
        transaction.atomic(durable=True),
        once(request_id, user_id=by.pk, intent="called about a text", asked={"text": text_id}) as intention,
    ):
        row = InboundText.objects.select_for_update(of=("self",)).get(pk=text_id)
        if not _may_call(row, by):
            raise PermissionDenied
        kinds = (Kind.TEXT_IN_CRISIS,) if row.alarming else (Kind.TEXT_ANSWERED,)
        if intention.repeated or not close_tasks(row.pk, *kinds, by=by, outcome="called"):
            return False
        row.outcome = f"{by} read it and called."[:200]
        row.save(update_fields=["outcome"])
        fields = {"fields": ["outcome"]}
        record(Action.CHANGE, "called about a text", by=by, subject=row, patient_id=row.patient_id, changes=fields)
        return True


def _may_call(row: InboundText, by: User) -> bool:
    if not row.alarming:
        return row.site_id in by.sites(Role.FRONT_DESK)
    treats = by.sites(Role.CLINICIAN)
    return bool(treats) and (row.site_id is None or row.site_id in treats)


def _answer(row: InboundText, purpose: str, to: Known) -> None:
    owe_many([Owed(purpose, row, 1, Recipient.PATIENT, to.patient_id, now(), Channel.SMS, to.site_id)])


_LABELS = {
    STOPPED: "Texts ended, as they asked",
    STARTED: "Texts started again",
    HELP: "Answer to HELP",
    CONFIRMED: "Answer to a confirmation",
    UNREAD: "Answer to a text: please call",
}


def _words(message: Message) -> Words | Void:
    """The answer to a text, unless it is too old to be one."""
    if message.made_at < now() - timedelta(hours=1):
        return Void("Their text was too long ago to answer it.")
    return Words(key=message.purpose)


def register_messages() -> None:
    """Tell the ledger; called once, when the app is ready."""
    registry.register_recipient(Recipient.TEXTER, texter_address)
    for name in _LABELS:
        registry.register(Purpose(name, _LABELS[name], _words, answers=True))
