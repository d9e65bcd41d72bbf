"""The suicide screen (ASQ) question by question: one sitting a positive answer, inside an intake or outside of it."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from intake.models.answers import Intake
from intake.models.patient import Patient
from intake.models.safety import SafetyAlert
from pacificmind.clock import now
from pacificmind.rows import Row


class AsqSitting(Row):
    """Once through the five questions. Open until it has ended; left in the middle, a sweep treats it as acute."""

    class Outcome(models.TextChoices):
        NEGATIVE = "negative", "Negative"
        NON_ACUTE = "non_acute", "Positive, not acute"
        ACUTE = "acute", "Positive, acute"
        REFUSED = "refused", "Not answered"
        UNFINISHED = "unfinished", "Left before the end"

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT)
    intake = models.ForeignKey(Intake, on_delete=models.PROTECT, null=True, blank=True)
    alert = models.ForeignKey(
        SafetyAlert, on_delete=models.PROTECT, null=True, blank=True, related_name="sittings"
    )  # what made it follow, or what it raised
    back_to = models.CharField("own page on which the patient goes on", max_length=200, blank=True)
    instrument = models.CharField("instrument and version, as ASQ/en/1", max_length=40)
    started_at = models.DateTimeField(default=now)
    last_at = models.DateTimeField("last answer, or the start", default=now)
    left_at = models.DateTimeField("when the sweep found it left in the middle", null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, blank=True)

    class Meta:
        ordering = ["-started_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["patient"], condition=Q(ended_at__isnull=True), name="one_open_sitting_a_patient"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, outcome="") | (Q(ended_at__isnull=False) & ~Q(outcome="")),
                name="sitting_that_ended_has_an_outcome",
            ),
        ]
        indexes = [
            models.Index(
                fields=["last_at"], name="sittings_left", condition=Q(ended_at__isnull=True, left_at__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return self.instrument

    @property
    def is_positive(self) -> bool:
        """Whether it has ended with a Yes: the page with help closes it."""
        return self.outcome in (self.Outcome.ACUTE, self.Outcome.NON_ACUTE)


class AsqAnswer(models.Model):
    """One answer. `said_yes` stays once it was said: taking a Yes back does not withdraw what it raised."""

    class Value(models.TextChoices):
        YES = "Y", "Yes"
        NO = "N", "No"
        REFUSED = "R", "Prefer not to answer"

    sitting = models.ForeignKey(AsqSitting, on_delete=models.PROTECT, related_name="answers")
    number = models.PositiveSmallIntegerField()
    value = models.CharField(max_length=1, choices=Value.choices)
    said_yes = models.BooleanField(default=False)
    words = models.TextField("how and when, or a description", blank=True)
    amended = models.BooleanField("another answer stood here before", default=False)
    answered_at = models.DateTimeField(default=now)
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["sitting", "number"], name="one_answer_an_asq_question"),
            models.CheckConstraint(condition=Q(number__range=(1, 5)), name="asq_has_questions_1_to_5"),
            models.CheckConstraint(condition=Q(value__in=("Y", "N", "R")), name="asq_answers_are_yes_no_or_refused"),
            models.CheckConstraint(condition=~Q(value="Y") | Q(said_yes=True), name="a_yes_was_said"),
        ]

    def __str__(self) -> str:
        return f"asq.{self.number}"
