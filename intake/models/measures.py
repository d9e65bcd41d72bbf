"""What staff measured or saw: vital signs, results, and the decision to start all the same (CLINICAL 1.6).

Rows are never changed. One that was wrong is marked as entered in error, with who and why, and entered anew.
"""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from intake.models.patient import Patient
from pacificmind.clinic.models import Site
from pacificmind.clock import now
from pacificmind.rows import Row

VALUES = ("systolic", "diastolic", "heart_rate", "spo2", "weight_kg", "height_cm")
RANGES = {  # what a person can have at all: a slip of the finger is refused, a rare patient is not
    "systolic": (30, 350),
    "diastolic": (10, 250),
    "heart_rate": (10, 350),
    "spo2": (30, 100),
    "weight_kg": (20, 400),
    "height_cm": (90, 250),
}
_IN_FORCE = Q(void_at__isnull=True, void_by__isnull=True, void_why="")
_VOID = Q(void_at__isnull=False, void_by__isnull=False) & ~Q(void_why="")


class Entered(Row):
    """Who entered it for whom, when and where it was measured, and whether it was taken back."""

    class Place(models.TextChoices):
        CLINIC = "clinic", "At the clinic"
        HOME = "home", "At home, told by the patient"
        ELSEWHERE = "elsewhere", "Elsewhere: a record was seen"

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    visit_id = models.UUIDField("visit it belongs to", null=True, blank=True)
    place = models.CharField("where", max_length=10, choices=Place.choices, default=Place.CLINIC)
    entered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    entered_at = models.DateTimeField(default=now)
    note = models.CharField(max_length=300, blank=True)
    void_at = models.DateTimeField("entered in error", null=True, blank=True)
    void_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    void_why = models.CharField(max_length=200, blank=True)

    class Meta:
        abstract = True


class VitalSigns(Entered):
    """One set of readings, typed in by hand. `band` is what the clinic's limits (`limits`) made of it then."""

    class Phase(models.TextChoices):
        OFFICE = "office", "At a talk or between visits"
        BEFORE = "before", "Before the infusion"
        DURING = "during", "During the infusion"
        AFTER = "after", "Recovery and discharge"

    class Symptom(models.TextChoices):
        CHEST_PAIN = "chest_pain", "Chest pain"
        HEADACHE = "severe_headache", "Severe headache"
        NEURO = "neurological", "Neurological signs"

    phase = models.CharField(max_length=10, choices=Phase.choices, default=Phase.OFFICE)
    measured_at = models.DateTimeField(default=now)
    systolic = models.PositiveSmallIntegerField("systolic, mmHg", null=True, blank=True)
    diastolic = models.PositiveSmallIntegerField("diastolic, mmHg", null=True, blank=True)
    heart_rate = models.PositiveSmallIntegerField("heart rate, a minute", null=True, blank=True)
    spo2 = models.PositiveSmallIntegerField("oxygen saturation, %", null=True, blank=True)
    weight_kg = models.DecimalField("weight, kg", max_digits=4, decimal_places=1, null=True, blank=True)
    height_cm = models.DecimalField("height, cm", max_digits=4, decimal_places=1, null=True, blank=True)
    symptoms = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    band = models.CharField(max_length=12, blank=True)
    limits = models.JSONField("limits that were in force", default=dict)

    class Meta:
        verbose_name_plural = "vital signs"
        ordering = ["-measured_at", "-entered_at"]
        indexes = [
            models.Index(fields=["patient", "-measured_at"], name="vitals_by_patient"),
            models.Index(
                fields=["visit_id", "measured_at"], name="vitals_by_visit", condition=Q(visit_id__isnull=False)
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(systolic__isnull=False)
                | Q(heart_rate__isnull=False)
                | Q(spo2__isnull=False)
                | Q(weight_kg__isnull=False)
                | Q(height_cm__isnull=False)
                | ~Q(symptoms=[]),
                name="vitals_say_something",
                violation_error_message="Enter at least one reading.",
            ),
            models.CheckConstraint(
                condition=Q(systolic__isnull=True, diastolic__isnull=True)
                | Q(systolic__isnull=False, diastolic__isnull=False, systolic__gt=F("diastolic")),
                name="blood_pressure_is_two_numbers",
                violation_error_message="Enter both numbers of the blood pressure, the higher one first.",
            ),
            models.CheckConstraint(
                condition=Q(phase="office") | Q(visit_id__isnull=False), name="vitals_around_an_infusion_name_its_visit"
            ),
            models.CheckConstraint(condition=_IN_FORCE | _VOID, name="void_vitals_say_by_whom_and_why"),
            *(
                models.CheckConstraint(
                    condition=Q(**{f"{name}__isnull": True}) | Q(**{f"{name}__range": limits}),
                    name=f"vitals_{name}_is_possible",
                    violation_error_message=f"This reading has to lie between {limits[0]} and {limits[1]}.",
                )
                for name, limits in RANGES.items()
            ),
        ]

    def __str__(self) -> str:
        return f"vital signs {self.pk}"


class StaffResult(Entered):
    """A result that staff saw: what, when it was done, by whom, and what it showed."""

    class Kind(models.TextChoices):
        URINE = "urine_screen", "Urine drug screen"
        PREGNANCY = "pregnancy_test", "Pregnancy test"
        ECG = "ecg", "ECG"
        PDMP = "pdmp", "Prescription monitoring (CURES)"
        IN_PERSON = "in_person", "In-person evaluation"

    class Result(models.TextChoices):
        EXPECTED = "expected", "As expected"
        UNEXPECTED = "unexpected", "Unexpected"
        NEGATIVE = "negative", "Negative"
        POSITIVE = "positive", "Positive"
        NORMAL = "normal", "Nothing of concern"
        CONCERN = "concern", "Something to look at"
        DONE = "done", "Done"
        UNCLEAR = "unclear", "Not clear: repeat"

    kind = models.CharField(max_length=20, choices=Kind.choices)
    result = models.CharField(max_length=12, choices=Result.choices)
    done_on = models.DateField("day it was done")
    done_by = models.CharField("done or read by", max_length=120)
    again_on = models.DateField("check again on", null=True, blank=True)

    class Meta:
        ordering = ["-done_on", "-entered_at"]
        indexes = [models.Index(fields=["patient", "kind", "-done_on"], name="results_latest")]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="urine_screen", result__in=("expected", "unexpected", "unclear"))
                | Q(kind="pregnancy_test", result__in=("negative", "positive", "unclear"))
                | Q(kind__in=("ecg", "pdmp"), result__in=("normal", "concern", "unclear"))
                | Q(kind="in_person", result="done"),
                name="result_fits_its_kind",
                violation_error_message="This result does not belong to this kind of check.",
            ),
            models.CheckConstraint(condition=~Q(done_by=""), name="result_says_by_whom"),
            models.CheckConstraint(condition=_IN_FORCE | _VOID, name="void_result_says_by_whom_and_why"),
        ]

    def __str__(self) -> str:
        return f"result {self.pk}"


class StartDecision(Row):
    """A clinician's recorded decision about readings on hold, or a prescriber's override of those too high to start."""

    vitals = models.OneToOneField(VitalSigns, on_delete=models.PROTECT, related_name="decision")
    start = models.BooleanField("the visit may start")
    override = models.BooleanField("in spite of the limit not to start", default=False)
    reason = models.CharField(max_length=500)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="start_decision_has_a_reason"),
            models.CheckConstraint(condition=Q(start=True) | Q(override=False), name="only_a_start_overrides"),
        ]

    def __str__(self) -> str:
        return f"decision about {self.vitals_id}"
