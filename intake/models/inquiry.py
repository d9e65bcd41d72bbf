"""Questions for one occasion: before a visit, or some days after one. Answered by a link or in the portal."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from intake.models.patient import Patient
from pacificmind.clinic.models import Site
from pacificmind.clock import now
from pacificmind.rows import Row


class Inquiry(Row):
    """What a patient is asked on one occasion, and what they answered. `visit_id` names the visit it belongs to.

    The link's token is made from the row's id and the server's key whenever it is needed; here its hash stands.
    """

    class Kind(models.TextChoices):
        BEFORE = "before_visit", "Before a visit"
        AFTER = "check_in", "Check-in"

    kind = models.CharField(max_length=12, choices=Kind.choices)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT)
    site = models.ForeignKey(Site, on_delete=models.PROTECT)
    visit_id = models.UUIDField("visit it belongs to")
    visit_version = models.PositiveIntegerField("version of the visit; 0 for a check-in", default=0)
    days_after = models.PositiveSmallIntegerField("days after the visit; 0 before one", default=0)
    treatments = models.PositiveSmallIntegerField("treatments given up to then", default=0)
    opens_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    token_hash = models.CharField(max_length=64, unique=True)
    tries = models.PositiveSmallIntegerField("wrong dates of birth", default=0)
    parts = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    done = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    answers = models.JSONField("answers by question; null where declined", default=dict, blank=True)
    red = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    made_at = models.DateTimeField(default=now)
    begun_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField("answered to the end", null=True, blank=True)
    looked_at = models.DateTimeField("a clinician has looked", null=True, blank=True)
    looked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_why = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name_plural = "inquiries"
        ordering = ["opens_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["visit_id", "kind", "visit_version", "days_after"], name="one_inquiry_an_occasion"
            ),
            models.CheckConstraint(condition=Q(expires_at__gt=models.F("opens_at")), name="inquiry_expires_later"),
            models.CheckConstraint(
                condition=Q(kind="before_visit", days_after=0) | Q(kind="check_in", days_after__gte=1, visit_version=0),
                name="inquiry_is_before_a_visit_or_days_after_one",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, ended_why="") | (Q(ended_at__isnull=False) & ~Q(ended_why="")),
                name="ended_inquiry_says_why",
            ),
            models.CheckConstraint(
                condition=Q(looked_at__isnull=True, looked_by__isnull=True)
                | Q(looked_at__isnull=False, looked_by__isnull=False),
                name="inquiry_was_looked_at_by_somebody",
            ),
        ]
        indexes = [
            models.Index(fields=["patient", "-opens_at"], name="inquiries_of_a_patient"),
            models.Index(fields=["visit_id"], name="inquiries_of_a_visit"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"
