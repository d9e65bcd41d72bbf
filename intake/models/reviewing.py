"""Around a review: who reads it now, what the patient was asked for, what made a decision lapse, who opened a record
of another site.
"""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from intake.models.answers import Intake
from intake.models.clearance import Clearance
from intake.models.patient import Patient
from pacificmind.clock import now
from pacificmind.rows import Row


class Presence(models.Model):
    """Somebody's review page is open: their browser said so at `seen_at`. Old rows mean nothing."""

    intake = models.ForeignKey(Intake, on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    seen_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["intake", "user"], name="reader_is_present_once")]

    def __str__(self) -> str:
        return f"presence {self.pk}"


class PatientQuestion(Row):
    """A clinician's question to the patient, and what they wrote back. Neither is ever changed."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT)
    intake = models.ForeignKey(Intake, on_delete=models.PROTECT, related_name="questions")
    text = models.CharField(max_length=1000)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(default=now)
    answer = models.CharField(max_length=4000, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    read_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    read_at = models.DateTimeField(null=True, blank=True)
    taken_back_at = models.DateTimeField("no longer asked", null=True, blank=True)

    class Meta:
        ordering = ["asked_at", "pk"]
        indexes = [models.Index(fields=["patient", "asked_at"], name="questions_by_patient")]
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="question_has_words"),
            models.CheckConstraint(
                condition=Q(answered_at__isnull=True, answer="") | (Q(answered_at__isnull=False) & ~Q(answer="")),
                name="answered_question_has_an_answer",
            ),
            models.CheckConstraint(
                condition=Q(read_at__isnull=True, read_by__isnull=True)
                | Q(read_at__isnull=False, read_by__isnull=False, answered_at__isnull=False),
                name="only_an_answer_is_read",
            ),
            models.CheckConstraint(
                condition=Q(taken_back_at__isnull=True) | Q(answered_at__isnull=True),
                name="answered_question_is_not_taken_back",
            ),
        ]

    def __str__(self) -> str:
        return f"question {self.pk}"


class Lapse(Row):
    """Why a decision no longer clears visits until a prescriber looks: found by screening, settled by a person."""

    class Why(models.TextChoices):
        CONTRAINDICATION = "contraindication", "A listed contraindication was found since"
        CHANGED = "changed", "An answer that matters was changed since"

    clearance = models.ForeignKey(Clearance, on_delete=models.PROTECT, related_name="lapses")
    why = models.CharField(max_length=20, choices=Why.choices)
    rules = ArrayField(models.CharField(max_length=8), default=list)
    found_on = models.ForeignKey(Intake, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    at = models.DateTimeField(default=now)
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    settled_why = models.CharField("why the decision still holds", max_length=500, blank=True)

    class Meta:
        ordering = ["-at"]
        constraints = [
            models.UniqueConstraint(
                fields=["clearance"], condition=Q(settled_at__isnull=True), name="decision_lapses_once_at_a_time"
            ),
            models.CheckConstraint(condition=~Q(rules=[]), name="lapse_names_its_rules"),
            models.CheckConstraint(
                condition=Q(settled_at__isnull=True, settled_by__isnull=True, settled_why="")
                | (Q(settled_at__isnull=False, settled_by__isnull=False) & ~Q(settled_why="")),
                name="settled_lapse_says_by_whom_and_why",
            ),
        ]

    def __str__(self) -> str:
        return f"lapse {self.pk}"


class RecordOpening(Row):
    """A clinician opened the record of a patient of another site, for a reason and a while (DESIGN 7)."""

    class Why(models.TextChoices):
        EMERGENCY = "emergency", "An emergency"
        COVER = "cover", "I cover for a colleague"
        ASKED = "asked", "The patient asked me"
        TRANSFER = "transfer", "The patient comes to my site"
        OTHER = "other", "Another reason"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    why = models.CharField(max_length=12, choices=Why.choices)
    reason = models.CharField(max_length=300)
    at = models.DateTimeField(default=now)
    until = models.DateTimeField()
    looked_at = models.DateTimeField("a manager looked at it", null=True, blank=True)
    looked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["-at"]
        indexes = [models.Index(fields=["user", "patient", "-until"], name="openings_in_force")]
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="opening_has_a_reason"),
            models.CheckConstraint(condition=Q(until__gt=F("at")), name="opening_ends_after_it_begins"),
            models.CheckConstraint(
                condition=Q(looked_at__isnull=True, looked_by__isnull=True)
                | Q(looked_at__isnull=False, looked_by__isnull=False),
                name="looked_at_opening_says_by_whom",
            ),
        ]

    def __str__(self) -> str:
        return f"opening {self.pk}"
