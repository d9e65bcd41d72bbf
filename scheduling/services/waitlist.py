"""Who would rather come earlier: joining the list, changing the wishes, leaving it."""

import uuid
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import time

from pacificmind.accounts.models import User
from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from pacificmind.clock import now
from pacificmind.idempotency.services import once
from pacificmind.tasks.models import Kind as TaskKind
from pacificmind.tasks.services import close_tasks
from scheduling.domain import errors
from scheduling.models import Appointment, Offer, Waiting
from scheduling.queries.waitlist import MOVABLE
from scheduling.services import authority
from scheduling.services.locks import booking, lock
from scheduling.services.waitlist_offers import end

LEFT, REMOVED, MOVED_ON = "left the list", "removed by the clinic", "the visit is over or was changed"


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """When somebody would come earlier. `weekdays` Monday 0, none named means any."""

    weekdays: Collection[int] = ()
    from_time: time | None = None
    until_time: time | None = None
    hours_needed: int = 24


def join(*, by: User, visit_id: uuid.UUID, wishes: Wishes, request_id: uuid.UUID | None = None) -> Waiting:
    """Wait for an earlier time than this visit, or change what was wished. The visit itself stays as it is.

    For the patient whose visit it is and for staff of its site. Raises Stale for a visit that is over or under way.
    """
    asked = {"visit": visit_id, **asdict(wishes)}
    with booking(), once(request_id, user_id=by.pk, intent="wait for earlier", asked=asked) as request:
        seen = Appointment.objects.get(pk=visit_id)
        authority.may_change(by, seen)
        lock(patients=[seen.patient_id])
        visit = Appointment.objects.select_for_update(of=("self",), no_key=True).get(pk=visit_id)
        known = Waiting.objects.filter(visit=visit, status=Waiting.Status.WAITING).first()
        if request.repeated:
            return known or Waiting.objects.get(pk=request.result["waiting"])
        if visit.status not in MOVABLE or visit.starts_at <= now():
            raise errors.Stale
        waiting = known or Waiting(visit=visit, patient_id=visit.patient_id, site_id=visit.site_id, made_by=by)
        waiting.weekdays = sorted(set(wishes.weekdays))
        waiting.from_time, waiting.until_time = wishes.from_time, wishes.until_time
        waiting.hours_needed = wishes.hours_needed
        if known:
            waiting.save(update_fields=["weekdays", "from_time", "until_time", "hours_needed"])
        else:
            waiting.save(force_insert=True)
        request.result = {"waiting": str(waiting.pk)}
        record(
            Action.CHANGE if known else Action.CREATE,
            "wait for an earlier time",
            by=by,
            subject=waiting,
            patient_id=waiting.patient_id,
            changes={"fields": ["weekdays", "from_time", "until_time", "hours_needed"]},
        )
    return waiting


def leave(*, by: User, waiting_id: uuid.UUID, request_id: uuid.UUID | None = None) -> Waiting:
    """Wait no longer: a place that is held is free again. Who waits no longer already is left as they are."""
    with booking(), once(request_id, user_id=by.pk, intent="wait no longer", asked={"waiting": waiting_id}):
        seen = Waiting.objects.select_related("visit").get(pk=waiting_id)
        authority.may_change(by, seen.visit)
        lock(patients=[seen.patient_id])
        waiting = Waiting.objects.select_for_update(of=("self",), no_key=True).get(pk=waiting_id)
        if waiting.status == Waiting.Status.WAITING:
            finish(waiting, why=REMOVED if by.sites() else LEFT)
            record(
                Action.CHANGE,
                "wait no longer",
                by=by,
                subject=waiting,
                patient_id=waiting.patient_id,
                changes={"status": waiting.status},
            )
    return waiting


def finish(waiting: Waiting, *, why: str, status: Waiting.Status = Waiting.Status.ENDED) -> None:
    """Take somebody off the list, in the caller's transaction; what is held for them is withdrawn."""
    for offer in Offer.objects.select_for_update(of=("self",)).filter(waiting=waiting, status=Offer.Status.OPEN):
        end(offer, Offer.Status.WITHDRAWN, why="The patient no longer waits.")
    waiting.status, waiting.ended_why = status, why
    waiting.save(update_fields=["status", "ended_why"])
    close_tasks(waiting.pk, TaskKind.WAITLIST_CALL, by=None, outcome="no longer waiting")
