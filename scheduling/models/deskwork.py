"""What the front desk did beyond the ordinary, kept with who and why."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from intake.models import Patient
from pacificmind.accounts.models import Clinician
from pacificmind.clinic.models import Site
from pacificmind.clock import now
from pacificmind.rows import Row
from scheduling.models.appointment import Appointment


class Override(models.Model):
    """A visit placed outside the hours, or at shorter notice than its type wants. The law has no override."""

    class Rule(models.TextChoices):
        OUTSIDE_HOURS = "outside_hours", "Outside the hours"
        SHORT_NOTICE = "short_notice", "Short notice"

    visit = models.ForeignKey(Appointment, on_delete=models.PROTECT, related_name="overrides")
    rule = models.CharField(max_length=20, choices=Rule.choices)
    starts_at = models.DateTimeField("the start that was allowed")
    reason = models.CharField(max_length=300)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["-at"]
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="override_says_why")]

    def __str__(self) -> str:
        return self.get_rule_display()


class HandOver(models.Model):
    """An infusion under way passed from one who attends to another."""

    visit = models.ForeignKey(Appointment, on_delete=models.PROTECT, related_name="hand_overs")
    from_clinician = models.ForeignKey(Clinician, on_delete=models.PROTECT, related_name="+")
    to_clinician = models.ForeignKey(Clinician, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=200, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["at"]
        constraints = [
            models.CheckConstraint(condition=~Q(from_clinician=F("to_clinician")), name="hand_over_is_to_somebody_else")
        ]

    def __str__(self) -> str:
        return f"hand-over of {self.visit_id}"


class Repair(Row):
    """Visits changed together in one action, with how each was before: undone as a whole until messages leave."""

    class Cause(models.TextChoices):
        MISSED = "missed", "A visit was missed or cancelled"
        PATIENT = "patient", "The patient's possible times changed"
        CLINICIAN = "clinician", "A clinician is away"
        ROOM = "room", "A room is out of use"
        SITE = "site", "A site is closed"
        PLACED = "placed", "Many series were laid out together"

    cause = models.CharField(max_length=12, choices=Cause.choices)
    site = models.ForeignKey(Site, on_delete=models.PROTECT)
    before = models.JSONField("the columns of each visit as they were, by id", default=dict)
    after = models.JSONField("the version each visit then had, by id", default=dict)
    cancelled = models.JSONField("ids of visits whose cancellation its messages tell as well", default=list)
    booked = models.JSONField("ids of visits whose booking its messages tell as well", default=list)
    made_at = models.DateTimeField(default=now)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    leaves_at = models.DateTimeField("when its messages leave")
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["-made_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(undone_at__isnull=True, undone_by__isnull=True)
                | Q(undone_at__isnull=False, undone_by__isnull=False),
                name="undone_repair_says_by_whom",
            ),
            models.CheckConstraint(condition=Q(leaves_at__gte=F("made_at")), name="repair_is_told_after_it_is_made"),
        ]

    def __str__(self) -> str:
        return self.get_cause_display()

    def tells_of(self, visit_id: uuid.UUID) -> bool:
        """Whether its messages tell of this visit as one that stands."""
        return str(visit_id) in self.after or str(visit_id) in self.booked


class PossibleTimes(models.Model):
    """When a patient can come: asked once, then heeded by every plan, repair and offer."""

    patient = models.OneToOneField(Patient, on_delete=models.PROTECT, primary_key=True, related_name="possible_times")
    weekdays = ArrayField(models.PositiveSmallIntegerField(), default=list, blank=True, help_text="Empty: any day.")
    from_time = models.TimeField(null=True, blank=True)
    until_time = models.TimeField(null=True, blank=True)
    not_on = ArrayField(models.DateField(), default=list, blank=True)
    clinician = models.ForeignKey(Clinician, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    changed_at = models.DateTimeField(default=now)
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(weekdays__contained_by=[0, 1, 2, 3, 4, 5, 6]), name="possible_weekdays_are_weekdays"
            ),
            models.CheckConstraint(
                condition=Q(from_time__isnull=True) | Q(until_time__isnull=True) | Q(until_time__gt=F("from_time")),
                name="possible_times_end_after_they_start",
                violation_error_message="The time until which the patient can come must lie after the time from.",
            ),
        ]

    def __str__(self) -> str:
        return f"possible times of {self.patient_id}"
