"""The record of one patient as clinicians of the site read it."""

from dataclasses import dataclass
from datetime import date

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Prefetch, QuerySet, Subquery
from django.db.models.functions import JSONObject

from intake.models import (
    BoosterOrder,
    Clearance,
    Condition,
    Consent,
    Intake,
    Lapse,
    Override,
    Patient,
    Questionnaire,
    SafetyAlert,
    StaffResult,
)
from intake.queries import measures
from pacificmind.accounts.models import Role, User
from pacificmind.clock import today
from pacificmind.ui.parts import Part, part

RECENT = 20  # questionnaires, readings, results


@dataclass(frozen=True, slots=True)
class RecordPage:
    """What the page shows; each list newest first."""

    patient: Patient
    today: date
    intakes: list[Intake]
    decisions: list[Clearance]
    alerts: list[SafetyAlert]
    consents: list[Consent]
    boosters: list[BoosterOrder]
    questionnaires: Part[Questionnaire]
    vitals: list[measures.Shown]
    results: Part[StaffResult]
    more_vitals: bool

    @property
    def governing(self) -> Clearance | None:
        """The newest decision: it alone governs, also where it is withdrawn, has ended or asks for more."""
        return self.decisions[0] if self.decisions else None

    @property
    def in_force(self) -> bool:
        """Whether the governing decision clears visits today."""
        newest = self.governing
        if newest is None or newest.withdrawn_at is not None or newest.until_on is None:
            return False
        if self.lapsed:
            return False
        return newest.from_on <= self.today <= newest.until_on

    @property
    def lapsed(self) -> bool:
        """Whether something was found since that the signer did not know, and no prescriber has looked yet."""
        newest = self.governing
        return newest is not None and getattr(newest, "lapse_why", None) is not None

    @property
    def open_alerts(self) -> list[SafetyAlert]:
        """Alerts that are not documented yet."""
        return [alert for alert in self.alerts if alert.closed_at is None]


def decisions_of(patient: Patient) -> QuerySet[Clearance]:
    """Every decision about a patient, newest first, with conditions, overrides, sites and orders."""
    return (
        Clearance.objects.filter(patient=patient)
        .select_related("intake", "signed_by", "withdrawn_by", "series_order")
        .annotate(
            site_names=ArraySubquery(
                Clearance.sites.through.objects.filter(clearance=OuterRef("pk"))
                .order_by("site__name")
                .values("site__name")
            ),
            override_rows=ArraySubquery(
                Override.objects.filter(clearance=OuterRef("pk"))
                .order_by("rule")
                .values(told=JSONObject(rule="rule", reason="reason"))
            ),
            lapse_why=Subquery(
                Lapse.objects.filter(clearance=OuterRef("pk"), settled_at__isnull=True).values("why")[:1]
            ),
        )
        .prefetch_related(
            Prefetch("conditions", Condition.objects.select_related("met_by", "met_with").order_by("pk")),
            "boosterorder_set",
        )
        .order_by("-signed_at")
    )


def questionnaires(patient: Patient, *, every: bool = False) -> Part[Questionnaire]:
    """The last questionnaires answered on their own, newest first."""
    return part(Questionnaire.objects.filter(patient=patient).order_by("-answered_at"), None if every else RECENT)


def of(patient: Patient, *, every: bool = False) -> RecordPage:
    """Read the record; `patient` comes with its site. The newest of long lists, unless every row is asked for."""
    most = None if every else RECENT
    vitals = measures.recent(patient.pk, most=most)
    boosters = BoosterOrder.objects.filter(patient=patient).select_related("ordered_by")
    return RecordPage(
        patient=patient,
        today=today(patient.site.zone),
        intakes=list(Intake.objects.filter(patient=patient).order_by("-number")),
        decisions=list(decisions_of(patient)),
        alerts=list(
            SafetyAlert.objects.filter(patient=patient).select_related("owner", "closed_by").order_by("-raised_at")
        ),
        consents=list(Consent.objects.filter(patient=patient).select_related("document").order_by("-signed_at")),
        boosters=list(boosters.prefetch_related("reevaluations__by").order_by("-ordered_at")),
        questionnaires=questionnaires(patient, every=every),
        vitals=measures.shown(vitals),
        results=measures.results(patient.pk, most=most),
        more_vitals=vitals.more,
    )


def clearances_of(by: User) -> QuerySet[Clearance]:
    """Decisions about patients of the clinician's sites."""
    return (
        Clearance.objects.filter(patient__site__in=by.sites(Role.CLINICIAN))
        .select_related("patient__site", "signed_by", "series_order")
        .prefetch_related("sites", "boosterorder_set")
    )


def conditions_of(by: User) -> QuerySet[Condition]:
    """Conditions of decisions about patients of the clinician's sites."""
    return Condition.objects.filter(clearance__patient__site__in=by.sites(Role.CLINICIAN)).select_related(
        "clearance__patient"
    )


def booster_orders_of(by: User) -> QuerySet[BoosterOrder]:
    """Booster orders of patients of the clinician's sites."""
    return BoosterOrder.objects.filter(patient__site__in=by.sites(Role.CLINICIAN)).select_related("patient__site")
