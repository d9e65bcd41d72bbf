"""What clinicians find in the queue, and how they come to a patient: always limited to the sites of whoever looks."""

import uuid
from datetime import timedelta

from django.db.models import Case, Count, Exists, IntegerField, OuterRef, Q, QuerySet, Value, When

from intake.models import Clearance, Finding, Intake, Patient, SafetyAlert
from intake.queries.openings import opened_patients
from pacificmind.accounts.models import Role, User
from pacificmind.clinic.models import Site
from pacificmind.clock import now

LATELY = timedelta(days=30)
ALERT, CONTRA, REVIEW = "alert", "contra", "review"
FLAG_FILTERS = {ALERT: "Open safety alert", CONTRA: "Contraindication", REVIEW: "To look at"}


def clinician_sites(by: User) -> QuerySet[Site]:
    """The sites at which this user is a clinician."""
    return Site.objects.filter(pk__in=by.sites(Role.CLINICIAN))


def patients_of(by: User) -> QuerySet[Patient]:
    """Patients of the clinician's sites, with their site."""
    return Patient.objects.filter(site__in=by.sites(Role.CLINICIAN)).select_related("site")


def submitted_intakes(by: User) -> QuerySet[Intake]:
    """Submitted versions of those patients, with patient and site."""
    return Intake.objects.filter(submitted_at__isnull=False, patient__site__in=by.sites(Role.CLINICIAN)).select_related(
        "patient__site"
    )


def readable_patients(by: User) -> QuerySet[Patient]:
    """Those, and the patients of other sites whose record the clinician has opened for a while (break-glass)."""
    theirs = Q(site__in=by.sites(Role.CLINICIAN)) | Q(pk__in=opened_patients(by))
    return Patient.objects.filter(theirs).select_related("site")


def readable_intakes(by: User) -> QuerySet[Intake]:
    """Submitted versions of those patients: to be read, not to be decided on."""
    theirs = Q(patient__site__in=by.sites(Role.CLINICIAN)) | Q(patient__in=opened_patients(by))
    return Intake.objects.filter(theirs, submitted_at__isnull=False).select_related("patient__site")


def versions(rows: QuerySet[Intake], intake_id: uuid.UUID) -> QuerySet[Intake]:
    """Of these, every version of the patient whose intake this is, by number."""
    whose = Intake.objects.filter(pk=intake_id).values("patient")
    return rows.filter(patient__in=whose).order_by("number")


def _newer_version(of: str) -> Exists:
    return Exists(
        Intake.objects.filter(
            patient=OuterRef("patient"), submitted_at__isnull=False, number__gt=OuterRef(f"{of}number")
        )
    )


def _newer_decision() -> Exists:
    return Exists(Clearance.objects.filter(patient=OuterRef("patient"), signed_at__gt=OuterRef("signed_at")))


def _open_alert(tier: str) -> Exists:
    return Exists(SafetyAlert.objects.filter(patient=OuterRef("patient"), tier=tier, closed_at__isnull=True))


def _found(flag: str) -> Count:
    current = Q(screenings__current=True, screenings__findings__flag=flag)
    return Count("screenings__findings", filter=current)


def awaiting(by: User) -> QuerySet[Intake]:
    """Newest submitted intakes without a decision, with `urgent_2`, `urgent_1`, `contra`, `to_review` and `rank`.

    Open URGENT-2 alerts of the patient first, then URGENT-1, then contraindications; within each the oldest first.
    """
    decided = Exists(Clearance.objects.filter(intake=OuterRef("pk")))
    return (
        submitted_intakes(by)
        .filter(~decided, ~_newer_version(""), patient__status=Patient.Status.ACTIVE)
        .annotate(
            urgent_2=_open_alert(SafetyAlert.Tier.URGENT_2),
            urgent_1=_open_alert(SafetyAlert.Tier.URGENT_1),
            contra=_found("CONTRA"),
            to_review=_found("REVIEW"),
        )
        .annotate(
            rank=Case(
                When(urgent_2=True, then=Value(0)),
                When(urgent_1=True, then=Value(1)),
                When(contra__gt=0, then=Value(2)),
                default=Value(3),
                output_field=IntegerField(),
            )
        )
        .order_by("rank", "submitted_at", "pk")
    )


def with_flag(rows: QuerySet[Intake], flag: str) -> QuerySet[Intake]:
    """Those of the queue that carry a flag of FLAG_FILTERS; all of them for any other word."""
    if flag == ALERT:
        return rows.filter(Q(urgent_2=True) | Q(urgent_1=True))
    if flag in (CONTRA, REVIEW):
        current = Finding.objects.filter(screening__intake=OuterRef("pk"), screening__current=True)
        return rows.filter(Exists(current.filter(flag=flag.upper())))
    return rows


def _decisions(by: User) -> QuerySet[Clearance]:
    return Clearance.objects.filter(patient__site__in=by.sites(Role.CLINICIAN)).select_related(
        "patient__site", "intake", "signed_by"
    )


def waiting_for_patient(by: User) -> QuerySet[Clearance]:
    """Where the newest decision asked for more and no newer version has come in, longest wait first."""
    asked = _decisions(by).filter(decision=Clearance.Decision.MORE, patient__status=Patient.Status.ACTIVE)
    return asked.filter(~_newer_version("intake__"), ~_newer_decision()).order_by("signed_at")


def decided_lately(by: User) -> QuerySet[Clearance]:
    """Decisions of the last 30 days, newest first."""
    return _decisions(by).filter(signed_at__gt=now() - LATELY).order_by("-signed_at")


def at_site(rows: QuerySet[Intake] | QuerySet[Clearance], site: str) -> QuerySet[Intake] | QuerySet[Clearance]:
    """Those whose patient belongs to this site."""
    return rows.filter(patient__site=site)


def named(rows: QuerySet[Intake] | QuerySet[Clearance], words: str) -> QuerySet[Intake] | QuerySet[Clearance]:
    """Those whose patient's names contain every word."""
    for word in words.split():
        rows = rows.filter(
            Q(patient__given_name__icontains=word)
            | Q(patient__family_name__icontains=word)
            | Q(patient__preferred_name__icontains=word)
        )
    return rows
