"""Screening: each run over a patient's facts with what it raised, facts told after the intake, the clinic's rules."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from intake.models.answers import Intake
from intake.models.patient import Patient
from pacificmind.clock import now
from pacificmind.rows import Row


class Screening(Row):
    """One run of the rules over a version of an intake and what has been told since. Never changed, only followed."""

    class Cause(models.TextChoices):
        INTAKE = "intake", "The intake was sent"
        RESULTS = "results", "Results were entered"
        QUESTIONNAIRE = "questionnaire", "A questionnaire was answered"
        CHECK_IN = "check_in", "The patient checked in"
        RULES = "rules", "The rules changed"

    intake = models.ForeignKey(Intake, on_delete=models.PROTECT, related_name="screenings")
    cause = models.CharField(max_length=20, choices=Cause.choices)
    ruleset = models.CharField("screening rules it was read with", max_length=40)
    facts = models.JSONField("facts it read, as in docs/screening.md", default=dict)
    at = models.DateTimeField(default=now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    current = models.BooleanField("the newest of this version of the intake", default=True)

    class Meta:
        ordering = ["-at"]
        constraints = [
            models.UniqueConstraint(
                fields=["intake"], condition=Q(current=True), name="one_current_screening_an_intake"
            )
        ]
        indexes = [models.Index(fields=["intake", "-at"], name="screenings_latest")]

    def __str__(self) -> str:
        return f"screening {self.pk}"


class Finding(models.Model):
    """What a rule raised in one run: kept as it was read, with the rule's version."""

    screening = models.ForeignKey(Screening, on_delete=models.PROTECT, related_name="findings")
    rule = models.CharField(max_length=8)
    version = models.CharField(max_length=40)
    flag = models.CharField(max_length=12)
    high = models.BooleanField(default=False)
    reason = models.CharField(max_length=500)
    source = models.CharField(max_length=300)
    because = models.JSONField(default=list)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["screening", "rule"], name="a_rule_speaks_once_of_a_screening")]

    def __str__(self) -> str:
        return f"{self.rule} {self.flag}"


class LaterFact(models.Model):
    """A fact told or measured after the intake: by staff, at a check-in, in a series. Added to, never changed.

    `name` and `value` are those of `manage.py screen` (docs/screening.md). The newest of a name counts; one with a
    last day counts through that day at the site.
    """

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="later_facts")
    name = models.CharField(max_length=60)
    value = models.JSONField(null=True)
    cause = models.CharField(max_length=20, choices=Screening.Cause.choices)
    told_at = models.DateTimeField(default=now)
    told_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    until_on = models.DateField("counts through", null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["patient", "name", "-told_at"], name="later_facts_latest")]
        constraints = [models.CheckConstraint(condition=~Q(name=""), name="later_fact_has_a_name")]

    def __str__(self) -> str:
        return self.name


class RulesRevision(Row):
    """What this clinic changed in the shipped rules: one whole set of changes, proposed by a manager.

    It takes effect when a prescriber has signed it and its moment has come; a later one takes its place. Kept for
    ever: each stored screening names the number.
    """

    number = models.PositiveIntegerField(unique=True)
    base = models.CharField("version of the shipped rules it was made on", max_length=20)
    thresholds = models.JSONField(default=dict, blank=True)
    off = ArrayField(models.CharField(max_length=8), default=list, blank=True)
    reasons = models.JSONField(default=dict, blank=True)
    doses = models.JSONField("least doses of its own, mg a day by medicine", default=dict, blank=True)
    why = models.CharField("why", max_length=500)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=now)
    effective_at = models.DateTimeField("in effect from")
    signed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    signed_at = models.DateTimeField(null=True, blank=True)
    dropped_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    dropped_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(why=""),
                name="rules_revision_says_why",
                violation_error_message="Say why the rules are changed.",
            ),
            models.CheckConstraint(
                condition=Q(signed_by__isnull=True, signed_at__isnull=True)
                | Q(signed_by__isnull=False, signed_at__isnull=False, effective_at__gte=F("signed_at")),
                name="rules_take_effect_after_they_are_signed",
                violation_error_message="Rules take effect after a prescriber has signed them, not before.",
            ),
            models.CheckConstraint(
                condition=Q(dropped_by__isnull=True, dropped_at__isnull=True)
                | Q(dropped_by__isnull=False, dropped_at__isnull=False, signed_at__isnull=True),
                name="only_unsigned_rules_are_dropped",
                violation_error_message="Signed rules stay; make a new revision.",
            ),
            models.UniqueConstraint(
                fields=["signed_at"],
                condition=Q(signed_at__isnull=True, dropped_at__isnull=True),
                nulls_distinct=False,
                name="one_open_rules_revision",
                violation_error_message="A proposal is open already.",
            ),
        ]

    def __str__(self) -> str:
        return f"revision {self.number}"
