"""How many patients stand at once: the answers of `standing`, for a day's list, in one query."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import JSONObject

from intake.domain.inquiry import waits_for_a_look
from intake.models import Clearance, Condition, Consent, ConsentDocument, Inquiry, Lapse, Patient, SafetyAlert
from intake.queries.standing import CLEARED, Readiness
from pacificmind.prepared import PreparedValues, among


class Visit(Protocol):
    """What is asked of a visit: whose it is, when, where, what kind."""

    @property
    def pk(self) -> Any: ...
    @property
    def patient_id(self) -> Any: ...
    @property
    def site_id(self) -> Any: ...
    @property
    def kind(self) -> Any: ...
    @property
    def day(self) -> Any: ...


@dataclass(frozen=True)
class Standing:
    """One patient's newest decision, consent and alerts, as `standing` reads them one by one."""

    decision: Mapping[str, Any] | None
    urgent: bool
    consent: bool
    looks: frozenset[str] = frozenset()  # ids of visits whose answers wait for a clinician to look

    def covers(self, *, on: date, site_id: str, kind: str) -> bool:
        """Whether the newest decision is a clearance in force for this kind of visit, there, on that day (P6)."""
        found = self.decision
        if found is None or found["withdrawn"] or found["lapsed"]:
            return False
        if found["decision"] not in CLEARED or found["until_on"] is None:
            return False
        in_time = date.fromisoformat(found["from_on"]) <= on <= date.fromisoformat(found["until_on"])
        return in_time and kind in found["visit_kinds"] and site_id in found["sites"]

    def ready(self, *, on: date, site_id: str, kind: str) -> bool:
        """Covered, every condition met, no urgent alert open: all that the front desk may be told."""
        covered = self.covers(on=on, site_id=site_id, kind=kind)
        return covered and self.decision is not None and not self.decision["conditions_open"] and not self.urgent


def standings(patients: Iterable[uuid.UUID]) -> dict[uuid.UUID, Standing]:
    """The standing of each of these patients, in one query."""
    return {
        key: Standing(decision=newest, urgent=urgent, consent=signed, looks=_to_look_at(told))
        for key, newest, urgent, signed, told in _STANDINGS(patients=list(set(patients)))
    }


def _standings() -> QuerySet[Patient, tuple[Any, ...]]:
    newest = (
        Clearance.objects.filter(patient=OuterRef("pk"))
        .order_by("-signed_at")
        .values(
            data=JSONObject(
                decision="decision",
                withdrawn=Q(withdrawn_at__isnull=False),
                lapsed=Exists(Lapse.objects.filter(clearance=OuterRef("pk"), settled_at__isnull=True)),
                from_on="from_on",
                until_on="until_on",
                visit_kinds="visit_kinds",
                sites=ArraySubquery(Clearance.sites.through.objects.filter(clearance=OuterRef("pk")).values("site_id")),
                conditions_open=Exists(Condition.objects.filter(clearance=OuterRef("pk"), met_at__isnull=True)),
            )
        )[:1]
    )
    document = ConsentDocument.objects.filter(kind=ConsentDocument.Kind.TREATMENT).order_by("-version").values("pk")[:1]
    signed = Consent.objects.filter(patient=OuterRef("pk"), document=Subquery(document), withdrawn_at__isnull=True)
    alerts = SafetyAlert.objects.filter(patient=OuterRef("pk"), tier=SafetyAlert.Tier.URGENT_2, closed_at__isnull=True)
    return (
        Patient.objects.filter(among("pk", "patients"))
        .annotate(
            newest=Subquery(newest), urgent=Exists(alerts), signed=Exists(signed), told=_answers_before(), key=F("pk")
        )
        .values_list("key", "newest", "urgent", "signed", "told")
    )


_STANDINGS = PreparedValues(_standings)


def _answers_before() -> ArraySubquery:
    """What was answered before each of a patient's visits, oldest first."""
    rows = Inquiry.objects.filter(patient=OuterRef("pk"), kind=Inquiry.Kind.BEFORE, begun_at__isnull=False)
    return ArraySubquery(
        rows.order_by("begun_at").values(
            data=JSONObject(visit="visit_id", red="red", looked=Q(looked_at__isnull=False))
        )
    )


def _to_look_at(told: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """As `inquiries.waits_for_a_look`: of a visit, what was answered last counts."""
    last = {one["visit"]: one for one in told}
    return frozenset(key for key, one in last.items() if waits_for_a_look(one["red"], looked=one["looked"]))


def readiness_of(visits: Iterable[Visit]) -> dict[Any, Readiness]:
    """`standing.readiness` for many visits at once, by visit id, in one query whatever their number.

    Ask for infusions and boosters: a consultation needs no clearance.
    """
    asked = list(visits)
    if not asked:
        return {}
    known = standings({visit.patient_id for visit in asked})
    return {
        visit.pk: Readiness(
            clinician_says_ready=known[visit.patient_id].ready(on=visit.day, site_id=visit.site_id, kind=visit.kind),
            consent=known[visit.patient_id].consent,
            looks=str(visit.pk) in known[visit.patient_id].looks,
        )
        for visit in asked
    }
