"""A series: an ordered, gated plan of infusions."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from intake.models import Clearance, Patient, SeriesOrder
from pacificmind.clinic.models import Site
from pacificmind.clock import now
from pacificmind.rows import Row


class Series(Row):
    """Up to 8 infusions of one patient under one clearance and one order."""

    class Status(models.TextChoices):
        OPEN = "open", "Open"
        COMPLETED = "completed", "Completed"
        CLOSED = "closed", "Closed early"

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT)
    site = models.ForeignKey(Site, on_delete=models.PROTECT)
    clearance = models.ForeignKey(Clearance, on_delete=models.PROTECT)
    order = models.OneToOneField(SeriesOrder, on_delete=models.PROTECT)
    stage_size = models.PositiveSmallIntegerField(default=3)
    released_to = models.PositiveSmallIntegerField("infusions released so far", default=3)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    closed_why = models.CharField(max_length=60, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    made_at = models.DateTimeField(default=now)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    version = models.PositiveIntegerField(default=1)

    class Meta:
        verbose_name_plural = "series"
        constraints = [
            models.UniqueConstraint(fields=["patient"], condition=Q(status="open"), name="one_open_series_a_patient"),
            models.CheckConstraint(
                condition=Q(status="open", closed_at__isnull=True)
                | Q(status="completed", closed_at__isnull=False)
                | (Q(status="closed", closed_at__isnull=False) & ~Q(closed_why="")),
                name="closed_series_says_when_and_why",
            ),
            models.CheckConstraint(condition=Q(released_to__range=(1, 8)), name="released_to_is_1_to_8"),
            models.CheckConstraint(condition=Q(stage_size__range=(1, 8)), name="series_stage_is_1_to_8"),
        ]

    def __str__(self) -> str:
        return f"series {self.pk}"


class StageRelease(models.Model):
    """A clinician looked and released the infusions up to the next review point (P8)."""

    series = models.ForeignKey(Series, on_delete=models.PROTECT, related_name="releases")
    released_to = models.PositiveSmallIntegerField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    at = models.DateTimeField(default=now)
    note = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["series", "released_to"], name="stage_is_released_once"),
            models.CheckConstraint(condition=Q(released_to__range=(1, 8)), name="stage_release_is_1_to_8"),
        ]

    def __str__(self) -> str:
        return f"released to {self.released_to}"


class Deviation(models.Model):
    """A series week with fewer than two infusions (P4): planned with a reason, or met with and told on."""

    series = models.ForeignKey(Series, on_delete=models.PROTECT, related_name="deviations")
    week = models.PositiveSmallIntegerField()
    planned = models.BooleanField()
    reason = models.CharField(max_length=300)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True)
    at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["series", "week"], name="deviation_is_kept_once_a_week"),
            models.CheckConstraint(
                condition=Q(planned=False) | (Q(by__isnull=False) & ~Q(reason="")),
                name="planned_deviation_has_a_reason_and_a_name",
                violation_error_message="A planned deviation needs a prescriber's reason.",
            ),
        ]

    def __str__(self) -> str:
        return f"week {self.week}"
