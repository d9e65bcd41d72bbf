"""Consent documents and what was signed: E-SIGN 15 USC 7001(c), fields of CLINICAL 8."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from intake.models.patient import Patient
from pacificmind.clock import now
from pacificmind.rows import Row


class ConsentDocument(models.Model):
    """One version of a document, with the SHA-256 of its exact text. A kind's highest version is the current one."""

    class Kind(models.TextChoices):
        TREATMENT = "treatment", "Treatment (off-label use)"
        TELEHEALTH = "telehealth", "Telehealth"
        COMMUNICATIONS = "communications", "How we write to you"
        PRIVACY = "privacy", "Privacy notice"

    kind = models.CharField(max_length=20, choices=Kind.choices)
    version = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=120)
    text = models.TextField()
    sha256 = models.CharField(max_length=64)
    published_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "version"], name="document_versions_are_distinct")]

    def __str__(self) -> str:
        return f"{self.title}, version {self.version}"


class Consent(Row):
    """A signature under one version of a document."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT)
    document = models.ForeignKey(ConsentDocument, on_delete=models.PROTECT)
    sha256 = models.CharField("of the text that was shown", max_length=64)
    typed_name = models.CharField(max_length=160)
    agreed = models.JSONField("each statement that was ticked", default=list)
    signed_at = models.DateTimeField(default=now)
    zone = models.CharField(max_length=64)
    signed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    address = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=300, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["patient", "document"], condition=Q(withdrawn_at__isnull=True), name="document_is_signed_once"
            ),
            models.CheckConstraint(condition=~Q(typed_name=""), name="consent_is_signed_with_a_name"),
        ]

    def __str__(self) -> str:
        return f"consent {self.pk}"
