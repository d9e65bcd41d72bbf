"""What patients are owed about a repair: one message, with each visit as it stands when it leaves."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from pacificmind.clock import now
from pacificmind.messaging.models import Message, Recipient
from pacificmind.messaging.models import Status as MessageStatus
from pacificmind.messaging.services import Owed, owe_again, owe_all, void
from scheduling.models import Appointment, Repair, Status
from scheduling.services.notify import BOOKED, CANCELLED, CHANGED, HELD, MOVED, about, reminders

REPAIRED = "The visit was changed together with others."
CANCELLED_WITH = "The cancellation is told together with what was changed."
BOOKED_WITH = "The booking is told together with what was changed."


def take_in(repair: Repair, changed: Collection[Appointment]) -> None:
    """What is owed about other visits of these patients, and waits for such a repair, is told with it.

    Cancelled ones, and those that were booked because another one went. What has left, or leaves this moment, was told
    by itself.
    """
    theirs = {visit.pk for visit in changed}
    for patient_id in sorted({visit.patient_id for visit in changed}):
        repair.cancelled += _told_with(patient_id, CANCELLED, CANCELLED_WITH)
        repair.booked += _told_with(patient_id, BOOKED, BOOKED_WITH, without=theirs)


def _told_with(patient_id: uuid.UUID, purpose: str, why: str, *, without: Collection[uuid.UUID] = ()) -> list[str]:
    owed = Message.objects.filter(recipient_id=patient_id, purpose=purpose, status=MessageStatus.OWED)
    if purpose == BOOKED:
        owed = owed.filter(due_at__gt=now())  # one that is owed at once has nothing to do with this
    visits = [pk for pk in owed.order_by("pk").values_list("subject_id", flat=True) if pk not in without]
    return [str(pk) for pk in visits if void(pk, why=why, purposes=[purpose])]


def let_go(repair: Repair) -> None:
    """The repair was undone: what it was to tell of other visits is owed by itself again."""
    for purpose, why, visits in ((CANCELLED, CANCELLED_WITH, repair.cancelled), (BOOKED, BOOKED_WITH, repair.booked)):
        for pk in visits:
            owe_again(uuid.UUID(pk), purpose=purpose, why=why)


def visits_changed(repair: Repair, patients: Mapping[uuid.UUID, Sequence[Appointment]]) -> None:
    """One message to each patient for all of their visits that a repair changed, once its grace is over; reminders.

    What was owed for the old times is void. No reminder leaves before the message that tells of the new time. All is
    owed at once: a closed site may change the visits of very many.
    """
    visits = [visit for theirs in patients.values() for visit in theirs]
    for visit in visits:
        void(visit.pk, why=REPAIRED, before_version=visit.version)
    messages = [
        Owed(CHANGED, repair, 1, Recipient.PATIENT, patient_id, repair.leaves_at, site_id=theirs[0].site_id)
        for patient_id, theirs in patients.items()
    ]
    booked = [visit for visit in visits if visit.status == Status.BOOKED]
    owe_all([*messages, *reminders(booked, after=repair.leaves_at)])


def visit_restored(
    visit: Appointment, *, version_before: int, why: str = REPAIRED, leaves_at: datetime | None = None
) -> None:
    """A change was undone before anybody was told: what it took back (`why`) is owed again, for the version of now."""
    void(visit.pk, why="The change was taken back.", before_version=visit.version)
    is_booked = visit.status == Status.BOOKED
    news = (BOOKED, MOVED) if is_booked else (HELD, MOVED)
    lost = Message.objects.filter(subject_id=visit.pk, subject_version=version_before, why=why, purpose__in=news)
    again = [about(visit, purpose, leaves_at or now()) for purpose in lost.values_list("purpose", flat=True)]
    owe_all([*again[:1], *(reminders([visit]) if is_booked else [])])
