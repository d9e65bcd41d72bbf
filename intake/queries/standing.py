"""How a patient stands: what scheduling may ask of intake, and nothing more."""

import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from intake.models import Clearance, Condition, Consent, ConsentDocument, Lapse, Questionnaire, SafetyAlert
from pacificmind.prepared import Prepared, Told

CLEARED = (Clearance.Decision.CLEARED, Clearance.Decision.CONDITIONS)


def latest_decision(patient_id: uuid.UUID) -> Clearance | None:
    """The newest signed decision: it alone governs, also when it was withdrawn or asks for more."""
    return _LATEST.first(patient=patient_id)


_LATEST = Prepared(lambda: Clearance.objects.filter(patient=Told("patient")).order_by("-signed_at")[:1])


def clearance_in_force(patient_id: uuid.UUID, *, on: date, site_id: str, kind: str) -> Clearance | None:
    """The clearance that covers a visit of this kind at this site on this local day (P6), its last day included."""
    decision = latest_decision(patient_id)
    if decision is None or decision.withdrawn_at is not None or decision.decision not in CLEARED:
        return None
    if decision.until_on is None or not decision.from_on <= on <= decision.until_on or kind not in decision.visit_kinds:
        return None
    if lapsed(decision):
        return None
    return decision if decision.sites.filter(pk=site_id).exists() else None


def lapsed(clearance: Clearance) -> bool:
    """Whether something was found since that the signer did not know, and no prescriber has looked yet."""
    return Lapse.objects.filter(clearance=clearance, settled_at__isnull=True).exists()


def conditions_open(clearance: Clearance) -> bool:
    """Whether a named condition of the clearance is not met yet."""
    return Condition.objects.filter(clearance=clearance, met_at__isnull=True).exists()


def consent_signed(patient_id: uuid.UUID, kind: str = ConsentDocument.Kind.TREATMENT) -> bool:
    """Whether the current version of the document is signed and not withdrawn."""
    current = ConsentDocument.objects.filter(kind=kind).order_by("-version").first()
    if current is None:
        return False
    return Consent.objects.filter(patient_id=patient_id, document=current, withdrawn_at__isnull=True).exists()


def urgent_alert_open(patient_id: uuid.UUID) -> bool:
    """Whether an URGENT-2 alert is open (P7)."""
    return SafetyAlert.objects.filter(
        patient_id=patient_id, tier=SafetyAlert.Tier.URGENT_2, closed_at__isnull=True
    ).exists()


def alert_open(patient_id: uuid.UUID) -> bool:
    """Whether any safety alert is open, whatever its tier."""
    return SafetyAlert.objects.filter(patient_id=patient_id, closed_at__isnull=True).exists()


def phq9_since(patient_id: uuid.UUID, *, now: datetime, hours: int = 72) -> bool:
    """Whether a scored PHQ-9 was answered within these hours (P10, CLINICAL 1.7)."""
    return Questionnaire.objects.filter(
        patient_id=patient_id,
        instrument="PHQ-9",
        status__in=("complete", "prorated"),
        answered_at__gt=now - timedelta(hours=hours),
        answered_at__lte=now,
    ).exists()


@dataclass(frozen=True)
class Readiness:
    """What the front desk may know: ready, or ask the clinician; and what it can see to itself."""

    clinician_says_ready: bool
    consent: bool
    looks: bool = False  # answers before this visit wait for a clinician to look

    @property
    def words(self) -> str:
        """As the front desk reads it."""
        return "Ready" if self.clinician_says_ready else "Ask the clinician"


def readiness(patient_id: uuid.UUID, *, on: date, site_id: str, kind: str) -> Readiness:
    """Whether a clearance with its conditions met covers the visit and no urgent alert is open; and the consent."""
    clearance = clearance_in_force(patient_id, on=on, site_id=site_id, kind=kind)
    ready = clearance is not None and not conditions_open(clearance) and not urgent_alert_open(patient_id)
    return Readiness(clinician_says_ready=ready, consent=consent_signed(patient_id))
