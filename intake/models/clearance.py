"""A clinician's signed decision, its conditions, overrides and orders."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from intake.models.answers import Intake
from intake.models.patient import Patient
from pacificmind.clinic.models import Site
from pacificmind.clock import now
from pacificmind.rows import Row


class Clearance(Row):
    """What a prescriber decided on one version of an intake: for which visits, where, through which day.

    Never changed after signing, but for its withdrawal. A newer decision takes an older one's place.
    """

    class Decision(models.TextChoices):
        CLEARED = "cleared", "Cleared"
        CONDITIONS = "cleared_with_conditions", "Cleared with conditions"
        MORE = "more_information", "More information needed"
        NOT_CLEARED = "not_cleared", "Not cleared"

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT)
    intake = models.ForeignKey(Intake, on_delete=models.PROTECT)
    decision = models.CharField(max_length=30, choices=Decision.choices)
    sites = models.ManyToManyField(Site)
    visit_kinds = ArrayField(models.CharField(max_length=20), default=list)
    from_on = models.DateField()
    until_on = models.DateField("in force through", null=True, blank=True)
    note = models.TextField("clinical note", blank=True)
    words = models.TextField("words for the patient", blank=True)
    signed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    signed_at = models.DateTimeField(default=now)
    signed_with = models.CharField("how the signer confirmed who they are", max_length=40, blank=True)
    seen_rules = ArrayField(  # null: signed before this was kept
        models.CharField(max_length=24), verbose_name="rules and flags that were read, as D38=CONTRA", null=True
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    withdrawn_why = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-signed_at"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(decision__in=("cleared", "cleared_with_conditions")) | Q(until_on__isnull=False),
                name="clearance_ends_on_a_day",
                violation_error_message="Say through which day this decision holds.",
            ),
            models.CheckConstraint(
                condition=Q(until_on__isnull=True) | Q(until_on__gte=models.F("from_on")),
                name="clearance_ends_after_it_begins",
                violation_error_message="The last day must not lie before the first.",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True, withdrawn_by__isnull=True, withdrawn_why="")
                | (Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False) & ~Q(withdrawn_why="")),
                name="withdrawn_clearance_says_by_whom_and_why",
            ),
            models.CheckConstraint(
                condition=~Q(decision="not_cleared") | ~Q(words=""),
                name="not_cleared_has_words_for_the_patient",
                violation_error_message="Write some words for the patient.",
            ),
        ]
        indexes = [models.Index(fields=["patient", "-signed_at"], name="clearances_latest")]

    def __str__(self) -> str:
        return f"decision {self.pk}"


class Condition(models.Model):
    """Something named that must be met before infusion 1."""

    class Kind(models.TextChoices):
        IN_PERSON = "in_person", "In-person evaluation done"
        ECG = "ecg", "ECG seen"
        BP_LOG = "bp_log", "Blood pressure log seen"
        MOOD_STABILISER = "mood_stabiliser", "Mood stabiliser letter seen"
        PREGNANCY_TEST = "pregnancy_test", "Pregnancy test seen"
        RECORDS = "records", "Records of earlier treatment seen"
        OTHER = "other", "Other"

    clearance = models.ForeignKey(Clearance, on_delete=models.PROTECT, related_name="conditions")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    text = models.CharField(max_length=200, blank=True)
    met_at = models.DateTimeField(null=True, blank=True)
    met_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True)
    met_with = models.ForeignKey(
        "intake.StaffResult", on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name="result that meets it",
    )  # fmt: skip

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clearance", "kind", "text"], name="condition_is_named_once"),
            models.CheckConstraint(
                condition=Q(met_at__isnull=True, met_by__isnull=True) | Q(met_at__isnull=False, met_by__isnull=False),
                name="met_condition_says_by_whom",
            ),
            models.CheckConstraint(
                condition=Q(met_with__isnull=True) | Q(met_at__isnull=False), name="only_a_met_condition_has_a_result"
            ),
            models.CheckConstraint(
                condition=~Q(kind="other") | ~Q(text=""),
                name="other_condition_is_named",
                violation_error_message="Name the condition.",
            ),
        ]

    def __str__(self) -> str:
        return self.text or self.get_kind_display()


class Override(models.Model):
    """A prescriber's reason to clear in spite of a listed contraindication: one rule, one reason, one name."""

    clearance = models.ForeignKey(Clearance, on_delete=models.PROTECT, related_name="overrides")
    rule = models.CharField(max_length=8)
    reason = models.CharField(max_length=500)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clearance", "rule"], name="a_rule_is_overridden_once"),
            models.CheckConstraint(condition=~Q(reason=""), name="override_has_a_reason"),
        ]

    def __str__(self) -> str:
        return self.rule


