"""Records of another site that were opened for a reason (break-glass)."""

import uuid
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from intake.models import Patient, RecordOpening
from pacificmind.accounts.models import User
from pacificmind.audit.models import Action, Entry
from pacificmind.clock import now


@dataclass(frozen=True, slots=True)
class Opening:
    """An opening that is in force: until when, and its reason as the record of looks tells it."""

    row: RecordOpening

    @property
    def words(self) -> str:
        """What stands beside each look: "Opened from another site: an emergency. ..."."""
        return f"Opened from another site. {self.row.get_why_display()}: {self.row.reason}"


def in_force(by: User, patient_id: uuid.UUID) -> Opening | None:
    """The user's opening of this record that has not run out."""
    rows = RecordOpening.objects.filter(user=by, patient=patient_id, at__lte=now(), until__gt=now())
    found = rows.order_by("-until").first()
    return Opening(found) if found else None


def opened_patients(by: User) -> Any:
    """Ids of the patients whose records are open to this user now, for a subquery."""
    return RecordOpening.objects.filter(user=by, at__lte=now(), until__gt=now()).values("patient")


def for_managers() -> QuerySet[RecordOpening]:
    """Every opening, those that nobody has looked at first; with how many looks it led to."""
    looks = (
        Entry.objects.filter(
            actor_id=OuterRef("user"),
            patient_id=OuterRef("patient"),
            action=Action.VIEW,
            at__range=(OuterRef("at"), OuterRef("until")),
        )
        .order_by()
        .values("actor_id")
        .annotate(many=Count("pk"))
        .values("many")
    )
    rows = RecordOpening.objects.select_related("user", "patient__site", "looked_by")
    return rows.annotate(looks=Coalesce(Subquery(looks), 0)).order_by("looked_at", "-at")


def elsewhere(by_sites: frozenset[str], *, phone: str, birth_on: date) -> list[Patient]:
    """Active patients of other sites with exactly this telephone and date of birth; at most two are told apart."""
    found = Patient.objects.filter(~Q(site__in=by_sites), phone=phone, birth_on=birth_on, status=Patient.Status.ACTIVE)
    return list(found.select_related("site")[:2])
