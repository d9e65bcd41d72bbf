"""The intake: versions, answers one by one, and questionnaires asked again later."""

from typing import TYPE_CHECKING

from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.models import Q

from intake.models.patient import Patient
from pacificmind.clock import now
from pacificmind.rows import Row

if TYPE_CHECKING:
    from intake.models.screening import Finding


class Intake(Row):
    """One version of a patient's intake: open while they answer, then submitted and never changed again."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT)
    number = models.PositiveSmallIntegerField("version of this patient's intake", default=1)
    started_at = models.DateTimeField(default=now)
    submitted_at = models.DateTimeField(null=True, blank=True)
    ruleset = models.CharField("screening rules it was read with", max_length=40, blank=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["patient", "number"], name="intake_versions_are_distinct"),
            models.UniqueConstraint(
                fields=["patient"], condition=Q(submitted_at__isnull=True), name="one_open_intake_a_patient"
            ),
        ]

    def __str__(self) -> str:
        return f"intake, version {self.number}"

    @property
    def findings(self) -> "models.QuerySet[Finding]":
        """What the newest run of the rules raised on this version; older runs are kept, and read by their own rows."""
        finding = apps.get_model("intake", "Finding")
        return finding._default_manager.filter(screening__intake=self, screening__current=True)


class Answer(models.Model):
    """One answer. *Declined* ("prefer not to answer") is not the same as unanswered, which has no row."""

    class Status(models.TextChoices):
        ANSWERED = "answered"
        DECLINED = "declined"
        NOT_ASKED = "not_asked"

    intake = models.ForeignKey(Intake, on_delete=models.PROTECT, related_name="answers")
    section = models.CharField(max_length=40)
    item = models.CharField("question, as phq9.1", max_length=60)
    instrument = models.CharField("instrument and version, as PHQ-9/1", max_length=40, blank=True)
    value = models.JSONField(null=True, blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.ANSWERED)
    answered_at = models.DateTimeField(default=now)
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True)
    amended = models.BooleanField("another answer stood here before", default=False)
    page = models.CharField("open page it was last saved from", max_length=32, blank=True)
    step = models.PositiveIntegerField("which sending of that page", default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["intake", "item"], name="one_answer_an_item"),
            models.CheckConstraint(
                condition=Q(status="answered", value__isnull=False) | (~Q(status="answered") & Q(value__isnull=True)),
                name="answer_has_a_value_exactly_when_answered",
            ),
        ]

    def __str__(self) -> str:
        return self.item


class SectionSaved(models.Model):
    """When a section of an intake was last saved as complete."""

    intake = models.ForeignKey(Intake, on_delete=models.PROTECT, related_name="saved_sections")
    section = models.CharField(max_length=40)
    at = models.DateTimeField(default=now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["intake", "section"], name="section_is_saved_once")]

    def __str__(self) -> str:
        return self.section


class Questionnaire(Row):
    """One instrument answered on its own: before an infusion, at a re-evaluation, at a check-in.

    Beside the published instruments, `instrument` may be SIDE-EFFECTS, URINARY or SUBSTANCE: questions of our own,
    never scored (status `unscored`), whose `items` are the answers as chosen.
    """

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT)
    instrument = models.CharField(max_length=20)
    version = models.CharField(max_length=20)
    items = models.JSONField(default=list)
    status = models.CharField(max_length=12)
    score = models.DecimalField(max_digits=6, decimal_places=2, null=True, blank=True)
    severity = models.CharField(max_length=30, blank=True)
    answered_at = models.DateTimeField(default=now)
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True)
    inquiry = models.ForeignKey(
        "intake.Inquiry",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="questionnaires",
        verbose_name="the questions it was answered with; none where a clinician entered it",
    )
    amends = models.OneToOneField(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="amended_by",
        verbose_name="the one whose answers it changes: that one stays, and counts no more",
    )

    class Meta:
        indexes = [models.Index(fields=["patient", "instrument", "-answered_at"], name="questionnaires_latest")]
        constraints = [
            models.CheckConstraint(
                condition=Q(score__isnull=True) | Q(score__gte=0), name="questionnaire_score_is_not_negative"
            )
        ]

    def __str__(self) -> str:
        return self.instrument
