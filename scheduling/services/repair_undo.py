"""Take a repair back while nobody was told: every visit as it was, or nothing (DESIGN.md 4)."""

import uuid
from collections.abc import Mapping

from pacificmind.accounts.models import User
from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from pacificmind.clock import now
from pacificmind.idempotency.services import once
from pacificmind.messaging.models import Message
from pacificmind.messaging.models import Status as MessageStatus
from pacificmind.messaging.services import void
from pacificmind.tasks.models import Kind as TaskKind
from pacificmind.tasks.models import Queue, Task
from pacificmind.tasks.services import close_tasks, open_task
from scheduling.domain import errors
from scheduling.models import Appointment, Deviation, Repair, Status
from scheduling.models.appointment import TREATMENTS
from scheduling.queries import repair as queries
from scheduling.queries.waitlist import is_offered
from scheduling.services import authority, notify_repair, protocol, repair_absence
from scheduling.services import repair_rows as rows
from scheduling.services.locks import booking as transaction
from scheduling.services.locks import law_checked_at_the_end, lock
from scheduling.services.repair_parts import OUTCOMES

WHY = "The change was taken back."
ALREADY = "This repair is undone already."
TOLD = (
    "The messages have left, so that the patients know the new times. It can no longer be undone as a whole; "
    "move single visits instead."
)
CHANGED = "Somebody changed one of these visits since. Nothing was undone: move single visits instead."
OFFERED = (
    "The old place of one of the visits is offered to somebody who waits. Nothing was undone: take that offer back."
)
BEGUN = "One of the visits would lie in the past again. Nothing was undone: move single visits instead."


def why_not(repair: Repair, messages: list[Message]) -> str:
    """Why the repair can no longer be undone, as a sentence; empty while it can."""
    if repair.undone_at is not None:
        return ALREADY
    left = [one for one in messages if one.status not in (MessageStatus.OWED, MessageStatus.VOID) or one.tries]
    return TOLD if left or (not messages and now() >= repair.leaves_at) else ""


def undo(*, by: User, repair_id: uuid.UUID, request_id: uuid.UUID | None = None) -> Repair:
    """Put every visit back where it was, void what was owed about the change, open the tasks again.

    Refuses, with nothing undone, once a message has left or was claimed, or when somebody changed one of the visits.
    """
    with transaction(), once(request_id, user_id=by.pk, intent="undo repair", asked={"repair": repair_id}) as request:
        repair = Repair.objects.select_related("site").get(pk=repair_id)
        authority.may_repair(by, repair.site_id)
        if request.repeated:
            return repair
        visits = _locked(repair)
        for site_id in {visit.site_id for visit in visits.values()}:
            authority.may_repair(by, site_id)
        repair = Repair.objects.select_for_update(no_key=True, of=("self",)).get(pk=repair_id)
        messages = list(queries.messages_of(repair).select_for_update(of=("self",)).order_by("pk"))
        if why := why_not(repair, messages):
            raise errors.BookingRefused(why)
        _as_left(repair, visits)
        with law_checked_at_the_end():
            _put_back(repair, visits)
        _tell(by, repair, visits)
        repair_absence.take_back(by=by, repair=repair)
        repair.undone_at, repair.undone_by = now(), by
        repair.save(update_fields=["undone_at", "undone_by"])
        record(Action.CHANGE, "undo a repair", by=by, subject=repair, changes={"visits": len(visits)})
    return repair


def _locked(repair: Repair) -> dict[uuid.UUID, Appointment]:
    """The visits, with every patient, clinician and room of before and of now locked."""
    seen = list(Appointment.objects.filter(pk__in=list(repair.after)))
    before = [one for one in repair.before.values() if one]
    lock(
        patients={visit.patient_id for visit in seen},
        clinicians={visit.clinician_id for visit in seen}
        | {leave.clinician_id for leave in repair.leaves.all()}
        | {uuid.UUID(one["clinician"]) for one in before},
        rooms={visit.room_id for visit in seen if visit.room_id}
        | {uuid.UUID(one["room"]) for one in before if one["room"]},
    )
    return rows.locked(visit.pk for visit in seen)


def _as_left(repair: Repair, visits: Mapping[uuid.UUID, Appointment]) -> None:
    if {str(pk): visit.version for pk, visit in visits.items()} != repair.after:
        raise errors.Stale(CHANGED)
    before = [repair.before[pk] for pk in repair.after]
    if any(one and rows.start_of(one) <= now() for one in before):
        raise errors.BookingRefused(BEGUN)


def _put_back(repair: Repair, visits: Mapping[uuid.UUID, Appointment]) -> None:
    """The columns of before; what the repair made was a mistake. Places and numbers follow."""
    runs = {}
    for pk, visit in visits.items():
        columns = repair.before[str(pk)]
        if columns:
            rows.put_back(visit, columns)
        else:
            visit.status, visit.cancelled_why = Status.ENTERED_IN_ERROR, WHY
            visit.version += 1
            visit.save(update_fields=["status", "cancelled_why", "version"])
        if visit.is_active and is_offered(visit):
            raise errors.BookingRefused(OFFERED)
        if visit.kind in TREATMENTS:
            runs[visit.patient_id, visit.series_id] = visit.series
    for (patient_id, _), series in runs.items():
        protocol.settle(patient_id, series)
    Deviation.objects.filter(
        series__in=[one for one in runs.values() if one], planned=True, by=repair.made_by, at=repair.made_at
    ).delete()


def _tell(by: User, repair: Repair, visits: Mapping[uuid.UUID, Appointment]) -> None:
    """Nobody is told: what the repair owed is void, what it took back is owed again, its tasks are open again."""
    void(repair.pk, why=WHY)
    notify_repair.let_go(repair)
    for pk, visit in visits.items():
        columns = repair.before[str(pk)]
        if columns:
            notify_repair.visit_restored(visit, version_before=columns["version"])
        else:
            void(pk, why=WHY)
        what = "move a visit" if columns else "take out a visit that was entered in error"
        changes = {"repair": str(repair.pk)}
        record(Action.CHANGE, what, by=by, subject=visit, patient_id=visit.patient_id, changes=changes)
    _open_again(by, repair)


def _open_again(by: User, repair: Repair) -> None:
    """The tasks as they were: those about visits without a lawful time closed, those it closed open."""
    about = list(repair.before)
    for pk in about:
        if pk not in repair.after:
            close_tasks(uuid.UUID(pk), TaskKind.VISIT_UNLAWFUL, by=by, outcome="repair undone")
    closed = Task.objects.filter(
        subject_id__in=about, kind__in=queries.TO_FIND, outcome__in=OUTCOMES, done_at__gte=repair.made_at
    )
    for task in closed:
        open_task(
            TaskKind(task.kind),
            subject_type=task.subject_type,
            subject_id=task.subject_id,
            queue=Queue(task.queue),
            due_at=task.due_at,
            site_id=task.site_id,
            patient_id=task.patient_id,
        )
