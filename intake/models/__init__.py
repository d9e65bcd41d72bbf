"""Patients and what is known of them; requests, answers, findings, alerts, decisions, orders, consents."""

from intake.models.answers import Answer, Intake, Questionnaire, SectionSaved
from intake.models.asq import AsqAnswer, AsqSitting
from intake.models.clearance import BoosterOrder, Clearance, Condition, Override, Reevaluation, SeriesOrder
from intake.models.consent import Consent, ConsentDocument
from intake.models.inquiry import Inquiry
from intake.models.measures import StaffResult, StartDecision, VitalSigns
from intake.models.oncall import OnCall
from intake.models.patient import ContactConsent, Patient
from intake.models.request import CallAttempt, ConsultationRequest
from intake.models.reviewing import Lapse, PatientQuestion, Presence, RecordOpening
from intake.models.safety import SafetyAlert, SafetyEvent
from intake.models.safetyplan import SafetyPlan, Whereabouts
from intake.models.screening import Finding, LaterFact, RulesRevision, Screening

__all__ = [
    "Answer",
    "AsqAnswer",
    "AsqSitting",
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
    "OnCall",
    "Override",
    "Patient",
    "PatientQuestion",
    "Presence",
    "Questionnaire",
    "RecordOpening",
    "Reevaluation",
    "RulesRevision",
    "SafetyAlert",
    "SafetyEvent",
    "SafetyPlan",
    "Screening",
    "SectionSaved",
    "SeriesOrder",
    "StaffResult",
    "StartDecision",
    "VitalSigns",
    "Whereabouts",
]
