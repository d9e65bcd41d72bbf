"""The clinic's own screening rules: a manager proposes a whole set of changes, a prescriber signs, its moment comes."""

import uuid
from collections.abc import Collection, Mapping
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import Max

from intake.domain import library
from intake.domain.policy import Policy
from intake.domain.reading import DataError
from intake.models import RulesRevision
from intake.services.guards import confirm_signature, deciding
from pacificmind.accounts.models import PRESCRIBER, Role, User
from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from pacificmind.clinic.models import Site
from pacificmind.clock import now
from pacificmind.idempotency.services import once
from pacificmind.tasks.models import Kind, Queue
from pacificmind.tasks.services import close_tasks, open_task

OPEN = "one_open_rules_revision"


class RulesRefused(Exception):
    """The change cannot be made as it stands. The text says what to do."""


def propose(
    *,
    by: User,
    thresholds: Mapping[str, float],
    off: Collection[str],
    reasons: Mapping[str, str],
    why: str,
    doses: Mapping[str, float] | None = None,
    from_on: date | None = None,
    request_id: uuid.UUID | None = None,
) -> RulesRevision:
    """Propose what this clinic wants changed in the shipped rules: all of it, not only what is new.

    Numbers, words and least doses (mg a day by medicine) equal to the shipped ones are left out. `from_on` is a day of
    the clinic; without one it holds from the signature. Raises RulesRefused, PermissionDenied.
    """
    _manager(by)
    shipped = library.policy()
    changed = {name: value for name, value in thresholds.items() if value != getattr(shipped.thresholds, name, None)}
    words = {
        rule: text.strip()
        for rule, text in reasons.items()
        if rule not in shipped.rules or text.strip() != shipped.rules[rule].reason
    }
    if not why.strip():
        raise RulesRefused("Say why the rules are changed: whoever signs reads it.")
    least = dict(_check(changed, off, words, doses or {}).doses)
    asked = {"thresholds": changed, "off": sorted(off), "reasons": words, "doses": least, "why": why,
             "from": str(from_on)}  # fmt: skip
    with deciding(), once(request_id, user_id=by.pk, intent="propose-rules", asked=asked) as state:
        if state.repeated:
            return RulesRevision.objects.get(pk=state.result["revision"])
        made = _write(by, changed, off, words, least, why.strip(), _midnight(from_on))
        state.result["revision"] = str(made.pk)
        record(Action.CREATE, "propose-rules", by=by, subject=made, changes={"number": made.number, **_names(made)})
        open_task(
            Kind.RULES_TO_SIGN,
            subject_type="intake.rulesrevision",
            subject_id=made.pk,
            queue=Queue.PRESCRIBERS,
            due_at=made.effective_at,
        )
    return made


def drop(*, by: User, revision: RulesRevision) -> None:
    """Take an unsigned proposal back. Raises RulesRefused, PermissionDenied."""
    _manager(by)
    with deciding():
        row = _open_row(revision)
        row.dropped_at, row.dropped_by = now(), by
        row.save(update_fields=["dropped_at", "dropped_by"])
        close_tasks(row.pk, Kind.RULES_TO_SIGN, by=by, outcome="dropped")
        record(Action.CHANGE, "drop-rules", by=by, subject=row, changes={"number": row.number})


def sign(*, by: User, revision: RulesRevision, password: str) -> RulesRevision:
    """A prescriber signs a proposal: it holds from its day, or from now. Patients are screened again soon after.

    Raises WrongPassword, RulesRefused, PermissionDenied.
    """
    if not by.is_active or PRESCRIBER not in by.roles:
        raise PermissionDenied
    confirm_signature(by=by, password=password, patient_id=None)
    with deciding():
        row = _open_row(revision)
        _check(row.thresholds, row.off, row.reasons, row.doses)
        moment = now()
        row.signed_at, row.signed_by, row.effective_at = moment, by, max(moment, row.effective_at)
        row.save(update_fields=["signed_at", "signed_by", "effective_at"])
        close_tasks(row.pk, Kind.RULES_TO_SIGN, by=by, outcome="signed")
        record(Action.SIGN, "sign-rules", by=by, subject=row, changes={"number": row.number})
    return row


def clinic_zone() -> str:
    """The zone in which a day begins for the clinic as a whole: that of its first site."""
    site = Site.objects.order_by("slug").first()
    return site.zone if site else settings.TIME_ZONE


def _manager(by: User) -> None:
    if not by.is_active or Role.MANAGER not in by.roles:
        raise PermissionDenied


def _check(
    thresholds: Mapping[str, float], off: Collection[str], reasons: Mapping[str, str], doses: Mapping[str, float]
) -> Policy:
    try:
        return library.clinic_policy(
            thresholds=thresholds, off=frozenset(off), reasons=reasons, doses=doses, revision=0
        )
    except DataError as problem:
        raise RulesRefused(f"{problem}.") from problem


def _write(
    by: User,
    thresholds: Mapping[str, float],
    off: Collection[str],
    reasons: Mapping[str, str],
    doses: Mapping[str, float],
    why: str,
    at: datetime,
) -> RulesRevision:
    last = RulesRevision.objects.aggregate(last=Max("number"))["last"] or 0
    try:
        with transaction.atomic():
            return RulesRevision.objects.create(
                number=last + 1,
                base=library.policy().version,
                thresholds=dict(thresholds),
                off=sorted(off),
                reasons=dict(reasons),
                doses=dict(doses),
                why=why[:500],
                made_by=by,
                effective_at=at,
            )
    except IntegrityError as problem:
        raise RulesRefused("A proposal is open already: have it signed, or drop it first.") from problem


def _open_row(revision: RulesRevision) -> RulesRevision:
    row = RulesRevision.objects.select_for_update().get(pk=revision.pk)
    if row.signed_at is not None or row.dropped_at is not None:
        raise RulesRefused("This proposal was signed or dropped already.")
    return row


def _midnight(day: date | None) -> datetime:
    """The beginning of a day at the clinic; the present moment where no day is given."""
    return now() if day is None else datetime.combine(day, time(), tzinfo=ZoneInfo(clinic_zone()))


def _names(made: RulesRevision) -> dict[str, object]:
    return {"thresholds": made.thresholds, "off": made.off, "reasons": sorted(made.reasons), "doses": made.doses}
