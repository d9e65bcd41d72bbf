"""Who else reads a review at present: whose page says that it is open, and who opened it a moment ago."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Max, OuterRef, Subquery, Value

from intake.models import Clearance, Intake, Presence
from pacificmind.accounts.models import User
from pacificmind.audit.models import Action, Entry
from pacificmind.clock import now

OPEN_FOR = timedelta(seconds=100)  # an open page says so every 45 seconds
OPENED_WITHIN = timedelta(minutes=10)
LOOK = "review"  # what the audit calls a look at the page


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody else. `is_open`: their page is open now; else they opened it at `at`, and it may be closed again."""

    name: str
    at: datetime
    is_open: bool


def readers(intake: Intake, *, but: User) -> list[Reader]:
    """Everybody else who reads this version, those with an open page first; one query."""
    present = now()
    fresh = Presence.objects.filter(intake=intake, seen_at__gt=present - OPEN_FOR).exclude(user=but)
    looks = (
        Entry.objects.filter(
            patient_id=intake.patient_id,
            what=LOOK,
            action=Action.VIEW,
            subject_id=str(intake.pk),
            at__gt=present - OPENED_WITHIN,
        )
        .exclude(actor_id=but.pk)
        .order_by()
        .values_list("actor_id")
        .annotate(
            name=Subquery(User.objects.filter(pk=OuterRef("actor_id")).values("name")[:1]),
            last=Max("at"),
            is_open=Value(False),
        )
    )
    open_now = fresh.order_by().values_list("user_id", "user__name", "seen_at", Value(True))
    found: dict[uuid.UUID, Reader] = {}
    for pk, name, at, is_open in sorted(open_now.union(looks, all=True), key=lambda row: not row[3]):
        found.setdefault(pk, Reader(name or "A colleague", at, is_open))
    return sorted(found.values(), key=lambda one: (not one.is_open, one.name))


def newest_decision(patient_id: uuid.UUID) -> str:
    """The id of the newest decision about a patient, "none" where there is none: what an open page compares with."""
    newest = Clearance.objects.filter(patient_id=patient_id).order_by("-signed_at").values_list("pk", flat=True).first()
    return str(newest or "none")


def being_read(intakes: list[uuid.UUID], *, but: User) -> set[uuid.UUID]:
    """Those of the intakes whose page somebody else has open now."""
    rows = Presence.objects.filter(intake__in=intakes, seen_at__gt=now() - OPEN_FOR).exclude(user=but)
    return set(rows.values_list("intake_id", flat=True))
