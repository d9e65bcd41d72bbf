"""Booking truth: one table, one row a visit, and the law as constraints of the database (DESIGN 3).

The serving code takes ordered locks first and answers kindly; these constraints hold for every other door too.
"""

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import IntegerRangeField, RangeBoundary, RangeOperators
from django.db import models
from django.db.models import Deferrable, F, Func, Q
from django.db.models.functions import Cast

from intake.models import BoosterOrder, Patient
from pacificmind.accounts.models import Clinician
from pacificmind.clinic.models import Site
from pacificmind.clock import now
from pacificmind.rows import Row
from scheduling.models.series import Series
from scheduling.models.supply import Room, TsTzRange


class Kind(models.TextChoices):
    CONSULTATION = "consultation", "Consultation"
    INFUSION = "infusion", "Infusion"
    BOOSTER = "booster", "Booster"
    FOLLOW_UP = "follow_up", "Follow-up"


class Status(models.TextChoices):
    """FHIR R4 appointment statuses; `held` is FHIR's pending."""

    HELD = "held", "Held for review"
    BOOKED = "booked", "Booked"
    ARRIVED = "arrived", "Arrived"
    CHECKED_IN = "checked-in", "Checked in"
    FULFILLED = "fulfilled", "Completed"
    CANCELLED = "cancelled", "Cancelled"
    NOSHOW = "noshow", "Did not come"
    ENTERED_IN_ERROR = "entered-in-error", "Entered in error"


ACTIVE = (Status.HELD, Status.BOOKED, Status.ARRIVED, Status.CHECKED_IN, Status.FULFILLED)
TREATMENTS = (Kind.INFUSION, Kind.BOOSTER)
_ACTIVE = Q(status__in=ACTIVE)
_TREATMENT = _ACTIVE & Q(kind__in=TREATMENTS)
_VISIT = TsTzRange("starts_at", "ends_at", RangeBoundary())
_ROOM_USE = TsTzRange("starts_at", "room_free_at", RangeBoundary())


class Fasted(models.TextChoices):
    """What the patient said at the counter; empty is not asked (CLINICAL D79)."""

    YES = "yes", "Yes"
    NO = "no", "No"


class Confirmed(models.TextChoices):
    """How the patient said that they come; empty is not said."""

    LINK = "link", "By the link in a mail"
    TEXT = "text", "By text message"
    PORTAL = "portal", "In the portal"
    DESK = "desk", "Told the clinic"


class DayAfterDay(Func):
    """The half-open range of `days` local days from `day` on."""

    def __init__(self, days: int) -> None:
        super().__init__(F("day"), template=f"daterange(%(expressions)s, %(expressions)s + {int(days)})")