class SeriesOrder(Row):
    """How many infusions, and how often a week."""

    clearance = models.OneToOneField(Clearance, on_delete=models.PROTECT, related_name="series_order")
    infusions = models.PositiveSmallIntegerField(default=6)
    per_week = models.PositiveSmallIntegerField(default=2)
    ordered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    ordered_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(infusions__range=(1, 8)),
                name="series_order_is_1_to_8_infusions",
                violation_error_message="A series has 1 to 8 infusions.",  # CLINICAL 1.7
            ),
            models.CheckConstraint(
                condition=Q(per_week__in=(2, 3)),
                name="series_order_is_2_or_3_a_week",
                violation_error_message="A series has 2 or 3 infusions a week.",  # Singh 2016
            ),
        ]

    def __str__(self) -> str:
        return f"{self.infusions} infusions, {self.per_week} a week"


class BoosterOrder(Row):
    """Single infusions after a series: when, how many, until when. It starts when its series is completed."""

    class Status(models.TextChoices):
        WAITING = "waiting", "Waits for the series"
        OPEN = "open", "Running"
        DECLINED = "declined", "Declined by the patient"
        CLOSED = "closed", "Closed"

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT)
    clearance = models.ForeignKey(Clearance, on_delete=models.PROTECT)
    as_needed = models.BooleanField("only when the patient asks: no reminder", default=False)
    after_days = models.PositiveSmallIntegerField("days after the last infusion", default=21)
    window_days = models.PositiveSmallIntegerField("days the window stays open", default=14)
    count = models.PositiveSmallIntegerField("boosters", default=3)
    until_on = models.DateField("no booster after")
    ordered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    ordered_at = models.DateTimeField(default=now)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.WAITING)
    started_on = models.DateField("day of the last infusion", null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(after_days__gte=7),
                name="booster_is_at_least_7_days_after",
                violation_error_message="A booster lies at least 7 days after an infusion.",  # CLINICAL 1.7
            ),
            models.CheckConstraint(
                condition=Q(count__range=(1, 8)),
                name="booster_order_is_1_to_8",
                violation_error_message="Order 1 to 8 boosters.",  # CLINICAL 1.7: more than 8 in 6 months prompts
            ),
            models.CheckConstraint(condition=Q(window_days__range=(2, 90)), name="booster_window_is_2_to_90_days"),
            models.CheckConstraint(
                condition=Q(status="waiting", started_on__isnull=True) | ~Q(status="waiting"),
                name="booster_order_waits_without_a_start",
            ),
            models.UniqueConstraint(
                fields=["patient"], condition=Q(status__in=("waiting", "open")), name="one_running_booster_order"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.count} boosters"


class Reevaluation(Row):
    """A prescriber looked at the patient again before a booster: what P10 asks for."""

    order = models.ForeignKey(BoosterOrder, on_delete=models.PROTECT, related_name="reevaluations")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    at = models.DateTimeField(default=now)
    supports_booster = models.BooleanField()
    note = models.TextField(blank=True)
    used_by = models.UUIDField("visit booked on it", null=True, blank=True, unique=True)

    def __str__(self) -> str:
        return f"re-evaluation {self.pk}"
