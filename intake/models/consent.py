"""Consent documents and what was signed: E-SIGN 15 USC 7001(c), fields of CLINICAL 8."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from intake.models.patient import Patient
from pacificmind.clock import now
from pacificmind.rows import Row


class ConsentDocument(models.Model):
    """One version of a document, with the SHA-256 of its exact text. A kind's highest version is the current one.

    The database refuses every change of a row and its removal: what was signed is what can be read.
    """

    class Kind(models.TextChoices):
        ELECTRONIC = "electronic", "Signing on a screen"
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
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    changes = models.CharField("what changed, in words for patients", max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "version"], name="document_versions_are_distinct"),
            models.CheckConstraint(condition=~Q(text=""), name="document_has_a_text"),
        ]

    def __str__(self) -> str:
        return f"{self.title}, version {self.version}"


class Consent(Row):
    """A signature under one version of a document: on a screen, or on paper and entered by staff."""

    class How(models.TextChoices):
        SCREEN = "screen", "On a screen"
        PAPER = "paper", "On paper"

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT)
    document = models.ForeignKey(ConsentDocument, on_delete=models.PROTECT)
    sha256 = models.CharField("of the text that was shown", max_length=64)
    typed_name = models.CharField(max_length=160)
    agreed = models.JSONField("each statement that was ticked", default=list)
    signed_at = models.DateTimeField(default=now)
    zone = models.CharField(max_length=64)
    how = models.CharField(max_length=6, choices=How.choices, default=How.SCREEN)
    signed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True)
    auth_method = models.CharField("how they had signed in", max_length=60, blank=True)
    disclosure = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="agreement to sign on screen",
    )
    access_shown = models.BooleanField("showed that they can read documents here", default=False)
    copy_to = models.CharField("copy handed over by", max_length=20, default="portal")
    paper_signed_on = models.DateField(null=True, blank=True)
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    address = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=300, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    withdrawn_why = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    how="screen", signed_by__isnull=False, entered_by__isnull=True, paper_signed_on__isnull=True
                )
                | Q(how="paper", entered_by__isnull=False, paper_signed_on__isnull=False),
                name="paper_consent_says_when_and_by_whom",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=False) | Q(withdrawn_by__isnull=True, withdrawn_why=""),
                name="only_withdrawn_consent_says_by_whom",
            ),
            models.UniqueConstraint(
                fields=["patient", "document"], condition=Q(withdrawn_at__isnull=True), name="document_is_signed_once"
            ),
            models.CheckConstraint(condition=~Q(typed_name=""), name="consent_is_signed_with_a_name"),
        ]

    def __str__(self) -> str:
        return f"consent {self.pk}"
