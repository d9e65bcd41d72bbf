"""Safety alerts: raised in the transaction that stores the answer, never closed by software."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from intake.models.answers import Answer
from intake.models.patient import Patient
from pacificmind.clinic.models import Site
from pacificmind.clock import now
from pacificmind.rows import Row


class SafetyAlert(Row):
    """An answer that needs a person, with an owner and a clock (CLINICAL 4)."""

    class Tier(models.TextChoices):
        URGENT_2 = "URGENT-2", "Urgent: now"
        URGENT_1 = "URGENT-1", "Urgent: today"

    class Trigger(models.TextChoices):
        PHQ9_ITEM_9 = "phq9-item9", "PHQ-9 item 9"
        ASQ = "asq", "ASQ"
        WORDS = "words", "Words in a free text"
        STAFF = "staff", "Raised by staff"

    class Level(models.TextChoices):
        NONE = "none", "No current risk found"
        LOW = "low", "Low"
        MODERATE = "moderate", "Moderate"
        HIGH = "high", "High"

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT)
    site = models.ForeignKey(Site, on_delete=models.PROTECT)
    tier = models.CharField(max_length=10, choices=Tier.choices)
    trigger = models.CharField(max_length=20, choices=Trigger.choices)
    answer = models.ForeignKey(Answer, on_delete=models.PROTECT, null=True, blank=True)
    value = models.CharField("what was answered", max_length=20, blank=True)
    amended = models.BooleanField("the answer was changed later", default=False)
    raised_at = models.DateTimeField(default=now, editable=False)
    acknowledge_by = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    tool = models.CharField("assessment used", max_length=80, blank=True)
    level = models.CharField(max_length=10, choices=Level.choices, blank=True)
    plan = models.TextField("mitigation and safety plan", blank=True)
    follow_up_on = models.DateField(null=True, blank=True)
    disposition = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-tier", "raised_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(acknowledged_at__isnull=True, owner__isnull=True)
                | Q(acknowledged_at__isnull=False, owner__isnull=False),
                name="acknowledged_alert_has_an_owner",
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True)
                | (
                    Q(closed_by__isnull=False, acknowledged_at__isnull=False, follow_up_on__isnull=False)
                    & ~Q(tool="")
                    & ~Q(level="")
                    & ~Q(plan="")
                    & ~Q(disposition="")
                ),
                name="closed_alert_is_documented",
                violation_error_message="Record the assessment, level, plan, follow-up date and disposition first.",
            ),
        ]
        indexes = [
            models.Index(fields=["patient", "tier"], name="alerts_open_by_patient", condition=Q(closed_at__isnull=True))
        ]

    def __str__(self) -> str:
        return f"{self.tier} alert"
