"""Intake in the technical admin: read-only, and without clinical content.

What changes a record goes through the services. Answers, findings, questionnaires, conditions and notes are read on
the clinicians' pages alone (DESIGN 7): they are neither registered nor among the fields here.
"""

from django.contrib import admin

from intake import models
from pacificmind.ui.admin import ListAuditedAdmin, ReadOnlyAdmin


@admin.register(models.Patient)
class PatientAdmin(ListAuditedAdmin):
    """Patients."""

    list_display = ("id", "site", "status", "made_at")
    list_filter = ("site", "status")


@admin.register(models.Intake)
class IntakeAdmin(ListAuditedAdmin):
    """Versions of intakes."""

    list_display = ("id", "patient_id", "number", "started_at", "submitted_at", "ruleset")


@admin.register(models.Clearance)
class ClearanceAdmin(ListAuditedAdmin):
    """Signed decisions."""

    list_display = ("id", "patient_id", "from_on", "until_on", "signed_at", "withdrawn_at")
    exclude = ("decision", "note", "words", "withdrawn_why")


@admin.register(models.BoosterOrder)
class BoosterOrderAdmin(ListAuditedAdmin):
    """Booster orders."""

    list_display = ("id", "patient_id", "count", "status", "until_on", "started_on")
    list_filter = ("status",)


@admin.register(models.SafetyAlert)
class SafetyAlertAdmin(ListAuditedAdmin):
    """Alerts with their clocks."""

    list_display = ("id", "site", "tier", "raised_at", "acknowledged_at", "closed_at")
    list_filter = ("tier", "site")
    exclude = ("trigger", "answer", "value", "tool", "level", "plan", "safety_plan", "disposition")


@admin.register(models.Consent)
class ConsentAdmin(ListAuditedAdmin):
    """Signed consents."""

    list_display = ("id", "patient_id", "document", "signed_at", "withdrawn_at")


@admin.register(models.ConsultationRequest)
class ConsultationRequestAdmin(ListAuditedAdmin):
    """Consultation requests."""

    list_display = ("id", "site", "status", "made_at")
    list_filter = ("site", "status")
    exclude = ("reason", "times_note")


@admin.register(models.ContactConsent)
class ContactConsentAdmin(ListAuditedAdmin):
    """Consents to be written to."""

    list_display = ("id", "patient_id", "channel", "given", "at")


@admin.register(models.ConsentDocument)
class ConsentDocumentAdmin(ReadOnlyAdmin):
    """Versions of consent documents."""

    list_display = ("kind", "version", "title", "published_at")


@admin.register(models.SeriesOrder)
class SeriesOrderAdmin(ReadOnlyAdmin):
    """Orders of series."""

    list_display = ("id", "infusions", "per_week", "ordered_at")


admin.site.register([models.CallAttempt, models.SectionSaved], ReadOnlyAdmin)