class Appointment(Row):
    """One visit of one patient: planned times here, actual times in columns of their own."""

    kind = models.CharField(max_length=20, choices=Kind.choices)
    telehealth = models.BooleanField(default=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT)
    site = models.ForeignKey(Site, on_delete=models.PROTECT)
    zone = models.CharField(max_length=64)
    room = models.ForeignKey(Room, on_delete=models.PROTECT, null=True, blank=True)
    clinician = models.ForeignKey(Clinician, on_delete=models.PROTECT)
    lanes = IntegerRangeField()
    starts_at = models.DateTimeField()
    moved_from = models.DateTimeField("the start the patient was told before it moved", null=True, blank=True)
    ends_at = models.DateTimeField()
    room_free_at = models.DateTimeField(null=True, blank=True)
    day = models.GeneratedField(
        expression=Cast(Func(F("zone"), F("starts_at"), function="timezone"), models.DateField()),
        output_field=models.DateField(),
        db_persist=True,
    )
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.BOOKED)
    version = models.PositiveIntegerField(default=1)

    series = models.ForeignKey(Series, on_delete=models.PROTECT, null=True, blank=True, related_name="visits")
    booster_order = models.ForeignKey(
        BoosterOrder, on_delete=models.PROTECT, null=True, blank=True, related_name="visits"
    )
    number = models.PositiveSmallIntegerField("number in the series", null=True, blank=True)
    weekly_place = models.PositiveSmallIntegerField(null=True, blank=True)

    arrived_at = models.DateTimeField(null=True, blank=True)
    checked_in_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    confirmed_at = models.DateTimeField("patient said that they come", null=True, blank=True)
    confirmed_for = models.DateTimeField("the start they confirmed", null=True, blank=True)
    confirmed_how = models.CharField(max_length=6, choices=Confirmed.choices, blank=True)
    escort_name = models.CharField(max_length=120, blank=True)
    escort_phone = models.CharField(max_length=40, blank=True)
    fasted = models.CharField("fasted as told", max_length=3, choices=Fasted.choices, blank=True)
    discharge = models.JSONField("discharge list as ticked", default=dict, blank=True)
    patient_state = models.CharField("US state where the patient will be", max_length=2, blank=True)
    fallback_phone = models.CharField(max_length=40, blank=True)
    meeting_token = models.CharField("telehealth room", max_length=64, blank=True)
    cancelled_why = models.CharField(max_length=200, blank=True)
    made_at = models.DateTimeField(default=now)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["starts_at"]
        indexes = [
            models.Index(fields=["room", "starts_at"], name="visits_by_room"),
            models.Index(fields=["clinician", "starts_at"], name="visits_by_clinician"),
            models.Index(fields=["patient", "starts_at"], name="visits_by_patient"),
            models.Index(fields=["site", "day"], name="visits_by_site_and_day"),
            models.Index(fields=["series", "day"], name="visits_by_series"),
        ]
        constraints = [
            ExclusionConstraint(
                name="one_patient_per_room",
                expressions=[("room", RangeOperators.EQUAL), (_ROOM_USE, RangeOperators.OVERLAPS)],
                condition=_ACTIVE,
                deferrable=Deferrable.IMMEDIATE,
            ),
            ExclusionConstraint(
                name="clinician_lanes_are_not_double_booked",
                expressions=[
                    ("clinician", RangeOperators.EQUAL),
                    ("lanes", RangeOperators.OVERLAPS),
                    (_VISIT, RangeOperators.OVERLAPS),
                ],
                condition=_ACTIVE,
                deferrable=Deferrable.IMMEDIATE,
            ),
            ExclusionConstraint(
                name="patient_is_in_one_place",
                expressions=[("patient", RangeOperators.EQUAL), (_VISIT, RangeOperators.OVERLAPS)],
                condition=_ACTIVE,
                deferrable=Deferrable.IMMEDIATE,
            ),
            ExclusionConstraint(
                name="series_numbers_are_distinct",
                expressions=[("series", RangeOperators.EQUAL), ("number", RangeOperators.EQUAL)],
                condition=_ACTIVE,
                deferrable=Deferrable.IMMEDIATE,
            ),
            ExclusionConstraint(
                name="a_clear_day_between_infusions",
                expressions=[("patient", RangeOperators.EQUAL), (DayAfterDay(2), RangeOperators.OVERLAPS)],
                condition=_TREATMENT,
                deferrable=Deferrable.IMMEDIATE,
            ),
            ExclusionConstraint(
                name="at_most_3_infusions_in_7_days",
                expressions=[
                    ("patient", RangeOperators.EQUAL),
                    ("weekly_place", RangeOperators.EQUAL),
                    (DayAfterDay(7), RangeOperators.OVERLAPS),
                ],
                condition=_TREATMENT,
                deferrable=Deferrable.IMMEDIATE,
            ),
            models.CheckConstraint(
                condition=Q(number__isnull=True) | Q(number__range=(1, 8)), name="series_number_is_1_to_8"
            ),
            models.CheckConstraint(
                condition=Q(weekly_place__isnull=True) | Q(weekly_place__in=(0, 1, 2)),
                name="weekly_place_is_0_1_or_2",
            ),
            models.CheckConstraint(
                condition=Q(
                    kind=Kind.INFUSION,
                    series__isnull=False,
                    booster_order__isnull=True,
                    number__isnull=False,
                    weekly_place__isnull=False,
                )
                | Q(
                    kind=Kind.BOOSTER,
                    series__isnull=True,
                    booster_order__isnull=False,
                    number__isnull=True,
                    weekly_place__isnull=False,
                )
                | Q(
                    kind__in=(Kind.CONSULTATION, Kind.FOLLOW_UP),
                    series__isnull=True,
                    booster_order__isnull=True,
                    number__isnull=True,
                    weekly_place__isnull=True,
                ),
                name="an_infusion_belongs_to_a_series_or_a_booster_order",
            ),
            models.CheckConstraint(
                condition=Q(telehealth=True, room__isnull=True, room_free_at__isnull=True)
                | Q(telehealth=False, room__isnull=False, room_free_at__isnull=False),
                name="a_visit_has_a_room_unless_telehealth",
            ),
            models.CheckConstraint(
                condition=Q(telehealth=False) | ~Q(kind__in=TREATMENTS), name="an_infusion_is_never_telehealth"
            ),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="visit_ends_after_it_starts"),
            models.CheckConstraint(
                condition=Q(room_free_at__isnull=True) | Q(room_free_at__gte=F("ends_at")),
                name="room_is_free_after_the_visit",
            ),
            models.CheckConstraint(
                condition=Q(lanes__isempty=False, lanes__startswith__gte=0), name="lanes_are_not_empty"
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=TREATMENTS, status__in=(Status.CHECKED_IN, Status.FULFILLED))
                | ~Q(escort_name=""),
                name="checked_in_infusion_has_a_named_escort",
            ),
            models.CheckConstraint(condition=Q(fasted__in=("", *Fasted.values)), name="fasted_is_yes_no_or_not_asked"),
            models.CheckConstraint(
                condition=Q(confirmed_at__isnull=True, confirmed_for__isnull=True, confirmed_how="")
                | (Q(confirmed_at__isnull=False, confirmed_for__isnull=False) & Q(confirmed_how__in=Confirmed.values)),
                name="confirmed_visit_says_how",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=(Status.CANCELLED, Status.ENTERED_IN_ERROR)) | ~Q(cancelled_why=""),
                name="cancelled_visit_says_why",
            ),
            models.CheckConstraint(
                condition=Q(status=Status.HELD, kind__in=TREATMENTS) | ~Q(status=Status.HELD),
                name="only_infusions_are_held",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    @property
    def is_confirmed(self) -> bool:
        """Whether the patient said that they come at the time it is planned for now."""
        return self.confirmed_for is not None and self.confirmed_for == self.starts_at

    @property
    def is_active(self) -> bool:
        """Whether it takes up its room, lane and place."""
        return self.status in ACTIVE
