"""Where a patient is while they answer, and the plan they make for hard hours."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from intake.models.patient import Patient
from pacificmind.clock import now
from pacificmind.rows import Row


class Whereabouts(Row):
    """Where a patient said they were, and whom to call: asked before any question about suicide (CLINICAL 4.2)."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT)
    place = models.CharField(max_length=200)
    phone = models.CharField(max_length=40)
    emergency_name = models.CharField(max_length=120, blank=True)
    emergency_phone = models.CharField(max_length=40, blank=True)
    told_at = models.DateTimeField(default=now)
    told_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        indexes = [models.Index(fields=["patient", "-told_at"], name="whereabouts_latest")]
        constraints = [
            models.CheckConstraint(condition=~Q(place="") & ~Q(phone=""), name="whereabouts_say_where_and_which_number")
        ]

    def __str__(self) -> str:
        return f"told {self.told_at:%Y-%m-%d}"


class SafetyPlan(Row):
    """One version of a patient's own plan for hard hours: by the patient or a clinician, never changed again."""

    class By(models.TextChoices):
        PATIENT = "patient", "the patient"
        CLINICIAN = "clinician", "a clinician"

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT)
    number = models.PositiveSmallIntegerField("version of this patient's plan", default=1)
    signs = models.TextField(blank=True)
    alone = models.TextField(blank=True)
    around = models.TextField(blank=True)
    people = models.TextField(blank=True)
    professionals = models.TextField(blank=True)
    surroundings = models.TextField(blank=True)
    reasons = models.TextField(blank=True)
    made_at = models.DateTimeField(default=now)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True)
    made_as = models.CharField(max_length=10, choices=By.choices)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["patient", "number"], name="safety_plan_versions_are_distinct"),
            models.CheckConstraint(condition=Q(number__gte=1), name="safety_plan_versions_count_from_1"),
        ]

    def __str__(self) -> str:
        return f"plan, version {self.number}"
