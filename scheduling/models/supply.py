"""What visits are made of: rooms, hours, people on shift; and what takes it away: closures, leave."""

from datetime import time

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField, RangeBoundary, RangeOperators
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Func, Q

from pacificmind.accounts.models import Clinician
from pacificmind.clinic.models import Site
from pacificmind.rows import Row

MIDNIGHT = time()  # as an end: the midnight at which the day is over


class TsTzRange(Func):
    """The half-open range of two instants, as the database sees it."""

    function = "TSTZRANGE"
    output_field = DateTimeRangeField()


class Weekday(models.IntegerChoices):
    MONDAY = 0, "Monday"
    TUESDAY = 1, "Tuesday"
    WEDNESDAY = 2, "Wednesday"
    THURSDAY = 3, "Thursday"
    FRIDAY = 4, "Friday"
    SATURDAY = 5, "Saturday"
    SUNDAY = 6, "Sunday"


class Feature(models.TextChoices):
    """What a room has that a visit or a patient may need."""

    MONITOR = "monitor", "Vital signs monitor"
    RECLINER = "recliner", "Recliner"
    BED = "bed", "Bed"
    WHEELCHAIR = "wheelchair", "Step-free, wide enough for a wheelchair"
    QUIET = "quiet", "Quiet room"


class Room(Row):
    """A treatment room or chair; one patient at a time, with turnover time after."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT)
    name = models.CharField(max_length=40)
    for_infusions = models.BooleanField(default=True)
    features = ArrayField(models.CharField(max_length=20, choices=Feature.choices), default=list, blank=True)
    turnover_minutes = models.PositiveSmallIntegerField(default=15, validators=[MaxValueValidator(240)])
    in_use = models.BooleanField(default=True)

    class Meta:
        ordering = ["site", "name"]
        constraints = [
            models.UniqueConstraint(fields=["site", "name"], name="room_names_are_distinct_at_a_site"),
            models.CheckConstraint(condition=Q(turnover_minutes__lte=240), name="turnover_is_at_most_4_hours"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def feature_words(self) -> str:
        """What is in it, in words."""
        return ", ".join(str(Feature(one).label) for one in self.features)


class VisitType(models.Model):
    """How long a kind of visit takes, and who may book it. For an infusion the length includes its observation."""

    kind = models.CharField(max_length=20, primary_key=True)
    name = models.CharField(max_length=60)
    minutes = models.PositiveSmallIntegerField()
    all_lanes = models.BooleanField("takes the clinician whole", default=False)
    patient_may_book = models.BooleanField(default=False)
    desk_may_book = models.BooleanField(default=True)
    turnover_minutes = models.PositiveSmallIntegerField(
        "least turnover of the room after it", default=0, validators=[MaxValueValidator(240)]
    )
    buffer_minutes = models.PositiveSmallIntegerField(
        "minutes the clinician keeps free after it", default=0, validators=[MaxValueValidator(120)]
    )
    notice_hours = models.PositiveSmallIntegerField(
        "hours of notice to book it", default=0, help_text="The front desk may go below it with a reason."
    )
    horizon_days = models.PositiveSmallIntegerField("days ahead it can be booked", default=365)
    needs = ArrayField(models.CharField(max_length=20, choices=Feature.choices), default=list, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(minutes__range=(5, 480)), name="visit_lasts_5_minutes_to_8_hours"),
            models.CheckConstraint(condition=Q(turnover_minutes__lte=240), name="visit_turnover_is_at_most_4_hours"),
            models.CheckConstraint(condition=Q(buffer_minutes__lte=120), name="visit_buffer_is_at_most_2_hours"),
            models.CheckConstraint(
                condition=Q(horizon_days__range=(1, 730)), name="visit_is_booked_1_day_to_2_years_ahead"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class OpeningHours(models.Model):
    """When a site is open on a weekday, at its wall clock; half-open. Until 00:00 means until midnight."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE)
    weekday = models.PositiveSmallIntegerField(choices=Weekday.choices)
    opens = models.TimeField()
    closes = models.TimeField()

    class Meta:
        ordering = ["weekday", "opens"]
        constraints = [
            models.CheckConstraint(
                condition=Q(closes__gt=F("opens")) | Q(closes=MIDNIGHT),
                name="site_closes_after_it_opens",
                violation_error_message="The site must close after it opens.",
            ),
            models.UniqueConstraint(fields=["site", "weekday", "opens"], name="opening_hours_start_once"),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.opens:%H:%M}-{self.closes:%H:%M}"


