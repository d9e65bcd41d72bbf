"""What happens by itself on the waitlist: offers run out, wishes end with their visits, free places are offered.

Safe to run at any time and twice at once.
"""

import time
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from intake.models import Patient
from pacificmind.clock import now
from pacificmind.messaging.quiet import is_quiet
from pacificmind.tasks.models import Kind as TaskKind
from pacificmind.tasks.models import Task
from scheduling.domain import errors
from scheduling.models import Offer, Waiting
from scheduling.queries.waitlist import MOVABLE, in_turn, stands, works_now
from scheduling.services.waitlist import MOVED_ON, finish
from scheduling.services.waitlist_law import Supplies, places_for
from scheduling.services.waitlist_offers import OFFER, channels_to, end, expire, hold, make

CALL_SETTLES = timedelta(minutes=1)  # an offer and its task are written together: leave them the time
RUN_SECONDS = 20.0  # a tick gives the worker back


def tick() -> int:
    """All of it; how many rows changed."""
    return run_out() + withdraw_stale() + end_wishes() + end_calls() + offer_places()


def run_out() -> int:
    """Offers that were not answered in time. One that is being answered at this moment is left to its answer."""
    return _each(Offer.objects.filter(status=Offer.Status.OPEN, expires_at__lte=now()), expire)


def withdraw_stale() -> int:
    """Offers whose visit was moved, cancelled or begun since, or whose patient's record was closed."""
    rows = Offer.objects.filter(status=Offer.Status.OPEN).select_related("waiting__visit__patient")
    stale = [offer.pk for offer in rows if not stands(offer.waiting.visit, offer)]
    return _each(
        Offer.objects.filter(pk__in=stale, status=Offer.Status.OPEN),
        lambda offer: end(offer, Offer.Status.WITHDRAWN, why="The visit was changed since."),
    )


def _each(rows: QuerySet[Offer], act: Callable[[Offer], None]) -> int:
    """One short transaction an offer; rows that somebody else holds are skipped."""
    done = 0
    for key in list(rows.values_list("pk", flat=True)):
        with transaction.atomic(durable=True):
            offer = rows.select_for_update(skip_locked=True, of=("self",)).filter(pk=key).first()
            if offer is not None:
                act(offer)
                done += 1
    return done


def end_wishes() -> int:
    """Nobody waits any more for a visit that is over, cancelled or under way, nor once their record is closed."""
    over = ~Q(visit__status__in=MOVABLE) | Q(visit__starts_at__lte=now()) | Q(patient__status=Patient.Status.CLOSED)
    done = 0
    for key in list(Waiting.objects.filter(over, status=Waiting.Status.WAITING).values_list("pk", flat=True)):
        with transaction.atomic(durable=True):
            rows = Waiting.objects.select_for_update(skip_locked=True, of=("self",))
            waiting = rows.filter(pk=key, status=Waiting.Status.WAITING).first()
            if waiting is not None:
                finish(waiting, why=MOVED_ON)
                done += 1
    return done


def end_calls() -> int:
    """Nobody is asked any more to call about an offer that is over by another door."""
    held = Offer.objects.filter(status=Offer.Status.OPEN).values("pk")
    calls = Task.objects.filter(
        kind=TaskKind.WAITLIST_CALL, subject_type=OFFER, done_at__isnull=True, opened_at__lt=now() - CALL_SETTLES
    )
    return calls.exclude(subject_id__in=held).update(done_at=now(), outcome="no longer offered")


def offer_places() -> int:
    """Offer free earlier places in fair order; how many. None at night, when nobody would answer in time."""
    made, supplies, stop_at = 0, Supplies(), time.monotonic() + RUN_SECONDS
    offered: set[uuid.UUID] = set()
    for waiting in in_turn():
        if time.monotonic() > stop_at:
            break
        start = _first_place(waiting, supplies) if waiting.patient_id not in offered else None
        if start is None:
            continue
        try:
            offer = make(waiting_id=waiting.pk, starts_at=start)
        except errors.BookingRefused:
            supplies.forget()  # taken or changed a moment ago: the next tick looks again
            continue
        if offer is None:
            break  # another tick is at work
        made += 1
        offered.add(waiting.patient_id)
        supplies.forget()
    return made


def _first_place(waiting: Waiting, supplies: Supplies) -> datetime | None:
    """The first place that suits, with the notice they need; None while nobody could answer or call."""
    if is_quiet(now(), waiting.site.tz):
        return None
    if not channels_to(waiting.patient) and not works_now(waiting.site):
        return None
    held, notice = hold(), timedelta(hours=waiting.hours_needed)
    found = places_for(waiting, not_before=now() + max(notice, held), held=held, supplies=supplies)
    return found[0] if found else None
