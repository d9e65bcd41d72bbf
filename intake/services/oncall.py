"""The rota of who is on call: managers keep it, overlaps are refused, a gap is a task for them."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from intake.models import OnCall
from intake.queries.oncall import gaps_of, prescribers
from pacificmind.accounts.models import Role, User
from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from pacificmind.clinic.models import ClinicSettings, Site
from pacificmind.clock import now
from pacificmind.idempotency.services import once
from pacificmind.tasks.models import Kind, Queue, Task
from pacificmind.tasks.services import close_tasks, open_task

SUBJECT = "clinic.site"
LONGEST = timedelta(days=31)
OVERLAP = "one_person_is_on_call_for_a_site"


class RotaRefused(Exception):
    """What cannot be entered; `field` names the field of the form it is about. The text says what to do."""

    def __init__(self, say: str, field: str = "") -> None:
        super().__init__(say)
        self.field = field


def add_duty(
    *,
    by: User,
    user_id: uuid.UUID,
    site_ids: Sequence[str],
    starts_at: datetime,
    ends_at: datetime,
    request_id: uuid.UUID | None = None,
) -> uuid.UUID:
    """Put somebody on call for these sites; the duty's key. All of it or nothing. Raises RotaRefused."""
    _manager(by)
    asked = {"user": user_id, "sites": sorted(site_ids), "from": starts_at.isoformat(), "until": ends_at.isoformat()}
    try:
        with (
            transaction.atomic(durable=True),
            once(request_id, user_id=by.pk, intent="add-on-call", asked=asked) as state,
        ):
            if state.repeated:
                return uuid.UUID(state.result["duty"])
            _check(user_id, site_ids, starts_at, ends_at)
            key = uuid.uuid4()
            OnCall.objects.bulk_create(
                OnCall(duty=key, user_id=user_id, site_id=site, starts_at=starts_at, ends_at=ends_at, made_by=by)
                for site in dict.fromkeys(site_ids)
            )
            state.result = {"duty": str(key)}
            record(Action.CREATE, "add-on-call", by=by, changes={"duty": str(key), "user": str(user_id)})
            look_for_gaps()
            return key
    except IntegrityError as error:
        if OVERLAP not in str(error):
            raise
        raise RotaRefused(_who_is_there(site_ids, starts_at, ends_at), "starts_at") from error


def end_duty(*, by: User, duty: uuid.UUID) -> bool:
    """Take a duty out of the rota, or end it now where it has begun: who was on call stays known. False if over."""
    _manager(by)
    with transaction.atomic(durable=True):
        moment = now()
        rows = list(OnCall.objects.select_for_update(of=("self",)).filter(duty=duty, ends_at__gt=moment))
        for row in rows:
            if row.starts_at >= moment:
                row.delete()
            else:
                row.ends_at = moment
                row.save(update_fields=["ends_at"])
        if rows:
            record(Action.CHANGE, "end-on-call", by=by, changes={"duty": str(duty), "user": str(rows[0].user_id)})
            look_for_gaps()
    return bool(rows)


def set_page_phone(*, by: User, user_id: uuid.UUID, phone: object) -> None:
    """Set the number on which a prescriber is paged by text; empty: by mail alone."""
    _manager(by)
    with transaction.atomic(durable=True):
        person = User.objects.select_for_update(no_key=True).get(pk=user_id)
        person.page_phone = phone or ""
        person.save(update_fields=["page_phone"])
        record(Action.CHANGE, "set-page-phone", by=by, subject=person, changes={"fields": ["page_phone"]})


def look_for_gaps() -> int:
    """Open or close each site's task about times without anybody on call, now and in the coming days; how many gaps."""
    moment, found = now(), 0
    until = moment + timedelta(days=ClinicSettings.current().on_call_days)
    for site_id in Site.objects.values_list("pk", flat=True):
        gaps = gaps_of(site_id, moment, until)
        if gaps:
            gap_is_known(site_id, gaps[0].start)
        else:
            close_tasks(subject_of(site_id), Kind.ON_CALL_GAP, by=None, outcome="covered")
        found += len(gaps)
    return found


def gap_is_known(site_id: str, starts_at: datetime) -> None:
    """Open the managers' task about a gap of a site, or move the open one to the earliest gap."""
    key = subject_of(site_id)
    changed = Task.objects.filter(kind=Kind.ON_CALL_GAP, subject_id=key, done_at__isnull=True)
    if not changed.exists():
        open_task(
            Kind.ON_CALL_GAP, subject_type=SUBJECT, subject_id=key, queue=Queue.MANAGERS, due_at=starts_at,
            site_id=site_id,
        )  # fmt: skip
    else:
        changed.exclude(due_at=starts_at).filter(due_at__gt=starts_at).update(due_at=starts_at)


def subject_of(site_id: str) -> uuid.UUID:
    """What the task about a site's gaps is about: sites have no UUID of their own."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"on-call/{site_id}")


def _manager(by: User) -> None:
    if Role.MANAGER not in by.roles or not by.is_active:
        raise PermissionDenied


def _check(user_id: uuid.UUID, site_ids: Sequence[str], starts_at: datetime, ends_at: datetime) -> None:
    if user_id not in {user.pk for user in prescribers()}:
        raise RotaRefused("Choose a prescriber who works here.", "user")
    if not site_ids:
        raise RotaRefused("Choose at least one site.", "sites")
    if ends_at <= starts_at:
        raise RotaRefused("The end must be after the start.", "ends_at")
    if ends_at <= now():
        raise RotaRefused("This is over already. Choose a time to come.", "ends_at")
    if ends_at - starts_at > LONGEST:
        raise RotaRefused("Nobody is on call for more than a month without a break.", "ends_at")


def _who_is_there(site_ids: Sequence[str], starts_at: datetime, ends_at: datetime) -> str:
    row = (
        OnCall.objects.filter(site_id__in=site_ids, starts_at__lt=ends_at, ends_at__gt=starts_at)
        .select_related("user", "site")
        .first()
    )
    if row is None:
        return "Somebody was put on call for that time just now. Please look again."
    return f"{row.user} is on call for {row.site} during that time. End that first, or choose other times."
