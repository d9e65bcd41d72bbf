"""Patients and what is known of them; requests, answers, findings, alerts, decisions, orders, consents."""

from intake.models.answers import Answer, Intake, Questionnaire, SectionSaved
from intake.models.clearance import BoosterOrder, Clearance, Condition, Override, Reevaluation, SeriesOrder
from intake.models.consent import Consent, ConsentDocument
from intake.models.inquiry import Inquiry
from intake.models.measures import StaffResult, StartDecision, VitalSigns
from intake.models.patient import ContactConsent, Patient
from intake.models.request import CallAttempt, ConsultationRequest
from intake.models.reviewing import Lapse, PatientQuestion, Presence, RecordOpening
from intake.models.safety import SafetyAlert
from intake.models.screening import Finding, LaterFact, RulesRevision, Screening

__all__ = [
    "Answer",
    "BoosterOrder",
    "CallAttempt",
    "Clearance",
    "Condition",
    "Consent",
    "ConsentDocument",
    "ConsultationRequest",
    "ContactConsent",
    "Finding",
    "Inquiry",
    "Intake",
    "Lapse",
    "LaterFact",
    "Override",
    "Patient",
    "PatientQuestion",
    "Presence",
    "Questionnaire",
    "RecordOpening",
    "Reevaluation",
    "RulesRevision",
    "SafetyAlert",
    "Screening",
    "SectionSaved",
    "SeriesOrder",
    "StaffResult",
    "StartDecision",
    "VitalSigns",
]