class WeeklyShift(models.Model):
    """When a clinician works at a site every week, at its wall clock; half-open. Until 00:00 means until midnight."""

    clinician = models.ForeignKey(Clinician, on_delete=models.CASCADE)
    site = models.ForeignKey(Site, on_delete=models.PROTECT)
    weekday = models.PositiveSmallIntegerField(choices=Weekday.choices)
    starts = models.TimeField()
    ends = models.TimeField()

    class Meta:
        ordering = ["weekday", "starts"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends__gt=F("starts")) | Q(ends=MIDNIGHT),
                name="shift_ends_after_it_starts",
                violation_error_message="The shift must end after it starts.",
            ),
            models.UniqueConstraint(fields=["clinician", "weekday", "starts"], name="weekly_shift_starts_once"),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.starts:%H:%M}-{self.ends:%H:%M}"


class ShiftException(models.Model):
    """Another shift on one date: it takes the place of the weekly ones of that date; without times, a day off."""

    clinician = models.ForeignKey(Clinician, on_delete=models.CASCADE)
    site = models.ForeignKey(Site, on_delete=models.PROTECT)
    on = models.DateField()
    starts = models.TimeField(null=True, blank=True)
    ends = models.TimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(starts__isnull=True, ends__isnull=True)
                | Q(starts__isnull=False, ends__gt=F("starts"))
                | Q(starts__isnull=False, ends=MIDNIGHT),
                name="exception_is_a_day_off_or_a_shift",
                violation_error_message="Enter both times, the end after the start, or neither for a day off.",
            ),
            models.UniqueConstraint(fields=["clinician", "on", "starts"], name="exception_starts_once"),
        ]

    def __str__(self) -> str:
        return f"{self.on}"


class Leave(Row):
    """A clinician is away from `starts_at` to `ends_at`."""

    clinician = models.ForeignKey(Clinician, on_delete=models.PROTECT)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=80, blank=True)
    is_break = models.BooleanField("a break within a shift", default=False)
    repair = models.ForeignKey(
        "scheduling.Repair",
        verbose_name="entered with",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="leaves",
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")),
                name="leave_ends_after_it_starts",
                violation_error_message="The leave must end after it starts.",
            ),
            ExclusionConstraint(
                name="leave_is_entered_once",
                expressions=[
                    ("clinician", RangeOperators.EQUAL),
                    (TsTzRange("starts_at", "ends_at", RangeBoundary()), RangeOperators.OVERLAPS),
                ],
                violation_error_message="This overlaps a leave that is entered already.",
            ),
        ]

    def __str__(self) -> str:
        return f"leave from {self.starts_at:%Y-%m-%d}"


class Closure(Row):
    """A site, or one room of it, is closed from `starts_at` to `ends_at`."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT)
    room = models.ForeignKey(Room, on_delete=models.PROTECT, null=True, blank=True)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=80)
    repair = models.ForeignKey(
        "scheduling.Repair",
        verbose_name="entered with",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="closures",
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")),
                name="closure_ends_after_it_starts",
                violation_error_message="The closure must end after it starts.",
            )
        ]

    def __str__(self) -> str:
        return self.reason

    @property
    def words(self) -> str:
        """That it is closed, and why, for a cell of the board."""
        return self.reason if self.reason.lower().startswith("closed") else f"Closed: {self.reason}"
