"""The waitlist: who would come earlier, and what was offered to whom (DESIGN 4)."""

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, IntegerRangeField, RangeBoundary, RangeOperators
from django.db import models
from django.db.models import F, Q

from intake.models import Patient
from pacificmind.accounts.models import Clinician
from pacificmind.clinic.models import Site
from pacificmind.clock import now
from pacificmind.rows import Row
from scheduling.models.appointment import Appointment
from scheduling.models.supply import Room, TsTzRange


class Waiting(Row):
    """A patient who would rather come earlier than the visit they have."""

    class Status(models.TextChoices):
        WAITING = "waiting", "Waiting"
        DONE = "done", "Has an earlier time"
        ENDED = "ended", "No longer waiting"

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    visit = models.ForeignKey(Appointment, on_delete=models.PROTECT, related_name="waiting")
    site = models.ForeignKey(Site, on_delete=models.PROTECT)
    weekdays = ArrayField(models.PositiveSmallIntegerField(), default=list, blank=True, help_text="Empty: any day.")
    from_time = models.TimeField(null=True, blank=True)
    until_time = models.TimeField(null=True, blank=True)
    hours_needed = models.PositiveSmallIntegerField("hours of notice the patient needs", default=24)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.WAITING)
    made_at = models.DateTimeField(default=now)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    ended_why = models.CharField(max_length=60, blank=True)
    #: Fair order: fewest offers so far, then longest waiting.
    offers_made = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["offers_made", "made_at"]
        constraints = [
            models.UniqueConstraint(fields=["visit"], condition=Q(status="waiting"), name="a_visit_is_waited_for_once"),
            models.CheckConstraint(
                condition=Q(weekdays__contained_by=[0, 1, 2, 3, 4, 5, 6]), name="waiting_weekdays_are_weekdays"
            ),
        ]

    def __str__(self) -> str:
        return f"waiting {self.pk}"


class Offer(Row):
    """A freed place held for one waiting patient until `expires_at`. Claiming it is the booking."""

    class Status(models.TextChoices):
        OPEN = "open", "Open"
        CLAIMED = "claimed", "Taken"
        DECLINED = "declined", "Declined"
        EXPIRED = "expired", "Not answered in time"
        WITHDRAWN = "withdrawn", "Withdrawn"

    waiting = models.ForeignKey(Waiting, on_delete=models.PROTECT, related_name="offers")
    room = models.ForeignKey(Room, on_delete=models.PROTECT, null=True, blank=True)
    clinician = models.ForeignKey(Clinician, on_delete=models.PROTECT)
    lanes = IntegerRangeField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    room_free_at = models.DateTimeField(null=True, blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    version = models.PositiveIntegerField(default=1)
    token_hash = models.CharField("SHA-256 of the 128-bit token, hex", max_length=64, unique=True)
    made_at = models.DateTimeField(default=now)
    expires_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-made_at"]
        constraints = [
            ExclusionConstraint(
                name="an_offer_holds_its_room_alone",
                expressions=[
                    ("room", RangeOperators.EQUAL),
                    (TsTzRange("starts_at", "room_free_at", RangeBoundary()), RangeOperators.OVERLAPS),
                ],
                condition=Q(status="open"),
            ),
            ExclusionConstraint(
                name="an_offer_holds_its_lane_alone",
                expressions=[
                    ("clinician", RangeOperators.EQUAL),
                    ("lanes", RangeOperators.OVERLAPS),
                    (TsTzRange("starts_at", "ends_at", RangeBoundary()), RangeOperators.OVERLAPS),
                ],
                condition=Q(status="open"),
            ),
            models.UniqueConstraint(fields=["waiting"], condition=Q(status="open"), name="one_offer_at_a_time"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="offer_ends_after_it_starts"),
            models.CheckConstraint(condition=Q(expires_at__gt=F("made_at")), name="offer_is_held_for_a_time"),
        ]
        indexes = [
            models.Index(fields=["starts_at"], condition=Q(status="open"), name="offers_that_are_open"),
        ]

    def __str__(self) -> str:
        return f"offer {self.pk}"


class CalendarFeed(Row):
    """A private address from which a patient's own calendar reads their visits. Only the token's hash is kept."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    token_hash = models.CharField("SHA-256 of the 128-bit token, hex", max_length=64, unique=True)
    made_at = models.DateTimeField(default=now)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["patient"], condition=Q(revoked_at__isnull=True), name="one_calendar_feed_a_patient"
            )
        ]

    def __str__(self) -> str:
        return f"calendar feed {self.pk}"
