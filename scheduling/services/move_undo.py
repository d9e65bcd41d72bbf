"""Take a move back while the patient was not told of it: a slip of the mouse costs nobody a message."""

import uuid

from pacificmind.accounts.models import User
from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from pacificmind.clock import now
from pacificmind.idempotency.services import once
from pacificmind.messaging.models import Message
from pacificmind.messaging.models import Status as MessageStatus
from scheduling.domain import errors
from scheduling.models import Appointment
from scheduling.models.appointment import TREATMENTS
from scheduling.queries.waitlist import is_offered
from scheduling.services import authority, notify, notify_repair, protocol
from scheduling.services import repair_rows as rows
from scheduling.services.locks import booking, law_checked_at_the_end, lock
from scheduling.services.moving import MOVABLE, align, from_to

TOLD = "The patient is told of the new time already. Move the visit once more instead."
CHANGED = "Somebody changed this visit since. Nothing was taken back: look how it is now."
BEGUN = "The visit would lie in the past again. Nothing was taken back."
OFFERED = "That place is offered to somebody who waits for an earlier time. Take the offer back first."


def undo(
    *, by: User, visit_id: uuid.UUID, version: int, before: rows.Columns, request_id: uuid.UUID | None = None
) -> Appointment:
    """Put a visit back where a move took it from: `before`, its columns of then (`repair_rows.columns_of`).

    Refuses, with nothing changed, once the message has left, once another change was made (`version` is that of the
    move), and where the old place is gone. What the move took back is owed again.
    """
    asked = {"visit": visit_id, "version": version}
    with booking(), once(request_id, user_id=by.pk, intent="undo move", asked=asked) as request:
        seen = Appointment.objects.get(pk=visit_id)
        authority.needs_staff(by, seen.site_id)
        if request.repeated:
            return seen
        visit = _locked(seen, before)
        if visit.version != version or before["version"] + 1 != version or visit.status not in MOVABLE:
            raise errors.Stale(CHANGED)
        if rows.start_of(before) <= now():
            raise errors.BookingRefused(BEGUN)
        if _is_told(visit):
            raise errors.BookingRefused(TOLD)
        _put_back(visit, before)
        leaves_at = notify.grace_ends()
        if visit.series is not None:
            align(visit.series, leaves_at=leaves_at)
        visit.refresh_from_db()
        notify_repair.visit_restored(
            visit, version_before=before["version"], why=notify.MOVED_AWAY, leaves_at=leaves_at
        )
        changes = from_to(seen, visit)
        record(Action.CHANGE, "take a move back", by=by, subject=visit, patient_id=visit.patient_id, changes=changes)
    return visit


def _locked(seen: Appointment, before: rows.Columns) -> Appointment:
    """The visit under the locks of its patient, and of the rooms and clinicians of now and of before."""
    lock(
        patients=[seen.patient_id],
        clinicians={seen.clinician_id, uuid.UUID(before["clinician"])},
        rooms={room for room in (seen.room_id, uuid.UUID(before["room"]) if before["room"] else None) if room},
    )
    return rows.locked([seen.pk])[seen.pk]


def _is_told(visit: Appointment) -> bool:
    """Whether the news of the move has left, or leaves this moment: locked, so that it does not leave meanwhile."""
    news = Message.objects.filter(
        subject_id=visit.pk, subject_version=visit.version, purpose__in=(notify.BOOKED, notify.MOVED, notify.HELD)
    )
    open_yet = (MessageStatus.OWED, MessageStatus.VOID)
    return any(one.status not in open_yet or one.tries for one in news.select_for_update(of=("self",)))


def _put_back(visit: Appointment, before: rows.Columns) -> None:
    with law_checked_at_the_end():
        rows.put_back(visit, before)
        if visit.kind in TREATMENTS:
            protocol.settle(visit.patient_id, visit.series)
    if is_offered(visit):
        raise errors.BookingRefused(OFFERED)
