"""Whom to page about an alert, and page again, without end, until a person has it. Nothing here sends anything."""

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction

from intake.domain import paging
from intake.domain.paging import FIRST, SECOND, steps_due
from intake.models import SafetyAlert, SafetyEvent
from intake.queries.oncall import on_call, prescribers
from intake.services.each import each
from intake.services.oncall import gap_is_known
from pacificmind.accounts.models import User
from pacificmind.clinic.models import ClinicSettings
from pacificmind.clock import now
from pacificmind.messaging.models import Channel, Recipient
from pacificmind.messaging.registry import SAFETY_PAGE
from pacificmind.messaging.services import Owed, owe_many
from pacificmind.tasks.models import Kind, Queue
from pacificmind.tasks.services import open_task

SUBJECT = "intake.safetyalert"
MANAGERS_FROM = paging.FOURTH  # somebody has to telephone: a task for the managers, who see no alert


def times(settings: ClinicSettings | None = None) -> paging.Escalation:
    """The clinic's minutes."""
    row = settings or ClinicSettings.current()
    return paging.Escalation(
        first=timedelta(minutes=row.alert_ack_minutes),
        second=timedelta(minutes=row.alert_second_minutes),
        third=timedelta(minutes=row.alert_third_minutes),
        every=timedelta(minutes=row.alert_repeat_minutes),
    )


def page(alert: SafetyAlert, step: int, moment: datetime) -> int:
    """Owe the pages of one step, by mail and where a number is set by text; how many are new.

    First who is on call, then the prescribers of the site too, then those of every site. Nobody on call: all at once.
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("a page is owed in the transaction of its cause")
    version = paging.version(alert.round, step)
    return owe_many([row for person in whom(alert, step, moment) for row in _rows(alert, version, moment, person)])


def whom(alert: SafetyAlert, step: int, moment: datetime) -> list[User]:
    """Who is paged at a step, whoever has the alert already among them."""
    first = on_call(alert.site_id, moment)
    if not first:  # after the commit: a task that another transaction is just opening keeps no alert waiting
        transaction.on_commit(partial(gap_is_known, alert.site_id, moment), robust=True)
    more: Iterable[User] = ()
    if not first or step > SECOND:
        more = prescribers()
    elif step == SECOND:
        more = prescribers(alert.site_id)
    holder = [alert.owner] if alert.owner is not None and alert.owner.is_active else []
    return list(dict.fromkeys([*first, *holder, *more]))


def escalate_pages() -> int:
    """Page again for every alert that nobody has taken in time; how many pages are new. Safe to run at any time."""
    moment, plan = now(), times()
    waiting = SafetyAlert.objects.waiting().filter(raised_at__lt=moment).values_list("pk", flat=True)
    keys = list(waiting.order_by("raised_at"))
    return each(keys, partial(_page_again, moment=moment, plan=plan), sweep="pages")


def _page_again(pk: uuid.UUID, *, moment: datetime, plan: paging.Escalation) -> int:
    with transaction.atomic():
        locked = SafetyAlert.objects.waiting().select_for_update(of=("self",), skip_locked=True)
        alert = locked.filter(pk=pk).first()
        return _escalate(alert, moment, plan) if alert is not None else 0


def _escalate(alert: SafetyAlert, moment: datetime, plan: paging.Escalation) -> int:
    due = steps_due(
        now_urgent=alert.tier == SafetyAlert.Tier.URGENT_2,
        since=alert.counts_from,
        late_at=alert.acknowledge_by,
        moment=moment,
        known=alert.step,
        times=plan,
    )
    pages = 0
    for step in due:
        pages += page(alert, step, moment)
        SafetyEvent.objects.create(
            alert=alert, kind=SafetyEvent.Kind.PAGED, tier=alert.tier, value=str(step), at=moment
        )
    if due:
        alert.step = due[-1]
        alert.save(update_fields=["step"])
    if alert.step >= MANAGERS_FROM:
        open_task(
            Kind.ALERT_UNTAKEN,
            subject_type=SUBJECT,
            subject_id=alert.pk,
            queue=Queue.MANAGERS,
            due_at=moment,
            site_id=alert.site_id,
        )
    return pages


def _rows(alert: SafetyAlert, version: int, moment: datetime, person: User) -> list[Owed]:
    channels = [Channel.EMAIL, Channel.SMS] if person.page_phone else [Channel.EMAIL]
    return [
        Owed(
            purpose=SAFETY_PAGE,
            subject=alert,
            subject_version=version,
            recipient_type=Recipient.USER,
            recipient_id=person.pk,
            due_at=moment,
            channel=channel,
            site_id=alert.site_id,
        )
        for channel in channels
    ]


__all__ = ["FIRST", "escalate_pages", "page", "times", "whom"]
